"""A metric query in the making: one reading of the mentions, and what the passes have made of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from datus.errors import RefusalCode
from datus.generation.offline.cues import CueKind
from datus.generation.offline.metrics.items import Item, Option
from datus.text import lemma
from datus.types import (
    GenerationContext,
    Grain,
    Metric,
    MetricFilter,
    MetricOrder,
    MetricQuery,
    TimeRange,
    WordUse,
)

GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")


def without_grain(dimension: str) -> str:
    """The dimension of a column of the query: ``rider__signup_date`` of ``rider__signup_date__month``."""
    head, _, tail = dimension.rpartition("__")
    return head if "__" in head and tail in GRAINS else dimension


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a reading is no answer; ``readings`` are what could be asked instead."""

    reason: str
    words: tuple[str, ...] = ()
    code: RefusalCode = "unanswerable"
    readings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What each mention is taken for; ``score`` is the sum of how sure each is."""

    chosen: tuple[Option | None, ...]
    score: float


@dataclass
class Ranking:
    """A wish for the most or the least: at which item, which way, how many rows.

    ``single``: no number is said, and one row may be meant.
    """

    at: int
    descending: bool
    limit: int | None = None
    single: bool = False
    by_growth: bool = False


@dataclass
class Draft:
    """What is read so far. Passes take items that they explain; what stays untaken is a problem."""

    context: GenerationContext
    items: tuple[Item, ...]
    reading: Reading
    taken: set[int] = field(default_factory=set)
    words: list[WordUse] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    doubt: float = 0.0
    metrics: list[Metric] = field(default_factory=list)
    dimensions: list[str] = field(default_factory=list)
    listed: set[str] = field(default_factory=set)
    grain: Grain | None = None
    grain_listed: bool = False
    start: date | None = None
    end: date | None = None
    times: list[TimeRange] = field(default_factory=list)
    filters: list[MetricFilter] = field(default_factory=list)
    ranking: Ranking | None = None
    key: str | None = None
    key_at: int | None = None
    order: list[MetricOrder] = field(default_factory=list)
    compare: Grain | Literal["previous"] | None = None

    def query(self) -> MetricQuery:
        """The query as far as it is known."""
        return MetricQuery(
            metrics=tuple(metric.name for metric in self.metrics),
            dimensions=tuple(self.dimensions),
            grain=self.grain,
            start=self.start,
            end=self.end,
            filters=tuple(self.filters),
            order=tuple(self.order),
            limit=self.ranking.limit if self.ranking is not None else None,
            compare=self.compare,
        )

    def take(self, *places: int, meaning: str = "") -> None:
        """Mark items as explained; ``meaning`` is told of the last."""
        for at in places:
            if at not in self.taken and meaning and at == places[-1]:
                self.words.append(WordUse(self.items[at].text, self.items[at].span, meaning))
            self.taken.add(at)

    def refuse(self, reason: str, *places: int, readings: tuple[str, ...] = ()) -> None:
        """Note why this reading is no answer, and the words that are the reason."""
        words = tuple(self.items[at].text for at in places)
        code: RefusalCode = "ambiguous" if readings else "unanswerable"
        self.problems.append(Problem(reason, words, code, readings))
        self.taken.update(places)

    def cues(self, *kinds: CueKind) -> Iterator[int]:
        """Places of cues of these kinds that nothing has taken."""
        for at in range(len(self.items)):
            if at not in self.taken and self.is_cue(at, *kinds):
                yield at

    def has(self, *kinds: CueKind) -> bool:
        """Whether a cue of these kinds is left that nothing has taken."""
        return next(self.cues(*kinds), None) is not None

    def is_cue(self, at: int, *kinds: CueKind) -> bool:
        """Whether a place holds a cue of these kinds."""
        if not 0 <= at < len(self.items):
            return False
        cue = self.items[at].cue
        return cue is not None and cue.kind in kinds

    def follows(self, at: int, *kinds: CueKind) -> bool:
        """Whether what stands before a place, light words passed over, is a cue of these kinds."""
        before = self.before(at)
        return before is not None and self.is_cue(before, *kinds)

    def option(self, at: int, role: Literal["metric", "dimension", "value"]) -> str | None:
        """The name behind a place, where this reading takes it for such a thing."""
        if not 0 <= at < len(self.items):
            return None
        chosen = self.reading.chosen[at]
        return chosen.name if chosen is not None and chosen.role == role else None

    def places(self, role: Literal["metric", "dimension", "value"]) -> list[int]:
        """Places that this reading takes for such a thing, those explained already left out."""
        return [
            at
            for at in range(len(self.items))
            if at not in self.taken and self.option(at, role) is not None
        ]

    def next(self, at: int, *passing: CueKind) -> int | None:
        """The next place that says something, passing over light words and these cues."""
        return self._scan(range(at + 1, len(self.items)), passing)

    def before(self, at: int, *passing: CueKind) -> int | None:
        """The place before that says something, passing over light words and these cues."""
        return self._scan(range(at - 1, -1, -1), passing)

    def _scan(self, places: range, passing: tuple[CueKind, ...]) -> int | None:
        for at in places:
            item = self.items[at]
            quote = item.kind == "mark" and item.text in "'\"()（）《》“”-"
            light = item.light and item.kind != "number"
            if not (light or quote or self.is_cue(at, *passing)):
                return at
        return None

    def is_number(self, at: int | None) -> bool:
        """Whether a place holds a number that nothing has taken."""
        return at is not None and self.items[at].kind == "number" and at not in self.taken

    def is_plural(self, at: int) -> bool:
        """Whether an English noun stands in its plural."""
        last = self.items[at].text.lower().split()[-1]
        return last.endswith("s") and not last.endswith("ss") and lemma(last) != last

    def label(self, dimension: str) -> str:
        """What people call a dimension."""
        found = self.context.metrics.dimensions.get(without_grain(dimension))
        return found.label or dimension if found is not None else dimension

    def group(self, dimension: str, at: int, *, listed: bool) -> None:
        """Group by a dimension. ``listed``: the question says "by" or "each", rather than "which"."""
        chosen = self.reading.chosen[at]
        if chosen is not None and chosen.role == "dimension" and chosen.grain is not None:
            dimension = f"{dimension}__{chosen.grain}"
        if dimension not in self.dimensions:
            self.dimensions.append(dimension)
        if listed:
            self.listed.add(dimension)
        self.take(at, meaning=f"by {dimension}")

    def set_grain(self, grain: Grain, at: int, *, listed: bool) -> None:
        """Make time a column at this grain; a second one is more than a query has."""
        if self.grain is not None and self.grain != grain:
            self.refuse(
                f"The question asks for time by {self.grain} and by {grain}. Ask for one of them.",
                at,
            )
            return
        self.grain = grain
        self.grain_listed = self.grain_listed or listed
        self.take(at, meaning=f"by {grain}")
