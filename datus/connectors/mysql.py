"""MySQL and MariaDB: every statement in a READ ONLY transaction with a timeout, rows read as they come."""

import logging
import math
import re
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from datus.config import DatabaseConfig
from datus.connectors.base import (
    CONNECT_TIMEOUT_S,
    Connector,
    Target,
    distinct_sql,
    quoted,
)
from datus.connectors.pool import Session, SessionLostError
from datus.connectors.pooled import PooledConnector
from datus.connectors.reflection import Relation, reflect
from datus.connectors.servers import CONNECT_ADVICE, GRACE_S, cut, server_target
from datus.connectors.values import Fetched, read_result
from datus.errors import DatabaseError
from datus.types import Column, DatabaseSchema, TableSchema, TypeKind

if TYPE_CHECKING:
    from pymysql.err import MySQLError

_log = logging.getLogger(__name__)

# Modes that make the server read a text otherwise than the guard did.
_READING_MODES = frozenset(
    (
        "ANSI",
        "ANSI_QUOTES",
        "DB2",
        "HIGH_NOT_PRECEDENCE",
        "IGNORE_SPACE",
        "MAXDB",
        "MSSQL",
        "NO_BACKSLASH_ESCAPES",
        "ORACLE",
        "PIPES_AS_CONCAT",
        "POSTGRESQL",
    )
)
_LOST = (2006, 2013, 2055)  # server has gone away, lost connection
_TIMED_OUT = (1969, 3024)  # MariaDB's and MySQL's code of their statement timeouts
_UNKNOWN_TIME_ZONE = 1298
_NO_SUCH_THREAD = 1094
_KILL_TIMEOUT_S = 1.0
_KILL_AGAIN_S = 1.0

_RELATIONS = """
SELECT table_name, table_type LIKE '%VIEW', CASE WHEN table_type NOT LIKE '%VIEW' THEN table_rows END
FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type <> 'SEQUENCE' ORDER BY BINARY table_name
"""


def open_mysql(
    config: DatabaseConfig, namespace: str, *, max_connections: int, timezone: str
) -> Connector:
    """A connector for ``config.database`` on its server; nothing is opened yet.

    Args:
        timezone: IANA name; what ``TIMESTAMP`` values are shown and cut in. A server without time zone
            tables keeps its own.
    """
    target = server_target(config, namespace)
    return PooledConnector(
        "mysql",
        config.name,
        target,
        lambda: MysqlSession(config, target, timezone),
        max_connections=max_connections,
        grace_s=GRACE_S,
    )


