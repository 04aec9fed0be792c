"""What can be settled only once every word is read: leftover nouns, times, contrasts, sums."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

from datus.generation.offline.assembly.calendar import in_period, named_period, period_keys
from datus.generation.offline.assembly.operations import calculates
from datus.generation.offline.cues import Cue
from datus.generation.offline.draft import Draft, Filter, Placed, as_time_key, is_additive
from datus.generation.offline.passes.moments import of_verb
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Condition,
    DatePart,
    During,
    Either,
    Expression,
    expression_columns,
    is_figure,
)


def leftover_nouns(draft: Draft) -> None:
    """Nouns that no pass took: columns are asked for, tables are what the question is about."""
    for at in range(len(draft.items)):
        if at in draft.taken:
            continue
        column, table = draft.column(at), draft.table(at)
        if column is not None:
            weak = draft.items[at].entries[0].score <= 0.5 and draft.index.is_key(column)
            if _names_a_filter(draft, at, column):
                pass
            elif _only_happens(draft, at, column) or weak:
                draft.mentions.append((at, column.table))
            elif draft.asking[at] or not (draft.select or draft.mentions):
                for each in _named_columns(draft, at, column):
                    if all(placed.expression != each for placed in draft.select):
                        draft.select.append(Placed(at, each))
            else:
                draft.passed_over.append(at)
                draft.mentions.append((at, column.table))
            draft.take(at, meaning=str(column))
        elif table is not None:
            if _listed_with_columns(draft, at):
                draft.select.extend(Placed(at, label) for label in draft.index.label(table))
            draft.mentions.append((at, table))
            draft.take(at, meaning=table)
    if not draft.select and not any(draft.asking[at] for at, _ in draft.mentions):
        for at in draft.tested:  # "languages that contain 'x'": tested and asked for at once
            if draft.asking[at] and (column := draft.column(at)) is not None:
                draft.select.append(Placed(at, column))
    draft.select.sort(key=lambda placed: placed.at)
    draft.mentions.sort()
    draft.distinct = any(draft.is_cue(at, "distinct") for at in range(len(draft.items)))
    draft.take(*draft.cues("distinct"))


def _listed_with_columns(draft: Draft, at: int) -> bool:
    """As in "list the stores and their cities": the table stands for its label."""
    nxt = draft.following(at, draft.is_noun, skip=frozenset({"also"}), reach=4)
    joined = draft.is_cue(at + 1, "also") and nxt is not None and draft.column(nxt) is not None
    asked = at > 0 and not draft.is_cue(
        at - 1, "of", "relative", "each", "count", "group", "contrast"
    )
    return joined and asked and draft.asking[at] and not draft.chinese


def _names_a_filter(draft: Draft, at: int, column: ColumnRef) -> bool:
    """Whether a column said after one of its values only says again what the value is."""
    return any(
        isinstance(each.condition, Compare) and each.condition.left == column and each.at < at
        for each in draft.filters
    )


def _only_happens(draft: Draft, at: int, column: ColumnRef) -> bool:
    """注册的学生, 下过单的客户: a date that is called by its event alone says what rows did, and is not asked for
    where anything else is."""
    event = draft.chinese and draft.items[at].text[-1] not in _TIME_ENDS
    others = draft.select or draft.mentions or any(map(draft.table, range(len(draft.items))))
    return event and bool(others) and column.column in draft.index.tables[column.table].time


_TIME_ENDS = frozenset("日期时间年月天候")


def _named_columns(draft: Draft, at: int, column: ColumnRef) -> tuple[ColumnRef, ...]:
    """The columns behind a noun: a person's "name" may be kept in two."""
    label = draft.index.label(column.table)
    said = draft.items[at].text.lower().split()[-1]
    return (
        label
        if said in ("name", "names", "who")
        and label[:1] == (column,)
        and "first" not in draft.items[at].text.lower()
        else (column,)
    )


def _base_tables(draft: Draft) -> tuple[str, ...]:
    named = [
        c.table for p in (*draft.select, *draft.group) for c in expression_columns(p.expression)
    ]
    filtered = [
        f.condition.left.table
        for f in draft.filters
        if isinstance(f.condition, Compare) and isinstance(f.condition.left, ColumnRef)
    ]
    mentioned = [table for _, table in draft.mentions]
    measures = [
        c.table
        for p in draft.select
        if is_figure(p.expression)
        for c in expression_columns(p.expression)
    ]
    measures += [c.table for each in draft.having for c in expression_columns(each.left)]
    if draft.ranking is not None and draft.ranking.counted is not None:
        measures.append(draft.ranking.counted)
    if draft.ranking is not None and draft.ranking.key is not None:
        measures += [c.table for c in expression_columns(draft.ranking.key)]
    if measures:  # what is measured happened at the time; what it is measured for only exists
        return tuple(
            dict.fromkeys((*measures, *_parents(draft, measures), *mentioned, *named, *filtered))
        )
    return tuple(dict.fromkeys((*mentioned, *named, *filtered)))


