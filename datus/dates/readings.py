"""Readings: what words of time mean, before the year and the side are known for certain.

What was read keeps its year open until the end: "March" alone is the latest one that has begun,
"March" in "January to March 2024" is that of 2024.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import MAXYEAR, date
from typing import Literal

from datus.dates.calendar import DAY, Period, Unit, grain_of, shift

Side = Literal["within", "before", "until", "since", "after"]
"""Which side of a period is meant; "until" and "since" have the period itself in it."""

Build = Callable[[date], Period]
"""The period in the year that begins on the given day; ValueError where there is none."""

LEAP = 8
"""Years within which 29 February comes again, whatever the century."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What some words mean.

    Attributes:
        build: The period, given its year.
        year: First day of the year that the words name, None where they name none.
        fixed: Whether ``build`` needs no year.
        numbered: The same kind of period with another number (day of that month, month, quarter).
        side: What of the period is meant.
        again: A unit when it is the same span of today's or the question's own, one such unit back.
    """

    build: Build
    year: date | None = None
    fixed: bool = False
    numbered: Callable[[int], Build] | None = None
    side: Side = "within"
    again: Unit | None = None


Rule = tuple[Reading, int] | None
"""What a rule read from a place on and the place after it, or None where it does not apply."""


def fixed(period: Period) -> Reading:
    """A reading that is this period whatever the year."""
    return Reading(lambda year: period, fixed=True)


class UncertainError(ValueError):
    """What is meant is not one span for certain, whatever another year would give.

    Attributes:
        since: First day of what it would be a part of.
    """

    def __init__(self, message: str, since: date) -> None:
        super().__init__(message)
        self.since = since


def _impossible(year: date) -> Period:
    raise ValueError("no such day, or not one span for certain")


NOTHING = Reading(_impossible, fixed=True)
"""Words that are about time and give no range: better none than a wrong one."""


def resolve(reading: Reading, today: date) -> Period:
    """The period. Without a year it is the latest that has begun.

    Raises:
        ValueError, OverflowError: There is no such period.
    """
    if reading.fixed:
        return reading.build(today)
    if reading.year is not None:
        return reading.build(reading.year)
    return latest(reading.build, today)


def latest(build: Build, today: date) -> Period:
    """The latest period that has begun by today.

    Raises:
        ValueError: It exists in no year.
    """
    for back in range(-1, LEAP + 1):  # a fiscal year may begin in the year before its number
        try:
            period = build(date(today.year - back, 1, 1))
        except UncertainError as error:
            if error.since <= today:
                raise
            continue
        except ValueError:
            continue
        if period.start <= today:
            return period
    raise ValueError("no year has this day")


def spanning(first: Build, last: Build) -> Build:
    """From the start of one to the end of the other, which may lie in the year after."""

    def build(year: date) -> Period:
        start, end = first(year), last(year)
        if end.end <= start.start and year.year < MAXYEAR:
            if is_slip(start, end):
                raise ValueError("it ends before it begins")
            end = last(shift(year, "year", 1))
        return Period(start.start, end.end, end.grain)

    return build


def is_slip(start: Period, end: Period) -> bool:
    """December to February ends in the year after; the 20th to the 5th of one month is a slip."""
    return start.grain == "day" and start.start.month == end.start.month


Change = Callable[[Period], Period]


def mapped(reading: Reading, change: Change) -> Reading:
    """The reading with its period changed once it is known."""
    return replace(
        reading, build=lambda year: change(reading.build(year)), numbered=None, again=None
    )


def beside(count: int, unit: Unit, window: bool, alone: bool = False) -> Change:
    """``count`` units before (negative) or after a period: that one, or all the way there.

    ``alone``: no number was said, so the period must be one such unit (the month before March).
    """

    def change(period: Period) -> Period:
        if window and count < 0:
            return Period(shift(period.start, unit, count), period.start, grain_of(unit))
        if window:
            return Period(period.end, shift(period.end, unit, count), grain_of(unit))
        if period.grain not in ("day", grain_of(unit)) or (alone and period.grain != unit):
            raise ValueError("which day of the period is counted from is not certain")
        start = shift(period.start, unit, count)
        end = start + DAY if period.grain == "day" else shift(period.end, unit, count)
        return Period(start, end, period.grain)

    return change


def section(which: int, count: int, unit: Unit, week_start: int) -> Change:
    """The ``which``-th (-1: last) ``count`` units of a period.

    Weeks divide a month or year only where one begins or ends with it; else which week is its first
    is not certain.
    """

    def change(period: Period) -> Period:
        edge = period.start if which > 0 else period.end
        if unit == "weekend" or (unit == "week" and edge.weekday() != week_start):
            raise UncertainError("which week is the first of a month is not certain", period.start)
        if which > 0:
            start = shift(period.start, unit, (which - 1) * count)
            end = shift(start, unit, count)
        else:
            end = shift(period.end, unit, (which + 1) * count)
            start = shift(end, unit, -count)
        if not period.start <= start < end <= period.end:
            raise UncertainError("the period has no such part", period.start)
        return Period(start, end, grain_of(unit))

    return change


def days_in(first: int, last: int) -> Change:
    """The days of these numbers of a month, both included."""

    def change(period: Period) -> Period:
        if period.grain != "month" or shift(period.start, "month", 1) != period.end:
            raise UncertainError("only the days of a month have numbers", period.start)
        start, end = period.start.replace(day=first), period.start.replace(day=last)
        return Period(start, end + DAY, "day")

    return change


def weekday_in(which: int, weekday: int) -> Change:
    """The ``which``-th (-1: last) Monday (0) to Sunday of a period."""

    def change(period: Period) -> Period:
        if which > 0:
            ahead = (weekday - period.start.weekday()) % 7
            day = period.start + DAY * (ahead + 7 * (which - 1))
        else:
            day = period.end - DAY * ((period.end.weekday() - weekday - 1) % 7 + 1)
        if which == 0 or which < -1 or not period.start <= day < period.end:
            raise UncertainError("the period has no such day", period.start)
        return Period(day, day + DAY, "day")

    return change


def weekday_of(weekday: int, last: int | None = None) -> Change:
    """The Monday (0) to Sunday of a week, or from it to ``last``; of a day, that day if it is one."""

    def change(period: Period) -> Period:
        days = (period.end - period.start).days
        if days not in (1, 7):
            raise UncertainError("it has several such days", period.start)
        day = period.start + DAY * ((weekday - period.start.weekday()) % 7)
        end = day if last is None else day + DAY * (last - weekday)
        if day >= period.end or not day <= end < period.end:
            raise UncertainError("the day is another day of the week", period.start)
        return Period(day, end + DAY, "day")

    return change


def window_to(count: int, unit: Unit) -> Change:
    """The ``count`` units that end with a period."""
    return lambda period: Period(shift(period.end, unit, -count), period.end, grain_of(unit))


def window_from(count: int, unit: Unit) -> Change:
    """The ``count`` units that begin with a period."""
    return lambda period: Period(period.start, shift(period.start, unit, count), grain_of(unit))


def first_or(around: Change, count: int, unit: Unit) -> Change:
    """2023年前三个月 are the first three of 2023; of a day, which has no parts, what is around it."""

    def change(period: Period) -> Period:
        if period.grain == "day":
            return around(period)
        start = shift(period.start, unit, count)
        if unit in ("week", "weekend") or start > period.end:
            raise UncertainError("the period has no such part", period.start)
        return Period(period.start, start, grain_of(unit))

    return change
