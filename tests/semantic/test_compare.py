"""Figures beside those of an earlier period, against figures counted by hand in Python."""

import calendar
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from datus.errors import InvalidRequestError
from datus.semantic import SemanticLayer
from datus.types import MetricFilter, MetricOrder, MetricQuery
from tests.semantic.conftest import Shop
from tests.semantic.test_metrics import ORDERS, SALES, by, inside, monday, month, total

START, END = date(2024, 1, 1), date(2024, 4, 1)


def back(day: date, months: int) -> date:
    """So many months before, by counting months down; the last day of a month that is too short."""
    year, at = day.year, day.month
    for _ in range(months):
        year, at = (year - 1, 12) if at == 1 else (year, at - 1)
    return date(year, at, min(day.day, calendar.monthrange(year, at)[1]))


def grown(now: float | None, before: float | None) -> float | None:
    if now is None or before is None or before == 0:
        return None
    return round((now - before) / before, 6)


def row(*keys: Any, now: float | None, before: float | None) -> tuple[Any, ...]:
    return (*keys, now, before, grown(now, before))


@pytest.mark.parametrize(
    ("start", "end", "compare", "then"),
    [
        # whole months go back by months, whatever their lengths
        (date(2024, 1, 1), date(2024, 4, 1), "previous", (date(2023, 10, 1), date(2024, 1, 1))),
        (date(2024, 3, 1), date(2024, 4, 1), "previous", (date(2024, 2, 1), date(2024, 3, 1))),
        # other ranges by days
        (date(2024, 1, 29), date(2024, 2, 5), "previous", (date(2024, 1, 22), date(2024, 1, 29))),
        (date(2024, 3, 15), date(2024, 4, 1), "previous", (date(2024, 2, 27), date(2024, 3, 15))),
        (date(2024, 1, 1), date(2024, 4, 1), "year", (date(2023, 1, 1), date(2023, 4, 1))),
        # the first days of a month against as many of the other
        (date(2024, 3, 1), date(2024, 3, 31), "year", (date(2023, 3, 1), date(2023, 3, 31))),
        (date(2024, 2, 1), date(2024, 3, 1), "year", (date(2023, 2, 1), date(2023, 3, 1))),
        (date(2024, 3, 1), date(2024, 3, 31), "month", (date(2024, 2, 1), date(2024, 3, 1))),
        (date(2024, 1, 1), date(2024, 2, 1), "week", (date(2023, 12, 25), date(2024, 1, 25))),
        (date(2024, 7, 1), date(2024, 10, 1), "quarter", (date(2024, 4, 1), date(2024, 7, 1))),
    ],
)
def test_ranges(
    db: Shop, layer: SemanticLayer, start: date, end: date, compare: Any, then: tuple[date, date]
) -> None:
    query = MetricQuery(("revenue", "orders"), start=start, end=end, compare=compare)
    now, before = total(inside(SALES, start, end)), total(inside(SALES, *then))
    counts = [len(inside(ORDERS, *bounds)) or None for bounds in ((start, end), then)]
    expected = row(now=now, before=before) + row(now=counts[0], before=counts[1])
    assert db.ask(layer, query) == [expected]


@pytest.mark.parametrize(
    ("grain", "compare", "cut", "earlier"),
    [
        ("month", "previous", month, lambda at: back(at, 1)),
        ("month", "quarter", month, lambda at: back(at, 3)),
        ("month", "year", month, lambda at: back(at, 12)),
        ("week", "previous", monday, lambda at: at - timedelta(days=7)),
        ("week", "year", monday, lambda at: at - timedelta(days=364)),
        ("day", "previous", lambda at: at.isoformat(), lambda at: at - timedelta(days=1)),
        ("day", "month", lambda at: at.isoformat(), lambda at: back(at, 1)),
    ],
)
def test_each_row_with_the_one_before(
    db: Shop,
    layer: SemanticLayer,
    grain: Any,
    compare: Any,
    cut: Callable[[date], str],
    earlier: Any,
) -> None:
    """The earlier figures of the first rows lie before the range, and are there all the same."""
    everything = by([sale for sale in SALES if sale.day], lambda sale: cut(sale.day))
    expected = []
    for key in by(inside(SALES, START, END), lambda sale: cut(sale.day)):
        before = earlier(date.fromisoformat(key)).isoformat()
        expected.append(
            row(
                key,
                now=total(s for s in everything[key] if START <= s.day < END),
                before=total(everything.get(before, [])),
            )
        )
    query = MetricQuery(("revenue",), grain=grain, start=START, end=END, compare=compare)
    assert db.ask(layer, query) == expected


