"""Connections to a SQLite state file, and how its write transactions begin."""

import sqlite3
import time
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, QueuePool, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError

from datus.errors import UnavailableError
from datus.tasks.database import WAIT_S
from datus.tasks.state_errors import from_sqlite

# SQLite's own waiting sleeps up to 100 ms between two tries, in which siblings overtake.
_LOCK_PAUSE_S = 0.001
_READERS = 2


def open_file(path: Path, *, writes: bool, wait_s: float = WAIT_S) -> sqlite3.Connection:
    """A connection to an existing file, usable in any one thread at a time."""
    # `mode=rw` does not make an absent file, which would have no tables and the wrong mode.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=wait_s,
    )
    connection.execute("PRAGMA foreign_keys=ON")
    if not writes:
        connection.execute("PRAGMA query_only=ON")
    return connection


def connect(path: Path, *, writes: bool) -> Engine:
    """An engine on an existing file, without transactions of its own: say BEGIN and COMMIT.

    Its writing connections do not wait for locks: see ``execute_waiting``.
    """
    return create_engine(
        "sqlite://",
        creator=partial(open_file, path, writes=writes, wait_s=0 if writes else WAIT_S),
        poolclass=QueuePool,
        pool_size=1 if writes else _READERS,
        max_overflow=0,
        isolation_level="AUTOCOMMIT",
    )


def execute_waiting(connection: Connection, sql: str) -> None:
    """Run what needs a lock, waiting up to ``WAIT_S``; OperationalError after that."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            connection.exec_driver_sql(sql)
        except OperationalError as error:
            busy = getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY")
            if not busy or time.monotonic() >= deadline:
                raise
            time.sleep(_LOCK_PAUSE_S)
        else:
            return


class SqliteBackend:
    """See ``database.Backend``: a migrated state file."""

    readers = _READERS

    def __init__(self, path: Path) -> None:
        self._path = path
        self.writing = connect(path, writes=True)
        self.reading = connect(path, writes=False)

    def begin(self, connection: Connection, *, durable: bool) -> None:
        # Syncing the log makes every earlier commit in it durable too.
        level = "FULL" if durable else "NORMAL"
        # It reads the file, which a process that opens or closes it locks for a moment.
        execute_waiting(connection, f"PRAGMA synchronous={level}")
        execute_waiting(connection, "BEGIN IMMEDIATE")

    def passes(self, error: DBAPIError) -> bool:
        return False  # the lock was waited for; nobody else can be in the way

    def lost(self, error: DBAPIError) -> bool:
        return False  # a commit that fails is rolled back

    def told(self, error: DBAPIError) -> UnavailableError:
        return from_sqlite(self._path, error)
