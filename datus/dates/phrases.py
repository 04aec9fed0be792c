"""Whole time expressions: what is relative to today, what belongs to what, and from here to there."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from datus.dates.calendar import DAY, DateSettings, Period, containing, shift
from datus.dates.parts import month_day, month_of
from datus.dates.readings import (
    NOTHING,
    Build,
    Reading,
    Rule,
    Side,
    beside,
    first_or,
    fixed,
    is_slip,
    mapped,
    resolve,
    spanning,
    weekday_of,
    window_from,
    window_to,
)
from datus.dates.relative import BARE_UNITS
from datus.dates.sections import Sections
from datus.dates.tokens import Kind, Token

_SIDES: dict[str, Side] = {
    "since": "since",
    "before": "before",
    "after": "after",
    "until": "until",
    "onward": "since",
    "before_after": "before",
    "after_after": "after",
}
_FIRST_BARE_YEAR = 1990
_LONGEST_LIST = 50
"""Years that one list may have, so that a long text takes no longer than it is."""

_NEVER_FIRST: frozenset[Kind | None] = frozenset(
    ("other", "comma", "of", "in", "to", "and", "from", "between", "since", "until", "before",
     "after", "each", "with", "over", "change", "versus", "comparing", "compare", "onward", "mass", "named", None)
)  # fmt: skip
_LINKS = ("in", "since", "before", "after", "until")


def _without_last_day(period: Period) -> Period:
    if period.grain != "day":
        raise ValueError("it does not end on a day")
    return Period(period.start, period.end - DAY, "day")


class Phrases(Sections):
    """Rules for expressions; `expression` is the first of them."""

    def __init__(self, tokens: Sequence[Token], today: date, settings: DateSettings) -> None:
        super().__init__(tokens, today, settings)
        self._periods: dict[tuple[int, bool], Rule] = {}  # rules try the same place again and again

    def expression(self, place: int, linked: bool) -> Rule:
        """The longest expression that begins here.

        Args:
            linked: Whether the words before say that a time follows, so that "2023" is a year.
        """
        return (
            self._from_to(place)
            or self._from_start(place)
            or self._sided(place)
            or self.beside(place)
            or self.window(place)
            or self._spoiled(place)
            or self._after_period(place, linked)
        )

    # --- ranges and sides

    def compares(self, place: int) -> bool:
        """Whether "compare" stands before a place, so that "to" and "with" may compare."""
        return any(word.kind == "comparing" for word in self.tokens[:place])

    def _from_to(self, place: int) -> Rule:
        """from A to B, between A and B, A to B."""
        opening = self.kind(place)
        begin = self.skip(place, "from", "between", "since")
        links = ("to", "and", "until") if opening == "between" else ("to", "until")
        first = self.beside(begin) or self._bounded(begin, 1, linked=True)
        if first is None:
            return None
        if self.kind(first[1]) in ("before_after", "after_after"):  # 双十一前一周到月底
            around = self._around(*first)
            first = around if around and around[0].side == "within" else first
        link = first[1] + self._is_bound(first[1], "including")
        if self.kind(link) == "onward" and self.tokens[link].value == 1:  # 从5日起到20日止
            link += 1
        if self.kind(link) not in links:
            return None
        if begin == place and (self.comparison(link) or self._compares_by(link)):
            return None
        last = self._end_of_range(first[0], link + 1, begin)
        if last is not None:
            end = self.skip(last[1], "stop")
            if self._is_bound(end, "excluding"):  # until that day begins
                return mapped(self._span(first[0], last[0]), _without_last_day), end + 1
            return self._span(first[0], last[0]), end + self._is_bound(end, "including")
        if spoiled := self._spoiled(link + 1):  # March to mid April
            return NOTHING, spoiled[1]
        return None

    def _is_bound(self, place: int, kind: Kind) -> bool:
        """As in "between May 1 inclusive and May 8 exclusive"."""
        return self.kind(place) == kind and self.tokens[place].value == 1

    def _compares_by(self, link: int) -> bool:
        """Compare March to April: two periods, not one."""
        return self.kind(link) == "to" and not self.tokens[link].weak and self.compares(link)

    def _end_of_range(self, first: Reading, place: int, begin: int) -> Rule:
        if year := self._short_year(place, begin):
            return Reading(month_of(self.tokens[place].value).build, year=year), place + 2
        if own := self._own_end(first, place):
            return own
        if self.kind(place) == "now":
            return fixed(containing(self.today, "day", self.settings)), place + 1
        last = self.beside(place) or self._bounded(place, -1, linked=True)
        if last is not None:
            return last
        weekday = place + self.is_unit(place, "week")
        if self.kind(weekday) == "weekday":  # 上周一到周五
            return self._weekday_after(first, weekday, chinese=weekday > place), weekday + 1
        if self.kind(place) not in ("number", "ordinal", "month_day") or self.is_counting(place):
            return None
        if self.kind(place + 1) == "to" and self.kind(place + 2) == "number":  # 2023-11-05 to 11-20
            day = month_day(self.tokens[place].value, self.tokens[place + 2].value)
            return (day, place + 3) if first.fixed and first.year else (NOTHING, place + 3)
        if first.numbered:
            reading = Reading(first.numbered(self.tokens[place].value), year=first.year)
            if year_after := self.year_after(place + 1):
                return replace(reading, year=year_after[0]), year_after[1]
            return reading, place + 1
        return NOTHING, place + 1

    def _own_end(self, first: Reading, place: int) -> Rule:
        """July to the end of the year, 去年年初到年底: the end of the year that the first lies in."""
        if self.kind(place) == "unit_end":
            unit, end = self.tokens[place].unit, place + 1
        elif (
            self.kind(place) == "edge"
            and self.tokens[place].value < 0
            and (whole := self.current(place + 1))
        ):
            unit, end = self.tokens[place + 1].unit, whole[1]
        else:
            return None

        def build(year: date) -> Period:
            return containing(resolve(first, self.today).start, unit, self.settings)

        return Reading(build, fixed=True), end

    def _short_year(self, place: int, begin: int) -> date | None:
        """Jan-Mar 23 is of 2023: no day stands behind the first month."""
        if self.kind(place) != "month" or place != begin + 2 or self.kind(begin) != "month":
            return None
        number = place + 1
        dash = self.tokens[place - 1].weak and self.kind(number) == "number"
        short = dash and self.tokens[number].end - self.tokens[number].start == 2
        if not short or self.is_counting(number) or self.year_after(number + 1):
            return None
        return date(2000 + self.tokens[number].value, 1, 1)

    def _weekday_after(self, first: Reading, place: int, chinese: bool) -> Reading:
        if not chinese or not first.fixed:
            return NOTHING

        def build(year: date) -> Period:
            start = resolve(first, self.today)
            week = self.unit_around("week")(start)
            return weekday_of(self.tokens[place].value)(week)

        return Reading(build, fixed=True)

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
            start = first.build(year) if _possible(first.build, year) else None
            if start and start.start >= last.build(year).end:
                if is_slip(start, last.build(year)):
                    return NOTHING
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
        if whole := self._unit_edge(place):
            return (whole[0] if whole[1] == side else NOTHING), whole[2]
        found = self.period(place + (edge != 0), linked)
        if found is None and edge:
            found = self.current(place + 1)
        if found is None:
            return None
        if self.kind(found[1]) == "edge":
            edge = self.tokens[found[1]].value
            found = found[0], found[1] + 1
        return found if edge in (0, side) else (NOTHING, found[1])

    def _unit_edge(self, place: int) -> tuple[Reading, int, int] | None:
        """年初, 上月底, 去年年底: the unit, which end of it, and the place after."""
        year = self.year(place) if self.kind(place) in ("year_offset", "year") else None
        this = self.kind(place) == "this"
        edge = year[1] if year else place + this
        if self.kind(edge) not in ("unit_start", "unit_end"):
            return None
        unit, side = self.tokens[edge].unit, 1 if self.kind(edge) == "unit_start" else -1
        if year and unit != "year":
            return NOTHING, side, edge + 1
        day = year[0] if year else shift(self.today, unit, self.tokens[place].value if this else 0)
        return fixed(containing(day, unit, self.settings)), side, edge + 1

    def _from_start(self, place: int) -> Rule:
        """年初至今, since the beginning of the year."""
        begin = self.skip(place, "since", "from")
        found = self._unit_edge(begin)
        if found is None:
            return None
        reading, side, following = found
        end = self.skip(following, "onward")
        if (end == following and begin == place) or side < 0:
            return NOTHING, end
        return replace(reading, side="since"), end

    def _sided(self, place: int) -> Rule:
        """since, before, after, until A."""
        word = self.kind(place)
        if word == "from":
            found = self._bounded(place + 1, 1, linked=True)
            if found and self.kind(found[1]) == "onward":
                return self._onward(*found)
            if found and self.kind(place + 1) == "edge":  # from the beginning of the month
                return replace(found[0], side="since"), found[1]
            return None
        if word == "onward" and (found := self.period(place + 1, linked=False)):  # so far this year
            return replace(found[0], side="since"), found[1]
        through = word == "to" and (self.tokens[place].value == 1 or self._stops(place))
        if word not in ("since", "before", "after", "until") and not through:
            return None
        side: Side = "until" if through else _SIDES[str(word)]
        found = self._bounded(place + 1, 1 if side in ("since", "before") else -1, linked=True)
        if found is None:
            return self._spoiled(place + 1)
        reading, end = found
        if self.kind(end) == "onward":
            return self._onward(reading, end) if side == "since" else (NOTHING, end + 1)
        if side == "until" and (ended := self._ended(reading, end)):
            return ended
        if side == "since" and self.kind(end) in ("until", "to"):
            now = self.kind(end + 1) == "day_offset" and self.tokens[end + 1].value == 0
            end += 2 * now
        return replace(reading, side=side), self.skip(end, "stop")

    def _stops(self, place: int) -> bool:
        """到昨天为止."""
        found = self.period(place + 1, linked=True)
        return found is not None and self.kind(found[1]) == "stop"

    def _ended(self, reading: Reading, place: int) -> Rule:
        """截至2023年6月的12个月."""
        amount = self.amount(self.skip(place, "past"))
        if amount is None or (self.kind(place) == "number" and self.tokens[place].weak):
            return None
        return mapped(reading, window_to(amount[0], amount[1])), amount[2]

    def _onward(self, reading: Reading, place: int) -> Rule:
        """2023年3月以来, 2023年3月起三个月."""
        amount = self.amount(place + 1) if self.tokens[place].value == 1 else None
        if amount:
            return mapped(reading, window_from(amount[0], amount[1])), amount[2]
        return replace(reading, side="since"), place + 1

    def _after_period(self, place: int, linked: bool) -> Rule:
        """A period and what behind it says which side of it is meant."""
        found = self.period(place, linked)
        if found is None:
            return None
        reading, end = found
        word = self.kind(end)
        if word == "onward":
            return self._onward(reading, end)
        if word in ("before_after", "after_after"):
            return self._around(reading, end)
        if word == "that":
            return mapped(reading, self.unit_around(self.tokens[end].unit)), end + 1
        if word == "edge" and self.tokens[end].value > 0 and self.kind(end + 1) == "onward":
            return self._onward(reading, end + 1)  # 去年初至今
        if word == "same_span" and not self.tokens[end].weak:  # 前年同期
            return NOTHING, end + 1
        if word in ("unclear", "edge", "unit_end", "unit_start", "repeated"):
            return NOTHING, end + 1
        if word == "days_off":  # 去年期间 is last year; which its 假期 is, is not said
            return (reading if self.tokens[end].value else NOTHING), end + 1
        return found

    def _around(self, reading: Reading, place: int) -> Rule:
        """2023年之前, 2023年前三个月, 11月11日前7天, 11月11日之后的7天."""
        before, weak = self.kind(place) == "before_after", self.tokens[place].weak
        if before and weak and self.kind(place + 1) in ("quarter", "month"):  # 今年前3月
            count, unit = self.tokens[place + 1].value, BARE_UNITS[self.kind(place + 1)]
            around = beside(-count, unit, window=True)
            return mapped(reading, first_or(around, count, unit)), place + 2
        if window := self.amount(place + 1):
            count, unit, end = window
            around = beside(-count if before else count, unit, window=True)
            change = first_or(around, count, unit) if before and weak else around
            return mapped(reading, change), end
        if weak and self.kind(place + 1) in ("number", "ordinal"):
            return reading, place  # 2023年前10名 is about 2023
        return replace(reading, side=_SIDES[self.tokens[place].kind]), place + 1

    def _spoiled(self, place: int) -> Rule:
        """Early 2023, weekends in May: about time, and no span for certain."""
        days = self.kind(place) == "repeated" or self.is_unit(place, "weekend")
        if days and self.kind(place + 1) in ("of", "in"):
            inner = self._after_period(place + 2, linked=True) or self.current(place + 2)
            return (NOTHING, inner[1]) if inner else None
        if self.kind(place) not in ("unclear", "edge"):
            return None
        inner = self._after_period(self.skip(place + 1, "of", "to"), linked=True)
        end = inner[1] if inner else place + 1
        opened = self.kind(place - 1)
        if self.kind(end) == "to" or (opened == "between" and self.kind(end) == "and"):
            rest = self._after_period(end + 1, linked=True) or self._spoiled(end + 1)
            end = rest[1] if rest else end
        return NOTHING, end

    # --- periods

    def period(self, place: int, linked: bool) -> Rule:
        """A span of days, not yet put into relation with another."""
        if self.kind(place) in _NEVER_FIRST:
            return None
        linked = linked or self._is_linked(place)
        key = place, linked
        if key not in self._periods:
            found = self._period(place, linked)
            self._periods[key] = self.narrowed(*found) if found else None
        return self._periods[key]

    def _period(self, place: int, linked: bool) -> Rule:
        return (
            self.same(place)
            or self.day(place)
            or self.part_of(place)
            or self.rolling(place)
            or self.before_last(place)
            or self._dated(place, linked)
            or self.relative(place)
            or self.ago(place)
            or self.to_date(place)
            or self.week_of(place)
            or self.day_named(place)
        )

    def _is_linked(self, place: int) -> bool:
        """Whether the words before a place announce a time: in 2023, week of 2023-11-05."""
        before = self.kind(place - 1)
        if before in ("from", "between"):  # "from 2000 to 3000" are no years
            return self.kind(place + 1) not in ("to", "and")
        if before == "of":
            return self.kind(place - 2) in ("unit", "full")
        if before == "comparing":  # compare 2022 and 2023
            return self.kind(place + 1) in ("and", "to", "with")
        return before in _LINKS and not self.tokens[place - 1].weak

    def _dated(self, place: int, linked: bool) -> Rule:
        """A year, a part of a year, or both in either order."""
        if self.is_unit(place - 1, "year") and self.kind(place - 2) == "number":
            return None  # 5年3月 is no date
        if self.kind(place - 1) == "named":  # a customer named April
            return None
        if year := self.year_before(place):
            inner = self.skip(year[1], "of", "comma")
            if part := self.part(inner):
                return replace(part[0], year=year[0]), part[1]
            if self.kind(inner) == "unclear" and inner == year[1]:
                return NOTHING, inner + 1
        if part := self.part(place):
            reading, end = part
            if after := self.year_after(end):
                return replace(reading, year=after[0]), after[1]
            if self._repeats(place):  # every March
                return NOTHING, end
            announced = linked or self.kind(place - 1) in ("of", "from", "between", "to")
            listed = self.kind(end) in ("and", "comma", "to") and self.kind(end + 1) == "month"
            sure = announced or not self.tokens[place].weak or end - place > 1 or listed
            return part if sure or len(self.tokens) == end - place else None
        return self._whole_year(place, linked)

    def _repeats(self, place: int) -> bool:
        """Whether it is one of every year: every March, 每年双十一, every year in May."""
        before = place - 1 - (self.kind(place - 1) == "in")
        return self.kind(before - self.is_unit(before, "year")) == "each"

    def _whole_year(self, place: int, linked: bool) -> Rule:
        word = self.tokens[place] if place < len(self.tokens) else None
        if word and word.kind == "decade" and (word.definite or not word.weak):
            decade = word.value
            return fixed(Period(date(decade, 1, 1), date(decade + 10, 1, 1), "year")), place + 1
        year = self.year(place)
        sure = linked or len(self.tokens) == 1 or self._lists_years(place)
        sure = sure or self.kind(place + 1) == "onward" or self._compares_years(place)
        sure = sure or self._has_mass_beside(place) or self._is_bare_year(place)
        if year is None and self.may_be_year(place) and sure:
            year = date(self.tokens[place].value, 1, 1), place + 1
        if year is None:
            return None
        return Reading(lambda start: Period(start, shift(start, "year", 1), "year"), year[0]), year[
            1
        ]

    def _has_mass_beside(self, place: int) -> bool:
        """2023 revenue, sales 2023 by region; not "more than 2023 sales"."""
        if self.kind(place + 1) == "mass":
            return self.kind(place - 1) not in ("versus", "over", "change")
        return self.kind(place - 1) == "mass" and self.kind(place + 1) in (None, "each", "and")

    def _is_bare_year(self, place: int) -> bool:
        """A year of which only the place in the question tells; 2000 is as often an amount."""
        word = self.tokens[place]
        near = _FIRST_BARE_YEAR <= word.value <= self.today.year + 1 and word.value != 2000
        return word.kind == "number" and word.unit == "year" and near

    def _compares_years(self, place: int) -> bool:
        """2021 vs 2022."""
        before, after = place - 1, place + 1
        first = self.kind(after) == "and" and self.may_be_year(place + 2)
        last = self.kind(before) == "and" and self.kind(after) in (None, "and", "in", "each")
        return (first and self.tokens[after].value == 1) or (
            last and self.tokens[before].value == 1
        )

    def _lists_years(self, place: int) -> bool:
        """2021、2022和2023年: only the last number says that it is a year."""
        begin = place
        last = begin + 2 * _LONGEST_LIST
        while place < last and self.may_be_year(place) and self.kind(place + 1) in ("and", "comma"):
            place += 2
        return place > begin and self.kind(place) == "year"


def _possible(build: Build, year: date) -> bool:
    try:
        build(year)
    except ValueError:
        return False
    return True
