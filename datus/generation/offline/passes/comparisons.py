"""Passes that find comparisons with numbers: "more than 5", "older than the average", 100元以上."""

from dataclasses import replace

from datus.generation.offline.cues import MEASURES, Cue, CueKind
from datus.generation.offline.draft import Draft, Filter, is_count
from datus.generation.offline.filters import BETWEEN_NOUN_AND_TEST, FLIPPED, number
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Operator,
)


def comparisons(draft: Draft) -> None:
    """As in "more than 5", "older than 30", "5 or more", 超过100, 100元以上, "above the average"."""
    for at in list(draft.cues("compare")):
        if at in draft.taken:
            continue
        number_at = _number_of(draft, at)
        if number_at is None and draft.items[at].cue == Cue("compare", "="):
            draft.take(at)  # "what exactly"
            continue
        if number_at is None:
            _time_bound(draft, at)
            continue
        _compare(draft, at, number_at)


def _number_of(draft: Draft, at: int) -> int | None:
    after = draft.following(at, draft.is_number, skip=_TO_NUMBER, reach=4)
    before = draft.preceding(at, draft.is_number, skip=frozenset({"unit", "than"}), reach=2)
    postfix = draft.items[at].text.lower().startswith("or ") or draft.items[at].text in _POSTFIX
    if postfix and before is not None:
        return before
    return after if after is not None else before


_BETWEEN_CHINESE: frozenset[CueKind] = BETWEEN_NOUN_AND_TEST | {"aggregate"}
_TO_NUMBER: frozenset[CueKind] = frozenset({"of", "than", "be", "relative"})
_POSTFIX = ("以上", "以下", "及以上", "及以下", "以内", "或以上", "或以下", "and above", "and up")


def _compare(draft: Draft, at: int, number_at: int) -> None:
    cue = draft.items[at].cue
    assert cue is not None
    operator: Operator = cue.value  # type: ignore[assignment]
    value = number(draft.items[number_at])
    negate_at = draft.preceding(
        at, lambda p: draft.is_cue(p, "negate"), skip=frozenset({"be"}), reach=2
    )
    if negate_at is not None and negate_at not in draft.taken:
        operator = FLIPPED[operator]
        draft.take(negate_at)
    target = _target(draft, at, number_at)
    if target is None:
        return
    if isinstance(target, str):  # "more than 3 orders": rows of a table are counted
        draft.having.append(Compare(Aggregate("count"), operator, value))
        draft.mentions.append((number_at, target))
    elif isinstance(target, Aggregate):
        draft.having.append(Compare(target, operator, value))
    else:
        if cue.measure is not None and target in _inverse(draft, at):
            operator = FLIPPED[operator]
        draft.filters.append(Filter(at, Compare(target, operator, value)))
    draft.take(number_at)
    draft.take(
        at,
        meaning=f"{target if not isinstance(target, Aggregate) else 'aggregate'} {operator} {value}",
    )


def _inverse(draft: Draft, at: int) -> tuple[ColumnRef, ...]:
    cue = draft.items[at].cue
    assert cue is not None
    assert cue.measure is not None
    found = draft.measured(cue.measure, at)
    return (found[0],) if found is not None and found[1] else ()


def _target(draft: Draft, at: int, number_at: int) -> "ColumnRef | Aggregate | str | None":
    """What is compared: the measure of the cue, the noun after the number, or the noun before."""
    cue = draft.items[at].cue
    assert cue is not None
    if _times_said(draft, number_at):
        return Aggregate("count")
    last = max(at, number_at)
    after = draft.following(
        last, draft.is_noun, skip=frozenset({"of", "distinct", "unit"}), reach=3
    )
    if after is None:  # "more than 30 dollars in revenue"
        after = draft.following(
            last, draft.is_column, skip=frozenset({"unit", "relative"}), reach=3
        )
    between = _BETWEEN_CHINESE if draft.chinese else BETWEEN_NOUN_AND_TEST
    before = draft.preceding(min(at, number_at), draft.is_noun, skip=between, reach=5)
    if cue.measure is not None:
        found = draft.measured(cue.measure, at)
        measured = found[0] if found is not None else None
        return _spent(draft, measured) if cue.measure == MEASURES["spend"] else measured
    if (aged := draft.unit_measure(number_at)) is not None:
        if before is not None and draft.column(before) == aged:
            _take_filter_noun(draft, before)
        draft.take(number_at + 1)
        return aged
    if (listed := _count_compared(draft, at)) is not None:
        return listed
    if after == last + 1 and (counted := draft.table(after)) is not None:
        draft.take(after)
        return counted  # "more than 3 orders": rows, whatever column stands before
    if after is None and (ahead := _compared_after(draft, number_at)) is not None:
        return ahead
    if after != last + 1 and (joined := _compared_before(draft, min(at, number_at))) is not None:
        return joined
    return _named_target(draft, at, number_at, before, after)


