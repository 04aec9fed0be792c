"""Rules for parts of the calendar: what a year, a quarter, a month and a day can look like."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from datus.dates import calendar
from datus.dates.calendar import DAY, DateSettings, Period, Unit, grain_of, nth_weekday, shift
from datus.dates.reader import FIRST_YEAR, LAST_YEAR
from datus.dates.readings import NOTHING, Build, Reading, Rule, spanning
from datus.dates.tokens import Kind, Token
from datus.types import Grain


class Parts:
    """Rules for parts of the calendar: what a year, a quarter, a month and a day can look like."""

    def __init__(self, tokens: Sequence[Token], today: date, settings: DateSettings) -> None:
        self.tokens = tokens
        self.today = today
        self.settings = settings

    def kind(self, place: int) -> Kind | None:
        """Kind of the word at a place, None outside of the text."""
        return self.tokens[place].kind if 0 <= place < len(self.tokens) else None

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
        if word.kind == "unit" and word.unit in ("year", "fiscal_year"):
            number = self.skip(place + 1, "of")
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
        short = self.kind(place) == "number" and self.is_unit(place + 1, "year")
        if short and self.tokens[place].value < 100 and self.part(place + 2):
            return date(2000 + self.tokens[place].value, 1, 1), place + 2
        return self.year_beside(place)

    # --- parts of a year

    def part(self, place: int) -> Rule:
        """A part of a year that is still to be named."""
        for rule in (self._quarter, self._month, self._day_of_month, self._holiday, self._week):
            if found := rule(place):
                return found
        return self._numbers_to_part(place)

    def _numbers_to_part(self, place: int) -> Rule:
        """ "1 to 3" of something whose kind only the last one says: 1-3月, 5-20 November."""
        between = self.kind(place - 1) == "between" and self.kind(place + 1) == "and"
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
        if kind == "quarter":
            return _quarter(self.tokens[place].value), place + 1
        if kind == "half":
            return _half(self.tokens[place].value), place + 1
        if kind == "ordinal" and self.is_unit(place + 1, "quarter", "half"):
            make = _quarter if self.is_unit(place + 1, "quarter") else _half
            number = self.tokens[place].value
            if number > 0:
                return make(number), place + 2
        return None

    def _month(self, place: int) -> Rule:
        if self.kind(place) != "month":
            return None
        month = self.tokens[place].value
        following = self.skip(place + 1, "unit") if self.is_unit(place + 1, "month") else place + 1
        if self.kind(following) == "third":
            return Reading(_third(month, self.tokens[following].value)), following + 1
        named = self.kind(following) in ("month_day", "ordinal") or self._is_day(following)
        if named and self.kind(following + 1) != "unit":
            return month_day(month, self.tokens[following].value), following + 1
        return _month_of(month), following

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
        if self.kind(place) == "holiday":
            month, day = divmod(self.tokens[place].value, 100)
            return Reading(month_day(month, day).build), place + 1
        if self.kind(place) == "thanksgiving":
            after = self.tokens[place].value
            return Reading(
                lambda year: _day(nth_weekday(year.year, 11, 3, 4) + DAY * after)
            ), place + 1
        return None

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

        def build(year: date) -> Period:
            start = date.fromisocalendar(year.year, week, 1)
            return Period(start, start + calendar.WEEK, "week")

        return Reading(build), number + 1

    def year_after(self, place: int) -> tuple[date, int] | None:
        """A year behind a part: of 2023, in 2023, ", 2023", last year."""
        linked = self.skip(place, "of", "in", "comma")
        found = self.year_beside(linked)
        if found and linked > place and self.kind(place) == "comma" and self.may_be_year(linked):
            # "In March, 2000 customers ..." has no year; behind a day it is one.
            before = {self.kind(place - back) for back in (1, 2, 3)}
            return found if before & {"number", "ordinal", "quarter"} else None
        return found


def _day(day: date) -> Period:
    return Period(day, day + DAY, "day")


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


def _month_of(number: int) -> Reading:
    if not 1 <= number <= 12:
        return NOTHING

    def build(year: date) -> Period:
        return _months((number - year.month) % 12, 1, "month")(year)

    return Reading(build, numbered=lambda n: _month_of(n).build)


def month_day(month: int, day: int) -> Reading:
    """A day of a month (1 to 12) in a year still to be named."""

    def build(year: date) -> Period:
        first = _month_of(month).build(year).start
        return _day(first.replace(day=day))

    return Reading(build, numbered=lambda n: month_day(month, n).build)


def _third(month: int, third: int) -> Build:
    def build(year: date) -> Period:
        whole = _month_of(month).build(year)
        start = whole.start.replace(day=1 + 10 * third)
        return Period(start, whole.end if third == 2 else start.replace(day=11 + 10 * third), "day")

    return build
