"""Time expressions against spans that other calendar code computes (the standard library's)."""

import calendar
import time
from datetime import date, timedelta

import pytest

from datus.dates import DateSettings, find_time_ranges

TODAY = date(2025, 3, 19)  # a Wednesday
Span = tuple[date | None, date | None]


def days(first: date, count: int = 1) -> Span:
    return first, first + timedelta(days=count)


def months(year: int, month: int, count: int = 1) -> Span:
    """``count`` months, their days added up month by month."""
    first, total = date(year, month, 1), 0
    for _ in range(count):
        total += calendar.monthrange(year, month)[1]
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return days(first, total)


def spans(text: str, today: date = TODAY, settings: DateSettings | None = None) -> list[Span]:
    return [(r.start, r.end) for r in find_time_ranges(text, today=today, settings=settings)]


MONDAY = date.fromisocalendar(*TODAY.isocalendar()[:2], 1)
TOMORROW = TODAY + timedelta(days=1)

ONE_RANGE: list[tuple[str, Span]] = [
    # days
    ("orders placed today", days(TODAY)),
    ("昨日訂單數", days(TODAY - timedelta(days=1))),
    ("the day before yesterday", days(TODAY - timedelta(days=2))),
    ("大前天", days(TODAY - timedelta(days=3))),
    ("orders on 2024-02-29", days(date(2024, 2, 29))),
    ("on 2024/2/9", days(date(2024, 2, 9))),
    ("20240229", days(date(2024, 2, 29))),
    ("on 25/11/2024", days(date(2024, 11, 25))),
    ("11.05.2024", days(date(2024, 5, 11))),
    ("Nov. 3rd, 2024", days(date(2024, 11, 3))),
    ("the 3rd of November, 2024", days(date(2024, 11, 3))),
    ("3 November 2024", days(date(2024, 11, 3))),
    ("February 29", days(date(2024, 2, 29))),
    ("２０２４年１１月３日", days(date(2024, 11, 3))),
    ("二〇二四年十二月三十一日", days(date(2024, 12, 31))),
    ("5月20号", days(date(2024, 5, 20))),
    ("上月28日", days(date(2025, 2, 28))),
    ("twenty-one days ago", days(TODAY - timedelta(days=21))),
    ("去年的今天", days(date(2024, 3, 19))),
    ("last Friday", days(date(2025, 3, 14))),
    ("last Wednesday", days(date(2025, 3, 12))),
    ("上週五", days(MONDAY - timedelta(days=3))),
    ("本周日", days(MONDAY + timedelta(days=6))),
    # weeks
    ("this week", days(MONDAY, 7)),
    ("上上周", days(MONDAY - timedelta(days=14), 7)),
    ("3 weeks ago", days(MONDAY - timedelta(days=21), 7)),
    ("this weekend", days(MONDAY + timedelta(days=5), 2)),
    ("上周末", days(MONDAY - timedelta(days=2), 2)),
    ("week 1 of 2024", days(date.fromisocalendar(2024, 1, 1), 7)),
    ("2024年第52周", days(date.fromisocalendar(2024, 52, 1), 7)),
    ("the week of Nov 3rd", days(date(2024, 10, 28), 7)),
    ("2024年11月3日那周", days(date(2024, 10, 28), 7)),
    # months
    ("revenue of last month", months(2025, 2)),
    ("December sales", months(2024, 12)),
    ("in March", months(2025, 3)),
    ("in April", months(2024, 4)),
    ("last March", months(2024, 3)),
    ("Sept 2024", months(2024, 9)),
    ("Mar '24", months(2024, 3)),
    ("2024-09", months(2024, 9)),
    ("去年12月", months(2024, 12)),
    ("24年11月", months(2024, 11)),
    ("十一月份", months(2024, 11)),
    ("14 months ago", months(2024, 1)),
    ("same month last year", months(2024, 3)),
    ("上个月", months(2025, 2)),
    ("去年同月", months(2024, 3)),
    ("11月中旬", days(date(2024, 11, 11), 10)),
    ("2024年2月下旬", days(date(2024, 2, 21), 9)),
    # quarters, halves, years
    ("Q3'24", months(2024, 7, 3)),
    ("3Q24", months(2024, 7, 3)),
    ("2024-Q3", months(2024, 7, 3)),
    ("the third quarter of last year", months(2024, 7, 3)),
    ("last year's Q3", months(2024, 7, 3)),
    ("Q2", months(2024, 4, 3)),
    ("二零二四年四季度", months(2024, 10, 3)),
    ("上個季度的銷售額", months(2024, 10, 3)),
    ("this quarter", months(2025, 1, 3)),
    ("H2 2024", months(2024, 7, 6)),
    ("second half of 2024", months(2024, 7, 6)),
    ("下半年", months(2024, 7, 6)),
    ("revenue in 2024 by region", months(2024, 1, 12)),
    ("fiscal year 2024", months(2024, 1, 12)),
    ("2024财年", months(2024, 1, 12)),
    ("大前年", months(2022, 1, 12)),
    ("the year before last", months(2023, 1, 12)),
    ("十年前", months(2015, 1, 12)),
    ("in the 1990s", months(1990, 1, 120)),
    # windows
    ("past 7 days", days(TODAY - timedelta(days=6), 7)),
    ("近30日日活", days(TODAY - timedelta(days=29), 30)),
    ("past 90d", days(TODAY - timedelta(days=89), 90)),
    ("trailing 12 months", (date(2024, 3, 20), TOMORROW)),
    ("过去半年", (date(2024, 9, 20), TOMORROW)),
    ("过去的两年", (date(2023, 3, 20), TOMORROW)),
    ("last 3 full months", months(2024, 12, 3)),
    ("the last complete quarter", months(2024, 10, 3)),
    ("最近三个季度", months(2024, 4, 9)),
    ("过去两个完整周", days(MONDAY - timedelta(days=14), 14)),
    ("last 6 months excluding the current month", months(2024, 9, 6)),
    (
        "in each of the last 2 weeks (not including the current week)",
        days(MONDAY - timedelta(days=14), 14),
    ),
    ("last week (exclusive of the current week)", days(MONDAY - timedelta(days=7), 7)),
    ("past 7 days, inclusive of today", days(TODAY - timedelta(days=6), 7)),
    ("past month, inclusive of 1 month ago", (date(2025, 2, 19), TOMORROW)),
    ("past week, inclusive of 7 days ago", days(TODAY - timedelta(days=7), 8)),
    ("between 2023-06-01 inclusive and 2023-06-08 exclusive", days(date(2023, 6, 1), 7)),
    ("between 2023-06-01 and 2023-06-08 (inclusive of both dates)", days(date(2023, 6, 1), 8)),
    ("近三个月（不含本月）", months(2024, 12, 3)),
    ("过去6个月不包括当月", months(2024, 9, 6)),
    ("orders in the last 3 months, including tax", (date(2024, 12, 20), TOMORROW)),
    ("QTD revenue", (date(2025, 1, 1), TOMORROW)),
    ("so far this month", (date(2025, 3, 1), TOMORROW)),
    ("年初至今", (date(2025, 1, 1), TOMORROW)),
    ("自月初以来", (date(2025, 3, 1), TOMORROW)),
    ("去年同期", (date(2024, 1, 1), date(2024, 3, 20))),
    ("上月同期", (date(2025, 2, 1), date(2025, 2, 20))),
    # sides
    ("since October 2024", (date(2024, 10, 1), TOMORROW)),
    ("since the beginning of the year", (date(2025, 1, 1), TOMORROW)),
    ("from 2024-06-01 onwards", (date(2024, 6, 1), TOMORROW)),
    ("on or after 2024-06-01", (date(2024, 6, 1), TOMORROW)),
    ("从2024年3月开始", (date(2024, 3, 1), TOMORROW)),
    ("2024年3月至今", (date(2024, 3, 1), TOMORROW)),
    ("before March 2024", (None, date(2024, 3, 1))),
    ("2024年以前", (None, date(2024, 1, 1))),
    ("as of 2024-12-31", (None, date(2025, 1, 1))),
    ("截至2024年底", (None, date(2025, 1, 1))),
    ("after 2023", (date(2024, 1, 1), None)),
    ("2023年之后", (date(2024, 1, 1), None)),
    # from here to there
    ("from Nov 5 to 20, 2024", days(date(2024, 11, 5), 16)),
    ("between 5 and 20 November 2024", days(date(2024, 11, 5), 16)),
    ("5-20 November 2024", days(date(2024, 11, 5), 16)),
    ("2024年11月5日至20日", days(date(2024, 11, 5), 16)),
    ("from 2024-11-05 to 11-20", days(date(2024, 11, 5), 16)),
    ("2024/01~2024/03", months(2024, 1, 3)),
    ("Jan-Mar 2024", months(2024, 1, 3)),
    ("2024年1-3月", months(2024, 1, 3)),
    ("去年10月—12月", months(2024, 10, 3)),
    ("from November to February", months(2024, 11, 4)),
    ("from Nov to Feb 2024", months(2023, 11, 4)),
    ("2023年12月到2月", months(2023, 12, 3)),
    ("Q1-Q3 2024", months(2024, 1, 9)),
    ("2024年一季度到三季度", months(2024, 1, 9)),
    ("2021-2023", months(2021, 1, 36)),
    ("between 2021 and 2023", months(2021, 1, 36)),
    ("2021到2023年", months(2021, 1, 36)),
    ("from Q4 2022 to Q2 2023", months(2022, 10, 9)),
    ("from the start of 2024 until the end of March", months(2024, 1, 3)),
    ("between last Monday and yesterday", (date(2025, 3, 17), TODAY)),
    # parts of
    ("first 3 months of 2024", months(2024, 1, 3)),
    ("the last day of February 2024", days(date(2024, 2, 29))),
    ("the last quarter of 2024", months(2024, 10, 3)),
    ("last day of the month", days(date(2025, 3, 31))),
    ("去年最后一个月", months(2024, 12)),
    ("2024年前三季度", months(2024, 1, 9)),
    ("2024年前两个月", months(2024, 1, 2)),
    ("the 7 days before Nov 11", days(date(2024, 11, 4), 7)),
    ("3 days before Christmas 2024", days(date(2024, 12, 22))),
    ("two weeks after 2024-03-01", days(date(2024, 3, 15))),
    ("11月11日前7天", days(date(2024, 11, 4), 7)),
    ("双十一之后的7天", days(date(2024, 11, 12), 7)),
    # fixed holidays
    ("Thanksgiving 2024", days(date(2024, 11, 28))),
    ("last Black Friday", days(date(2024, 11, 29))),
    ("2024年双十二", days(date(2024, 12, 12))),
    # numbers beside a time
    ("2024年前10名客户", months(2024, 1, 12)),
    ("2024年前端订单", months(2024, 1, 12)),
    ("去年每月销售额", months(2024, 1, 12)),
    ("orders by week of 2024", months(2024, 1, 12)),
    ("in 2024 with 2000 orders", months(2024, 1, 12)),
    ("In March, 2000 customers ordered", months(2025, 3)),
    ("本周日均销售额", days(MONDAY, 7)),
]