def _named_target(
    draft: Draft, at: int, number_at: int, before: int | None, after: int | None
) -> "ColumnRef | Aggregate | str | None":
    """What is compared, by the nouns before and after the comparison."""
    if before is not None and (
        (table := _times_happened(draft, before, number_at)) is not None
        or (table := _counted_per_value(draft, before, number_at, after)) is not None
    ):
        return table
    if before is not None:
        aggregate = _aggregate_at(draft, before)
        if aggregate is not None:
            return aggregate
        column = draft.column(before)
        if column is not None and _comparable(draft, column) and not _far(draft, before, after, at):
            _take_filter_noun(draft, before)
            return column
    if after is not None:
        column, table = draft.column(after), draft.table(after)
        if table is not None:
            draft.take(after)
            return table
        if column is not None and _comparable(draft, column):
            draft.take(after)
            return column
        if column is not None:
            draft.take(after)
            return Aggregate("count", column, distinct=True)
    if (
        before is not None
        and (column := draft.column(before)) is not None
        and _comparable(draft, column)
    ):
        _take_filter_noun(draft, before)
        return column
    return _counted_before(draft, at)


def _spent(draft: Draft, found: ColumnRef | None) -> ColumnRef | Aggregate | None:
    """As in "hikers who spent more than 200": all that the rows of somebody cost, their price where
    nothing else says so."""
    shown = _shown(draft)
    if found is None and shown is not None:
        events = [join.right for join in draft.graph.edges.get(shown, ()) if not join.to_one]
        heads = MEASURES["money"].heads
        costs = [cost for each in events if (cost := draft.headed(each, heads)) is not None]
        found = costs[0] if len(costs) == 1 else None
    if found is None or found.table == shown:
        return found
    return Aggregate("sum", found)


def _shown(draft: Draft) -> str | None:
    """The table whose rows are asked for or counted: the first named, in Chinese the last."""
    named = [table for at in range(len(draft.items)) if (table := draft.table(at)) is not None]
    return next(iter(reversed(named) if draft.chinese else named), None)


def _times_said(draft: Draft, number_at: int) -> bool:
    """As in "more than once", "at least 3 times": how often related rows occur."""
    return draft.items[number_at].text.lower() in ("once", "twice") or (
        number_at + 1 < len(draft.items) and draft.items[number_at + 1].text.lower() == "times"
    )


def _compared_after(draft: Draft, number_at: int) -> ColumnRef | None:
    """As in "less than 20 or more than 50 beds": the column that is named behind the second comparison."""
    nxt = draft.following(
        number_at,
        lambda p: draft.is_cue(p, "compare"),
        skip=frozenset({"or", "also", "unit"}),
        reach=3,
    )
    if nxt is None or not any(draft.is_cue(p, "or", "also") for p in range(number_at, nxt)):
        return None
    other = _number_of(draft, nxt)
    noun_at = draft.following(other, draft.is_column, reach=2) if other is not None else None
    column = draft.column(noun_at) if noun_at is not None else None
    return column if column is not None and _comparable(draft, column) else None


def _compared_before(draft: Draft, at: int) -> ColumnRef | None:
    """As in "bigger than 1500 or smaller than 500": the column of the comparison right before."""
    joined = draft.preceding(
        at,
        lambda p: draft.is_number(p) or p in draft.taken,
        skip=frozenset({"or", "also", "unit"}),
        reach=3,
    )
    if joined is None or not any(draft.is_cue(p, "or", "also") for p in range(joined, at)):
        return None
    for each in reversed(draft.filters):
        if isinstance(each.condition, Compare) and isinstance(each.condition.left, ColumnRef):
            return each.condition.left
    return None


def _times_happened(draft: Draft, noun_at: int, number_at: int) -> str | None:
    """下单超过15次, 被退货超过200次: an event, or its date, compared with a number of times counts the rows."""
    column, table = draft.column(noun_at), draft.table(noun_at)
    says_times = number_at + 1 < len(draft.items) and draft.items[number_at + 1].text in (
        "次",
        "times",
    )
    if column is not None and column.column in draft.index.tables[column.table].time:
        table = column.table
    if table is None or not says_times or draft.focus_besides(table) is None:
        return None
    draft.take(noun_at, number_at + 1)
    return table


def _counted_per_value(draft: Draft, before: int, number_at: int, after: int | None) -> str | None:
    """患者不足2人的城市, 处方少于2张的药品: rows of what is named before, a group for each of what is asked for."""
    table = draft.table(before)
    asked = draft.items[after].entries[0] if after is not None else None
    linked = after is not None and any(draft.is_cue(p, "of") for p in range(number_at, after))
    if not draft.chinese or table is None or asked is None or not linked:
        return None
    path = draft.graph.path({table}, asked.table)
    if path is None or (table == asked.table and asked.column is None):
        return None
    if asked.column is not None and not all(join.to_one for join in path):
        draft.suspect(1.0, f"{asked.ref} is not one value for each of {table}")
    draft.take(before)
    return table


