"""Passes that find quantities: owners of columns, counts, aggregates, and measures asked for by name."""

from datus.generation.offline.cues import CueKind, Measure
from datus.generation.offline.draft import Draft, Placed, Ranking
from datus.generation.offline.passes.averaging import average_of_sums, average_value
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Expression,
    Function,
)
from datus.generation.offline.rendering import MEDIANS

TO_NOUN: frozenset[CueKind] = frozenset({"of", "distinct", "each", "than"})


def modifiers(draft: Draft) -> None:
    """As in "student name", "exhibition attendance": a table right before a column only says whose it is."""
    for at in range(len(draft.items) - 1):
        if _says_name_of(draft, at):
            draft.owners.add(at)
            draft.take(at)
            continue
        if draft.items[at + 1].text.lower() in ("name", "names") and _is_text_column(draft, at):
            draft.take(at + 1)  # "country name" for a column of countries
            continue
        table, column = draft.table(at), draft.column(at + 1)
        if draft.items[at + 1].text in _OWNS and at + 2 < len(
            draft.items
        ):  # "the students' last names"
            column = draft.column(at + 2)
        keyed = draft.is_cue(
            at - 1, "each", "group"
        )  # "each region's revenue" groups by the region
        keyed = keyed or _acts(draft, at)
        if table is not None and column is not None and not keyed:
            draft.mentions.append((at, table))
            draft.owners.add(at)
            draft.take(at, meaning=table)
        elif column is not None and draft.column(at) is not None and _part_of_compound(draft, at):
            draft.owners.add(at)
            draft.take(at)
        elif table is not None and draft.items[at + 1].text.lower() in ("member", "members"):
            draft.take(at + 1)


_OWNS = frozenset({"'", "’", "'s"})


def _acts(draft: Draft, at: int) -> bool:
    """多少客户下单, 多少患者诊疗费超过500: what is counted did something; the date or figure behind it is no
    column of its own that is asked for."""
    column = draft.column(at + 1)
    if not draft.chinese or column is None or not draft.is_cue(at - 1, "count"):
        return False
    figure = draft.index.is_number(column) and not draft.index.is_key(column)
    return figure or column.column in draft.index.tables[column.table].time


def _is_text_column(draft: Draft, at: int) -> bool:
    column = draft.column(at)
    return column is not None and draft.index.column(column).kind == "text"


def _says_name_of(draft: Draft, at: int) -> bool:
    """As in "names of colleges" where the college is itself a column of names."""
    if draft.items[at].text.lower() not in ("name", "names") or not draft.is_cue(at + 1, "of"):
        return False
    noun_at = draft.following(at, draft.is_noun, skip=frozenset({"of", "distinct"}), reach=4)
    column = draft.column(noun_at) if noun_at is not None else None
    if column is None or noun_at is None or draft.items[noun_at].entries[0].score < 0.85:
        return False
    return not draft.index.is_number(column) and not draft.index.is_key(column)


_UNNAMED_MEASURE = 0.3  # the question names neither the column nor its table
_PLACES = Measure(("location", "place", "venue", "address", "city", "country", "state"))


def asked_measures(draft: Draft) -> None:
    """As in "how old", "how long", "when", "where": the measure, time or place itself is asked for."""
    for at in list(draft.cues("when", "where")):
        found = _time_or_place(draft, at)
        if found is not None:
            draft.select.append(Placed(at, found))
            draft.take(at, meaning=str(found))
    for at in list(draft.cues("measure")):
        cue = draft.items[at].cue
        assert cue is not None
        assert cue.measure is not None
        measured = draft.measured(cue.measure, at)
        if measured is not None:
            if measured[0].table not in draft.near_tables(at):
                draft.suspect(_UNNAMED_MEASURE, f"{measured[0]} is a guess")
            draft.select.append(Placed(at, measured[0]))
            draft.take(at, meaning=str(measured[0]))


def _time_or_place(draft: Draft, at: int) -> ColumnRef | None:
    if draft.is_cue(at, "where"):
        focus = draft.focus()
        columns = [
            ColumnRef(t, c.name)
            for t in ([focus] if focus else [])
            for c in draft.index.tables[t].schema.columns
        ]
        for head in _PLACES.heads:
            for ref in columns:
                if head in draft.index.words[ref]:
                    return ref
        return None
    for place in range(at + 1, len(draft.items)):
        column = draft.column(place)
        if column is not None and place not in draft.taken and _tells_time(draft, column):
            draft.take(place)
            return column
    return draft.time_column(draft.near_tables(at))


