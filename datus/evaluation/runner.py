"""Ask every question of a set, run its references, and judge each answer.

It knows no service and no database: both come in as functions, so a test hands in its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from datus.evaluation.compare import Reference, as_multiset, matches
from datus.evaluation.datasets import Item
from datus.evaluation.references import References, RunReference
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
    references = References(run_sql, dialect)
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


async def _judge(item: Item, answered: Answered, references: References) -> Outcome:
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
