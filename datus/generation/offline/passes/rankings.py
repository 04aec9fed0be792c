"""The pass that finds rankings: "the oldest", "highest salary", "most orders", "top 3", 销售额最高的5个."""

from dataclasses import replace
from itertools import pairwise

from datus.generation.offline.cues import Measure
from datus.generation.offline.draft import Draft, Filter, Placed, Ranking
from datus.generation.offline.filters import number
from datus.generation.offline.passes.quantities import TO_NOUN
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Function,
    Order,
    Plan,
)


def extremes(draft: Draft) -> None:
    """As in "the highest and lowest price", 工资最高多少、最低多少: both values, and no rows that have them."""
    said = [at for at in draft.cues("superlative") if draft.asking[at]]
    for one, other in pairwise(said):
        directions = {_value(draft, one), _value(draft, other)}
        joined = any(draft.is_cue(p, "also") for p in range(one + 1, other))
        columns = _columns_of_extremes(draft, one, other)
        if not joined or directions != {"asc", "desc"} or columns is None:
            continue
        if _asks_rows(draft, one, other):
            continue
        for at, (noun_at, column) in zip((one, other), columns, strict=True):
            function: Function = "max" if _value(draft, at) == "desc" else "min"
            draft.select.append(Placed(at, Aggregate(function, column)))
            how_much = (at + 1,) if draft.is_cue(at + 1, "count") else ()
            draft.take(noun_at, *how_much)
            draft.take(at, meaning=f"{function}({column})")


def _value(draft: Draft, at: int) -> str:
    cue = draft.items[at].cue
    return cue.value if cue is not None else ""


def _columns_of_extremes(
    draft: Draft, one: int, other: int
) -> tuple[tuple[int, ColumnRef], tuple[int, ColumnRef]] | None:
    """The measures of two extremes; one that is said once is that of both."""
    places: list[int | None] = []
    for at in (one, other):
        place = draft.following(at, draft.is_column, skip=TO_NOUN, reach=3)
        if place is None and draft.chinese:
            place = draft.preceding(at, draft.is_column, reach=2)
        places.append(place)
    first, second = places
    if first is None:
        first = second
    if second is None:
        second = first
    if first is None or second is None:
        return None
    found = []
    for at, place in ((one, first), (other, second)):
        column, cue = draft.column(place), draft.items[at].cue
        if column is None or cue is None or draft.index.is_key(column):
            return None
        heads = {*cue.measure.heads} if cue.measure is not None else None
        timely = column.column in draft.index.tables[column.table].time
        if heads is not None and not heads & set(draft.index.words[column]):
            return None
        if not (draft.index.is_number(column) or timely):
            return None
        found.append((place, column))
    return found[0], found[1]


def _asks_rows(draft: Draft, one: int, other: int) -> bool:
    """Whether the rows with the extremes are asked for: "which huts have ...", 工资最高和最低的医生."""
    texts = [(at, draft.items[at].text) for at in range(len(draft.items))]
    if draft.is_cue_anywhere("who") or any(
        draft.is_cue(at, "rows") and ("哪" in text or text.lower() == "which") for at, text in texts
    ):
        return True
    if draft.chinese:
        behind = range(other + 1, len(draft.items))
        return any(draft.table(at) is not None for at in behind)
    return any(
        draft.table(at) is not None
        and at not in draft.owners
        and not any(draft.is_cue(p, "each", "of", "group") for p in range(max(0, at - 2), at))
        for at in range(one)
    )


def superlatives(draft: Draft) -> None:
    """As in "the oldest", "highest salary", "most orders", "top 3", 销售额最高的5个, 前10名."""
    for at in list(draft.cues("superlative", "frequent", "top")):
        cue = draft.items[at].cue
        assert cue is not None
        if draft.ranking is not None and cue.kind == "frequent" and draft.ranking.key is None:
            draft.ranking = replace(draft.ranking, by_frequency=True)  # "top 2 most frequent"
            draft.take(at)
        if at in draft.taken or draft.ranking is not None:
            continue
        limit_at = _limit_place(draft, at)
        if cue.kind == "top" and limit_at is None:
            continue
        if cue.rank > 1 and limit_at is not None:
            continue  # "the three second highest" asks for no rows that can be told
        if limit_at is None and _extreme_of(draft, at):
            continue
        if _sorts(draft, at):
            continue
        limit = int(number(draft.items[limit_at])) if limit_at is not None else None
        descending = cue.value != "asc" and draft.items[at].text.lower() not in ("bottom", "后")
        if limit_at is None:
            limit_at = _counted_rows(draft)
            limit = int(number(draft.items[limit_at])) if limit_at is not None else None
        if cue.kind == "frequent":
            ranking = Ranking(at, descending, limit, by_frequency=True)
            ok = _frequent(draft, at, descending)
            if ok:
                continue
            ok = True
        elif cue.measure is not None:
            ranking, ok = _by_measure(draft, at, descending, limit)
        else:
            ranking, ok = _by_noun(draft, at, descending, limit, top=cue.kind == "top")
        if ok:
            draft.ranking = replace(ranking, skip=cue.rank - 1)
            if limit_at is not None:  # 最高的前三名 says "top" twice
                draft.take(limit_at, *(p for p in range(at, limit_at) if draft.is_cue(p, "top")))
            draft.take(at, meaning="most" if descending else "least")


