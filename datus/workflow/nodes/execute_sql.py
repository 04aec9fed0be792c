"""execute_sql: the checks, then the database. No other place of datus runs generated SQL."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

from datus.errors import DatabaseError, RefusalError, StatementTimeoutError
from datus.generation.base import UnsureError
from datus.sql.guard import CheckedSql
from datus.types import Candidate
from datus.workflow.agreement import agreed, rows_of, together
from datus.workflow.checking import guarded, held_against
from datus.workflow.evidence import GRAVE, is_better, judge
from datus.workflow.node import Node, Report, Tools, known
from datus.workflow.nodes.fix import can_be_fixed
from datus.workflow.state import Executed, RunState

_LIKELY = 0.5
"""A candidate takes the place of a better one that came to nothing when it is likelier right than not."""
_MOST_RIVALS = 2


class ExecuteSql(Node):
    """Has the best candidate checked and runs what the guard wrote, never the candidate.

    What comes of it is evidence: where the database refuses the statement, or its rows cannot be what was
    asked for, the next candidate that is likely enough runs too, and takes its place when it does better.
    """

    name = "execute_sql"
    description = "Check the SQL and run it, read-only"
    needs = ("schema", "candidates")
    gives = ("result",)

    async def run(self, state: RunState, tools: Tools, report: Report) -> RunState:
        """Run the best candidate that is left.

        Raises:
            RefusalError: ``unsafe_sql``, from the guard; the generator's own, where no candidate was sure
                enough and what ran does not agree.
            InvalidSqlError: The statement cannot mean what was asked.
            DatabaseError: The database refused the statement or broke it off.
        """
        if state.doubt is not None:
            return await self._settled(state.doubt, state, tools, report)
        checked = await guarded(state.candidates[0], state, tools)
        await report.emit("sql_generated", {"sql": checked.sql})
        began = tools.clock()
        try:
            executed = await self._execute(state.candidates[0], checked, state, tools)
        except DatabaseError as error:
            await _complete(report, "failed", 0, tools.clock() - began)
            if not can_be_fixed(error) or (better := await self._rival(None, state, tools)) is None:
                raise
            return await self._instead(better, error.message, state, report)
        await _complete(report, "completed", len(executed.result.rows), executed.result.elapsed_s)
        finding = judge(executed, state)
        if finding is not None and finding.weight >= GRAVE:
            better = await self._rival(executed, state, tools)
            if better is not None:
                return await self._instead(better, finding.text, state, report)
        return replace(state, executed=executed, failure=None)

    async def _execute(
        self, candidate: Candidate, checked: CheckedSql, state: RunState, tools: Tools
    ) -> Executed:
        examined = await held_against(checked, state, tools)
        database = known(state.linking, "schema").database
        limits = tools.settings.node_settings[self.name]
        result = await tools.connectors.get(state.namespace, database).execute(
            checked.sql,
            max_rows=int(limits["max_rows"]),
            timeout_s=float(limits["timeout_s"]),
        )
        return Executed(candidate, checked, result, examined.doubts, examined.shape)

    async def _settled(
        self, doubt: UnsureError, state: RunState, tools: Tools, report: Report
    ) -> RunState:
        """The answer that enough candidates give, none of them sure enough alone."""
        most = int(tools.settings.node_settings[self.name]["agreement"])
        groups: dict[Hashable, list[Executed]] = {}
        left = state.candidates[:most]
        while left and _may_agree(groups, left, doubt.needed):
            candidate, left = left[0], left[1:]
            try:
                checked = await guarded(candidate, state, tools)
                executed = await self._execute(candidate, checked, state, tools)
            except StatementTimeoutError:
                break  # the next would take as long
            except (DatabaseError, RefusalError):
                continue
            rows = rows_of(executed.result)
            if rows is not None:
                groups.setdefault(rows, []).append(executed)
        best = max(groups.values(), key=together, default=[])
        if len(best) < 2 or together(best) < doubt.needed:
            raise doubt
        answer = agreed(best)
        await report.detail(
            f"{len(best)} ways to answer give the same rows",
            agreeing=len(best),
            confidence=answer.candidate.confidence,
        )
        return await self._take(answer, state, report)

    async def _rival(
        self, executed: Executed | None, state: RunState, tools: Tools
    ) -> Executed | None:
        """The next likely candidate whose rows are a better answer; None where there is none."""
        doubted = state.candidates[0].confidence or 0.0
        likely = [
            each
            for each in state.candidates[1:]
            if each.confidence is not None and each.confidence >= _LIKELY * (1.0 - doubted)
        ]
        for candidate in likely[:_MOST_RIVALS]:
            try:
                checked = await guarded(candidate, state, tools)
                rival = await self._execute(candidate, checked, state, tools)
            except (DatabaseError, RefusalError):
                continue
            flaw = judge(rival, state)
            if flaw is not None and flaw.weight >= GRAVE:
                continue
            if executed is None or is_better(rival, executed, state):
                return rival
        return None

    async def _instead(
        self, better: Executed, reason: str, state: RunState, report: Report
    ) -> RunState:
        """The state with the better answer, the candidates before it given up for the reason."""
        await report.detail(f"Took the next candidate: {reason}", reason=reason)
        while state.candidates[0] != better.candidate:
            state = state.given_up(reason)
        return await self._take(better, state, report)

    async def _take(self, executed: Executed, state: RunState, report: Report) -> RunState:
        await report.emit("sql_generated", {"sql": executed.checked.sql})
        await _complete(report, "completed", len(executed.result.rows), executed.result.elapsed_s)
        return replace(state, executed=executed, failure=None)


def _may_agree(
    groups: Mapping[Hashable, Sequence[Executed]], left: Sequence[Candidate], needed: float
) -> bool:
    """Whether it is still open if candidates agree, and whether enough of them can."""
    most = max(map(together, groups.values()), default=0.0)
    return most < needed <= most + sum(each.confidence or 0.0 for each in left)


async def _complete(report: Report, status: str, rows: int, seconds: float) -> None:
    data = {"status": status, "rows_affected": rows, "execution_time": round(seconds, 6)}
    await report.emit("execution_complete", data)