def _between(draft: Draft, tables: tuple[str, ...]) -> tuple[str, ...]:
    """The tables, then those that join them: 2023年看过内科的患者 came in 2023 for what joins the two."""
    paths = [draft.graph.path({tables[0]}, each) or () for each in tables[1:]]
    return tuple(dict.fromkeys((*tables, *(join.right for path in paths for join in path))))


def _parents(draft: Draft, tables: list[str]) -> list[str]:
    return [
        join.right for table in tables for join in draft.graph.edges.get(table, ()) if join.to_one
    ]


def settle_contrast(draft: Draft) -> None:
    """As in "compare A and B", "the average for A and B": the named values or periods become groups."""
    if calculates(draft):
        return
    _group_listed_values(draft)
    if not draft.is_cue_anywhere("contrast"):
        return
    by_column: dict[Expression, int] = {}
    for each in draft.filters:
        if (
            isinstance(each.condition, Compare)
            and not each.negated
            and isinstance(each.condition.left, ColumnRef)
        ):
            by_column[each.condition.left] = by_column.get(each.condition.left, 0) + 1
    for column, count in by_column.items():
        if count > 1 and all(placed.expression != column for placed in draft.group):
            draft.group.append(Placed(0, column))
    grains = {time.grain for _, time, _ in draft.times}
    if len(draft.times) > 1 and len(grains) == 1:
        draft.grains.append((draft.times[0][0], grains.pop()))
    soft = [at for at in draft.cues("contrast") if draft.items[at].cue == Cue("contrast", "soft")]
    draft.take(*(draft.cues("contrast") if draft.group or draft.grains else soft))


def _group_listed_values(draft: Draft) -> None:
    """As in "the average age of men and women": "and" between values of a column asks for each."""
    measures = [p for p in draft.select if is_figure(p.expression)]
    if len(measures) != len(draft.select) or not measures or draft.group:
        return
    if draft.is_cue_anywhere("both"):
        return  # rows that both values hold of, which assembly looks for
    ordered = sorted(draft.filters, key=lambda each: each.at)
    for one, other in pairwise(ordered):
        left, right = one.condition, other.condition
        if not (isinstance(left, Compare) and isinstance(right, Compare)):
            continue
        listed = any(draft.is_cue(p, "also") for p in range(one.at, other.at))
        equal = left.operator == right.operator == "=" and left.left == right.left
        if listed and equal and not one.negated and isinstance(left.left, ColumnRef):
            draft.group.append(Placed(one.at, left.left))
            return
    grains = {time.grain for _, time, _ in draft.times}
    places = sorted(at for at, _, _ in draft.times)
    joined = [draft.is_cue(p, "also") for a, b in pairwise(places) for p in range(a, b)]
    if len(places) > 1 and len(grains) == 1 and any(joined) and not draft.grains:
        draft.grains.append((places[0], grains.pop()))


def settle_times(draft: Draft) -> None:
    """Put times and periods on the column that the question names for them, else on the likeliest."""
    tables = _between(draft, _base_tables(draft))
    listed = [p for p in draft.select if _named_time(draft, p) is not None]
    said = _named_time(draft, listed[0]) if listed and (draft.grains or draft.times) else None
    periods: dict[ColumnRef, list[Filter]] = {}
    for at, time, named in draft.times:
        if at in draft.times_absent:
            continue
        column = (
            named
            or (said if draft.grains else None)
            or _verb_time(draft, at)
            or draft.time_column(tables)
        )
        made = during(draft, column, time.start, time.end) if column is not None else ()
        made = made or in_period(draft, at, tables, time.start, time.end)
        if not made:
            draft.unread.append(at)
        elif at in draft.times_not and len(made) == 1:
            draft.filters.append(Filter(at, made[0], negated=True))
        elif len(made) > 1 or column is None:
            draft.unread.extend({at} & draft.times_not)
            draft.filters.extend(Filter(at, each) for each in made)
        else:
            periods.setdefault(column, []).append(Filter(at, made[0]))
    for several in periods.values():
        if len(several) == 1 or _bounds(several) or calculates(draft):
            draft.filters.extend(several)
        else:  # "in 2022 and 2023": rows of any of the periods
            conditions = tuple(each.condition for each in several)
            draft.filters.append(Filter(several[0].at, Either(conditions)))
    for at, grain in draft.grains:
        parts = period_keys(draft, tables, grain, _fixed(draft))
        if parts and said is None:
            draft.group[:0] = [Placed(at, each) for each in parts]
            continue
        column = said or draft.time_column(tables)
        if column is None or (grain != "year" and draft.index.is_number(column)):
            draft.unread.append(at)
            continue
        draft.select = [placed for placed in draft.select if placed not in listed]
        draft.group.insert(0, Placed(at, as_time_key(draft, column, grain)))
    _settle_parts(draft, tables)


def _fixed(draft: Draft) -> set[ColumnRef]:
    """Columns of which the question asks for one value."""
    conditions = [each.condition for each in draft.filters if not each.negated]
    equal = [c for c in conditions if isinstance(c, Compare) and c.operator == "="]
    return {each.left for each in equal if isinstance(each.left, ColumnRef)}


