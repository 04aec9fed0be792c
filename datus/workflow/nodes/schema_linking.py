"""schema_linking: which database, tables and values the question is about."""

import asyncio
from dataclasses import replace

from datus.errors import RefusalError
from datus.knowledge.snapshot import Snapshot
from datus.workflow.linking import link
from datus.workflow.node import Node, Report, Tools
from datus.workflow.state import WIDER, Linking, RunState

_VALUES_SHOWN = 20


class SchemaLinking(Node):
    """Finds the tables that matter, the joins between them, and the values that the question names."""

    name = "schema_linking"
    description = "Find the database, tables and values that the question is about"
    gives = ("schema",)

    async def run(self, state: RunState, tools: Tools, report: Report) -> RunState:
        """Link the question at ``state.rate``, in the best of the databases that may answer.

        Raises:
            RefusalError: ``ambiguous`` when databases tie, ``unanswerable`` when none fits or the
                schema does not exist.
        """
        database, snapshot = await _choose(state, tools)
        linking = await asyncio.to_thread(link, state, database, snapshot)
        while _told_nothing_new(state, linking):
            if linking.rate == "slow" and state.failure is not None:
                raise state.failure
            state = replace(state, rate=WIDER[linking.rate])
            linking = await asyncio.to_thread(link, state, database, snapshot)
        found = [table.name for table in linking.linked.tables]
        await report.detail(
            f"Linked the question to {len(found)} of {len(linking.schema.tables)} tables",
            database=database,
            tables_found=found,
            values_found=[
                {"table": hit.table, "column": hit.column, "value": hit.value}
                for hit in linking.values[:_VALUES_SHOWN]
            ],
            rate=linking.rate,
        )
        return replace(state, linking=linking)


def _told_nothing_new(state: RunState, linking: Linking) -> bool:
    """After a refusal, the same tables would only be refused again."""
    before = state.linking
    return (
        before is not None
        and isinstance(state.failure, RefusalError)
        and not state.attempts
        and before.linked.tables == linking.linked.tables
    )


async def _choose(state: RunState, tools: Tools) -> tuple[str, Snapshot]:
    snapshot = await tools.knowledge.snapshot(state.namespace, state.databases)
    if len(state.databases) == 1:
        return state.databases[0], snapshot
    ranked = await asyncio.to_thread(snapshot.rank_databases, state.question.text)
    return _best(state, ranked), snapshot


def _best(state: RunState, ranked: tuple[tuple[str, float], ...]) -> str:
    if not ranked:
        raise RefusalError(
            f"No database of namespace {state.namespace!r} has tables that fit the question; "
            "name one with database_name.",
            code="unanswerable",
            details={"databases": list(state.databases)},
        )
    names = [database for database, score in ranked if score == ranked[0][1]]
    if len(names) > 1:
        raise RefusalError(
            f"The question fits several databases equally well ({', '.join(names)}); "
            "name one with database_name.",
            code="ambiguous",
            details={"databases": names},
        )
    return names[0]
