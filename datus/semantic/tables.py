"""The definitions' tables and columns, found in a real database."""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlglot
from sqlglot import exp

from datus.semantic.definitions import config_error
from datus.semantic.dialects import sqlglot_name
from datus.semantic.model import Definitions, Entry, Relation, Target
from datus.semantic.source import Path, Problem
from datus.sql.names import nearest
from datus.types import DatabaseSchema, TableSchema

TableName = tuple[str, ...]
"""A table's name as SQL needs it, from the outermost part (``schema``, ``name``)."""

Names = tuple[tuple[str, TableName], ...]
"""The table of each semantic model; sorted, so that equal ones are equal."""


def table_names(definitions: Definitions, schema: DatabaseSchema | None, target: Target) -> Names:
    """The table of each semantic model, as ``schema`` has it, or as written where there is none.

    Raises:
        ConfigError: ``schema`` lacks a table.
    """
    if schema is None:
        return tuple(
            (model, _as_written(relation, target))
            for model, relation in sorted(definitions.relations.items())
        )
    problems: list[Problem] = []
    names = []
    for model, relation in sorted(definitions.relations.items()):
        table = find_table(relation, schema)
        if table is None:
            problems.append(_no_table(definitions, model, relation, schema))
        else:
            names.append(
                (
                    model,
                    tuple(schema.name_of(table).rsplit(".", 1))
                    if _qualified(table, schema)
                    else (table.name,),
                )
            )
    if problems:
        raise config_error(problems)
    return tuple(names)


def _qualified(table: TableSchema, schema: DatabaseSchema) -> bool:
    return table.schema is not None and table.schema != schema.default_schema


def _as_written(relation: Relation, target: Target) -> TableName:
    if target == "sqlite":
        return (relation.name,)
    parts = (relation.database, relation.schema, relation.name)
    if target in ("duckdb", "postgresql", "mysql"):
        parts = (None, relation.schema, relation.name)
    return tuple(part for part in parts if part)


def find_table(relation: Relation, schema: DatabaseSchema) -> TableSchema | None:
    """The table that a relation means.

    A schema that the definitions name counts where the database has such a one; dbt's schemas are often
    those of another database, and then the name alone decides, in the default schema first.
    """
    same = [one for one in schema.tables if one.name == relation.name] or [
        one for one in schema.tables if one.name.lower() == relation.name.lower()
    ]
    if relation.schema is not None:
        wanted = relation.schema.lower()
        inside = [one for one in same if (one.schema or "").lower() == wanted]
        if inside:
            return inside[0]
    default = [one for one in same if one.schema in (None, schema.default_schema)]
    if default or len(same) == 1:
        return (default or same)[0]
    return None


def _no_table(
    definitions: Definitions, model: str, relation: Relation, schema: DatabaseSchema
) -> Problem:
    entry = definitions.entries[("semantic_model", model)]
    known = [schema.name_of(one) for one in schema.tables]
    near = nearest(relation.name, known)
    hint = f" The nearest are {', '.join(near)}." if near else ""
    name = f"{relation.schema}.{relation.name}" if relation.schema else relation.name
    return entry.problem(
        ("node_relation",), f"The database {schema.database} has no table {name!r}.{hint}"
    )


def check(definitions: Definitions, schema: DatabaseSchema) -> None:
    """Check all tables and columns; see ``SemanticLayer.check``."""
    problems: list[Problem] = []
    for model, relation in sorted(definitions.relations.items()):
        table = find_table(relation, schema)
        if table is None:
            problems.append(_no_table(definitions, model, relation, schema))
            continue
        entry = definitions.entries[("semantic_model", model)]
        for one, path, expression in _expressions(definitions, entry):
            problems.extend(_unknown_columns(one, path, expression, table, schema))
    if problems:
        raise config_error(problems)


def _expressions(definitions: Definitions, model: Entry) -> Iterator[tuple[Entry, Path, str]]:
    """All SQL over the table of ``model``, with its place."""
    for part in ("entities", "dimensions", "measures"):
        for index, one in enumerate(model.data.get(part) or []):
            written = one.get("expr")
            inner: Path = (part, index, "expr") if written is not None else (part, index, "name")
            if not isinstance(written, bool | int | float):
                yield model, inner, str(written if written is not None else one["name"])
    for entry in definitions.entries.values():
        params: Mapping[str, Any] = entry.data.get("type_params") or {}
        aggregation = params.get("metric_aggregation_params") or {}
        if entry.kind == "metric" and aggregation.get("semantic_model") == model.name:
            yield entry, ("type_params", "expr"), str(params.get("expr", entry.name))


def _unknown_columns(
    entry: Entry, path: Path, expression: str, table: TableSchema, schema: DatabaseSchema
) -> Iterator[Problem]:
    dialect = sqlglot_name(schema.dialect)
    try:
        tree = sqlglot.parse_one(expression, dialect=dialect)
    except sqlglot.errors.SqlglotError:
        yield entry.problem(path, f"{expression!r} cannot be read as SQL of {schema.dialect}.")
        return
    read = [table]
    named: set[str] = set()
    for inner in tree.find_all(exp.Table):
        found = find_table(Relation(inner.name, schema=inner.db or None), schema)
        if found is None:
            yield entry.problem(
                path, f"The database {schema.database} has no table {inner.name!r}."
            )
            return
        read.append(found)
    for alias in tree.find_all(exp.Alias):
        named.add(alias.alias.lower())
    known = [column.name for one in read for column in one.columns]
    folded = {name.lower() for name in known} | named
    for column in tree.find_all(exp.Column):
        if column.name.lower() not in folded and column.name:
            near = nearest(column.name, known)
            hint = f" The nearest are {', '.join(near)}." if near else ""
            yield entry.problem(
                path, f"The table {schema.name_of(table)} has no column {column.name!r}.{hint}"
            )
