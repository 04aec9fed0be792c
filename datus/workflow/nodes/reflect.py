"""reflect: judge the result against the question, try again where it falls short, keep the best."""

import asyncio
from dataclasses import replace

from datus.errors import DatusError, RefusalError
from datus.generation.prompted.prompts import load_prompts
from datus.llm.base import BudgetError, ModelError
from datus.workflow.evidence import GRAVE, is_better, judge, keeps_conditions
from datus.workflow.node import Node, Report, Tools, known
from datus.workflow.nodes.fix import can_be_fixed
from datus.workflow.second_judge import second_opinion
from datus.workflow.state import WIDER, Back, Executed, Finding, RunState
from datus.workflow.strategies import (
    STRATEGIES,
    Strategy,
    configured,
    explored,
    next_strategy,
    passages_for,
)


class Reflect(Node):
    """Keeps the best answer so far and, while it has a flaw, sends the run back for another one.

    A later answer takes the place of the first only when it has a lighter flaw and names every
    linked value and the time that the first names: dropping a condition makes rows appear, not a
    better answer. Rules judge first; where the configuration says so, a model judges what they let pass.
    """

    name = "reflect"
    description = "Judge the result against the question and try again where it falls short"
    needs = ("result",)
    back_to = ("schema_linking", "generate_sql", "execute_sql")

    def catches(self, error: DatusError, state: RunState, tools: Tools) -> bool:
        """Go on from any error once there is an answer, and before that from what can be mended."""
        if state.best is not None:
            return True
        if error is state.failure:
            return False  # a node found nothing new and gave back the error that led to it
        return self._may_try(state, tools) and self._after(error, state, tools) is not None

    async def run(self, state: RunState, tools: Tools, report: Report) -> RunState | Back:
        """Settle on the best answer, or go back for another one."""
        state = await self._judged(state, tools)
        finding: Finding | None = None
        if state.best is None:
            failure = known(state.failure, "result")
            reason, strategy = failure.message, self._after(failure, state, tools)
        else:
            finding = _gravest(judge(state.best, state), state.verdict)
            if finding is None:
                return await self._settle(state, state.best, report, "The result fits the question")
            if state.failure is not None and not can_be_fixed(state.failure):
                # The generator knows no other way, or the database does not answer.
                return await self._settle(state, state.best, report, "Nothing better was found")
            reason = state.failure.message if state.failure else finding.text
            strategy = next_strategy(self._order(tools), finding, state)
        if not self._may_try(state, tools) or strategy is None:
            best = known(state.best, "result")
            return await self._settle(state, best, report, "No better result in the rounds allowed")
        await report.detail(
            f"Trying {strategy.replace('_', ' ')}: {reason}",
            round=state.reflection_rounds + 1,
            action=strategy,
            reason=reason,
        )
        return await self._back(strategy, finding, reason, state, tools)

    def _may_try(self, state: RunState, tools: Tools) -> bool:
        return state.reflection_rounds < int(tools.settings.node_settings["reflect"]["max_rounds"])

    def _order(self, tools: Tools) -> tuple[Strategy, ...]:
        return configured(str(tools.settings.node_settings["reflect"]["strategies"]))

    def _after(self, error: DatusError, state: RunState, tools: Tools) -> Strategy | None:
        """What could overcome an error while there is no answer at all."""
        order = self._order(tools)
        if isinstance(error, RefusalError) and error.code == "unanswerable":
            wider = "schema_linking" in order and state.rate != "slow"
            return "schema_linking" if wider else None
        if not can_be_fixed(error) or not state.candidates:
            return None
        return next_strategy(order, None, state)

    async def _judged(self, state: RunState, tools: Tools) -> RunState:
        """The state with the better of the last answer and the best one before it."""
        new, best = state.executed, state.best
        if new is None or new is best:
            return state
        verdict = await self._verdict(new, state, tools)
        if best is None or is_better(new, best, state):
            return replace(state, best=new, verdict=verdict)
        lighter = _weight(verdict) < _weight(state.verdict)
        as_good = _weight(judge(new, state)) <= _weight(judge(best, state))
        if lighter and as_good and keeps_conditions(best, new, state):
            return replace(state, best=new, verdict=verdict)
        return state

    async def _verdict(self, executed: Executed, state: RunState, tools: Tools) -> Finding | None:
        """What the model says, where it is asked at all and the rules found nothing that is grave.

        A judge that fails, or whose budget is spent, takes nothing from an answer and adds nothing: what it
        said of the one before is held against this one too.
        """
        own = tools.settings.node_settings["reflect"]
        if own["judge"] != "model" or tools.judge_of is None or state.meter is None:
            return None
        if _weight(judge(executed, state)) >= GRAVE:
            return None
        try:
            prompts = await asyncio.to_thread(load_prompts, tools.settings.prompts_path)
            model = tools.judge_of(str(own["model"]))
            return await second_opinion(executed, state, model, state.meter, prompts)
        except (ModelError, BudgetError):
            return state.verdict

    async def _back(
        self,
        strategy: Strategy,
        finding: Finding | None,
        reason: str,
        state: RunState,
        tools: Tools,
    ) -> Back:
        to = STRATEGIES[strategy][0]
        if strategy == "simple_regenerate" and state.candidates[1:] and state.best is not None:
            to = "execute_sql"  # the next candidate is there already
        elif strategy == "schema_linking":
            state = replace(state, rate=WIDER[state.rate])
        elif strategy == "doc_search":
            passages = await asyncio.to_thread(passages_for, state, reason)
            state = replace(state, passages=passages)
        elif strategy == "reasoning":
            reason = f"{reason}. {_seen(state)}" if state.best is not None else reason
        elif strategy == "column_exploration" and finding is not None:
            linking = known(state.linking, "schema")
            connector = tools.connectors.get(state.namespace, linking.database)
            values = await explored(finding, linking.schema, connector)
            reason = f"{reason}. {values}" if values else reason
        rounds = state.reflection_rounds + 1
        tried = (*state.strategies, strategy)
        return Back(to, replace(state.given_up(reason), reflection_rounds=rounds, strategies=tried))

    async def _settle(self, state: RunState, best: Executed, report: Report, why: str) -> RunState:
        await report.detail(why, rounds=state.reflection_rounds)
        return replace(state, executed=best, failure=None)


def _gravest(one: Finding | None, other: Finding | None) -> Finding | None:
    return one if _weight(one) >= _weight(other) else other


def _weight(finding: Finding | None) -> int:
    return finding.weight if finding is not None else 0


def _seen(state: RunState) -> str:
    """How the result looks, without its values: those of a database are shown where they are asked for."""
    result = known(state.best, "result").result
    columns = ", ".join(column.name for column in result.columns)
    return f"The result had {len(result.rows)} rows of the columns {columns}"
