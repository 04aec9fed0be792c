"""The typed plan between a question and its SQL. It knows columns and operations, no dialect."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias

from datus.generation.offline.joins import Join
from datus.types import Grain

Function = Literal["count", "sum", "avg", "min", "max", "median"]
Operator = Literal["=", "!=", "<", ">", "<=", ">="]
Part = Literal["hour", "weekday", "day", "month"]
Unit = Literal["second", "minute", "hour", "day", "week"]
"""The units that are always of one length."""
ArithmeticOperator = Literal["-", "/"]


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column of a table of the schema, both by their declared names."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Star:
    """Every column of one table."""

    table: str


@dataclass(frozen=True, slots=True)
class Elapsed:
    """How long it was from one time to another, in ``unit``; days between dates are whole. ``end`` may be a fixed day."""

    start: ColumnRef
    end: "ColumnRef | date"
    unit: Unit = "day"


@dataclass(frozen=True, slots=True)
class Share:
    """A part of an aggregate in place of the whole: what the rows make up for which all of ``part`` hold or,
    where there is none, what each group makes up of all groups; of 1, or of 100 where ``percent``."""

    part: "tuple[Condition, ...]" = ()
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function over the rows of a group; ``argument`` None counts rows. With a ``share`` it is the
    part that some rows make up of it; functions that do not add up have none. It sees ``only`` the rows for
    which all of these conditions hold."""

    function: Function
    argument: ColumnRef | Elapsed | None = None
    distinct: bool = False
    share: Share | None = None
    only: "tuple[Condition, ...]" = ()


@dataclass(frozen=True, slots=True)
class TimeBucket:
    """A date cut down to the first day of its month, quarter, ...; years are plain numbers."""

    column: ColumnRef
    grain: Grain


