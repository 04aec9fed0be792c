"""Edits of plans that stand inside conditions: what partners, values and figures are held against."""

from collections.abc import Iterator
from dataclasses import replace

from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.filters import FLIPPED
from datus.generation.offline.plan import (
    Aggregate,
    AnyPlan,
    ColumnRef,
    Compare,
    Condition,
    Either,
    Expression,
    Intersection,
    Like,
    Member,
    Operator,
    Order,
    Plan,
    condition_columns,
    expression_columns,
    plan_tables,
)


def partner(
    scene: Scene, own: str, table: str, where: tuple[Condition, ...], *, negated: bool
) -> Member | None:
    """The condition that rows of one table have, or lack, a row of another for which all of ``where`` hold."""
    path = scene.graph.path({own}, table)
    if not path or len(path[0].pairs) != 1:
        return None
    (left, right), first = path[0].pairs[0], path[0]
    tables = [join.right for join in path]
    if not where and len(path) > 1 and path[-1].to_one:
        tables.pop()  # a link row without its end cannot be
    inner = Plan(select=(ColumnRef(first.right, right),), tables=tuple(tables), where=where)
    return Member(ColumnRef(own, left), inner, negated)


def exclude_partner(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """As in "who do not play football": no partner for which a condition holds, not one for which it does not."""
    if not scene.is_said("negate"):
        return
    shown = tuple(dict.fromkeys(c.table for e in plan.select for c in expression_columns(e)))
    owners = shown or plan.tables[:1]
    for condition in plan.where:
        rest = tuple(each for each in plan.where if each != condition)
        if isinstance(condition, Member):
            if condition.plan.where and not condition.negated:
                where = (*(e for e in rest if not _is_bare(e)), replace(condition, negated=True))
                yield replace(plan, where=where)
            continue
        met = _met(condition)
        tables = {column.table for column in condition_columns(met)} if met else set()
        for own in owners:
            if met is None or len(tables) != 1 or own in tables:
                continue
            absent = partner(scene, own, next(iter(tables)), (met,), negated=True)
            if absent is not None:
                tables_ = () if shown else owners
                yield replace(plan, tables=tables_, where=(*rest, absent), distinct=False)


def _is_bare(condition: Condition) -> bool:
    return isinstance(condition, Member) and condition.negated and not condition.plan.where


def exclude_values(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """As in "ranks that no captain of a class has": values that are shown for no row for which a condition holds."""
    shown = plan.select[0]
    if not (scene.is_said("negate") and isinstance(shown, ColumnRef) and plan.is_plain):
        return
    if len(plan.select) > 1 or plan.limit is not None:
        return
    for condition in plan.where:
        if isinstance(condition, Member):
            inner = condition.plan
            held = Plan((shown,), (shown.table, *plan_tables(inner)), where=inner.where)
        elif (met := _met(condition)) is not None:
            held = Plan((shown,), where=(met,))
        else:
            continue
        if not isinstance(condition, Member) or condition.negated:
            rest = tuple(each for each in plan.where if each != condition)
            absent = Member(shown, held, negated=True)
            kept = tuple(t for t in plan.tables if t not in plan_tables(held) or t == shown.table)
            yield replace(plan, tables=kept, where=(*rest, absent), distinct=True)


def _met(condition: Condition) -> Compare | Like | None:
    """What must not hold, where a condition says so or may have been read without its "not"."""
    match condition:
        case Compare(operator="!=", right=right) if not isinstance(right, Plan):
            return replace(condition, operator="=")
        case Like(negated=True):
            return replace(condition, negated=False)
        case Compare(right=str() | int() | float()) | Like():
            return condition
        case _:
            return None


def meet_both(plan: Plan, scene: Scene) -> Iterator[AnyPlan]:
    """As in "movies with 3 stars and with 4": one row cannot meet both conditions, two rows can."""
    if not scene.is_said("both", "also"):
        return
    for condition, one, other in _rivalling(plan):
        if plan.is_plain and plan.limit is None:
            rest = tuple(each for each in plan.where if each not in (condition, one, other))
            yield Intersection(
                replace(plan, where=(*rest, one), order=()),
                replace(plan, where=(*rest, other), order=()),
            )
    for member in plan.where:
        if isinstance(member, Member) and not member.plan.group:
            for condition, one, other in _rivalling(member.plan):
                inner = tuple(e for e in member.plan.where if e not in (condition, one, other))
                both = tuple(
                    replace(member, plan=replace(member.plan, where=(*inner, each)))
                    for each in (one, other)
                )
                rest = tuple(each for each in plan.where if each != member)
                yield replace(plan, where=(*rest, *both))
                if plan.is_plain and plan.limit is None:
                    left, right = (replace(plan, where=(*rest, each), order=()) for each in both)
                    yield Intersection(left, right)


def _rivalling(plan: Plan) -> Iterator[tuple[Condition, Condition, Condition]]:
    """Two conditions on one column, as alternatives or side by side, and the condition that holds them."""
    for condition in plan.where:
        if isinstance(condition, Either) and len(condition.conditions) == 2:
            yield condition, condition.conditions[0], condition.conditions[1]
    plain = [each for each in plan.where if isinstance(each, Compare)]
    for at, one in enumerate(plain):
        for other in plain[at + 1 :]:
            if one.left == other.left and not isinstance(one.right, Plan):
                yield one, one, other


def move_inside(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """As in "above the average of the films by Cameron": a condition on the rows of the figure, not on those shown."""
    for at, condition in enumerate(plan.where):
        if not (isinstance(condition, Compare) and isinstance(condition.right, Plan)):
            continue
        for moved in plan.where:
            if moved == condition:
                continue
            inner = replace(condition.right, where=(*condition.right.where, moved))
            held = replace(condition, right=inner)
            where = (*plan.where[:at], held, *plan.where[at + 1 :])
            yield replace(plan, where=tuple(each for each in where if each != moved))
            yield replace(plan, where=where)


def of_the_most(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """As in "customers with the most popular payment method": the rows of the value that most or fewest rows have."""
    if plan.limit != 1 or not plan.order or not scene.is_said("frequent", "superlative"):
        return
    operator: Operator = FLIPPED["="] if scene.is_said("negate") else "="
    own = plan_tables(plan)
    named = [n.ref for n in scene.columns if n.score >= 0.6 and n.ref.table in own]
    for value in dict.fromkeys((*named, *plan.group)):
        if not isinstance(value, ColumnRef) or value in scene.index.label(value.table):
            continue
        if scene.is_measure(value) or scene.index.tables[value.table].key == (value.column,):
            continue
        shown: tuple[Expression, ...]
        shown = tuple(e for e in plan.select if isinstance(e, ColumnRef) and e != value)
        shown = shown or scene.index.label(value.table)
        order = (Order(Aggregate("count"), plan.order[0].descending),)
        most = Plan((value,), group=(value,), order=order, limit=1)
        if shown:
            where = (*plan.where, Compare(value, operator, most))
            yield Plan(shown, plan.tables, where=where, via=plan.via)