def _extreme_of(draft: Draft, at: int) -> bool:
    """最高单价: right before a measure, with nothing behind it to choose, the value itself is asked for."""
    cue = draft.items[at].cue
    column = draft.column(at + 1) if draft.chinese and at + 1 < len(draft.items) else None
    plain = cue is not None and cue.kind == "superlative" and cue.rank == 1
    if cue is None or not plain or cue.measure is not None or column is None:
        return False
    chosen = any(draft.table(place) is not None for place in range(at + 2, len(draft.items)))
    rows = draft.is_cue_anywhere("who") or any(
        draft.is_cue(p, "rows") and "哪" in draft.items[p].text for p in range(len(draft.items))
    )
    if chosen or rows or not draft.index.is_number(column) or draft.index.is_key(column):
        return False
    function: Function = "min" if cue.value == "asc" else "max"
    draft.select.append(Placed(at + 1, Aggregate(function, column)))
    draft.take(at + 1)
    draft.take(at, meaning=f"{function}({column})")
    return True


def _sorts(draft: Draft, at: int) -> bool:
    """As in "most common first", "highest first": an order of all rows, not the choice of one."""
    cue = draft.items[at].cue
    assert cue is not None
    after = (
        at + 1
        if at + 1 < len(draft.items) and draft.items[at + 1].text.lower() == "first"
        else None
    )
    if after is None:
        return False
    measured = draft.measured(cue.measure, at) if cue.measure is not None else None
    if measured is not None:
        draft.orders.append((measured[0], (cue.value == "desc") != measured[1], at))
    else:
        draft.orders.append((None, cue.value == "desc", at))
    draft.take(at, after, meaning="order")
    return True


_MOST_ROWS = 10**6  # a larger number is an id or a measure


def _limit_place(draft: Draft, at: int) -> int | None:
    def is_limit(place: int) -> bool:
        return _counts_rows(draft, place)

    after = draft.following(at, is_limit, skip=frozenset({"of", "unit"}), reach=2)
    if after is not None and after <= at + 2:
        return after
    before = draft.preceding(at, is_limit, skip=frozenset({"unit"}), reach=2)
    if before is not None:
        return before
    if draft.chinese:
        return draft.following(
            at, is_limit, skip=frozenset({"of", "superlative", "top", "unit"}), reach=4
        )
    return None


def _counted_rows(draft: Draft) -> int | None:
    """As in "the 3 instructors who teach the most courses": the number stands before the table asked for."""
    for at in range(len(draft.items) - 1):
        if _counts_rows(draft, at) and draft.asking[at] and draft.is_noun(at + 1):
            return at
    return None


def _counts_rows(draft: Draft, at: int) -> bool:
    """Whether an item is a number that can say how many rows are wanted."""
    if not draft.is_number(at):
        return False
    wanted = number(draft.items[at])
    return isinstance(wanted, int) and 1 <= wanted <= _MOST_ROWS


def _frequent(draft: Draft, at: int, descending: bool) -> bool:
    """As in "parties with the most popular form": the frequent value is a condition, not the answer."""
    noun_at = draft.following(at, draft.is_column, skip=TO_NOUN, reach=3)
    if noun_at is None:
        noun_at = draft.preceding(
            at, draft.is_column, skip=frozenset({"relative", "be", "rows"}), reach=4
        )
    if noun_at is None or draft.asking[at] or draft.asking[noun_at]:
        return False
    column = draft.column(noun_at)
    assert column is not None
    top = Plan(
        select=(column,), group=(column,), order=(Order(Aggregate("count"), descending),), limit=1
    )
    draft.filters.append(Filter(at, Compare(column, "=", top)))
    draft.take(noun_at)
    draft.take(at, meaning=f"most frequent {column}")
    return True


def _by_measure(draft: Draft, at: int, descending: bool, limit: int | None) -> tuple[Ranking, bool]:
    cue = draft.items[at].cue
    assert cue is not None
    assert cue.measure is not None
    named_at = draft.following(at, draft.is_column, skip=TO_NOUN, reach=2)
    named = draft.column(named_at) if named_at is not None else None
    heads = {*cue.measure.heads, *cue.measure.inverse}
    if named is not None and named_at is not None and heads & set(draft.index.words[named]):
        draft.take(named_at)
        return Ranking(at, descending, limit, named, explicit=True), True
    before = draft.preceding(at, draft.is_column, reach=1)
    said = draft.column(before) if before is not None else None
    if said is not None and before is not None and _tells_time(draft, said):
        draft.take(before)  # 入职最早: by the date that stands before
        return Ranking(at, descending, limit, said), True
    found = draft.measured(cue.measure, at)
    if found is None:
        return Ranking(at, descending, limit), False
    return Ranking(at, descending != found[1], limit, found[0]), True


