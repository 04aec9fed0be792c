"""From a question, or a caller's own metric query, to SQL that the metric compiler wrote."""

import asyncio

from datus.errors import InvalidRequestError, RefusalError
from datus.generation.base import MetricChoice
from datus.generation.offline.explanation import explain_metrics
from datus.knowledge.filters import check_filters
from datus.text import is_chinese
from datus.types import Candidate, GenerationContext
from datus.workflow.node import Tools, known
from datus.workflow.state import RunState


async def metric_candidates(
    context: GenerationContext, state: RunState, tools: Tools
) -> tuple[Candidate, ...]:
    """The metric queries that answer, best first, each with its compiled SQL.

    The best one must compile: a second reading never stands in for it. Those behind it that do not
    are left out.

    Raises:
        RefusalError: ``unanswerable`` or ``ambiguous``, from the generator, from the values, or from
            the compiler when a join would count rows twice.
        InvalidRequestError: The caller's query names what does not exist.
    """
    if state.metric_query is not None:
        choices: tuple[MetricChoice, ...] = (_given(state),)
    else:
        choices = await tools.generator.choose_metrics(context)
    best, *others = choices
    try:
        candidates = [await asyncio.to_thread(_compiled, best, state)]
    except InvalidRequestError as error:
        if state.metric_query is not None:
            raise
        # The caller asked a question: what does not fit is the reading of it, not a request field.
        raise RefusalError(error.message, code="unanswerable", details=error.details) from error
    for choice in others:
        try:
            candidates.append(await asyncio.to_thread(_compiled, choice, state))
        except (RefusalError, InvalidRequestError):
            continue
    return tuple(candidates)


def _given(state: RunState) -> MetricChoice:
    query = known(state.metric_query, "metrics")
    ordered = bool(query.order)
    return MetricChoice(query, 1.0, (), (), ordered, generator="caller")


def _compiled(choice: MetricChoice, state: RunState) -> Candidate:
    linking = known(state.linking, "schema")
    snapshot = linking.snapshot
    query = check_filters(choice.query, snapshot.catalogue, snapshot.values(linking.database))
    compiled = snapshot.layer.compile(query, linking.schema.dialect, schema=linking.schema)
    return Candidate(
        sql=compiled.sql,
        score=choice.score,
        tables=(),
        columns=(),
        words=choice.words,
        times=choice.times,
        ordered=choice.ordered,
        generator=choice.generator,
        metric_query=query,
        confidence=choice.confidence,
        model=choice.model,
        degraded=choice.degraded,
        left_out=choice.left_out,
        explanation=explain_metrics(
            query, snapshot.catalogue, chinese=is_chinese(state.question.text)
        ),
    )
