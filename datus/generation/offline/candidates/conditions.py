"""Edits of a plan's conditions."""

from collections.abc import Iterator
from dataclasses import replace

from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Condition,
    During,
    Either,
    Expression,
    Like,
    Member,
    Operator,
    Plan,
    Star,
    plan_tables,
)

_FEW = 4


def swap_filtered(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """A value or number held against another column that has it or that the words may mean."""
    for at, condition in enumerate(plan.where):
        for other in _other_conditions(condition, scene):
            yield replace(plan, where=(*plan.where[:at], other, *plan.where[at + 1 :]))


def _other_conditions(condition: Condition, scene: Scene) -> Iterator[Condition]:
    if isinstance(condition, Member) and not condition.plan.group:
        for at, inner in enumerate(condition.plan.where):
            for other in _other_conditions(inner, scene):
                where = (*condition.plan.where[:at], other, *condition.plan.where[at + 1 :])
                yield replace(condition, plan=replace(condition.plan, where=where))
        return
    if not (isinstance(condition, Compare) and isinstance(condition.left, ColumnRef)):
        return
    if isinstance(condition.right, str):
        for item in scene.items:
            if any(hit.value == condition.right for hit in item.hits):
                for hit in item.hits:
                    left = ColumnRef(hit.table, hit.column)
                    if left != condition.left:
                        yield replace(condition, left=left, right=hit.value)
    elif isinstance(condition.right, int | float):
        for rival in scene.rivals.get(condition.left, ()):
            if scene.index.is_number(rival):
                yield replace(condition, left=rival)


def join_filters(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """Conditions that all hold, or one of which holds."""
    for condition in plan.where:
        if isinstance(condition, Either):
            rest = tuple(each for each in plan.where if each != condition)
            yield replace(plan, where=(*rest, *condition.conditions))
    plain = tuple(each for each in plan.where if isinstance(each, Compare | Like))
    if len(plain) == 2 and scene.is_said("or", "also"):
        rest = tuple(each for each in plan.where if each not in plain)
        yield replace(plan, where=(*rest, Either(plain)))


def place_number(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """A number of the question that the plan does not use, held against a measure or a count, alone, with
    another number or as another way to meet a condition."""
    used = set(_numbers(plan))
    idle = {
        at: int(item.number) if item.number == int(item.number) else item.number
        for at, item in enumerate(scene.items)
        if item.number is not None and item.number not in used
    }
    plain = tuple(e for e in plan.select if not isinstance(e, Aggregate | Star))
    for at, value in idle.items():
        operator = scene.operator_near(at)
        for ref in _compared(plan, scene, at):
            held = Compare(ref, operator, value)
            yield from _held(plan, held, ref)
            if scene.is_said("or") and plan.where:
                yield replace(plan, where=(*plan.where[:-1], _either(plan.where[-1], held)))
        for function in dict.fromkeys(name for _, name in scene.functions) if plain else ():
            for ref in _compared(plan, scene, at):
                if ref in scene.column_scores:
                    figure = Compare(Aggregate(function, ref), operator, value)
                    keys = tuple(each for each in plain if each != ref)
                    shown = tuple(each for each in plan.select if each != ref)
                    if keys:
                        kept = replace(plan, select=shown, group=())
                        yield _with_having(kept, scene.group_keys(keys), (figure,))
        if plain:
            counted = (Compare(Aggregate("count"), operator, value),)
            yield _with_having(plan, scene.group_keys(plain), counted)
    if len(idle) == 2 and scene.is_said("or", "between"):
        low, high = sorted(idle.values())
        yield from _place_pair(plan, scene, tuple(_compared(plan, scene, min(idle))), low, high)


def _place_pair(
    plan: Plan, scene: Scene, columns: tuple[ColumnRef, ...], low: float, high: float
) -> Iterator[Plan]:
    """Two numbers: the bounds of a column or a count, or two values of which either will do."""
    between = scene.is_said("between")
    for ref in columns:
        if between:
            yield replace(
                plan, where=(*plan.where, Compare(ref, ">=", low), Compare(ref, "<=", high))
            )
        else:
            either = Either((Compare(ref, "=", low), Compare(ref, "=", high)))
            yield from _held(plan, either, ref)
    plain = tuple(e for e in plan.select if not isinstance(e, Aggregate | Star))
    if between and plain:
        count = Aggregate("count")
        bounds = Compare(count, ">=", low), Compare(count, "<=", high)
        yield _with_having(plan, scene.group_keys(plain), bounds)


def _held(plan: Plan, condition: Condition, left: ColumnRef) -> Iterator[Plan]:
    """With one more condition; what it is about may have been shown only for want of it."""
    yield replace(plan, where=(*plan.where, condition))
    select = tuple(each for each in plan.select if each != left)
    if select and select != plan.select:
        group = tuple(each for each in plan.group if each != left)
        yield replace(plan, select=select, group=group, where=(*plan.where, condition))


def _compared(plan: Plan, scene: Scene, at: int) -> Iterator[ColumnRef]:
    """The columns that a number may be held against: measures that are named, that the comparing word is
    about ("younger") or that stand in the only table."""
    own = plan_tables(plan)
    implied = scene.measure_near(at)
    told: list[ColumnRef] = []
    near: list[ColumnRef] = []
    for table in own:
        named = len(own) == 1 or scene.is_named_before(table, at)
        for ref in filter(scene.is_measure, scene.columns_of(table)):
            about = implied is not None and scene.index.words[ref][-1] in implied.heads
            if about or scene.column_scores.get(ref, 0.0) > 0:
                told.append(ref)
            elif named and implied is None:
                near.append(ref)
    yield from told
    if not told or len(near) <= _FEW:
        yield from near[: 2 * _FEW]


def _either(one: Condition, other: Condition) -> Either:
    return Either((*(one.conditions if isinstance(one, Either) else (one,)), other))


def _with_having(plan: Plan, plain: tuple[Expression, ...], having: tuple[Compare, ...]) -> Plan:
    group = plan.group or plain
    return replace(plan, group=group, having=(*plan.having, *having), distinct=False)


def _numbers(plan: Plan) -> Iterator[float]:
    if plan.limit is not None:
        yield plan.limit
    for condition in (*plan.where, *plan.having):
        match condition:
            case Compare(right=int() | float() as right):
                yield right
            case Either(conditions=conditions):
                for each in conditions:
                    if isinstance(each, Compare) and isinstance(each.right, int | float):
                        yield each.right
            case Member(plan=inner):
                yield from _numbers(inner)
            case _:
                continue


def place_value(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """A value of the data that the question says and the plan does not use, alone, with another one of its
    column, or as another way to meet a condition."""
    used = {c.right for c in _compares(plan) if isinstance(c.right, str)}
    own = plan_tables(plan)
    idle: dict[ColumnRef, list[Compare]] = {}
    for hit in scene.hits:
        near = hit.table in own or scene.is_near(own, hit.table)
        if hit.value not in used and near and hit.score >= 0.65:
            held = Compare(ColumnRef(hit.table, hit.column), "=", hit.value)
            idle.setdefault(ColumnRef(hit.table, hit.column), []).append(held)
            yield from _placed(plan, held, hit.table)
            if scene.is_said("or") and plan.where:
                yield replace(plan, where=(*plan.where[:-1], _either(plan.where[-1], held)))
    for ref, tests in idle.items():
        if len(tests) == 2 and scene.is_said("or", "also"):
            yield from _placed(plan, Either(tuple(tests)), ref.table)


def _placed(plan: Plan, condition: Condition, table: str) -> Iterator[Plan]:
    """With one more condition; on a partner that has to be there, or must not be, where its table is one of it."""
    inside = False
    for at, each in enumerate(plan.where):
        if isinstance(each, Member) and table in plan_tables(each.plan):
            inner = replace(each.plan, where=(*each.plan.where, condition))
            held = replace(each, plan=inner)
            yield replace(plan, where=(*plan.where[:at], held, *plan.where[at + 1 :]))
            inside = inside or each.negated
    if not inside:
        yield replace(plan, where=(*plan.where, condition))


def place_text(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """A quoted text, or a word after "contains", somewhere in a text that is shown or named."""
    kinds = ("contain", "start", "end")
    like = scene.is_said(*kinds)
    for at, item in enumerate(scene.items):
        cue = scene.items[at - 1].cue if at else None
        after = cue is not None and cue.kind in kinds  # "the word you": whatever stands there
        said = like and item.kind in ("word", "value") and (after or not item.light)
        if item.kind != "quote" and not said:
            continue
        text = item.text.strip("\"'“”‘’ %")
        for table in plan_tables(plan):
            for ref in scene.columns_of(table):
                named = ref in scene.column_scores or ref in plan.select
                if named and text and not scene.index.is_number(ref):
                    patterns = {"start": f"{text}%", "end": f"%{text}"}
                    kind = next((k for k in patterns if scene.is_said(k)), "")
                    condition = Like(ref, patterns.get(kind, f"%{text}%"))
                    if condition not in plan.where:
                        yield replace(plan, where=(*plan.where, condition))


def place_time(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """A time of the question on another column that tells when."""
    own = plan_tables(plan)
    rest = tuple(each for each in plan.where if not isinstance(each, During))
    for item in scene.items:
        if item.time is None:
            continue
        for table in scene.index.tables:
            if table in own or scene.is_near(own, table):
                for name in scene.index.tables[table].time:
                    held = During(ColumnRef(table, name), item.time.start, item.time.end)
                    if held not in plan.where:
                        yield replace(plan, where=(*rest, held))
                start, end = item.time.start, item.time.end
                for ref in scene.columns_of(table):
                    whole = start is not None and end is not None and end.year == start.year + 1
                    if whole and start is not None and scene.index.words[ref][-1] == "year":
                        year = start.year if scene.index.is_number(ref) else str(start.year)
                        if not scene.index.is_time(ref):
                            yield replace(plan, where=(*rest, Compare(ref, "=", year)))


def other_operator(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """A number compared in another way."""
    for at, condition in enumerate(plan.where):
        if isinstance(condition, Compare) and isinstance(condition.right, int | float):
            for operator in _OPERATORS:
                if operator != condition.operator:
                    other = replace(condition, operator=operator)
                    yield replace(plan, where=(*plan.where[:at], other, *plan.where[at + 1 :]))
    for at, having in enumerate(plan.having):
        for operator in _OPERATORS:
            if operator != having.operator:
                held = replace(having, operator=operator)
                yield replace(plan, having=(*plan.having[:at], held, *plan.having[at + 1 :]))


_OPERATORS: tuple[Operator, ...] = ("=", ">", "<", ">=", "<=")


def move_number(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """A number held against a measure of the rows in place of their count, or the other way round."""
    for having in plan.having:
        rest = tuple(each for each in plan.having if each != having)
        if isinstance(having.right, int | float):
            for table in plan_tables(plan):
                for ref in scene.columns_of(table):
                    if scene.is_measure(ref) and scene.column_scores.get(ref, 0.0) > 0:
                        held = Compare(ref, having.operator, having.right)
                        group = plan.group if rest or _aggregated(plan) else ()
                        yield replace(plan, having=rest, where=(*plan.where, held), group=group)
    plain = tuple(each for each in plan.select if isinstance(each, ColumnRef))
    for condition in plan.where:
        if isinstance(condition, Compare) and isinstance(condition.right, int | float) and plain:
            counted = Compare(Aggregate("count"), condition.operator, condition.right)
            rest_ = tuple(each for each in plan.where if each != condition)
            yield replace(
                plan,
                where=rest_,
                having=(*plan.having, counted),
                group=plan.group or scene.group_keys(plain),
            )


def _aggregated(plan: Plan) -> bool:
    return any(isinstance(each, Aggregate) for each in plan.select)


def compare_columns(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """As in "a lower support rate than oppose rate": two measures of one row."""
    for at, item in enumerate(scene.items):
        if item.cue is None or item.cue.kind != "compare":
            continue
        near = [n for n in scene.columns if abs(n.at - at) <= 5 and scene.is_measure(n.ref)]
        for one in near:
            for other in near:
                if one.at < other.at and one.ref.table == other.ref.table and one.ref != other.ref:
                    operator: Operator = item.cue.value  # type: ignore[assignment]
                    held = Compare(one.ref, operator, other.ref)
                    yield replace(plan, where=(*plan.where, held))


def _compares(plan: Plan) -> Iterator[Compare]:
    for condition in plan.where:
        match condition:
            case Compare():
                yield condition
            case Either(conditions=conditions):
                yield from (each for each in conditions if isinstance(each, Compare))
            case Member(plan=inner):
                yield from _compares(inner)
            case _:
                continue