def _tells_time(draft: Draft, column: ColumnRef) -> bool:
    in_years = "year" in draft.index.words[column]
    return in_years or column.column in draft.index.tables[column.table].time


def _by_noun(
    draft: Draft, at: int, descending: bool, limit: int | None, *, top: bool
) -> tuple[Ranking, bool]:
    """The measure stands after the word ("highest salary") or before it (销售额最高); "top 3" has it
    behind "by", "with the highest"."""
    if draft.chinese and at > 0 and draft.is_cue(at - 1, "count"):
        return _by_count_before(draft, at, descending, limit)
    first = (
        draft.preceding(at, draft.is_noun, skip=frozenset({"of"}), reach=2)
        if draft.chinese
        else None
    )
    if first is not None and (not top or _suits_rank(draft, first)):
        return _ranked_noun(draft, at, first, descending, limit)
    if top:
        return _top(draft, at, descending, limit)
    noun_at = draft.following(at, draft.is_noun, skip=TO_NOUN | {"count", "aggregate"}, reach=5)
    if noun_at is None:
        often = draft.items[at].text.lower().split()[-1] in (
            "most",
            "least",
            "fewest",
            "最多",
            "最少",
        )
        if (units := _units(draft, at)) is not None:
            return units, units.key is not None
        return Ranking(at, descending, limit, by_frequency=True), often
    return _ranked_noun(draft, at, noun_at, descending, limit)


_QUANTITIES = Measure(("quantity", "qty", "unit", "copy", "volume"))


def _units(draft: Draft, at: int) -> Ranking | None:
    """As in "sold the most units": a quantity is summed up, and rows are not counted."""
    said = draft.items[at + 1].text.lower() if at + 1 < len(draft.items) else ""
    if said not in ("units", "items", "pieces", "copies"):
        return None
    found = draft.measured(_QUANTITIES, at)
    if found is None:
        return Ranking(at, True, None)
    draft.take(at + 1)
    cue = draft.items[at].cue
    key = Aggregate("sum", found[0])
    return Ranking(at, cue is None or cue.value != "asc", None, key, explicit=True)


def _by_count_before(
    draft: Draft, at: int, descending: bool, limit: int | None
) -> tuple[Ranking, bool]:
    """订单数量最多的客户: the count just found is what ranks, not what is asked for."""
    made = draft.select.pop() if draft.select else None
    key = made.expression if made is not None else Aggregate("count")
    counted = draft.table(made.at) if made is not None else None
    return Ranking(at, descending, limit, key, counted=counted), True


def _suits_rank(draft: Draft, at: int) -> bool:
    column = draft.column(at)
    return column is not None and draft.index.is_number(column)


def _top(draft: Draft, at: int, descending: bool, limit: int | None) -> tuple[Ranking, bool]:
    for other in range(at + 1, len(draft.items)):
        if draft.is_cue(other, "superlative") or draft.is_cue(other, "group", "order"):
            cue = draft.items[other].cue
            assert cue is not None
            if cue.value == "asc":
                descending = False
            noun_at = draft.following(
                other, draft.is_noun, skip=TO_NOUN | {"count", "aggregate", "superlative"}, reach=5
            )
            if noun_at is not None:
                draft.take(other)
                return _ranked_noun(draft, at, noun_at, descending, limit)
    if draft.chinese:
        for other in range(at - 1, -1, -1):
            if draft.is_noun(other) and _suits_rank(draft, other):
                return _ranked_noun(draft, at, other, descending, limit)
    return Ranking(at, descending, limit), draft.is_cue(at, "top")


def _ranked_noun(
    draft: Draft, at: int, noun_at: int, descending: bool, limit: int | None
) -> tuple[Ranking, bool]:
    made = next((p for p in draft.select if p.at == noun_at), None)
    if made is not None:  # "highest average price": an aggregate is already there
        if (made.at > at and not _listed(draft, made.at)) or (draft.chinese and made.at < at):
            draft.select.remove(made)
        return Ranking(at, descending, limit, made.expression, explicit=True), True
    column, table = draft.measure(noun_at), draft.table(noun_at)
    draft.take(noun_at)
    if table is not None and column is None:
        draft.mentions.append((noun_at, table))
        return Ranking(at, descending, limit, counted=table), True
    assert column is not None
    if (
        draft.grains
        and noun_at > 0
        and (counted := draft.table(noun_at - 1))
        and _tells_time(draft, column)
    ):
        return Ranking(
            at, descending, limit, counted=counted
        ), True  # "in which month were most people hired"
    if draft.index.is_number(column) or column.column in draft.index.tables[column.table].time:
        return Ranking(at, descending, limit, column, explicit=True), True
    if draft.items[at].text.lower().split()[0] in _DEGREES:
        return Ranking(at, descending, limit, column, explicit=True), True
    return Ranking(at, descending, limit, Aggregate("count", column), explicit=True), True


# Words of degree compare the values themselves; "most" and "fewest" count them.
_DEGREES = frozenset(
    "highest lowest largest smallest greatest biggest maximum minimum best worst".split()
)


def _listed(draft: Draft, at: int) -> bool:
    return at < 3
