"""Passes that find averages over groups: "average number of orders per customer", 平均每位患者有多少次就诊, and the
average of sums where a measure lies in the parts: "average order amount" over order lines."""

from datus.generation.offline.cues import Cue, CueKind
from datus.generation.offline.draft import Draft, Placed, is_additive
from datus.generation.offline.plan import (
    Aggregate,
    Arithmetic,
    ColumnRef,
    Condition,
    Expression,
    Function,
    IsNull,
)
from datus.text import lemma


def averages_per(draft: Draft) -> None:
    """As in "average number of orders per customer", "how many stays does a hiker have on average",
    平均每个科室有多少医生: the number of all of them over the number of those that have any."""
    for at in list(draft.cues("aggregate")):
        cue = draft.items[at].cue
        assert cue is not None
        counts = list(draft.cues("count"))
        if cue.value != "avg" or len(counts) > 1:
            continue
        owner = _owner(draft)
        measured_at = _measured(draft, at, counts, owner) if owner is not None else None
        if owner is None or measured_at is None:
            continue
        each_at, owner_at = owner
        made = _quotient_at(draft, measured_at, owner_at, counted=bool(counts))
        if made is None:
            continue
        draft.select.append(Placed(measured_at, made))
        draft.take(owner_at, measured_at, *counts)
        draft.take(*(p for p in (each_at,) if draft.is_cue(p, "each")))
        draft.take(at, meaning="average of each")


def _owner(draft: Draft) -> tuple[int, int] | None:
    """What the average is for each of: in English said behind what is counted; where its word stands, and its noun."""
    for at in range(len(draft.items)):
        if draft.is_cue(at, "each") and at not in draft.taken:
            noun_at = draft.following(at, draft.is_noun, skip=_TO_OWNER, reach=3)
        elif draft.items[at].text.lower() in ("a", "an") and draft.is_cue_anywhere("count"):
            noun_at = at + 1 if at + 1 < len(draft.items) and draft.table(at + 1) else None
        else:
            continue
        if noun_at is not None and noun_at not in draft.taken:
            return at, noun_at
    return None


_TO_OWNER = frozenset[CueKind]({"of", "each", "unit", "distinct"})
# Sums that each customer, store or day has one of; of amounts and costs it is not clear which average is meant.
_TOTALS = frozenset({"revenue", "sale", "sales", "spending", "spend", "profit", "income", "volume"})


def _measured(
    draft: Draft, average_at: int, counts: list[int], owner: tuple[int, int]
) -> int | None:
    """What is counted or summed: a noun at the count, else the measure that the average is of."""
    each_at, owner_at = owner
    if counts:
        (count_at,) = counts
        ahead = draft.items[count_at].cue == Cue("count", "ahead") or not draft.chinese
        look = draft.following if ahead else draft.preceding
        found = look(count_at, draft.is_noun, skip=_TO_MEASURE, reach=4)
        if found in (None, owner_at) or (not draft.chinese and each_at < (found or 0)):
            return None
        return found
    if draft.chinese:
        if owner_at < average_at:  # 每个科室的平均工资 is a group's
            return None
        return draft.following(owner_at, draft.is_column, skip=_TO_MEASURE, reach=3)
    found = draft.following(average_at, draft.is_column, skip=_TO_MEASURE, reach=2)
    column = draft.column(found) if found is not None else None
    said = {lemma(word) for word in draft.items[found].text.lower().split()} if found else set()
    total = column is not None and bool(_TOTALS & {*said, *draft.index.words[column]})
    return found if total and draft.items[each_at].text.lower() == "per" else None


_TO_MEASURE = frozenset[CueKind]({"of", "distinct", "aggregate", "relative"})


