"""The rule of equality, with the cases that a simpler comparison gets wrong."""

import random
import time
from decimal import Decimal
from typing import Any

import pytest

from datus.evaluation.compare import as_list, as_multiset, matches
from datus.types import QueryResult, ResultColumn, TypeKind


def result(
    *rows: tuple[Any, ...],
    kinds: tuple[TypeKind, ...] | None = None,
    width: int = 1,
    cut: bool = False,
) -> QueryResult:
    width = len(rows[0]) if rows else width
    kinds = kinds or ("other",) * width
    columns = tuple(ResultColumn(f"c{n}", kind) for n, kind in enumerate(kinds))
    return QueryResult(columns, tuple(rows), cut, 0.0)


@pytest.mark.parametrize(
    ("predicted", "gold"),
    [
        (result((1,), (2,)), result((2,), (1,))),
        (result((1, "a"), (2, "b")), result(("b", 2), ("a", 1))),
        (result((1,), (1,), (2,)), result((1,), (2,), (1,))),
        (result((None, 1)), result((1, None))),
        (result((1,)), result((1.0,))),
        (result((3.00001,)), result((3,))),
        (result((2.33333333,)), result((Decimal("2.3333"),))),
        (result((0.1 + 0.2,)), result((0.3,))),
        (result((1.00005,)), result((1.0000499999999999,))),
        (result((True,), (False,)), result((0,), (1,))),
        (result((2**63 - 1,)), result((2**63 - 1,))),
        (result(("12.50",), kinds=("number",)), result((12.5,))),
        (result(("9007199254740993",), kinds=("integer",)), result((9007199254740993,))),
        (result((12345678901.2345,)), result((Decimal("12345678901.2345"),))),
        (result(([1, {"b": 1, "a": 2}],)), result(([1, {"a": 2, "b": 1}],))),
        (result((float("nan"),)), result((float("nan"),))),
        (result(), result()),
        # three columns with the same values; only one pairing makes the rows equal
        (
            result((1, 2, 3), (2, 3, 1), (3, 1, 2)),
            result((3, 2, 1), (1, 3, 2), (2, 1, 3)),
        ),
    ],
)
def test_equal(predicted: QueryResult, gold: QueryResult) -> None:
    assert matches(predicted, as_multiset(gold))
    assert matches(gold, as_multiset(predicted))


@pytest.mark.parametrize(
    ("predicted", "gold"),
    [
        (result((1,), (1,)), result((1,))),
        (result((1,), (1,), (2,)), result((1,), (2,), (2,))),
        (result((1, 2)), result((1,))),
        (result((1,)), result((1, 2))),
        (result(width=2), result(width=1)),
        # both columns hold the same values, paired otherwise
        (result((1, "a"), (2, "b")), result((1, "b"), (2, "a"))),
        (result((1, 2), (2, 3), (3, 1)), result((1, 2), (2, 1), (3, 3))),
        (result((3.0001,)), result((3,))),
        (result((1,)), result(("1",))),
        (result(("12.50",)), result((12.5,))),
        (result((None,)), result((0,))),
        (result((None,)), result(("",))),
        (result(("a",)), result(("A",))),
        (result((2**63 - 1,)), result((2**63 - 2,))),
        (result(("9007199254740993",), kinds=("integer",)), result((9007199254740992,))),
        (result(("2023-01-01",)), result(("2023-01-01T00:00:00",))),
        (result((1,), cut=True), result((1,))),
        (result((1,)), result((1,), cut=True)),
    ],
)
def test_not_equal(predicted: QueryResult, gold: QueryResult) -> None:
    assert not matches(predicted, as_multiset(gold))


def test_a_list_has_an_order() -> None:
    gold = result((1, "a"), (2, "b"))
    assert matches(result(("a", 1), ("b", 2)), as_list(gold))
    assert not matches(result(("b", 2), ("a", 1)), as_list(gold))


def test_rows_that_tie_may_change_places() -> None:
    gold = as_list(result(("a", 9), ("b", 7), ("c", 7), ("d", 5)), [(9,), (7,), (7,), (5,)])
    assert matches(result((9, "a"), (7, "c"), (7, "b"), (5, "d")), gold)
    assert not matches(result((7, "b"), (9, "a"), (7, "c"), (5, "d")), gold)
    assert not matches(result((9, "b"), (7, "a"), (7, "c"), (5, "d")), gold)


def test_any_shuffle_of_rows_and_columns_is_found() -> None:
    chance = random.Random(7)
    for _ in range(200):
        width, height = chance.randint(1, 6), chance.randint(1, 12)
        rows = [tuple(chance.randint(0, 2) for _ in range(width)) for _ in range(height)]
        order = chance.sample(range(width), width)
        shuffled = [tuple(row[i] for i in order) for row in chance.sample(rows, height)]
        assert matches(result(*shuffled), as_multiset(result(*rows)))


def test_many_equal_columns_are_compared_in_time() -> None:
    chance = random.Random(3)
    flags = [tuple(chance.randint(0, 1) for _ in range(12)) for _ in range(2000)]
    # every column holds as many ones, so nothing but the pairing of rows tells them apart
    columns = [chance.sample([0, 1] * 500, 1000) for _ in range(14)]
    rows = list(zip(*columns, strict=True))
    other = list(zip(*columns[:-1], chance.sample([0, 1] * 500, 1000), strict=True))
    begin = time.perf_counter()
    assert matches(result(*reversed(flags)), as_multiset(result(*flags)))
    assert matches(result(*(row[::-1] for row in rows)), as_multiset(result(*rows)))
    assert not matches(result(*other), as_multiset(result(*rows)))
    assert time.perf_counter() - begin < 5


def test_a_day_equals_its_midnight_in_columns_of_time() -> None:
    day = result(("2023-01-01",), kinds=("date",))
    assert matches(day, as_multiset(result(("2023-01-01T00:00:00",), kinds=("datetime",))))
    assert not matches(day, as_multiset(result(("2023-01-01T00:00:01",), kinds=("datetime",))))
