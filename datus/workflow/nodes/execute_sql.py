"""execute_sql: the checks, then the database. No other place of datus runs generated SQL."""

from collections.abc import Sequence
from dataclasses import replace

from datus.errors import DatabaseError, RefusalError, StatementTimeoutError
from datus.generation.base import UnsureError
from datus.sql.guard import CheckedSql
from datus.types import Candidate
from datus.workflow.agreement import as_sure, chosen, rows_of, together, voted
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
        if _are_samples(state.candidates) and self._most(tools) > 1:
            return await self._voted(state, tools, report)
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
            max_bytes=tools.settings.server.max_result_bytes,
        )
        return Executed(candidate, checked, result, examined.doubts, examined.shape)

    async def _settled(
        self, doubt: UnsureError, state: RunState, tools: Tools, report: Report
    ) -> RunState:
        """The first candidate, where enough of the next ones give the same rows."""
        first, *rest = state.candidates[: self._most(tools)]
        sure, left = first.confidence or 0.0, [each.confidence or 0.0 for each in rest]
        if together(sure, sum(left), 0.0) < doubt.needed:
            raise doubt
        executed = await self._seen(first, state, tools)
        rows = executed and rows_of(executed.result)
        if executed is None or rows is None:
            raise doubt
        agreeing, differing, number = 0.0, 0.0, 1
        for other in rest:
            if together(sure, agreeing, differing) >= doubt.needed:
                break
            seen = await self._seen(other, state, tools)
            if seen is not None and rows_of(seen.result) == rows:
                agreeing, number = agreeing + (other.confidence or 0.0), number + 1
            else:
                differing += other.confidence or 0.0
        confidence = together(sure, agreeing, differing)
        if number < 2 or confidence < doubt.needed:
            raise doubt
        await report.detail(
            f"{number} ways to answer give the same rows", agreeing=number, confidence=confidence
        )
        return await self._take(as_sure(executed, confidence), state, report)

    async def _seen(self, candidate: Candidate, state: RunState, tools: Tools) -> Executed | None:
        """What comes of a candidate that runs for its rows alone; None where it cannot run."""
        try:
            checked = await guarded(candidate, state, tools)
            return await self._execute(candidate, checked, state, tools)
        except StatementTimeoutError:
            if state.doubt is not None:
                raise state.doubt from None  # the next would take as long
            return None
        except (DatabaseError, RefusalError):
            return None

    async def _voted(self, state: RunState, tools: Tools, report: Report) -> RunState:
        """The answer that most samples of a model give; those that cannot run have no vote.

        Raises:
            RefusalError, DatabaseError: What became of the first, where none of them runs.
        """
        ran: list[Executed] = []
        first: DatabaseError | RefusalError | None = None
        for candidate in state.candidates[: self._most(tools)]:
            try:
                checked = await guarded(candidate, state, tools)
                ran.append(await self._execute(candidate, checked, state, tools))
            except (DatabaseError, RefusalError) as error:
                first = first or error
                if isinstance(error, StatementTimeoutError):
                    break  # the next would take as long
        if not ran:
            assert first is not None
            raise first
        best, *_ = voted([(each, state) for each in ran], samples=True)
        await report.detail(
            f"{len(best.agreeing)} of {len(ran)} samples give the same rows",
            agreeing=len(best.agreeing),
            samples=len(ran),
            confidence=best.confidence,
        )
        sampled = best.executed.candidate
        others = (each for each in state.candidates if each is not sampled)
        answer = chosen(best)
        state = replace(state, candidates=(answer.candidate, *others))
        return await self._take(answer, state, report)

    def _most(self, tools: Tools) -> int:
        return int(tools.settings.node_settings[self.name]["agreement"])

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
            rival = await self._seen(candidate, state, tools)
            if rival is None:
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


def _are_samples(candidates: Sequence[Candidate]) -> bool:
    """Whether candidates are what a hosted model said when it was asked more than once.

    Those of the offline generator alone are readings of the question, of which the likeliest is meant;
    behind a model's they have a vote.
    """
    return len(candidates) > 1 and bool(candidates[0].model)


async def _complete(report: Report, status: str, rows: int, seconds: float) -> None:
    data = {"status": status, "rows_affected": rows, "execution_time": round(seconds, 6)}
    await report.emit("execution_complete", data)
