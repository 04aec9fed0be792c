"""Starts, shares and ends the process in which DuckDB has a file open; ``duckdb_child`` is its inside.

DuckDB has functions that do not listen to an interrupt, and some that allocate past its memory limit. In
a process of its own the first can be ended, the second meet a limit of the system, and the server runs on.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from datus.connectors.base import Target
from datus.connectors.files import Identity, file_identity
from datus.connectors.framing import NUMBER, receive, send
from datus.errors import DatabaseError, DatabaseUnreachableError

_ANSWER_S = 30.0
"""Seconds for a process to open its file or a session; most need a tenth of one."""

_END_S = 2.0
"""Seconds for a process whose wires broke to be over."""

_COMMAND = (sys.executable, "-P", "-m", "datus.connectors.duckdb_child")
# Without these some builds of Python do not start. Nothing else of the environment is the child's concern.
_LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME")

_log = logging.getLogger(__name__)


class DuckdbFile:
    """The process of a file, started with the first session and again whenever a new one is needed.

    That is when it ended, when it ran out of memory, and when another file was put in its file's place;
    sessions of the old one go on to their end.
    """

    def __init__(self, path: Path, timezone: str, target: Target) -> None:
        self._path = path
        self._timezone = timezone
        self._target = target
        self._lock = threading.Lock()
        self._current: DuckdbProcess | None = None
        self._closing = False

    def session(self) -> "Line":
        """A new session, to be given back by ``closed``.

        Raises:
            DatabaseUnreachableError: No such file, no database in it, or another process writes it.
        """
        with self._lock:
            identity = file_identity(self._path, self._target)
            process = self._current
            if process is not None:
                if process.identity == identity and not process.spent:
                    with suppress(OSError):  # it is over
                        return process.open()
                self._current = None
                self._end_when_quiet(process)
            try:
                self._current = DuckdbProcess(self._path, self._timezone, identity, self._target)
                return self._current.open()
            except OSError as error:
                raise self._target.unreachable(
                    f"the process for DuckDB does not start or answer ({error}).",
                    "Ask again; the server's log may say more.",
                ) from error

    def closed(self, line: "Line") -> None:
        """Take a session back; its process ends with the last one once another stands in its place."""
        with self._lock:
            line.close()
            self._end_when_quiet(line.process)

    def close(self) -> None:
        """End the process when its last session has."""
        with self._lock:
            self._closing = True
            if self._current is not None:
                self._end_when_quiet(self._current)

    def _end_when_quiet(self, process: "DuckdbProcess") -> None:
        if process.sessions == 0 and (self._closing or process is not self._current):
            process.end()


class DuckdbProcess:
    """One process that has the file open.

    Attributes:
        target: Names the database in messages.
        identity: The file's, when the process was started.
        sessions: How many are open.
        spent: Whether no further session should begin in it.

    Raises:
        OSError: It did not start.
        DatabaseUnreachableError: It cannot open the file.
    """

    def __init__(self, path: Path, timezone: str, identity: Identity, target: Target) -> None:
        self.target = target
        self.identity = identity
        self.sessions = 0
        self.spent = False
        self._numbers = count(1)
        self._cut = False
        self._control, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = _spawn(theirs)
        except OSError:
            self._control.close()
            raise
        try:
            self._open_file(path, timezone)
        except BaseException:
            self.end()
            raise

    def _open_file(self, path: Path, timezone: str) -> None:
        self._control.settimeout(_ANSWER_S)
        send(self._control, {"path": str(path), "timezone": timezone})
        reply = receive(self._control)
        if "error" in reply:
            raise self.target.unreachable(
                reply["error"],
                "It must be a DuckDB database that this user may read and no process is writing.",
            )

    def open(self) -> "Line":
        """A new session. Not to be called by two threads at once.

        Raises:
            OSError: The process is over or does not answer, or this one has too many files open.
        """
        number = next(self._numbers)
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [NUMBER.pack(number)], [theirs.fileno()])
                receive(self._control)  # macOS may lose what is closed before it arrives
        except OSError:
            ours.close()
            raise
        self.sessions += 1
        return Line(self, number, ours)

    def interrupt(self, number: int) -> None:
        """Ask DuckDB to stop what a session runs; harmless when that is over."""
        try:
            self._control.sendall(NUMBER.pack(number))
        except OSError:
            return  # it is over, and all that ran in it

    def cut(self) -> None:
        """End it under its statements, for one of them does not stop."""
        self._cut = self.spent = True
        self._process.kill()

    def end(self) -> None:
        """End it and wait until the system has taken back all it had. May be called twice."""
        self._process.kill()
        self._process.wait()
        self._control.close()

    def broken(self) -> DatabaseError:
        """Why a statement got no reply."""
        try:
            status = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            return DatabaseError(
                f"DuckDB broke the statement on {self.target.label} off. The server's log says why."
            )
        if self._cut:
            return DatabaseUnreachableError(
                f"A statement beside this one on {self.target.label} did not stop, so DuckDB was ended. "
                "Nothing is wrong with this statement: ask again."
            )
        how = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        _log.warning("The DuckDB process for %s ended by itself: %s", self.target.label, how)
        return DatabaseError(
            f"DuckDB ended ({how}) while the statement ran on {self.target.label}: it, or one beside it, "
            "most likely needed too much memory. Ask again; if it happens again, narrow the question."
        )


class Line:
    """One session in a process."""

    def __init__(self, process: DuckdbProcess, number: int, wire: socket.socket) -> None:
        self.process = process
        self._number = number
        self._wire = wire

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to a request (see ``duckdb_child``).

        Raises:
            DatabaseError: DuckDB refused the statement, or its process ended.
        """
        try:
            send(self._wire, request)
            reply: dict[str, Any] = receive(self._wire)
        except OSError as error:
            raise self.process.broken() from error
        if "error" in reply:
            self.process.spent = self.process.spent or reply["spent"]
            raise self.process.target.refused(reply["error"])
        return reply

    def interrupt(self) -> None:
        self.process.interrupt(self._number)

    def close(self) -> None:
        self._wire.close()
        self.process.sessions -= 1


def _spawn(stdin: socket.socket) -> "subprocess.Popen[bytes]":
    """Start the child with what finds the same modules as this process, and no secret."""
    kept = {name: os.environ[name] for name in _LOADER if name in os.environ}
    return subprocess.Popen(
        _COMMAND,
        stdin=stdin.fileno(),
        stdout=subprocess.DEVNULL,
        cwd="/",
        env=kept | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
        start_new_session=True,  # Ctrl-C is for the server, which ends it
    )
