"""The pass that reads verbs of events: rows that took part in one or never did, when, and how many pieces."""

from datus.generation.offline.draft import Draft, Filter, Placed
from datus.generation.offline.plan import Aggregate, ColumnRef, During
from datus.text import lemma

_ENDS = ",，;；.。?？"
_REACH = 6  # words between a verb and what it is about
_LONGEST_WAY = (
    3  # joins between an event and what it is about: a return, the line, the order, who ordered
)
_PIECES = frozenset(
    {"units", "unit", "pieces", "copies", "items", "件", "台", "本", "双", "辆", "部"}
)
_KINDS_OR_PIECES = 0.6


def events(draft: Draft) -> None:
    """As in "products that were never sold", "who bought shoes in May", 没买过东西的客户: an event's table lies
    between the tables that are named, says when it happened, or has no row."""
    for at, item in enumerate(draft.items):
        if at in draft.taken or not item.events:
            continue
        named = _named(draft)
        table = next((each for each in item.events if _is_about(draft, each, named)), None)
        if table is None or table in named:
            if table is None and draft.chinese:
                draft.unread.append(at)
            continue
        negation = _negation(draft, at)
        if negation is not None:
            _never(draft, at, negation, table)
        elif not _is_offer(draft, at):
            _happened(draft, at, table, named)


def _named(draft: Draft) -> tuple[str, ...]:
    excluded = {table for _, table in draft.excluded}
    return tuple(table for table in draft.near_tables(0) if table not in excluded)


def _is_about(draft: Draft, table: str, named: tuple[str, ...]) -> bool:
    """Whether a table is near all that the question names, or alone is what it counts."""
    distances = [draft.graph.distance(table, each) for each in named]
    near = [d for d in distances if d is not None and d <= _LONGEST_WAY]
    if not named:
        return draft.is_cue_anywhere("count")
    return None not in distances and bool(near)


def _negation(draft: Draft, at: int) -> int | None:
    for place in range(at - 1, max(at - 4, -1), -1):
        if draft.items[place].text in _ENDS or draft.is_noun(place):
            return None
        if draft.is_cue(place, "negate") and place not in draft.taken:
            return place
    return None


def _is_offer(draft: Draft, at: int) -> bool:
    """As in "which brands do we sell": what is done as a rule is no event."""
    first = draft.items[at].text.lower().split()[0]
    plain = lemma(first) == first and not first.endswith("ed")
    return not draft.chinese and plain and not _did(draft, at)


def _did(draft: Draft, at: int) -> bool:
    said = {item.text.lower() for item in draft.items[max(0, at - 4) : at]}
    return bool(said & {"did", "ever"}) or any(each.endswith(" did") for each in said)


def _never(draft: Draft, at: int, negation: int, table: str) -> None:
    """No row of the event, or none of a time; a value behind the verb is what was never part of one."""
    draft.via = draft.via or (table,)
    for item in draft.items[at + 1 : at + 1 + _REACH]:
        if draft.chinese and item.text == "的":
            break  # what follows is whose it is: 没买过东西的上海客户
        if item.hits or item.kind in ("quote", "number"):
            return
    column = event_time(draft, at, table)
    when = [each for each in draft.times if each[2] is None and (draft.chinese or each[0] > at)]
    if not when:
        draft.excluded.append((at, table))
    elif len(when) == 1 and column is not None and draft.index.is_time(column):
        ((place, time, _),) = when
        draft.times.remove(when[0])
        draft.filters.append(Filter(place, During(column, time.start, time.end), negated=True))
    else:
        return
    draft.take(negation)
    draft.take(at, meaning=f"without {table}")


def _happened(draft: Draft, at: int, table: str, named: tuple[str, ...]) -> None:
    """Rows that took part: the event's table is read too, and tells the time that no column is named for."""
    column = event_time(draft, at, table)
    for place, (when, time, said) in enumerate(draft.times):
        if said is None and column is not None:
            draft.times[place] = (when, time, column)
    ways = [draft.graph.path({table}, each) or () for each in named]
    between = {join.right for way in ways for join in way[:-1]} - {*named, table}
    draft.via = (table, *sorted(between))
    draft.mentions += [(at, each) for each in draft.via]
    draft.take(at, meaning=table)


def pieces(draft: Draft) -> None:
    """As in "how many units were sold", 卖了多少件: pieces are summed where an event tells their number; without a
    word for pieces, "how many products were sold" may ask for either."""
    if not draft.via or draft.via[0] in {table for _, table in draft.excluded}:
        return
    figure = next(
        (ref for each in _lines(draft) if (ref := _quantity(draft, each)) is not None), None
    )
    ranked = draft.ranking.counted if draft.ranking is not None else None
    if ranked is not None and figure is not None and _holds(draft, figure.table, ranked):
        draft.suspect(_KINDS_OR_PIECES, f"{ranked} may be counted once each or by {figure}")
    for place, placed in enumerate(draft.select):
        if placed.expression != Aggregate("count"):
            continue
        near = draft.items[max(0, placed.at - 2) : placed.at + 3]
        counted = draft.table(placed.at)
        if any(item.cue is not None and item.cue.kind == "distinct" for item in near):
            continue
        if any(item.text.lower() in _PIECES for item in near):
            if figure is None:
                draft.unread.append(placed.at)
                continue
            draft.select[place] = Placed(placed.at, Aggregate("sum", figure))
            draft.counted = None
        elif counted is not None and figure is not None and _holds(draft, figure.table, counted):
            draft.suspect(_KINDS_OR_PIECES, f"{counted} may be counted once each or by {figure}")


def _lines(draft: Draft) -> tuple[str, ...]:
    """The tables of an event, and those whose rows are its parts: the lines of an order."""
    parts = (join for join in draft.graph.edges.get(draft.via[0], ()) if not join.to_one)
    return (*draft.via, *(join.right for join in parts))


def _quantity(draft: Draft, table: str) -> ColumnRef | None:
    refs = [ColumnRef(table, column.name) for column in draft.index.tables[table].schema.columns]
    counted = (ref for ref in refs if {"quantity", "unit"} & {draft.index.words[ref][-1]})
    return next((ref for ref in counted if draft.index.is_number(ref)), None)


def _holds(draft: Draft, line: str, counted: str) -> bool:
    """Whether each line is of one of the things that are counted."""
    return any(join.right == counted and join.to_one for join in draft.graph.edges.get(line, ()))


def event_time(draft: Draft, at: int, table: str) -> ColumnRef | None:
    """The date of an event's table: one that is called like the verb, else the first that tells events."""
    said = {lemma(word) for word in draft.items[at].text.lower().split()} | {
        draft.items[at].text.lower()
    }
    for name in draft.index.tables[table].time:
        if said & set(draft.index.words[ColumnRef(table, name)]):
            return ColumnRef(table, name)
    return draft.time_of(table, events_only=True)