@pytest.mark.parametrize(("text", "span"), ONE_RANGE)
def test_one_range(text: str, span: Span) -> None:
    assert spans(text) == [span]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Q1 and Q2 of 2023", [months(2023, 1, 3), months(2023, 4, 3)]),
        ("Q1 2024 vs Q1 2023", [months(2024, 1, 3), months(2023, 1, 3)]),
        ("in 2022, 2023 and 2024", [months(y, 1, 12) for y in (2022, 2023, 2024)]),
        ("2022、2023年", [months(2022, 1, 12), months(2023, 1, 12)]),
        ("2023年三月和四月", [months(2023, 3), months(2023, 4)]),
        ("上月和本月", [months(2025, 2), months(2025, 3)]),
        ("2024年第三季度与去年同期", [months(2024, 7, 3), months(2023, 7, 3)]),
        ("Q3 2024 and the same period last year", [months(2024, 7, 3), months(2023, 7, 3)]),
    ],
)
def test_several_ranges(text: str, expected: list[Span]) -> None:
    assert spans(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Show me monthly revenue by product category",
        "按产品类别统计每月销售额",
        # impossible
        "Feb 30 2024", "2023-02-29", "2024年2月30日", "2024年13月", "Q5 2024", "上月31日",
        "from 2024-12-01 to 2024-01-01", "week 54 of 2024", "99999 days ago", "9999年前",
        # not certain
        "5/11/2024", "early 2024", "late 2023 orders", "next Friday", "最近订单", "half a year ago",
        "the first week of March 2024", "the last day of each month", "去年年底", "近两年半", "前7天",
        # days that no calendar tells for certain
        "2035年国庆假期", "2024年七夕", "Ramadan 2024", "Labor Day 2024",
        # comparisons, not ranges
        "同比增长", "环比", "year over year growth", "MoM change",
        # words that only look like time
        "which employees may leave", "the march of progress", "last name and first name",
        "last 5 orders", "top 10 customers", "最近一次订单", "同时在线人数", "second highest salary",
        # numbers that are no years
        "more than 2000 customers", "from 2000 to 3000 dollars", "between 2000 and 5000",
        "a capacity of 2000", "orders over 2020", "SKU 2023", "price 2023.50", "2,023 items",
    ],
)  # fmt: skip
def test_nothing_is_guessed(text: str) -> None:
    assert spans(text) == []


