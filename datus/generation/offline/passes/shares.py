"""The pass that reads shares: what part of the rows, or of a figure, some of them make up."""

from datus.generation.offline.draft import Draft, Filter, Placed
from datus.generation.offline.filters import alternatives, is_chinese_ratio
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Condition,
    During,
    Expression,
    Share,
    condition_columns,
    expression_columns,
)

_ADDITIVE = ("count", "sum")


def shares(draft: Draft) -> None:
    """As in "what percentage of the hikers live in Vienna", 女患者占比: of all that is counted or summed, the
    part for which the condition holds that is said last. Periods of time hold for the whole.

    Where nothing tells which part is meant, or the part is of other rows, the words stay unread.
    """
    said = [at for at in draft.cues("share") if not is_chinese_ratio(draft, at)]
    if not said or draft.is_cue_anywhere("growth", "difference", "ratio"):
        return
    if any(_value(draft, at) == "rate" and not _is_rate(draft, at) for at in said):
        return
    head = _whole(draft, said)
    if head is None:
        return
    at, whole = head
    part = _part(draft, said, at)
    conditions = alternatives(draft, part)
    grouped = bool(draft.group or draft.grains)
    if not (conditions or grouped) or draft.excluded or draft.having:
        return
    if not of_the_same_rows(draft, whole, conditions):
        return
    percent = any(_value(draft, each) == "percent" for each in said)
    shown = Aggregate(whole.function, whole.argument, whole.distinct, Share(conditions, percent))
    draft.filters[:] = [each for each in draft.filters if each not in part]
    draft.select[:] = [each for each in draft.select if each.expression != whole]
    draft.select.append(Placed(at, shown))
    if (
        whole.argument is not None
    ):  # 英国的销售额占总销售额的比例: said of the part, and of the whole
        draft.take(*(p for p in range(len(draft.items)) if draft.column(p) == whole.argument))
    draft.take(*said, meaning="percentage" if percent else "share")


def _value(draft: Draft, at: int) -> str:
    cue = draft.items[at].cue
    return cue.value if cue is not None else ""


def _whole(draft: Draft, said: list[int]) -> tuple[int, Aggregate] | None:
    """What is counted or summed, and where the question says it."""
    for placed in draft.select:
        each = placed.expression
        if isinstance(each, Aggregate) and each.function in _ADDITIVE:
            return placed.at, each
    first = said[0]
    order = [*range(first + 1, len(draft.items))]
    if draft.chinese:
        order += range(first - 1, -1, -1)
    for at in order:
        table, column = draft.table(at), draft.column(at)
        if at in draft.owners or any(each.at == at for each in draft.group):
            continue
        if table is not None:
            draft.counted = table
            draft.mentions.append((at, table))
            draft.take(at, meaning=f"rows of {table}")
            return at, Aggregate("count")
        if column is not None and draft.index.is_number(column) and not draft.index.is_key(column):
            draft.take(at, meaning=f"sum({column})")
            return at, Aggregate("sum", column)
    if _value(draft, first) == "rate":  # 取消率: of the rows that have the value
        (table,) = {c.table for f in draft.filters if f.at == first - 1 for c in _tables(f)}
        draft.counted = table
        draft.mentions.append((first - 1, table))
        return first, Aggregate("count")
    return None


def _tables(each: Filter) -> list[ColumnRef]:
    return list(condition_columns(each.condition))


def _is_rate(draft: Draft, at: int) -> bool:
    """As in 取消率: a value, or a column of yes and no, right before the word."""
    return any(each.at == at - 1 and isinstance(each.condition, Compare) for each in draft.filters)


def _part(draft: Draft, said: list[int], at: int) -> list[Filter]:
    """The conditions that tell the part: in English those behind what is counted, else those before it; in
    Chinese those before 占, or the last one."""
    usable = [each for each in draft.filters if not isinstance(each.condition, During)]
    if draft.chinese:
        before = [each for each in usable if each.at < said[0]]
        if draft.items[said[0]].text.startswith("占") and at > said[0]:
            return before
        return [each for each in before if each.at == max(b.at for b in before)]
    behind = [each for each in usable if each.at > at]
    return behind or [each for each in usable if said[0] < each.at < at]


def of_the_same_rows(draft: Draft, whole: Aggregate, conditions: tuple[Condition, ...]) -> bool:
    """Whether each counted or summed row meets the conditions by itself or by what its keys point to."""
    tables = {column.table for column in expression_columns(whole)}
    base = next(iter(tables), draft.counted)
    if base is None:
        return False
    for column in (c for each in conditions for c in condition_columns(each)):
        path = draft.graph.path({base}, column.table)
        if path is None or not all(join.to_one for join in path):
            return False
    return True


def is_share(expression: Expression) -> bool:
    """Whether an expression is a part of a whole."""
    return isinstance(expression, Aggregate) and expression.share is not None
