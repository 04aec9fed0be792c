"""Candidates whose rows are the same are one answer: what their agreement says of it."""

import math
from collections import Counter
from collections.abc import Hashable
from dataclasses import replace

from datus.types import QueryResult
from datus.workflow.state import Executed


def rows_of(result: QueryResult) -> Hashable | None:
    """Equal for results with the same rows, whatever the order of rows and columns.

    None where the rows say nothing of the query: there are none, all is null, or the rest was cut off.
    """
    if result.truncated or all(value is None for row in result.rows for value in row):
        return None
    rows = Counter(tuple(sorted(map(repr, row))) for row in result.rows)
    return len(result.columns), frozenset(rows.items())


def together(first: float, agreeing: float, differing: float) -> float:
    """How likely the first candidate is right once others ran beside it.

    Args:
        first: Its own confidence.
        agreeing: Sum of the confidences of those that gave the same rows.
        differing: Sum of those of the others, which failed, gave other rows or none that say anything.

    The log-odds fall and rise with them by weights that a logistic regression found over the training set of
    Spider, on databases that the ranking had not seen (``training/train.py`` tells coverage and precision).
    """
    sure = min(max(first, _LEAST), 1.0 - _LEAST)
    odds = _OWN * math.log(sure / (1.0 - sure)) + _AGREEING * agreeing - _DIFFERING * differing
    return 1.0 / (1.0 + math.exp(-odds))


_OWN, _AGREEING, _DIFFERING = 0.7, 0.7, 0.35
_LEAST = 1e-3


def as_sure(executed: Executed, confidence: float) -> Executed:
    """The same, with the confidence that other candidates left it with."""
    return replace(executed, candidate=replace(executed.candidate, confidence=round(confidence, 3)))
