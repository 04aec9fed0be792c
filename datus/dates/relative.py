"""Rules for what is relative to today: this month, past 7 days, 上周五, 去年同期, three days ago."""

from dataclasses import replace
from datetime import date

from datus.dates import calendar
from datus.dates.calendar import DAY, Period, Unit, containing, grain_of, shift
from datus.dates.parts import Parts
from datus.dates.readings import NOTHING, Build, Reading, Rule, fixed, latest

_BARE_UNITS: dict[str | None, Unit] = {"month": "month", "month_day": "day", "quarter": "quarter"}


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
            number, month = divmod(self.tokens[place].value, 12)
            period = containing(date(number, month + 1, 1), "month", self.settings)
            return replace(fixed(period), year=date(number, 1, 1)), place + 1
        if word == "day_offset":
            return fixed(self._relative_to("day", self.tokens[place].value)), place + 1
        return None

    def _relative_to(self, unit: Unit, offset: int) -> Period:
        return calendar.relative(self.today, unit, offset, self.settings)

    def same(self, place: int) -> Rule:
        """Same month last year, same period last year, 去年同期, 去年同月."""
        if self.kind(place) == "same":
            unit = place + 1
            back = self._one_back(self.skip(unit + 1, "of", "in"))
            if back is None or self.kind(unit) not in ("unit", "same_span"):
                return None
            return self._back(unit, back[0]), back[1]
        back = self._one_back(place)
        if back is None:
            return None
        unit = self.skip(back[1], "same")
        span = self.kind(unit) == "same_span" and not self.tokens[unit].weak
        if span or (unit > back[1] and self.kind(unit) == "unit"):
            return self._back(unit, back[0]), unit + 1
        if self.kind(unit) == "day_offset" and back[0] == "year":
            day = shift(self.today + DAY * self.tokens[unit].value, "year", -1)
            return fixed(Period(day, day + DAY, "day")), unit + 1
        return None

    def _one_back(self, place: int) -> tuple[Unit, int] | None:
        """Last year, 去年, last month."""
        word = self.tokens[place] if place < len(self.tokens) else None
        if word is None or word.value != -1:
            return None
        if word.kind == "year_offset":
            return "year", place + 1
        if word.kind == "this" and self.kind(place + 1) == "unit":
            return self.tokens[place + 1].unit, place + 2
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
        if word != "past" and not (word == "this" and self.tokens[place].value == -1):
            return None
        weak = self.tokens[place].weak
        place += 1
        whole = self.kind(place) == "full"
        place += whole
        if self.kind(place) in ("month", "month_day", "quarter") and word == "past":
            unit = _BARE_UNITS[self.kind(place)]
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
        return self._window_back(count, self.tokens[place].unit, whole), place + 1

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
        if part is None or offset not in (-1, 0) or (offset == 0 and self.tokens[following].weak):
            return None
        build = part[0].build
        if offset == 0:
            return Reading(build, year=date(self.today.year, 1, 1)), part[1]
        # "last December" is over: the latest that ended before this month
        month = self.today.replace(day=1)
        try:
            found = latest(build, self.today)
            if found.end > month:
                found = latest(build, found.start - DAY)
        except ValueError:
            return NOTHING, part[1]
        return fixed(found), part[1]

    def _relative_unit(self, unit: Unit, offset: int, end: int) -> Rule:
        period = self._relative_to(unit, offset)
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
        return fixed(period), end

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
        amount = self.amount(place)
        if amount is None or self.kind(place) == "month_day":
            return None
        count, unit, end = amount
        if self.is_unit(place - 1, "half") or (unit == "half" and self.kind(place - 1) == "and"):
            return NOTHING, end + (
                self.kind(end) == "ago"
            )  # half a year ago, a year and a half ago
        if self.kind(end) in ("ago", "before_after"):
            return fixed(self._relative_to(unit, -count)), end + 1
        if self.kind(end) in ("later", "after_after"):
            return fixed(self._relative_to(unit, count)), end + 1
        return None

    def to_date(self, place: int) -> Rule:
        """YTD, month to date."""
        if self.kind(place) == "to_date":
            unit, end = self.tokens[place].unit, place + 1
        elif self.kind(place) == "unit" and self.kind(place + 1) == "onward":
            unit, end = self.tokens[place].unit, place + 2
        else:
            return None
        return replace(fixed(self._relative_to(unit, 0)), side="since"), end