class MysqlSession(Session):
    """One connection.

    Raises:
        DatabaseUnreachableError: The server does not answer or does not let the user in.
    """

    def __init__(self, config: DatabaseConfig, target: Target, timezone: str) -> None:
        import pymysql

        self._config = config
        self._target = target
        self._timeout_s = 0.0
        self._spent = False
        self._killed = False
        try:
            self._connection = _connect(config, CONNECT_TIMEOUT_S)
            try:
                self._is_mariadb = self._prepare(timezone)
                # From here on the pool knows how long to wait.
                self._connection._read_timeout = self._connection._write_timeout = None
            except pymysql.Error:
                self.close()
                raise
        except (pymysql.Error, OSError, RuntimeError) as error:
            # OSError: an unreadable certificate; RuntimeError: a login method the driver cannot do
            raise target.unreachable(_message(error), CONNECT_ADVICE) from None

    def _prepare(self, timezone: str) -> bool:
        """Session settings; whether the server is MariaDB."""
        import pymysql

        with self._connection.cursor() as cursor:
            cursor.execute("SELECT @@version, @@sql_mode")
            version, mode = cursor.fetchall()[0]
            kept = ",".join(part for part in mode.split(",") if part not in _READING_MODES)
            cursor.execute("SET SESSION sql_mode = %s", (kept,))
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
            zone = "+00:00" if timezone == "UTC" else timezone
            try:
                cursor.execute("SET SESSION time_zone = %s", (zone,))
            except pymysql.Error as error:
                if error.args[0] != _UNKNOWN_TIME_ZONE:
                    raise
                _log.info(
                    "%s has no time zone tables: TIMESTAMP values keep the server's time zone",
                    self._target.label,
                )
        return "mariadb" in version.lower()

    def begin(self, timeout_s: float) -> None:
        import pymysql

        self._timeout_s = timeout_s
        limit = (
            f"max_statement_time = {timeout_s:.3f}"
            if self._is_mariadb
            else f"max_execution_time = {max(int(timeout_s * 1000), 1)}"
        )
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(f"SET SESSION {limit}")
                cursor.execute("START TRANSACTION READ ONLY")
        except pymysql.Error as error:
            lost = self._target.unreachable(_message(error), CONNECT_ADVICE)
            raise SessionLostError(lost) from error

    def fetch(self, sql: str, *, max_rows: int, max_bytes: int) -> Fetched:
        import pymysql
        from pymysql.cursors import SSCursor

        cursor = self._connection.cursor(SSCursor)
        try:
            cursor.execute(sql)
            if cursor.description is None:
                self._spent = True  # whatever it did to the session goes with the connection
                raise DatabaseError("The statement returns no rows: only queries are run.")
            names = [column[0] for column in cursor.description]
            kinds = [_kind(column[1]) for column in cursor.description]
            rows = self.while_wanted(_rows(cursor))
            return read_result(names, kinds, rows, max_rows=max_rows, max_bytes=max_bytes)
        except pymysql.Error as error:
            raise self._error(error) from error
        finally:
            self._forget_rest(cursor)

    def plan(self, sql: str) -> None:
        import pymysql

        try:
            with self._connection.cursor() as cursor:
                # The driver sends one statement only; behind FORMAT no ANALYZE can follow.
                cursor.execute(f"EXPLAIN FORMAT=JSON {sql}")
        except pymysql.Error as error:
            raise self._error(error) from error

    def _forget_rest(self, cursor: Any) -> None:
        """Stop a statement whose rows were not all read: closing the cursor would read them all."""
        result = cursor._result
        if result is not None and result.unbuffered_active:
            result.unbuffered_active = False
            self._spent = True
            self.interrupt()
        cursor.close()

    def introspect(self) -> DatabaseSchema:
        import pymysql
        from sqlalchemy.exc import SQLAlchemyError

        self._spent = True
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(_RELATIONS)
                relations = [
                    Relation(None, name, bool(is_view), rows)
                    for name, is_view, rows in cursor.fetchall()
                ]
            self.go_on()
            default = self._config.database or ""
            tables = reflect("mysql", self._connection, relations, default)
        except pymysql.Error as error:
            raise self._error(error) from error
        except SQLAlchemyError as error:
            raise self._target.refused(_message(error)) from error
        return DatabaseSchema("mysql", self._config.name, tables, default)

    def distinct_sql(self, table: TableSchema, column: Column, *, limit: int) -> str:
        name = quoted(column.name, mark="`")
        # Spellings that the column's collation takes for equal are values of their own.
        text = f"CONVERT({name} USING utf8mb4) COLLATE utf8mb4_bin"
        return distinct_sql(quoted(table.name, mark="`"), name, text, "char_length", limit=limit)

    def end(self) -> bool:
        import pymysql

        if self._spent:
            return False
        try:
            self._connection.rollback()
        except pymysql.Error:
            return False
        return True

    def interrupt(self) -> None:
        self._kill()

    def _kill(self) -> bool:
        """Have the server end the connection; False when no word came through to it.

        The connection and not the query: ``KILL QUERY`` between two queries is lost, and it does not reach a
        thread that waits for us to read.
        """
        import pymysql

        if self._killed:
            return True
        number = int(self._connection.thread_id())
        try:
            with _connect(self._config, _KILL_TIMEOUT_S) as other, other.cursor() as cursor:
                if (
                    other.thread_id() > number
                ):  # else the server began anew, and the number is another's
                    cursor.execute(f"KILL {number}")
        except (pymysql.Error, OSError, RuntimeError) as error:
            self._killed = bool(error.args) and error.args[0] == _NO_SUCH_THREAD
        else:
            self._killed = True
        return self._killed

    def abandon(self) -> None:
        """Cut, and go on with the kill: the server does not see that a client is gone while it computes."""
        wire = self._connection._sock
        if wire is not None:
            cut(wire)
        if not self._killed:
            name = f"datus-kill-{self._target.label}"
            threading.Thread(target=self._kill_late, name=name, daemon=True).start()

    def _kill_late(self) -> None:
        """Until it came through, or the statement ended by its own timeout."""
        pause = threading.Event()
        for _ in range(math.ceil(self._timeout_s / _KILL_AGAIN_S)):
            if self._kill():
                return
            pause.wait(_KILL_AGAIN_S)

    def close(self) -> None:
        import pymysql

        try:
            self._connection.close()
        except pymysql.Error:
            return  # already closed

    def _error(self, error: "MySQLError") -> DatabaseError:
        code = error.args[0] if error.args else 0
        if code in _TIMED_OUT:
            return self._target.timed_out(self._timeout_s)
        if code in _LOST:
            self._spent = True
            return self._target.unreachable(_message(error), "The connection was lost; ask again.")
        return self._target.refused(_message(error))


