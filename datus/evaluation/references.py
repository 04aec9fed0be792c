"""The rows of reference queries, and how far their order matters."""

from collections.abc import Awaitable, Callable

from datus.errors import DatabaseError
from datus.evaluation.compare import Reference, as_list, as_multiset, matches
from datus.evaluation.datasets import Item
from datus.evaluation.ordering import asks_for_order, sort_keys
from datus.types import QueryResult

RunReference = Callable[[Item, str], Awaitable[QueryResult]]
"""Rows of one reference query in the item's database; raises DatabaseError."""


class References:
    """Rows of the reference queries, each run once a database."""

    def __init__(self, run_sql: RunReference, dialect: str | None) -> None:
        self._run_sql = run_sql
        self._dialect = dialect
        self._seen: dict[tuple[str | None, str], QueryResult | str] = {}

    async def of(self, item: Item) -> tuple[list[Reference], str]:
        """Every reference that ran, and what went wrong with the last one that did not."""
        expected: list[Reference] = []
        broken = ""
        for sql in item.references:
            result = await self._rows(item, sql)
            if isinstance(result, str):
                broken = result
            elif self._ordered(item, sql):
                expected.append(await self._with_ties(item, sql, result))
            else:
                expected.append(as_multiset(result))
        return expected, broken

    def _ordered(self, item: Item, sql: str) -> bool:
        if item.ordered is not None:
            return item.ordered
        return asks_for_order(item.question, sql, self._dialect)

    async def _with_ties(self, item: Item, sql: str, result: QueryResult) -> Reference:
        """The list of rows, those that tie in any order; every row by itself if ties are unknown."""
        keys = sort_keys(sql, self._dialect)
        if keys is None or len(result.rows) < 2:
            return as_list(result)
        keyed = await self._rows(item, keys.sql)
        if isinstance(keyed, str):
            return as_list(result)
        shown = QueryResult(
            columns=keyed.columns[: len(keyed.columns) - keys.extra],
            rows=tuple(row[: len(row) - keys.extra] for row in keyed.rows),
            truncated=keyed.truncated,
            elapsed_s=keyed.elapsed_s,
        )
        if not matches(shown, as_multiset(result)):  # ties at a LIMIT fell otherwise
            return as_list(result)
        values = [tuple(row[place] for place in keys.positions) for row in keyed.rows]
        return as_list(shown, values)

    async def _rows(self, item: Item, sql: str) -> QueryResult | str:
        key = (item.database, sql)
        if key not in self._seen:
            try:
                result = await self._run_sql(item, sql)
            except DatabaseError as error:
                self._seen[key] = error.message
            else:
                cut = f"more than the {len(result.rows)} rows that the cap lets through"
                self._seen[key] = cut if result.truncated else result
        return self._seen[key]
