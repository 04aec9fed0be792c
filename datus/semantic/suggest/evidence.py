"""What reference SQL computes: aggregates over one table, their filters and ratios.

Only queries whose joins all run along foreign keys, from one row to one row, are read: then no row of
the aggregated table counts twice, and the figure is that table's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from datus.errors import RefusalError
from datus.semantic.suggest.columns import Aggregation, time_column
from datus.semantic.suggest.names import quoted
from datus.sql.dialects import sqlglot_name
from datus.sql.names import Tables, lower
from datus.types import Column, DatabaseSchema, ReferenceSql, TableSchema

FilterOperator = Literal["=", "!="]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate over a table: of the rows (``count`` of ``1``), of a column, or of an expression.

    ``column`` is the one column that it is of, as the schema spells it; else empty.
    """

    table: str
    aggregation: Aggregation
    expr: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """``column`` is, or is not, one of ``values`` (SQL literals).

    ``path`` are the foreign key columns that lead to its table from the aggregated one, each with the
    name of the table that it is in.
    """

    path: tuple[tuple[str, str], ...]
    table: str
    column: str
    negated: bool
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """One aggregate, or the ratio of two, in one reference query.

    Attributes:
        aggregate: The aggregate, or the upper one of a ratio.
        under: The lower one of a ratio, else None.
        conditions: Its filters, sorted; empty also where ``readable`` is False.
        readable: Whether the conditions are all there are, but for those on dates.
        alias: The name that the query gives it, or "".
        shown: Whether it is a column of the query's answer.
        reference: The query and its question.
    """

    aggregate: Aggregate
    under: Aggregate | None
    conditions: tuple[Condition, ...]
    readable: bool
    alias: str
    shown: bool
    reference: ReferenceSql


@dataclass(frozen=True, slots=True)
class Evidence:
    """All uses, and how many reference queries were read and could not be read."""

    uses: tuple[Use, ...]
    read: int
    unread: int


def read_references(schema: DatabaseSchema, references: Sequence[ReferenceSql]) -> Evidence:
    """Read all reference queries of this database; those that cannot be parsed are counted."""
    uses: list[Use] = []
    tables = Tables(schema)
    read = unread = 0
    for reference in references:
        if reference.database not in (None, "", schema.database):
            continue
        try:
            trees = parse(reference.sql, dialect=sqlglot_name(schema.dialect))
        except (SqlglotError, RecursionError):
            unread += 1
            continue
        read += 1
        for tree in trees:
            if tree is not None:
                uses.extend(dict.fromkeys(_uses(schema, tables, tree, reference)))
    return Evidence(tuple(uses), read, unread)


def _uses(
    schema: DatabaseSchema, tables: Tables, tree: exp.Expr, reference: ReferenceSql
) -> Iterator[Use]:
    ctes = frozenset(lower(cte.alias) for cte in tree.find_all(exp.CTE))
    for select in tree.find_all(exp.Select):
        reader = _Select(schema, tables, select, ctes)
        if reader.root is not None:
            yield from reader.uses(reference, outermost=select is tree)


class _UnreadableError(Exception):
    """A query is not of the shape that is read here; it never leaves this file."""


@dataclass(frozen=True, slots=True)
class _Edge:
    """A join along a foreign key: a row of ``child`` has at most one of ``parent``."""

    child: str
    column: str
    parent: str
    ref: str


