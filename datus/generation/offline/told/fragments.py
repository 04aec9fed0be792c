"""SQL that someone wrote for a phrase, read into conditions or an expression of the plan.

Nothing of the text reaches a statement: columns are found in the schema, literals become values.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from datus.dates.calendar import DAY, DateSettings, Unit, containing, shift
from datus.generation.offline.names import SchemaIndex
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Condition,
    Either,
    Function,
    IsNull,
    Like,
    Literal_,
    Operator,
)
from datus.generation.offline.told.conditions import opposite
from datus.sql.dialects import sqlglot_name

_OPERATORS: dict[type[exp.Expr], Operator] = {
    exp.EQ: "=", exp.NEQ: "!=", exp.LT: "<", exp.GT: ">", exp.LTE: "<=", exp.GTE: ">=",
}  # fmt: skip
_MIRRORED: dict[Operator, Operator] = {
    "=": "=",
    "!=": "!=",
    "<": ">",
    ">": "<",
    "<=": ">=",
    ">=": "<=",
}
_FUNCTIONS: dict[type[exp.Expr], Function] = {
    exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max", exp.Count: "count",
}  # fmt: skip
_UNITS: dict[str, Unit] = {
    "day": "day",
    "week": "week",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
}
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)


class FragmentError(Exception):
    """SQL that no plan can hold; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a piece of SQL says: conditions that all hold, or one column or aggregate."""

    conditions: tuple[Condition, ...] = ()
    expression: ColumnRef | Aggregate | None = None


def read_fragment(
    sql: str, index: SchemaIndex, *, near: tuple[str, ...] = (), today: date
) -> Fragment:
    """Read a condition or an expression.

    Args:
        sql: The text, without SELECT; ``WHERE`` may stand before it.
        index: The schema that its columns have to be of.
        near: Tables that a column without a table's name is looked for first.
        today: The day that ``CURRENT_DATE`` means.

    Raises:
        FragmentError: It is no such SQL, names what the schema does not have, or no plan holds it.
    """
    said = sql.strip().rstrip(";")
    if said[:6].lower() == "where ":
        said = said[6:]
    try:
        tree = sqlglot.parse_one(f"SELECT {said}", dialect=sqlglot_name(index.schema.dialect))
    except (SqlglotError, RecursionError):
        raise FragmentError("it is not SQL that can be read") from None
    parts = {name for name, value in tree.args.items() if value}
    if not isinstance(tree, exp.Select) or parts != {"expressions"} or len(tree.expressions) != 1:
        raise FragmentError("it is more than one condition or expression")
    reader = _Reader(index, near, today)
    node = tree.expressions[0].unnest().unalias()
    if isinstance(node, exp.Column | exp.AggFunc):
        return Fragment(expression=reader.expression(node))
    return Fragment(conditions=tuple(reader.conditions(node)))


_TO = re.compile(r"\s+(?:to|until|through|and|至|到)\s+", re.IGNORECASE)


def read_period(sql: str, index: SchemaIndex, today: date) -> tuple[date, date] | None:
    """The days ``[start, end)`` of a text like "CURRENT_DATE - INTERVAL '7 days' to CURRENT_DATE"; None for others."""
    said = sql.strip().removeprefix("BETWEEN ").removeprefix("between ")
    ends = _TO.split(said)
    if len(ends) != 2:
        return None
    reader = _Reader(index, (), today)
    days = []
    for each in ends:
        try:
            tree = sqlglot.parse_one(f"SELECT {each}", dialect=sqlglot_name(index.schema.dialect))
        except (SqlglotError, RecursionError):
            return None
        if len(tree.expressions) != 1:
            return None
        days.append(reader.moment(tree.expressions[0].unnest()))
    if days[0] is None or days[1] is None or days[0][1]:
        return None
    start, (end, before) = days[0][0], days[1]
    end = end if before else end + DAY
    return (start, end) if start < end else None


@dataclass(frozen=True, slots=True)
class _Reader:
    index: SchemaIndex
    near: tuple[str, ...]
    today: date

    def expression(self, node: exp.Expr) -> ColumnRef | Aggregate:
        if isinstance(node, exp.Column):
            return self.column(node)
        function = _FUNCTIONS.get(type(node))
        inner = node.this
        if isinstance(inner, _ARITHMETIC):
            raise FragmentError("an answer cannot calculate with several columns yet")
        if function is None or node.args.get("filter"):
            raise FragmentError("it is no sum, average, count, minimum or maximum of a column")
        if isinstance(inner, exp.Star):
            table = self.near[0] if self.near else None
            if table is None:
                raise FragmentError("it does not say the rows of which table are counted")
            key = self.index.tables[table].key
            if len(key) != 1:
                raise FragmentError(f"{table} has no key of one column to be counted by")
            return Aggregate("count", ColumnRef(table, key[0]))
        distinct = isinstance(inner, exp.Distinct)
        column = inner.expressions[0] if distinct and len(inner.expressions) == 1 else inner
        if not isinstance(column, exp.Column):
            raise FragmentError("it is not about one column")
        return Aggregate(function, self.column(column), distinct)

    def conditions(self, node: exp.Expr) -> Iterator[Condition]:
        """The conditions that a tree is, all of which hold."""
        node = node.unnest()
        if isinstance(node, exp.And):
            yield from self.conditions(node.left)
            yield from self.conditions(node.right)
        elif isinstance(node, exp.Or):
            sides = [tuple(self.conditions(each)) for each in (node.left, node.right)]
            if any(len(each) != 1 for each in sides):
                raise FragmentError("it has “and” within “or”")
            yield Either(tuple(part for side in sides for part in _flat(side[0])))
        elif isinstance(node, exp.Not):
            turned = opposite(tuple(self.conditions(node.this)))
            if turned is None:
                raise FragmentError("its negation has no plan")
            yield from turned
        elif isinstance(node, exp.Between):
            column = self.column(node.this)
            yield Compare(column, ">=", self.literal(node.args["low"], column))
            yield Compare(column, "<=", self.literal(node.args["high"], column))
        else:
            yield self._test(node)

    def _test(self, node: exp.Expr) -> Condition:
        if isinstance(node, exp.In) and node.expressions:
            column = self.column(node.this)
            tests = tuple(
                Compare(column, "=", self.literal(each, column)) for each in node.expressions
            )
            return tests[0] if len(tests) == 1 else Either(tests)
        if isinstance(node, exp.Like | exp.ILike) and isinstance(node.expression, exp.Literal):
            negated = bool(node.args.get("negate"))
            return Like(self.column(node.this), node.expression.name, negated)
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            return IsNull(self.column(node.this), negated=bool(node.args.get("negate")))
        if isinstance(node, exp.Column):
            column = self.column(node)
            if self.index.column(column).kind == "boolean":
                return Compare(column, "=", True)
        return self._comparison(node)

    def _comparison(self, node: exp.Expr) -> Compare:
        operator = _OPERATORS.get(type(node))
        if operator is None:
            calculates = isinstance(node, _ARITHMETIC)
            raise FragmentError(
                "an answer cannot calculate with several columns yet"
                if calculates
                else "it is no condition on a column"
            )
        left, right = node.this.unnest(), node.expression.unnest()
        if not isinstance(left, exp.Column):
            left, right, operator = right, left, _MIRRORED[operator]
        column = self.column(left)
        if isinstance(right, exp.Column):
            return Compare(column, operator, self.column(right))
        return Compare(column, operator, self.literal(right, column))

    def column(self, node: exp.Expr) -> ColumnRef:
        """The schema's column of that name, in any case of letters."""
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            raise FragmentError("it tests something else than a column")
        name, table = node.name.casefold(), node.table.casefold()
        found = [
            ref
            for ref in self.index.columns
            if ref.column.casefold() == name
            and (not table or ref.table.rpartition(".")[2].casefold() == table)
        ]
        nearest = [ref for ref in found if ref.table in self.near]
        chosen = nearest if len(nearest) == 1 else found
        if len(chosen) != 1:
            which = f"{node.table}.{node.name}" if node.table else node.name
            raise FragmentError(
                f"no column is called {which}" if not found else f"several are called {which}"
            )
        return chosen[0]

    def literal(self, node: exp.Expr, column: ColumnRef) -> Literal_:
        """A value that can be compared with a column."""
        node = node.unnest()
        moment = self._day(node)
        if moment is not None:
            return moment
        if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal):
            node = node.this
        if isinstance(node, exp.Boolean):
            return bool(node.this)
        minus = isinstance(node, exp.Neg)
        plain = node.this if minus else node
        if not isinstance(plain, exp.Literal):
            raise FragmentError("it compares a column with something that is no value")
        if plain.is_string:
            return self._text(plain.name, column)
        number = float(plain.name) * (-1 if minus else 1)
        return int(number) if number.is_integer() else number

    def _text(self, text: str, column: ColumnRef) -> Literal_:
        if not self.index.is_time(column):
            return text
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            raise FragmentError(f"{text} is no date for {column}") from None

    def moment(self, node: exp.Expr) -> tuple[date, bool] | None:
        """A day, and whether the time right before it is meant, as in "- INTERVAL '1 second'"."""
        if isinstance(node, exp.Sub) and isinstance(node.expression, exp.Interval):
            unit = str(node.expression.args.get("unit") or "").lower().removesuffix("s")
            if unit in ("microsecond", "millisecond", "second"):
                day = self._day(node.this.unnest())
                return (day, True) if day is not None else None
        day = self._day(node)
        return (day, False) if day is not None else None

    def _day(self, node: exp.Expr) -> date | None:
        """The day of ``CURRENT_DATE``, with days, weeks, months or years before or after it."""
        if isinstance(node, exp.CurrentDate | exp.CurrentTimestamp):
            return self.today
        if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
            inner, cut = (
                self._day(node.this.unnest()),
                _UNITS.get(str(node.args["unit"].name).lower()),
            )
            if inner is None or cut is None:
                return None
            return containing(inner, cut, DateSettings()).start
        if not isinstance(node, exp.Add | exp.Sub) or not isinstance(node.expression, exp.Interval):
            return None
        start, step = self._day(node.this.unnest()), node.expression
        unit = str(step.args.get("unit") or "").lower().removesuffix("s")
        if start is None or step.this is None or not step.this.name.isdecimal():
            return None
        count = int(step.this.name) * (-1 if isinstance(node, exp.Sub) else 1)
        known = _UNITS.get(unit)
        return shift(start, known, count) if known is not None else None


def _flat(condition: Condition) -> tuple[Condition, ...]:
    return condition.conditions if isinstance(condition, Either) else (condition,)
