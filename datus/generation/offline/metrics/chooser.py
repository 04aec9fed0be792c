"""Choose the metric query that a question asks for, from the metrics and dimensions that were found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from datus.errors import RefusalCode, RefusalError
from datus.generation.base import MetricChoice
from datus.generation.offline.cues import CueKind
from datus.generation.offline.metrics.cues import SOFT
from datus.generation.offline.metrics.describe import describe
from datus.generation.offline.metrics.draft import Draft, Problem, Reading
from datus.generation.offline.metrics.items import Item, cover
from datus.generation.offline.metrics.names import (
    metric_phrases,
    spoken,
    word_form,
)
from datus.generation.offline.metrics.passes import (
    figures,
    filters,
    grouping,
    leftovers,
    rankings,
    times,
)
from datus.generation.offline.metrics.readings import readings
from datus.generation.offline.metrics.todate import running_totals
from datus.lexicon.words import joined_words
from datus.text import is_chinese, tokenize
from datus.types import GenerationContext, Metric, MetricQuery

# Each pass takes from the draft what it explains; the order decides who sees a word first.
PASSES = (
    figures.metrics, figures.quotients, figures.aggregations, filters.agents, filters.values, filters.tallies, filters.numbers, filters.flags, times.named_times,
    times.ranges, rankings.rankings, rankings.counted, grouping.groups, grouping.wise, grouping.grains,
    grouping.bare_dimensions, rankings.sorts, filters.entities, times.trends, times.comparisons, times.points, grouping.reachable, rankings.settle,
    leftovers.carriers, leftovers.money, leftovers.volumes, leftovers.places, leftovers.generics, leftovers.rates, leftovers.own_words,
)  # fmt: skip

_TIE = 0.03
_NEAREST = 5
_MOST_DIMENSIONS = 40
_WORST_SCORE = 0.05


@dataclass(frozen=True, slots=True)
class _Outcome:
    draft: Draft
    query: MetricQuery
    rank: float
    problems: tuple[Problem, ...]


def choose(context: GenerationContext) -> tuple[MetricChoice, ...]:
    """The metric queries that a question may mean, best first; pure, and some milliseconds of computing.

    Raises:
        RefusalError: ``unanswerable`` when no metric fits, words stay unexplained or a metric query
            cannot say what is asked; ``ambiguous`` when readings tie. Details hold the words, the
            readings as questions, the nearest metrics and their dimensions.
    """
    items = running_totals(cover(context), context)
    outcomes = [_parse(context, items, place) for place in readings(items, context.metrics)]
    outcomes.sort(key=lambda each: -each.rank)
    good: dict[MetricQuery, _Outcome] = {}
    for outcome in outcomes:
        if not outcome.problems:
            good.setdefault(outcome.query, outcome)
    ranked = list(good.values())
    if not ranked:
        raise _refusal(context, items, outcomes)
    if len(ranked) > 1 and ranked[0].rank - ranked[1].rank < _TIE:
        raise _ambiguous(context, ranked)
    return tuple(_choice(each) for each in ranked)


def _parse(context: GenerationContext, items: tuple[Item, ...], reading: Reading) -> _Outcome:
    draft = Draft(context, items, reading)
    for step in PASSES:
        step(draft)
    problems = list(draft.problems)
    if not draft.metrics:
        problems.insert(0, Problem(_NO_METRIC))
    unread = [item for at, item in enumerate(items) if _is_unread(draft, at, item)]
    if unread:
        problems.append(_unexplained(unread))
    rank = reading.score - draft.doubt - 0.3 * len(unread) - 0.3 * len(draft.problems)
    return _Outcome(draft, draft.query(), rank, tuple(problems))


_NO_METRIC = "The question names no metric."
_THRESHOLD = "A metric query narrows dimensions and not the figures themselves"
_JOINTS: frozenset[CueKind] = frozenset(
    {"group", "each", "or", "than", "unit", "count", "aggregate"}
)
_REASONS: dict[CueKind, str] = {
    "compare": f"{_THRESHOLD}: a bound such as this is not covered",
    "between": f"{_THRESHOLD}: a bound such as this is not covered",
    "unplanned": "A metric query does not compute this unless a metric is declared for it",
}


def _is_unread(draft: Draft, at: int, item: Item) -> bool:
    if at in draft.taken or item.light or item.kind == "mark":
        return False
    cue = item.cue
    if cue is None:
        return True
    if cue.kind in SOFT or cue.value == "soft":
        return False
    return not (cue.kind == "compare" and item.text.lower() == "over" and not _bounds(draft, at))


def _bounds(draft: Draft, at: int) -> bool:
    return draft.is_number(draft.next(at))


def _unexplained(unread: Sequence[Item]) -> Problem:
    joints = [item for item in unread if item.cue is not None and item.cue.kind in _JOINTS]
    said = [item for item in unread if item not in joints] or joints
    words = joined_words((item.text, item.span) for item in said)
    quoted = ", ".join(f"“{word}”" for word in words)
    for item in unread:
        reason = _REASONS.get(item.cue.kind) if item.cue is not None else None
        if reason is not None:
            return Problem(f"{reason} ({quoted}).", tuple(words))
    return Problem(
        f"These words are not explained by the metrics: {quoted}."
        " Say them as a metric, dimension or value is called, or leave them out.",
        tuple(words),
    )


def _refusal(
    context: GenerationContext, items: Sequence[Item], outcomes: Sequence[_Outcome]
) -> RefusalError:
    """Why the likeliest reading is no answer, and what is near."""
    best = outcomes[0]
    asked = best.draft.metrics
    nearest = asked or _nearest(context, items)
    words = list(dict.fromkeys(word for problem in best.problems for word in problem.words))
    details: dict[str, Any] = {
        "words": words or joined_words((i.text, i.span) for i in items if not i.light),
        "reasons": [problem.reason for problem in best.problems],
        "metrics": [{"name": each.name, "label": each.label} for each in nearest],
        "dimensions": _dimensions(context, nearest),
    }
    readings_ = [each for problem in best.problems for each in problem.readings]
    message = " ".join(problem.reason for problem in best.problems)
    if readings_ and all(problem.readings for problem in best.problems):
        details["readings"] = readings_
        return RefusalError(message, code="ambiguous", details=details)
    heads = _meant(context, best)
    if heads:
        query = best.query
        chinese = is_chinese(context.question.text)
        details["readings"] = [
            describe(
                replace(query, metrics=(*query.metrics, name)), context.metrics, chinese=chinese
            )
            for name in heads
        ]
        message += f" Do you mean: {' / '.join(details['readings'])}"
        code: RefusalCode = "ambiguous" if len(heads) > 1 else "unanswerable"
        return RefusalError(message, code=code, details=details)
    if not asked:
        names = ", ".join(each.label or each.name for each in nearest)
        message += f" The nearest metrics: {names}." if names else " No metrics were found for it."
    return RefusalError(message, code="unanswerable", details=details)


def _meant(context: GenerationContext, best: _Outcome) -> list[str]:
    """The metrics whose names end or begin with the one phrase that stayed unexplained: labour *cost*."""
    words = [word for problem in best.problems for word in problem.words]
    if len(words) != 1 or best.draft.problems:
        return []
    said = spoken(words[0])
    return [
        metric.name
        for metric in context.metrics.metrics
        if any(
            whole >= 0.95 and not bare and said in (phrase[-len(said) :], phrase[: len(said)])
            for phrase, whole, bare in metric_phrases(metric)
        )
    ]


def _nearest(context: GenerationContext, items: Sequence[Item]) -> list[Metric]:
    """Metrics that share most words with the question; where they share equally many, as they were found."""
    said = {word_form(token.text) for token in tokenize(context.question.text)}
    said -= {form for item in items if item.light for form in spoken(item.text)}

    def shared(metric: Metric) -> int:
        words = {word for phrase, _, _ in metric_phrases(metric) for word in phrase}
        return len(words & said)

    return sorted(context.metrics.metrics, key=lambda metric: -shared(metric))[:_NEAREST]


def _dimensions(context: GenerationContext, metrics: Iterable[Metric]) -> list[dict[str, str]]:
    names = dict.fromkeys(name for metric in metrics for name in metric.dimensions)
    known = context.metrics.dimensions
    return [
        {"name": name, "label": known[name].label if name in known else ""}
        for name in list(names)[:_MOST_DIMENSIONS]
    ]


def _ambiguous(context: GenerationContext, ranked: Sequence[_Outcome]) -> RefusalError:
    tied = [each for each in ranked if ranked[0].rank - each.rank < _TIE]
    differing = [
        item
        for at, item in enumerate(ranked[0].draft.items)
        if len({each.draft.reading.chosen[at] for each in tied}) > 1
    ]
    words = [item.text for item in differing]
    chinese = is_chinese(context.question.text)
    asked = [describe(each.query, context.metrics, chinese=chinese) for each in tied]
    quoted = ", ".join(f"“{word}”" for word in words)
    metrics = list({m.name: m for each in tied for m in each.draft.metrics}.values())
    return RefusalError(
        f"{quoted or 'The question'} can be read in {len(asked)} ways. Say which of them is meant: "
        + " / ".join(asked),
        code="ambiguous",
        details={
            "words": words,
            "readings": asked,
            "metrics": [{"name": each.name, "label": each.label} for each in metrics],
            "dimensions": _dimensions(context, metrics),
        },
    )


def _choice(outcome: _Outcome) -> MetricChoice:
    """The score is the mean sureness of what names something, less what was doubtful."""
    draft = outcome.draft
    nouns = sum(each is not None for each in draft.reading.chosen)
    score = outcome.rank / max(nouns, 1)
    return MetricChoice(
        query=outcome.query,
        score=round(min(1.0, max(_WORST_SCORE, score)), 4),
        words=tuple(sorted(draft.words, key=lambda use: use.span)),
        times=tuple(dict.fromkeys(draft.times)),
        ordered=bool(outcome.query.order),
    )
