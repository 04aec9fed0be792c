"""Rules for parts of the calendar: what a year, a quarter, a month and a day can look like."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from datus.dates import calendar
from datus.dates.calendar import DAY, DateSettings, Period, Unit, containing, grain_of, shift
from datus.dates.holidays import day_of, days_off
from datus.dates.reader import FIRST_YEAR, LAST_YEAR
from datus.dates.readings import NOTHING, Build, Reading, Rule, UncertainError, spanning
from datus.dates.tokens import Kind, Token
from datus.types import Grain

_BEYOND = 16
"""More than any rule looks ahead or, as a negative place, back."""


class Parts:
    """Rules for parts of the calendar: what a year, a quarter, a month and a day can look like."""

    def __init__(self, tokens: Sequence[Token], today: date, settings: DateSettings) -> None:
        self.tokens = tokens
        self.today = today
        self.settings = settings
        # A place a little before the first word or behind the last one is no word.
        self._kinds: list[Kind | None] = [word.kind for word in tokens]
        self._kinds += [None] * _BEYOND

    def kind(self, place: int) -> Kind | None:
        """Kind of the word at a place, None outside of the text."""
        return self._kinds[place]

    def is_unit(self, place: int, *units: Unit) -> bool:
        """Whether the word is one of these units."""
        return self.kind(place) == "unit" and self.tokens[place].unit in units

    def skip(self, place: int, *kinds: Kind) -> int:
        """The place after one word of these kinds, if it is one."""
        return place + (self.kind(place) in kinds)

    def may_be_year(self, place: int) -> bool:
        """Whether a bare number could be a year; only what stands around it can tell."""
        if self.kind(place) != "number" or self.is_counting(place):
            return False
        return FIRST_YEAR <= self.tokens[place].value <= LAST_YEAR

    def is_counting(self, place: int) -> bool:
        """Whether the number at a place counts units of time."""
        return self.kind(place + 1) == "unit" or self.kind(place + 1) == "full"

    # --- years

    def year(self, place: int) -> tuple[date, int] | None:
        """First day of a year that is named for certain."""
        word = self.tokens[place] if place < len(self.tokens) else None
        if word is None:
            return None
        if word.kind == "year":
            return date(word.value, 1, 1), place + 1
        if word.kind == "fiscal_year":
            return calendar.fiscal_year(word.value, self.settings), place + 1
        if word.kind == "year_offset":
            return date(self.today.year + word.value, 1, 1), self._after_unit(place + 1, "year")
        if word.kind == "this" and self.is_unit(place + 1, "year", "fiscal_year"):
            unit = self.tokens[place + 1].unit
            start = calendar.relative(self.today, unit, word.value, self.settings).start
            return start, place + 2
        noun = self.skip(place + 1, "full")
        singular = self.is_unit(noun, "year", "fiscal_year") and not self.tokens[noun].weak
        if word.kind == "number" and singular and FIRST_YEAR <= word.value <= LAST_YEAR:
            return self._numbered_year(self.tokens[noun].unit, place), noun + 1  # 2023 fiscal year
        if word.kind == "unit" and word.unit in ("year", "fiscal_year"):
            number = self.skip(place + 1, "of")
            if self.kind(number) == "year" and word.unit == "fiscal_year":
                return self._numbered_year(word.unit, number), number + 1
            if self.may_be_year(number):
                return self._numbered_year(word.unit, number), number + 1
        return None

    def _after_unit(self, place: int, unit: Unit) -> int:
        return place + 1 if self.is_unit(place, unit) else place

    def _numbered_year(self, unit: Unit, place: int) -> date:
        number = self.tokens[place].value
        if unit == "fiscal_year":
            return calendar.fiscal_year(number, self.settings)
        return date(number, 1, 1)

    def year_beside(self, place: int) -> tuple[date, int] | None:
        """A year that stands beside a part of it, so a bare number will do."""
        if self.may_be_year(place):
            return date(self.tokens[place].value, 1, 1), place + 1
        return self.year(place)

    def year_before(self, place: int) -> tuple[date, int] | None:
        """A year with a part behind it; 23年11月 is of 2023 though 23年 alone may be a duration."""
        if self._is_short_year(place) and self.part(place + 2):
            return date(2000 + self.tokens[place].value, 1, 1), place + 2
        return self.year_beside(place)

    def _is_short_year(self, place: int) -> bool:
        """23年, of two digits; 5年3月 is no date."""
        if self.kind(place) != "number" or not self.is_unit(place + 1, "year"):
            return False
        word = self.tokens[place]
        return (
            word.value < 100
            and word.end - word.start == 2
            and word.end == self.tokens[place + 1].start
        )

    # --- parts of a year

    def part(self, place: int) -> Rule:
        """A part of a year that is still to be named."""
        for rule in (self._quarter, self._month, self._day_of_month, self._holiday, self._week):
            if found := rule(place):
                return found
        return self._numbers_to_part(place)

    def _numbers_to_part(self, place: int) -> Rule:
        """ "1 to 3" of something whose kind only the last one says: 1-3月, 5-20 November."""
        listed = self.kind(place + 1) == "comma" and self.tokens[place + 1].value == 1
        if listed and self.kind(place) == "number" and self.kind(place + 2) in ("month", "quarter"):
            follows = self.tokens[place + 2].value == self.tokens[place].value + 1  # 1、2月
            if not follows:
                return NOTHING, place + 3
        between = (self.kind(place - 1) == "between" and self.kind(place + 1) == "and") or listed
        if self.kind(place) not in ("number", "ordinal") or not (
            between or self.kind(place + 1) == "to"
        ):
            return None
        last = self.part(place + 2)
        if last is None or last[0].numbered is None:
            return None
        first = last[0].numbered(self.tokens[place].value)
        return replace(last[0], build=spanning(first, last[0].build), numbered=None), last[1]

    def _quarter(self, place: int) -> Rule:
        kind = self.kind(place)
        if kind == "unit" and self.is_unit(place, "fiscal_year"):  # fiscal Q3
            found = self._quarter(place + 1)
            return (self._fiscal(found[0]), found[1]) if found else None
        first = kind == "before_after" and self.tokens[place].weak  # 前三季度
        if first and self.kind(place + 1) == "quarter" and self.tokens[place + 1].value in (2, 3):
            return Reading(_months(0, 3 * self.tokens[place + 1].value, "quarter")), place + 2
        if kind == "quarter":
            return _quarter(self.tokens[place].value), place + 1
        if kind == "half":
            return _half(self.tokens[place].value), place + 1
        if kind == "ordinal" and self.is_unit(place + 1, "quarter", "half", "fiscal_quarter"):
            number = self.tokens[place].value
            if number > 0:
                reading = _half(number) if self.is_unit(place + 1, "half") else _quarter(number)
                fiscal = self.is_unit(place + 1, "fiscal_quarter")
                return self._fiscal(reading) if fiscal else reading, place + 2
        return None

    def _fiscal(self, reading: Reading) -> Reading:
        """That part of the fiscal year, where the year beside it says only its number."""
        settings = self.settings

        def build(year: date) -> Period:
            plain = (year.month, year.day) == (1, 1)
            return reading.build(calendar.fiscal_year(year.year, settings) if plain else year)

        return replace(reading, build=build, numbered=None)

    def _month(self, place: int) -> Rule:
        if self.kind(place) != "month":
            return None
        month = self.tokens[place].value
        following = self.skip(place + 1, "unit") if self.is_unit(place + 1, "month") else place + 1
        if self.kind(following) == "third":
            return Reading(_third(month, self.tokens[following].value)), following + 1
        if self._is_day_behind(following):
            return month_day(month, self.tokens[following].value), following + 1
        return month_of(month), following

    def _is_day_behind(self, place: int) -> bool:
        """March 5, March 5th, 3月5日; not March, first week; 3月第一个周一."""
        if self.kind(place) == "ordinal":
            section = self.kind(place + 1) in ("unit", "weekday", "number", "month_day")
            return self.tokens[place].value > 0 and not section
        return self.kind(place) == "month_day" or self._is_day(place)

    def _is_day(self, place: int) -> bool:
        plain = self.kind(place) == "number" and not self.tokens[place].weak
        return plain and not self.is_counting(place) and self.tokens[place].value <= 99

    def _day_of_month(self, place: int) -> Rule:
        """3rd of November, 11 Nov."""
        if self.kind(place) not in ("number", "ordinal"):
            return None
        month = self.skip(place + 1, "of")
        certain = self.kind(place) == "ordinal" or self.year_after(month + 1) is not None
        certain = certain or self.kind(place - 1) in (
            "in",
            "from",
            "to",
            "between",
            "since",
            "until",
        )
        if self.kind(month) != "month" or not certain:
            return None
        if not self._is_day(place) and self.kind(place) != "ordinal":
            return None
        return month_day(self.tokens[month].value, self.tokens[place].value), month + 1

    def _holiday(self, place: int) -> Rule:
        """Christmas; 国庆假期 and Labor Day weekend, the days off around it; Christmas week."""
        if self.kind(place) != "holiday":
            return None
        if self.kind(place + 1) == "holiday" and self.kind(place + 2) == "days_off":  # 中秋国庆假期
            place += 1
        which, settings, end = self.tokens[place].value, self.settings, place + 1

        def build(year: date) -> Period:
            return _day(day_of(which, year.year, settings))

        def off(year: date) -> Period:
            day = day_of(which, year.year, settings)
            try:
                return days_off(which, day, settings)
            except ValueError as error:
                raise UncertainError(str(error), day) from error

        def week(year: date) -> Period:
            return containing(day_of(which, year.year, settings), "week", settings)

        if self.kind(end) == "days_off":
            return Reading(off), end + 1
        if self.is_unit(end, "weekend"):
            return Reading(_long_weekend(off)), end + 1
        if self.is_unit(end, "week") and self.kind(end + 1) != "weekday":
            return Reading(week), end + 1
        return Reading(build), end

    def _week(self, place: int) -> Rule:
        """A week by its number (ISO 8601), which only weeks that begin on Monday have."""
        number = (
            place + 1 if self.is_unit(place, "week") and self.kind(place + 1) == "number" else place
        )
        if self.kind(number) != "week_number" and number == place:
            return None
        if self.settings.week_start != 0:
            return NOTHING, number + 1
        week = self.tokens[number].value
        if number > place and self.kind(number + 1) == "to" and self.kind(number + 2) == "number":
            last = _iso_week(self.tokens[number + 2].value)  # weeks 1-4
            return Reading(spanning(_iso_week(week), last)), number + 3
        return Reading(_iso_week(week)), number + 1

    def year_after(self, place: int) -> tuple[date, int] | None:
        """A year behind a part: of 2023, in 2023, ", 2023", last year."""
        linked = self.skip(place, "of", "in", "comma")
        found = self.year_beside(linked)
        if found and linked > place and self.kind(place) == "comma" and self.may_be_year(linked):
            # "In March, 2000 customers ..." has no year; behind a day it is one.
            before = {self.kind(place - back) for back in (1, 2, 3)}
            return found if before & {"number", "ordinal", "quarter"} else None
        return found


def _iso_week(number: int) -> Build:
    def build(year: date) -> Period:
        start = date.fromisocalendar(year.year, number, 1)
        return Period(start, start + calendar.WEEK, "week")

    return build


def _day(day: date) -> Period:
    return Period(day, day + DAY, "day")


def _long_weekend(off: Build) -> Build:
    def build(year: date) -> Period:
        days = off(year)
        if (days.end - days.start).days != 3:
            raise UncertainError("its weekend has no days off before or after it", days.start)
        return days

    return build


def _months(first: int, count: int, grain: Grain) -> Build:
    """``count`` months from the ``first``-th (from 0) of the year on."""

    def build(year: date) -> Period:
        start = shift(year, "month", first)
        return Period(start, shift(start, "month", count), grain)

    return build


def _quarter(number: int) -> Reading:
    if not 1 <= number <= 4:
        return NOTHING
    return Reading(_months(3 * number - 3, 3, "quarter"), numbered=lambda n: _quarter(n).build)


def _half(number: int) -> Reading:
    if not 1 <= number <= 2:
        return NOTHING
    return Reading(_months(6 * number - 6, 6, grain_of("half")), numbered=lambda n: _half(n).build)


def month_of(number: int) -> Reading:
    """A month (1 to 12) of a year still to be named."""
    if not 1 <= number <= 12:
        return NOTHING

    def build(year: date) -> Period:
        return _months((number - year.month) % 12, 1, "month")(year)

    return Reading(build, numbered=lambda n: month_of(n).build)


def month_day(month: int, day: int) -> Reading:
    """A day of a month (1 to 12) in a year still to be named."""

    def build(year: date) -> Period:
        first = month_of(month).build(year).start
        return _day(first.replace(day=day))

    return Reading(build, numbered=lambda n: month_day(month, n).build)


_THIRDS = ((1, 10), (11, 20), (21, 0), (1, 15), (16, 0))
"""First and last day (0: that of the month) of 上旬, 中旬, 下旬, 上半月 and 下半月."""


def third_of(month: Period, third: int) -> Period:
    """That part of a month."""
    first, last = _THIRDS[third]
    end = month.start.replace(day=last) + DAY if last else month.end
    return Period(month.start.replace(day=first), end, "day")


def _third(month: int, third: int) -> Build:
    def build(year: date) -> Period:
        return third_of(month_of(month).build(year), third)

    return build
