"""Time expressions and the spans that they mean, computed without the code under test.

Every expectation is a call into `Almanac`, which builds on the standard library and dateutil, so that it holds
for any day that is today.
"""

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

Span = tuple[date | None, date | None]

DAY = timedelta(days=1)
MONDAY, TUESDAY, FRIDAY, SUNDAY = 0, 1, 4, 6

TODAYS = (
    date(2024, 1, 15),  # a Monday
    date(2024, 2, 29),  # a leap day
    date(2023, 12, 31),  # a Sunday, the last day of a year
    date(2025, 1, 1),  # the first day of a year
    date(2025, 3, 31),  # a Monday, the last day of a quarter
    date(2026, 7, 5),  # a Sunday
)


class Almanac:
    """Spans ``[start, end)`` as one counts them on a wall calendar."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.year = today.year
        self.tomorrow = today + DAY

    def on(self, year: int, month: int, day: int) -> Span:
        first = date(year, month, day)
        return first, first + DAY

    def ago(self, days: int) -> Span:
        day = self.today - timedelta(days=days)
        return day, day + DAY

    def to(self, first: date, last: date) -> Span:
        """From the one to the other, both included."""
        return first, last + DAY

    def month(self, year: int, month: int, count: int = 1) -> Span:
        first, total = date(year, month, 1), 0
        for _ in range(count):
            total += monthrange(year, month)[1]
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        return first, first + timedelta(days=total)

    def quarter(self, year: int, number: int, count: int = 1) -> Span:
        return self.month(year, 1 + 3 * (number - 1), 3 * count)

    def years(self, first: int, last: int | None = None) -> Span:
        return date(first, 1, 1), date((last or first) + 1, 1, 1)

    def month_from_now(self, offset: int, count: int = 1) -> Span:
        first = self.today + relativedelta(months=offset)
        return self.month(first.year, first.month, count)

    def quarter_from_now(self, offset: int, count: int = 1) -> Span:
        first = self.today + relativedelta(months=3 * offset)
        return self.quarter(first.year, (first.month + 2) // 3, count)

    def week_from_now(self, offset: int, count: int = 1) -> Span:
        first = date.fromisocalendar(*self.today.isocalendar()[:2], 1) + timedelta(weeks=offset)
        return first, first + timedelta(weeks=count)

    def in_week(self, offset: int, weekday: int, last: int | None = None) -> Span:
        monday = self.week_from_now(offset)[0]
        assert monday is not None
        return self.to(monday + weekday * DAY, monday + (weekday if last is None else last) * DAY)

    def before_today(self, weekday: int) -> date:
        """The latest such weekday before today."""
        return next(
            d for d in (self.today - n * DAY for n in range(1, 8)) if d.weekday() == weekday
        )

    def back(self, **length: int) -> Span:
        """So much that ends with today."""
        return self.tomorrow - relativedelta(**length), self.tomorrow  # type: ignore[arg-type]

    def since(self, year: int, month: int = 1, day: int = 1) -> Span:
        return date(year, month, day), self.tomorrow

    def before(self, year: int, month: int = 1, day: int = 1) -> Span:
        return None, date(year, month, day)

    def after(self, span: Span) -> Span:
        return span[1], None

    def until(self, span: Span) -> Span:
        return None, span[1]

    def latest(self, make: Callable[[int], Span]) -> Span:
        """The latest that has begun."""
        for year in range(self.year + 1, self.year - 9, -1):
            try:
                span = make(year)
            except ValueError:
                continue
            if span[0] is not None and span[0] <= self.today:
                return span
        raise AssertionError

    def nth(self, year: int, month: int, weekday: int, n: int) -> Span:
        """The n-th such weekday of a month; -1 is the last."""
        days = [date(year, month, d + 1) for d in range(monthrange(year, month)[1])]
        day = [d for d in days if d.weekday() == weekday][n - 1 if n > 0 else n]
        return day, day + DAY

    def week_with(self, year: int, month: int, day: int) -> Span:
        monday = date.fromisocalendar(*date(year, month, day).isocalendar()[:2], 1)
        return monday, monday + timedelta(days=7)

    def last_year_to_date(self) -> Span:
        return date(self.year - 1, 1, 1), self.today - relativedelta(years=1) + DAY


Row = tuple[str, Callable[[Almanac], Span]]

ENGLISH: tuple[Row, ...] = (
    # days
    ("signups tomorrow", lambda a: a.ago(-1)),
    ("the day after tomorrow", lambda a: a.ago(-2)),
    ("45 days ago", lambda a: a.ago(45)),
    ("two weeks ago today", lambda a: a.ago(14)),
    ("orders of 2023-11-05", lambda a: a.on(2023, 11, 5)),
    ("on 20231105", lambda a: a.on(2023, 11, 5)),
    ("on 2023/11/05", lambda a: a.on(2023, 11, 5)),
    ("on 31/12/2023", lambda a: a.on(2023, 12, 31)),
    ("on 12/31/2023", lambda a: a.on(2023, 12, 31)),
    ("5 Nov 2023", lambda a: a.on(2023, 11, 5)),
    ("Nov 5th, 2023", lambda a: a.on(2023, 11, 5)),
    ("the 5th of November 2023", lambda a: a.on(2023, 11, 5)),
    ("Sunday, November 5, 2023", lambda a: a.on(2023, 11, 5)),
    ("Sun. Nov 5 2023", lambda a: a.on(2023, 11, 5)),
    ("2023-11-05 (Sunday)", lambda a: a.on(2023, 11, 5)),
    ("December 31st", lambda a: a.latest(lambda y: a.on(y, 12, 31))),
    ("on Feb 29", lambda a: a.latest(lambda y: a.on(y, 2, 29))),
    ("the 3rd of last month", lambda a: a.to(a.month_from_now(-1)[0] + 2 * DAY, a.month_from_now(-1)[0] + 2 * DAY)),
    ("last Tuesday", lambda a: (a.before_today(TUESDAY), a.before_today(TUESDAY) + DAY)),
    ("Friday of last week", lambda a: a.in_week(-1, FRIDAY)),
    ("this week's Friday", lambda a: a.in_week(0, FRIDAY)),
    ("the first Monday of March 2024", lambda a: a.nth(2024, 3, MONDAY, 1)),
    ("last Friday of February 2024", lambda a: a.nth(2024, 2, FRIDAY, -1)),
    ("the second Tuesday in November 2023", lambda a: a.nth(2023, 11, TUESDAY, 2)),
    ("the last Sunday of last month", lambda a: a.nth(*(a.today - relativedelta(months=1)).timetuple()[:2], SUNDAY, -1)),
    ("the last day of February 2023", lambda a: a.on(2023, 2, 28)),
    ("the last day of last year", lambda a: a.on(a.year - 1, 12, 31)),
    ("the day before Christmas 2023", lambda a: a.on(2023, 12, 24)),
    ("the day after 2024-02-28", lambda a: a.on(2024, 2, 29)),
    ("10 days before 2024-03-05", lambda a: a.on(2024, 2, 24)),
    ("three weeks after Nov 5, 2023", lambda a: a.on(2023, 11, 26)),
    ("5-Nov-2023", lambda a: a.on(2023, 11, 5)),
    ("2023-Nov-05", lambda a: a.on(2023, 11, 5)),
    ("1/13/23", lambda a: a.on(2023, 1, 13)),
    ("5. November 2023", lambda a: a.on(2023, 11, 5)),
    ("this day last year", lambda a: (a.today - relativedelta(years=1), a.today - relativedelta(years=1) + DAY)),
    ("60 to 30 days ago", lambda a: a.to(a.today - 60 * DAY, a.today - 30 * DAY)),
    ("from the 1st to the 10th of last month", lambda a: a.to(a.month_from_now(-1)[0], a.month_from_now(-1)[0] + 9 * DAY)),
    ("between Monday and Wednesday last week", lambda a: a.in_week(-1, MONDAY, 2)),
    # weeks
    ("weeks 1-4 of 2024", lambda a: a.to(date(2024, 1, 1), date(2024, 1, 28))),
    ("the week before last", lambda a: a.week_from_now(-2)),
    ("next week", lambda a: a.week_from_now(1)),
    ("three weeks ago", lambda a: a.week_from_now(-3)),
    ("the week of March 4, 2024", lambda a: a.week_with(2024, 3, 4)),
    ("week of 2024-03-10", lambda a: a.week_with(2024, 3, 10)),
    ("Christmas week 2023", lambda a: a.week_with(2023, 12, 25)),
    ("week 7 of 2024", lambda a: (date.fromisocalendar(2024, 7, 1), date.fromisocalendar(2024, 8, 1))),
    ("2024-W07", lambda a: (date.fromisocalendar(2024, 7, 1), date.fromisocalendar(2024, 8, 1))),
    ("the week ending Nov 5, 2023", lambda a: a.to(date(2023, 10, 30), date(2023, 11, 5))),
    ("the week starting November 8 2023", lambda a: a.to(date(2023, 11, 8), date(2023, 11, 14))),
    ("the first week of April 2024", lambda a: a.to(date(2024, 4, 1), date(2024, 4, 7))),  # from a Monday
    # months
    ("the month before last", lambda a: a.month_from_now(-2)),
    ("five months ago", lambda a: a.month_from_now(-5)),
    ("next month", lambda a: a.month_from_now(1)),
    ("in the month of May 2023", lambda a: a.month(2023, 5)),
    ("Sep '23", lambda a: a.month(2023, 9)),
    ("11/2023", lambda a: a.month(2023, 11)),
    ("in 2023.11", lambda a: a.month(2023, 11)),
    ("2023-11", lambda a: a.month(2023, 11)),
    ("during October", lambda a: a.latest(lambda y: a.month(y, 10))),
    ("March of last year", lambda a: a.month(a.year - 1, 3)),
    ("this month last year", lambda a: a.month_from_now(-12)),
    ("the same month of last year", lambda a: a.month_from_now(-12)),
    ("the month before March 2024", lambda a: a.month(2024, 2)),
    ("the first month of last quarter", lambda a: a.month_from_now(-3 - (a.today.month - 1) % 3)),
    ("first 2 months of 2024", lambda a: a.month(2024, 1, 2)),
    # quarters, halves and years
    ("Q1'23", lambda a: a.quarter(2023, 1)),
    ("3Q23", lambda a: a.quarter(2023, 3)),
    ("23Q3", lambda a: a.quarter(2023, 3)),
    ("Q3-2023", lambda a: a.quarter(2023, 3)),
    ("revenue in Q1 23?", lambda a: a.quarter(2023, 1)),
    ("1H2023", lambda a: a.month(2023, 1, 6)),
    ("H2'23", lambda a: a.month(2023, 7, 6)),
    ("FY24 Q2", lambda a: a.quarter(2024, 2)),
    ("Q2 FY2024", lambda a: a.quarter(2024, 2)),
    ("the 4th quarter of 2023", lambda a: a.quarter(2023, 4)),
    ("the second quarter of last year", lambda a: a.quarter(a.year - 1, 2)),
    ("last year's third quarter", lambda a: a.quarter(a.year - 1, 3)),
    ("fiscal Q3 2023", lambda a: a.quarter(2023, 3)),
    ("the last quarter of 2023", lambda a: a.quarter(2023, 4)),
    ("two quarters ago", lambda a: a.quarter_from_now(-2)),
    ("the quarter before last", lambda a: a.quarter_from_now(-2)),
    ("the quarter ending March 2024", lambda a: a.quarter(2024, 1)),
    ("Q4", lambda a: a.latest(lambda y: a.quarter(y, 4))),
    ("in calendar year 2022", lambda a: a.years(2022)),
    ("FY2023", lambda a: a.years(2023)),
    ("FY2023-24", lambda a: a.years(2024)),
    ("2023 revenue by quarter", lambda a: a.years(2023)),
    ("sales 2023 by region", lambda a: a.years(2023)),
    ("CY23", lambda a: a.years(2023)),
    ("in the 90s", lambda a: a.years(1990, 1999)),
    ("in twenty twenty-three", lambda a: a.years(2023)),
    ("the 2023 fiscal year", lambda a: a.years(2023)),
    ("all of 2023", lambda a: a.years(2023)),
    ("fiscal year 2023 Q2", lambda a: a.quarter(2023, 2)),
    ("Q4/23", lambda a: a.quarter(2023, 4)),
    ("the past half year", lambda a: a.back(months=6)),
    ("trailing-12-month revenue", lambda a: a.back(months=12)),
    ("in the '90s", lambda a: a.years(1990, 1999)),
    ("in the nineties", lambda a: a.years(1990, 1999)),
    ("the 2010s", lambda a: a.years(2010, 2019)),
    ("3 years ago", lambda a: a.years(a.year - 3)),
    # windows
    ("last 7 days", lambda a: a.back(days=7)),
    ("the past 90 days", lambda a: a.back(days=90)),
    ("past week", lambda a: a.back(weeks=1)),
    ("previous 6 months", lambda a: a.back(months=6)),
    ("trailing twelve months", lambda a: a.back(months=12)),
    ("LTM revenue", lambda a: a.back(months=12)),
    ("TTM", lambda a: a.back(months=12)),
    ("L30D active users", lambda a: a.back(days=30)),
    ("the last two years", lambda a: a.back(years=2)),
    ("last 4 quarters", lambda a: a.quarter_from_now(-4, 4)),
    ("last 2 complete weeks", lambda a: a.week_from_now(-2, 2)),
    ("past 6 full months", lambda a: a.month_from_now(-6, 6)),
    ("12 months ended June 2023", lambda a: a.month(2022, 7, 12)),
    ("the 3 months starting March 2023", lambda a: a.month(2023, 3, 3)),
    ("the year to March 2023", lambda a: a.month(2022, 4, 12)),
    ("the 7 days before 2024-03-05", lambda a: a.to(date(2024, 2, 27), date(2024, 3, 4))),
    ("in the 30 days after Nov 11, 2023", lambda a: a.to(date(2023, 11, 12), date(2023, 12, 11))),
    # to date and one-sided
    ("YTD", lambda a: a.since(a.year)),
    ("MTD sales", lambda a: a.since(a.year, a.today.month)),
    ("WTD", lambda a: (a.week_from_now(0)[0], a.tomorrow)),
    ("quarter-to-date", lambda a: (a.quarter_from_now(0)[0], a.tomorrow)),
    ("so far this year", lambda a: a.since(a.year)),
    ("this month so far", lambda a: a.since(a.year, a.today.month)),
    ("YTD last year", lambda a: a.last_year_to_date()),
    ("same period last year", lambda a: a.last_year_to_date()),
    ("since Q2 2023", lambda a: a.since(2023, 4)),
    ("since the start of 2023", lambda a: a.since(2023)),
    ("from March 2023 onward", lambda a: a.since(2023, 3)),
    ("2020 to present", lambda a: a.since(2020)),
    ("2020-present", lambda a: a.since(2020)),
    ("from 2021 to now", lambda a: a.since(2021)),
    ("prior to June 2023", lambda a: a.before(2023, 6)),
    ("after Q2 2023", lambda a: a.after(a.quarter(2023, 2))),
    ("through yesterday", lambda a: a.until(a.ago(1))),
    ("up to last Friday", lambda a: (None, a.before_today(FRIDAY) + DAY)),
    ("until the end of 2023", lambda a: a.until(a.years(2023))),
    ("as of the end of last month", lambda a: a.until(a.month_from_now(-1))),
    # from here to there
    ("from Jan 5 to Feb 10, 2023", lambda a: a.to(date(2023, 1, 5), date(2023, 2, 10))),
    ("Nov 28 - Dec 5, 2023", lambda a: a.to(date(2023, 11, 28), date(2023, 12, 5))),
    ("20231105-20231120", lambda a: a.to(date(2023, 11, 5), date(2023, 11, 20))),
    ("2023-11-05 ~ 2023-11-20", lambda a: a.to(date(2023, 11, 5), date(2023, 11, 20))),
    ("between the 5th and 20th of November 2023", lambda a: a.to(date(2023, 11, 5), date(2023, 11, 20))),
    ("Jan-Mar 23", lambda a: a.month(2023, 1, 3)),
    ("Jan–Mar '23", lambda a: a.month(2023, 1, 3)),
    ("from Dec 2022 through Feb 2023", lambda a: a.month(2022, 12, 3)),
    ("from November to January 2024", lambda a: a.month(2023, 11, 3)),
    ("2022Q4-2023Q1", lambda a: a.quarter(2022, 4, 2)),
    ("Q4 2022 to Q1 2023", lambda a: a.quarter(2022, 4, 2)),
    ("Q1 through Q3 of last year", lambda a: a.quarter(a.year - 1, 1, 3)),
    ("2019-2021", lambda a: a.years(2019, 2021)),
    ("from the beginning of 2022 to the end of June 2023", lambda a: a.to(date(2022, 1, 1), date(2023, 6, 30))),
    ("Nov-2023 to Jan-2024", lambda a: a.month(2023, 11, 3)),
    ("202311-202401", lambda a: a.month(2023, 11, 3)),
    ("2023-05-01 00:00:00 to 2023-05-31 23:59:59", lambda a: a.month(2023, 5)),
    ("from March 2023 to the end of the year", lambda a: a.to(date(2023, 3, 1), date(2023, 12, 31))),
    ("from 3 days before Christmas 2023 to 2 days after Christmas 2023", lambda a: a.to(date(2023, 12, 22), date(2023, 12, 27))),
    # holidays
    ("Thanksgiving 2023", lambda a: a.nth(2023, 11, 3, 4)),
    ("Cyber Monday 2023", lambda a: a.on(2023, 11, 27)),
    ("Easter 2024", lambda a: a.on(2024, 3, 31)),
    ("Good Friday 2023", lambda a: a.on(2023, 4, 7)),
    ("Chinese New Year 2024", lambda a: a.on(2024, 2, 10)),
    ("Valentine's Day 2023", lambda a: a.on(2023, 2, 14)),
    ("New Year's Eve 2023", lambda a: a.on(2023, 12, 31)),
    ("MLK Day 2023", lambda a: a.nth(2023, 1, MONDAY, 3)),
    ("the Fourth of July 2023", lambda a: a.on(2023, 7, 4)),
    ("Spring Festival holiday 2023", lambda a: a.to(date(2023, 1, 21), date(2023, 1, 27))),
)  # fmt: skip

CHINESE: tuple[Row, ...] = (
    # 日
    ("大前天的订单", lambda a: a.ago(3)),
    ("大后天", lambda a: a.ago(-3)),
    ("昨日新增用户", lambda a: a.ago(1)),
    ("四十五天前", lambda a: a.ago(45)),
    ("二〇二三年十月廿三日", lambda a: a.on(2023, 10, 23)),
    ("2023年11月5号", lambda a: a.on(2023, 11, 5)),
    ("２０２３年１１月５日", lambda a: a.on(2023, 11, 5)),
    ("2023.11.05", lambda a: a.on(2023, 11, 5)),
    ("2023年11月5日(星期日)", lambda a: a.on(2023, 11, 5)),
    ("民国112年3月5日", lambda a: a.on(2023, 3, 5)),
    ("23年11月5日", lambda a: a.on(2023, 11, 5)),
    ("两千零二十三年五月六日", lambda a: a.on(2023, 5, 6)),
    ("去年的今天", lambda a: (a.today - relativedelta(years=1), a.today - relativedelta(years=1) + DAY)),
    ("上個月3號", lambda a: a.to(a.month_from_now(-1)[0] + 2 * DAY, a.month_from_now(-1)[0] + 2 * DAY)),
    ("上周的周五", lambda a: a.in_week(-1, FRIDAY)),
    ("上上周五", lambda a: a.in_week(-2, FRIDAY)),
    ("下週一", lambda a: a.in_week(1, MONDAY)),
    ("本星期天", lambda a: a.in_week(0, SUNDAY)),
    ("2024年3月第一个周一", lambda a: a.nth(2024, 3, MONDAY, 1)),
    ("2024年2月最后一个星期五", lambda a: a.nth(2024, 2, FRIDAY, -1)),
    ("2024年2月最后一天", lambda a: a.on(2024, 2, 29)),
    ("本月头三天", lambda a: a.to(a.today.replace(day=1), a.today.replace(day=3))),
    ("2023年11月11日当天", lambda a: a.on(2023, 11, 11)),
    # 周
    ("上上週", lambda a: a.week_from_now(-2)),
    ("这周", lambda a: a.week_from_now(0)),
    ("下下周", lambda a: a.week_from_now(2)),
    ("两周前", lambda a: a.week_from_now(-2)),
    ("三个星期前", lambda a: a.week_from_now(-3)),
    ("2023年11月11日当周", lambda a: a.week_with(2023, 11, 11)),
    ("2024年第七周", lambda a: (date.fromisocalendar(2024, 7, 1), date.fromisocalendar(2024, 8, 1))),
    ("上周一到周五", lambda a: a.in_week(-1, MONDAY, FRIDAY)),
    ("上周一至上周日", lambda a: a.week_from_now(-1)),
    ("圣诞周2023年", lambda a: a.week_with(2023, 12, 25)),
    ("上上个周末", lambda a: a.in_week(-2, 5, 6)),
    # 月
    ("上上个月", lambda a: a.month_from_now(-2)),
    ("下个月", lambda a: a.month_from_now(1)),
    ("本月份", lambda a: a.month_from_now(0)),
    ("五个月前", lambda a: a.month_from_now(-5)),
    ("去年十二月", lambda a: a.month(a.year - 1, 12)),
    ("前年3月份", lambda a: a.month(a.year - 2, 3)),
    ("二零二三年元月", lambda a: a.month(2023, 1)),
    ("2023年十月上旬", lambda a: a.to(date(2023, 10, 1), date(2023, 10, 10))),
    ("2023年10月中旬", lambda a: a.to(date(2023, 10, 11), date(2023, 10, 20))),
    ("2023年2月下旬", lambda a: a.to(date(2023, 2, 21), date(2023, 2, 28))),
    ("上个月中旬", lambda a: a.to(a.month_from_now(-1)[0] + 10 * DAY, a.month_from_now(-1)[0] + 19 * DAY)),
    ("2024年2月下半月", lambda a: a.to(date(2024, 2, 16), date(2024, 2, 29))),
    ("3月上半月", lambda a: a.latest(lambda y: a.to(date(y, 3, 1), date(y, 3, 15)))),
    ("去年同月", lambda a: a.month_from_now(-12)),
    ("2023年1、2月", lambda a: a.month(2023, 1, 2)),
    ("上季度最后一个月", lambda a: a.month_from_now(-1 - (a.today.month - 1) % 3)),
    # 季度、半年、年
    ("一季度", lambda a: a.latest(lambda y: a.quarter(y, 1))),
    ("今年第二季度", lambda a: a.quarter(a.year, 2)),
    ("去年Q3", lambda a: a.quarter(a.year - 1, 3)),
    ("23年四季度", lambda a: a.quarter(2023, 4)),
    ("2023年首季", lambda a: a.quarter(2023, 1)),
    ("上上个季度", lambda a: a.quarter_from_now(-2)),
    ("2023上半年", lambda a: a.month(2023, 1, 6)),
    ("2023H2", lambda a: a.month(2023, 7, 6)),
    ("前年下半年", lambda a: a.month(a.year - 2, 7, 6)),
    ("2023年前三季度", lambda a: a.quarter(2023, 1, 3)),
    ("去年前两个月", lambda a: a.month(a.year - 1, 1, 2)),
    ("2023年头两个季度", lambda a: a.quarter(2023, 1, 2)),
    ("2023年全年", lambda a: a.years(2023)),
    ("去年全年", lambda a: a.years(a.year - 1)),
    ("2023营收", lambda a: a.years(2023)),
    ("2023年度", lambda a: a.years(2023)),
    ("大前年", lambda a: a.years(a.year - 3)),
    ("24财年", lambda a: a.years(2024)),
    ("2024财年Q1", lambda a: a.quarter(2024, 1)),
    ("五年前", lambda a: a.years(a.year - 5)),
    ("20世纪90年代", lambda a: a.years(1990, 1999)),
    ("上世纪八十年代", lambda a: a.years(1980, 1989)),
    ("2010年代", lambda a: a.years(2010, 2019)),
    # 近、过去
    ("近半年", lambda a: a.back(months=6)),
    ("近一周", lambda a: a.back(weeks=1)),
    ("最近三十天", lambda a: a.back(days=30)),
    ("过去的24个月", lambda a: a.back(months=24)),
    ("近90日", lambda a: a.back(days=90)),
    ("最近两年", lambda a: a.back(years=2)),
    ("最近四个季度", lambda a: a.quarter_from_now(-4, 4)),
    ("近6个完整月", lambda a: a.month_from_now(-6, 6)),
    ("过去两个自然周", lambda a: a.week_from_now(-2, 2)),
    ("最近這一個月", lambda a: a.back(months=1)),
    ("截至2023年6月的12个月", lambda a: a.month(2022, 7, 12)),
    ("2023年3月起三个月", lambda a: a.month(2023, 3, 3)),
    ("2023年11月11日之前的7天", lambda a: a.to(date(2023, 11, 4), date(2023, 11, 10))),
    ("2023年11月11日后三天", lambda a: a.to(date(2023, 11, 12), date(2023, 11, 14))),
    ("2023年双十一前一周", lambda a: a.to(date(2023, 11, 4), date(2023, 11, 10))),
    # 以来、之前、截至
    ("今年以来", lambda a: a.since(a.year)),
    ("年初到现在", lambda a: a.since(a.year)),
    ("本季度至今", lambda a: (a.quarter_from_now(0)[0], a.tomorrow)),
    ("上月初至今", lambda a: (a.month_from_now(-1)[0], a.tomorrow)),
    ("自2023年10月起", lambda a: a.since(2023, 10)),
    ("2021年至今", lambda a: a.since(2021)),
    ("2020年到现在", lambda a: a.since(2020)),
    ("2023年6月以前", lambda a: a.before(2023, 6)),
    ("2022年之后", lambda a: a.after(a.years(2022))),
    ("截至昨天", lambda a: a.until(a.ago(1))),
    ("到昨天为止", lambda a: a.until(a.ago(1))),
    ("截至去年底", lambda a: a.until(a.years(a.year - 1))),
    ("截止上月末", lambda a: a.until(a.month_from_now(-1))),
    ("去年同期", lambda a: a.last_year_to_date()),
    ("上年同期", lambda a: a.last_year_to_date()),
    # 到
    ("2022年12月到2023年2月", lambda a: a.month(2022, 12, 3)),
    ("2023年11月到12月", lambda a: a.month(2023, 11, 2)),
    ("去年一月至三月", lambda a: a.month(a.year - 1, 1, 3)),
    ("2023年11月5-20日", lambda a: a.to(date(2023, 11, 5), date(2023, 11, 20))),
    ("2023年11月28日到12月5日", lambda a: a.to(date(2023, 11, 28), date(2023, 12, 5))),
    ("2023.11.05-2023.11.20", lambda a: a.to(date(2023, 11, 5), date(2023, 11, 20))),
    ("从2023年一季度到三季度", lambda a: a.quarter(2023, 1, 3)),
    ("2022年Q4到2023年Q2", lambda a: a.quarter(2022, 4, 3)),
    ("去年12月至今年2月", lambda a: a.month(a.year - 1, 12, 3)),
    ("2023 年第 3 季度", lambda a: a.quarter(2023, 3)),
    ("最近7个自然日", lambda a: a.back(days=7)),
    ("2023年6.18大促", lambda a: a.on(2023, 6, 18)),
    ("去年618", lambda a: a.on(a.year - 1, 6, 18)),
    ("2023年11.5-11.20", lambda a: a.to(date(2023, 11, 5), date(2023, 11, 20))),
    ("前三季度", lambda a: a.quarter(a.year, 1, 3)),
    ("今年前3月", lambda a: a.month(a.year, 1, 3)),
    ("上个半年", lambda a: a.month(a.year if a.today.month > 6 else a.year - 1, 1 if a.today.month > 6 else 7, 6)),
    ("'23年5月", lambda a: a.month(2023, 5)),
    ("不早于2023年5月", lambda a: a.since(2023, 5)),
    ("早于2023年5月", lambda a: a.before(2023, 5)),
    ("去年同一天", lambda a: (a.today - relativedelta(years=1), a.today - relativedelta(years=1) + DAY)),
    ("2019年至2021年", lambda a: a.years(2019, 2021)),
    ("2023年初到2023年3月底", lambda a: a.quarter(2023, 1)),
    ("去年年初到年底", lambda a: a.years(a.year - 1)),
    ("从2023年11月5日起到11月20日止", lambda a: a.to(date(2023, 11, 5), date(2023, 11, 20))),
    ("2023年双十一前一周到十二月底", lambda a: a.to(date(2023, 11, 4), date(2023, 12, 31))),
    ("2023年截至6月底", lambda a: a.to(date(2023, 1, 1), date(2023, 6, 30))),
    ("去年初至今", lambda a: a.since(a.year - 1)),
    ("前天到昨天", lambda a: a.to(a.today - 2 * DAY, a.today - DAY)),
    # 节日
    ("2023年国庆假期", lambda a: a.to(date(2023, 9, 29), date(2023, 10, 6))),
    ("2024年国庆黄金周", lambda a: a.to(date(2024, 10, 1), date(2024, 10, 7))),
    ("2022年十一假期", lambda a: a.to(date(2022, 10, 1), date(2022, 10, 7))),
    ("2024年春节假期", lambda a: a.to(date(2024, 2, 10), date(2024, 2, 17))),
    ("2023年五一假期", lambda a: a.to(date(2023, 4, 29), date(2023, 5, 3))),
    ("2023年端午期间", lambda a: a.to(date(2023, 6, 22), date(2023, 6, 24))),
    ("2023年元旦假期", lambda a: a.to(date(2022, 12, 31), date(2023, 1, 2))),
    ("2023年清明", lambda a: a.on(2023, 4, 5)),
    ("2023年中秋节", lambda a: a.on(2023, 9, 29)),
    ("2024年除夕", lambda a: a.on(2024, 2, 9)),
    ("2024年元宵节", lambda a: a.on(2024, 2, 24)),
    ("2023年五一", lambda a: a.on(2023, 5, 1)),
    ("双11", lambda a: a.latest(lambda y: a.on(y, 11, 11))),
    ("2023年中秋国庆假期", lambda a: a.to(date(2023, 9, 29), date(2023, 10, 6))),
    ("2023年黑五", lambda a: a.on(2023, 11, 24)),
)  # fmt: skip

# What a question says beside ranges: (text, ranges, how far back each comparison lies; None: just before).
Compared = tuple[str, Callable[[Almanac], tuple[Span, ...]], tuple[str | None, ...]]

COMPARISONS: tuple[Compared, ...] = (
    ("revenue in 2023 vs last year", lambda a: (a.years(2023),), ("year",)),
    ("this month vs last month", lambda a: (a.month_from_now(0),), ("month",)),
    ("this year versus the previous year", lambda a: (a.years(a.year),), ("year",)),
    ("Q3 2023 compared to the same period last year", lambda a: (a.quarter(2023, 3),), ("year",)),
    ("sales this quarter compared with the prior quarter", lambda a: (a.quarter_from_now(0),), ("quarter",)),
    ("YTD versus last year", lambda a: (a.since(a.year),), ("year",)),
    ("compare this month with last month", lambda a: (a.month_from_now(0),), ("month",)),
    ("compare this year to last year", lambda a: (a.years(a.year),), ("year",)),
    ("orders yesterday against the day before", lambda a: (a.ago(1),), ("day",)),
    ("are sales in March 2023 higher than last month?", lambda a: (a.month(2023, 3),), ("month",)),
    ("Q3 2023 relative to a year earlier", lambda a: (a.quarter(2023, 3),), ("year",)),
    ("revenue growth over the previous quarter", lambda a: (), ("quarter",)),
    ("sales grew 5% from last month", lambda a: (), ("month",)),
    ("year over year growth of revenue", lambda a: (), ("year",)),
    ("year-on-year change in 2023", lambda a: (a.years(2023),), ("year",)),
    ("YoY revenue by region", lambda a: (), ("year",)),
    ("y/y growth", lambda a: (), ("year",)),
    ("MoM change", lambda a: (), ("month",)),
    ("month over month orders in Q3 2023", lambda a: (a.quarter(2023, 3),), ("month",)),
    ("QoQ", lambda a: (), ("quarter",)),
    ("WoW growth last week", lambda a: (a.week_from_now(-1),), ("week",)),
    ("DoD change of visits", lambda a: (), ("day",)),
    ("revenue vs the previous period", lambda a: (), (None,)),
    ("YoY and MoM growth of May 2023", lambda a: (a.month(2023, 5),), ("year", "month")),
    ("last month vs the same month last year", lambda a: (a.month_from_now(-1),), ("year",)),
    ("Q3 2023 vs. prior quarter", lambda a: (a.quarter(2023, 3),), ("quarter",)),
    ("stores with more sales than last year", lambda a: (), ("year",)),
    ("本月订单高于上月的门店", lambda a: (a.month_from_now(0),), ("month",)),
    ("同上月比", lambda a: (), ("month",)),
    ("last 7 days vs the previous 7 days", lambda a: (a.back(days=7),), (None,)),
    ("近30天对比前30天", lambda a: (a.back(days=30),), (None,)),
    # two ranges, no comparison with "the one before"
    ("2021 vs 2022 vs 2023", lambda a: (a.years(2021), a.years(2022), a.years(2023)), ()),
    ("2023 vs. 2022", lambda a: (a.years(2023), a.years(2022)), ()),
    ("compare 2022 and 2023", lambda a: (a.years(2022), a.years(2023)), ()),
    ("Q1 2024 vs Q1 2023", lambda a: (a.quarter(2024, 1), a.quarter(2023, 1)), ()),
    ("compare this year and last year", lambda a: (a.years(a.year), a.years(a.year - 1)), ()),
    ("compare last month to this month", lambda a: (a.month_from_now(-1), a.month_from_now(0)), ()),
    ("this quarter vs last year's Q4", lambda a: (a.quarter_from_now(0), a.quarter(a.year - 1, 4)), ()),
    ("销售额同比增长", lambda a: (), ("year",)),
    ("2023年各月销售额环比", lambda a: (a.years(2023),), (None,)),
    ("2023年三季度同比和环比", lambda a: (a.quarter(2023, 3),), ("year", None)),
    ("月环比增速", lambda a: (), ("month",)),
    ("周环比", lambda a: (), ("week",)),
    ("年同比", lambda a: (), ("year",)),
    ("本月销售额较去年", lambda a: (a.month_from_now(0),), ("year",)),
    ("本月与去年同期相比", lambda a: (a.month_from_now(0),), ("year",)),
    ("上周订单比上上周", lambda a: (a.week_from_now(-1), a.week_from_now(-2)), ()),
    ("本周订单量比上周多多少", lambda a: (a.week_from_now(0),), ("week",)),
    ("本季度相比上个季度", lambda a: (a.quarter_from_now(0),), ("quarter",)),
    ("对比去年的毛利", lambda a: (), ("year",)),
    ("2023年销售额與上年同期對比", lambda a: (a.years(2023),), ("year",)),
    ("昨天的订单较前一天", lambda a: (a.ago(1),), ("day",)),
    ("本月销售额比上月同期", lambda a: (a.month_from_now(0),), ("month",)),
    ("和上期相比的转化率", lambda a: (), (None,)),
    ("今年相较于去年", lambda a: (a.years(a.year),), ("year",)),
    ("同比去年增长多少", lambda a: (), ("year",)),
    ("对比去年和今年的销售额", lambda a: (a.years(a.year - 1), a.years(a.year)), ()),
    ("2022年和2023年对比", lambda a: (a.years(2022), a.years(2023)), ()),
    ("2024年第三季度与去年同期", lambda a: (a.quarter(2024, 3), a.quarter(2023, 3)), ()),
)  # fmt: skip

NOTHING: tuple[str, ...] = (
    # impossible
    "Feb 30 2023", "2023-02-29", "2023-13-01", "20230229", "20231301", "31/11/2023", "13/13/2023",
    "November 31", "32 January 2023", "the 5th quarter of 2023", "Q5 2023", "Q0 2023", "H3 2023",
    "third half of 2023", "week 53 of 2023", "2023-W54", "from Feb 1 to Feb 30, 2023", "13/2023",
    "from 2024 to 2022", "2023-05-01 to 2023-04-01", "between June 20 and June 5 2023",
    "Monday, November 5, 2023", "the fifth Friday of February 2023", "the 31st of February",
    "2023年2月29日", "2023年13月", "2023年第五季度", "11月31日", "2月30号", "2023年第53周", "上月32日",
    "2023年2月29日到3月5日", "2023年11月5日星期一", "2023年5月到2023年3月", "2024年2月第五个周五",
    # not one span for certain
    "5/11/2023", "early 2023", "mid-March 2023", "between mid-March and the end of April 2023", "late last year",
    "March to mid April 2023", "summer 2023", "in the spring of 2023", "weekends in May 2023", "Mondays in 2023",
    "around March 2023", "the last business day", "past 5 business days", "next Friday", "last few months",
    "the first week of March 2024", "the last week of 2022", "Labor Day 2023", "Independence Day 2023",
    "more than 3 months ago", "YTD 2022", "the 2023 holiday season", "the end of last year", "FY2023-25",
    "2023年夏天", "去年冬天", "2023年年中", "3月前后", "2023年左右", "5月的周末", "2023年的周一", "近几天", "近两三天",
    "去年七八月份", "前三天", "2023年三月第三周", "双十一期间", "去年年底", "2035年国庆假期", "1999年国庆假期", "八月十五前后",
    "5年3月", "农历八月十五", "令和五年夏天", "2023年3、5月",
    "next Christmas", "every March", "less than a week ago", "half of 2023", "Q3 2023/24", "2023-11-05T10:00:00Z",
    "this time last year", "2023-2024学年", "academic year 2023", "昨天上午10点", "yesterday morning", "前年同期", "每年双十一", "超过30天前", "三年以来", "2023年底以来",
    # words and numbers that only look like time
    "customers named April", "more than 2023 sales", "sales of 2023 units", "shops with 2000 orders", "is mom buying", "rolling 7-day average", "last 24 hours",
    "May I see the customers", "which users may churn", "march past the gate", "last name", "the second largest city",
    "top 5 months", "5 years of experience", "customers aged 30 years", "100 days inventory", "30-day return policy",
    "3-month subscriptions", "a quarter of all users", "Mom and pop stores", "wow, how many users", "the DoD contracts",
    "second hand goods", "minute details", "daily active users", "last 5 orders", "top 2023 customers",
    "between 2000 and 2020 units", "version 2023.1", "price 2023.11", "order id 20231105", "$2023", "2023 customers",
    "60s timeout", "2h", "week by week", "day trips", "people born before", "the fall in sales", "90s delay",
    "月饼销量", "用户年龄分布", "日本客户", "周杰伦的专辑", "星期五餐厅", "库存天数100天", "大学三年级", "近视眼镜", "年轻用户",
    "目前年轻客户", "网上月饼", "线上周边", "今日头条广告", "初中学生", "上海门店", "前端工程师", "后台用户", "同时在线", "每日订单",
    "五一路门店", "三号线", "2号楼", "90后用户", "三年以上经验", "保修两年", "订单号20231105", "一起购买", "起点中文网", "月台",
)  # fmt: skip
"""Texts that name no range; comparisons are another matter."""
