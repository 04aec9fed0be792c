"""execute_sql: the guard, then the database. No other place of datus runs generated SQL."""

import asyncio
from dataclasses import replace

from datus.errors import DatabaseError
from datus.workflow.node import Node, Report, Tools, known
from datus.workflow.state import Executed, RunState


class ExecuteSql(Node):
    """Has the guard check the best candidate and runs what the guard wrote, never the candidate."""

    name = "execute_sql"
    description = "Check the SQL and run it, read-only"
    needs = ("schema", "candidates")
    gives = ("result",)

    async def run(self, state: RunState, tools: Tools, report: Report) -> RunState:
        """Run the best candidate that is left.

        Raises:
            RefusalError: ``unsafe_sql``, from the guard.
            DatabaseError: The database refused the statement or broke it off.
        """
        linking = known(state.linking, "schema")
        candidate = state.candidates[0]
        checked = await asyncio.to_thread(tools.guard, candidate.sql, linking.schema)
        await report.emit("sql_generated", {"sql": checked.sql})
        connector = tools.connectors.get(state.namespace, linking.database)
        limits = tools.settings.node_settings[self.name]
        began = tools.clock()
        try:
            result = await connector.execute(
                checked.sql,
                max_rows=int(limits["max_rows"]),
                timeout_s=float(limits["timeout_s"]),
            )
        except DatabaseError:
            await _complete(report, "failed", 0, tools.clock() - began)
            raise
        await _complete(report, "completed", len(result.rows), result.elapsed_s)
        return replace(state, executed=Executed(candidate, checked, result), failure=None)


async def _complete(report: Report, status: str, rows: int, seconds: float) -> None:
    data = {"status": status, "rows_affected": rows, "execution_time": round(seconds, 6)}
    await report.emit("execution_complete", data)
