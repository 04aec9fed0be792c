"""Each row once: joins that repeat rows must not repeat what is shown, counted or summed."""

from dataclasses import replace

from datus.generation.offline.draft import Draft
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Member,
    Plan,
    aggregates_of,
    condition_columns,
    expression_columns,
    is_figure,
    plan_tables,
)


def rows_once(draft: Draft, plan: Plan) -> Plan:
    """One row each: values once where the question says "different"; rows once where other tables only
    have to hold a partner, so that two people of one name stay two."""
    if plan.group or any(map(is_figure, plan.select)):
        return _measured_once(draft, plan)
    shown = {c.table for e in plan.select for c in expression_columns(e)}
    for _, table in draft.mentions:
        if draft.index.label(table) == plan.select:
            shown = {table}  # a label may be lent by another table
            break
    if draft.distinct:
        return replace(plan, distinct=True)
    if len(shown) == 1 and _repeats(draft, plan, shown):
        return _with_partners(draft, plan, next(iter(shown)))
    if _lists_values(draft, plan):
        return replace(plan, distinct=True)
    return plan


def _lists_values(draft: Draft, plan: Plan) -> bool:
    """As in "show all majors": the values of a column that is no label are listed, not the rows."""
    if len(plan.select) != 1 or plan.where or plan.order or plan.limit is not None:
        return False
    column = plan.select[0]
    if not isinstance(column, ColumnRef) or draft.index.is_number(column):
        return False
    own = column in draft.index.label(column.table) or draft.index.is_key(column)
    said = any(table == column.table for _, table in draft.mentions)
    return not own and not said


def _with_partners(draft: Draft, plan: Plan, table: str) -> Plan:
    """The rows of a table whose key is among those that the joined tables and their conditions leave."""
    key = draft.index.tables[table].key
    own = {table} | {c.table for e in plan.select for c in expression_columns(e)}
    if {c.table for order in plan.order for c in expression_columns(order.key)} - own:
        return plan  # sorted by a partner: its rows are what is listed
    measured = any(map(is_figure, plan.select))
    if len(key) != 1:
        return plan if plan.order or measured else replace(plan, distinct=True)
    kept = tuple(c for c in plan.where if {column.table for column in condition_columns(c)} <= own)
    moved = tuple(condition for condition in plan.where if condition not in kept)
    partners = tuple(dict.fromkeys(c.table for m in moved for c in condition_columns(m)))
    tables = tuple(t for t in (*plan.tables, *partners) if t not in own)
    first = _first_step(draft, table, tables)
    if first is None:
        return plan if measured else replace(plan, distinct=True)
    column, inner_key = first
    inner = Plan(select=(inner_key,), tables=(inner_key.table, *tables), where=moved)
    return replace(
        plan, tables=tuple(own & set(plan.tables)) or (table,), where=(*kept, Member(column, inner))
    )


def _first_step(
    draft: Draft, table: str, tables: tuple[str, ...]
) -> tuple[ColumnRef, ColumnRef] | None:
    """The columns that join a table to the others, if one key of one column leads to all of them."""
    tree = draft.graph.tree((table, *tables))
    steps = {join for join in tree[1] if join.left == table} if tree is not None else set()
    if len(steps) != 1:
        return None
    (step,) = steps
    if len(step.pairs) != 1:
        return None
    ((left, right),) = step.pairs
    return ColumnRef(step.left, left), ColumnRef(step.right, right)


def _repeats(draft: Draft, plan: Plan, shown: set[str]) -> bool:
    """Whether a join can give a shown row more than once."""
    for table in plan_tables(plan):
        path = draft.graph.path(shown, table)
        if path and not all(join.to_one for join in path):
            return True
    return False