def _tells_time(draft: Draft, column: ColumnRef) -> bool:
    return column.column in draft.index.tables[column.table].time or bool(
        {"year", "founded", "opened", "built"} & set(draft.index.words[column])
    )


def _part_of_compound(draft: Draft, at: int) -> bool:
    """As in "book publisher": a weakly linked column right before another of its table is only part of its name."""
    if not (draft.is_noun(at) and draft.is_noun(at + 1)):
        return False
    one, other = draft.items[at].entries[0], draft.items[at + 1].entries[0]
    return one.score < 0.85 <= other.score and one.table == other.table


def counts(draft: Draft) -> None:
    """As in "how many X", "number of X", X的数量."""
    for at in list(draft.cues("count")):
        again = draft.following(at, lambda p: draft.is_cue(p, "count"), skip=TO_NOUN, reach=3)
        if again is not None or _how_much(draft, at):  # "count the number of"
            draft.take(at)
            continue
        noun_at = _counted_noun(draft, at)
        if _number_to_aggregate(draft, at, noun_at):
            continue
        if noun_at is not None and noun_at in draft.taken:
            noun_at = None
        if noun_at is None and _asks_for_sum(draft, at):
            draft.take(at)
            continue
        distinct = any(
            draft.is_cue(p, "distinct") for p in range(max(0, at - 2), (noun_at or at) + 1)
        )
        expression = _counted(draft, noun_at, distinct)
        draft.select.append(Placed(noun_at if noun_at is not None else at, expression))
        draft.take(*(p for p in range(at, noun_at or at) if draft.is_cue(p, "distinct")))
        if noun_at is not None:
            draft.take(noun_at)
            if (table := draft.table(noun_at)) is not None:
                draft.counted = table
                draft.mentions.append((noun_at, table))
        elif draft.chinese and not _values_before(draft, at):
            draft.counted = _said_before(draft, at)
        draft.take(at, meaning="count")


def _how_much(draft: Draft, at: int) -> bool:
    """月薪多少: the figure itself is asked for."""
    column = draft.column(at - 1) if at > 0 and draft.items[at].text == "多少" else None
    return column is not None and draft.index.is_number(column) and not draft.index.is_key(column)


def _values_before(draft: Draft, at: int) -> bool:
    """城市有多少个, 诊断有多少种: the different values of the column right before are counted."""
    noun_at = draft.preceding(at, draft.is_column, skip=frozenset({"of", "be"}), reach=2)
    column = draft.column(noun_at) if noun_at is not None else None
    if column is None or noun_at is None or draft.is_cue_anywhere("each", "group"):
        return False
    if draft.items[at].text[-1] not in "个种" or draft.index.column(column).kind != "text":
        return False
    draft.select[-1] = Placed(noun_at, Aggregate("count", column, distinct=True))
    draft.take(noun_at)
    return True


def _said_before(draft: Draft, at: int) -> str | None:
    """患者有多少人: the table whose rows are counted stands before the count."""
    skip: frozenset[CueKind] = frozenset({"of", "be", "relative"})
    noun_at = draft.preceding(at, lambda p: draft.table(p) is not None, skip=skip, reach=3)
    return draft.table(noun_at) if noun_at is not None else None


def _number_to_aggregate(draft: Draft, at: int, noun_at: int | None) -> bool:
    """As in "average number of passengers": an aggregate of a column of numbers, not a count."""
    before = draft.preceding(at, lambda p: draft.is_cue(p, "aggregate"), reach=2)
    column = draft.column(noun_at) if noun_at is not None else None
    return before is not None and column is not None and draft.index.is_number(column)


def _asks_for_sum(draft: Draft, at: int) -> bool:
    """As in 金额一共多少: at the end, right behind a word that sums up, "how much" asks for its figure."""
    last = at + 1 == len(draft.items) or draft.items[at + 1].kind == "mark"
    return draft.chinese and last and draft.is_cue(at - 1, "aggregate")


