"""From a typed answer to a metric query over the metrics that were found, and what is wrong with one."""

from collections.abc import Iterable

from datus.config.reader import nearest
from datus.generation.base import MetricChoice
from datus.generation.prompted.answers import MetricAnswer
from datus.generation.prompted.reading import used_times, words_of
from datus.llm.base import Reply
from datus.types import GenerationContext, MetricFilter, MetricOrder, MetricQuery

_TIME = "metric_time"


def problem_of(said: MetricAnswer, context: GenerationContext) -> str | None:
    """What no compiler could make of an answer, in one sentence; None where it may."""
    by_name = {metric.name: metric for metric in context.metrics.metrics}
    for name in said.metrics:
        if name not in by_name:
            return _unknown("metric", name, by_name)
    for name in [*said.dimensions, *(each.dimension for each in said.filters)]:
        if name not in context.metrics.dimensions:
            return _unknown("dimension", name, context.metrics.dimensions)
        for metric in said.metrics:
            if name not in by_name[metric].dimensions:
                return f"The metric {metric!r} has no dimension {name!r}; it has: " + ", ".join(
                    by_name[metric].dimensions
                )
    own = [*said.metrics, *said.dimensions, _TIME]
    for each in said.order:
        if each.by not in own:
            return f"Order is by {each.by!r}, which is not in the query; it has: {', '.join(own)}."
    for each_filter in said.filters:
        if each_filter.operator not in ("in", "not in") and len(each_filter.values) != 1:
            return f"The operator {each_filter.operator!r} takes one value; use in for several."
    if said.start is not None and said.end is not None and said.start >= said.end:
        return "The start must lie before the end, which is not included."
    return None


def choice_of(
    reply: Reply[MetricAnswer],
    context: GenerationContext,
    *,
    generator: str,
    left_out: tuple[str, ...],
) -> MetricChoice:
    """The metric query of an answer without problems."""
    said = reply.output
    times = used_times(said.times, context)
    start, end = said.start, said.end
    if start is None and end is None and len(times) == 1:
        start, end = times[0].start, times[0].end
    query = MetricQuery(
        metrics=tuple(dict.fromkeys(said.metrics)),
        dimensions=tuple(dict.fromkeys(said.dimensions)),
        grain=said.grain,
        start=start,
        end=end,
        filters=tuple(
            MetricFilter(each.dimension, each.operator, tuple(each.values)) for each in said.filters
        ),
        order=tuple(MetricOrder(each.by, each.descending) for each in said.order),
        limit=said.limit,
        compare=said.compare,
    )
    used = times or tuple(time for time in context.times if (time.start, time.end) == (start, end))
    words = words_of(said.words, context.question.text)
    return MetricChoice(
        query,
        said.confidence,
        words,
        used,
        said.ordered,
        generator,
        reply.model,
        reply.degraded,
        said.confidence,
        left_out,
    )


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = nearest(name, names)
    hint = f"the nearest is {close!r}" if close else f"there are: {', '.join(names[:20])}"
    return f"There is no {kind} {name!r}; {hint}."
