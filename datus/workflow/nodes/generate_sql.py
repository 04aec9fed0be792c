"""generate_sql: ranked SQL for the question, from whatever generator the configuration names."""

import asyncio
from dataclasses import replace

from datus.errors import RefusalError
from datus.generation.base import UnsureError
from datus.types import Candidate, GenerationContext, MetricCatalogue
from datus.workflow.glosses import glosses
from datus.workflow.metrics import metric_candidates
from datus.workflow.node import Node, Report, Tools, known
from datus.workflow.reuse import generated
from datus.workflow.similar import MOST_SIMILAR, similar_names
from datus.workflow.state import Linking, RunState

_REFERENCES = 5
_PASSAGES = 4


class GenerateSql(Node):
    """Hands what the nodes gathered to the generator and keeps its candidates, best first.

    Where metrics were searched, the generator only chooses a metric query and the compiler writes the
    SQL. When no metric fits, ``search_metrics.otherwise`` decides whether it may write SQL itself.
    """

    name = "generate_sql"
    description = "Write SQL for the question"
    needs = ("schema",)
    uses = ("times", "metrics")
    gives = ("candidates",)

    async def run(self, state: RunState, tools: Tools, report: Report) -> RunState:
        """Ask the generator; candidates that were tried before are dropped.

        Raises:
            RefusalError: The generator refuses, or knows nothing that was not tried.
            DatusError: The error that led here, when asking again brought nothing new.
        """
        linking = known(state.linking, "schema")
        context = GenerationContext(
            question=state.question,
            schema=linking.linked,
            values=linking.values,
            times=state.times,
            comparisons=state.comparisons,
            metrics=state.metrics or MetricCatalogue(),
            terms=linking.terms,
            references=linking.references,
            passages=state.passages,
            attempts=state.attempts,
            glosses=await asyncio.to_thread(glosses, state, linking, tools),
            meter=state.meter,
        )
        if state.meter is not None:
            context = await asyncio.to_thread(_with_examples, context, linking)
        most = int(tools.settings.node_settings[self.name]["candidates"])
        state, fresh = await self._answers(context, state, tools)
        candidates = _untried(fresh, state)[:most]
        if not candidates:
            raise state.failure or RefusalError(
                "No other SQL for this question was found.", code="unanswerable"
            )
        await report.detail(
            f"Found {len(candidates)} ways to answer"
            if candidates[1:]
            else "Found a way to answer",
            generator=candidates[0].generator,
            candidates=len(candidates),
            words=[{"words": use.words, "meaning": use.meaning} for use in candidates[0].words],
        )
        return replace(state, candidates=candidates)

    async def _answers(
        self, context: GenerationContext, state: RunState, tools: Tools
    ) -> tuple[RunState, tuple[Candidate, ...]]:
        if state.metrics is None:
            return await self._ask(context, state, tools)
        try:
            return state, await metric_candidates(context, state, tools)
        except RefusalError as refusal:
            otherwise = tools.settings.node_settings["search_metrics"]["otherwise"]
            if refusal.code != "unanswerable" or otherwise == "refuse" or state.metric_query:
                raise
            state = replace(state, handed_over=refusal.message)
            return await self._ask(context, state, tools)

    async def _ask(
        self, context: GenerationContext, state: RunState, tools: Tools
    ) -> tuple[RunState, tuple[Candidate, ...]]:
        state = replace(state, doubt=None)
        try:
            return state, await self._generated(context, state, tools)
        except RefusalError as refusal:
            if state.candidates:
                return state, ()
            # Asked again after a failure, the failure is what the caller has to know.
            if state.failure is not None and not isinstance(state.failure, RefusalError):
                raise state.failure from refusal
            if isinstance(refusal, UnsureError):
                return replace(state, doubt=refusal), refusal.candidates
            raise

    async def _generated(
        self, context: GenerationContext, state: RunState, tools: Tools
    ) -> tuple[Candidate, ...]:
        """What the generator knows; where words stay unexplained, once more with what they may mean."""
        linking = known(state.linking, "schema")
        first: RefusalError | None = None
        while True:
            try:
                return await generated(context, state, tools)
            except RefusalError as refusal:
                first = first or refusal
                found = await asyncio.to_thread(similar_names, refusal, linking)
                fresh = tuple(each for each in found if each not in context.similar)
                if not fresh or len(context.similar) > MOST_SIMILAR:
                    raise first from None
                context = replace(context, similar=(*context.similar, *fresh))


def _with_examples(context: GenerationContext, linking: Linking) -> GenerationContext:
    """The context with what only a hosted model reads: questions like this one, and parts of documents."""
    text, area = context.question.text, context.question.area
    alike = linking.snapshot.find_references(text, area, _REFERENCES)
    here = (each for each in alike if each.database in (None, linking.database))
    return replace(
        context,
        references=tuple(dict.fromkeys((*context.references, *here))),
        passages=tuple(
            dict.fromkeys(
                (*context.passages, *linking.snapshot.find_passages(text, area, _PASSAGES))
            )
        ),
    )


def _untried(fresh: tuple[Candidate, ...], state: RunState) -> tuple[Candidate, ...]:
    """Return the new candidates, then those left from before, each SQL once."""
    tried = {attempt.sql for attempt in state.attempts}
    by_sql: dict[str, Candidate] = {}
    for candidate in (*fresh, *state.candidates):
        if candidate.sql not in tried:
            by_sql.setdefault(candidate.sql, candidate)
    return tuple(by_sql.values())
