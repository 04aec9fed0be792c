"""DuckDB: the file is open in a process of its own, read-only, without a way out of it."""

import sys
from typing import Any

from datus.config import DatabaseConfig
from datus.connectors.base import Connector, distinct_sql, quoted
from datus.connectors.duckdb_process import DuckdbFile
from datus.connectors.duckdb_schema import introspect
from datus.connectors.files import file_target
from datus.connectors.framing import MAX_BYTES
from datus.connectors.pool import Session
from datus.connectors.pooled import PooledConnector
from datus.connectors.values import Fetched
from datus.types import Column, DatabaseSchema, ResultColumn, TableSchema


def open_duckdb(
    config: DatabaseConfig, namespace: str, *, max_connections: int, timezone: str
) -> Connector:
    """A connector for the file ``config.path``; nothing is opened yet.

    Args:
        timezone: IANA name; what ``TIMESTAMP WITH TIME ZONE`` values are shown and cut in.
    """
    path, target = file_target(config, namespace)
    file = DuckdbFile(path, timezone, target)
    return PooledConnector(
        "duckdb",
        config.name,
        target,
        lambda: DuckdbSession(file, config.name, config.schema),
        max_connections=max_connections,
        on_close=file.close,
    )


class DuckdbSession(Session):
    """One session in the file's process. It serves one statement: temporary objects go with it."""

    def __init__(self, file: DuckdbFile, database: str, schema: str | None) -> None:
        self._file = file
        self._database = database
        self._schema = schema
        self._line = file.session()

    def begin(self, timeout_s: float) -> None:
        """A fresh session is ready."""

    def fetch(self, sql: str, *, max_rows: int, max_bytes: int) -> Fetched:
        reply = self._line.ask(
            {"sql": sql, "schema": self._schema, "max_rows": max_rows, "max_bytes": max_bytes}
        )
        columns = tuple(ResultColumn(name, kind) for name, kind in reply["columns"])
        return Fetched(columns, tuple(map(tuple, reply["rows"])), reply["cut"])

    def plan(self, sql: str) -> None:
        self._line.ask({"sql": sql, "schema": self._schema, "plan": True})

    def introspect(self) -> DatabaseSchema:
        default = self._schema or "main"
        tables = introspect(self._rows, self._schema, default)
        return DatabaseSchema("duckdb", self._database, tables, default)

    def _rows(self, sql: str) -> list[list[Any]]:
        """All rows of a query of ours."""
        self.go_on()
        request = {"sql": sql, "schema": None, "max_rows": sys.maxsize, "max_bytes": MAX_BYTES // 4}
        rows: list[list[Any]] = self._line.ask(request)["rows"]
        return rows

    def distinct_sql(self, table: TableSchema, column: Column, *, limit: int) -> str:
        name = quoted(column.name)
        return distinct_sql(
            quoted(table.schema, table.name),
            name,
            f"CAST({name} AS VARCHAR)",
            "length",
            limit=limit,
        )

    def end(self) -> bool:
        return False

    def interrupt(self) -> None:
        self._line.interrupt()

    def abandon(self) -> None:
        """End the process; other statements in it are lost with it."""
        self._line.process.cut()

    def close(self) -> None:
        self._file.closed(self._line)
