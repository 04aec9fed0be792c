"""Whether two results say the same: execution accuracy's rule of equality.

Rows are compared as multisets, or as lists where an order is asked for; columns may stand in any
order and have any name; numbers are equal when they are to 4 decimals; a column too many or too few
is wrong.
"""

import json
import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, TypeAlias

from datus.types import QueryResult, TypeKind

DECIMALS = Decimal("0.0001")
SIGNIFICANT = Context(prec=13)
"""Digits of a fraction that are kept before it is rounded to 4 decimals: a float's noise (two ways to
add up the same numbers) must not decide to which side a half goes. Whole numbers stay exact."""

BUDGET = 4_000_000
"""Cells looked at in search of a pairing of columns that hold the same values."""

Cell: TypeAlias = Hashable


@dataclass(frozen=True, slots=True)
class Reference:
    """What a reference query gave, and how far the order of its rows matters.

    ``blocks`` are lengths of consecutive runs of rows; within a run rows may stand in any order. One
    run of all rows is a multiset, runs of one are a list, longer ones are rows that tie. They add up
    to the number of rows.
    """

    result: QueryResult
    blocks: tuple[int, ...]


def as_multiset(result: QueryResult) -> Reference:
    """The rows in any order."""
    return Reference(result, (len(result.rows),))


def as_list(result: QueryResult, keys: Sequence[tuple[Any, ...]] | None = None) -> Reference:
    """The rows in their order; those with equal sort ``keys`` (one a row) in any order among themselves."""
    if keys is None:
        return Reference(result, (1,) * len(result.rows))
    blocks: list[int] = []
    previous: tuple[Cell, ...] | None = None
    for key in keys:
        current = tuple(_cell(value, "other") for value in key)
        if blocks and current == previous:
            blocks[-1] += 1
        else:
            blocks.append(1)
        previous = current
    return Reference(result, tuple(blocks))


def matches(predicted: QueryResult, reference: Reference) -> bool:
    """Whether ``predicted`` equals the reference under some pairing of columns.

    A result that the row cap cut off equals nothing: the rest is not known. The search for a pairing
    is bounded by ``BUDGET``; beyond it (hundreds of columns with the same values in another order)
    the answer is no.
    """
    gold = reference.result
    if predicted.truncated or gold.truncated:
        return False
    if len(predicted.rows) != len(gold.rows) or len(predicted.columns) != len(gold.columns):
        return False
    run_of_row = [run for run, length in enumerate(reference.blocks) for _ in range(length)]
    return _Pairing(_columns(gold), _columns(predicted), run_of_row).exists()


class _Pairing:
    """Search for an assignment of predicted to reference columns that makes the rows equal.

    Rows are split into classes: rows agree on all columns paired so far exactly when their class is
    the same. Both sides number classes through one table, so a pairing stands as long as both sides
    have the same count of rows in each class.
    """

    def __init__(
        self, gold: list[list[Cell]], predicted: list[list[Cell]], start: list[int]
    ) -> None:
        self.start = start
        self.predicted = predicted
        self.budget = BUDGET
        # Reference columns with few possible partners come first: a wrong one is found out early.
        counts = [Counter(zip(start, column, strict=True)) for column in predicted]
        partners = []
        for column in gold:
            wanted = Counter(zip(start, column, strict=True))
            partners.append([i for i, count in enumerate(counts) if count == wanted])
        order = sorted(range(len(gold)), key=lambda j: len(partners[j]))
        self.steps = [(gold[j], partners[j]) for j in order]

    def exists(self) -> bool:
        if any(not partners for _, partners in self.steps):
            return False
        return self._extend(0, self.start, self.start, frozenset())

    def _extend(
        self, step: int, gold_class: list[int], predicted_class: list[int], used: frozenset[int]
    ) -> bool:
        if step == len(self.steps):
            return True
        column, partners = self.steps[step]
        numbers: dict[tuple[int, Cell], int] = {}
        gold_next = _refine(gold_class, column, numbers)
        wanted = Counter(gold_next)
        tried: list[list[Cell]] = []
        for partner in partners:
            values = self.predicted[partner]
            if partner in used or values in tried:  # equal columns are interchangeable
                continue
            tried.append(values)
            self.budget -= len(values) + 1
            if self.budget < 0:
                return False
            predicted_next = _refine(predicted_class, values, numbers)
            if Counter(predicted_next) == wanted and self._extend(
                step + 1, gold_next, predicted_next, used | {partner}
            ):
                return True
        return False


def _refine(
    classes: list[int], column: list[Cell], numbers: dict[tuple[int, Cell], int]
) -> list[int]:
    return [numbers.setdefault(pair, len(numbers)) for pair in zip(classes, column, strict=True)]


def _columns(result: QueryResult) -> list[list[Cell]]:
    return [
        [_cell(row[index], column.type) for row in result.rows]
        for index, column in enumerate(result.columns)
    ]


def _cell(value: Any, kind: TypeKind) -> Cell:
    """A value that is equal, and hashes equal, exactly where the rule says equal.

    True is 1 (SQLite has no booleans). Exact decimals come as text in columns of numbers and are
    compared as numbers; text in other columns never equals a number. A day and its midnight are equal
    in columns of dates and times, as they are in SQL: databases differ in which of the two cutting a
    date to its month gives.
    """
    if isinstance(value, str):
        if kind in ("date", "datetime") and value.endswith("T00:00:00"):
            return value[: -len("T00:00:00")]
        return _number_text(value) if kind in ("number", "integer") else value
    if isinstance(value, float):
        return _rounded(Decimal(value)) if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return _rounded(value)
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, sort_keys=True, default=str)
    cell: Cell = int(value) if isinstance(value, bool) else value
    return cell


def _number_text(value: str) -> Cell:
    try:
        number = Decimal(value)
    except ArithmeticError:
        return value
    return _rounded(number) if number.is_finite() else value


def _rounded(value: Decimal) -> Decimal:
    if value == value.to_integral_value():
        return value
    number = SIGNIFICANT.plus(value)
    # Beyond 12 digits before the point nothing of 4 decimals is left to compare.
    return number.quantize(DECIMALS) if abs(number) < 10**12 else number
