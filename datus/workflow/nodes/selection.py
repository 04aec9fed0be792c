"""selection: one answer out of those that the branches gave."""

from dataclasses import replace

from datus.errors import DatusError
from datus.workflow.agreement import chosen, voted
from datus.workflow.branches import as_json, most_telling, refusal_of
from datus.workflow.node import Node, Report, Tools
from datus.workflow.state import RunState


class Selection(Node):
    """Puts answers with the same rows together, has them vote, and goes on from the branch that won.

    Only what the guard let through and the database ran is an answer here.
    """

    name = "selection"
    description = "Choose among the answers of the branches"
    needs = ("results",)
    gives = ("result",)

    def catches(self, error: DatusError, state: RunState, tools: Tools) -> bool:
        """When the time is over, go on with the branches that have an answer already."""
        return error.code == "timeout" and any(end.executed for end in state.branches)

    async def run(self, state: RunState, tools: Tools, report: Report) -> RunState:
        """Take the state of the branch whose answer is chosen.

        Raises:
            RefusalError: That of a branch, where the answer is less sure than it must be to overrule one.
        """
        ends = [(end, end.executed) for end in state.branches]
        answered = [(end, executed) for end, executed in ends if executed is not None]
        votes = voted([(executed, end.state) for end, executed in answered])
        winner, best = answered[votes[0].place][0], chosen(votes[0])
        least = float(tools.settings.node_settings[self.name]["least_confidence"])
        refusals = [error for end in state.branches if (error := refusal_of(end))]
        sure = best.candidate.confidence
        if refusals and sure is not None and sure < least:
            raise most_telling(refusals)
        found = as_json(state.branches, votes)
        await report.detail(
            f"Took the answer of branch {winner.name}: {len(votes[0].agreeing)} of "
            f"{len(state.branches)} gave its rows",
            **found,
        )
        rows, seconds = len(best.result.rows), best.result.elapsed_s
        await report.emit("sql_generated", {"sql": best.checked.sql})
        await report.emit(
            "execution_complete",
            {"status": "completed", "rows_affected": rows, "execution_time": round(seconds, 6)},
        )
        # Where the time is over, later nodes have to know it and settle on what is there.
        late = state.failure if state.failure and state.failure.code == "timeout" else None
        return replace(winner.state, executed=best, failure=late, branches=(), selection=found)
