"""Edits of a plan's order, limit and groups."""

from collections.abc import Iterator
from dataclasses import replace

from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Expression,
    Function,
    Order,
    Plan,
    Star,
    expression_columns,
    plan_tables,
)


def change_order(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """Another sort key, the other direction, no order at all, or one where a word asks for it."""
    if plan.order:
        first = plan.order[0]
        yield replace(
            plan, order=(replace(first, descending=not first.descending), *plan.order[1:])
        )
        if plan.limit is None:
            yield replace(plan, order=())
    if not (plan.order or scene.is_said("superlative", "order", "top", "frequent", "direction")):
        return
    descending = plan.order[0].descending if plan.order else True
    limit = plan.limit
    if limit is None and not plan.order and scene.is_said("superlative", "frequent"):
        limit = 1
    for key in _sort_keys(plan, scene):
        if not plan.order or key != plan.order[0].key:
            yield from _sorted_by(plan, key, descending, limit, scene)
            if not plan.order:
                yield from _sorted_by(plan, key, not descending, limit, scene)


def _sort_keys(plan: Plan, scene: Scene) -> Iterator[Expression]:
    own = plan_tables(plan)
    if plan.group:
        yield Aggregate("count")
        yield from (each for each in plan.select if isinstance(each, Aggregate))
    elif len(own) > 1 or scene.is_said("frequent", "superlative", "top"):
        yield Aggregate("count")
    yield from (each for each in plan.select if isinstance(each, ColumnRef))
    for named in scene.columns:
        if named.ref.table in own or scene.is_near(own, named.ref.table):
            timed = named.ref.column in scene.index.tables[named.ref.table].time
            measure = scene.is_measure(named.ref)
            written = named.score >= 0.75 and not scene.index.is_key(named.ref)
            if ((measure or timed) and named.score >= 0.5) or written:
                yield named.ref
                if plan.group and (measure or timed):
                    yield Aggregate("sum", named.ref)
                    yield Aggregate("avg", named.ref)
                    yield Aggregate("max", named.ref)


def _sorted_by(
    plan: Plan, key: Expression, descending: bool, limit: int | None, scene: Scene
) -> Iterator[Plan]:
    order = (Order(key, descending),)
    plain = tuple(each for each in plan.select if not isinstance(each, Aggregate | Star))
    if isinstance(key, Aggregate) and not plan.group:
        group = scene.group_keys(plain)
        yield replace(plan, order=order, limit=limit, group=group, distinct=False)
        return
    yield replace(plan, order=order, limit=limit)
    if isinstance(key, ColumnRef) and plan.group and plain == plan.select and not plan.having:
        yield replace(plan, order=order, limit=limit, group=())


def change_limit(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """All rows, the first, or as many as a number of the question says."""
    if not plan.order:
        return
    if plan.limit is not None:
        yield replace(plan, limit=None)
    else:
        yield replace(plan, limit=1)
    for item in scene.items:
        number = item.number
        whole = number is not None and number == int(number) and 1 < number <= 100
        if number is not None and whole and plan.limit != int(number):
            yield replace(plan, limit=int(number))


def change_group(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """Groups by the shown columns alone; groups where there are none."""
    if plan.group:
        plain = tuple(each for each in plan.select if not isinstance(each, Aggregate | Star))
        if plain and plain != plan.group:
            yield replace(plan, group=plain)
        return
    if any(isinstance(each, Aggregate) for each in plan.select):
        for named in scene.columns:
            if named.ref.table in plan_tables(plan) and named.score >= 0.6:
                yield replace(plan, select=(named.ref, *plan.select), group=(named.ref,))
        for table, score in scene.table_scores.items():
            label = scene.index.label(table)
            if score >= 0.6 and label and scene.is_near(plan_tables(plan), table):
                yield replace(plan, select=(*label, *plan.select), group=label)


def group_by_key(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """Groups by the rows of a table and not by their names, which two rows may share; or by the names."""
    if not plan.group:
        return
    tables = dict.fromkeys(c.table for each in plan.group for c in expression_columns(each))
    for table in tables:
        key = tuple(ColumnRef(table, name) for name in scene.index.tables[table].key)
        if key and not set(key) <= set(plan.group):
            yield replace(plan, group=tuple(dict.fromkeys((*key, *plan.group))))


def extreme_rows(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """All rows that have the extreme value, in place of the first one; or the value itself."""
    if plan.limit != 1 or plan.group or not plan.order:
        return
    key = plan.order[0].key
    if isinstance(key, ColumnRef):
        function: Function = "max" if plan.order[0].descending else "min"
        extreme = Plan(select=(Aggregate(function, key),))
        yield replace(plan, order=(), limit=None, where=(*plan.where, Compare(key, "=", extreme)))
        if not scene.is_said("who"):  # a person is asked for, and not a figure
            yield replace(
                plan, select=(Aggregate(function, key),), order=(), limit=None, distinct=False
            )
