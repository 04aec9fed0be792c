"""Rules for what is relative to today: this month, past 7 days, 上周五, 去年同期, three days ago."""

from dataclasses import replace
from datetime import date

from datus.dates import calendar
from datus.dates.calendar import DAY, Period, Unit, containing, grain_of, shift
from datus.dates.parts import Parts
from datus.dates.readings import NOTHING, Build, Reading, Rule, fixed, latest

BARE_UNITS: dict[str | None, Unit] = {"month": "month", "month_day": "day", "quarter": "quarter"}


class Relative(Parts):
    """Rules that need today."""

    def amount(self, place: int) -> tuple[int, Unit, int] | None:
        """Amount, unit and the place after: 7 days, 三个月, 7日."""
        if self.kind(place) == "month_day":
            return self.tokens[place].value, "day", place + 1
        unit = self.skip(place + 1, "full")
        if self.kind(place) != "number" or self.kind(unit) != "unit":
            return None
        return self.tokens[place].value, self.tokens[unit].unit, unit + 1

    def day(self, place: int) -> Rule:
        """A day or month written in full, yesterday, 后天."""
        word = self.kind(place)
        if word == "date":
            day = date.fromordinal(self.tokens[place].value)
            year = date(day.year, 1, 1)
            return replace(fixed(Period(day, day + DAY, "day")), year=year), place + 1
        if word == "year_month":
            if self.tokens[place].weak and not self._is_dotted_month(place):
                return None
            number, month = divmod(self.tokens[place].value, 12)
            period = containing(date(number, month + 1, 1), "month", self.settings)
            return replace(fixed(period), year=date(number, 1, 1)), place + 1
        if word == "day_offset":
            return fixed(self._relative_to("day", self.tokens[place].value)), place + 1
        return None

    def _is_dotted_month(self, place: int) -> bool:
        """2023.11 is a month beside another, behind a word that a time follows, or alone."""
        around = (self.kind(place - 1), self.kind(place + 1))
        announced = around[0] in (
            "in",
            "from",
            "since",
            "to",
            "until",
            "before",
            "after",
            "between",
        )
        return announced or around[1] in ("to", "onward") or around == (None, None)

    def _relative_to(self, unit: Unit, offset: int) -> Period:
        return calendar.relative(self.today, unit, offset, self.settings)

    def same(self, place: int) -> Rule:
        """Same month last year, this day last year, 去年同期, 去年同月."""
        if self._is_this_day_back(place):
            back = self.one_back(place + 1)
            return (fixed(self._day_back(0, back[0])), back[1]) if back else None
        if self.kind(place) == "this" and self.kind(place + 1) == "same_span":
            back = self.one_back(place + 2)  # which length "this time last year" has, is not said
            return (NOTHING, back[1]) if back and not self.tokens[place].value else None
        this = self.kind(place) == "this" and not self.tokens[place].value
        if self.kind(place) == "same" or (this and self.is_unit(place + 1, "month", "quarter")):
            unit = place + 1
            year = self.skip(unit + 1, "of", "in")
            back = self.one_back(year) or self.one_ago(year)
            if back is None or self.kind(unit) not in ("unit", "same_span"):
                return None
            return self._back(unit, back[0]), back[1]
        back = self.one_back(place)
        if back is None:
            return None
        unit = self.skip(back[1], "same")
        span = self.kind(unit) == "same_span" and not self.tokens[unit].weak
        if span or (unit > back[1] and self.kind(unit) == "unit"):
            return self._back(unit, back[0]), unit + 1
        if self.kind(unit) == "day_offset":
            return fixed(self._day_back(self.tokens[unit].value, back[0])), unit + 1
        return None

    def _is_this_day_back(self, place: int) -> bool:
        return self.kind(place) == "day_offset" and not self.tokens[place].value

    def _day_back(self, offset: int, by: Unit) -> Period:
        day = shift(self.today + DAY * offset, by, -1)
        return Period(day, day + DAY, "day")

    def one_back(self, place: int) -> tuple[Unit, int] | None:
        """Last year, 去年, last month, a year ago."""
        word = self.tokens[place] if place < len(self.tokens) else None
        if word is None or word.value != -1:
            return None
        if word.kind == "year_offset":
            return "year", place + 1
        if word.kind == "this" and self.kind(place + 1) == "unit":
            return self.tokens[place + 1].unit, place + 2
        return None

    def one_ago(self, place: int) -> tuple[Unit, int] | None:
        """A year ago, one month earlier: the same time then, not the whole of that unit."""
        amount = self.amount(place)
        if amount and amount[0] == 1 and self.kind(amount[2]) == "ago":
            return amount[1], amount[2] + 1
        return None

    def _back(self, place: int, by: Unit) -> Reading:
        if self.kind(place) == "same_span":
            return replace(fixed(self._to_date_back(by)), again=by)
        unit = self.tokens[place].unit
        if unit == "week":  # of the same number, or seven times 52 days ago: not certain
            return NOTHING
        return fixed(containing(shift(self.today, by, -1), unit, self.settings))

    def _to_date_back(self, by: Unit) -> Period:
        start = self._relative_to(by, -1).start
        return Period(start, shift(self.today, by, -1) + DAY, grain_of(by))

    def rolling(self, place: int) -> Rule:
        """Past 7 days, last two quarters, 近三个月, 过去三个完整月."""
        word = self.kind(place)
        end = place + 1 + (self.kind(place + 1) == "number")
        if word == "past" and self.is_unit(end, "half") and end == place + 1:
            return self._window_back(6, "month", False), end + 1  # past half year
        if word != "past" and not (word == "this" and self.tokens[place].value == -1):
            return None
        weak = self.tokens[place].weak
        place += 1
        whole = self.kind(place) == "full"
        place += whole
        if self.kind(place) in ("month", "month_day", "quarter") and word == "past":
            unit = BARE_UNITS[self.kind(place)]
            return self._window_back(self.tokens[place].value, unit, whole), place + 1
        count = 1
        if self.kind(place) == "number" and not self.tokens[place].weak:
            count = self.tokens[place].value
            place += 1
        elif weak or word == "this":
            return None
        whole = whole or self.kind(place) == "full"
        place = self.skip(place, "full")
        if self.kind(place) != "unit":
            return None
        if self.kind(place + 1) == "and" and self.is_unit(place + 3, "half"):
            return NOTHING, place + 4  # past year and a half
        unit = self.tokens[place].unit
        return self._bounded_window(place + 1, count, unit) or (
            self._window_back(count, unit, whole),
            place + 1,
        )

    def _bounded_window(self, place: int, count: int, unit: Unit) -> Rule:
        """Last 6 months excluding the current month, past 7 days inclusive of today, 近三个月（不含本月）."""
        place = self.skip(place, "comma")
        word, place = self.kind(place), place + 1
        if word not in ("including", "excluding") or unit == "weekend" or count == 0:
            return None
        if (end := self._current(place, unit)) is not None:
            if word == "excluding":
                return fixed(calendar.complete(self.today, unit, count, self.settings)), end
            now = containing(self.today, unit, self.settings)
            start = shift(now.start, unit, 1 - count)
            return fixed(Period(start, now.end, grain_of(unit))), end
        if (
            word == "including"
            and self.kind(place) == "day_offset"
            and not self.tokens[place].value
        ):
            start = shift(self.today + DAY, unit, -count)
            return fixed(Period(start, self.today + DAY, grain_of(unit))), place + 1
        amount = self.amount(place)
        said = (count, unit, place + 2), (7 * count, "day", place + 2)
        back = amount in (said if unit == "week" else said[:1]) and self.kind(place + 2) == "ago"
        if word == "including" and back:
            start = shift(self.today, unit, -count)  # that day itself, too
            return fixed(Period(start, self.today + DAY, grain_of(unit))), place + 3
        return None

    def _current(self, place: int, unit: Unit) -> int | None:
        """The place after words for the unit that today lies in: the current month, 本月, today."""
        if self.kind(place) == "day_offset" and not self.tokens[place].value and unit == "day":
            return place + 1
        this = self.kind(place) == "this" and not self.tokens[place].value
        if this and self.kind(place + 1) == "unit" and self.tokens[place + 1].unit == unit:
            return place + 2
        return None

    def _window_back(self, count: int, unit: Unit, whole: bool) -> Reading:
        if unit == "weekend" or count == 0:
            return NOTHING
        if whole or unit in ("quarter", "half", "fiscal_year"):
            return fixed(calendar.complete(self.today, unit, count, self.settings))
        return fixed(calendar.rolling(self.today, unit, count, self.settings))

    def relative(self, place: int) -> Rule:
        """This month, last week, 上周五, last December."""
        if self.kind(place) != "this":
            return None
        offset, following = self.tokens[place].value, self.skip(place + 1, "full")
        if self.kind(following) == "unit":
            return self._relative_unit(self.tokens[following].unit, offset, following + 1)
        if self.kind(following) == "weekday":
            return self._weekday(self.tokens[following].value, offset), following + 1
        part = self.part(following)
        if (
            part and offset > 0 and part[0].year is None
        ):  # which one "next March" is, people disagree on
            return NOTHING, part[1]
        if part is None or offset not in (-1, 0) or (offset == 0 and self.tokens[following].weak):
            return None
        build = part[0].build
        if offset == 0:
            return Reading(build, year=date(self.today.year, 1, 1)), part[1]
        # "last December" is over: the latest that ended before this month
        try:
            found = latest(build, self.today)
            over = self.today if found.grain == "day" else self.today.replace(day=1)
            if found.end > over:
                found = latest(build, found.start - DAY)
        except ValueError:
            return NOTHING, part[1]
        return fixed(found), part[1]

    def _relative_unit(self, unit: Unit, offset: int, end: int) -> Rule:
        period = self._relative_to(unit, offset)
        whole = end
        end = self.skip(end, "of")  # this week's Friday
        end += self.is_unit(end, "week") and self.kind(end + 1) == "weekday"  # 上周周五
        if unit == "week" and self.kind(end) == "weekday":
            day = period.start + DAY * ((self.tokens[end].value - self.settings.week_start) % 7)
            return fixed(Period(day, day + DAY, "day")), end + 1
        if unit == "month" and self.kind(end) == "month_day":
            number = self.tokens[end].value

            def numbered(n: int) -> Build:
                day = period.start.replace(day=n)
                return lambda year: Period(day, day + DAY, "day")

            try:
                return Reading(numbered(number), fixed=True, numbered=numbered), end + 1
            except ValueError:
                return NOTHING, end + 1
        if offset and self.kind(whole) == "excluding":  # it lies before the current one anyway
            whole = self._current(whole + 1, unit) or whole
        return fixed(period), whole

    def _weekday(self, weekday: int, offset: int) -> Reading:
        """Last Friday is the latest before today; which one "next Friday" is, people disagree on."""
        if offset == 0:
            monday = self.today - DAY * self.today.weekday()
            day = monday + DAY * weekday
        elif offset == -1:
            day = self.today - DAY * ((self.today.weekday() - weekday - 1) % 7 + 1)
        else:
            return NOTHING
        return fixed(Period(day, day + DAY, "day"))

    def ago(self, place: int) -> Rule:
        """Two months ago, 三天前, 3 weeks later."""
        between = self.kind(place - 1) == "between" and self.kind(place + 1) == "and"
        if self.kind(place) == "number" and (between or self.kind(place + 1) == "to"):
            return self._ago_to(place)
        amount = self.amount(place)
        if amount is None or self.kind(place) == "month_day":
            return None
        count, unit, end = amount
        if self.is_unit(place - 1, "half") or (unit == "half" and self.kind(place - 1) == "and"):
            return NOTHING, end + (
                self.kind(end) == "ago"
            )  # half a year ago, a year and a half ago
        if self.kind(end) in ("ago", "before_after") and self.kind(place - 1) in ("versus", "over"):
            return NOTHING, end + 1  # more than 30 days ago
        if self.kind(end) == "ago" and self._is_this_day_back(end + 1):  # two weeks ago today
            day = shift(self.today, unit, -count)
            return fixed(Period(day, day + DAY, "day")), end + 2
        if self.kind(end) in ("ago", "before_after"):
            return fixed(self._relative_to(unit, -count)), end + 1
        if self.kind(end) in ("later", "after_after"):
            return fixed(self._relative_to(unit, count)), end + 1
        return None

    def _ago_to(self, place: int) -> Rule:
        """60 to 30 days ago."""
        amount = self.amount(place + 2)
        if amount is None or self.kind(amount[2]) not in ("ago", "before_after"):
            return None
        first, last = (self.today - DAY * n for n in (self.tokens[place].value, amount[0]))
        if amount[1] != "day" or first > last:
            return NOTHING, amount[2] + 1
        return fixed(Period(first, last + DAY, "day")), amount[2] + 1

    def before_last(self, place: int) -> Rule:
        """The month before last, the week after next."""
        links = {("before", -1): -2, ("after", 1): 2}
        if self.kind(place) != "unit" or self.kind(place + 2) != "this":
            return None
        offset = links.get((str(self.kind(place + 1)), self.tokens[place + 2].value))
        if offset is None or self.kind(place + 3) in ("unit", "number"):
            return None
        return fixed(self._relative_to(self.tokens[place].unit, offset)), place + 3

    def to_date(self, place: int) -> Rule:
        """YTD, month to date, YTD last year."""
        back = 0
        if self.kind(place) == "to_date":
            unit, end, back = self.tokens[place].unit, place + 1, self.tokens[place].value
        elif self.kind(place) == "unit" and self.kind(place + 1) == "onward":
            if self.kind(place - 1) == "number":  # 三年以来
                return NOTHING, place + 2
            unit, end = self.tokens[place].unit, place + 2
        else:
            return None
        if year := self.year_after(end):
            if unit == "year" and year[0].year == self.today.year and not back:
                return replace(fixed(self._relative_to(unit, 0)), side="since"), year[1]
            if unit == "year" and year[0] == shift(self.today.replace(month=1, day=1), "year", -1):
                named = self.tokens[year[1] - 1].kind in ("unit", "year_offset")
                return (fixed(self._to_date_back("year")) if named else NOTHING), year[1]
            return NOTHING, year[1]
        if back:
            return fixed(self._to_date_back(unit)), end
        return replace(fixed(self._relative_to(unit, 0)), side="since"), end