class _Select:
    """One SELECT over tables of the schema. ``root`` is the table whose rows it has, or None."""

    def __init__(
        self, schema: DatabaseSchema, tables: Tables, select: exp.Select, ctes: frozenset[str]
    ) -> None:
        self._schema = schema
        self._select = select
        self._conditions: list[exp.Expr] = []
        self._edges: dict[str, _Edge] = {}
        self.root: TableSchema | None = None
        try:
            self._tables = self._sources(tables, ctes)
            self._join()
        except (_UnreadableError, RefusalError):
            return
        roots = [name for name in self._tables if name not in self._edges]
        if len(roots) == 1:
            self.root = self._tables[roots[0]]
            self._root_name = roots[0]

    def _sources(self, tables: Tables, ctes: frozenset[str]) -> dict[str, TableSchema]:
        start = self._select.args.get("from_")
        joins = self._select.args.get("joins") or []
        if start is None or self._select.args.get("laterals"):
            raise _UnreadableError
        found: dict[str, TableSchema] = {}
        for node in (start.this, *(join.this for join in joins)):
            inner = isinstance(node, exp.Table) and node.args.get("joins")
            if not isinstance(node, exp.Table) or inner or lower(node.name) in ctes:
                raise _UnreadableError
            table = tables.find(node)
            if any(each is table for each in found.values()):
                raise _UnreadableError  # a table beside itself: rows may meet more than one
            found[lower(node.alias_or_name)] = table
        if len(found) != 1 + len(joins):
            raise _UnreadableError
        return found

    def _join(self) -> None:
        names = list(self._tables)
        for at, join in enumerate(self._select.args.get("joins") or [], start=1):
            if join.args.get("method") or join.side in ("RIGHT", "FULL"):
                raise _UnreadableError
            for identifier in join.args.get("using") or []:
                self._using(identifier.name, names[:at], names[at])
            for condition in _conjuncts(join.args.get("on")):
                if self._is_join(condition):
                    continue
                if join.side:
                    raise _UnreadableError  # a condition of an outer join filters no row
                self._conditions.append(condition)
        for condition in _conjuncts(getattr(self._select.args.get("where"), "this", None)):
            if not self._is_join(condition):
                self._conditions.append(condition)
        if len(self._edges) != len(self._tables) - 1:
            raise _UnreadableError

    def _using(self, column: str, before: Sequence[str], after: str) -> None:
        for name in before:
            if self._named(self._tables[name], column) is not None:
                self._link((name, column), (after, column))
                return
        raise _UnreadableError

    def _is_join(self, condition: exp.Expr) -> bool:
        if not isinstance(condition, exp.EQ):
            return False
        one, other = condition.this, condition.expression
        if not isinstance(one, exp.Column) or not isinstance(other, exp.Column):
            return False
        left, right = self._column(one), self._column(other)
        if left[0] == right[0]:
            return False
        self._link((left[0], left[1].name), (right[0], right[1].name))
        return True

    def _link(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        for (child, column), (parent, ref) in ((one, other), (other, one)):
            for key in self._tables[child].foreign_keys:
                same = len(key.columns) == 1 and lower(key.columns[0]) == lower(column)
                target = self._tables[parent]
                names = lower(key.ref_table) == lower(target.name)
                if same and names and lower(key.ref_columns[0]) == lower(ref):
                    if parent in self._edges or len(target.primary_key) > 1:
                        raise _UnreadableError
                    self._edges[parent] = _Edge(child, key.columns[0], parent, key.ref_columns[0])
                    return
        raise _UnreadableError

    def _named(self, table: TableSchema, name: str) -> Column | None:
        return next((each for each in table.columns if lower(each.name) == lower(name)), None)

    def _column(self, node: exp.Column) -> tuple[str, Column]:
        """The source and the column that a name means."""
        names = [lower(node.table)] if node.table else list(self._tables)
        found = [
            (name, column)
            for name in names
            if name in self._tables and (column := self._named(self._tables[name], node.name))
        ]
        if len(found) != 1:
            raise _UnreadableError
        return found[0]

    def uses(self, reference: ReferenceSql, *, outermost: bool) -> Iterator[Use]:
        """Every aggregate and ratio of the query's own clauses."""
        conditions, readable = self._read_conditions()
        in_ratio: set[int] = set()
        for node in self._own_nodes():
            if not isinstance(node, exp.Div | exp.AggFunc) or id(node) in in_ratio:
                continue
            if isinstance(node, exp.Div):
                parts = (_bare(node.this), _bare(node.expression))
                if not all(isinstance(part, exp.AggFunc) for part in parts):
                    continue
                upper, under = (self._aggregate(part) for part in parts)
                in_ratio.update(id(part) for part in parts)
            else:
                upper, under = self._aggregate(node), None
                if upper is not None and not _is_plain_aggregate(node):
                    continue
            if upper is None or (isinstance(node, exp.Div) and under is None):
                continue
            for each in (upper, under) if under is not None else ():
                if each is not None:
                    yield Use(each, None, conditions, readable, "", False, reference)
            shown = outermost and node.find_ancestor(exp.Having, exp.Order) is None
            yield Use(upper, under, conditions, readable, _alias(node), shown, reference)

    def _own_nodes(self) -> Iterator[exp.Expr]:
        """Nodes of the select list, HAVING and ORDER BY, not those of queries inside."""
        clauses = [self._select.args.get(key) for key in ("having", "order")]
        for start in (*self._select.expressions, *clauses):
            if start is not None:
                for node in start.walk(bfs=False, prune=lambda each: isinstance(each, exp.Query)):
                    if not isinstance(node, exp.Query):
                        yield node

    def _aggregate(self, node: exp.Expr) -> Aggregate | None:
        """An aggregate of the root's own rows, or None where it is of something else."""
        assert self.root is not None
        table = self._schema.name_of(self.root)
        rows = Aggregate(table, "count", "1")
        argument = node.this
        try:
            if isinstance(node, exp.Count):
                return self._count(argument, rows)
            kind = _AGGREGATES.get(type(node))
            if kind is None or argument is None or node.expressions:
                return None
            if isinstance(argument, exp.Literal):
                return rows if kind == "sum" and argument.sql() == "1" else None
            return self._expression(table, kind, argument)
        except _UnreadableError:
            return None

    def _count(self, argument: exp.Expr, rows: Aggregate) -> Aggregate | None:
        assert self.root is not None
        if isinstance(argument, exp.Star | exp.Literal):
            # An outer join from above gives a row also where there is none to count.
            begins = next(iter(self._tables)) == self._root_name
            outer = any(join.side for join in self._select.args.get("joins") or [])
            return None if outer and not begins else rows
        distinct = isinstance(argument, exp.Distinct)
        if isinstance(argument, exp.Distinct):
            if len(argument.expressions) != 1:
                return None
            argument = argument.expressions[0]
        if not isinstance(argument, exp.Column):
            return None
        source, column = self._column(argument)
        if source != self._root_name:
            edge = self._edges[source]
            if edge.child != self._root_name or lower(edge.ref) != lower(column.name):
                return None
            found = self._named(self.root, edge.column)
            if found is None:
                return None
            column = found
        if not distinct and (not column.nullable or column.name in self.root.primary_key):
            return rows
        if distinct and self.root.primary_key == (column.name,):
            return rows
        expr = quoted(column.name, self._schema.dialect)
        kind: Aggregation = "count_distinct" if distinct else "count"
        return replace(rows, aggregation=kind, expr=expr, column=column.name)

    def _expression(self, table: str, kind: Aggregation, argument: exp.Expr) -> Aggregate | None:
        tree = argument.copy()
        names: set[str] = set()
        for node in list(tree.walk()):
            if not isinstance(node, _PLAIN_NODES):
                return None
            if isinstance(node, exp.Literal) and node.is_string and set("{}") & set(node.name):
                return None  # MetricFlow reads such marks as a template's
            if isinstance(node, exp.Column):
                source, column = self._column(node)
                if source != self._root_name:
                    return None
                names.add(column.name)
        if not names:
            return None
        sql = _unqualified(tree, self._root_columns(), self._schema)
        if not isinstance(argument, exp.Column):
            return Aggregate(table, kind, sql)
        column = self._column(argument)[1]
        numeric = column.kind in ("integer", "number")
        return Aggregate(table, kind, sql, column.name) if numeric else None

    def _root_columns(self) -> dict[str, str]:
        assert self.root is not None
        return {lower(column.name): column.name for column in self.root.columns}

    def _read_conditions(self) -> tuple[tuple[Condition, ...], bool]:
        found: list[Condition] = []
        for node in self._conditions:
            try:
                condition = self._condition(node)
            except _UnreadableError:
                return (), False
            if condition is not None:
                found.append(condition)
        return tuple(sorted(set(found), key=lambda each: (each.table, each.column))), True

    def _condition(self, node: exp.Expr) -> Condition | None:
        """A filter on values of a column; None for one on dates, which a question brings itself."""
        columns = [self._column(each) for each in node.find_all(exp.Column)]
        if node.find(exp.Query) or not columns:
            raise _UnreadableError
        if self._is_period(node, columns):
            return None
        negated = isinstance(node, exp.Not)
        inner = _bare(node.this) if isinstance(node, exp.Not) else node
        values: list[exp.Expr]
        if isinstance(inner, exp.Column):
            subject, values = inner, [exp.true()]
        elif isinstance(inner, exp.EQ | exp.NEQ | exp.Is):
            subject, values = inner.this, [inner.expression]
            if isinstance(subject, exp.Literal | exp.Boolean):
                subject, values = inner.expression, [inner.this]
            negated = negated != isinstance(inner, exp.NEQ)
        elif isinstance(inner, exp.In) and not inner.args.get("query"):
            subject, values = inner.this, inner.expressions
        else:
            raise _UnreadableError
        constants = all(isinstance(each, exp.Literal | exp.Boolean) for each in values)
        if not isinstance(subject, exp.Column) or not constants or not values:
            raise _UnreadableError
        texts = sorted({each.sql(dialect=sqlglot_name(self._schema.dialect)) for each in values})
        if any(set("{}\\") & set(text) or not text.isprintable() for text in texts):
            raise _UnreadableError  # never a text that a template could read as its own
        source, column = self._column(subject)
        table = self._schema.name_of(self._tables[source])
        return Condition(self._path(source), table, column.name, negated, tuple(texts))

    def _is_period(self, node: exp.Expr, columns: Sequence[tuple[str, Column]]) -> bool:
        """Whether a condition only says when: one column, the time of its table, within bounds."""
        if len({(source, column.name) for source, column in columns}) != 1 or node.find(exp.Is):
            return False
        source, column = columns[0]
        own = time_column(self._tables[source], self._schema.dialect)
        return own is not None and own.name == column.name

    def _path(self, source: str) -> tuple[tuple[str, str], ...]:
        path: list[tuple[str, str]] = []
        while source != self._root_name:
            edge = self._edges[source]
            path.insert(0, (self._schema.name_of(self._tables[edge.child]), edge.column))
            source = edge.child
        return tuple(path)


_AGGREGATES: dict[type[exp.Expr], Aggregation] = {
    exp.Sum: "sum",
    exp.Avg: "average",
    exp.Min: "min",
    exp.Max: "max",
}
_PLAIN_NODES = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg,
    exp.Paren, exp.Case, exp.If, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.And, exp.Or, exp.Not,
    exp.Coalesce, exp.In, exp.Between, exp.Is,
)  # fmt: skip