def _quotient_at(
    draft: Draft, measured_at: int, owner_at: int, *, counted: bool
) -> Expression | None:
    column, table = draft.column(measured_at), draft.table(measured_at)
    base = column.table if column is not None else table
    assert base is not None
    if column is not None:
        if not draft.index.is_number(column) or draft.index.is_key(column):
            return None
        if (
            draft.table(owner_at) == base
        ):  # "the average number of pages per visit" is a column of visits
            return Aggregate("avg", column)
        if not is_additive(draft, column) and not (counted and _is_per(draft, owner_at)):
            return None
        if (
            draft.table(owner_at) is None
        ):  # "average number of points of each position" is a group's
            return None
    found = _owners(draft, base, owner_at)
    if found is None:
        return None
    base, over = found
    if column is not None and base != column.table:
        return None
    draft.counted = base
    draft.mentions.append((measured_at, base))
    return quotient(draft, "count" if column is None else "sum", column, over)


def _is_per(draft: Draft, owner_at: int) -> bool:
    said = draft.items[owner_at - 1].text.lower() if owner_at else ""
    return draft.chinese or said in ("per", "a", "an")


def quotient(
    draft: Draft, function: Function, argument: ColumnRef | None, over: ColumnRef
) -> Arithmetic:
    """A figure over the number of different values of a column; rows without one are in neither."""
    known: tuple[Condition, ...] = ()
    if draft.index.column(over).nullable:
        known = (IsNull(over, negated=True),)
    whole = Aggregate(function, argument, only=known)
    return Arithmetic(whole, "/", Aggregate("count", over, distinct=True))


def _owners(draft: Draft, base: str, owner_at: int) -> tuple[str, ColumnRef] | None:
    """The table whose rows are counted, and its column that tells which owner a row belongs to."""
    column, table = draft.column(owner_at), draft.table(owner_at)
    if column is not None:
        path = draft.graph.path({base}, column.table)
        reached = path is not None and all(join.to_one for join in path)
        return (base, column) if reached and not draft.index.is_number(column) else None
    assert table is not None
    path = draft.graph.path({base}, table)
    if path and not path[0].to_one:  # a table of pairs lies between
        pairs = draft.index.tables[path[0].right]
        base, path = path[0].right, path[1:]
        if not path or not set(pairs.key) <= pairs.foreign or len(pairs.key) != 2:
            return None
    if not path or not all(join.to_one for join in path):
        return None
    over = owner_key(draft, base, table)
    return (base, over) if over is not None else None


def owner_key(draft: Draft, base: str, table: str) -> ColumnRef | None:
    """The column that tells for each row of a table which row of another it belongs to, nearest first."""
    path = draft.graph.path({base}, table)
    if path and len(path) == 1 and len(path[0].pairs) == 1:
        return ColumnRef(base, path[0].pairs[0][0])
    key = draft.index.tables[table].key
    return ColumnRef(table, key[0]) if len(key) == 1 else None


def average_of_sums(draft: Draft, column: ColumnRef, whole: str) -> Arithmetic | None:
    """As in "average order amount" where the amounts are those of order lines: all of it over the number of orders.

    None where the measure does not add up, or the table that holds it is not called as a part of the other.
    """
    own, part = draft.index.tables[whole].words, draft.index.tables[column.table].words
    path = draft.graph.path({column.table}, whole)
    if not own or part[: len(own)] != own or not path or not all(join.to_one for join in path):
        return None
    over = owner_key(draft, column.table, whole)
    if over is None or not is_additive(draft, column):
        return None
    return quotient(draft, "sum", column, over)


def average_value(draft: Draft, table: str) -> Expression | None:
    """As in "average order value": of the one column of amounts that the table holds, else that its parts hold."""
    own = _amounts(draft, table)
    if own:
        return Aggregate("avg", own[0]) if len(own) == 1 else None
    parts = [join.right for join in draft.graph.edges.get(table, ()) if not join.to_one]
    amounts = [each for part in dict.fromkeys(parts) for each in _amounts(draft, part)]
    made = [
        each for each in (average_of_sums(draft, a, table) for a in amounts) if each is not None
    ]
    return made[0] if len(made) == 1 else None


_AMOUNTS = frozenset({"amount", "total", "revenue", "sale", "sales", "value"})


def _amounts(draft: Draft, table: str) -> list[ColumnRef]:
    columns = (ColumnRef(table, each.name) for each in draft.index.tables[table].schema.columns)
    return [
        each
        for each in columns
        if _AMOUNTS & set(draft.index.words[each])
        and draft.index.is_number(each)
        and not draft.index.is_key(each)
    ]
