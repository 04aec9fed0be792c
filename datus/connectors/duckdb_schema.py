"""Reads what a DuckDB file holds, in four queries whatever its size."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from datus.connectors.kinds import declared_kind
from datus.types import Column, ForeignKey, TableSchema

Key = tuple[str, str]  # schema and table
Query = Callable[[str], list[list[Any]]]
"""Runs a query and returns its rows."""

_OURS = "database_name = current_database() AND NOT internal"


def introspect(query: Query, schema: str | None, default: str) -> tuple[TableSchema, ...]:
    """Tables and views by schema and name.

    Args:
        schema: Only this one; None for all of the file.
        default: The schema whose tables need no schema name.
    """
    columns = _columns(query)
    primary, foreign = _constraints(query, default)
    found = query(
        f"SELECT schema_name, table_name, comment, estimated_size, false FROM duckdb_tables() WHERE {_OURS} "
        "UNION ALL "
        f"SELECT schema_name, view_name, comment, NULL, true FROM duckdb_views() WHERE {_OURS} "
        "ORDER BY 1, 2"
    )
    return tuple(
        TableSchema(
            name,
            tuple(columns[owner, name]),
            schema=None if owner == default else owner,
            primary_key=primary.get((owner, name), ()),
            foreign_keys=tuple(foreign[owner, name]),
            comment=comment or "",
            row_estimate=rows,
            is_view=is_view,
        )
        for owner, name, comment, rows, is_view in found
        if schema is None or owner == schema
    )


def _columns(query: Query) -> dict[Key, list[Column]]:
    columns: dict[Key, list[Column]] = defaultdict(list)
    rows = query(
        "SELECT schema_name, table_name, column_name, data_type, is_nullable, comment "
        f"FROM duckdb_columns() WHERE {_OURS} ORDER BY schema_name, table_name, column_index"
    )
    for owner, table, name, declared, nullable, comment in rows:
        kind = declared_kind("duckdb", declared)
        columns[owner, table].append(Column(name, declared, kind, bool(nullable), comment or ""))
    return columns


def _constraints(
    query: Query, default: str
) -> tuple[dict[Key, tuple[str, ...]], dict[Key, list[ForeignKey]]]:
    primary: dict[Key, tuple[str, ...]] = {}
    foreign: dict[Key, list[ForeignKey]] = defaultdict(list)
    rows = query(
        "SELECT schema_name, table_name, constraint_type, constraint_column_names, "
        "referenced_table, referenced_column_names FROM duckdb_constraints() "
        "WHERE database_name = current_database() ORDER BY constraint_index"
    )
    for owner, table, kind, names, other, other_names in rows:
        if kind == "PRIMARY KEY":
            primary[owner, table] = tuple(names)
        elif kind == "FOREIGN KEY":
            # DuckDB's foreign keys stay within a schema.
            ref_schema = None if owner == default else owner
            key = ForeignKey(tuple(names), other, tuple(other_names), ref_schema)
            foreign[owner, table].append(key)
    return primary, foreign
