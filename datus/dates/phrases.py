"""Whole time expressions: what is relative to today, what belongs to what, and from here to there."""

from dataclasses import replace
from datetime import date

from datus.dates.calendar import (
    Period,
    Unit,
    containing,
    shift,
)
from datus.dates.parts import month_day
from datus.dates.readings import (
    NOTHING,
    Build,
    Reading,
    Rule,
    Side,
    beside,
    first_or,
    fixed,
    mapped,
    resolve,
    section,
    spanning,
)
from datus.dates.relative import Relative

_SIDES: dict[str, Side] = {
    "since": "since",
    "before": "before",
    "after": "after",
    "until": "until",
    "onward": "since",
    "before_after": "before",
    "after_after": "after",
}
_LINKS = ("in", "since", "before", "after", "until")


class Phrases(Relative):
    """Rules for expressions; `expression` is the first of them."""

    def expression(self, place: int, linked: bool) -> Rule:
        """The longest expression that begins here.

        Args:
            linked: Whether the words before say that a time follows, so that "2023" is a year.
        """
        return (
            self._from_to(place)
            or self._from_start(place)
            or self._sided(place)
            or self._beside(place)
            or self._spoiled(place)
            or self._after_period(place, linked)
        )

    # --- ranges and sides

    def _from_to(self, place: int) -> Rule:
        """from A to B, between A and B, A to B."""
        opening = self.kind(place)
        begin = self.skip(place, "from", "between", "since")
        links = ("to", "and", "until") if opening == "between" else ("to", "until")
        first = self._bounded(begin, 1, linked=True)
        if first is None or self.kind(first[1]) not in links:
            return None
        last = self._end_of_range(first[0], first[1] + 1)
        if last is None:
            return None
        return self._span(first[0], last[0]), last[1]

    def _end_of_range(self, first: Reading, place: int) -> Rule:
        last = self._bounded(place, -1, linked=True)
        if last is not None:
            return last
        if self.kind(place) not in ("number", "ordinal", "month_day") or self.is_counting(place):
            return None
        if self.kind(place + 1) == "to" and self.kind(place + 2) == "number":  # 2023-11-05 to 11-20
            day = month_day(self.tokens[place].value, self.tokens[place + 2].value)
            return (day, place + 3) if first.fixed and first.year else (NOTHING, place + 3)
        if first.numbered:
            reading = Reading(first.numbered(self.tokens[place].value), year=first.year)
            if year := self.year_after(place + 1):
                return replace(reading, year=year[0]), year[1]
            return reading, place + 1
        return NOTHING, place + 1

    def _span(self, first: Reading, last: Reading) -> Reading:
        """From the one to the other; a year that only one of them names is that of both."""
        if first.fixed and first.year and not last.fixed and last.year is None:
            last = replace(last, year=first.year)
        if first.fixed or last.fixed:
            return self._resolved_span(first, last)
        if first.year is None:
            year = last.year
            if year is None:
                return Reading(spanning(first.build, last.build))
            start = first.build(year).start if _possible(first.build, year) else None
            if start and start >= last.build(year).end:
                first = replace(first, year=shift(year, "year", -1))
                return self._resolved_span(first, last)
            return Reading(spanning(first.build, last.build), year=year)
        if last.year is None:
            return Reading(spanning(first.build, last.build), year=first.year)
        return self._resolved_span(first, last)

    def _resolved_span(self, first: Reading, last: Reading) -> Reading:
        def build(year: date) -> Period:
            start, end = resolve(first, self.today), resolve(last, self.today)
            if start.start >= end.end:
                raise ValueError("it ends before it begins")
            return Period(start.start, end.end, end.grain)

        return Reading(build, fixed=True)

    def _bounded(self, place: int, side: int, linked: bool) -> Rule:
        """A period, or its beginning (side 1) or end (side -1) where that bounds a range."""
        edge = self.tokens[place].value if self.kind(place) == "edge" else 0
        found = self.period(place + (edge != 0), linked)
        if found is None and edge:
            found = self._current(place + 1)
        if found is None:
            return None
        if self.kind(found[1]) == "edge":
            edge = self.tokens[found[1]].value
            found = found[0], found[1] + 1
        return found if edge in (0, side) else (NOTHING, found[1])

    def _current(self, place: int) -> Rule:
        """The year, of which something is a part: this one."""
        if self.kind(place) != "unit" or not self.tokens[place].definite:
            return None
        unit = self.tokens[place].unit
        return fixed(containing(self.today, unit, self.settings)), place + 1

    def _from_start(self, place: int) -> Rule:
        """年初至今, since the beginning of the year."""
        begin = self.skip(place, "since", "from")
        opened = begin > place
        year = self.year(begin) if self.kind(begin) == "year_offset" else None
        begin = year[1] if year else begin
        if self.kind(begin) != "unit_start":
            return None
        end = self.skip(begin + 1, "onward")
        if end == begin + 1 and not opened:
            return NOTHING, end
        unit = self.tokens[begin].unit
        reading = fixed(containing(year[0] if year else self.today, unit, self.settings))
        return replace(reading, side="since"), end

    def _sided(self, place: int) -> Rule:
        """since, before, after, until A."""
        word = self.kind(place)
        if word == "from":
            found = self._bounded(place + 1, 1, linked=True)
            if found and self.kind(found[1]) == "onward":
                return replace(found[0], side="since"), found[1] + 1
            return None
        if word == "onward" and (found := self.period(place + 1, linked=False)):  # so far this year
            return replace(found[0], side="since"), found[1]
        if word not in ("since", "before", "after", "until"):
            return None
        found = self._bounded(place + 1, 1 if word in ("since", "before") else -1, linked=True)
        if found is None:
            return None
        end = self.skip(found[1], "onward")
        if word == "since" and self.kind(end) in ("until", "to"):
            now = self.kind(end + 1) == "day_offset" and self.tokens[end + 1].value == 0
            end += 2 * now
        return replace(found[0], side=_SIDES[word]), end

    def _after_period(self, place: int, linked: bool) -> Rule:
        """A period and what behind it says which side of it is meant."""
        found = self.period(place, linked)
        if found is None:
            return None
        reading, end = found
        word = self.kind(end)
        if word == "onward":
            return replace(reading, side="since"), end + 1
        if word in ("before_after", "after_after"):
            return self._around(reading, end)
        if word == "that_week":
            return mapped(reading, self._week_around), end + 1
        if word in ("unclear", "edge"):
            return NOTHING, end + 1
        return found

    def _around(self, reading: Reading, place: int) -> Rule:
        """2023年之前, 2023年前三个月, 11月11日前7天, 11月11日之后的7天."""
        before, weak = self.kind(place) == "before_after", self.tokens[place].weak
        if before and weak and self.kind(place + 1) == "quarter":
            quarters = section(1, self.tokens[place + 1].value, "quarter")
            return mapped(reading, quarters), place + 2
        if window := self.amount(place + 1):
            count, unit, end = window
            around = beside(-count if before else count, unit, window=True)
            change = first_or(around, count, unit) if before and weak else around
            return mapped(reading, change), end
        if weak and self.kind(place + 1) in ("number", "ordinal"):
            return reading, place  # 2023年前10名 is about 2023
        return replace(reading, side=_SIDES[self.tokens[place].kind]), place + 1

    def _spoiled(self, place: int) -> Rule:
        """Early 2023, 春节: about time, and no span for certain."""
        if self.kind(place) not in ("unclear", "edge"):
            return None
        inner = self._after_period(self.skip(place + 1, "of", "to"), linked=True)
        return NOTHING, inner[1] if inner else place + 1

    def _beside(self, place: int) -> Rule:
        """3 days before A; with "the", the 3 days before it."""
        amount = self.amount(place)
        if amount is None or self.kind(amount[2]) not in ("before", "after"):
            return None
        count, unit, end = amount
        found = self.period(end + 1, linked=True)
        if found is None:
            return None
        sign = -1 if self.kind(end) == "before" else 1
        window = self.tokens[place].definite or self.kind(place - 1) == "in"
        return mapped(found[0], beside(count * sign, unit, window)), found[1]

    def _week_around(self, period: Period) -> Period:
        if period.grain != "day":
            raise ValueError("only a day has its week")
        return containing(period.start, "week", self.settings)

    # --- periods

    def period(self, place: int, linked: bool) -> Rule:
        """A span of days, not yet put into relation with another."""
        linked = linked or self._is_linked(place)
        found = (
            self.day(place)
            or self.same(place)
            or self._part_of(place)
            or self.rolling(place)
            or self._dated(place, linked)
            or self.relative(place)
            or self.ago(place)
            or self.to_date(place)
            or self._week_of(place)
        )
        return self._narrowed(*found) if found else None

    def _is_linked(self, place: int) -> bool:
        """Whether the words before a place announce a time: in 2023, week of 2023-11-05."""
        before = self.kind(place - 1)
        if before in ("from", "between"):  # "from 2000 to 3000" are no years
            return self.kind(place + 1) not in ("to", "and")
        if before == "of":
            return self.kind(place - 2) == "unit"
        return before in _LINKS and not self.tokens[place - 1].weak

    def _week_of(self, place: int) -> Rule:
        """The week of Nov 3rd; the month of March."""
        if self.kind(place) != "unit" or self.kind(place + 1) != "of":
            return None
        found = self.period(place + 2, linked=True)
        if found is None:
            return None
        if self.kind(place - 1) == "each":  # orders by week of 2023
            return None
        if self.is_unit(place, "week"):
            return mapped(found[0], self._week_around), found[1]
        return found if self.tokens[place].definite else None

    def _dated(self, place: int, linked: bool) -> Rule:
        """A year, a part of a year, or both in either order."""
        if year := self.year_before(place):
            inner = self.skip(year[1], "of", "comma")
            if part := self.part(inner):
                return replace(part[0], year=year[0]), part[1]
            if self.kind(inner) in ("unclear", "holiday") and inner == year[1]:
                return NOTHING, inner + 1
        if part := self.part(place):
            reading, end = part
            if after := self.year_after(end):
                return replace(reading, year=after[0]), after[1]
            announced = linked or self.kind(place - 1) in ("of", "from", "between", "to")
            sure = announced or not self.tokens[place].weak or end - place > 1
            return part if sure or len(self.tokens) == end - place else None
        return self._whole_year(place, linked)

    def _whole_year(self, place: int, linked: bool) -> Rule:
        if self.kind(place) == "decade" and linked:
            decade = self.tokens[place].value
            return fixed(Period(date(decade, 1, 1), date(decade + 10, 1, 1), "year")), place + 1
        year = self.year(place)
        sure = linked or len(self.tokens) == 1 or self._lists_years(place)
        if year is None and self.may_be_year(place) and sure:
            year = date(self.tokens[place].value, 1, 1), place + 1
        if year is None:
            return None
        return Reading(lambda start: Period(start, shift(start, "year", 1), "year"), year[0]), year[
            1
        ]

    def _lists_years(self, place: int) -> bool:
        """2021、2022和2023年: only the last number says that it is a year."""
        begin = place
        while self.may_be_year(place) and self.kind(place + 1) in ("and", "comma"):
            place += 2
        return place > begin and self.kind(place) == "year"

    # --- parts of any period

    def _part_of(self, place: int) -> Rule:
        """First week of, last 3 months of 2023; without an English "of" see `_narrowed`."""
        number = self._position(place)
        if number is None or self.kind(number[3]) != "of" or self.tokens[number[3]].weak:
            return None
        which, count, unit, end = number
        if self.kind(end + 1) == "each":
            return NOTHING, end + 2
        found = self.period(end + 1, linked=True) or self._current(end + 1)
        if found is None:
            return None
        return mapped(found[0], section(which, count, unit)), found[1]

    def _position(self, place: int) -> tuple[int, int, Unit, int] | None:
        """Which (1 first, -1 last), how many, of what unit, and what follows."""
        which = self.tokens[place].value if place < len(self.tokens) else 0
        if self.kind(place) not in ("ordinal", "this") or which == 0:
            return None
        if self.kind(place) == "this" and which != -1:
            return None
        amount = self.amount(place + 1)
        if amount and abs(which) == 1 and self.kind(place + 1) == "number":
            return which, amount[0], amount[1], amount[2]
        if self.kind(place + 1) == "unit":
            return which, 1, self.tokens[place + 1].unit, place + 2
        return None

    def _narrowed(self, reading: Reading, end: int) -> Rule:
        """去年最后一个月, 上季度第一个月."""
        if self.kind(end) == "ordinal" and (number := self._position(end)):
            return mapped(reading, section(*number[:3])), number[3]
        return reading, end


def _possible(build: Build, year: date) -> bool:
    try:
        build(year)
    except ValueError:
        return False
    return True
