"""Rows that must have no partner: "without orders", "who do not play football"."""

from datus.generation.offline.draft import Draft
from datus.generation.offline.joins import Join
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Condition,
    IsNull,
    Member,
    Plan,
    condition_columns,
    expression_columns,
    plan_tables,
)


def absent(draft: Draft, plan: Plan) -> tuple[Condition, ...]:
    conditions: list[Condition] = []
    own = plan_tables(plan)
    whose = (draft.counted,) if draft.counted in own else own[:1]
    for at, table in draft.excluded:
        member = _unset(draft, whose, table) or _anti_join(draft, whose or own, table)
        if member is None:
            draft.unread.append(at)
        else:
            conditions.append(member)
    return tuple(conditions)


def _unset(draft: Draft, own: tuple[str, ...], table: str) -> IsNull | None:
    """As in "orders with no store": a key that points nowhere, where the row itself holds the key."""
    path = draft.graph.path(set(own), table) if own else None
    if not path or len(path) != 1 or not path[0].to_one or len(path[0].pairs) != 1:
        return None
    column = ColumnRef(path[0].left, path[0].pairs[0][0])
    held = column.column in draft.index.tables[column.table].foreign
    return IsNull(column) if held else None


def negated_elsewhere(draft: Draft, plan: Plan) -> tuple[Condition, ...]:
    """As in "who do not play football": no row of the other table may hold the value, not just one that differs."""
    shown = (
        tuple(
            dict.fromkeys(
                c.table
                for e in plan.select
                for c in expression_columns(e)
                if e != Aggregate("count")
            )
        )
        or plan.tables[:1]
    )
    found: list[Condition] = []
    for each in [f for f in draft.filters if f.negated]:
        tables = {column.table for column in condition_columns(each.condition)}
        if len(tables) != 1 or not shown or tables & set(shown):
            continue
        (table,) = tables
        path = draft.graph.path(set(shown), table)
        if path and all(join.to_one for join in path):
            continue  # one partner row at most: "differs" says it all
        member = _anti_join(draft, shown, table, each.condition)
        if member is not None:
            found.append(member)
            draft.filters.remove(each)
    return tuple(found)


def without_inner(draft: Draft, plan: Plan, conditions: tuple[Condition, ...]) -> tuple[str, ...]:
    """The plan's tables less those that now only stand inside a subquery; rows of an event that took place stay."""
    inner = {t for c in conditions if isinstance(c, Member) for t in plan_tables(c.plan)}
    inner -= {table for _, table in draft.mentions if table in draft.via}
    shown = {c.table for e in plan.select for c in expression_columns(e)}
    kept = tuple(table for table in plan.tables if table not in inner or table in shown)
    return kept if shown else kept or plan.tables[:1]


def _anti_join(
    draft: Draft, own: tuple[str, ...], table: str, condition: Condition | None = None
) -> Member | None:
    path = _way(draft, own, table)
    if not path or len(path[0].pairs) != 1:
        return None
    (left, right), first = path[0].pairs[0], path[0]
    tables = [join.right for join in path]
    if condition is None and len(path) > 1 and path[-1].to_one:
        tables.pop()  # a link row without its end cannot be
    inner = Plan(
        select=(ColumnRef(first.right, right),),
        tables=tuple(tables),
        where=(condition,) if condition is not None else (),
    )
    return Member(ColumnRef(first.left, left), inner, negated=True)


def _way(draft: Draft, own: tuple[str, ...], table: str) -> tuple[Join, ...] | None:
    """The joins to a table: by way of the event that the question speaks of, else the fewest."""
    event = next(iter(draft.via), table)
    if event not in (*own, table):
        first = draft.graph.path(set(own), event)
        rest = draft.graph.path({event}, table)
        if first and rest and not {join.right for join in rest} & {*own}:
            return (*first, *rest)
    return draft.graph.path(set(own), table)
