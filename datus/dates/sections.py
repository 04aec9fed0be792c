"""Rules for parts of a period and spans beside one: first Monday of March, 3 days before Christmas."""

from abc import abstractmethod

from datus.dates.calendar import Period, Unit, containing
from datus.dates.parts import third_of
from datus.dates.readings import (
    NOTHING,
    Change,
    Reading,
    Rule,
    UncertainError,
    beside,
    days_in,
    fixed,
    mapped,
    section,
    weekday_in,
    weekday_of,
    window_from,
    window_to,
)
from datus.dates.relative import Relative
from datus.types import Grain


class Sections(Relative):
    """Rules that take a period and give another one."""

    @abstractmethod
    def period(self, place: int, linked: bool) -> Rule:
        """A span of days, not yet put into relation with another."""

    @abstractmethod
    def comparison(self, place: int) -> tuple[Grain | None, int] | None:
        """A comparison that begins here: how far back, and the place after it."""

    def current(self, place: int) -> Rule:
        """The year, of which something is a part: this one."""
        if self.kind(place) != "unit" or not self.tokens[place].definite:
            return None
        unit = self.tokens[place].unit
        return fixed(containing(self.today, unit, self.settings)), place + 1

    def part_of(self, place: int) -> Rule:
        """First day of, last 3 months of 2023; without an English "of" see `narrowed`."""
        found = self._position(place) or self._numbered_days(place)
        if found is None or self.kind(found[1]) not in ("of", "in") or self.tokens[found[1]].weak:
            return None
        change, end = found[0], found[1] + 1
        if self.kind(end) == "each":
            return NOTHING, end + 1
        whole = self.period(end, linked=True) or self.current(end)
        return (mapped(whole[0], change), whole[1]) if whole else None

    def _position(self, place: int) -> tuple[Change, int] | None:
        """First (1) to last (-1), how many, of what, and the place after."""
        which = self.tokens[place].value if place < len(self.tokens) else 0
        if self.kind(place) not in ("ordinal", "this") or which == 0:
            return None
        if self.kind(place) == "this" and which != -1:
            return None
        single = place + 1
        if self.kind(single) == "number" and self.tokens[single].value == 1:  # 最后一个周五
            single += 1
        if self.kind(single) == "weekday":
            return weekday_in(which, self.tokens[single].value), single + 1
        if self.is_unit(single, "week") and self.kind(single + 1) == "weekday":
            return weekday_in(which, self.tokens[single + 1].value), single + 2
        amount = self.amount(place + 1)
        if amount and abs(which) == 1:
            return self._section(which, amount[0], amount[1]), amount[2]
        if self.kind(place + 1) == "quarter" and self.kind(place) == "ordinal":  # 头三季度
            return self._section(which, self.tokens[place + 1].value, "quarter"), place + 2
        if self.kind(place + 1) == "unit":
            return self._section(which, 1, self.tokens[place + 1].unit), place + 2
        return None

    def _numbered_days(self, place: int) -> tuple[Change, int] | None:
        """The 3rd, 1st to 10th of last month; of a month by name, its own rule reads them."""
        last = self._linked_place(place)
        if self.kind(last) != "ordinal" or self.kind(last + 2) == "month":
            return None
        if self.kind(place) not in ("ordinal", "number"):
            return None
        return days_in(self.tokens[place].value, self.tokens[last].value), last + 1

    def _linked_place(self, place: int) -> int:
        """The place of the last of two that a range joins, else the place itself."""
        link = self.kind(place + 1)
        joined = link == "to" or (link == "and" and self.kind(place - 1) == "between")
        return place + 2 if joined else place

    def _section(self, which: int, count: int, unit: Unit) -> Change:
        return section(which, count, unit, self.settings.week_start)

    def narrowed(self, reading: Reading, end: int) -> Rule:
        """去年最后一个月, 上季度第一个月, 上个月中旬, 2024-11-05 (Tuesday)."""
        word = self.kind(end)
        if word == "ordinal" and (found := self._position(end)):
            return mapped(reading, found[0]), found[1]
        if word == "week_number":  # 三月第三周
            return mapped(reading, self._section(self.tokens[end].value, 1, "week")), end + 1
        if word == "third":
            return mapped(reading, _third(self.tokens[end].value)), end + 1
        if word == "comma" and self.kind(end + 1) == "weekday":
            end += 1
        weekday = end + self.is_unit(end, "week")
        if self.kind(weekday) == "weekday":
            return mapped(reading, weekday_of(self.tokens[weekday].value)), weekday + 1
        if word == "repeated" or self.is_unit(end, "weekend"):  # 5月的周末: days, no span
            return NOTHING, end + 1
        return reading, end

    def day_named(self, place: int) -> Rule:
        """Tuesday, November 5, 2024; Friday of last week; Monday to Wednesday last week."""
        last = self._linked_place(place)
        if self.kind(place) != "weekday" or self.kind(last) != "weekday":
            return None
        found = self.period(self.skip(last + 1, "comma", "of"), linked=False)
        if found is None:
            return None
        first, end = self.tokens[place].value, self.tokens[last].value
        return mapped(found[0], weekday_of(first, end)), found[1]

    def week_of(self, place: int) -> Rule:
        """The week of Nov 3rd; the month of March."""
        if self.kind(place) != "unit" or self.kind(place + 1) != "of":
            return None
        found = self.period(place + 2, linked=True)
        if found is None:
            return None
        if self.kind(place - 1) == "each":  # orders by week of 2023
            return None
        if self.is_unit(place, "half"):  # which half of 2023?
            return NOTHING, found[1]
        if self.is_unit(place, "week"):
            return mapped(found[0], self.unit_around("week")), found[1]
        return found if self.tokens[place].definite else None

    def unit_around(self, unit: Unit) -> Change:
        """The unit in which a day lies."""

        def change(period: Period) -> Period:
            if period.grain != "day" or (period.end - period.start).days != 1:
                raise UncertainError("only a day has its week", period.start)
            return containing(period.start, unit, self.settings)

        return change

    def beside(self, place: int) -> Rule:
        """3 days before A; with "the", the 3 days before it; the month before March."""
        amount = self.amount(place)
        alone = amount is None and self.kind(place) == "unit"
        if amount:
            count, unit, end = amount
        elif alone and self.kind(place - 1) != "each":
            count, unit, end = 1, self.tokens[place].unit, place + 1
        else:
            return None
        if self.kind(end) not in ("before", "after"):
            return None
        announced = self.tokens[place].definite or self.kind(place - 1) in ("in", "over", None)
        if alone and unit != "day" and not announced:  # 20 customers a month before March
            return None
        found = self.period(end + 1, linked=True)
        if found is None:
            return None
        sign = -1 if self.kind(end) == "before" else 1
        window = self.tokens[place].definite or self.kind(place - 1) in ("in", "over")
        change = beside(count * sign, unit, window and not alone, alone)
        return mapped(found[0], change), found[1]

    def window(self, place: int) -> Rule:
        """12 months ended June 2023, the week starting Nov 6, the year to March."""
        begin = place + (self.kind(place) == "past" or self._is_last(place))
        amount = self.amount(begin)
        if amount:
            count, unit, link = amount
        elif self.kind(begin) == "unit" and self.kind(begin - 1) != "each":
            count, unit, link = 1, self.tokens[begin].unit, begin + 1
        else:
            return None
        word = self.kind(link)
        named = bool(amount) or (unit == "year" and self.tokens[begin].definite)
        # 4 weeks to Christmas are those that are left, 12 months to June those before
        up_to = word == "until" or (word == "to" and unit in ("month", "quarter", "year"))
        if word not in ("ending", "starting") and not (
            named and up_to and not self.tokens[link].weak
        ):
            return None
        found = self.period(self.skip(link + 1, "in"), linked=True)
        if found is None:
            return None
        change = (window_from if word == "starting" else window_to)(count, unit)
        return mapped(found[0], change), found[1]

    def _is_last(self, place: int) -> bool:
        return self.kind(place) == "this" and self.tokens[place].value == -1


def _third(which: int) -> Change:
    def change(period: Period) -> Period:
        if period.grain != "month" or (period.end - period.start).days > 31:
            raise UncertainError("only a month has such parts", period.start)
        return third_of(period, which)

    return change
