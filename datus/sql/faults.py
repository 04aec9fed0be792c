"""What a query that the guard let through cannot mean: types, groups, conditions that never hold."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from datus.sql.dialects import sqlglot_name
from datus.sql.reading import Origin, Reading, conditions, inside, is_windowed, select_of
from datus.types import Dialect, TableSchema, TypeKind

FaultReason = Literal[
    "ambiguous", "aggregate", "grouping", "type", "impossible", "value", "fan_out"
]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a query.

    Attributes:
        reason: What sort of thing.
        message: One sentence for whoever writes it again: the place, the value, what to do.
        certain: It is wrong whatever the data holds; otherwise it only looks so.
        literal, nearest: A value that its column does not hold, and those it holds that are like it.
        columns: The columns that it is about, as ``table.column``.
    """

    reason: FaultReason
    message: str
    certain: bool = True
    literal: str = ""
    nearest: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def is_telling(self) -> bool:
        """Whether it is likelier wrong than not, so that asking again is cheaper than running it."""
        return self.certain or bool(self.nearest) or self.reason == "type"


_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between)
_NUMBERS: tuple[TypeKind, ...] = ("integer", "number")
_DATES: tuple[TypeKind, ...] = ("date", "datetime")
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
_MOMENTS = frozenset("now today yesterday tomorrow epoch infinity -infinity current_date".split())
_TRUTH = frozenset("true false t f yes no y n on off 1 0".split())
_WIDTH = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%Y-%m": 7, "%Y-%m-%d": 10}


def find_faults(reading: Reading) -> Iterator[Fault]:
    """Every fault that names and declared types show, certain ones and doubtful ones."""
    for scope in reading.scopes:
        yield from _ambiguous(reading, scope)
        yield from _aggregates_as_conditions(scope)
        if reading.dialect in (
            "sqlite",
            "mysql",
        ):  # the others refuse it themselves, in their words
            yield from _grouping(reading, scope)
        yield from _compared(reading, scope)
        yield from _contradictions(reading, scope)


def _ambiguous(reading: Reading, scope: Scope) -> Iterator[Fault]:
    select = select_of(scope)
    joins = select.args.get("joins") or ()
    merged = {name.name.lower() for join in joins for name in join.args.get("using") or ()}
    if any(join.args.get("method") == "NATURAL" for join in joins):
        return
    aliases = {one.alias.lower() for one in select.selects if isinstance(one, exp.Alias)}
    outputs = {one.alias_or_name.lower() for one in select.selects}
    seen: set[str] = set()
    for column in inside(scope, select, exp.Column):
        name = column.name.lower()
        if column.args.get("table") or name in merged | aliases | seen or name == "*":
            continue
        if name in outputs and column.find_ancestor(exp.Order, exp.Group, exp.Query) is not select:
            continue  # engines differ in whether the column of the result is meant
        holders = reading.holders(column, scope)  # type: ignore[arg-type]
        if holders is not None and len(holders) > 1:
            seen.add(name)
            yield Fault(
                "ambiguous",
                f"The column {column.name!r} is ambiguous: it is in {' and '.join(holders)}; "
                f"write {holders[0]}.{column.name} or another.",
            )


def _aggregates_as_conditions(scope: Scope) -> Iterator[Fault]:
    select = select_of(scope)
    places = [("WHERE", select.args.get("where"))]
    places += [("ON", join.args.get("on")) for join in select.args.get("joins") or ()]
    for clause, place in places:
        for call in inside(scope, place, exp.AggFunc) if place is not None else ():
            if not is_windowed(call):
                yield Fault(
                    "aggregate",
                    f"{call.sql()} stands in {clause}, where no aggregate can; conditions on aggregates "
                    "belong into HAVING.",
                )


