"""PostgreSQL: every statement in a READ ONLY transaction with a timeout, through a server-side cursor."""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from datus.config import DatabaseConfig
from datus.connectors.base import (
    CONNECT_TIMEOUT_S,
    Connector,
    Target,
    distinct_sql,
    quoted,
)
from datus.connectors.kinds import declared_kind
from datus.connectors.pool import Session, SessionLostError
from datus.connectors.pooled import PooledConnector
from datus.connectors.reflection import Relation, reflect
from datus.connectors.servers import CONNECT_ADVICE, GRACE_S, cut, server_target
from datus.connectors.values import Fetched, iso_timestamp, json_size, read_result
from datus.errors import DatabaseError
from datus.types import Column, DatabaseSchema, TableSchema, TypeKind

if TYPE_CHECKING:
    import psycopg

_OPTIONS = (
    "-c default_transaction_read_only=on",
    "-c standard_conforming_strings=on",  # the guard reads a backslash as a backslash
    "-c datestyle=ISO",
    "-c intervalstyle=iso_8601",
    "-c cursor_tuple_fraction=1.0",  # plan for all rows, not for a fast first one
)
_CANCEL_TIMEOUT_S = 1.0
_CHECK_CLIENT_FROM = 140_000  # the server's version that can
_CHECK_CLIENT = b"SET client_connection_check_interval = 500"
"""So that the server ends a statement by itself whose client is gone: killed, or cut off without a cancel."""

_FIRST_BATCH = 64
_MAX_BATCH = 2_000
_BATCH_BYTES = 2 * 2**20

_RELATIONS = r"""
SELECT n.nspname, c.relname, c.relkind IN ('v', 'm'),
       CASE WHEN c.relkind <> 'v' AND c.reltuples >= 0 THEN c.reltuples::bigint END
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname NOT LIKE 'pg\_%%' AND n.nspname <> 'information_schema'
  AND (%(schema)s::text IS NULL OR n.nspname = %(schema)s)
  AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
ORDER BY 1, 2
"""
"""Partitions are read through their table; what an extension owns is no data of the user's."""


def open_postgresql(
    config: DatabaseConfig, namespace: str, *, max_connections: int, timezone: str
) -> Connector:
    """A connector for ``config.database`` on its server; nothing is opened yet.

    Args:
        timezone: IANA name; what ``timestamp with time zone`` values are shown and cut in.
    """
    target = server_target(config, namespace)
    return PooledConnector(
        "postgresql",
        config.name,
        target,
        lambda: PostgresqlSession(config, target, timezone),
        max_connections=max_connections,
        grace_s=GRACE_S,
    )


