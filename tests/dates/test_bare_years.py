"""Years of which only their place tells, and comparisons that set two periods side by side."""

from datetime import date

import pytest

from datus.dates import read_times
from datus.types import Grain

TODAY = date(2025, 3, 19)


@pytest.mark.parametrize(
    "text",
    [
        "2023 orders by country",
        "2023 cancelled orders by country",
        "2023 top 5 stores by visits",
        "2023 monthly visits",
        "visits by month, 2023",
        "visits by month 2023?",
        "visits by month: 2023",
        "visits by country (2023)",
        "visits 2023",
        "visits by store 2023",
        "2023订单量",
        "2023各渠道订单量",
        "订单量 2023",
        "订单量按月，2023",
    ],
)
def test_a_bare_year_begins_or_ends_a_heading(text: str) -> None:
    ranges = read_times(text, today=TODAY).ranges
    assert [(r.words, r.start, r.end) for r in ranges] == [
        ("2023", date(2023, 1, 1), date(2024, 1, 1))
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2023 customers",
        "2010 customers have ordered",
        "2010 customers signed up by channel",
        "2010 or more visits by store",
        "2000 visits by store",
        "visits 2030",
        "2027 visits by store",
        "more than 2010",
        "stores with visits over 2015",
        "top 2010",
        "order id 2023",
        "visits at store 2019",
        "the code is 2019",
        "products with weight 2010",
        "games after season 2007",
        "2023名学生",
        "订单号2023",
        "订单量大于2019",
        "前2019",
    ],
)
def test_a_count_a_bound_or_a_name_is_no_year(text: str) -> None:
    assert read_times(text, today=TODAY).ranges == ()


def test_next_year_is_the_last_bare_one() -> None:
    assert read_times("visits by store, 2026", today=TODAY).ranges
    assert not read_times("visits by store, 2027", today=TODAY).ranges


COMPARED: list[tuple[str, Grain | None]] = [
    ("sales in March 2024 next to the same month a year earlier", "year"),
    ("sales in 2024 beside the year before", "year"),
    ("sales in Q1 2024 alongside the same quarter a year earlier", "year"),
    ("sales in 2024 side by side with the prior period", None),
    ("sales in March 2024 set against the month before", "month"),
    ("sales this quarter with last quarter side by side", "quarter"),
    ("2024年销售额与去年同期并列", "year"),
    ("上个月销售额和去年同期放在一起看", "year"),
    ("上月订单量对照去年同期", "year"),
]


@pytest.mark.parametrize(("text", "offset"), COMPARED)
def test_side_by_side_is_a_comparison(text: str, offset: Grain | None) -> None:
    read = read_times(text, today=TODAY)
    assert [each.offset for each in read.comparisons] == [offset]
    assert len(read.ranges) == 1


@pytest.mark.parametrize(
    "text",
    [
        "visits alongside sales in 2024",
        "stores next to the station in 2024",
        "sales in the next to last month",
        "站点并列的门店",
    ],
)
def test_beside_a_thing_is_none(text: str) -> None:
    assert read_times(text, today=TODAY).comparisons == ()


def test_months_of_active_users_keep_their_month() -> None:
    ranges = read_times("上个月活跃用户", today=TODAY).ranges
    assert [(r.words, r.start) for r in ranges] == [("上个月", date(2025, 2, 1))]
    assert read_times("月活用户", today=TODAY).ranges == ()
