"""Days of the calendar moved by months and days, in Python and in SQLite's SQL."""

import calendar
from datetime import date, timedelta

from datus.types import Grain


def start_of(day: date, grain: Grain) -> date:
    """The first day of the period around ``day``; weeks begin on Monday."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1)


def end_of(day: date, grain: Grain) -> date:
    """The last day of the period around ``day``."""
    first = start_of(day, grain)
    if grain == "day":
        return first
    if grain == "week":
        return first + timedelta(days=6)
    return months_later(first, {"month": 1, "quarter": 3, "year": 12}[grain]) - timedelta(days=1)


def months_later(day: date, months: int) -> date:
    """``day`` so many months on; a month that is too short ends at its last day."""
    whole = day.year * 12 + day.month - 1 + months
    year, month = divmod(whole, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def moved(day: date, count: int, unit: str) -> date:
    """``day`` moved by months or days."""
    return months_later(day, count) if unit == "month" else day + timedelta(days=count)


def sqlite_shift(inner: str, count: int, unit: str) -> str:
    """SQLite's expression for a day moved by months or days; a month that is too short ends at its last.

    SQLite itself carries over (31 March less one month is 3 March, or 2), every other database stops
    at the month's end.
    """
    if unit == "day":
        return f"DATE({inner}, '{count:+} days')"
    return (
        f"MIN(DATE({inner}, '{count:+} months'),"
        f" DATE({inner}, 'start of month', '{count + 1:+} months', '-1 day'))"
    )
