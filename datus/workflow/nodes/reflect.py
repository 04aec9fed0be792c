"""reflect: judge the result against the question, try again where it falls short, keep the best."""

from dataclasses import replace
from typing import Literal

from datus.errors import DatusError, RefusalError
from datus.workflow.evidence import is_better, judge
from datus.workflow.node import Node, Report, Tools, known
from datus.workflow.nodes.fix import can_be_fixed
from datus.workflow.state import WIDER, Back, Executed, RunState

Move = Literal["another candidate", "wider linking", "a fix"]


class Reflect(Node):
    """Keeps the best answer so far and, while it has a flaw, sends the run back for another one.

    A later answer takes the place of the first only when it has a lighter flaw and names every
    linked value and the time that the first names: dropping a condition makes rows appear, not a
    better answer.
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
        return self._may_try(state, tools) and _move_after(error, state) is not None

    async def run(self, state: RunState, tools: Tools, report: Report) -> RunState | Back:
        """Settle on the best answer, or go back for another one."""
        state = _keep_better(state)
        if state.best is None:
            failure = known(state.failure, "result")
            reason, move = failure.message, _move_after(failure, state)
        else:
            finding = judge(state.best, state)
            if finding is None:
                return await self._settle(state, state.best, report, "The result fits the question")
            if state.failure is not None and not can_be_fixed(state.failure):
                # The generator knows no other way, or the database does not answer.
                return await self._settle(state, state.best, report, "Nothing better was found")
            reason = state.failure.message if state.failure else finding.text
            move = _move_from(state)
        if not self._may_try(state, tools) or move is None:
            best = known(state.best, "result")
            return await self._settle(state, best, report, "No better result in the rounds allowed")
        await report.detail(
            f"Trying {move}: {reason}",
            round=state.reflection_rounds + 1,
            action=move,
            reason=reason,
        )
        return _back(move, state, reason)

    def _may_try(self, state: RunState, tools: Tools) -> bool:
        return state.reflection_rounds < int(tools.settings.node_settings["reflect"]["max_rounds"])

    async def _settle(self, state: RunState, best: Executed, report: Report, why: str) -> RunState:
        await report.detail(why, rounds=state.reflection_rounds)
        return replace(state, executed=best, failure=None)


def _keep_better(state: RunState) -> RunState:
    new, best = state.executed, state.best
    if new is None:
        return state
    if best is not None and not is_better(new, best, state):
        return state
    return replace(state, best=new)


def _move_after(error: DatusError, state: RunState) -> Move | None:
    """What could overcome an error while there is no answer at all."""
    if isinstance(error, RefusalError) and error.code == "unanswerable":
        return "wider linking" if state.rate != "slow" else None
    return "a fix" if can_be_fixed(error) and state.candidates else None


def _move_from(state: RunState) -> Move:
    """What could better an answer that has a flaw, the cheapest first."""
    if state.candidates[1:]:
        return "another candidate"
    return "wider linking" if state.rate != "slow" else "a fix"


def _back(move: Move, state: RunState, reason: str) -> Back:
    state = replace(state.given_up(reason), reflection_rounds=state.reflection_rounds + 1)
    if move == "another candidate":
        return Back("execute_sql", state)
    if move == "wider linking":
        return Back("schema_linking", replace(state, rate=WIDER[state.rate]))
    return Back("generate_sql", state)
