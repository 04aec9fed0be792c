"""Words that say something about time: the same kinds in every language."""

from typing import Literal, NamedTuple

from datus.dates.calendar import Unit

Kind = Literal[
    # amounts
    "number",  # may be a year too when it has four digits; unit year: it stands where a bare year may
    "ordinal",  # 1 is the first, -1 the last
    "full",  # complete, 完整
    "unit",
    # parts of the calendar
    "year",
    "fiscal_year",
    "decade",
    "half",
    "quarter",
    "month",
    "third",  # of a month: 0 上旬, 1 中旬, 2 下旬
    "month_day",
    "week_number",
    "weekday",  # Monday 0
    "holiday",  # its place in the table of holidays
    "days_off",  # 假期: the days off around a holiday
    "date",  # date.toordinal
    "year_month",  # year * 12 + month - 1
    # relative to today
    "day_offset",
    "year_offset",
    "this",  # 0 this, -1 last, 1 next, of what follows
    "past",  # a rolling window follows; weak: only with a number
    "unit_start",  # first day of the unit in which today lies
    "unit_end",  # its last day
    "to_date",  # value -1: that of the year before
    "now",  # the end of a range: 2020 to present
    "including",  # inclusive of: a bound of the time before it; value 1: it may stand alone behind a day
    "excluding",
    "same",  # same month
    "same_span",  # same period, 同期
    "that",  # 当周, 当月: the unit that the day before it lies in
    # glue
    "ago",
    "later",
    "since",
    "onward",  # value 1: 起, behind which a length may stand
    "ending",  # 12 months ended June
    "starting",  # the week starting Monday
    "before",
    "before_after",  # stands after its date: 之前
    "after",
    "after_after",
    "until",
    "from",
    "between",
    "to",  # value 1: through, which may stand alone
    "stop",  # 为止
    "and",  # value 1: vs, which compares
    "comma",  # value 1: 、
    "of",
    "in",  # a time may follow
    "edge",  # beginning (1) or end (-1) of a period
    "unclear",  # spoils the period it belongs to: what it means is not one span for certain
    "each",
    "repeated",  # Mondays: days that are no span
    # comparisons
    "compare",  # YoY, 同比; value 1: with the period one unit back, 0: with the one before
    "comparing",  # compare: "to" and "with" may follow
    "versus",  # than, against, 比: an earlier period may follow
    "with",
    "change",  # growth: "over last year" may follow
    "over",
    "mass",  # revenue: not counted, so the number beside it is a year
    "named",  # a name follows, which may be a month's
    "other",
]


class Entry(NamedTuple):
    """What a word of a lexicon means. ``weak``: the word often means something else."""

    kind: Kind
    value: int = 0
    unit: Unit = "day"
    weak: bool = False


class Token(NamedTuple):
    """One word of a text, at ``text[start:end]``; ``definite`` when "the" stands before it."""

    kind: Kind
    value: int
    unit: Unit
    weak: bool
    start: int
    end: int
    definite: bool = False


def token(entry: Entry, start: int, end: int, definite: bool = False) -> Token:
    """A word with that meaning."""
    return Token(*entry, start, end, definite)
