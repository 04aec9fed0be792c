"""Find the time ranges of a question."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never

from datus.dates.calendar import DAY, DateSettings, Period, shift
from datus.dates.comparisons import Comparisons
from datus.dates.reader import read
from datus.dates.readings import Reading, resolve
from datus.text import normalise
from datus.types import Comparison, Grain, TimeRange

MAX_CHARACTERS = 8_000
"""Text beyond this length is not searched: no question is that long."""

_Found = tuple[Reading, int, int]
"""A reading and the words it took, from the one to before the other."""


@dataclass(frozen=True, slots=True)
class TimesRead:
    """What a question says of time.

    Attributes:
        ranges: Ranges of days ``[start, end)`` in the order of their words.
        comparisons: Wishes for the figures of an earlier period, in the order of their words. Words
            of a comparison are never a range too.
    """

    ranges: tuple[TimeRange, ...]
    comparisons: tuple[Comparison, ...]


def read_times(text: str, *, today: date, settings: DateSettings | None = None) -> TimesRead:
    """Every range of days and every comparison that a question names.

    What is not certain (5/11/2023), impossible (Feb 30) or no single range (early 2023) gives none,
    nor do the words that belong to it.

    Args:
        text: A question in English, Chinese or both.
        today: The day that relative expressions start from.
        settings: Conventions of the company; the usual ones when absent.

    Returns:
        Ranges and comparisons whose ``span`` is counted in ``text`` as given.
    """
    settings = settings or DateSettings()
    normal = normalise(text[:MAX_CHARACTERS])

    def written(start: int, end: int) -> str:
        return text[slice(*normal.span(start, end))]

    words = Comparisons(read(normal.text, settings, written), today, settings)
    compared: list[Comparison] = []

    def compare(offset: Grain | None, first: int, end: int) -> None:
        span = normal.span(words.tokens[first].start, words.tokens[end - 1].end)
        compared.append(Comparison(offset, text[slice(*span)], span))

    ranges: list[TimeRange] = []
    for reading, first, end in _share_years(words, list(_scan(words, compare))):
        try:
            start, stop, grain = _bounds(reading, today, ranges)
        except (ValueError, OverflowError, RecursionError):
            continue
        if start is not None and stop is not None and start >= stop:
            continue
        span = _closed(text, normal.span(words.tokens[first].start, words.tokens[end - 1].end))
        ranges.append(TimeRange(start, stop, grain, text[slice(*span)], span))
    return TimesRead(tuple(ranges), tuple(compared))


def _closed(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """A span with the bracket that closes one within it: "last 6 months (excluding this month)"."""
    opened = sum(text.count(mark, *span) for mark in "(（")
    closed = sum(text.count(mark, *span) for mark in ")）")
    after = text[span[1] : span[1] + 1]
    return (span[0], span[1] + 1) if opened > closed and after in (")", "）") else span


def find_time_ranges(
    text: str, *, today: date, settings: DateSettings | None = None
) -> tuple[TimeRange, ...]:
    """The ranges of `read_times` alone."""
    return read_times(text, today=today, settings=settings).ranges


def _scan(
    words: Comparisons, compare: Callable[[Grain | None, int, int], None]
) -> Iterator[_Found]:
    place, ended = 0, -1
    while place < len(words.tokens):
        if words.kind(place) == "other":
            place += 1
            continue
        linked = words.kind(place - 1) in ("and", "comma") and ended == place - 1
        if linked and words.kind(place - 1) == "comma":
            linked = words.kind(place + 1) in ("and", "comma", None)
        try:
            if comparison := words.comparison(place):
                compare(comparison[0], place, comparison[1])
                place = ended = comparison[1]
                continue
            rule = words.expression(place, linked)
        except (ValueError, OverflowError):  # a day that no calendar has
            rule = None
        except RecursionError:  # hundreds of "week of" in a row: nobody asks that
            return
        if rule is None:
            place += 1
            continue
        yield rule[0], place, rule[1]
        place = ended = rule[1]


def _share_years(words: Comparisons, found: list[_Found]) -> list[_Found]:
    """Q1 and Q2 of 2023, 2023年三月和四月: a year named once holds for its neighbours in a list."""
    for place in range(len(found) - 1, 0, -1):
        found[place - 1] = _with_year_of(words, found[place], found[place - 1])
    for place in range(1, len(found)):
        found[place] = _with_year_of(words, found[place - 1], found[place])
    return found


def _with_year_of(words: Comparisons, source: _Found, target: _Found) -> _Found:
    first, last = sorted((source, target), key=lambda found: found[1])
    listed = last[1] == first[2] + 1 and words.kind(first[2]) in ("and", "comma")
    reading = target[0]
    if not listed or source[0].year is None or reading.year or reading.fixed:
        return target
    return replace(reading, year=source[0].year), target[1], target[2]


def _bounds(
    reading: Reading, today: date, before: list[TimeRange]
) -> tuple[date | None, date | None, Grain]:
    period = resolve(reading, today)
    base = before[-1] if before else None
    if reading.again and base and base.start and base.end:
        end = min(base.end, today + DAY) if base.start <= today else base.end
        period = Period(
            shift(base.start, reading.again, -1), shift(end, reading.again, -1), base.grain
        )
    match reading.side:
        case "within":
            return period
        case "before":
            return None, period.start, period.grain
        case "until":
            return None, period.end, period.grain
        case "since":
            return period.start, today + DAY, period.grain
        case "after":
            return period.end, None, period.grain
    assert_never(reading.side)
