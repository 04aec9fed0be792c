"""A connector whose statements are measured and traced."""

from datus.connectors.base import DEFAULT_MAX_BYTES, Connector
from datus.telemetry import Telemetry
from datus.types import Column, DatabaseSchema, Dialect, QueryResult, TableSchema


class WatchedConnector:
    """See ``base.Connector``: everything as the connector inside does it.

    Reading a schema and asking whether the database answers are no statements of anybody's question.
    """

    def __init__(self, inner: Connector, telemetry: Telemetry) -> None:
        self._inner = inner
        self._telemetry = telemetry

    @property
    def dialect(self) -> Dialect:
        return self._inner.dialect

    @property
    def database(self) -> str:
        return self._inner.database

    async def introspect(self) -> DatabaseSchema:
        return await self._inner.introspect()

    async def distinct_values(
        self, table: TableSchema, column: Column, *, limit: int
    ) -> tuple[tuple[str, int], ...]:
        return await self._inner.distinct_values(table, column, limit=limit)

    async def execute(
        self, sql: str, *, max_rows: int, timeout_s: float, max_bytes: int = DEFAULT_MAX_BYTES
    ) -> QueryResult:
        with self._telemetry.statement(self.dialect, "execute", self.database, sql):
            return await self._inner.execute(
                sql, max_rows=max_rows, timeout_s=timeout_s, max_bytes=max_bytes
            )

    async def explain(self, sql: str, *, timeout_s: float) -> None:
        with self._telemetry.statement(self.dialect, "explain", self.database, sql):
            await self._inner.explain(sql, timeout_s=timeout_s)

    async def ping(self) -> None:
        await self._inner.ping()

    async def close(self) -> None:
        await self._inner.close()