@dataclass(frozen=True, slots=True)
class DatePart:
    """A date's place within a longer period, as a number; weekdays are 1 (Monday) to 7 (ISO 8601)."""

    column: ColumnRef
    part: Part


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two figures of a group, or two columns of a row, as one number. A quotient is a decimal, missing where
    the right side is 0, and a part of 100 where ``percent``."""

    left: "Expression"
    operator: ArithmeticOperator
    right: "Expression"
    percent: bool = False


Expression: TypeAlias = ColumnRef | Star | Aggregate | TimeBucket | DatePart | Elapsed | Arithmetic
Literal_: TypeAlias = str | int | float | date | bool


@dataclass(frozen=True, slots=True)
class Compare:
    """``left operator right``; the right side may be a plan of one value."""

    left: Expression
    operator: Operator
    right: "Literal_ | ColumnRef | Plan"


@dataclass(frozen=True, slots=True)
class Like:
    """A text match; ``pattern`` is an SQL LIKE pattern."""

    column: ColumnRef
    pattern: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class IsNull:
    """A test for a missing value."""

    column: ColumnRef
    negated: bool = False


@dataclass(frozen=True, slots=True)
class During:
    """A column's time lies in ``[start, end)``; an open side is None."""

    column: ColumnRef
    start: date | None
    end: date | None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A column's value is, or is not, among the rows of a one-column plan."""

    column: ColumnRef
    plan: "Plan"
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of the conditions holds."""

    conditions: "tuple[Condition, ...]"


Condition: TypeAlias = Compare | Like | IsNull | During | Member | Either


@dataclass(frozen=True, slots=True)
class Order:
    """A sort key."""

    key: Expression
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One SELECT. ``tables`` are those it must read even where no column of theirs is named.

    ``offset`` rows of the order are left out before ``limit`` are kept. ``via`` are joins to take where keys leave a
    choice between two tables. With ``within`` the limit is for each of these keys: rows that tie for the last place stay.
    """

    select: tuple[Expression, ...]
    tables: tuple[str, ...] = ()
    distinct: bool = False
    where: tuple[Condition, ...] = ()
    group: tuple[Expression, ...] = ()
    having: tuple[Compare, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    via: tuple[Join, ...] = ()
    within: tuple[Expression, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it lists rows: no groups and no aggregates."""
        return not self.group and not any(map(is_figure, self.select))


@dataclass(frozen=True, slots=True)
class Intersection:
    """The rows that two plans of the same width both give, each once."""

    left: Plan
    right: Plan


AnyPlan: TypeAlias = Plan | Intersection


def is_figure(expression: Expression) -> bool:
    """Whether an expression sums up rows, so that a group has one value of it."""
    match expression:
        case Aggregate():
            return True
        case Arithmetic(left=left, right=right):
            return is_figure(left) or is_figure(right)
        case _:
            return False


def aggregates_of(expression: Expression) -> Iterator[Aggregate]:
    """The aggregates that an expression is made of."""
    match expression:
        case Aggregate():
            yield expression
        case Arithmetic(left=left, right=right):
            yield from aggregates_of(left)
            yield from aggregates_of(right)
        case _:
            return


def expression_columns(expression: Expression) -> Iterator[ColumnRef]:
    """The columns an expression reads."""
    match expression:
        case ColumnRef():
            yield expression
        case Aggregate(argument=argument, share=share, only=only):
            if argument is not None:
                yield from expression_columns(argument)
            for condition in (*(share.part if share is not None else ()), *only):
                yield from condition_columns(condition)
        case Arithmetic(left=left, right=right):
            yield from expression_columns(left)
            yield from expression_columns(right)
        case TimeBucket(column=column) | DatePart(column=column):
            yield column
        case Elapsed(start=start, end=end):
            yield start
            if isinstance(end, ColumnRef):
                yield end
        case _:
            return


def condition_columns(condition: Condition) -> Iterator[ColumnRef]:
    """The columns of the outer query that a condition reads (not those of a plan inside it)."""
    match condition:
        case Compare(left=left, right=right):
            yield from expression_columns(left)
            if isinstance(right, ColumnRef):
                yield right
        case Either(conditions=conditions):
            for each in conditions:
                yield from condition_columns(each)
        case _:
            yield condition.column


def plan_columns(plan: Plan) -> Iterator[ColumnRef]:
    """Every column that a plan's own SELECT reads, in the order of its clauses."""
    keys = (order.key for order in plan.order)
    for expression in (*plan.select, *plan.group, *keys, *plan.within):
        yield from expression_columns(expression)
    for condition in (*plan.where, *plan.having):
        yield from condition_columns(condition)


def is_calculated(plan: Plan) -> bool:
    """Whether a plan calculates with figures, or ranks within groups."""
    keys = (order.key for order in plan.order)
    calculated = any(isinstance(each, Arithmetic) for each in (*plan.select, *keys))
    return calculated or bool(plan.within)


def without_idle_order(plan: Plan) -> Plan:
    """A plan without the order that a single row of figures would be sorted by."""
    single = not plan.group and not plan.within and all(map(is_figure, plan.select))
    return replace(plan, order=()) if single else plan


def plan_tables(plan: Plan) -> tuple[str, ...]:
    """The tables that a plan's own SELECT reads, each once, first mention first."""
    stars = (each.table for each in plan.select if isinstance(each, Star))
    named = (column.table for column in plan_columns(plan))
    return tuple(dict.fromkeys((*plan.tables, *stars, *named)))


def signature(plan: AnyPlan) -> Hashable:
    """Equal for plans that mean the same but for the order in which they name tables and conditions."""
    if isinstance(plan, Intersection):
        return signature(plan.left), signature(plan.right)
    return (
        plan.select, frozenset(plan_tables(plan)), frozenset(plan.where), frozenset(plan.group),
        plan.having, plan.order, plan.limit, plan.offset, plan.distinct, frozenset(plan.via),
        plan.within,
    )  # fmt: skip


def all_plans(plan: AnyPlan) -> Iterator[Plan]:
    """A plan, or both that an intersection is of, and all that stand inside their conditions, outer ones first."""
    pending = [plan.left, plan.right] if isinstance(plan, Intersection) else [plan]
    while pending:
        each = pending.pop(0)
        yield each
        pending.extend(subplans(each))


def subplans(plan: Plan) -> Iterator[Plan]:
    """The plans that stand inside a plan's conditions."""
    pending: list[Condition] = [*plan.where, *plan.having]
    while pending:
        match pending.pop():
            case Compare(right=Plan() as inner):
                yield inner
            case Member(plan=inner):
                yield inner
            case Either(conditions=conditions):
                pending.extend(conditions)
            case _:
                continue