def _verb_time(draft: Draft, at: int) -> ColumnRef | None:
    """As in "parcels delivered in March": the time of the verb right before the words of time, where one column has it."""
    for place in range(at - 1, max(at - 5, -1), -1):
        if draft.items[place].kind == "mark":
            return None
        column = of_verb(draft, place)
        if column is not None:
            draft.take(place, meaning=str(column))
            return column
    return None


def _settle_parts(draft: Draft, tables: tuple[str, ...]) -> None:
    """The column of days of the week, hours and weekends; an hour needs a time of day."""
    for at, part in (*draft.parts, *((at, None) for at in draft.weekends)):
        named = named_period(draft, tables, part) if part is not None else None
        if named is not None:
            draft.group.insert(0, Placed(at, named))
            continue
        column = draft.time_column(tables)
        kind = draft.index.column(column).kind if column is not None else None
        if column is None or not draft.index.is_time(column) or (part == "hour" and kind == "date"):
            draft.unread.append(at)
        elif part is None:
            saturday = Compare(DatePart(column, "weekday"), ">=", 6)
            draft.filters.append(Filter(at, saturday))
        else:
            draft.group.insert(0, Placed(at, DatePart(column, part)))


def _named_time(draft: Draft, placed: Placed) -> ColumnRef | None:
    column = placed.expression
    return column if isinstance(column, ColumnRef) and _is_time(draft, column) else None


def _bounds(periods: list[Filter]) -> bool:
    """As in "after A and before B": an open start and an open end that overlap."""
    starts = [c.start for p in periods if isinstance(c := p.condition, During) and c.end is None]
    ends = [c.end for p in periods if isinstance(c := p.condition, During) and c.start is None]
    if len(periods) != 2 or len(starts) != 1 or len(ends) != 1:
        return False
    return starts[0] is not None and ends[0] is not None and starts[0] < ends[0]


def _is_time(draft: Draft, column: ColumnRef) -> bool:
    return column.column in draft.index.tables[column.table].time


def during(
    draft: Draft, column: ColumnRef, start: date | None, end: date | None
) -> tuple[Condition, ...]:
    """The conditions that hold a column in ``[start, end)``; none where the column is too coarse."""
    if not draft.index.is_number(column):
        return (During(column, start, end),)
    if any((day.month, day.day) != (1, 1) for day in (start, end) if day is not None):
        return ()  # a column of years cannot tell a month
    if start is not None and end is not None and end.year == start.year + 1:
        return (Compare(column, "=", start.year),)
    first = (Compare(column, ">=", start.year),) if start is not None else ()
    last = (Compare(column, "<", end.year),) if end is not None else ()
    return (*first, *last)


def sum_filters(draft: Draft) -> None:
    """As in "categories with more than 2 million in revenue": an additive measure of many rows is summed."""
    shown = {table for _, table in draft.mentions[:1]} or {
        c.table for p in draft.select for c in expression_columns(p.expression)
    }
    for each in list(draft.filters):
        left = each.condition.left if isinstance(each.condition, Compare) else None
        if not isinstance(each.condition, Compare) or not isinstance(left, ColumnRef) or not shown:
            continue
        if each.told:
            continue
        path = draft.graph.path(shown, left.table)
        many = bool(path) and not all(join.to_one for join in path or ())
        if many and is_additive(draft, left) and isinstance(each.condition.right, int | float):
            draft.filters.remove(each)
            draft.having.append(
                Compare(Aggregate("sum", left), each.condition.operator, each.condition.right)
            )


def sum_measures(draft: Draft) -> None:
    """As in "revenue by region": an additive measure beside group keys, or over a time, is summed."""
    if any(is_figure(p.expression) for p in draft.select):
        return
    rated = draft.ranking is not None and (draft.ranking.counted or draft.ranking.by_frequency)
    keys = bool(draft.group or draft.grains)
    about = {table for _, table in draft.mentions}
    for at, placed in enumerate(draft.select):
        column = placed.expression
        if not isinstance(column, ColumnRef) or not draft.index.is_number(column) or rated:
            continue
        by = any(draft.is_cue(p.at - 1, "group") for p in draft.group)
        if draft.index.is_key(column) or (column.table in about and not by):
            continue
        adds_up = is_additive(draft, column)
        asked = [p for p in draft.cues("aggregate") if draft.items[p].text.lower() == "how much"]
        if keys or (adds_up and (draft.times or asked)):
            draft.select[at] = replace(placed, expression=Aggregate("sum", column))
            draft.take(*asked)
    ranking = draft.ranking
    if ranking is not None and isinstance(ranking.key, ColumnRef):
        key = ranking.key
        others = about | {c.table for p in draft.select for c in expression_columns(p.expression)}
        additive = is_additive(draft, key) and key.table not in others and others
        measured = draft.index.is_number(key) and not draft.index.is_key(key)
        if additive or (draft.group and measured):
            draft.ranking = replace(ranking, key=Aggregate("sum", key))
