"""Words of a running total said beside a range: "year-to-date revenue by month in 2023"."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache

from datus.generation.offline.metrics.items import Item, Option
from datus.generation.offline.metrics.names import Phrase, metric_phrases, spoken
from datus.text import is_chinese
from datus.types import GenerationContext, Grain, Metric

_WORDS: Mapping[Grain, str] = {
    "year": "ytd | year to date | this year to date | calendar year to date | 年初至今 | 年初到现在 | 年初以来"
    " | 本年累计 | 今年累计 | 当年累计 | 年度累计 | 年累计 | 本年至今 | 今年至今 | 今年以来",
    "quarter": "qtd | quarter to date | this quarter to date | 季初至今 | 季度初至今 | 本季累计 | 本季度累计 | 当季累计"
    " | 季度累计 | 本季至今 | 本季度至今",
    "month": "mtd | month to date | this month to date | 月初至今 | 本月累计 | 当月累计 | 月累计 | 本月至今",
    "week": "wtd | week to date | this week to date | 周初至今 | 本周累计 | 当周累计 | 本周至今",
}
_RUNNING = ({"cumulative"}, {"running", "total"}, {"accumulated"}, {"累", "计"}, {"累", "积"})
_MOST_ITEMS = 4
_SCORE = 0.95


@cache
def _spelled() -> Mapping[Phrase, Grain]:
    """Units by phrase; made at the first use, for it loads the dictionaries of words."""
    return {
        phrase: grain
        for grain, words in _WORDS.items()
        for phrase in map(spoken, words.split(" | "))
    }


def running_totals(items: tuple[Item, ...], context: GenerationContext) -> tuple[Item, ...]:
    """The items, where words to date name a running total instead of a range of their own.

    They do beside another range, where a cumulative metric's name holds them and the figure that the
    question names: "revenue by month in 2023, year to date". Beside a grain alone they stay the range too,
    and the figure is a running total only if that is said: 年初至今累计收入按月. Without such a metric they
    are a range and no more.
    """
    for at, item in enumerate(items):
        grain, end = _to_date(items, at)
        if item.time is None or grain is None:
            continue
        ranged = _has_other_range(items, at)
        if not (ranged or _is_running_series(items)):
            continue
        for first, last in _beside(items, at, end):
            said = " ".join(each.text for each in items[first:last])
            metrics = _running(spoken(said), grain, context.metrics.metrics)
            if len(metrics) == 1:
                option = Option("metric", metrics.pop(), _SCORE)
                return _named(items, (at, end if ranged else at), (first, last), option)
    return items


def _to_date(items: Sequence[Item], at: int) -> tuple[Grain | None, int]:
    """The unit that words at a place begin with, and the place after them: 年初至今, 本年 + 累计."""
    following = items[at + 1] if at + 1 < len(items) else None
    if following is not None and following.cue is not None and following.cue.kind == "cumulative":
        grain = _spelled().get(spoken(items[at].text + following.text))
        if grain is not None:
            return grain, at + 2
    return _spelled().get(spoken(items[at].text)), at + 1


def _has_other_range(items: Sequence[Item], at: int) -> bool:
    own = items[at].time
    return any(
        own is not None and (item.time.start, item.time.end) != (own.start, own.end)
        for item in items
        if item.time is not None
    )


def _is_running_series(items: Sequence[Item]) -> bool:
    """Whether a running total is asked for by a grain."""
    kinds = {item.cue.kind for item in items if item.cue is not None}
    return "cumulative" in kinds and bool(kinds & {"grain", "period", "trend"})


def _beside(items: Sequence[Item], at: int, end: int) -> Iterator[tuple[int, int]]:
    """Places that may name the figure: those behind the words, those before, then any metric's name."""
    behind = end
    while behind < len(items) and _joins(items[behind]):
        behind += 1
    ahead = at
    while ahead > 0 and _joins(items[ahead - 1]):
        ahead -= 1
    for size in range(_MOST_ITEMS, 0, -1):
        for first in (behind, ahead - size):
            run = items[max(first, 0) : first + size]
            if first >= 0 and len(run) == size and all(_is_said(item) for item in run):
                yield first, first + size
    for place, item in enumerate(items):
        if any(option.role == "metric" for option in item.options):
            yield place, place + 1


def _joins(item: Item) -> bool:
    cue = item.cue is not None and item.cue.kind in ("of", "cumulative")
    return cue or item.light or item.kind == "mark"


def _is_said(item: Item) -> bool:
    return item.kind in ("noun", "word") and not item.light


def _named(
    items: tuple[Item, ...], own: tuple[int, int], figure: tuple[int, int], option: Option
) -> tuple[Item, ...]:
    """The items with both made mentions of the metric; the words of a figure become one item."""
    made: list[Item] = []
    for at, item in enumerate(items):
        if at == figure[0]:
            last = items[figure[1] - 1]
            gap = "" if is_chinese(item.text) else " "
            text = gap.join(each.text for each in items[slice(*figure)])
            span = (item.span[0], last.span[1])
            made.append(
                replace(
                    item,
                    kind="noun",
                    end=last.end,
                    text=text,
                    span=span,
                    options=(option,),
                    cue=None,
                )
            )
        elif own[0] <= at < own[1]:
            made.append(replace(item, kind="noun", options=(option,), time=None, cue=None))
        elif not figure[0] < at < figure[1]:
            made.append(item)
    return tuple(made)


def _running(said: tuple[str, ...], grain: Grain, metrics: Sequence[Metric]) -> set[str]:
    """The cumulative metrics whose names are these words to date and this figure."""
    figures = _figures(said, metrics)
    found: set[str] = set()
    for metric in metrics:
        if metric.kind == "cumulative":
            for unit, rest in _rests(metric):
                same = rest == said or bool(_figures(rest, metrics) & figures)
                if unit == grain and same:
                    found.add(metric.name)
    return found


def _figures(said: tuple[str, ...], metrics: Sequence[Metric]) -> set[str]:
    """The metrics that are called so as a whole."""
    return {
        metric.name
        for metric in metrics
        if metric.kind != "cumulative"
        and any(phrase == said and score >= 0.98 for phrase, score, _ in metric_phrases(metric))
    }


@lru_cache(maxsize=1_000)
def _rests(metric: Metric) -> tuple[tuple[Grain, tuple[str, ...]], ...]:
    """A running total's names without their words to date and without those of running totals."""
    found: dict[tuple[Grain, tuple[str, ...]], None] = {}
    for phrase, score, _ in metric_phrases(metric):
        for words, grain in _spelled().items() if score >= 0.98 else ():
            at = next((i for i in range(len(phrase)) if phrase[i : i + len(words)] == words), None)
            if at is not None:
                found[grain, _plain((*phrase[:at], *phrase[at + len(words) :]))] = None
    return tuple(found)


def _plain(rest: tuple[str, ...]) -> tuple[str, ...]:
    for words in _RUNNING:
        if words <= set(rest):
            return tuple(word for word in rest if word not in words)
    return rest
