"""The connector that all four databases are: a pool of sessions behind ``base.Connector``."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from datus.connectors.base import (
    DEFAULT_MAX_BYTES,
    DISTINCT_TIMEOUT_S,
    INTROSPECT_TIMEOUT_S,
    PING_TIMEOUT_S,
    Target,
)
from datus.connectors.pool import Session, SessionPool
from datus.types import Column, DatabaseSchema, Dialect, QueryResult, TableSchema

S = TypeVar("S", bound=Session)


class PooledConnector(Generic[S]):
    """See ``base.Connector``.

    Args:
        connect: Opens one session; called in a pool thread.
        max_connections: Sessions at once.
        grace_s: See ``SessionPool``.
        on_close: Called last of all when the connector closes, in a thread.
    """

    def __init__(
        self,
        dialect: Dialect,
        database: str,
        target: Target,
        connect: Callable[[], S],
        *,
        max_connections: int,
        grace_s: float = 0.0,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._dialect = dialect
        self._database = database
        self._on_close = on_close
        self._pool: SessionPool[S] = SessionPool(
            target, connect, max_connections=max_connections, grace_s=grace_s
        )

    @property
    def dialect(self) -> Dialect:
        return self._dialect

    @property
    def database(self) -> str:
        return self._database

    async def introspect(self) -> DatabaseSchema:
        return await self._pool.run(lambda s: s.introspect(), timeout_s=INTROSPECT_TIMEOUT_S)

    async def distinct_values(
        self, table: TableSchema, column: Column, *, limit: int
    ) -> tuple[tuple[str, int], ...]:
        fetched = await self._pool.run(
            lambda s: s.fetch(
                s.distinct_sql(table, column, limit=limit),
                max_rows=limit,
                max_bytes=DEFAULT_MAX_BYTES,
            ),
            timeout_s=DISTINCT_TIMEOUT_S,
        )
        return tuple((str(value), int(count)) for value, count in fetched.rows)

    async def execute(
        self, sql: str, *, max_rows: int, timeout_s: float, max_bytes: int = DEFAULT_MAX_BYTES
    ) -> QueryResult:
        clock = asyncio.get_running_loop().time
        start = clock()
        fetched = await self._pool.run(
            lambda s: s.fetch(sql, max_rows=max_rows, max_bytes=max_bytes), timeout_s=timeout_s
        )
        cut, elapsed_s = fetched.cut, clock() - start
        return QueryResult(fetched.columns, fetched.rows, cut is not None, elapsed_s, cut)

    async def explain(self, sql: str, *, timeout_s: float) -> None:
        await self._pool.run(lambda s: s.plan(sql), timeout_s=timeout_s)

    async def ping(self) -> None:
        await self.execute("SELECT 1", max_rows=1, timeout_s=PING_TIMEOUT_S)

    async def close(self) -> None:
        await self._pool.close()
        if self._on_close is not None:
            await asyncio.to_thread(self._on_close)
