"""Counts of what groups are left: how many customers have more than two orders."""

from dataclasses import replace

from datus.generation.offline.draft import Draft
from datus.generation.offline.filters import FLIPPED
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Elapsed,
    Member,
    Plan,
    condition_columns,
    plan_tables,
)


def counted_groups(draft: Draft, plan: Plan) -> Plan | None:
    """As in "how many customers spent more than 200 in total": the groups that are left are counted, and
    not the rows in them. None where the question does not say what the groups are."""
    key = _counted_key(draft, plan)
    if key is None or key.table not in plan_tables(plan) or not _repeats(draft, plan, key):
        return None
    rows = draft.index.tables[key.table].key == (key.column,)
    own = tuple(
        c for c in plan.where if {each.table for each in condition_columns(c)} == {key.table}
    )
    few = rows and len(plan.having) == 1 and _is_few(plan.having[0])
    having = tuple(replace(c, operator=FLIPPED[c.operator]) if few else c for c in plan.having)
    groups = Plan(
        select=(key,),
        tables=tuple(dict.fromkeys((key.table, *plan.tables))),
        where=tuple(c for c in plan.where if not (rows and c in own)),
        group=(key,),
        having=having,
        via=plan.via,
    )
    once = Aggregate("count", key, distinct=True)
    shown = tuple(once if not rows and e.function == "count" else e for e in _figures(plan))
    kept = own if rows else ()
    return Plan(select=shown, tables=(key.table,), where=(*kept, Member(key, groups, negated=few)))


def _figures(plan: Plan) -> tuple[Aggregate, ...]:
    return tuple(each for each in plan.select if isinstance(each, Aggregate))


def _is_few(condition: Compare) -> bool:
    """As in "fewer than 2 wardens": none at all is fewer, too, and no group shows it."""
    return condition.left == Aggregate("count") and condition.operator in ("<", "<=")


def _repeats(draft: Draft, plan: Plan, key: ColumnRef) -> bool:
    """Whether a group can have several rows, and all of them of one kind: rows of a table grouped by its own
    key alone never have, and rows of two tables that only the key ties together are combinations."""
    if draft.index.tables[key.table].key != (key.column,):
        return True
    paths = [draft.graph.path({key.table}, each) or () for each in plan_tables(plan)]
    return len({path[0] for path in paths if path and not path[0].to_one}) == 1


def _counted_key(draft: Draft, plan: Plan) -> ColumnRef | None:
    """What tells the groups apart whose rows a figure is of: the column counted, else the key of the table
    counted or measured."""
    figures = _figures(plan)
    if len(figures) < len(plan.select) or plan.order or plan.limit is not None:
        return None
    if any(each.share is not None for each in figures):
        return None
    arguments = {each.argument for each in figures}
    if any(isinstance(each, Elapsed) for each in arguments):
        return None
    counted = figures[0].argument if figures and figures[0].function == "count" else None
    if len(figures) == 1 and isinstance(counted, ColumnRef):
        return counted
    measured = {each.table for each in arguments if isinstance(each, ColumnRef)}
    tables = measured | ({draft.counted} if None in arguments else set())
    table = tables.pop() if len(tables) == 1 else None
    key = draft.index.tables[table].key if table is not None else ()
    compared = any(isinstance(each.left, Aggregate) for each in plan.having)
    return ColumnRef(table, key[0]) if table is not None and len(key) == 1 and compared else None
