"""Edits of the tables that a plan reads."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.plan import (
    ColumnRef,
    Member,
    Plan,
    Star,
    condition_columns,
    expression_columns,
    plan_columns,
    plan_tables,
)


def inline_partners(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """Rows that have a partner, joined to it: once for each partner, or each different row once."""
    for condition in plan.where:
        if isinstance(condition, Member) and not condition.negated and not condition.plan.group:
            rest = tuple(each for each in plan.where if each != condition)
            tables = dict.fromkeys((*plan.tables, *plan_tables(condition.plan)))
            joined = replace(
                plan, tables=(*plan_tables(plan)[:1], *tables), where=(*rest, *condition.plan.where)
            )
            yield joined
            if plan.is_plain:
                yield replace(joined, distinct=True)


def drop_partners(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """Without a partner that has to be there and of which nothing is asked."""
    for condition in plan.where:
        if isinstance(condition, Member) and not condition.plan.where:
            yield replace(plan, where=tuple(each for each in plan.where if each != condition))


def drop_tables(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """Without a table that is only joined."""
    used = {column.table for column in plan_columns(plan)}
    used |= {each.table for each in plan.select if isinstance(each, Star)}
    idle = [table for table in plan.tables if table not in used]
    for table in idle:
        if used or len(plan.tables) > 1:
            yield replace(plan, tables=tuple(each for each in plan.tables if each != table))
    if len(idle) > 1 and used:
        yield replace(plan, tables=tuple(each for each in plan.tables if each in used))


def add_tables(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """With a neighbouring table that the question names."""
    own = plan_tables(plan)
    for table, score in scene.table_scores.items():
        if table not in own and score >= 0.6 and scene.is_near(own, table):
            yield replace(plan, tables=(*plan.tables, table))


def without_partner(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """Rows with no partner in a table that the question names, where it says "not"."""
    for at, condition in enumerate(plan.where):
        if isinstance(condition, Member):
            other = replace(condition, negated=not condition.negated)
            yield replace(plan, where=(*plan.where[:at], other, *plan.where[at + 1 :]))
    if not scene.is_said("negate"):
        return
    shown = [c.table for e in plan.select for c in expression_columns(e)] or list(plan.tables[:1])
    for table in scene.table_scores:
        for own in dict.fromkeys(shown):
            for join in scene.graph.edges.get(own, ()):
                if join.right == table and len(join.pairs) == 1:
                    (left, right), tables = join.pairs[0], tuple(plan.tables)
                    inner = Plan(select=(ColumnRef(table, right),))
                    absent = Member(ColumnRef(own, left), inner, negated=True)
                    rest = tuple(each for each in tables if each != table)
                    yield replace(plan, tables=rest, where=(*plan.where, absent))
    if not any(isinstance(each, Member) for each in plan.where):
        for own in dict.fromkeys(shown):
            for join in scene.graph.edges.get(own, ()):
                if not join.to_one and join.right not in scene.table_scores:
                    (left, right), *more = join.pairs
                    inner = Plan(select=(ColumnRef(join.right, right),))
                    absent = Member(ColumnRef(own, left), inner, negated=True)
                    if not more:  # a verb may have meant it: "services that were never used"
                        yield replace(plan, where=(*plan.where, absent))


def other_key(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """Tables joined by another of the keys between them: a flight's destination and not its source."""
    tables = plan_tables(plan)
    tree = scene.graph.tree(tables, plan.via) if len(tables) > 1 else None
    for join in tree[1] if tree is not None else ():
        for other in scene.graph.edges[join.left]:
            if other.right == join.right and other.pairs != join.pairs:
                yield replace(plan, via=(*(each for each in plan.via if each != join), other))
    for at, condition in enumerate(plan.where):
        if isinstance(condition, Member):
            key = condition.plan.select[0]
            for join in scene.graph.edges.get(condition.column.table, ()):
                if isinstance(key, ColumnRef) and join.right == key.table and len(join.pairs) == 1:
                    (left, right) = join.pairs[0]
                    shown = (ColumnRef(key.table, right),)
                    turned = replace(
                        condition,
                        column=ColumnRef(join.left, left),
                        plan=replace(condition.plan, select=shown),
                    )
                    yield replace(plan, where=(*plan.where[:at], turned, *plan.where[at + 1 :]))


def other_path(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """Tables joined by way of others: students and courses by what they took, not by their department."""
    used = tuple(
        dict.fromkeys(
            (*(column.table for column in plan_columns(plan)),
             *(each.table for each in plan.select if isinstance(each, Star)))
        )
    )  # fmt: skip
    tree = scene.graph.tree(plan_tables(plan), plan.via) if len(plan_tables(plan)) > 1 else None
    if tree is not None:
        between = {join.right for join in tree[1]} | {tree[0]}
        for hub in sorted(between - set(used)):
            for one, other in combinations(used, 2):
                way = _path_around(scene, one, other, hub)
                if way:
                    rest = (each for each in plan.tables if each != hub)
                    yield replace(plan, tables=tuple(dict.fromkeys((*rest, *way))))
    for at, condition in enumerate(plan.where):
        if isinstance(condition, Member):
            for other_way in _other_ways(condition, scene):
                yield replace(plan, where=(*plan.where[:at], other_way, *plan.where[at + 1 :]))


def _other_ways(member: Member, scene: Scene) -> Iterator[Member]:
    inner, own = member.plan, member.column.table
    tables = plan_tables(inner)
    asked = {c.table for each in inner.where for c in condition_columns(each)}
    for target in dict.fromkeys((*asked, tables[-1])):
        hub = tables[0] if tables[0] != target else ""
        way = _path_around(scene, own, target, hub) if hub else None
        if not way:
            continue
        for join in scene.graph.edges[own]:
            if join.right == way[0] and len(join.pairs) == 1:
                (left, right) = join.pairs[0]
                plan = Plan((ColumnRef(join.right, right),), way, where=inner.where)
                yield replace(member, column=ColumnRef(own, left), plan=plan)
                break


_FARTHEST = 4


def _path_around(scene: Scene, source: str, target: str, hub: str) -> tuple[str, ...] | None:
    """The tables of the fewest joins that lead from one table to another without a third."""
    ways: deque[tuple[str, ...]] = deque([()])
    seen = {source, hub}
    while ways:
        way = ways.popleft()
        for join in scene.graph.edges.get(way[-1] if way else source, ()):
            if join.right == target:
                return (*way, target)
            if join.right not in seen and len(way) + 1 < _FARTHEST:
                seen.add(join.right)
                ways.append((*way, join.right))
    return None
