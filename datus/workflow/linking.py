"""Linking a question to one database: the tables that matter and the values it names."""

from dataclasses import replace

from datus.errors import RefusalError
from datus.knowledge.snapshot import Snapshot
from datus.types import DatabaseSchema, TableSchema, ValueHit
from datus.workflow.state import Linking, RunState


def link(state: RunState, database: str, snapshot: Snapshot) -> Linking:
    """Link the question to one database at ``state.rate``.

    Raises:
        RefusalError: ``unanswerable`` when the database has no schema of the name asked for.
    """
    schema = narrowed(snapshot.schema(database), state.schema_name)
    allowed = set(map(_key, schema.tables))
    question = state.question
    terms = snapshot.find_terms(question.text, question.area)
    told = (f"{term.word} {term.meaning} {term.sql}" for term in terms)
    said = "\n".join((question.text, question.ext_knowledge or "", *told))
    linked_tables = snapshot.link(database, said, state.rate)
    tables = tuple(table for table in linked_tables if _key(table) in allowed)
    # The same schema stays the same object: generators keep what they derive from it.
    linked = schema if tables == schema.tables else replace(schema, tables=tables)
    return Linking(
        snapshot=snapshot,
        database=database,
        schema=schema,
        linked=linked,
        values=values_of(linked, snapshot.find_values(database, question.text)),
        terms=terms,
        references=tuple(
            each
            for each in snapshot.same_questions(question.text, question.area)
            if each.database in (None, database)
        ),
        rate=state.rate,
    )


def _key(table: TableSchema) -> tuple[str | None, str]:
    return table.schema, table.name


def narrowed(schema: DatabaseSchema, name: str | None) -> DatabaseSchema:
    """The part of a database that a request leaves. Raises RefusalError where it has no such schema."""
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


def values_of(linked: DatabaseSchema, values: tuple[ValueHit, ...]) -> tuple[ValueHit, ...]:
    """Return the values that stand in linked tables."""
    names = set(map(linked.name_of, linked.tables))
    return tuple(hit for hit in values if hit.table in names)
