"""A text with what its words name, whose parts can be put in the place of others."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from datus.generation.offline.linking import Fixed
from datus.types import TimeRange, ValueHit

_Placed = TypeVar("_Placed", ValueHit, TimeRange, Fixed)
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Said:
    """A text, the values, times and fixed mentions at its words, and where each character comes from.

    ``origin`` has the span of the caller's question behind each character of ``text``: its own place,
    or for words put in from elsewhere the words in whose place they stand.
    """

    text: str
    values: tuple[ValueHit, ...] = ()
    times: tuple[TimeRange, ...] = ()
    fixed: tuple[Fixed, ...] = ()
    origin: tuple[Span, ...] = field(default=(), repr=False)

    def part(self, span: Span) -> "Said":
        """The words of a span alone."""
        start, end = span
        return Said(
            self.text[start:end],
            _within(self.values, span),
            _within(self.times, span),
            _within(self.fixed, span),
            self.origin[start:end],
        )

    def replaced(self, span: Span, other: "Said") -> "Said":
        """The text with another in the place of a span; what stood there is forgotten."""
        start, end = span
        longer = len(other.text) - (end - start)
        behind: Span = (start, end)
        if self.origin and start < end:
            behind = (self.origin[start][0], self.origin[end - 1][1])
        return Said(
            self.text[:start] + other.text + self.text[end:],
            _spliced(self.values, span, longer, other.values),
            _spliced(self.times, span, longer, other.times),
            _spliced(self.fixed, span, longer, other.fixed),
            (*self.origin[:start], *((behind,) * len(other.text)), *self.origin[end:]),
        )

    def around(self, before: str, after: str = "") -> "Said":
        """The text between two others that name nothing."""
        moved = Said(before + after)
        return moved.replaced((len(before), len(before)), self)

    def with_fixed(self, *fixed: Fixed) -> "Said":
        """The text with more mentions known."""
        return replace(self, fixed=(*self.fixed, *fixed))

    def original(self, span: Span) -> Span:
        """The span of the caller's question behind a span of this text."""
        start, end = span
        if start >= end or not self.origin:
            return span
        return self.origin[start][0], self.origin[end - 1][1]


def _moved(placed: Iterable[_Placed], by: int) -> tuple[_Placed, ...]:
    return tuple(replace(each, span=(each.span[0] + by, each.span[1] + by)) for each in placed)


def _within(placed: Iterable[_Placed], span: Span) -> tuple[_Placed, ...]:
    start, end = span
    inside = [each for each in placed if each.span[0] >= start and each.span[1] <= end]
    return _moved(inside, -start)


def _spliced(
    placed: tuple[_Placed, ...], span: Span, longer: int, other: tuple[_Placed, ...]
) -> tuple[_Placed, ...]:
    start, end = span
    found = [each for each in placed if each.span[1] <= start]
    found.extend(_moved(other, start))
    after = [each for each in placed if each.span[0] >= end and each.span[1] > start]
    found.extend(_moved(after, longer))
    return tuple(found)
