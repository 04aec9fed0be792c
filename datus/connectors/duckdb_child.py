"""The process that DuckDB runs in: ``duckdb_process`` starts it as ``python -m``, for one file.

Standard input is a socket to the parent, the control wire. Its first message says what to open, and the
answer whether that went well. From then on the parent writes numbers of 8 bytes: one that a socket comes
with opens a session and is sent back, the same one alone interrupts what that session runs. A session is
a thread and a cursor; its socket carries requests ``{"sql", "schema", "max_rows", "max_bytes"}`` and their replies
``{"columns", "rows", "cut"}`` or ``{"error", "spent"}``; ``{"sql", "schema", "plan": true}`` is
answered by ``{}``. ``spent`` says that no further session should begin here. When the control wire ends, so does the process, whatever runs in it.

It imports little: its memory comes on top of the server's.
"""

import os
import resource
import socket
import threading
from contextlib import suppress
from typing import Any

import duckdb

from datus.connectors.duckdb_query import fetch, plan
from datus.connectors.framing import NUMBER, receive, send
from datus.errors import DatabaseError

_MEMORY_LIMIT = "1GB"
_PROCESS_LIMIT_MB = 2_048  # DuckDB's own limit, and as much again for what it does not count
_MAX_THREADS = 4
_CONFIG = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",  # FROM x must never find a Python variable x
    "temp_directory": "",  # reading writes nothing, spilled sorts included
    "memory_limit": _MEMORY_LIMIT,
}
_OUT_OF_MEMORY = (
    f"The statement needed more memory than DuckDB may have here, which is {_MEMORY_LIMIT}. "
    "Narrow it, for example to a shorter time range."
)


def main() -> None:
    """Serve the parent behind standard input until it lets go."""
    _limit_resources()
    control = _wire(0)
    order = receive(control)
    try:
        root = open_file(order["path"], order["timezone"])
    except duckdb.Error as error:
        send(control, {"error": str(error)})
        return
    send(control, {})
    try:
        _serve(control, root)
    finally:
        os._exit(1)  # at once: a thread inside DuckDB cannot be asked to end


def _wire(number: int) -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=number)


def _limit_resources() -> None:
    """Memory where the system counts it (Linux; macOS does not), and no data in a core file."""
    size = _PROCESS_LIMIT_MB * 2**20
    for limit, value in ((resource.RLIMIT_DATA, size), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # an administrator's own limit may be lower
            resource.setrlimit(limit, (value, value))


def open_file(path: str, timezone: str) -> duckdb.DuckDBPyConnection:
    """The file, read-only, without a way out of it, with its configuration locked."""
    threads = str(min(_MAX_THREADS, os.cpu_count() or 1))
    root = duckdb.connect(path, read_only=True, config={**_CONFIG, "threads": threads})
    root.execute(f"SET GLOBAL TimeZone = '{timezone.replace(chr(39), '')}'")
    root.execute("SET GLOBAL lock_configuration = true")
    return root


def _serve(control: socket.socket, root: duckdb.DuckDBPyConnection) -> None:
    """Open and interrupt sessions until the parent lets go."""
    cursors: dict[int, duckdb.DuckDBPyConnection] = {}
    while True:
        content, wires, _, _ = socket.recv_fds(control, NUMBER.size, 1, socket.MSG_WAITALL)
        if len(content) < NUMBER.size:
            return
        (number,) = NUMBER.unpack(content)
        if wires:
            cursors[number] = root.cursor()
            send(control, number)
            session = (number, _wire(wires[0]), cursors)
            threading.Thread(target=_session, args=session, daemon=True).start()
        elif number in cursors:
            with suppress(duckdb.Error, KeyError):  # it ended meanwhile
                cursors[number].interrupt()


def _session(
    number: int, wire: socket.socket, cursors: dict[int, duckdb.DuckDBPyConnection]
) -> None:
    """Answer one session's requests until its wire ends."""
    cursor = cursors[number]
    try:
        with wire, suppress(OSError):
            while True:
                _answer(cursor, wire, receive(wire))
    finally:
        del cursors[number]
        cursor.close()


def _answer(cursor: duckdb.DuckDBPyConnection, wire: socket.socket, request: Any) -> None:
    try:
        if request.pop("plan", False):
            plan(cursor, **request)
            send(wire, {})
            return
        result = fetch(cursor, **request)
        columns = [(column.name, column.type) for column in result.columns]
        send(wire, {"columns": columns, "rows": result.rows, "cut": result.cut})
    except DatabaseError as error:
        send(wire, {"error": error.message, "spent": False})
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        # Spent, for memory that was given back stays in pieces.
        detail = str(error).partition("\n")[0]  # its advice further down is about settings
        send(wire, {"error": f"{_OUT_OF_MEMORY} {detail}".strip(), "spent": True})
    except duckdb.Error as error:
        # After a fatal error DuckDB runs nothing any more.
        send(wire, {"error": str(error), "spent": isinstance(error, duckdb.FatalException)})


if __name__ == "__main__":
    main()
