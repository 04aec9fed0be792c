"""Metrics of every kind on every database, against figures counted by hand in Python."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from datus.errors import RefusalError
from datus.semantic import SemanticLayer
from datus.types import MetricFilter, MetricOrder, MetricQuery
from tests.semantic import shop
from tests.semantic.conftest import Shop

START, END = date(2024, 1, 1), date(2024, 4, 1)


@dataclass(frozen=True)
class Sale:
    """An order item with all that is known around it."""

    day: date | None
    category: str | None
    quantity: int
    amount: float | None
    status: str | None
    tier: str | None


@dataclass(frozen=True)
class Order:
    id: int
    day: date | None
    status: str | None
    customer: int | None
    tier: str | None
    store_region: str | None


TIERS = {row[0]: row[1] for row in shop.CUSTOMERS}
REGIONS = dict(shop.REGIONS)
STORE_REGION = {row[0]: REGIONS.get(row[2]) if row[2] else None for row in shop.STORES}


def day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


ORDERS = [
    Order(i, day(at), status, who, TIERS.get(who), STORE_REGION.get(where))  # type: ignore[arg-type]
    for i, who, where, status, at in shop.ORDERS
]
BY_ID = {order.id: order for order in ORDERS}
SALES = [
    Sale(BY_ID[o].day, category, n, amount, BY_ID[o].status, BY_ID[o].tier)
    for _, o, category, n, amount in shop.ITEMS
]


def inside(rows: Iterable[Any], start: date, end: date) -> list[Any]:
    return [row for row in rows if row.day is not None and start <= row.day < end]


def total(sales: Iterable[Sale]) -> float | None:
    amounts = [sale.amount for sale in sales if sale.amount is not None]
    return round(sum(amounts), 6) if amounts else None


def by(rows: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    # as answers are ordered: what is missing comes last
    return dict(sorted(groups.items(), key=lambda item: (item[0] is None, str(item[0]))))


def month(at: date | None) -> str | None:
    return at.replace(day=1).isoformat() if at else None


def monday(at: date | None) -> str | None:
    return (at - timedelta(days=at.weekday())).isoformat() if at else None


def test_every_aggregation(db: Shop, layer: SemanticLayer) -> None:
    amounts = [sale.amount for sale in SALES if sale.amount is not None]
    names = ("revenue", "units", "biggest_sale", "smallest_sale", "mean_sale", "dear_sales")
    assert db.ask(layer, MetricQuery(names)) == [
        (
            sum(amounts),
            sum(sale.quantity for sale in SALES),
            max(amounts),
            min(amounts),
            round(sum(amounts) / len(amounts), 6),
            sum(amount > 20 for amount in amounts),
        )
    ]


def test_counts_of_rows_and_of_distinct_values(db: Shop, layer: SemanticLayer) -> None:
    query = MetricQuery(("orders", "buyers"), ("store__region__region_name",))
    expected = [
        (region, len(rows), len({row.customer for row in rows if row.customer is not None}))
        for region, rows in by(ORDERS, lambda row: row.store_region).items()
    ]
    assert db.ask(layer, query) == expected


def test_median_where_there_is_one(db: Shop, layer: SemanticLayer) -> None:
    query = MetricQuery(("middle_sale",))
    if db.dialect in ("sqlite", "mysql"):
        with pytest.raises(RefusalError, match="no median or percentile") as refused:
            db.ask(layer, query)
        assert refused.value.code == "unanswerable"
    else:
        assert db.ask(layer, query) == [(13.5,)]


@pytest.mark.parametrize(
    ("grain", "cut"),
    [
        ("day", lambda at: at.isoformat() if at else None),
        ("week", monday),
        ("month", month),
        (
            "quarter",
            lambda at: (
                at.replace(month=(at.month - 1) // 3 * 3 + 1, day=1).isoformat() if at else None
            ),
        ),
        ("year", lambda at: at.replace(month=1, day=1).isoformat() if at else None),
    ],
)
def test_every_grain(db: Shop, layer: SemanticLayer, grain: Any, cut: Any) -> None:
    expected = [(key, len(rows)) for key, rows in by(ORDERS, lambda row: cut(row.day)).items()]
    assert db.ask(layer, MetricQuery(("orders",), grain=grain)) == expected


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2024, 1, 1), date(2024, 4, 1)),
        (date(2024, 1, 31), date(2024, 3, 31)),  # a last day whose orders are not all in
        (date(2023, 12, 31), date(2024, 1, 1)),
        (None, date(2024, 1, 1)),
        (date(2024, 3, 31), None),
        (date(1990, 1, 1), date(2090, 1, 1)),  # further than MetricFlow looks
    ],
)
def test_exactly_the_days_asked_for(
    db: Shop, layer: SemanticLayer, start: date | None, end: date | None
) -> None:
    rows = inside(ORDERS, start or date.min, end or date.max)
    by_month = [(key, len(found)) for key, found in by(rows, lambda r: month(r.day)).items()]
    assert db.ask(layer, MetricQuery(("orders",), grain="month", start=start, end=end)) == by_month


def test_ratio_is_a_fraction_and_zero_divides_to_nothing(db: Shop, layer: SemanticLayer) -> None:
    query = MetricQuery(("completed_share", "open_orders"), ("customer__tier",))
    expected = []
    for tier, rows in by(ORDERS, lambda row: row.tier).items():
        done = sum(row.status == "completed" for row in rows)
        expected.append((tier, round(done / len(rows), 6), len(rows) - done))
    assert db.ask(layer, query) == expected
    nothing = MetricQuery(("completed_share",), start=date(2020, 1, 1), end=date(2020, 2, 1))
    assert db.ask(layer, nothing) == [(None,)]


def test_ratio_over_two_tables(db: Shop, layer: SemanticLayer) -> None:
    query = MetricQuery(("order_value", "units_per_order"), grain="month", start=START, end=END)
    sold = by(inside(SALES, START, END), lambda row: month(row.day))
    ordered = by(inside(ORDERS, START, END), lambda row: month(row.day))
    expected = []
    for key, orders in ordered.items():
        amount = total(sold[key])
        units = sum(sale.quantity for sale in sold[key])
        value = None if amount is None else round(amount / len(orders), 6)
        expected.append((key, value, round(units / len(orders), 6)))
    assert db.ask(layer, query) == expected


def test_groups_of_tables_that_lack_each_others_rows(db: Shop, layer: SemanticLayer) -> None:
    sold = by(SALES, lambda row: month(row.day))
    joined = by(
        [Order(0, row[3], None, 0, None, None) for row in shop.CUSTOMERS], lambda r: month(r.day)
    )
    keys = sorted({*sold, *joined}, key=lambda key: (key is None, str(key)))
    expected = [
        (key, total(sold.get(key, [])), len(joined[key]) if key in joined else None) for key in keys
    ]
    assert db.ask(layer, MetricQuery(("revenue", "new_customers"), grain="month")) == expected


def test_offset(db: Shop, layer: SemanticLayer) -> None:
    months = [date(2024, m, 1) for m in (1, 2, 3)]
    totals = by(SALES, lambda row: month(row.day))
    expected = []
    for first in months:
        before = (first - timedelta(days=1)).replace(day=1)
        now, then = (total(totals.get(one.isoformat(), [])) for one in (first, before))
        change = None if now is None or not then else round((now - then) / then, 6)
        expected.append((first.isoformat(), change))
    assert (
        db.ask(layer, MetricQuery(("revenue_change",), grain="month", start=START, end=END))
        == expected
    )


def test_offset_to_grain(db: Shop, layer: SemanticLayer) -> None:
    totals = by(SALES, lambda row: month(row.day))
    january = total(totals["2024-01-01"])
    assert january is not None
    expected = []
    for m in (1, 2, 3):
        now = total(totals[date(2024, m, 1).isoformat()])
        expected.append((date(2024, m, 1).isoformat(), None if now is None else now - january))
    query = MetricQuery(("since_month_start",), grain="month", start=START, end=END)
    assert db.ask(layer, query) == expected


def test_window(db: Shop, layer: SemanticLayer) -> None:
    start, end = date(2024, 1, 2), date(2024, 2, 10)
    expected = []
    for offset in range((end - start).days):
        last = start + timedelta(days=offset)
        found = inside(SALES, last - timedelta(days=6), last + timedelta(days=1))
        if found:  # a day whose window has no rows has no figure
            expected.append((last.isoformat(), total(found)))
    query = MetricQuery(("week_revenue",), grain="day", start=start, end=end)
    assert db.ask(layer, query) == expected


def test_windows_of_what_cannot_be_added_up(db: Shop, layer: SemanticLayer) -> None:
    """A buyer of two days is one buyer; the mean of days is not the mean of sales."""
    start, end = date(2024, 1, 20), date(2024, 3, 5)
    expected = []
    for offset in range((end - start).days):
        last = start + timedelta(days=offset)
        window = (last - timedelta(days=30), last + timedelta(days=1))
        orders, sales = inside(ORDERS, *window), inside(SALES, *window)
        buyers = len({order.customer for order in orders if order.customer is not None})
        amounts = [sale.amount for sale in sales if sale.amount is not None]
        mean = round(sum(amounts) / len(amounts), 6) if amounts else None
        if orders or sales:
            expected.append((last.isoformat(), buyers, mean))
    query = MetricQuery(("recent_buyers", "recent_mean"), grain="day", start=start, end=end)
    assert db.ask(layer, query) == expected


def test_year_to_date_ends_with_the_data(db: Shop, layer: SemanticLayer) -> None:
    last = max(sale.day for sale in SALES if sale.day)
    expected = []
    for m in range(1, last.month + 1):
        following = date(2024, m + 1, 1)
        expected.append((date(2024, m, 1).isoformat(), total(inside(SALES, START, following))))
    query = MetricQuery(("year_revenue",), grain="month", start=START, end=date(2025, 1, 1))
    assert db.ask(layer, query) == expected


def test_year_to_date_by_dimension(db: Shop, layer: SemanticLayer) -> None:
    expected = []
    for first, following in (
        (date(2024, 1, 1), date(2024, 4, 1)),
        (date(2024, 4, 1), date(2024, 7, 1)),
    ):
        found = by(inside(SALES, START, following), lambda row: row.category)
        expected += [(first.isoformat(), key, total(rows)) for key, rows in found.items()]
    query = MetricQuery(
        ("year_revenue",), ("item__category",), grain="quarter", start=START, end=date(2024, 7, 1)
    )
    assert db.ask(layer, query) == expected


def test_running_total(db: Shop, layer: SemanticLayer) -> None:
    expected = [
        (date(2024, m, 1).isoformat(), total(inside(SALES, date.min, date(2024, m, 2))))
        for m in (1, 2, 3)
    ]
    query = MetricQuery(("running_revenue",), grain="month", start=START, end=END)
    assert db.ask(layer, query) == expected
    to_date = MetricQuery(("running_revenue",), start=date(2024, 2, 1), end=END)
    assert db.ask(layer, to_date) == [(total(inside(SALES, date.min, END)),)]


@pytest.mark.parametrize("bounds", [{"start": START, "end": date(2024, 9, 1)}, {}])
def test_empty_periods_are_filled(db: Shop, layer: SemanticLayer, bounds: Any) -> None:
    days = [order.day for order in ORDERS if order.day]
    first = bounds.get("start", min(days))
    end = bounds.get("end", max(days) + timedelta(days=1))
    counts = by(inside(ORDERS, first, end), lambda row: month(row.day))
    expected, at = [], first.replace(day=1)
    while at < end:
        expected.append((at.isoformat(), len(counts.get(at.isoformat(), []))))
        at = (at + timedelta(days=31)).replace(day=1)
    assert db.ask(layer, MetricQuery(("filled_orders",), grain="month", **bounds)) == expected


def test_dimension_over_two_joins_and_time(db: Shop, layer: SemanticLayer) -> None:
    query = MetricQuery(
        ("revenue",), ("order__customer__tier",), grain="quarter", start=START, end=END
    )
    expected = [
        ("2024-01-01", tier, total(rows))
        for tier, rows in by(inside(SALES, START, END), lambda row: row.tier).items()
    ]
    assert db.ask(layer, query) == expected


def test_time_dimension_at_a_grain(db: Shop, layer: SemanticLayer) -> None:
    signed = {row[0]: row[3] for row in shop.CUSTOMERS}
    found = by(ORDERS, lambda row: month(signed.get(row.customer)))
    expected = sorted(
        ((key, len(rows)) for key, rows in found.items()),
        key=lambda row: (-row[1], row[0] is None, row[0]),
    )[:2]
    query = MetricQuery(
        ("orders",), ("customer__signed_up__month",), order=(MetricOrder("orders", True),), limit=2
    )
    assert db.ask(layer, query) == expected


FILTERS: list[tuple[MetricFilter, Callable[[Order], bool]]] = [
    (MetricFilter("order__status", "=", ("completed",)), lambda o: o.status == "completed"),
    (MetricFilter("order__status", "=", ("o'brien",)), lambda o: o.status == "o'brien"),
    (
        MetricFilter("order__status", "!=", ("completed",)),
        lambda o: o.status not in ("completed", None),
    ),
    (
        MetricFilter("order__status", "in", ("completed", "returned")),
        lambda o: o.status in ("completed", "returned"),
    ),
    (
        MetricFilter("order__status", "not in", ("completed", "returned")),
        lambda o: o.status not in ("completed", "returned", None),
    ),
    (
        MetricFilter("order__status", ">=", ("d",)),
        lambda o: o.status is not None and o.status >= "d",
    ),
    (MetricFilter("customer__tier", "=", ("gold",)), lambda o: o.tier == "gold"),
    (
        MetricFilter("store__region__region_name", "=", ("South",)),
        lambda o: o.store_region == "South",
    ),
    (
        MetricFilter("order__ordered_at", "<", ("2024-01-31",)),
        lambda o: o.day is not None and o.day < date(2024, 1, 31),
    ),
    (MetricFilter("order__ordered_at", "=", ("2024-01-31",)), lambda o: o.day == date(2024, 1, 31)),
]


@pytest.mark.parametrize(
    ("condition", "holds"), FILTERS, ids=[str(condition)[:60] for condition, _ in FILTERS]
)
def test_filters(
    db: Shop, layer: SemanticLayer, condition: MetricFilter, holds: Callable[[Order], bool]
) -> None:
    found = db.ask(layer, MetricQuery(("orders",), filters=(condition,)))
    assert (found[0][0] or 0) == sum(map(holds, ORDERS))


def test_any_text_is_only_a_value(db: Shop, layer: SemanticLayer) -> None:
    texts = (
        "'; DROP TABLE orders; --",
        "{{ 7 * 7 }}",
        "\\",
        "a\\' OR 1=1",
        "datus_value_0_1",
        "%s",
        "é\n🙂",
    )
    condition = MetricFilter("order__status", "in", (*texts, "completed"))
    done = sum(order.status == "completed" for order in ORDERS)
    assert db.ask(layer, MetricQuery(("orders",), filters=(condition,))) == [(done,)]


@pytest.mark.parametrize("descending", [True, False])
def test_order_and_limit(db: Shop, layer: SemanticLayer, descending: bool) -> None:
    groups = by(SALES, lambda row: row.category)
    totals = sorted(
        ((key, total(rows)) for key, rows in groups.items()),
        key=lambda row: -row[1] if descending else row[1],  # type: ignore[operator]
    )
    order = (MetricOrder("revenue", descending),)
    query = MetricQuery(("revenue",), ("item__category",), order=order, limit=2)
    assert db.ask(layer, query) == totals[:2]
