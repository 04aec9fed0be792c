"""The passes that compare with a value of the data: an average or extreme of all rows, or another row's value."""

from datus.generation.offline.chinese import DEGREES
from datus.generation.offline.cues import MEASURES, CueKind, Measure
from datus.generation.offline.draft import Draft, Filter
from datus.generation.offline.filters import BETWEEN_NOUN_AND_TEST
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Condition,
    Function,
    Operator,
    Plan,
)

_MIRRORED: dict[Operator, Operator] = {
    "<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!=",
}  # fmt: skip


_UNITS: frozenset[CueKind] = frozenset({"unit"})


def averages(draft: Draft) -> None:
    """As in "older than the average", "above the average price": compared with a value over all rows."""
    for at in list(draft.cues("compare")):
        _against_average(draft, at)


def other_rows(draft: Draft) -> None:
    """As in "older than Ben Foster", "more beds than the Eagle House", 年龄比何建国大, 月薪比平均高."""
    for at in list(draft.cues("compare")):
        if not draft.chinese:
            _against_row(draft, at)
    for at in list(draft.cues("than")):
        if draft.chinese:
            _by_degree(draft, at)


# "below the minimum stock" means a minimum that is stored; below the least of all is nothing.
_BEYOND_ALL = 0.5


def _against_average(draft: Draft, at: int) -> bool:
    """As in "older than the average", "more beds than the average": a scalar subquery."""

    def is_aggregate(place: int) -> bool:
        return draft.is_cue(place, "aggregate", "superlative")

    if draft.chinese and draft.preceding(at, draft.is_number, skip=_UNITS, reach=2) is not None:
        return False  # 60岁以上的平均工资: the number is what is compared with
    average_at = draft.following(at, is_aggregate, reach=5)
    between = None
    if average_at is None and not draft.chinese:
        between = draft.following(at, draft.is_column, skip=frozenset({"of"}), reach=3)
        than = between is not None and draft.is_cue(between + 1, "than")
        average_at = draft.following(between, is_aggregate, reach=5) if than and between else None
    if average_at is None and not any(
        map(draft.is_number, range(at, min(at + 4, len(draft.items))))
    ):
        average_at = _behind_whole(draft, at)  # 高于全部药品的平均单价
    if average_at is None:
        return False
    aggregate, compare = draft.items[average_at].cue, draft.items[at].cue
    assert aggregate is not None
    assert compare is not None
    function = {"desc": "max", "asc": "min"}.get(aggregate.value, aggregate.value)
    of_at = draft.following(
        average_at, lambda p: bool(draft.items[p].hits), skip=frozenset({"of"}), reach=2
    )
    after = draft.following(
        of_at if of_at is not None else average_at,
        draft.is_column,
        skip=frozenset({"of", "distinct", "than", "be", "count"}),
        reach=5,
    )
    if of_at is not None and after is None:
        return False
    before = draft.preceding(at, draft.is_column, skip=BETWEEN_NOUN_AND_TEST, reach=5)
    before = between if between is not None else before
    column = _compared(draft, at, before, after)
    if column is None or not draft.index.is_number(column) or function not in ("avg", "max", "min"):
        return False
    of = () if of_at is None else (_value_of(draft, of_at),)
    inner = Plan(select=(Aggregate(function, column),), where=of)  # type: ignore[arg-type]
    operator: Operator = compare.value  # type: ignore[assignment]
    beyond = (function, operator[0]) in (("min", "<"), ("max", ">"))
    if beyond and not any(item.hits for item in draft.items[average_at:]):
        draft.suspect(_BEYOND_ALL, f"no {column} is beyond the {function} of all")
    own_at = draft.preceding(before, is_aggregate, reach=3) if before is not None else None
    if own_at is None:
        draft.filters.append(Filter(at, Compare(column, operator, inner)))
    elif draft.items[own_at].cue == aggregate and aggregate.kind == "aggregate":
        # "brands whose average price is above the average": of each group, and of all rows
        draft.having.append(Compare(Aggregate(function, column), operator, inner))  # type: ignore[arg-type]
        draft.take(own_at)
    else:
        return False
    counts = (p for p in range(average_at, after or average_at) if draft.is_cue(p, "count"))
    draft.take(*(p for p in (before, of_at, after) if p is not None), average_at, *counts)
    draft.take(at, meaning=f"{column} {operator} {function}({column})")
    return True


def _compared(draft: Draft, at: int, before: int | None, after: int | None) -> ColumnRef | None:
    """The column of numbers before a comparison or behind its average, else what the comparing word measures."""
    column = draft.column(before) if before is not None else None
    if column is None or not draft.index.is_number(column):
        column = draft.column(after) if after is not None else None
    cue = draft.items[at].cue
    if column is None and cue is not None and cue.measure is not None:
        found = draft.measured(cue.measure, at)
        column = found[0] if found else None
    return column


def _behind_whole(draft: Draft, at: int) -> int | None:
    """Where an average stands behind a noun that only says that all rows are meant: a table, or what the
    groups are called."""
    whole_at = draft.following(at, draft.is_noun, reach=3)
    if whole_at is None:
        return None
    column = draft.column(whole_at)
    if column is not None and not any(draft.column(place) == column for place in range(at)):
        return None
    average_at = draft.following(
        whole_at, lambda place: draft.is_cue(place, "aggregate", "superlative"), reach=3
    )
    if average_at is not None and column is not None:
        draft.take(whole_at)
    return average_at