def test_a_part_of_a_month_is_set_against_the_same_part(db: Shop, layer: SemanticLayer) -> None:
    start, end = date(2024, 1, 31), date(2024, 3, 31)
    query = MetricQuery(("revenue",), grain="month", start=start, end=end, compare="year")
    expected = []
    for key, sales in by(inside(SALES, start, end), lambda sale: month(sale.day)).items():
        then = back(date.fromisoformat(key), 12)
        before = [
            sale
            for sale in inside(SALES, date(2023, 1, 31), date(2023, 3, 31))
            if month(sale.day) == then.isoformat()
        ]
        expected.append(row(key, now=total(sales), before=total(before)))
    assert db.ask(layer, query) == expected


def test_by_dimension_with_missing_values(db: Shop, layer: SemanticLayer) -> None:
    """Groups of the current period only; a missing value is a group like others."""
    now = by(inside(SALES, START, END), lambda sale: sale.category)
    before = by(inside(SALES, date(2023, 1, 1), date(2023, 4, 1)), lambda sale: sale.category)
    expected = [
        row(key, now=total(sales), before=total(before.get(key, []))) for key, sales in now.items()
    ]
    query = MetricQuery(("revenue",), ("item__category",), start=START, end=END, compare="year")
    assert db.ask(layer, query) == expected


def test_what_was_there_only_earlier_gives_no_row(db: Shop, layer: SemanticLayer) -> None:
    query = MetricQuery(
        ("orders",),
        ("order__status",),
        start=date(2024, 7, 1),
        end=date(2024, 8, 1),
        compare="month",
    )
    assert db.ask(layer, query) == [("completed", 1, None, None), ("o'brien", 1, None, None)]
    empty = MetricQuery(
        ("orders",), grain="month", start=date(2025, 1, 1), end=date(2025, 3, 1), compare="year"
    )
    assert db.ask(layer, empty) == []


def test_any_metric_can_be_compared(db: Shop, layer: SemanticLayer) -> None:
    query = MetricQuery(
        ("order_value", "year_revenue"), grain="quarter", start=START, end=END, compare="year"
    )
    now, then = (START, END), (date(2023, 1, 1), date(2023, 4, 1))
    values = []
    for bounds in (now, then):
        amount = total(inside(SALES, *bounds))
        assert amount is not None
        values.append((amount / len(inside(ORDERS, *bounds)), amount))
    (value, year), (value_then, year_then) = values
    expected = (
        "2024-01-01",
        *(round(value, 6), round(value_then, 6), grown(value, value_then)),
        *row(now=year, before=year_then),
    )
    assert db.ask(layer, query) == [expected]


def test_filters_hold_for_both_periods_and_growth_can_order(db: Shop, layer: SemanticLayer) -> None:
    query = MetricQuery(
        ("revenue",),
        ("item__category",),
        start=START,
        end=END,
        compare="year",
        filters=(MetricFilter("item__category", "in", ("tea", "cup")),),
        order=(MetricOrder("revenue_growth"),),
        limit=1,
    )
    assert db.ask(layer, query)[0][0] == "tea"


@pytest.mark.parametrize("bounds", [{}, {"start": START}, {"end": END}])
def test_a_comparison_of_totals_needs_a_range(layer: SemanticLayer, bounds: Any) -> None:
    with pytest.raises(InvalidRequestError, match="needs start and end") as wrong:
        layer.compile(MetricQuery(("revenue",), compare="year", **bounds), "duckdb")
    assert wrong.value.details["field"] == "compare"


def test_an_offset_finer_than_the_grain_is_refused(layer: SemanticLayer) -> None:
    query = MetricQuery(("revenue",), grain="year", start=START, end=END, compare="month")
    with pytest.raises(InvalidRequestError, match="by year cannot be compared"):
        layer.compile(query, "duckdb")
