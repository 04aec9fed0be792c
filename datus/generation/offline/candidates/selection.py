"""Edits of what a plan shows."""

from collections.abc import Iterator
from dataclasses import replace

from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Expression,
    Function,
    Plan,
    Star,
    expression_columns,
    plan_tables,
)

_MOST_SELECTED = 5


def toggle_distinct(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """Each different row once, or every row."""
    if plan.is_plain:
        yield replace(plan, distinct=not plan.distinct)


def drop_selected(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """One column less, where what is left still tells something: groups are shown with their keys and a
    figure, a name of several columns whole unless a word asks for a part of it."""
    aggregates = sum(isinstance(each, Aggregate) for each in plan.select)
    ranked = bool(plan.having) or any(isinstance(order.key, Aggregate) for order in plan.order)
    said = {named.ref for named in scene.columns}
    for at, each in enumerate(plan.select if len(plan.select) > 1 else ()):
        if plan.group and not ranked:
            if aggregates and each in plan.group and len(plan.select) - aggregates == 1:
                continue
            if aggregates == 1 and isinstance(each, Aggregate):
                continue
        if isinstance(each, ColumnRef):
            label = scene.index.label(each.table)
            if len(label) > 1 and each in label and said.isdisjoint(label):
                continue
        yield _with_select(plan, (*plan.select[:at], *plan.select[at + 1 :]))


def _with_select(plan: Plan, select: tuple[Expression, ...]) -> Plan:
    """Another projection; a plain column of it is a group key wherever there are groups."""
    select = tuple(dict.fromkeys(select))
    plain: tuple[Expression, ...]
    plain = tuple(each for each in select if not isinstance(each, Aggregate | Star))
    if not plan.group:
        aggregated = any(isinstance(each, Aggregate) for each in select)
        return replace(plan, select=select, group=plain if aggregated else ())
    gone = {each for each in plan.select if each not in select}
    group = (*(each for each in plan.group if each not in gone), *plain)
    return replace(plan, select=select, group=tuple(dict.fromkeys(group)) or plan.group)


def add_selected(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """One more column that the question names, from a table that is read or next to one."""
    if len(plan.select) >= _MOST_SELECTED or any(isinstance(each, Star) for each in plan.select):
        return
    own = plan_tables(plan)
    shown = {column for each in plan.select for column in expression_columns(each)}
    first = next((n.at for n in scene.columns if n.ref in shown), 0)
    for named in scene.columns:
        if named.ref in shown or named.score < 0.55 or scene.is_outdone(named):
            continue
        if named.ref.table in own or scene.is_near(own, named.ref.table):
            before = named.at < first
            select = (named.ref, *plan.select) if before else (*plan.select, named.ref)
            yield _with_select(plan, select)
    for table in own:
        label = scene.index.label(table)[:1]
        bare = all(column.table != table for column in shown)
        if label and bare and scene.table_scores.get(table, 0.0) >= 0.6:
            yield _with_select(plan, (*label, *plan.select))


def swap_selected(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """A column in place of another that the same words may mean."""
    for at, each in enumerate(plan.select):
        for other in _replacements(each, scene):
            yield _with_select(plan, (*plan.select[:at], other, *plan.select[at + 1 :]))


def _replacements(each: Expression, scene: Scene) -> Iterator[Expression]:
    match each:
        case ColumnRef():
            yield from scene.rivals.get(each, ())
            roles = scene.index.tables[each.table]
            label = scene.index.label(each.table)
            if label == (each,):
                yield from (ColumnRef(each.table, name) for name in roles.key[:1])
            elif roles.key == (each.column,):
                yield from label[:1]
        case Aggregate(function=function, argument=ColumnRef() as argument, distinct=distinct):
            for other in scene.rivals.get(argument, ()):
                yield Aggregate(function, other, distinct)
        case _:
            return


def select_entity(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """The rows of another table that the question names, in place of all that is shown."""
    if any(isinstance(each, Aggregate) for each in plan.select):
        return
    own = plan_tables(plan)
    for table, score in scene.table_scores.items():
        if score < 0.6 or not (table in own or scene.is_near(own, table)):
            continue
        label = scene.index.label(table)
        if label and label != plan.select:
            yield _with_select(plan, label)
        if plan.select != (Star(table),) and len(plan.select) == 1:
            yield replace(plan, select=(Star(table),), group=())


_FUNCTIONS: tuple[Function, ...] = ("sum", "avg", "min", "max")


def change_aggregates(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """Rows counted or different values, a measure itself or its sum or average."""
    for at, each in enumerate(plan.select):
        for other in _other_aggregates(each, plan, scene):
            yield _with_select(plan, (*plan.select[:at], other, *plan.select[at + 1 :]))


def _other_aggregates(each: Expression, plan: Plan, scene: Scene) -> Iterator[Expression]:
    match each:
        case Aggregate(function="count", argument=None):
            for named in scene.columns:
                if named.score >= 0.6:
                    yield Aggregate("count", named.ref, distinct=True)
                    if scene.is_measure(named.ref):
                        yield named.ref
                        yield Aggregate("sum", named.ref)
            for table in plan_tables(plan)[:1] if len(plan_tables(plan)) > 1 else ():
                key = scene.index.tables[table].key
                if len(key) == 1:
                    yield Aggregate("count", ColumnRef(table, key[0]), distinct=True)
            for table in plan_tables(plan):
                for ref in scene.columns_of(table):
                    if scene.index.words[ref] == scene.index.tables[table].words:
                        yield Aggregate("count", ref, distinct=True)
                        if scene.is_measure(ref):
                            yield ref
                            yield Aggregate("sum", ref)
        case Aggregate(function="count", argument=ColumnRef() as argument, distinct=distinct):
            yield Aggregate("count")
            yield Aggregate("count", argument, distinct=not distinct)
            if scene.is_measure(argument):
                yield Aggregate("sum", argument)
        case Aggregate(function=function, argument=ColumnRef() as argument):
            yield argument
            for name in _FUNCTIONS:
                if name != function:
                    yield Aggregate(name, argument)
        case ColumnRef() if scene.is_measure(each):
            for name in _FUNCTIONS:
                yield Aggregate(name, each)
        case _:
            return


def count_beside(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """The number of rows beside what is listed, or no longer beside it."""
    ranked = bool(plan.having) or any(isinstance(order.key, Aggregate) for order in plan.order)
    if Aggregate("count") in plan.select and len(plan.select) > 1 and ranked:
        yield replace(plan, select=tuple(e for e in plan.select if e != Aggregate("count")))
    elif scene.is_said("count") and not any(isinstance(e, Aggregate | Star) for e in plan.select):
        group = plan.group or scene.group_keys(plan.select)
        yield replace(plan, select=(*plan.select, Aggregate("count")), group=group, distinct=False)
