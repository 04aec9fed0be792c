"""Names as a database reads them: folding, tables of a schema, names that are never a user's table."""

import difflib
from collections.abc import Iterable

from sqlglot import exp

from datus.sql.refusal import refuse
from datus.types import DatabaseSchema, Dialect, TableSchema

_SYSTEM_PREFIXES: dict[Dialect, tuple[str, ...]] = {
    "sqlite": ("sqlite_", "pragma_"),
    "duckdb": ("duckdb_", "pragma_", "pg_", "sqlite_"),
    "postgresql": ("pg_",),
    "mysql": (),
}
"""Bare names that a database looks up in its own catalog before, or instead of, the user's schema."""

_SYSTEM_SCHEMAS = frozenset(
    {"information_schema", "pg_catalog", "pg_toast", "mysql", "performance_schema", "sys", "temp"}
)

_VALUE_WORDS = frozenset(
    {"user", "current_user", "session_user", "system_user"}
    | {"current_role", "current_catalog", "current_schema"}
)
"""Words that PostgreSQL reads as a call where a column could stand, unless they are quoted."""


def fold(identifier: exp.Identifier, dialect: Dialect) -> str:
    """Return the key under which ``dialect`` compares a name of a column, an alias or a CTE.

    PostgreSQL lowers unquoted names and compares exactly; the others ignore case. All of them fold
    ASCII letters only.
    """
    name: str = identifier.args["this"]
    if dialect == "postgresql":
        return name if identifier.args.get("quoted") else lower(name)
    return lower(name)


def fold_name(name: str, dialect: Dialect) -> str:
    """Return the key of a name as the schema spells it."""
    return name if dialect == "postgresql" else lower(name)


def lower(name: str) -> str:
    """Lower ASCII letters only, as databases do with names."""
    return name.lower() if name.isascii() else "".join(c.lower() if c < "\x80" else c for c in name)


def is_value_word(identifier: exp.Identifier, dialect: Dialect) -> bool:
    """Say whether a bare name is a function to PostgreSQL or DuckDB (``user``, ``current_role``)."""
    return (
        dialect in ("postgresql", "duckdb")
        and not identifier.args.get("quoted")
        and lower(identifier.args["this"]) in _VALUE_WORDS
    )


class Tables:
    """The tables that a query may read, found by name as the database would find them."""

    def __init__(self, schema: DatabaseSchema) -> None:
        self._schema = schema
        self._dialect = schema.dialect
        # A schema that is not known by name must be the one that the database itself starts with.
        start = {"sqlite": "main", "duckdb": "main", "mysql": schema.database}.get(schema.dialect)
        default = schema.default_schema or start
        self._default = self._key(default) if default else None
        self._tables = {
            (
                self._key(table.schema) if table.schema else self._default,
                self._key(table.name),
            ): table
            for table in schema.tables
        }

    def find(self, node: exp.Table) -> TableSchema:
        """Return the table that ``node`` names.

        Raises:
            RefusalError: Reason ``unknown_table``; the nearest names are in ``details``.
        """
        parts = [node.args[key] for key in ("catalog", "db", "this") if node.args.get(key)]
        written = ".".join(part.name for part in parts)
        names = [self._key_of(part) for part in parts]
        if len(parts) == 1 and lower(parts[0].name).startswith(_SYSTEM_PREFIXES[self._dialect]):
            raise self._unknown(written)
        if any(lower(part.name) in _SYSTEM_SCHEMAS for part in parts[:-1]):
            raise self._unknown(written)
        if len(names) == 3 and names.pop(0) != self._key(self._schema.database):
            raise self._unknown(written)
        qualifier = names[0] if len(names) == 2 else None
        table = self._tables.get((qualifier or self._default, names[-1]))
        if table is None:
            raise self._unknown(written)
        return table

    def shown(self, table: TableSchema) -> str:
        """Return the table's name for people: with its schema unless that is the default one."""
        schema = table.schema
        return (
            f"{schema}.{table.name}"
            if schema and schema != self._schema.default_schema
            else table.name
        )

    def _key(self, name: str) -> str:
        # MySQL compares table names as its file system does; exactly is right everywhere.
        return name if self._dialect in ("postgresql", "mysql") else lower(name)

    def _key_of(self, identifier: exp.Identifier) -> str:
        return identifier.name if self._dialect == "mysql" else fold(identifier, self._dialect)

    def _unknown(self, written: str) -> Exception:
        known = [self.shown(table) for table in self._schema.tables]
        near = nearest(written.rpartition(".")[2], known)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        return refuse(
            "unknown_table",
            f"There is no table {written!r} in this database that a query may read.{hint}",
            name=written,
            candidates=near,
        )


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three of ``known`` that look like ``name``, best first."""
    by_lower = {one.lower(): one for one in known}
    return [by_lower[key] for key in difflib.get_close_matches(name.lower()[:100], by_lower, n=3)]