class PostgresqlSession(Session):
    """One connection.

    Raises:
        DatabaseUnreachableError: The server does not answer or does not let the user in.
    """

    def __init__(self, config: DatabaseConfig, target: Target, timezone: str) -> None:
        import psycopg

        self._config = config
        self._target = target
        self._schema = config.schema or "public"
        self._timezone = timezone
        self._timeout_s = 0.0
        try:
            self._connection = _connect(config)
        except psycopg.Error as error:
            reason = re.sub(r'(user|role) "[^"]*"', r"\1", str(error))
            raise target.unreachable(reason, CONNECT_ADVICE) from None

    def begin(self, timeout_s: float) -> None:
        import psycopg
        from psycopg import sql

        self._timeout_s = timeout_s
        # pg_temp last: a temporary table must never stand in for the schema's own.
        statement = sql.SQL(
            "BEGIN READ ONLY; SET LOCAL statement_timeout = {}; "
            "SET LOCAL search_path = {}, pg_temp; SET LOCAL TimeZone = {}"
        ).format(
            max(int(timeout_s * 1000), 1), sql.Identifier(self._schema), sql.Literal(self._timezone)
        )
        try:
            self._connection.execute(statement)
        except psycopg.OperationalError as error:
            raise SessionLostError(self._target.unreachable(error, CONNECT_ADVICE)) from error
        except psycopg.Error as error:
            raise self._error(error) from error

    def fetch(self, sql: str, *, max_rows: int, max_bytes: int) -> Fetched:
        import psycopg

        try:
            # DECLARE takes one query and nothing else, and names it to the server.
            with self._connection.cursor(name="datus") as cursor:
                cursor.execute(sql.encode())
                described = cursor.description or []
                names = [column.name for column in described]
                kinds = [self._kind(column.type_code) for column in described]
                rows = self.while_wanted(_rows(cursor))
                return read_result(names, kinds, rows, max_rows=max_rows, max_bytes=max_bytes)
        except psycopg.Error as error:
            raise self._error(error) from error

    def plan(self, sql: str) -> None:
        import psycopg

        # Binary, for its protocol takes one statement only; behind options no ANALYZE can follow.
        try:
            self._connection.execute(f"EXPLAIN (FORMAT TEXT) {sql}".encode(), binary=True)
        except psycopg.Error as error:
            raise self._error(error) from error

    def _kind(self, oid: int) -> TypeKind | None:
        """None for a type that the driver does not know, such as an enum."""
        info = self._connection.adapters.types.get(oid)
        if info is None:
            return None
        return "json" if info.array_oid == oid else declared_kind("postgresql", info.name)

    def introspect(self) -> DatabaseSchema:
        import psycopg
        from sqlalchemy.exc import SQLAlchemyError

        try:
            found = self._connection.execute(_RELATIONS, {"schema": self._config.schema})
            relations = [Relation(*row) for row in found]
            # Without a path every name in a foreign key comes with its schema.
            self._connection.rollback()
            self._connection.execute("SET search_path = ''")
            self.go_on()
            tables = reflect("postgresql", self._connection, relations, self._schema)
            self._connection.close()
        except psycopg.Error as error:
            raise self._error(error) from error
        except SQLAlchemyError as error:
            raise self._target.refused(error) from error
        return DatabaseSchema("postgresql", self._config.name, tables, self._schema)

    def distinct_sql(self, table: TableSchema, column: Column, *, limit: int) -> str:
        name = quoted(column.name)
        return distinct_sql(
            quoted(table.schema or self._schema, table.name),
            name,
            f"CAST({name} AS text)",
            "length",
            limit=limit,
        )

    def end(self) -> bool:
        import psycopg

        try:
            self._connection.rollback()
        except psycopg.Error:
            return False
        return not self._connection.closed

    def interrupt(self) -> None:
        import psycopg

        try:
            self._connection.cancel_safe(timeout=_CANCEL_TIMEOUT_S)
        except psycopg.Error:
            return  # the server does not answer; the pool tries again

    def abandon(self) -> None:
        import psycopg

        try:
            wire = socket.socket(fileno=os.dup(self._connection.fileno()))
        except (psycopg.Error, OSError):
            return  # already closed
        with wire:
            cut(wire)

    def close(self) -> None:
        self._connection.close()

    def _error(self, error: "psycopg.Error") -> DatabaseError:
        from psycopg.errors import QueryCanceled

        if isinstance(error, QueryCanceled):
            return self._target.timed_out(self._timeout_s)
        if self._connection.closed:
            return self._target.unreachable(error, "The connection was lost; ask again.")
        hint = f" Hint: {error.diag.message_hint}" if error.diag.message_hint else ""
        return self._target.refused(f"{error.diag.message_primary or error}{hint}")


def _connect(config: DatabaseConfig) -> "psycopg.Connection[Any]":
    import psycopg
    from psycopg.conninfo import make_conninfo
    from psycopg.types.string import TextLoader

    class TimestampLoader(TextLoader):
        """ISO 8601 text: the driver's own values end at the year 9999 and know no infinity."""

        def load(self, data: Any) -> str:
            return iso_timestamp(str(super().load(data)))

    address = make_conninfo(
        host=config.host,
        port=config.port,
        user=config.username,
        password=None if config.password is None else config.password.reveal(),
        dbname=config.database,
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name="datus",
        client_encoding="utf8",
        options=" ".join(_OPTIONS),
        **config.options,
    )
    # Autocommit, for BEGIN and ROLLBACK are ours; prepared, a BEGIN with its settings would not pass.
    connection = psycopg.connect(address, autocommit=True, prepare_threshold=None)
    for name in ("date", "time", "timetz", "interval", "json", "jsonb"):
        connection.adapters.register_loader(name, TextLoader)
    for name in ("timestamp", "timestamptz"):
        connection.adapters.register_loader(name, TimestampLoader)
    if connection.info.server_version >= _CHECK_CLIENT_FROM:
        with suppress(psycopg.errors.InvalidParameterValue, psycopg.errors.FeatureNotSupported):
            connection.execute(_CHECK_CLIENT)  # some systems cannot tell it
    return connection


def _rows(cursor: "psycopg.ServerCursor[Any]") -> Iterator[tuple[Any, ...]]:
    """Rows in batches that grow while rows are small, so that wide rows do not fill the memory."""
    count = _FIRST_BATCH
    while batch := cursor.fetchmany(count):
        yield from batch
        size = sum(
            len(value) if isinstance(value, bytes) else json_size(value)
            for row in batch
            for value in row
        )
        count = max(1, min(_MAX_BATCH, _BATCH_BYTES * len(batch) // max(size, 1)))
