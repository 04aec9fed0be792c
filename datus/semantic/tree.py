"""MetricFlow's SQL made ready for a database: its tables, its days, its values.

MetricFlow writes names of its own for tables, marks for time ranges and sentinels for values. Here each
is replaced in the tree, so no text of a caller or of a database is ever part of SQL text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlglot import exp
from sqlglot.errors import SqlglotError

from datus.errors import ConfigError
from datus.semantic.daily import sum_by_day
from datus.semantic.dialects import moment, read
from datus.semantic.model import Target
from datus.semantic.names import RANGE_MARK, SCHEMA, SPINE
from datus.semantic.shifting import end_of, start_of
from datus.types import Grain

# MetricFlow's own limits of time; ranges are moved inside before it sees them, and back afterwards.
_FIRST = date(2001, 1, 1)
_LAST = date(2039, 12, 31)


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a query, ``[start, end)``, and what MetricFlow is told instead.

    MetricFlow widens a range to whole periods of the grain and knows only the years 2000 to 2040; it
    takes an open side for one of these. So it gets whole periods within its years, and its bounds are
    replaced by the real ones in the tree.
    """

    start: date | None
    end: date | None
    grain: Grain
    running: bool = False
    """Running totals without a time column: all days up to the last one count, whatever ``start`` says."""

    @property
    def first(self) -> date | None:
        """The first day that MetricFlow is told."""
        if self.start is None:
            return _FIRST if self.end is not None else None
        return max(start_of(self.start, self.grain), _FIRST)

    @property
    def last(self) -> date | None:
        """The last day that MetricFlow is told."""
        if self.end is None:
            return end_of(_LAST, "year") if self.start is not None else None
        last = end_of(self.end - timedelta(days=1), self.grain)
        first = self.first or _FIRST
        return max(min(last, _LAST), end_of(first, self.grain))


@dataclass(frozen=True, slots=True)
class Parts:
    """A query over metrics as a tree: what goes before it, and the query itself."""

    ctes: tuple[exp.CTE, ...]
    query: exp.Select
    uses_spine: bool


def build(
    sql: str,
    target: Target,
    *,
    days: Days,
    values: Mapping[str, exp.Expr],
    table: Callable[[str], exp.Table],
    prefix: str,
) -> Parts:
    """Read MetricFlow's SQL and replace in it what is MetricFlow's own.

    Args:
        sql: What MetricFlow wrote.
        days: The days of the query.
        values: Constants by sentinel.
        table: Gives the table of a semantic model.
        prefix: What the names of subqueries begin with, so that two queries can be one.

    Raises:
        ConfigError: An expression of the definitions is no SQL of ``target``.
    """
    try:
        tree = read(sql, target)
    except SqlglotError as error:
        raise ConfigError(
            f"An expression of the metric definitions cannot be read as SQL of {target}: "
            f"{str(error).splitlines()[0]}"
        ) from error
    if not isinstance(tree, exp.Select):
        raise TypeError(f"MetricFlow wrote no SELECT: {type(tree).__name__}")
    _set_ranges(tree, target, days)
    _set_values(tree, values)
    uses_spine = _set_tables(tree, table, f"{prefix}days")
    if uses_spine:
        sum_by_day(tree, f"{prefix}days")
    _rename(tree, prefix)
    if target in ("sqlite", "mysql"):
        _unite_full_joins(tree)
    with_ = tree.args.get("with_")
    ctes = tuple(with_.expressions) if with_ is not None else ()
    tree.set("with_", None)
    return Parts(ctes, tree, uses_spine)


# time


def _set_ranges(tree: exp.Expr, target: Target, days: Days) -> None:
    marks = [one for one in tree.find_all(exp.Anonymous) if one.name.upper() == RANGE_MARK]
    for mark in marks:
        level, column, low, high = mark.expressions
        test = _range(level.name, column, _day(low), _day(high), days, target)
        parent = mark.parent
        if isinstance(test, exp.And) and not isinstance(parent, exp.Where | exp.Paren):
            test = exp.Paren(this=test)
        mark.replace(test)


def _day(node: exp.Expr) -> date:
    literal = node.find(exp.Literal)
    assert literal is not None, "a time range of MetricFlow has constant ends"
    return date.fromisoformat(literal.name[:10])


def _range(
    level: str, column: exp.Expr, low: date, high: date, days: Days, target: Target
) -> exp.Expr:
    """Say that ``column``, cut to ``level``, lies in the days that are meant by ``low`` and ``high``."""
    grain: Grain = level if level in ("week", "month", "quarter", "year") else "day"  # type: ignore[assignment]
    start: date | None = low
    if days.start is None or low < _FIRST:
        start = None
    elif low == days.first:
        start = start_of(days.start, grain)
    end: date | None = high + timedelta(days=1)
    if days.end is None:
        end = None
    elif high == days.last:
        end = days.end
    if days.running and level != "raw":
        return exp.true()  # MetricFlow repeats the range here, on a column that may not be there
    tests: list[exp.Expr] = []
    if start is not None:
        tests.append(exp.GTE(this=column.copy(), expression=moment(start, target)))
    if end is not None:
        tests.append(exp.LT(this=column.copy(), expression=moment(end, target)))
    if not tests:
        # MetricFlow leaves out rows without a time whenever there is a range
        return exp.Not(this=exp.Is(this=column.copy(), expression=exp.Null()))
    return exp.and_(*tests, wrap=False) if len(tests) > 1 else tests[0]