def _grouping(reading: Reading, scope: Scope) -> Iterator[Fault]:
    """Columns beside an aggregate that are no group: SQLite and MariaDB take any row's value for them."""
    select = select_of(scope)
    ordered = [select.args[key] for key in ("order", "having") if select.args.get(key)]
    calls = [
        call
        for one in (*select.selects, *ordered)
        for call in inside(scope, one, exp.AggFunc)
        if not is_windowed(call)
    ]
    group = select.args.get("group")
    if not calls or (group is not None and not group.expressions):
        return
    extreme = len(calls) == 1 and isinstance(calls[0], exp.Min | exp.Max)
    if extreme and reading.dialect == "sqlite":  # it takes the row of the extreme, and says so
        return
    bare = [
        column
        for one in select.selects
        for column in inside(scope, one, exp.Column)
        if column.find_ancestor(exp.AggFunc, exp.Filter, exp.Query) is select
        and not column.find_ancestor(exp.Window)
    ]
    if group is None:
        for column in bare[:1]:
            yield Fault(
                "grouping",
                f"The column {column.sql()} stands beside the aggregate {calls[0].sql()} and nothing is "
                f"grouped; add GROUP BY {column.sql()} or leave the column out.",
            )
        return
    fixed = _determined(reading, scope, group)
    for column in bare:
        origin = reading.origin(column, scope)
        if origin is not None and (origin.source, origin.column.name.lower()) not in fixed:
            yield Fault(
                "grouping",
                f"The column {column.sql()} is neither grouped nor aggregated, so any row's value may "
                f"stand there; add it to GROUP BY.",
                certain=False,
            )


_Name = tuple[str, str]


def _determined(reading: Reading, scope: Scope, group: exp.Expr) -> set[_Name]:
    """The columns that have one value in each group: grouped ones, and what keys and joins tie to them."""
    select = select_of(scope)
    aliases = {
        one.alias.lower(): one.unalias() for one in select.selects if isinstance(one, exp.Alias)
    }
    fixed: set[_Name] = set()
    for one in group.expressions:
        node = one
        if isinstance(one, exp.Literal) and one.name.isdigit():
            at = int(one.name) - 1
            node = select.selects[at].unalias() if at < len(select.selects) else one
        elif isinstance(one, exp.Column) and not one.table and one.name.lower() in aliases:
            node = aliases[one.name.lower()]
        for column in inside(scope, node, exp.Column):
            origin = reading.origin(column, scope)
            if origin is not None:
                fixed.add((origin.source, origin.column.name.lower()))
    ties: list[tuple[_Name, _Name]] = []
    for condition in conditions(scope):
        if isinstance(condition, exp.EQ):
            sides = [reading.origin(side, scope) for side in (condition.left, condition.right)]
            names = [(side.source, side.column.name.lower()) for side in sides if side is not None]
            if len(names) == 2:
                ties.append((names[0], names[1]))
            elif names and isinstance(condition.right, exp.Literal):
                fixed.add(names[0])
    while True:
        grown = set(fixed)
        for left, right in ties:
            if left in grown or right in grown:
                grown |= {left, right}
        for source, table in reading.tables(scope).items():
            key = {(source, name.lower()) for name in table.primary_key}
            if key and key <= grown:
                grown |= {(source, column.name.lower()) for column in table.columns}
        if grown == fixed:
            return fixed
        fixed = grown


def _compared(reading: Reading, scope: Scope) -> Iterator[Fault]:
    for node in inside(scope, scope.expression, *_COMPARISONS):
        left, others = _sides(node)
        for other in others:
            yield from _pair(reading, scope, left, other)
            if isinstance(left, exp.Literal):
                yield from _pair(reading, scope, other, left)
    for call in inside(scope, scope.expression, exp.Extract, exp.Month):
        month = isinstance(call, exp.Month) or call.name.upper() == "MONTH"
        holder = call.parent
        equal = holder.right if month and isinstance(holder, exp.EQ) else None
        if (
            isinstance(equal, exp.Literal)
            and equal.name.isdigit()
            and not 1 <= int(equal.name) <= 12
        ):
            yield Fault("impossible", f"No month has the number {equal.name}.")


