"""The server in the background: one per pid file, held by a lock, never by a mere number in a file.

The launcher takes the lock and hands it down to the server it starts; the lock is free again exactly
when that server is gone, however it went. So a stale pid file means nothing, and a reused pid is
never taken for the daemon.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from datus.errors import ConflictError, DatusError, UnavailableError

RUNNING, STOPPED = 0, 3  # exit codes of `status`, as the Linux Standard Base has them
START_TIMEOUT_S = 60.0
POLL_S = 0.05
LOG_TAIL_LINES = 20
PRIVATE_FILE = 0o600


@dataclass(frozen=True, slots=True)
class Daemon:
    """A server in the background.

    Args:
        pid_file: Holds the pid, and the lock that counts.
        log_file: Takes what the server writes; appended to.
        say: Tells the user what is done.
    """

    pid_file: Path
    log_file: Path
    say: Callable[[str], None]

    def start(self, prepare: Callable[[], Sequence[str]], is_up: Callable[[], bool]) -> int:
        """Start the server and wait until it answers.

        Args:
            prepare: Called once it is clear that no other server runs; returns the server's command
                line, which must hold no secret.
            is_up: Asks whether the server answers.

        Returns:
            The server's pid.

        Raises:
            ConflictError: It runs already.
            UnavailableError: It ended, or did not answer in time; the message has the log's end.
        """
        lock = self._lock()
        if lock is None:
            raise ConflictError(f"datus is already running, {self._described()}.")
        with ExitStack() as on_failure:
            on_failure.callback(os.close, lock)
            on_failure.callback(self.pid_file.unlink)
            os.ftruncate(lock, 0)
            process = self._spawn(prepare(), lock)
            on_failure.callback(_end, process)
            os.write(lock, f"{process.pid}\n".encode())
            self._wait_until_up(process, is_up)
            on_failure.pop_all()
        os.close(lock)
        # From here on the server is on its own; Popen would warn of a child that nobody waited for.
        process.returncode = 0
        return process.pid

    def stop(self, timeout_s: float) -> bool:
        """Ask the server to finish what runs and to end; wait for that.

        Returns:
            Whether there was one to stop.

        Raises:
            UnavailableError: It still runs after ``timeout_s`` seconds.
        """
        lock = self._lock()
        if lock is None:
            pid = self.pid()
            if pid is None:
                raise UnavailableError("datus is just being started; try again in a moment.")
            self.say(f"Stopping datus (pid {pid}): requests that run may finish first ...")
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(pid, signal.SIGTERM)
            lock = self._wait_for_lock(timeout_s)
            if lock is None:
                raise UnavailableError(
                    f"datus (pid {pid}) still runs after {timeout_s:.0f} s. See {self.log_file};"
                    f" `kill -9 {pid}` ends it without waiting for its requests."
                )
            self.say("Stopped.")
            self._forget(lock)
            return True
        self._forget(lock)
        self.say("datus is not running.")
        return False

    def status(self) -> int:
        """Say whether the server runs, and return the exit code that says the same."""
        lock = self._lock()
        if lock is None:
            self.say(f"datus is running, {self._described()}.")
            return RUNNING
        self._forget(lock)
        self.say("datus is not running.")
        return STOPPED

    def pid(self) -> int | None:
        """The pid in the file, or None when there is none."""
        try:
            text = self.pid_file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        return int(text) if text.isdigit() else None

    def _described(self) -> str:
        pid = self.pid()
        return "just being started" if pid is None else f"pid {pid}"

    def _lock(self) -> int | None:
        """Take the lock; None when another holds it. Files are removed only by who holds it."""
        while True:
            held = _open_private(self.pid_file, os.O_RDWR)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(held)
                return None
            if _is_still(held, self.pid_file):
                return held
            os.close(held)  # removed by another launcher between our opening and our locking

    def _wait_for_lock(self, timeout_s: float) -> int | None:
        deadline = time.monotonic() + timeout_s
        while (lock := self._lock()) is None and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return lock

    def _forget(self, lock: int) -> None:
        self.pid_file.unlink()
        os.close(lock)

    def _spawn(self, command: Sequence[str], lock: int) -> "subprocess.Popen[bytes]":
        """The server as a leader of its own session, with the lock and the log and nothing else of ours."""
        log = _open_private(self.log_file, os.O_WRONLY | os.O_APPEND)
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock],
            )
        finally:
            os.close(log)

    def _wait_until_up(self, process: "subprocess.Popen[bytes]", is_up: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_up():
            if process.poll() is not None:
                raise UnavailableError(f"datus could not start. {self._log_tail()}")
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"datus did not answer within {START_TIMEOUT_S:.0f} s and was ended. {self._log_tail()}"
                )
            time.sleep(POLL_S)

    def _log_tail(self) -> str:
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([f"The end of {self.log_file}:", *lines[-LOG_TAIL_LINES:]])


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a server that nobody would know of: the start failed, or its user broke it off."""
    process.terminate()
    process.wait()


def server_command(arguments: Sequence[str]) -> list[str]:
    """The command line of a server in the foreground."""
    return [sys.executable, "-m", "datus.api.server", *arguments]


def _open_private(path: Path, flags: int) -> int:
    """Open or make a file that only its owner may read, in a directory made the same way."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
        os.fchmod(opened, PRIVATE_FILE)
    except OSError as error:
        raise DatusError(
            f"{path} cannot be written: {error.strerror}.", code="file_error"
        ) from error
    return opened


def _is_still(opened: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(opened), os.stat(path))
    except FileNotFoundError:
        return False