def _message(error: Exception) -> str:
    """The server's words without its code and without the user's name and host."""
    text = str(error.args[-1]) if error.args else str(error)
    return re.sub(r"(for |to )?user '[^']*'@'[^']*'", r"\1this user", text)


def _connect(config: DatabaseConfig, timeout_s: float) -> Any:
    """A connection whose every step has ``timeout_s``: a server may take it and never say a word."""
    import pymysql
    from pymysql.constants import FIELD_TYPE
    from pymysql.converters import conversions

    conv = {**conversions, FIELD_TYPE.TIME: str, FIELD_TYPE.BIT: _bits}
    arguments: dict[str, Any] = {
        "host": config.host,
        "port": config.port or 0,
        "user": config.username,
        "password": "" if config.password is None else config.password.reveal(),
        "database": config.database,
        "charset": "utf8mb4",
        "connect_timeout": timeout_s,
        "read_timeout": timeout_s,
        "write_timeout": timeout_s,
        "local_infile": False,
        "autocommit": True,  # START TRANSACTION and ROLLBACK are ours
        "program_name": "datus",
        "conv": conv,
        **config.options,
    }
    if config.options:
        arguments |= {"ssl_verify_cert": True, "ssl_verify_identity": True}
    return pymysql.connect(**arguments)


def _bits(value: bytes) -> int:
    return int.from_bytes(value, "big")


def _rows(cursor: Any) -> Iterator[tuple[Any, ...]]:
    while (row := cursor.fetchone()) is not None:
        yield row


def _kind(code: int) -> TypeKind | None:
    """None for texts and blobs, which share their codes: the values tell."""
    from pymysql.constants import FIELD_TYPE

    kinds: dict[int, TypeKind] = {
        FIELD_TYPE.DECIMAL: "number",
        FIELD_TYPE.NEWDECIMAL: "number",
        FIELD_TYPE.FLOAT: "number",
        FIELD_TYPE.DOUBLE: "number",
        FIELD_TYPE.TINY: "integer",
        FIELD_TYPE.SHORT: "integer",
        FIELD_TYPE.INT24: "integer",
        FIELD_TYPE.LONG: "integer",
        FIELD_TYPE.LONGLONG: "integer",
        FIELD_TYPE.YEAR: "integer",
        FIELD_TYPE.BIT: "integer",
        FIELD_TYPE.DATE: "date",
        FIELD_TYPE.NEWDATE: "date",
        FIELD_TYPE.DATETIME: "datetime",
        FIELD_TYPE.TIMESTAMP: "datetime",
        FIELD_TYPE.TIME: "time",
        FIELD_TYPE.JSON: "json",
        FIELD_TYPE.GEOMETRY: "binary",
    }
    return kinds.get(code)