def _value_of(draft: Draft, at: int) -> Condition:
    hit = draft.items[at].hits[0]
    return Compare(ColumnRef(hit.table, hit.column), "=", hit.value)


def _against_row(draft: Draft, at: int) -> None:
    """As in "older than Ben Foster": the value that the row of a name has, of the column compared."""
    cue = draft.items[at].cue
    assert cue is not None
    than = draft.items[at].text.lower().endswith("than") or _than_after(draft, at)
    named_at = next(
        (p for p in range(at + 1, min(at + 7, len(draft.items))) if _names_row(draft, p)), None
    )
    if named_at is None or at in draft.taken or not than:
        return
    between = [p for p in range(at + 1, named_at) if not _passed(draft, p)]
    columns = {draft.column(p) for p in between}
    if len(columns) > 1 or None in columns:
        return
    before = draft.preceding(at, draft.is_column, skip=BETWEEN_NOUN_AND_TEST, reach=4)
    column, inverse = next(iter(columns), None), False
    if column is None and cue.measure is not None:
        column, inverse = draft.measured(cue.measure, at) or (None, False)
    if column is None and before is not None:
        column = draft.column(before)
        between = [before]
    operator: Operator = cue.value  # type: ignore[assignment]
    if column is not None and _compare_with(
        draft, at, column, _MIRRORED[operator] if inverse else operator, named_at
    ):
        draft.take(*between, *(p for p in range(at + 1, named_at) if draft.is_cue(p, "than")))


def _than_after(draft: Draft, at: int) -> bool:
    return any(draft.is_cue(p, "than") for p in range(at + 1, min(at + 4, len(draft.items))))


def _passed(draft: Draft, at: int) -> bool:
    return draft.items[at].light or draft.is_cue(at, "than", "of", "relative")


def _names_row(draft: Draft, at: int) -> bool:
    """Whether an item is the name of one row of a table."""
    item = draft.items[at]
    if at in draft.taken or item.kind not in ("value", "quote") or not item.hits:
        return False
    hit = item.hits[0]
    return draft.index.label(hit.table) == (ColumnRef(hit.table, hit.column),)


def _compare_with(
    draft: Draft, at: int, column: ColumnRef, operator: Operator, named_at: int
) -> bool:
    """Compare a column with what it is in the row of a name; should several rows have the name, all of
    them are surpassed."""
    hit = draft.items[named_at].hits[0]
    timely = column.column in draft.index.tables[column.table].time
    figure = (draft.index.is_number(column) or timely) and not draft.index.is_key(column)
    shown = draft.focus_besides("") if draft.chinese else draft.focus()
    if column.table != hit.table or shown != hit.table or not figure or operator in ("=", "!="):
        return False
    function: Function = "max" if operator in (">", ">=") else "min"
    inner = Plan(select=(Aggregate(function, column),), where=(_value_of(draft, named_at),))
    draft.filters.append(Filter(at, Compare(column, operator, inner)))
    draft.take(named_at, meaning=f"{column} of {hit.value}")
    draft.take(at, meaning=f"{column} {operator} that of {hit.value}")
    return True


def _by_degree(draft: Draft, at: int) -> None:
    """年龄比何建国大, 比布洛芬贵, 月薪比平均高: the comparing word stands behind what is compared with."""
    than = at + 1
    averaged = draft.is_cue(than, "aggregate") and draft.items[than].cue is not None
    if not averaged and not (than < len(draft.items) and _names_row(draft, than)):
        return
    inside = draft.following(than, draft.is_column, skip=frozenset({"of"}), reach=2)
    first = inside + 1 if inside is not None else than + 1
    for length in (2, 1):
        said = "".join(item.text for item in draft.items[first : first + length])
        degree = DEGREES.get(said.removesuffix("的"))
        if degree is not None:
            break
    if degree is None:
        return
    operator, measure = degree
    found = _degree_column(draft, at, inside, MEASURES[measure] if measure else None)
    if found is None:
        return
    column, inverse = found
    operator = _MIRRORED[operator] if inverse else operator
    if averaged:
        cue = draft.items[than].cue
        if cue is None or cue.value != "avg" or not draft.index.is_number(column):
            return
        average = Plan(select=(Aggregate("avg", column),))
        draft.filters.append(Filter(at, Compare(column, operator, average)))
        draft.take(than, at, meaning=f"{column} {operator} avg({column})")
    elif not _compare_with(draft, at, column, operator, than):
        return
    draft.take(*range(first, first + length), *((inside,) if inside is not None else ()))


def _degree_column(
    draft: Draft, at: int, inside: int | None, measure: Measure | None
) -> tuple[ColumnRef, bool] | None:
    before = draft.preceding(at, draft.is_column, skip=frozenset({"of", "be"}), reach=2)
    for place in (inside, before):
        column = draft.column(place) if place is not None else None
        if column is not None and place is not None:
            draft.take(place)
            return column, False
    return draft.measured(measure, at) if measure is not None else None
