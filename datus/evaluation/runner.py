"""Ask every question of a set, run its references, and judge each answer.

It knows no service and no database: both come in as functions, so a test hands in its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from datus.errors import DatabaseError
from datus.evaluation.compare import Reference, as_list, as_multiset, matches
from datus.evaluation.datasets import Item
from datus.evaluation.ordering import asks_for_order, sort_keys
from datus.types import QueryResult, TaskStatus

Verdict = Literal["right", "wrong", "refused", "failed", "reference_failed"]
"""``wrong`` is an answer that is not right; ``refused`` and ``failed`` are no answer;
``reference_failed`` says nothing of the answer and is not counted."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back for a question. ``result`` is there when ``status`` is ``completed``.

    ``code`` and ``message`` are those of the refusal or the error; ``elapsed_s`` is wall time.
    """

    status: TaskStatus
    sql: str | None
    result: QueryResult | None
    elapsed_s: float
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question, what came back, and the judgement; ``reason`` is for people."""

    item: Item
    answered: Answered
    verdict: Verdict
    reason: str


AnswerQuestion = Callable[[Item], Awaitable[Answered]]
RunReference = Callable[[Item, str], Awaitable[QueryResult]]
"""Rows of one reference query in the item's database; raises DatabaseError."""


async def evaluate(
    items: Sequence[Item],
    answer: AnswerQuestion,
    run_sql: RunReference,
    *,
    concurrency: int = 1,
    dialect: str | None = None,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
) -> tuple[Outcome, ...]:
    """Judge every item, in the order of ``items``.

    Args:
        concurrency: Questions under way at once; 1 gives latencies that no other question disturbs.
        dialect: sqlglot's name of the dialect of the references, to know which rows tie.
        on_outcome: Called after each question, as they end.

    Raises:
        Exception: Whatever ``answer`` or ``run_sql`` raise first (but DatabaseError of a reference);
            questions under way are given up.
    """
    references = _References(run_sql, dialect)
    slots = asyncio.Semaphore(concurrency)

    async def one(item: Item) -> Outcome:
        async with slots:
            answered = await answer(item)
            outcome = await _judge(item, answered, references)
        on_outcome(outcome)
        return outcome

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return tuple(task.result() for task in tasks)


async def _judge(item: Item, answered: Answered, references: "_References") -> Outcome:
    if item.expects == "refusal":
        if answered.status == "refused":
            return Outcome(item, answered, "right", "refused, as expected")
        verdict: Verdict = "wrong" if answered.status == "completed" else "failed"
        return Outcome(item, answered, verdict, "a refusal was expected")
    expected, broken = await references.of(item)
    if not expected:
        return Outcome(item, answered, "reference_failed", broken)
    if answered.status == "refused":
        return Outcome(item, answered, "refused", answered.message or "refused")
    if answered.result is None:
        return Outcome(item, answered, "failed", answered.message or answered.status)
    if any(matches(answered.result, reference) for reference in expected):
        return Outcome(item, answered, "right", "the rows are equal")
    return Outcome(item, answered, "wrong", _difference(answered.result, expected, broken))


def _difference(result: QueryResult, expected: Sequence[Reference], broken: str) -> str:
    """One line on how the answer differs from the first reference of its shape, or of any."""
    if result.truncated:
        return "the answer is cut off at the row cap, so it cannot be compared"
    shape = (len(result.rows), len(result.columns))
    shapes = [(len(r.result.rows), len(r.result.columns)) for r in expected]
    if shape in shapes:
        reference = expected[shapes.index(shape)]
        unordered = matches(result, as_multiset(reference.result))
        reason = "the same rows in another order" if unordered else "other values"
    else:
        wanted = " or ".join(f"{rows} x {columns}" for rows, columns in dict.fromkeys(shapes))
        reason = f"{shape[0]} rows x {shape[1]} columns, expected {wanted}"
    return f"{reason}; one reference failed: {broken}" if broken else reason


class _References:
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
