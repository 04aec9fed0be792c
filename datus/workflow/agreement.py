"""Candidates whose rows are the same are one answer: what their agreement says of it."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import replace

from datus.types import QueryResult
from datus.workflow.state import Executed

MOST_SURE = 0.99


def rows_of(result: QueryResult) -> Hashable | None:
    """Equal for results with the same rows, whatever the order of rows and columns.

    None where the rows say nothing of the query: there are none, all is null, or the rest was cut off.
    """
    if result.truncated or all(value is None for row in result.rows for value in row):
        return None
    rows = Counter(tuple(sorted(map(repr, row))) for row in result.rows)
    return len(result.columns), frozenset(rows.items())


def together(agreeing: Sequence[Executed]) -> float:
    """How likely it is that one of several candidates is right, of which at most one reading is meant."""
    return min(MOST_SURE, sum(each.candidate.confidence or 0.0 for each in agreeing))


def agreed(agreeing: Sequence[Executed]) -> Executed:
    """The likeliest of candidates that give the same rows, as sure as all of them."""
    first = agreeing[0]
    sure = round(together(agreeing), 3)
    return replace(first, candidate=replace(first.candidate, confidence=sure))