@pytest.mark.parametrize(
    ("settings", "text", "span"),
    [
        (DateSettings(week_start=6), "this week", days(date(2025, 3, 16), 7)),
        (DateSettings(includes_today=False), "past 7 days", days(TODAY - timedelta(days=7), 7)),
        (DateSettings(rolling=False), "past 3 months", months(2024, 12, 3)),
        (DateSettings(rolling=False), "past 3 days", days(TODAY - timedelta(days=2), 3)),
        (DateSettings(fiscal_year_start=4), "FY25", months(2024, 4, 12)),
        (DateSettings(fiscal_year_start=4), "Q1 FY25", months(2024, 4, 3)),
        (DateSettings(fiscal_year_start=10), "H2 FY2025", months(2025, 4, 6)),
        (DateSettings(fiscal_year_start=4), "last fiscal year", months(2023, 4, 12)),
        (DateSettings(fiscal_year_start=4), "2024", months(2024, 1, 12)),
        (DateSettings(day_first=True), "on 5/11/2024", days(date(2024, 11, 5))),
        (DateSettings(day_first=False), "on 5/11/2024", days(date(2024, 5, 11))),
        (DateSettings(country="US"), "Labor Day 2024", days(date(2024, 9, 2))),
        (DateSettings(country="US"), "Labor Day weekend 2024", days(date(2024, 8, 31), 3)),
        (DateSettings(country="CN"), "Labor Day holiday 2024", days(date(2024, 5, 1), 5)),
        (DateSettings(country="GB"), "Christmas holiday 2023", days(date(2023, 12, 23), 4)),
        (DateSettings(country="US"), "Independence Day 2024", days(date(2024, 7, 4))),
        (DateSettings(country="US"), "2024年春节", days(date(2024, 2, 10))),
        (DateSettings(fiscal_year_start=10), "fiscal Q1", months(2024, 10, 3)),
        (DateSettings(fiscal_year_start=10), "fiscal Q1 2024", months(2023, 10, 3)),
        (DateSettings(fiscal_year_start=2), "this fiscal quarter", months(2025, 2, 3)),
        (DateSettings(fiscal_year_start=7), "FYTD", (date(2024, 7, 1), TOMORROW)),
        (DateSettings(week_start=6), "the first week of September 2024", days(date(2024, 9, 1), 7)),
    ],
)
def test_conventions_are_settings(settings: DateSettings, text: str, span: Span) -> None:
    assert spans(text, settings=settings) == [span]


