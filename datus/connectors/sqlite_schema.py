"""Reads what a SQLite file holds: tables, views, keys, row estimates, comments in the CREATE text."""

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datus.connectors.base import quoted
from datus.connectors.kinds import declared_kind
from datus.types import Column, ForeignKey, TableSchema

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.tokenizer_core import Token

_HIDDEN = 1  # of table_xinfo: a virtual table's hidden column; 2 and 3 are generated columns

_log = logging.getLogger(__name__)


def introspect(
    connection: sqlite3.Connection, go_on: Callable[[], None] = lambda: None
) -> tuple[TableSchema, ...]:
    """Every table and view, by name, without SQLite's own and the shadow tables of virtual ones.

    A view over a dropped table, or a virtual table whose module is absent, is left out: no query
    could read it.

    Args:
        go_on: Called before each table; what it raises ends the reading.

    Raises:
        sqlite3.OperationalError: It was interrupted, or another connection writes.
    """
    statistics = _statistics(connection)
    tables: list[TableSchema] = []
    for name, sql, is_view in _names(connection):
        go_on()
        try:
            tables.append(_table(connection, name, sql, is_view, statistics))
        except sqlite3.Error as error:
            if primary_code(error) in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY):
                raise  # that says nothing about the table
            _log.warning("Table %r is left out: %s", name, error)
    return _with_keys_resolved(tables)


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's code without its extension; 0 for the driver's own errors, which carry none."""
    return int(vars(error).get("sqlite_errorcode", 0)) & 0xFF


def _names(connection: sqlite3.Connection) -> list[tuple[str, str, bool]]:
    rows = connection.execute(
        "SELECT name, coalesce(sql, ''), type = 'view' FROM sqlite_master "
        "WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    ).fetchall()
    virtual = [name for name, sql, _ in rows if sql[:14].upper() == "CREATE VIRTUAL"]
    return [
        (name, sql, bool(is_view))
        for name, sql, is_view in rows
        if not any(_is_shadow(name, owner) for owner in virtual)
    ]


def _is_shadow(name: str, owner: str) -> bool:
    """FTS and R-Tree keep their data in ordinary tables beside them, of these names."""
    return name.startswith(owner + "_") and name[len(owner) + 1 :] in _SHADOWS


_SHADOWS = frozenset(
    (
        "content",
        "data",
        "idx",
        "docsize",
        "config",
        "segments",
        "segdir",
        "stat",
        "node",
        "parent",
        "rowid",
    )
)


def _table(
    connection: sqlite3.Connection,
    name: str,
    sql: str,
    is_view: bool,
    statistics: dict[str, int],
) -> TableSchema:
    comment, told = ("", {}) if is_view else comments(sql)
    rows = connection.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()
    columns = [
        Column(
            column,
            declared,
            declared_kind("sqlite", declared),
            nullable=not (required or key),
            comment=told.get(column, ""),
        )
        for _, column, declared, required, _, key, hidden in rows
        if hidden != _HIDDEN
    ]
    keys = sorted((row[5], row[1]) for row in rows if row[5])
    return TableSchema(
        name,
        tuple(columns),
        primary_key=tuple(column for _, column in keys),
        foreign_keys=_foreign_keys(connection, name),
        comment=comment,
        row_estimate=None if is_view else statistics.get(name, _highest_rowid(connection, name)),
        is_view=is_view,
    )


def _foreign_keys(connection: sqlite3.Connection, name: str) -> tuple[ForeignKey, ...]:
    """In order of declaration. A key that names no columns means the other table's primary key: ``()``."""
    parts: dict[int, list[Any]] = {}
    for row in connection.execute(f"PRAGMA foreign_key_list({quoted(name)})"):
        parts.setdefault(row[0], []).append(row)
    return tuple(
        ForeignKey(
            tuple(row[3] for row in rows),
            rows[0][2],
            tuple(row[4] for row in rows if row[4] is not None),
        )
        for _, rows in sorted(parts.items(), reverse=True)
    )


def _with_keys_resolved(tables: list[TableSchema]) -> tuple[TableSchema, ...]:
    """Foreign keys with the other table's own spelling and columns; those to no table are left out."""
    by_name = {table.name.lower(): table for table in tables}
    resolved: list[TableSchema] = []
    for table in tables:
        keys: list[ForeignKey] = []
        for key in table.foreign_keys:
            other = by_name.get(key.ref_table.lower())
            if other is None:
                continue
            ref_columns = key.ref_columns or other.primary_key
            if len(ref_columns) == len(key.columns):
                keys.append(ForeignKey(key.columns, other.name, ref_columns))
        resolved.append(replace(table, foreign_keys=tuple(keys)))
    return tuple(resolved)


def _statistics(connection: sqlite3.Connection) -> dict[str, int]:
    """Row counts as the last ANALYZE left them; the first number of ``stat`` is the table's rows."""
    try:
        rows = connection.execute("SELECT tbl, stat FROM sqlite_stat1").fetchall()
    except sqlite3.Error:
        return {}  # never analyzed
    counts = {table: stat.split()[0] for table, stat in rows if table and stat}
    return {table: int(count) for table, count in counts.items() if count.isdigit()}


def _highest_rowid(connection: sqlite3.Connection, name: str) -> int | None:
    """One look at the end of the table's tree; too high where rows were deleted."""
    try:
        (highest,) = connection.execute(f"SELECT max(rowid) FROM {quoted(name)}").fetchone()
    except sqlite3.Error:
        return None  # WITHOUT ROWID
    return int(highest or 0) if isinstance(highest, int | None) else None


def comments(sql: str) -> tuple[str, dict[str, str]]:
    """Comments in a CREATE TABLE text, where people explain things: behind the table's name or the bracket that
    follows it, and behind columns."""
    if "--" not in sql and "/*" not in sql:
        return "", {}
    import sqlglot
    from sqlglot import exp

    try:
        statement = sqlglot.parse_one(sql, read="sqlite")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return "", {}
    if not isinstance(statement, exp.Create) or not isinstance(statement.this, exp.Schema):
        return "", {}
    schema = statement.this
    columns = {
        part.name: _joined(part)
        for part in schema.expressions
        if isinstance(part, exp.ColumnDef) and part.comments
    }
    return _joined(schema.this) or _behind_bracket(sql), columns


def _behind_bracket(sql: str) -> str:
    """The comment behind the first bracket, which the tree of the statement leaves out."""
    import sqlglot
    from sqlglot.tokenizer_core import TokenType

    tokens = sqlglot.tokenize(sql, read="sqlite")
    return _joined(next(each for each in tokens if each.token_type == TokenType.L_PAREN))


def _joined(node: "exp.Expr | Token") -> str:
    return " ".join(comment.strip() for comment in node.comments or ())