def _count_compared(draft: Draft, at: int) -> Aggregate | None:
    """订单数量超过3: the count right before the comparison is compared and not shown."""
    if not draft.chinese or at == 0 or not draft.is_cue(at - 1, "count"):
        return None
    made = [p for p in draft.select if isinstance(p.expression, Aggregate) and p.at < at]
    if not made:
        return None
    draft.select.remove(made[-1])
    return made[-1].expression if isinstance(made[-1].expression, Aggregate) else None


def _counted_before(draft: Draft, at: int) -> "Aggregate | None":
    """As in "whose number of orders is over 5": a count cue stands before the comparison."""
    before = draft.preceding(
        at, lambda p: draft.is_cue(p, "count"), skip=BETWEEN_NOUN_AND_TEST, reach=4
    )
    return Aggregate("count") if before is not None else None


def _far(draft: Draft, before: int, after: int | None, at: int) -> bool:
    """Whether the noun after the number is the likelier target: "names with more than 3 orders"."""
    if after is None:
        return False
    linked = any(draft.is_cue(p, "be") for p in range(before + 1, at))
    return not linked and not draft.chinese and before < at - 1


def _aggregate_at(draft: Draft, noun_at: int) -> Aggregate | None:
    """The aggregate that another pass made of the noun at a place, taken out of the projection."""
    for placed in draft.select:
        if placed.at == noun_at and isinstance(placed.expression, Aggregate):
            counted = any(i.cue and (i.cue.kind, i.cue.value) == _ASKED for i in draft.items)
            asked_rows = draft.chinese and (draft.is_cue_anywhere("rows") or counted)
            if (
                not draft.asking[noun_at]
                or _in_relative(draft, noun_at)
                or is_count(placed.expression)
                or asked_rows
            ):
                draft.select.remove(placed)
            return placed.expression
    return None


_ASKED = ("count", "ahead")  # 有多少 asks for a number of rows


def _in_relative(draft: Draft, at: int) -> bool:
    """Whether a place is in a relative clause ("... whose average age is ...") and not asked for."""
    return any(
        draft.is_cue(p, "relative") and draft.items[p].text.lower() in _CLAUSE_OPENERS
        for p in range(max(0, at - 4), at)
    )


_CLAUSE_OPENERS = frozenset(
    {"whose", "that", "which", "with", "where", "having", "have", "has", "who", "had"}
)


def _comparable(draft: Draft, column: ColumnRef) -> bool:
    return draft.index.column(column).kind in ("integer", "number", "other") or (
        "year" in draft.index.words[column]
    )


def _take_filter_noun(draft: Draft, at: int) -> None:
    """A noun that a filter is about is explained; it stays a projection if the question lists it."""
    draft.take(at)
    draft.tested.append(at)


def _time_bound(draft: Draft, at: int) -> None:
    """As in "after 2015" where the date reader already took both words, "2005 or later" where it could not."""
    said = draft.preceding(at, lambda p: draft.items[p].kind == "time", reach=2)
    if said is not None and draft.items[at].text.lower().startswith("or "):
        _open_end(draft, at, said)
        return
    time_at = draft.following(at, lambda p: draft.items[p].kind == "time", reach=3)
    if time_at is not None:
        draft.take(at)


def _open_end(draft: Draft, at: int, time_at: int) -> None:
    cue = draft.items[at].cue
    assert cue is not None
    for place, (said, time, column) in enumerate(draft.times):
        if said == time_at:
            later = cue.value in (">", ">=")
            open_time = replace(time, end=None) if later else replace(time, start=None)
            draft.times[place] = (said, open_time, column)
            draft.take(at, meaning="and later" if later else "and earlier")


def ranges(draft: Draft) -> None:
    """As in "between 5 and 10", 介于5和10之间, 5到10之间."""
    for at in list(draft.cues("between")):
        if at in draft.taken:
            continue
        if draft.chinese:
            near = [
                p
                for p in range(max(0, at - 6), min(len(draft.items), at + 6))
                if draft.is_number(p)
            ]
            low, high = (near[-2], near[-1]) if len(near) >= 2 else (None, None)
        else:
            low = draft.following(at, draft.is_number, reach=3)
            high = None if low is None else draft.following(low, draft.is_number, reach=4)
        if low is None or high is None:
            continue
        before = draft.preceding(min(at, low), draft.is_noun, skip=BETWEEN_NOUN_AND_TEST, reach=5)
        after = draft.following(
            max(at, high), draft.is_noun, skip=frozenset({"of", "unit"}), reach=3
        )
        for noun_at in (before, after):
            column = draft.column(noun_at) if noun_at is not None else None
            if noun_at is not None and column is not None and _comparable(draft, column):
                first, last = number(draft.items[low]), number(draft.items[high])
                draft.filters.append(Filter(at, Compare(column, ">=", first)))
                draft.filters.append(Filter(at, Compare(column, "<=", last)))
                draft.take(low, high, noun_at, *draft.cues("between"))
                draft.take(at, meaning=f"{column} from {first} to {last}")
                break
