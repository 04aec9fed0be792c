"""What a query's rows are: how it groups, and at which grain of time."""

from dataclasses import dataclass, field

from sqlglot import exp

from datus.sql.reading import Reading, inside, is_windowed, select_of
from datus.types import Grain

_BY_CALL: tuple[tuple[type[exp.Expr], Grain], ...] = (
    (exp.Year, "year"),
    (exp.Quarter, "quarter"),
    (exp.Month, "month"),
    (exp.Week, "week"),
    (exp.WeekOfYear, "week"),
    (exp.Day, "day"),
    (exp.DayOfMonth, "day"),
)
_BY_PATTERN: tuple[tuple[str, Grain], ...] = (
    ("%d", "day"),
    ("%j", "day"),
    ("%W", "week"),
    ("%m", "month"),
    ("%Y", "year"),
)
_GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rows of a query come about.

    Attributes:
        grouped: Whether some SELECT groups, or counts over windows, or takes distinct rows.
        aggregates: Whether the outer SELECT aggregates.
        grains: Grains of time that groups or columns of the outer SELECT are cut to.
        by_date: Whether a whole date is a group: rows of days.
        limit: Most rows that the query asks for.
        distinct: Whether it leaves out repeated rows or counts without them.
        calls: Names of the aggregates it uses, and ``/`` where it divides.
        compared: What it compares with numbers, as operator and number.
    """

    grouped: bool = False
    aggregates: bool = False
    grains: frozenset[Grain] = field(default_factory=frozenset)
    by_date: bool = False
    limit: int | None = None
    distinct: bool = False
    calls: frozenset[str] = field(default_factory=frozenset)
    compared: frozenset[tuple[str, str]] = field(default_factory=frozenset)


def shape_of(reading: Reading) -> Shape:
    """The shape of a query; what cannot be told is left out."""
    grains: set[Grain] = set()
    by_date = grouped = aggregates = False
    for scope in reading.scopes:
        select = select_of(scope)
        group = select.args.get("group")
        calls = tuple(inside(scope, select, exp.AggFunc))
        grouped |= group is not None or bool(tuple(inside(scope, select, exp.Window)))
        grouped |= select.args.get("distinct") is not None
        aggregates |= any(not is_windowed(call) for call in calls)
        parts = [*select.selects, *(group.expressions if group is not None else ())]
        for part in parts:
            grains |= _grains(part)
        for part in group.expressions if group is not None else ():
            node = _selected(select, part)
            by_date |= reading.kind(node, scope) == "date"
    limit = reading.tree.args.get("limit")
    count = limit.expression if isinstance(limit, exp.Limit) else None
    most = int(count.name) if isinstance(count, exp.Literal) and count.name.isdigit() else None
    tree = reading.tree
    kinds = (exp.Avg, exp.Sum, exp.Min, exp.Max, exp.Count)
    named = {call.key for call in tree.find_all(*kinds)}
    distinct = any(
        isinstance(one, exp.Distinct | exp.Union | exp.Intersect | exp.Except)
        for one in tree.walk()
    )
    return Shape(
        grouped,
        aggregates,
        frozenset(grains),
        by_date,
        most,
        distinct,
        frozenset(named | ({"/"} if tree.find(exp.Div) else set())),
        frozenset(_compared(tree)),
    )


_OPERATORS: tuple[tuple[type[exp.Expr], str], ...] = (
    (exp.GT, ">"),
    (exp.GTE, ">="),
    (exp.LT, "<"),
    (exp.LTE, "<="),
)


def _compared(tree: exp.Expr) -> set[tuple[str, str]]:
    return {
        (sign, node.expression.name)
        for kind, sign in _OPERATORS
        for node in tree.find_all(kind)
        if isinstance(node.args["expression"], exp.Literal)
    }


def _selected(select: exp.Select, part: exp.Expr) -> exp.Expr:
    if isinstance(part, exp.Literal) and part.name.isdigit():
        at = int(part.name) - 1
        return select.selects[at].unalias() if 0 <= at < len(select.selects) else part
    return part


def _grains(part: exp.Expr) -> set[Grain]:
    found: set[Grain] = set()
    for node in part.walk():
        if isinstance(node, exp.DateTrunc | exp.TimestampTrunc | exp.Extract):
            unit = node.args.get("unit") or node.this
            found |= {grain for grain in _GRAINS if unit.name.lower() == grain}
        elif isinstance(node, exp.TimeToStr | exp.StrToTime):
            pattern = node.args.get("format")
            text = pattern.name if isinstance(pattern, exp.Literal) else ""
            found |= {grain for sign, grain in _BY_PATTERN if sign in text}
        elif isinstance(node, exp.Substring):
            length = node.args.get("length")
            by_length: dict[str, Grain] = {"4": "year", "7": "month", "10": "day"}
            if isinstance(length, exp.Literal) and length.name in by_length:
                found.add(by_length[length.name])
        else:
            found |= {grain for kind, grain in _BY_CALL if isinstance(node, kind)}
    return found
