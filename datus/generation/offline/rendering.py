"""From a plan to SQL in the namespace's dialect, through sqlglot's tree."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never

from sqlglot import Dialect as SqlglotDialect
from sqlglot import TokenType, exp

from datus.generation.offline.buckets import call, mysql_bucket, sqlite_bucket
from datus.generation.offline.durations import between
from datus.generation.offline.joins import JoinGraph
from datus.generation.offline.names import SchemaIndex
from datus.generation.offline.plan import (
    Aggregate,
    AnyPlan,
    Arithmetic,
    ColumnRef,
    Compare,
    Condition,
    DatePart,
    During,
    Either,
    Elapsed,
    Expression,
    IsNull,
    Like,
    Literal_,
    Member,
    Order,
    Plan,
    Share,
    Star,
    TimeBucket,
    plan_tables,
    without_idle_order,
)
from datus.sql.dialects import sqlglot_name

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOWER_NAME = re.compile(r"[a-z_][a-z0-9_]*")
# What one of the databases reserves though sqlglot reads it as a name; found by trying every keyword that
# DuckDB, PostgreSQL and MariaDB list about themselves, and MySQL 8's manual.
_RESERVED = frozenset(
    """
    accessible add analyse asensitive asymmetric at authorization before both by cascade cast change check
    collation concurrently condition continue convert cube cume_dist current_role cursor databases day_hour
    day_microsecond day_minute day_second declare deferrable delayed dense_rank deterministic do dual each
    elseif empty enclosed escaped except exit first_value foreign freeze fulltext function group grouping groups
    high_priority hour_microsecond hour_minute hour_second if infile initially inout insensitive int3 intersect
    iterate json_table keys lag lambda last_value lateral lead leading leave linear lines loop low_priority
    match maxvalue middleint minute_microsecond minute_second modifies nothing nth_value ntile of optionally
    order outfile over percent_rank pivot_longer placing portion precision primary purge raise rank read
    read_write reads recursive release repeat require resignal restrict return row row_number rows schemas
    second_microsecond sensitive signal similar spatial specific sql sql_big_result sql_calc_found_rows
    sql_small_result sqlexception sqlstate sqlwarning ssl starting symmetric system terminated to trailing
    transaction undo unlock unpack usage user utc_date utc_time utc_timestamp varcharacter variadic varying
    verbose while window write year_month zerofill
    """.split()
)
_COMPARISONS = {"=": exp.EQ, "!=": exp.NEQ, "<": exp.LT, ">": exp.GT, "<=": exp.LTE, ">=": exp.GTE}
_FUNCTIONS = {"sum": exp.Sum, "avg": exp.Avg, "min": exp.Min, "max": exp.Max}
_SQLITE_PARTS = {"hour": "%H", "day": "%d", "month": "%m"}
_MYSQL_PARTS = {"hour": "HOUR", "day": "DAYOFMONTH", "month": "MONTH"}
_ALIASES = {
    "count": "count", "sum": "total", "avg": "average", "min": "min", "max": "max", "median": "median",
}  # fmt: skip
MEDIANS = ("duckdb", "postgresql")
"""The dialects that have a median."""


class UnreachableTablesError(Exception):
    """The tables of a plan do not connect by keys."""


@dataclass(frozen=True)
class Renderer:
    """Writes plans over one schema."""

    index: SchemaIndex
    graph: JoinGraph

    def sql(self, plan: AnyPlan) -> str:
        """The plan as one statement.

        Raises:
            UnreachableTablesError: No keys lead from one table of the plan to another.
        """
        name = sqlglot_name(self.index.schema.dialect)
        tree = self._tree(plan)
        return tree.sql(dialect=name)

    def _tree(self, plan: AnyPlan) -> exp.Query:
        if isinstance(plan, Plan):
            return self._select(plan)
        left, right = self._select(plan.left), self._select(plan.right)
        return exp.Intersect(this=left, expression=right, distinct=True)

    def _select(self, plan: Plan, *, alone: bool = True) -> exp.Select:
        if plan.within:
            return self._best_within(plan)
        plan = _sorted_apart(without_idle_order(plan))
        tables = plan_tables(plan)
        tree = self.graph.tree(tables, plan.via) if tables else None
        if tree is None:
            raise UnreachableTablesError(", ".join(tables))
        root, joins = tree
        query = exp.Select().select(*self._projection(plan, alone)).from_(self._table(root))
        for join in joins:
            on = exp.and_(
                *(
                    exp.EQ(
                        this=self._column(ColumnRef(join.left, a)),
                        expression=self._column(ColumnRef(join.right, b)),
                    )
                    for a, b in join.pairs
                )
            )
            query = query.join(self._table(join.right), on=on)
        if plan.where:
            query = query.where(*(self._condition(each) for each in plan.where))
        if plan.group:
            query = query.group_by(*(self._expression(each) for each in plan.group))
        if plan.having:
            query = query.having(*(self._condition(each) for each in plan.having))
        if plan.order:
            query = query.order_by(*(self._order(each) for each in plan.order))
        if plan.limit is not None:
            query = query.limit(plan.limit)
        if plan.offset:
            query = query.offset(plan.offset)
        return query.distinct() if plan.distinct else query

    def _best_within(self, plan: Plan) -> exp.Select:
        """The first rows of each group of rows, by their rank in a window; ties keep their place."""
        tables = plan_tables(plan)
        rows = self._select(replace(plan, within=(), order=(), limit=None, tables=tables))
        place = exp.Window(
            this=exp.Anonymous(this="RANK"),
            partition_by=[self._expression(each) for each in plan.within],
            order=exp.Order(expressions=[self._order(each) for each in plan.order]),
        )
        shown = [each.alias_or_name for each in rows.expressions]
        rank = next(name for name in ("place", "rank_within", "place_within") if name not in shown)
        inner = rows.select(exp.alias_(place, rank)).subquery("ranked")
        keys = [name for name, each in zip(shown, plan.select, strict=True) if each in plan.within]
        names = {name: exp.column(self._identifier(name)) for name in (*shown, rank)}
        first = exp.LTE(this=names[rank], expression=exp.Literal.number(plan.limit or 1))
        query = exp.Select().select(*(names[name].copy() for name in shown)).from_(inner)
        return query.where(first).order_by(*(names[name].copy() for name in (*keys, rank)))

    def _projection(self, plan: Plan, alone: bool) -> Iterator[exp.Expr]:
        names: set[str] = set()
        for each in plan.select:
            tree = self._expression(each)
            name = self._alias(each)
            plain = isinstance(each, ColumnRef) and name not in names
            if plain or isinstance(each, Star) or not alone:
                yield tree
            else:
                if name in names:
                    name = f"{each.table}_{name}" if isinstance(each, ColumnRef) else f"{name}_2"
                yield exp.alias_(tree, self._identifier(name))
            names.add(name)

    def _alias(self, expression: Expression) -> str:
        match expression:
            case ColumnRef(column=column):
                return column
            case Aggregate(share=Share(percent=percent)):
                return "percent" if percent else "share"
            case Arithmetic(operator="-"):
                return "difference"
            case Arithmetic(percent=percent):
                return "percent" if percent else "ratio"
            case Aggregate(function=function, argument=argument):
                return (
                    f"{_ALIASES[function]}_{self._alias(argument)}"
                    if argument
                    else _ALIASES[function]
                )
            case Elapsed(unit=unit):
                return f"{unit}s"
            case TimeBucket(grain=grain):
                return grain
            case DatePart(part=part):
                return part
            case Star(table=table):
                return table
            case _:
                assert_never(expression)

    def _identifier(self, name: str) -> exp.Identifier:
        return exp.to_identifier(name, quoted=self._must_quote(name))

    def _must_quote(self, name: str) -> bool:
        dialect = self.index.schema.dialect
        plain = _LOWER_NAME if dialect == "postgresql" else _PLAIN_NAME
        if not plain.fullmatch(name) or name.lower() in _RESERVED:
            return True
        tokens = SqlglotDialect.get_or_raise(sqlglot_name(dialect)).tokenize(name)
        return len(tokens) != 1 or tokens[0].token_type is not TokenType.VAR

    def _table(self, key: str) -> exp.Table:
        table = self.index.tables[key].schema
        qualified = key != table.name
        return exp.Table(
            this=self._identifier(table.name),
            db=self._identifier(table.schema) if qualified and table.schema else None,
        )

    def _column(self, ref: ColumnRef) -> exp.Column:
        table = self.index.tables[ref.table].schema
        return exp.Column(this=self._identifier(ref.column), table=self._identifier(table.name))

    def _expression(self, expression: Expression) -> exp.Expr:
        match expression:
            case ColumnRef():
                return self._column(expression)
            case Star(table=table):
                name = self.index.tables[table].schema.name
                return exp.Column(this=exp.Star(), table=self._identifier(name))
            case Aggregate():
                return self._aggregate(expression)
            case Arithmetic():
                return self._arithmetic(expression)
            case Elapsed():
                return self._elapsed(expression)
            case TimeBucket():
                return self._bucket(expression)
            case DatePart():
                return self._date_part(expression)
            case _:
                raise AssertionError(expression)

    def _aggregate(self, aggregate: Aggregate) -> exp.Expr:
        if aggregate.share is not None:
            return self._share(aggregate, aggregate.share)
        argument = self._expression(aggregate.argument) if aggregate.argument else None
        if aggregate.only:
            condition = exp.and_(*(self._condition(each) for each in aggregate.only))
            argument = exp.Case().when(condition, argument or exp.Literal.number(1))
        match aggregate.function:
            case "count":
                counted = argument or exp.Star()
                distinct = exp.Distinct(expressions=[counted]) if aggregate.distinct else counted
                return exp.Count(this=distinct)
            case "median":
                return exp.Median(this=argument)
            case function:
                return _FUNCTIONS[function](this=argument)

    def _share(self, aggregate: Aggregate, share: Share) -> exp.Expr:
        """What some rows make up of an aggregate; NULL where the whole is nothing."""
        whole = self._expression(replace(aggregate, share=None))
        part = self._expression(replace(aggregate, share=None, only=share.part))
        if not share.part:  # of all groups together
            whole = exp.Window(this=exp.Sum(this=whole))
        return self._quotient(part, whole, percent=share.percent)

    def _arithmetic(self, arithmetic: Arithmetic) -> exp.Expr:
        left, right = self._expression(arithmetic.left), self._expression(arithmetic.right)
        if arithmetic.operator == "/":
            nested = isinstance(arithmetic.left, Arithmetic)
            part = exp.paren(left) if nested else left
            return self._quotient(part, right, percent=arithmetic.percent)
        return exp.Sub(this=left, expression=right)

    def _quotient(self, part: exp.Expr, whole: exp.Expr, *, percent: bool) -> exp.Expr:
        """A decimal, NULL where the divisor is 0; MySQL keeps only some digits of what is no double."""
        mysql = self.index.schema.dialect == "mysql"
        units = ("1e2" if mysql else "100.0") if percent else ("1e0" if mysql else "1.0")
        none = exp.Nullif(this=whole, expression=exp.Literal.number(0))
        return exp.Div(
            this=exp.Mul(this=exp.Literal.number(units), expression=part), expression=none
        )

    def _date_part(self, date_part: DatePart) -> exp.Expr:
        column, part = self._moment(date_part.column), date_part.part
        match self.index.schema.dialect:
            case "duckdb" | "postgresql":
                name = "ISODOW" if part == "weekday" else part.upper()
                extract = exp.Extract(this=exp.var(name), expression=column)
                return exp.cast(extract, "int")
            case "sqlite":
                if part == "weekday":  # %w counts from Sunday, 0
                    number = exp.cast(call("STRFTIME", "%w", column), "int")
                    six = exp.Add(this=number, expression=exp.Literal.number(6))
                    return exp.Add(
                        this=exp.Mod(this=exp.paren(six), expression=exp.Literal.number(7)),
                        expression=exp.Literal.number(1),
                    )
                return exp.cast(call("STRFTIME", _SQLITE_PARTS[part], column), "int")
            case "mysql":
                if part == "weekday":  # WEEKDAY counts from Monday, 0
                    monday = call("WEEKDAY", column)
                    return exp.Add(this=monday, expression=exp.Literal.number(1))
                return call(_MYSQL_PARTS[part], column)

    def _moment(self, ref: ColumnRef) -> exp.Expr:
        """A column of dates, or of texts that are dates: only SQLite and MySQL read those by themselves."""
        column = self._column(ref)
        if self.index.columns[ref].kind != "text":
            return column
        match self.index.schema.dialect:
            case "duckdb":
                return exp.TryCast(this=column, to=exp.DataType.build("timestamp"))
            case "postgresql":
                return exp.cast(column, "timestamp")
            case _:
                return column

    def _elapsed(self, elapsed: Elapsed) -> exp.Expr:
        start, end = elapsed.start, elapsed.end
        last = (
            self._moment(end) if isinstance(end, ColumnRef) else exp.Literal.string(end.isoformat())
        )
        both = (start, end) if isinstance(end, ColumnRef) else (start,)
        dates = any(self._is_date(each) for each in both)
        return between(
            self._moment(start), last, elapsed.unit, self.index.schema.dialect, dates=dates
        )

    def _is_date(self, ref: ColumnRef) -> bool:
        """Whether a column holds days: one of dates, or of texts that say so."""
        kind = self.index.columns[ref].kind
        return kind == "date" or (
            kind == "text" and not {"time", "timestamp", "datetime"} & set(self.index.words[ref])
        )

    def _bucket(self, bucket: TimeBucket) -> exp.Expr:
        """The first day of the period; each database has its own way to it, years are numbers."""
        column, grain = self._moment(bucket.column), bucket.grain
        match self.index.schema.dialect:
            case "duckdb" | "postgresql":
                if grain == "year":
                    return exp.Extract(this=exp.var("YEAR"), expression=column)
                trunc = exp.Anonymous(
                    this="DATE_TRUNC", expressions=[exp.Literal.string(grain), column]
                )
                return exp.cast(trunc, "date")
            case "sqlite":
                return sqlite_bucket(column, grain)
            case "mysql":
                return mysql_bucket(column, grain)

    def _order(self, order: Order) -> exp.Ordered:
        """A sort key; missing values come last, whatever the database does with them by itself."""
        nullable = self._nullable(order.key)
        first = False if nullable else self._nulls_first(order.descending)
        return exp.Ordered(
            this=self._expression(order.key), desc=order.descending, nulls_first=first
        )

    def _nulls_first(self, descending: bool) -> bool:
        """Where the database itself puts missing values, so that nothing has to be said of them."""
        match self.index.schema.dialect:
            case "sqlite" | "mysql":
                return not descending
            case "postgresql":
                return descending
            case "duckdb":
                return False

    def _nullable(self, key: Expression) -> bool:
        match key:
            case ColumnRef() as column:
                return self.index.column(column).nullable
            case TimeBucket(column=column) | DatePart(column=column):
                return self.index.column(column).nullable
            case Aggregate(function="count", share=None):
                return False
            case Aggregate(argument=ColumnRef() as column, share=None, only=()):
                return self.index.column(column).nullable
            case _:
                return True

    def _condition(self, condition: Condition) -> exp.Expr:
        match condition:
            case Compare(left=left, operator=operator, right=right):
                return _COMPARISONS[operator](
                    this=self._expression(left), expression=self._right(right, left)
                )
            case Like(column=column, pattern=pattern, negated=negated):
                # SQLite's LIKE, and MySQL's by its default collation, ignores case; the others' has another name.
                regardless = self.index.schema.dialect in ("duckdb", "postgresql")
                match_ = exp.ILike if regardless else exp.Like
                like = match_(this=self._column(column), expression=exp.Literal.string(pattern))
                return exp.Not(this=like) if negated else like
            case IsNull(column=column, negated=negated):
                test = exp.Is(this=self._column(column), expression=exp.Null())
                return exp.Not(this=test) if negated else test
            case During():
                return self._during(condition)
            case Member(column=column, plan=plan, negated=negated):
                return self._member(column, plan, negated)
            case Either(conditions=conditions):
                return self._either(conditions)
            case _:
                assert_never(condition)

    def _either(self, conditions: tuple[Condition, ...]) -> exp.Expr:
        lefts = {c.left for c in conditions if isinstance(c, Compare) and c.operator == "="}
        if len(lefts) == 1 and all(
            isinstance(c, Compare) and c.operator == "=" for c in conditions
        ):
            left = lefts.pop()
            values = [self._right(c.right, left) for c in conditions if isinstance(c, Compare)]
            return exp.In(this=self._expression(left), expressions=values)
        return exp.paren(exp.or_(*(self._condition(each) for each in conditions)))

    def _right(self, right: "Literal_ | ColumnRef | Plan", left: Expression) -> exp.Expr:
        match right:
            case Plan():
                return exp.Subquery(this=self._select(right, alone=False))
            case ColumnRef():
                return self._column(right)
            case date():
                return self._date(right, left if isinstance(left, ColumnRef) else None)
            case str() if isinstance(left, ColumnRef) and self.index.is_number(left):
                return exp.convert(_as_number(right))
            case _:
                return exp.convert(right)

    def _date(self, day: date, column: ColumnRef | None) -> exp.Expr:
        literal = exp.Literal.string(day.isoformat())
        typed = column is not None and self.index.is_time(column)
        if typed and self.index.schema.dialect in ("postgresql", "duckdb"):
            return exp.cast(literal, "date")
        return literal

    def _during(self, condition: During) -> exp.Expr:
        column = self._column(condition.column)
        tests: list[exp.Expr] = []
        if condition.start is not None:
            tests.append(
                exp.GTE(this=column, expression=self._date(condition.start, condition.column))
            )
        if condition.end is not None:
            tests.append(
                exp.LT(this=column.copy(), expression=self._date(condition.end, condition.column))
            )
        whole = exp.and_(*tests)
        return exp.Not(this=exp.paren(whole)) if condition.negated else whole

    def _member(self, column: ColumnRef, plan: Plan, negated: bool) -> exp.Expr:
        inner = self._select(plan, alone=False)
        key = plan.select[0]
        if negated and isinstance(key, ColumnRef) and self.index.column(key).nullable:
            # One NULL among the rows would make NOT IN empty.
            inner = inner.where(exp.Not(this=exp.Is(this=self._column(key), expression=exp.Null())))
        member = exp.In(this=self._column(column), query=exp.Subquery(this=inner))
        return exp.Not(this=member) if negated else member


def _sorted_apart(plan: Plan) -> Plan:
    """A plan whose sort keys each row of the result has one of.

    Rows that become one, as groups or because only distinct ones are asked for, may differ in what they are
    sorted by. Some databases pick any, others refuse: here the first of them decides.
    """
    apart = {order.key for order in plan.order if isinstance(order.key, ColumnRef)}
    distinct = plan.distinct and not plan.group and apart - set(plan.select)
    if distinct and all(isinstance(each, ColumnRef) for each in plan.select):
        plan = replace(plan, distinct=False, group=plan.select)
    if not plan.group:
        return plan
    order = tuple(
        replace(each, key=Aggregate("max" if each.descending else "min", each.key))
        if isinstance(each.key, ColumnRef) and each.key not in plan.group
        else each
        for each in plan.order
    )
    return replace(plan, order=order)


def _as_number(text: str) -> int | float | str:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text