def _sides(node: exp.Expr) -> tuple[exp.Expr, list[exp.Expr]]:
    if isinstance(node, exp.In):
        return node.this, list(node.expressions)
    if isinstance(node, exp.Between):
        return node.this, [node.args["low"], node.args["high"]]
    return node.this, [node.expression]


def _pair(reading: Reading, scope: Scope, left: exp.Expr, right: exp.Expr) -> Iterator[Fault]:
    if isinstance(right, exp.Literal):
        origin = reading.origin(left, scope)
        fault = (
            _against(reading, origin, right) if origin is not None else _text(reading, left, right)
        )
        if fault is not None:
            yield fault
        return
    sides = [reading.origin(side, scope) for side in (left, right)]
    if sides[0] is None or sides[1] is None or _is_key(sides[0], sides[1]):
        return
    kinds = {side.column.kind for side in sides if side is not None}
    if kinds & {"text"} and kinds & set(_NUMBERS):
        yield Fault(
            "type",
            f"{sides[0].name} ({sides[0].column.type}) and {sides[1].name} ({sides[1].column.type}) are "
            "compared, a number with a text; compare columns that hold the same thing.",
            certain=reading.dialect
            not in ("sqlite", "mysql"),  # these two find what looks the same
        )


def _is_key(left: Origin, right: Origin) -> bool:
    """Whether a foreign key says that two columns belong together, whatever their types."""
    return any(
        key.ref_table == other.table.name
        and (one.column.name, other.column.name) in zip(key.columns, key.ref_columns, strict=False)
        for one, other in ((left, right), (right, left))
        for key in one.table.foreign_keys
    )


def _against(reading: Reading, origin: Origin, literal: exp.Literal) -> Fault | None:
    """A column and a constant of another kind."""
    kind, text = origin.column.kind, literal.name
    what = f"{origin.name} ({origin.column.type or 'no type'})"
    if literal.is_string:
        if kind in _NUMBERS and not _NUMBER.fullmatch(text):
            return Fault(
                "type",
                f"{what} holds numbers and is compared with the text {text!r}.",
                certain=reading.dialect != "sqlite",  # its columns may hold anything
            )
        is_moment = text.strip().lower() in _MOMENTS
        if kind in _DATES and not is_moment and not any(map(str.isdigit, text)):
            return Fault(
                "type", f"{what} holds dates and is compared with {text!r}, which is no date."
            )
        if kind == "boolean" and text.strip().lower() not in _TRUTH:
            return Fault("type", f"{what} is true or false and is compared with the text {text!r}.")
    elif kind in _DATES and _is_no_moment(text, reading.dialect):
        return Fault(
            "type",
            f"{what} holds dates and is compared with the number {text}; compare it with a date "
            "'YYYY-MM-DD', or its year with the number.",
        )
    return None


def _is_no_moment(number: str, dialect: Dialect) -> bool:
    """SQLite may keep seconds as a date, and MySQL reads 20240131; a year alone is neither."""
    return number.isdigit() and (dialect not in ("sqlite", "mysql") or len(number) <= 4)


def _text(reading: Reading, left: exp.Expr, literal: exp.Literal) -> Fault | None:
    """A text that an expression makes and a constant that it can never be."""
    while isinstance(left, exp.Paren):
        left = left.this
    shown = left.sql(sqlglot_name(reading.dialect))
    text = literal.name
    is_text = isinstance(left, exp.TimeToStr | exp.Substring) and reading.dialect == "sqlite"
    if is_text and not literal.is_string:  # the others cast, or refuse it themselves
        return Fault(
            "type", f"{shown} is a text and never equals the number {text}; write '{text}'."
        )
    if not literal.is_string:
        return None
    if isinstance(left, exp.Lower) and text != text.lower():
        return Fault("impossible", f"{shown} has no capitals and is compared with {text!r}.")
    if isinstance(left, exp.Upper) and text != text.upper():
        return Fault("impossible", f"{shown} has capitals only and is compared with {text!r}.")
    if isinstance(left, exp.TimeToStr):
        pattern = left.args.get("format")
        width = _WIDTH.get(pattern.name) if isinstance(pattern, exp.Literal) else None
        if width is not None and len(text) != width and isinstance(literal.parent, exp.EQ | exp.In):
            return Fault("impossible", f"{shown} has {width} characters and never equals {text!r}.")
    return None