def _counted_noun(draft: Draft, at: int) -> int | None:
    """What is counted stands behind the cue ("how many X", 多少X), in Chinese also before it (X的数量)."""
    cue = draft.items[at].cue
    assert cue is not None
    if draft.chinese and cue.value != "ahead":
        return draft.preceding(at, draft.is_noun, skip=frozenset({"of"}), reach=2)
    ahead = draft.following(
        at, draft.is_noun, skip=TO_NOUN, reach=6, also=frozenset({"value", "quote"})
    )
    if ahead is None and draft.chinese:  # 退过货的客户有多少
        return draft.preceding(at, lambda p: draft.table(p) is not None, reach=2)
    return ahead


def _counted(draft: Draft, noun_at: int | None, distinct: bool) -> Expression:
    column = draft.column(noun_at) if noun_at is not None else None
    if column is None:
        table = draft.table(noun_at) if noun_at is not None else None
        tally = _tally(draft, table) if table is not None and not distinct else None
        if tally is not None:
            draft.tallies.append(tally)
            return Aggregate("sum", tally)
        label = draft.index.label(table) if table is not None and distinct else ()
        if len(label) == 1 and label[0].column.lower() == (table or "").lower():
            return Aggregate("count", label[0], distinct=True)
        key = draft.index.tables[table].key if table is not None and distinct else ()
        if table is not None and len(key) == 1:  # whatever is joined to them
            return Aggregate("count", ColumnRef(table, key[0]), distinct=True)
        return Aggregate("count")
    index = draft.index
    if column.column in index.tables[column.table].time and not distinct:
        draft.counted = column.table
        return Aggregate("count")  # 访问次数: an event is counted by its rows
    if index.is_number(column) and not index.is_key(column) and not distinct:
        return Aggregate("sum", column)
    own_key = index.tables[column.table].key == (column.column,)
    return Aggregate("count", column, distinct=distinct or not own_key)


def _tally(draft: Draft, table: str) -> ColumnRef | None:
    """The column by which each row of a table stands for several: called "count" and nothing else."""
    for column in draft.index.tables[table].schema.columns:
        ref = ColumnRef(table, column.name)
        if draft.index.words[ref] in _TALLIES and draft.index.is_number(ref):
            return ref
    return None


_TALLIES = frozenset({("count",), ("cnt",), ("次数",)})


def aggregates(draft: Draft) -> None:
    """As in "average age", "maximum and minimum price", 总销售额, 金额合计."""
    for at in reversed(list(draft.cues("aggregate"))):
        cue = draft.items[at].cue
        assert cue is not None
        function: Function = cue.value  # type: ignore[assignment]
        noun_at = _argument(draft, at)
        if noun_at is None:
            if function == "sum" and any(isinstance(p.expression, Aggregate) for p in draft.select):
                draft.take(at)  # "how many ... in total", 一共有多少: the count is of all already
            continue
        column, table = draft.measure(noun_at), draft.table(noun_at)
        if function == "median" and draft.index.schema.dialect not in MEDIANS:
            continue
        if table is not None and column is None:
            if function == "avg" and draft.items[noun_at + 1 : noun_at + 2]:
                _average_value(draft, at, noun_at, table)
            if function == "sum":
                draft.select.append(Placed(noun_at, Aggregate("count")))
                draft.counted = table
                draft.mentions.append((noun_at, table))
                draft.take(noun_at)
                draft.take(at, meaning="count")
            continue
        assert column is not None
        untyped = draft.index.schema.dialect == "sqlite" and function != "sum"
        if (
            function in ("sum", "avg", "median")
            and not draft.index.is_number(column)
            and not untyped
        ):
            continue
        draft.take(noun_at, *_counts_between(draft, at, noun_at))
        draft.take(at, meaning=f"{function}({column})")
        if function in ("max", "min") and not draft.asking[at]:
            draft.ranking = Ranking(at, function == "max", None, column)
            continue
        whole = _whole_of(draft, noun_at, column) if function == "avg" else None
        if whole is not None:
            _average_sum(draft, noun_at, column, whole)
            continue
        draft.select.append(Placed(noun_at, Aggregate(function, column)))
        _spread(draft, noun_at, function, column)
    _named_totals(draft)
    draft.select.sort(key=lambda placed: placed.at)