def _measured_once(draft: Draft, plan: Plan) -> Plan:
    """Aggregates see each row of their own table once, however many partners a join gives it.

    Over all rows the partners move into a subquery; within groups rows are counted by their key, and
    sums and averages that a join would inflate are not trusted.
    """
    table = _measured_table(draft, plan)
    if table is None or not _repeats(draft, plan, {table}):
        return plan
    if _measured(plan):
        _doubt_siblings(draft, plan, table)
    if not plan.group:
        if plan.order or plan.having or any(c.table != table for c in _measured(plan)):
            return plan
        return _with_partners(draft, plan, table)
    key = draft.index.tables[table].key
    if any(each.function in ("sum", "avg", "median") for each in _aggregates(plan)):
        draft.suspect(_INFLATED, f"a join would count rows of {table} more than once")
        return plan
    if len(key) != 1 or any(each.share or each.only for each in _aggregates(plan)):
        draft.suspect(_INFLATED, f"a join would count rows of {table} more than once")
        return plan
    once = Aggregate("count", ColumnRef(table, key[0]), distinct=True)
    return replace(
        plan,
        select=tuple(once if e == Aggregate("count") else e for e in plan.select),
        order=tuple(replace(o, key=once) if o.key == Aggregate("count") else o for o in plan.order),
    )


def compared_once(draft: Draft, plan: Plan) -> Plan:
    """As in "more than 2 orders of toys": orders are compared, and not the lines that a condition joins."""
    said = {table for at, table in draft.mentions if draft.items[at].kind == "number"}
    having = []
    for each in plan.having:
        left = each.left
        summed = isinstance(left, Aggregate) and left.function in ("sum", "avg")
        if summed and isinstance(left, Aggregate) and left.argument is not None:
            measured = {column.table for column in expression_columns(left)}
            if _repeats(draft, plan, measured):
                rows = ", ".join(sorted(measured))
                draft.suspect(_INFLATED, f"a join would count rows of {rows} more than once")
        elif left == Aggregate("count") and len(said) == 1:
            (table,) = said
            key = draft.index.tables[table].key
            own = {ColumnRef(table, name) for name in key} <= set(plan.group)
            repeats = table in plan_tables(plan) and _repeats(draft, plan, {table})
            if repeats and len(key) == 1 and not own and not _linked_once(draft, plan, table):
                once = Aggregate("count", ColumnRef(table, key[0]), distinct=True)
                each = replace(each, left=once)
        having.append(each)
    return replace(plan, having=tuple(having))


def _linked_once(draft: Draft, plan: Plan, table: str) -> bool:
    """Whether each group has a row of a table once already: the pair is the key of the table between."""
    groups = {c.table for e in plan.group for c in expression_columns(e)}
    path = draft.graph.path({table}, groups.pop()) if len(groups) == 1 else None
    if path is None or len(path) != 2:
        return False
    if not set(plan_tables(plan)) <= {table, *(join.right for join in path)}:
        return False
    ends = {a for a, _ in path[1].pairs} | {b for _, b in path[0].pairs}
    return set(draft.index.tables[path[0].right].key) <= ends


_INFLATED = 0.5


def _doubt_siblings(draft: Draft, plan: Plan, table: str) -> None:
    """As in revenue "from mobile visits": two kinds of events that only meet in the customer."""
    for other in plan_tables(plan):
        path = draft.graph.path({table}, other) or ()
        ups = [join.to_one for join in path]
        if True in ups and False in ups[ups.index(True) :]:
            draft.suspect(_INFLATED, f"{table} and {other} are tied only through {path[0].right}")
            return


def _measured(plan: Plan) -> tuple[ColumnRef, ...]:
    return tuple(
        column
        for each in _aggregates(plan)
        if each.share is None
        for column in expression_columns(each)
    )


def _aggregates(plan: Plan) -> tuple[Aggregate, ...]:
    return tuple(each for e in plan.select for each in aggregates_of(e))


def _measured_table(draft: Draft, plan: Plan) -> str | None:
    """The one table whose rows the aggregates are over, or None when there are several."""
    tables = {column.table for column in _measured(plan)}
    if any(each.argument is None for each in _aggregates(plan)):
        if draft.counted is None:
            return None
        tables.add(draft.counted)
    return tables.pop() if len(tables) == 1 else None
