"""Words that say something about time: the same kinds in every language."""

from typing import Literal, NamedTuple

from datus.dates.calendar import Unit

Kind = Literal[
    # amounts
    "number",  # may be a year too when it has four digits
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
    "holiday",  # month * 100 + day
    "thanksgiving",  # so many days after the fourth Thursday of November
    "date",  # date.toordinal
    "year_month",  # year * 12 + month - 1
    # relative to today
    "day_offset",
    "year_offset",
    "this",  # 0 this, -1 last, 1 next, of what follows
    "past",  # a rolling window follows; weak: only with a number
    "unit_start",  # first day of the unit in which today lies
    "to_date",
    "same",  # same month
    "same_span",  # same period, 同期
    "that_week",  # the week of the day before it
    # glue
    "ago",
    "later",
    "since",
    "onward",
    "before",
    "before_after",  # stands after its date: 之前
    "after",
    "after_after",
    "until",
    "from",
    "between",
    "to",
    "and",
    "comma",
    "of",
    "in",  # a time may follow
    "edge",  # beginning (1) or end (-1) of a period
    "unclear",  # spoils the period it belongs to: what it means is not one span for certain
    "each",
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