def _conjuncts(condition: exp.Expr | None) -> Iterator[exp.Expr]:
    if condition is None:
        return
    bare = condition.unnest()
    if isinstance(bare, exp.And):
        yield from _conjuncts(bare.this)
        yield from _conjuncts(bare.expression)
    else:
        yield bare


def _bare(node: exp.Expr) -> exp.Expr:
    """A part of a ratio without what only mends its type, its scale or a zero below it."""
    while True:
        if isinstance(node, exp.Paren | exp.Cast | exp.Nullif | exp.Round):
            node = node.this
        elif isinstance(node, exp.Mul) and node.this.sql() in _SCALES:
            node = node.expression
        elif isinstance(node, exp.Mul) and node.expression.sql() in _SCALES:
            node = node.this
        else:
            return node


# Factors that make a fraction of integers, or percent of a fraction.
_SCALES = frozenset({"1", "1.0", "100", "100.0"})


def _is_plain_aggregate(node: exp.Expr) -> bool:
    """Whether an aggregate is one of the query's rows: no window, no filter of its own."""
    return not isinstance(node.parent, exp.Window | exp.Filter | exp.WithinGroup)


def _alias(node: exp.Expr) -> str:
    """The name given to a figure, where nothing but rounding and scale stands between."""
    above = node.parent
    while isinstance(above, exp.Paren | exp.Cast | exp.Round | exp.Mul):
        above = above.parent
    return above.alias if isinstance(above, exp.Alias) else ""


def _unqualified(tree: exp.Expr, columns: dict[str, str], schema: DatabaseSchema) -> str:
    """An expression with each column by its bare name as the schema spells it."""

    def bare(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column):
            return node
        name = columns[lower(node.name)]
        written = quoted(name, schema.dialect)
        return exp.column(exp.to_identifier(name, quoted=written != name))

    return tree.transform(bare).sql(dialect=sqlglot_name(schema.dialect))