def test_words_and_span_are_the_callers_own() -> None:
    text = "Ｓａｌｅｓ ﬁgures：上個月 的銷售額，Q３ ２０２３？"
    first, second = find_time_ranges(text, today=TODAY)
    assert (first.words, second.words) == ("上個月", "Q３ ２０２３")
    for found in (first, second):
        assert text[slice(*found.span)] == found.words


def test_grain_is_the_unit_that_was_said() -> None:
    said = ["today", "last week", "past 3 months", "Q2 2024", "since 2021", "H1 2024"]
    found = [find_time_ranges(text, today=TODAY)[0].grain for text in said]
    assert found == ["day", "week", "month", "quarter", "year", "quarter"]


def test_a_question_takes_less_than_a_millisecond() -> None:
    question = (
        "按地区统计2023年第三季度和去年同期的销售额, plus last 3 full months versus Q3 of last year"
    )
    find_time_ranges(question, today=TODAY)
    best = float("inf")
    for _ in range(20):
        begin = time.perf_counter()
        find_time_ranges(question, today=TODAY)
        best = min(best, time.perf_counter() - begin)
    assert best < 0.002  # twice the goal, for a busy machine


def test_a_long_text_is_read_in_time() -> None:
    begin = time.perf_counter()
    find_time_ranges("from 2021 to " * 2000 + "二〇" * 2000 + "1 and 2 to " * 2000, today=TODAY)
    assert time.perf_counter() - begin < 2


@pytest.mark.parametrize(
    "unit",
    [
        "三",
        "百",
        "第三",
        "week of ",
        "first week of ",
        "1 to ",
        "1-2-",
        "month of ",
        "2023, ",
        "近三",
    ],
)
def test_a_text_without_end_or_sense_ends_well(unit: str) -> None:
    text = (unit * 8_000)[:8_000]
    find_time_ranges(text, today=TODAY)
    # What was said before it is still read.
    assert find_time_ranges(f"orders in 2022 of customers {text}", today=TODAY)[0].words == "2022"
