"""SQLite: the file is opened read-only, and an authorizer lets nothing through but reading."""

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from datus.config import DatabaseConfig
from datus.connectors.base import Connector, Target, distinct_sql, quoted
from datus.connectors.files import file_identity, file_target
from datus.connectors.pool import Session, SessionLostError
from datus.connectors.pooled import PooledConnector
from datus.connectors.sqlite_schema import introspect, primary_code
from datus.connectors.values import Fetched, read_result
from datus.errors import DatabaseError, DatabaseUnreachableError
from datus.types import Column, DatabaseSchema, TableSchema

T = TypeVar("T")

_SETTINGS = (
    "PRAGMA query_only=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    "PRAGMA mmap_size=0",
    "PRAGMA busy_timeout=100",
)
_BUSY_TRIES = 50
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 64 * 2**20,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 2**20,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 500,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
"""https://www.sqlite.org/security.html: untrusted SQL. LENGTH also bounds what one function can make."""

_READING = frozenset((sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE))
# Introspection asks these of a table; full-text tables ask the others, without a value, to open.
_TABLE_PRAGMAS = frozenset(("table_xinfo", "foreign_key_list"))
_VALUE_PRAGMAS = frozenset(("data_version", "page_size"))
_FUNCTIONS_DENIED = frozenset(
    ("load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "sqlite_dbpage")
)


def open_sqlite(
    config: DatabaseConfig, namespace: str, *, max_connections: int, timezone: str
) -> Connector:
    """A connector for the file ``config.path``; nothing is opened yet. SQLite knows no time zones."""
    path, target = file_target(config, namespace)
    return PooledConnector(
        "sqlite",
        config.name,
        target,
        lambda: SqliteSession(path, config.name, target),
        max_connections=max_connections,
    )


class SqliteSession(Session):
    """One connection to the file at ``path``.

    Raises:
        DatabaseUnreachableError: No such file, or no database in it.
    """

    def __init__(self, path: Path, database: str, target: Target) -> None:
        self._path = path
        self._database = database
        self._target = target
        self._identity = file_identity(path, target)
        self._opened = False
        try:
            self._connection = sqlite3.connect(
                path.as_uri() + "?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
            try:
                self._harden()
            except sqlite3.Error:
                self._connection.close()
                raise
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: sqlite3.Error) -> DatabaseUnreachableError:
        advice = "It must be a SQLite database that this user may read."
        return self._target.unreachable(f"{error}.", advice)

    def _harden(self) -> None:
        connection = self._connection
        # A byte that is no UTF-8 becomes U+FFFD: one bad value must not break a query.
        connection.text_factory = partial(str, encoding="utf-8", errors="replace")
        for setting in _SETTINGS:
            connection.execute(setting)
        for limit, value in _LIMITS.items():
            connection.setlimit(limit, value)
        connection.set_authorizer(_authorize)

    def _patiently(self, work: Callable[[], T]) -> T:
        """Wait for a writer 100 ms at a time, 5 s in all, for SQLite's own wait listens to no interrupt."""
        for _ in range(_BUSY_TRIES - 1):
            try:
                return work()
            except sqlite3.OperationalError as error:
                if primary_code(error) != sqlite3.SQLITE_BUSY:
                    raise
            self.go_on()
        return work()

    def begin(self, timeout_s: float) -> None:
        try:
            same = file_identity(self._path, self._target) == self._identity
        except DatabaseUnreachableError as error:
            raise SessionLostError(error) from error
        if not same:
            raise SessionLostError(self._target.unreachable("the file was replaced.", "Ask again."))
        if not self._opened:  # here and not while connecting, which cannot be stopped
            self._open()

    def _open(self) -> None:
        """Read for the first time: a file of something else fails here."""
        try:
            content = "SELECT count(*) FROM sqlite_master"
            self._patiently(lambda: self._connection.execute(content).fetchall())
        except sqlite3.Error as error:
            raise SessionLostError(self._unreadable(error)) from error
        self._opened = True

    def fetch(self, sql: str, *, max_rows: int, max_bytes: int) -> Fetched:
        cursor = self._connection.cursor()
        try:
            self._patiently(lambda: cursor.execute(sql))
            if cursor.description is None:
                raise DatabaseError("The statement returns no rows: only queries are run.")
            names = [str(column[0]) for column in cursor.description]
            unsaid = [None] * len(names)  # a SQLite column holds values of any type
            rows = self.while_wanted(cursor)
            return read_result(names, unsaid, rows, max_rows=max_rows, max_bytes=max_bytes)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise self._error(error) from error
        finally:
            cursor.close()

    def plan(self, sql: str) -> None:
        cursor = self._connection.cursor()
        try:
            # The authorizer reads it as it reads a query.
            self._patiently(lambda: cursor.execute(f"EXPLAIN QUERY PLAN {sql}"))
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise self._error(error) from error
        finally:
            cursor.close()

    def _error(self, error: Exception) -> DatabaseError:
        if str(error) == "not authorized":  # the driver's own errors carry no SQLite code
            return DatabaseError("SQLite lets nothing through here but reading: not authorized.")
        return self._target.refused(error)

    def introspect(self) -> DatabaseSchema:
        try:
            tables = self._patiently(lambda: introspect(self._connection, self.go_on))
            return DatabaseSchema("sqlite", self._database, tables, "main")
        except sqlite3.Error as error:
            raise self._target.refused(error) from error

    def distinct_sql(self, table: TableSchema, column: Column, *, limit: int) -> str:
        name = quoted(column.name)
        return distinct_sql(
            quoted(table.name),
            name,
            name,
            "length",
            text_only=f" AND typeof({name}) = 'text'",
            limit=limit,
        )

    def end(self) -> bool:
        return True

    def interrupt(self) -> None:
        try:
            self._connection.interrupt()
        except sqlite3.Error:
            return  # closed: nothing runs

    def abandon(self) -> None:
        """SQLite has no wire to cut: the thread is free when its long function returns."""

    def close(self) -> None:
        try:
            self._connection.close()
        except sqlite3.Error:
            return  # the handle goes with the object


def _authorize(
    action: int, first: str | None, second: str | None, database: str | None, source: str | None
) -> int:
    """SQLite asks this for every part of a statement while it prepares it."""
    if action in _READING:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        denied = (second or "").lower() in _FUNCTIONS_DENIED
        return sqlite3.SQLITE_DENY if denied else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA:
        pragma = (first or "").lower()
        allowed = pragma in _TABLE_PRAGMAS or (pragma in _VALUE_PRAGMAS and second is None)
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_UPDATE and first == "sqlite_master":
        # How a virtual table declares its columns. A real update SQLite refuses by itself.
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