_SUMS_UP: frozenset[CueKind] = frozenset({"grain", "each", "group", "count", "part"})
_OF_SINGLE_ROWS: frozenset[CueKind] = frozenset(
    {"superlative", "aggregate", "compare", "between", "order", "direction"}
)


def _named_totals(draft: Draft) -> None:
    """As in 各季度的总金额, 总金额是多少: what is asked as a total is summed, also where a column is called so."""
    asked = any(
        item.cue is not None and (item.cue.kind in _SUMS_UP or "多少" in item.text)
        for item in draft.items
    )
    for at, item in enumerate(draft.items if asked else ()):
        column = draft.column(at)
        if column is None or at in draft.taken or not item.text.startswith("总"):
            continue
        near = range(max(0, at - 2), min(at + 3, len(draft.items)))
        if any(draft.is_cue(place, *_OF_SINGLE_ROWS) for place in near):
            continue
        if draft.index.is_number(column) and not draft.index.is_key(column):
            draft.select.append(Placed(at, Aggregate("sum", column)))
            draft.take(at, meaning=f"sum({column})")


# "average order amount" over the amounts of order lines is another figure.
_PARTS_FOR_WHOLE = 0.6


def _average_sum(draft: Draft, noun_at: int, column: ColumnRef, whole: str) -> None:
    made = average_of_sums(draft, column, whole)
    if made is None:
        draft.suspect(
            _PARTS_FOR_WHOLE, f"{column} holds parts, and the average asked for is of their sums"
        )
    draft.select.append(Placed(noun_at, made or Aggregate("avg", column)))


def _average_value(draft: Draft, at: int, noun_at: int, table: str) -> None:
    """As in "average order value": what one order comes to."""
    made = average_value(draft, table)
    if draft.items[noun_at + 1].text.lower() != "value" or made is None:
        return
    draft.select.append(Placed(noun_at, made))
    draft.take(noun_at + 1, noun_at)
    draft.take(at, meaning=f"average of each {table}")


def _whole_of(draft: Draft, noun_at: int, column: ColumnRef) -> str | None:
    """The table said before a measure that has many of its rows: the average asked for is of sums."""
    owner_at = draft.preceding(
        noun_at,
        lambda p: draft.table(p) is not None or p in draft.owners,
        skip=frozenset({"of", "aggregate"}),
        reach=3,
    )
    owners = [at for at in (noun_at - 1, owner_at) if at is not None and at >= 0]
    for at in owners:
        table = draft.table(at)
        path = draft.graph.path({table}, column.table) if table is not None else None
        if table is not None and path and not all(join.to_one for join in path):
            return table
    return None


def _counts_between(draft: Draft, at: int, noun_at: int) -> tuple[int, ...]:
    """As in "average number of passengers": the column itself is the number."""
    return tuple(place for place in range(at, noun_at) if draft.is_cue(place, "count"))


def _spread(draft: Draft, noun_at: int, function: Function, column: ColumnRef) -> None:
    """As in "average price and score": the word before the first holds for the second, too."""
    nxt = draft.following(noun_at, draft.is_column, skip=frozenset({"also"}), reach=2)
    other = draft.column(nxt) if nxt is not None else None
    if other is None or nxt is None or nxt in draft.taken or not draft.is_cue(noun_at + 1, "also"):
        return
    if (
        other.table == column.table
        and draft.index.is_number(other)
        and not draft.index.is_key(other)
    ):
        draft.select.append(Placed(nxt, Aggregate(function, other)))
        draft.take(nxt, meaning=f"{function}({other})")


_TO_FIRST: frozenset[CueKind] = frozenset({"of", "also", "aggregate"})


def _argument(draft: Draft, at: int) -> int | None:
    """The noun an aggregate is of: ahead, over other aggregates, or right before it in Chinese."""
    skip: frozenset[CueKind] = TO_NOUN | {"also", "aggregate", "superlative", "count"}
    ahead = draft.following(at, draft.is_noun, skip=skip, reach=9, also=frozenset({"mark"}))
    if draft.chinese and (ahead is None or ahead > at + 2):
        before = draft.preceding(at, draft.is_column, skip=_TO_FIRST, reach=4)
        listed = before is not None and any(p.at == before for p in draft.select)
        if before is not None and (before not in draft.taken or listed):
            return before  # 销售额总和和平均值: one measure of both
    return ahead
