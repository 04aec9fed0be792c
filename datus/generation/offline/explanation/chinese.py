"""A plan in Chinese."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import assert_never

from datus.generation.offline.explanation.scope import (
    Match,
    Names,
    Scale,
    Scope,
    alternatives,
    as_number,
    matched,
)
from datus.generation.offline.plan import (
    Aggregate,
    AnyPlan,
    Arithmetic,
    ColumnRef,
    Compare,
    Condition,
    DatePart,
    During,
    Either,
    Elapsed,
    Expression,
    Intersection,
    IsNull,
    Like,
    Literal_,
    Member,
    Operator,
    Part,
    Plan,
    Share,
    Star,
    TimeBucket,
    Unit,
    is_figure,
)
from datus.types import Grain

_PARTS: Mapping[Part, str] = {
    "hour": "小时", "weekday": "星期（1为星期一）", "day": "日", "month": "月份",
}  # fmt: skip
GRAINS: Mapping[Grain, str] = {
    "day": "日", "week": "周", "month": "月", "quarter": "季度", "year": "年",
}  # fmt: skip
_COMPARED: Mapping[Operator, str] = {
    "=": "为", "!=": "不为", "<": "小于", ">": "大于", "<=": "不大于", ">=": "不小于",
}  # fmt: skip
_COMPARED_TIMES: Mapping[Operator, str] = {
    "=": "为", "!=": "不为", "<": "早于", ">": "晚于", "<=": "不晚于", ">=": "不早于",
}  # fmt: skip
_MATCHES: Mapping[Match, tuple[str, str]] = {
    "contains": ("包含{}", "不包含{}"),
    "starts": ("以{}开头", "不以{}开头"),
    "ends": ("以{}结尾", "不以{}结尾"),
    "pattern": ("符合模式{}", "不符合模式{}"),
}
_EXTREMES: Mapping[Scale, tuple[str, str]] = {
    "number": ("最低", "最高"), "time": ("最早", "最晚"), "text": ("排序最前", "排序最后"),
}  # fmt: skip
_SORTED: Mapping[Scale, tuple[str, str]] = {
    "number": ("从低到高", "从高到低"), "time": ("从早到晚", "从晚到早"), "text": ("升序", "降序"),
}  # fmt: skip


def sentence(plan: AnyPlan, names: Names) -> str:
    """What a plan gives, as a sentence."""
    match plan:
        case Plan():
            return f"{_clauses(Scope.of(plan, names))}。"
        case Intersection(left=left, right=right):
            one, other = (_clauses(Scope.of(each, names)) for each in (left, right))
            return f"取以下两个结果的共同部分并去重：（1）{one}；（2）{other}。"
        case _:
            assert_never(plan)


def listed(parts: Sequence[str], joint: str = "和") -> str:
    """Several phrases as one: ``甲、乙和丙``."""
    *before, last = parts
    return f"{'、'.join(before)}{joint}{last}" if before else last


def quoted(value: Literal_, *, bare: bool = False) -> str:
    """A value: texts in quotes unless ``bare``, days as ISO dates."""
    match value:
        case bool():
            return "真" if value else "假"
        case str():
            return value if bare else f"“{value}”"
        case date():
            return value.isoformat()
        case _:
            return as_number(value)


def span(start: date | None, end: date | None) -> str:
    """The days of ``[start, end)``, the last one included in what is said."""
    if start is None or end is None:
        if start is not None:
            return f"不早于{start.isoformat()}"
        return f"早于{end.isoformat()}" if end is not None else "不限时间"
    last = end - timedelta(days=1)
    return (
        f"为{start.isoformat()}"
        if start == last
        else f"在{start.isoformat()}至{last.isoformat()}之间"
    )


def _clauses(scope: Scope) -> str:
    """One SELECT: of which rows, by which groups, what, which groups, in which order, how many."""
    plan = scope.plan
    said = f"在{_rows(scope)}中，"
    keys = _keys(scope.keys, scope)
    if keys:
        said += f"按{'、'.join(keys)}分组，"
    shown = scope.shown or plan.select
    said += "统计" if all(map(is_figure, shown)) else "列出"
    said += listed([_expression(each, scope) for each in shown])
    if plan.distinct:
        said += "，去除重复"
    if plan.having:
        said += f"，只保留{_all(plan.having, scope)}的结果"
    return said + _order(scope)


def _keys(keys: Sequence[Expression | str], scope: Scope) -> list[str]:
    return [
        scope.names.table(each) if isinstance(each, str) else _expression(each, scope)
        for each in keys
    ]


def _rows(scope: Scope) -> str:
    """Of which rows, after what they must meet."""
    conditions = [f"有对应的{scope.names.table(each)}" for each in scope.joined]
    conditions += [_condition(each, scope) for each in scope.plan.where]
    units = _units(scope)
    return f"{'且'.join(conditions)}的{units}" if conditions else f"全部{units}"


def _units(scope: Scope) -> str:
    said = [scope.names.table(each) for each in scope.units]
    return said[0] if len(said) == 1 else f"{listed(said)}的组合"


def _order(scope: Scope) -> str:
    plan = scope.plan
    keys = [
        f"{_expression(each.key, scope)}{_SORTED[scope.scale(each.key)][each.descending]}"
        for each in plan.order
    ]
    by = f"，按{'、'.join(keys)}排序" if keys else ""
    if plan.limit is None:
        return by
    if plan.offset:
        first, last = plan.offset + 1, plan.offset + plan.limit
        return f"{by}，取第{first}条" if first == last else f"{by}，取第{first}至{last}条"
    if len(plan.order) == 1:
        (order,) = plan.order
        extreme = _EXTREMES[scope.scale(order.key)][order.descending]
        within = "和".join(_keys(scope.within, scope))
        each = f"每个{within}各" if within else ""
        return f"，{each}取{_expression(order.key, scope)}{extreme}的{plan.limit}条"
    return f"{by}，取前{plan.limit}条"


def _expression(expression: Expression, scope: Scope) -> str:
    match expression:
        case ColumnRef():
            return scope.column(expression)
        case Star(table=table):
            own = (table,) == scope.units
            return "全部列" if own else f"{scope.names.table(table)}的全部列"
        case Aggregate():
            return _aggregate(expression, scope)
        case Arithmetic():
            return _arithmetic(expression, scope)
        case TimeBucket(column=column, grain=grain):
            return f"{scope.column(column)}所在的{GRAINS[grain]}"
        case DatePart(column=column, part=part):
            return f"{scope.column(column)}的{_PARTS[part]}"
        case Elapsed():
            return _elapsed(expression, scope)
        case _:
            assert_never(expression)


_UNITS: Mapping[Unit, str] = {
    "second": "秒数",
    "minute": "分钟数",
    "hour": "小时数",
    "day": "天数",
    "week": "周数",
}


def _elapsed(elapsed: Elapsed, scope: Scope) -> str:
    end = elapsed.end
    last = scope.column(end) if isinstance(end, ColumnRef) else quoted(end)
    return f"从{scope.column(elapsed.start)}到{last}的{_UNITS[elapsed.unit]}"


def _share(aggregate: Aggregate, share: Share, scope: Scope) -> str:
    whole = _aggregate(replace(aggregate, share=None), scope)
    part = "百分比" if share.percent else "比例"
    if not share.part:
        return f"各组占{whole}的{part}"
    return f"{_all(share.part, scope)}的部分占{whole}的{part}"


def _arithmetic(arithmetic: Arithmetic, scope: Scope) -> str:
    left, right = arithmetic.left, arithmetic.right
    if arithmetic.operator == "-":
        return f"{_expression(left, scope)}减去{_expression(right, scope)}的差"
    unit = "百分比" if arithmetic.percent else "比例"
    if isinstance(left, Arithmetic):  # how much something grew
        return f"从{_expression(right, scope)}到{_expression(left.left, scope)}的变化{unit}"
    said = f"{_expression(left, scope)}除以{_expression(right, scope)}的商"
    return f"{said}（百分比）" if arithmetic.percent else said


def _aggregate(aggregate: Aggregate, scope: Scope) -> str:
    if aggregate.share is not None:
        return _share(aggregate, aggregate.share, scope)
    if aggregate.only:
        whole = _aggregate(replace(aggregate, only=()), scope)
        return f"{whole}（仅{_all(aggregate.only, scope)}的部分）"
    argument = aggregate.argument
    if argument is None:
        return f"{_units(scope)}的数量"
    column = _expression(argument, scope)
    match aggregate.function:
        case "count" if aggregate.distinct:
            table = scope.counted_table(argument) if isinstance(argument, ColumnRef) else None
            return f"不同{scope.names.table(table) if table else column}的数量"
        case "count":
            return f"{column}不为空的{_units(scope)}的数量"
        case "sum":
            return f"{column}的总和"
        case "avg":
            return f"{column}的平均值"
        case "median":
            return f"{column}的中位数"
        case "min" | "max" as function:
            extreme = _EXTREMES[scope.scale(argument)][function == "max"]
            return f"{extreme}的{column}"
        case _:
            assert_never(aggregate.function)


def _all(conditions: Sequence[Condition], scope: Scope) -> str:
    return "且".join(_condition(each, scope) for each in conditions)


def _condition(condition: Condition, scope: Scope) -> str:
    match condition:
        case Compare(left=left, operator=operator, right=right):
            is_time = scope.scale(left) == "time" or isinstance(right, date)
            words = _COMPARED_TIMES if is_time else _COMPARED
            return f"{_expression(left, scope)}{words[operator]}{_right(condition, scope)}"
        case Like(column=column, negated=negated):
            how, text = matched(condition)
            return f"{scope.column(column)}{_MATCHES[how][negated].format(quoted(text))}"
        case IsNull(column=column, negated=negated):
            return f"{scope.column(column)}{'不' if negated else ''}为空"
        case During():
            return _during(condition, scope)
        case Member():
            return _member(condition, scope)
        case Either(conditions=conditions):
            return _either(conditions, scope)
        case _:
            assert_never(condition)


def _right(condition: Compare, scope: Scope) -> str:
    match condition.right:
        case Plan() as plan:
            return _inside(plan, scope)
        case ColumnRef() as column:
            return scope.column(column)
        case value:
            return quoted(value, bare=scope.is_bare(value, condition.left))


def _inside(plan: Plan, scope: Scope) -> str:
    """A plan inside a condition: a noun where it has no clauses of its own, else all of it, in brackets."""
    inner = scope.inner(plan)
    if not inner.is_plain:
        return f"（{_clauses(inner)}）"
    counts = [each for each in plan.select if each == Aggregate("count")]
    said = listed(["数量" if each in counts else _expression(each, inner) for each in plan.select])
    noun = f"{_rows(inner)}的{said}"
    return f"（{noun}）" if plan.where else noun


def _during(condition: During, scope: Scope) -> str:
    column, start, end = scope.column(condition.column), condition.start, condition.end
    if condition.negated and (start is None) != (end is None):
        start, end = end, start  # not before a day is on or after it
    elif condition.negated:
        return f"{column}不{span(start, end)}"
    return f"{column}{span(start, end)}"


def _member(condition: Member, scope: Scope) -> str:
    partner, column = scope.partner(condition), condition.column
    if condition.plan.group == (column,) == condition.plan.select:
        return _group_kept(condition, scope)
    if partner is None:
        among = "不属于" if condition.negated else "属于"
        return f"{scope.column(column)}{among}{_inside(condition.plan, scope)}"
    unit = _units(partner)
    own = "" if (column.table,) == scope.units else scope.names.table(column.table)
    said = f"{own}{'没有' if condition.negated else '有'}"
    where = _all(condition.plan.where, partner)
    return f"{said}（{where}的{unit}）" if where else f"{said}{unit}"


def _group_kept(condition: Member, scope: Scope) -> str:
    """按患者分组后就诊记录的数量大于2: rows chosen by a figure of their group."""
    inner = scope.inner(condition.plan)
    (key,) = inner.keys
    own = scope.names.table(key) if isinstance(key, str) else _expression(key, inner)
    over = f"在{_rows(inner)}中，" if inner.plan.where else ""
    said = f"{over}按{own}分组后{_all(inner.plan.having, inner)}"
    return f"（并非{said}）" if condition.negated else f"（{said}）"


def _either(conditions: tuple[Condition, ...], scope: Scope) -> str:
    left = alternatives(conditions)
    if left is None:
        return f"（{'或'.join(_condition(each, scope) for each in conditions)}）"
    values = [_right(each, scope) for each in conditions if isinstance(each, Compare)]
    return f"{_expression(left, scope)}为{listed(values, '或')}"
