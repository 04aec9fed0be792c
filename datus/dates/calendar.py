"""Calendar arithmetic: days, weeks, months, quarters, halves and years as spans ``[start, end)``."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple, assert_never

from datus.types import Grain

Unit = Literal[
    "day", "week", "weekend", "month", "quarter", "half", "year", "fiscal_quarter", "fiscal_year"
]

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
SATURDAY = 5

_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12, "fiscal_quarter": 3, "fiscal_year": 12}


@dataclass(frozen=True, slots=True)
class DateSettings:
    """Conventions that a company may have otherwise.

    Attributes:
        week_start: First day of the week, 0 for Monday to 6 for Sunday.
        fiscal_year_start: Month in which the fiscal year starts; unless it is January, the year is
            named after the calendar year in which it ends.
        includes_today: Whether "the past 7 days" ends with today rather than yesterday.
        rolling: Whether "the past 3 months" ends with that day; otherwise it is the last three
            complete calendar months.
        day_first: Whether 5/11/2023 is in November; None reads only dates that are certain.
        country: ISO 3166 code of the country whose public holidays are meant by a name that several
            countries have (Labor Day); None reads only those that are the same day everywhere or
            whose name says where they belong (Thanksgiving, 春节).
    """

    week_start: int = 0
    fiscal_year_start: int = 1
    includes_today: bool = True
    rolling: bool = True
    day_first: bool | None = None
    country: str | None = None


class Period(NamedTuple):
    """A span of days ``[start, end)`` and the unit it was said in."""

    start: date
    end: date
    grain: Grain


def grain_of(unit: Unit) -> Grain:
    """The grain of a unit: a weekend is days, half a year is quarters."""
    match unit:
        case "weekend":
            return "day"
        case "half" | "fiscal_quarter":
            return "quarter"
        case "fiscal_year":
            return "year"
        case "day" | "week" | "month" | "quarter" | "year":
            return unit
    assert_never(unit)


def shift(day: date, unit: Unit, count: int) -> date:
    """The day ``count`` units later; the month's last day where the month has no such day.

    Raises:
        ValueError, OverflowError: The result is before year 1 or after year 9999.
    """
    if unit in _MONTHS:
        months = day.year * 12 + day.month - 1 + count * _MONTHS[unit]
        first = date(months // 12, months % 12 + 1, 1)
        return first.replace(day=min(day.day, days_in_month(first)))
    return day + (DAY if unit == "day" else WEEK) * count


def days_in_month(day: date) -> int:
    """Days of the month in which ``day`` lies."""
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return (following - day.replace(day=1)).days


def containing(day: date, unit: Unit, settings: DateSettings) -> Period:
    """The calendar unit in which a day lies; its Saturday and Sunday where the unit is a weekend."""
    grain = grain_of(unit)
    if unit == "day":
        return Period(day, day + DAY, grain)
    if unit == "weekend":
        saturday = day + DAY * (SATURDAY - day.weekday())
        return Period(saturday, saturday + 2 * DAY, grain)
    if unit == "week":
        start = day - DAY * ((day.weekday() - settings.week_start) % 7)
    else:
        first = settings.fiscal_year_start if unit.startswith("fiscal") else 1
        over = (day.month - first) % _MONTHS[unit]
        start = shift(day.replace(day=1), "month", -over)
    return Period(start, shift(start, unit, 1), grain)


def relative(today: date, unit: Unit, count: int, settings: DateSettings) -> Period:
    """The unit that lies ``count`` after the one of today: 0 is this, -1 the last."""
    return containing(shift(today, unit, count), unit, settings)


def complete(today: date, unit: Unit, count: int, settings: DateSettings) -> Period:
    """The last ``count`` complete calendar units before the one of today."""
    end = containing(today, unit, settings).start
    return Period(shift(end, unit, -count), end, grain_of(unit))


def rolling(today: date, unit: Unit, count: int, settings: DateSettings) -> Period:
    """The last ``count`` units that end with today (or yesterday), whatever the calendar."""
    if not settings.rolling and unit != "day":
        return complete(today, unit, count, settings)
    end = today + DAY if settings.includes_today else today
    return Period(shift(end, unit, -count), end, grain_of(unit))


def fiscal_year(number: int, settings: DateSettings) -> date:
    """First day of the fiscal year of that number."""
    start = settings.fiscal_year_start
    return date(number if start == 1 else number - 1, start, 1)


def nth_weekday(year: int, month: int, weekday: int, n: int) -> date:
    """The ``n``-th (from 1) of a weekday (Monday 0) in a month."""
    first = date(year, month, 1)
    return first + DAY * ((weekday - first.weekday()) % 7 + 7 * (n - 1))
