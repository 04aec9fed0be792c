"""A checked query as its parts: which column of which table a name means, and what kind of value it holds.

This reads for advice, not for safety: sqlglot's own grammar and scopes do, and what they cannot follow is
simply not known. The guard alone decides what may run.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from datus.sql.dialects import sqlglot_name
from datus.types import Column, DatabaseSchema, Dialect, TableSchema, TypeKind

_TEXT_CALLS = (exp.Lower, exp.Upper, exp.Concat, exp.TimeToStr, exp.Substring, exp.DPipe, exp.Trim)


@dataclass(frozen=True, slots=True)
class Origin:
    """The column of the schema that a name means; ``source`` is what its table is called in the query."""

    source: str
    table: TableSchema
    column: Column
    shown: str

    @property
    def name(self) -> str:
        """``table.column`` as answers show it."""
        return f"{self.shown}.{self.column.name}"


class Reading:
    """One query over a schema, scope by scope."""

    def __init__(self, tree: exp.Expr, scopes: tuple[Scope, ...], schema: DatabaseSchema) -> None:
        self.tree = tree
        self.dialect: Dialect = schema.dialect
        self._schema = schema
        self._tables: dict[str, TableSchema] = {}
        for table in schema.tables:
            self._tables.setdefault(table.name.lower(), table)
            if table.schema is not None:
                self._tables[f"{table.schema}.{table.name}".lower()] = table
        self.scopes = tuple(scope for scope in scopes if isinstance(scope.expression, exp.Select))

    def table(self, source: exp.Expr | Scope) -> TableSchema | None:
        """The table of the schema that a source of a scope is, where it is one."""
        if not isinstance(source, exp.Table):
            return None
        return self._tables.get(".".join(filter(None, (source.db, source.name))).lower())

    def tables(self, scope: Scope) -> dict[str, TableSchema]:
        """The tables that a SELECT reads itself, by what they are called there."""
        found = {name: self.table(source) for name, (_, source) in scope.selected_sources.items()}
        return {name: table for name, table in found.items() if table is not None}

    def holders(self, column: exp.Column, scope: Scope) -> tuple[str, ...] | None:
        """The sources of a scope that have a column of this name; None where one of them is not known."""
        found = []
        for name, (_, source) in scope.selected_sources.items():
            names = self._columns(source)
            if names is None:
                return None
            if column.name.lower() in names:
                found.append(name)
        return tuple(found)

    def _columns(self, source: exp.Expr | Scope) -> set[str] | None:
        table = self.table(source)
        if table is not None:
            return {column.name.lower() for column in table.columns}
        if isinstance(source, Scope) and isinstance(source.expression, exp.Query):
            names = [name.lower() for name in source.expression.named_selects]
            return None if "*" in names else set(names)
        return None

    def origin(self, node: exp.Expr | None, scope: Scope) -> Origin | None:
        """The column of a table that an expression is, through subqueries that only hand it on."""
        while isinstance(node, exp.Paren):
            node = node.this
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            return None
        inside: Scope | None = scope
        while inside is not None:
            name = node.table or next(iter(self.holders(node, inside) or ()), "")
            by_lower = {each.lower(): each for each in inside.selected_sources}
            known = by_lower.get(name.lower())
            if known is not None:
                return self._in(known, inside.selected_sources[known][1], node.name)
            inside = inside.parent
        return None

    def _in(self, name: str, source: exp.Expr | Scope, column: str) -> Origin | None:
        table = self.table(source)
        if table is not None:
            for one in table.columns:
                if one.name.lower() == column.lower():
                    return Origin(name, table, one, self._schema.name_of(table))
            return None
        if not isinstance(source, Scope) or not isinstance(source.expression, exp.Select):
            return None
        for projection in source.expression.selects:
            if projection.alias_or_name.lower() == column.lower():
                return self.origin(projection.unalias(), source)
        return None

    def kind(self, node: exp.Expr, scope: Scope) -> TypeKind | None:
        """What kind of value an expression has, where that is certain."""
        while isinstance(node, exp.Paren):
            node = node.this
        if isinstance(node, exp.Column):
            found = self.origin(node, scope)
            return found.column.kind if found is not None else None
        if isinstance(node, exp.Count):
            return "integer"
        return "text" if isinstance(node, _TEXT_CALLS) else None


def read(sql: str, schema: DatabaseSchema) -> Reading | None:
    """The parts of a query that the guard has written; None where they cannot be told."""
    try:
        tree = sqlglot.parse_one(sql, read=sqlglot_name(schema.dialect))
        scopes = traverse_scope(tree)
    except (SqlglotError, RecursionError):
        return None
    return Reading(tree, tuple(scopes), schema)


def conditions(scope: Scope) -> Iterator[exp.Expr]:
    """The conditions of a SELECT that all must hold: those of WHERE and of inner joins."""
    select = scope.expression
    stack = [select.args["where"].this] if select.args.get("where") else []
    for join in select.args.get("joins") or ():
        if join.args.get("on") is not None and not join.side:
            stack.append(join.args["on"])
    while stack:
        node = stack.pop()
        while isinstance(node, exp.Paren):
            node = node.this
        if isinstance(node, exp.And):
            stack += [node.left, node.right]
        else:
            yield node


def select_of(scope: Scope) -> exp.Select:
    """The SELECT of a scope of a reading."""
    select = scope.expression
    if not isinstance(select, exp.Select):
        raise TypeError(f"not a SELECT: {select.key}")
    return select


def inside(scope: Scope, node: exp.Expr, *kinds: type[exp.Expr]) -> Iterator[exp.Expr]:
    """Nodes of these kinds below ``node`` that belong to the scope itself, not to a subquery in it."""
    for each in node.walk(prune=lambda one: one is not node and isinstance(one, exp.Query)):
        if isinstance(each, kinds):
            yield each


def is_windowed(node: exp.Expr) -> bool:
    """Whether an aggregate is computed over a window, so that it groups nothing."""
    holder = node.parent
    while isinstance(holder, exp.Filter | exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
        holder = holder.parent
    return isinstance(holder, exp.Window)