def _contradictions(reading: Reading, scope: Scope) -> Iterator[Fault]:
    """Conditions that no row meets."""
    for node in inside(scope, scope.expression, exp.Between):
        low, high = node.args["low"], node.args["high"]
        if isinstance(low, exp.Literal) and isinstance(high, exp.Literal) and _above(low, high):
            yield Fault(
                "impossible", f"Nothing is between {low.sql()} and {high.sql()}; swap them."
            )
    equal: dict[str, list[exp.Literal]] = defaultdict(list)
    for condition in conditions(scope):
        if isinstance(condition, exp.EQ) and isinstance(condition.right, exp.Literal):
            equal[condition.left.sql().lower()].append(condition.right)
    for left, literals in equal.items():
        values = {literal.name for literal in literals}
        if len(values) > 1:
            shown = " and ".join(literal.sql() for literal in literals)
            yield Fault("impossible", f"{left} cannot be {shown} in one row; write OR or IN.")


def _above(low: exp.Literal, high: exp.Literal) -> bool:
    if low.is_string != high.is_string:
        return False
    if low.is_string:
        return low.name[:4].isdigit() and high.name[:4].isdigit() and low.name > high.name
    return float(low.name) > float(high.name)


def multiplied(reading: Reading) -> Iterator[Fault]:
    """Sums and averages over rows that a join repeats, as the tables' keys show."""
    for scope in reading.scopes:
        tables = reading.tables(scope)
        if len(tables) < 2:
            continue
        edges = _joins(reading, scope)
        for call in inside(scope, scope.expression, exp.Sum, exp.Avg):
            if isinstance(call.this, exp.Distinct):
                continue
            found = [reading.origin(c, scope) for c in inside(scope, call.this, exp.Column)]
            sources = {one.source for one in found if one is not None}
            if len(sources) != 1 or None in found:
                continue
            (start,) = sources
            repeating = _repeating(start, edges, tables)
            if start in tables and repeating is not None:
                yield Fault(
                    "fan_out",
                    f"{call.sql()} counts rows of {start} several times, once for each row of "
                    f"{repeating} that is joined to it; aggregate before joining.",
                    certain=False,
                )


_Edges = dict[tuple[str, str], set[tuple[str, str]]]


def _joins(reading: Reading, scope: Scope) -> _Edges:
    """By pair of sources, the columns that are equal in them."""
    edges: _Edges = defaultdict(set)
    for condition in conditions(scope):
        if not isinstance(condition, exp.EQ):
            continue
        left, right = (reading.origin(side, scope) for side in (condition.left, condition.right))
        if left is not None and right is not None and left.source != right.source:
            pair = (left.column.name, right.column.name)
            edges[left.source, right.source].add(pair)
            edges[right.source, left.source].add(pair[::-1])
    return edges


def _repeating(start: str, edges: _Edges, tables: Mapping[str, TableSchema]) -> str | None:
    """A table that is joined so that rows of ``start`` stand there more than once."""
    reached, waiting = {start}, [start]
    while waiting:
        at = waiting.pop()
        for (one, other), pairs in edges.items():
            if one != at or other in reached or other not in tables:
                continue
            key = tables[other].primary_key
            if key and not set(key) <= {pair[1] for pair in pairs}:
                return other
            reached.add(other)
            waiting.append(other)
    return None
