"""Rows that must have no partner: "without orders", "who do not play football"."""

from dataclasses import replace

from datus.generation.offline.assembly.settling import during
from datus.generation.offline.draft import Draft, is_count
from datus.generation.offline.filters import CONTRARY, ends_clause, negate_alternatives
from datus.generation.offline.joins import Join
from datus.generation.offline.linking import Item
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
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
    filtered = (column.table for f in draft.filters for column in condition_columns(f.condition))
    own = plan_tables(plan) or tuple(dict.fromkeys(filtered))
    if draft.counted in own and all(map(is_count, plan.select)):
        own = (draft.counted,)
    whose = (draft.counted,) if draft.counted in own else own[:1]
    for at, table in draft.excluded:
        then = _then(draft, at, table)
        if then is not None:
            then = (*then, *_absorbed(draft, at, frozenset({table})))
        member: Condition | None = None if then else _unset(draft, whose, table)
        member = member or partner(draft, whose, table, then or (), negated=True)
        if member is None or then is None:
            draft.unread.append(at)
        else:
            conditions.append(member)
    return tuple(conditions)


def _others(
    draft: Draft, shown: tuple[str, ...], table: str, condition: Condition
) -> tuple[Condition, ...]:
    if not isinstance(condition, Compare) or condition.operator != "=":
        return ()
    member = partner(draft, shown, table, (replace(condition, operator="!="),), negated=True)
    return (member,) if member is not None else ()


def _absorbed(draft: Draft, at: int, tables: frozenset[str]) -> tuple[Condition, ...]:
    """As in "never stayed in a hut in Italy in 2023", "no repairs over 1000": conditions of one clause with
    what is negated say which of it there must not be. They are no conditions of their own then."""
    found = []
    for each in [f for f in draft.filters if not f.negated and not f.told]:
        columns = {column.table for column in condition_columns(each.condition)}
        between = draft.items[min(at, each.at) + 1 : max(at, each.at)]
        negation = any(item.cue and item.cue.kind == "negate" for item in between)
        behind = each.at > at and not any(map(ends_clause, between))
        before = draft.chinese and each.at < at and negation and all(map(_passed, between))
        if columns <= tables and (behind or before):
            found.append(each.condition)
            draft.filters.remove(each)
    return tuple(found)


def _passed(item: Item) -> bool:
    return not ends_clause(item) and (item.light or item.kind in ("cue", "number"))


def _then(draft: Draft, at: int, table: str) -> tuple[Condition, ...] | None:
    """The times in which no row of a table may be; None where no column of it tells one of them."""
    found: list[Condition] = []
    for place, time, _ in draft.times:
        if draft.times_absent.get(place) != at:
            continue
        column = draft.time_column((table,))
        made = during(draft, column, time.start, time.end) if column is not None else ()
        if not made:
            return None
        found.extend(made)
    return tuple(found)


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
    if draft.counted is not None and all(map(is_count, plan.select)):
        shown = (draft.counted,)
    found: list[Condition] = []
    negate_alternatives(draft)
    for each in [f for f in draft.filters if f.negated or f.only]:
        tables = {column.table for column in condition_columns(each.condition)}
        if len(tables) != 1 or not shown or tables & set(shown):
            continue
        (table,) = tables
        path = draft.graph.path(set(shown), table)
        if path and all(join.to_one for join in path):
            continue  # one partner row at most: "differs" says it all
        if each.only:  # 只看过内科: and nothing else
            found.extend(_others(draft, shown, table, each.condition))
            continue
        steps = frozenset(join.right for join in path or ())
        more = _absorbed(draft, each.at, steps - set(shown))
        member = partner(draft, shown, table, (each.condition, *more), negated=True)
        if member is not None:
            found.append(member)
            draft.filters.remove(each)
    return tuple(found)


def without_inner(draft: Draft, plan: Plan, conditions: tuple[Condition, ...]) -> tuple[str, ...]:
    """The plan's tables less those that now only stand inside a subquery; rows of an event that took place stay,
    and what is said before a "but" still has to be there (下过单但从没退过货)."""
    buts = [at for at, item in enumerate(draft.items) if item.text.lower() in CONTRARY]
    apart = {table for at, table in draft.mentions if any(at < but for but in buts)}
    inner = {t for c in conditions if isinstance(c, Member) for t in plan_tables(c.plan)}
    inner -= {table for _, table in draft.mentions if table in draft.via}
    shown = {c.table for e in plan.select for c in expression_columns(e)}
    kept = tuple(table for table in plan.tables if table not in inner - apart or table in shown)
    return kept if shown else kept or plan.tables[:1]


def partner(
    draft: Draft,
    own: tuple[str, ...],
    table: str,
    conditions: tuple[Condition, ...] = (),
    *,
    negated: bool,
) -> Member | None:
    """That a row has, or has not, a partner in a table for which the conditions hold."""
    path = _way(draft, own, table)
    if not path or len(path[0].pairs) != 1:
        return None
    tables_of = {column.table for each in conditions for column in condition_columns(each)}
    (left, right), first = path[0].pairs[0], path[0]
    tables = [join.right for join in path]
    if not conditions and len(path) > 1 and path[-1].to_one:
        tables.pop()  # a link row without its end cannot be
    inner = Plan(
        select=(ColumnRef(first.right, right),),
        tables=tuple(dict.fromkeys((*tables, *tables_of))),
        where=conditions,
    )
    return Member(ColumnRef(first.left, left), inner, negated=negated)


def _way(draft: Draft, own: tuple[str, ...], table: str) -> tuple[Join, ...] | None:
    """The joins to a table: by way of the event that the question speaks of, else the fewest."""
    event = next(iter(draft.via), table)
    if event not in (*own, table):
        first = draft.graph.path(set(own), event)
        rest = draft.graph.path({event}, table)
        if first and rest and not {join.right for join in rest} & {*own}:
            return (*first, *rest)
    return draft.graph.path(set(own), table)
