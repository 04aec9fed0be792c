"""schema_linking: which database, tables and values the question is about."""

import asyncio
from dataclasses import replace

from datus.errors import RefusalError
from datus.knowledge.snapshot import Snapshot
from datus.types import DatabaseSchema, TableSchema, ValueHit
from datus.workflow.node import Node, Report, Tools
from datus.workflow.state import WIDER, Linking, RunState

# Snapshots read at a time when a namespace has many databases: the first reading of each costs an
# introspection, and one question must not take every connection.
_AT_A_TIME = 4

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
        linking = await asyncio.to_thread(_link, state, database, snapshot)
        while _told_nothing_new(state, linking):
            if linking.rate == "slow" and state.failure is not None:
                raise state.failure
            state = replace(state, rate=WIDER[linking.rate])
            linking = await asyncio.to_thread(_link, state, database, snapshot)
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
    if len(state.databases) == 1:
        database = state.databases[0]
        return database, await tools.knowledge.snapshot(state.namespace, database)
    gate = asyncio.Semaphore(_AT_A_TIME)

    async def read(database: str) -> tuple[float, str, Snapshot]:
        async with gate:
            snapshot = await tools.knowledge.snapshot(state.namespace, database)
            score = await asyncio.to_thread(snapshot.score, state.question.text)
            return score, database, snapshot

    return _best(state, await asyncio.gather(*map(read, state.databases)))


def _best(state: RunState, scored: list[tuple[float, str, Snapshot]]) -> tuple[str, Snapshot]:
    top = max(score for score, _, _ in scored)
    best = [(database, snapshot) for score, database, snapshot in scored if score == top]
    if top <= 0:
        raise RefusalError(
            f"No database of namespace {state.namespace!r} has tables that fit the question; "
            "name one with database_name.",
            code="unanswerable",
            details={"databases": list(state.databases)},
        )
    if len(best) > 1:
        names = [database for database, _ in best]
        raise RefusalError(
            f"The question fits several databases equally well ({', '.join(names)}); "
            "name one with database_name.",
            code="ambiguous",
            details={"databases": names},
        )
    return best[0]


def _link(state: RunState, database: str, snapshot: Snapshot) -> Linking:
    schema = _narrowed(snapshot.schema, state.schema_name)
    allowed = set(map(_key, schema.tables))
    question = state.question
    said = f"{question.text}\n{question.ext_knowledge or ''}"
    tables = tuple(table for table in snapshot.link(said, state.rate) if _key(table) in allowed)
    # The same schema stays the same object: generators keep what they derive from it.
    linked = schema if tables == schema.tables else replace(schema, tables=tables)
    return Linking(
        database=database,
        schema=schema,
        linked=linked,
        values=_values_of(linked, snapshot.find_values(question.text)),
        version=snapshot.version,
        rate=state.rate,
    )


def _key(table: TableSchema) -> tuple[str | None, str]:
    return table.schema, table.name


def _narrowed(schema: DatabaseSchema, name: str | None) -> DatabaseSchema:
    if name is None:
        return schema
    by_name: dict[str, list[TableSchema]] = {}
    for table in schema.tables:
        of = table.schema or schema.default_schema or schema.database
        by_name.setdefault(of, []).append(table)
    for of, tables in by_name.items():
        if of.casefold() == name.casefold():
            return replace(schema, tables=tuple(tables))
    raise RefusalError(
        f"Database {schema.database!r} has no schema {name!r}; "
        f"it has: {', '.join(sorted(by_name)) or 'none with tables'}.",
        code="unanswerable",
        details={"field": "schema_name", "schemas": sorted(by_name)},
    )


def _values_of(linked: DatabaseSchema, values: tuple[ValueHit, ...]) -> tuple[ValueHit, ...]:
    """Return the values that stand in linked tables."""
    names = set(map(linked.name_of, linked.tables))
    return tuple(hit for hit in values if hit.table in names)