# values


def _set_values(tree: exp.Expr, values: Mapping[str, exp.Expr]) -> None:
    for literal in list(tree.find_all(exp.Literal)):
        if literal.is_string and (value := values.get(literal.name)) is not None:
            literal.replace(value.copy())


# tables


def _set_tables(tree: exp.Expr, table: Callable[[str], exp.Table], spine: str) -> bool:
    uses_spine = False
    for node in list(tree.find_all(exp.Table)):
        if node.db != SCHEMA:
            continue
        alias = node.args.get("alias")
        if node.name == SPINE:
            uses_spine = True
            real = exp.to_table(spine)
        else:
            real = table(node.name.removeprefix("m_"))
        if alias is not None:
            real.set("alias", alias.copy())
        for key in ("joins", "laterals"):
            if node.args.get(key):
                real.set(key, node.args[key])
        node.replace(real)
    return uses_spine


def _rename(tree: exp.Expr, prefix: str) -> None:
    """Number the names of subqueries as they stand: MetricFlow's own numbers depend on what it did before."""
    names: dict[str, str] = {}

    def new(name: str) -> str:
        return names.setdefault(name, f"{prefix}{len(names) + 1}")

    ctes = {one.alias for one in tree.find_all(exp.CTE)}
    for node in tree.find_all(exp.CTE, exp.Table, exp.Subquery):
        if isinstance(node, exp.Table) and not node.db and node.name in ctes:
            node.this.set("this", new(node.name))
        alias = node.args.get("alias")
        if alias is not None and alias.this is not None:
            alias.this.set("this", new(alias.name))
    for column in tree.find_all(exp.Column):
        if column.table in names:
            column.args["table"].set("this", names[column.table])


# joins


def _unite_full_joins(tree: exp.Expr) -> None:
    """Write a full join of figures over the same groups as a union, for what has no full join.

    MetricFlow takes for each group the largest value of each figure, NULLs left out. So the rows of
    both sides, each with NULL for what it lacks, come to the same, groups of NULL included.
    """
    for select in reversed(list(tree.find_all(exp.Select))):  # the innermost first
        joins = select.args.get("joins") or []
        if not any(join.side == "FULL" for join in joins):
            continue
        if not _can_unite(select):
            raise TypeError("MetricFlow wrote a full join of an unknown kind")
        sources = [select.args["from_"].this, *(join.this for join in joins)]
        alias = f"all_{sources[0].alias_or_name}"
        fields = _shared_fields(select, alias)
        union: exp.Query = _row(sources[0], fields)
        for source in sources[1:]:
            union = exp.Union(this=union, expression=_row(source, fields), distinct=False)
        named = exp.TableAlias(this=exp.to_identifier(alias))
        select.set("from_", exp.From(this=exp.Subquery(this=union, alias=named)))
        select.set("joins", [])


def _can_unite(select: exp.Select) -> bool:
    """Whether each figure comes from one side and is NULL where that side has no row."""
    figures = list(select.find_all(exp.Max)) if select.args.get("group") else []
    columns = [column for one in select.expressions for column in one.find_all(exp.Column)]
    if not all(column.table for column in columns) or select.args.get("where"):
        return False
    return bool(figures) and all(
        len({column.table for column in figure.find_all(exp.Column)}) == 1
        and figure.find(exp.Coalesce, exp.Case) is None
        for figure in figures
    )


_Fields = dict[str, dict[str, exp.Identifier]]
"""Columns of a union: of each, the column that a source has for it."""


def _shared_fields(select: exp.Select, alias: str) -> _Fields:
    """Let ``select`` read from a union named ``alias``, and give the columns that this union needs."""
    fields: _Fields = {}
    names: dict[str, str] = {}
    parts = [*select.expressions, select.args["group"]]
    found = [one for part in parts for one in part.find_all(exp.Coalesce)]
    for key in found:
        columns = [key.this, *key.expressions]
        if all(
            isinstance(column, exp.Column) for column in columns
        ):  # a group, from whichever side has it
            name = names.setdefault(key.sql(), f"k{len(names) + 1}")
            fields[name] = {column.table: column.this for column in columns}
            key.replace(exp.column(name, table=alias))
    parts = [*select.expressions, select.args["group"]]
    for part in parts:
        for column in list(part.find_all(exp.Column)):
            if column.table != alias:
                name = names.setdefault(column.sql(), f"v{len(names) + 1}")
                fields[name] = {column.table: column.this}
                column.replace(exp.column(name, table=alias))
    return fields


def _row(source: exp.Expr, fields: _Fields) -> exp.Select:
    own = source.alias_or_name
    columns = [
        exp.alias_(exp.column(of[own].copy(), table=own) if own in of else exp.Null(), name)
        for name, of in fields.items()
    ]
    return exp.Select(expressions=columns, from_=exp.From(this=source.copy()))
