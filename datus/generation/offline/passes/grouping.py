"""Passes that find group keys, sort keys and tables that rows must not have."""

from datus.generation.offline.cues import CueKind
from datus.generation.offline.draft import Draft, Filter, Placed
from datus.generation.offline.english import VERB_FORMS
from datus.generation.offline.filters import ends_clause
from datus.generation.offline.passes.moments import of_verb
from datus.generation.offline.plan import Aggregate, Expression, condition_columns, is_figure
from datus.types import Grain

_TO_KEY: frozenset[CueKind] = frozenset({"of", "distinct", "each", "rows"})


def grains(draft: Draft) -> None:
    """As in "monthly", "by year", 每月: groups by a time whose column is chosen once the tables are known."""
    for at in list(draft.cues("grain")):
        cue = draft.items[at].cue
        assert cue is not None
        grain: Grain = cue.value  # type: ignore[assignment]
        draft.grains.append((at, grain))
        draft.take(at, meaning=f"by {grain}")
    for at in list(draft.cues("period")):  # "which month had the most orders"
        if at > 0 and (draft.is_cue(at - 1, "rows") or draft.items[at - 1].text.lower() == "what"):
            cue = draft.items[at].cue
            assert cue is not None
            period: Grain = cue.value  # type: ignore[assignment]
            draft.grains.append((at, period))
            draft.take(at, at - 1, meaning=f"by {period}")
    for at in list(draft.cues("period")):  # "... and the month": listed again
        cue = draft.items[at].cue
        if cue is not None and any(cue.value == grain for _, grain in draft.grains):
            draft.take(at)


def denials(draft: Draft) -> None:
    """As in "ignore customers who haven't ordered", 排除没有订单的客户: those who have are meant."""
    for at, item in enumerate(draft.items):
        if item.text.lower() not in _LEAVES_OUT or at in draft.taken:
            continue
        for place in range(at + 1, min(at + 7, len(draft.items))):
            if draft.items[place].kind == "mark":
                break
            if draft.is_cue(place, "negate") and place not in draft.taken:
                draft.take(at, place)
                draft.denied.append(at)
                break


_LEAVES_OUT = frozenset(
    "ignore ignoring exclude excluding omit except 排除 不包括 不包含 除了 除".split()
)


def groups(draft: Draft) -> None:
    """As in "for each X", "per X and Y", "by X", 每个X, 按X."""
    for at in list(draft.cues("each", "group")):
        if at in draft.taken:
            continue
        noun_at = draft.following(at, draft.is_noun, skip=_TO_KEY, reach=4)
        if noun_at is None:
            if draft.is_cue(at, "group"):
                draft.take(at)  # "written by" somebody: a value follows, no key
            else:
                _bare_each(draft, at)
            continue
        if draft.is_cue(at, "group") and not _groups(draft, at):
            if not _passive(draft, at) and not _orders(draft, at, noun_at):
                draft.unread.append(at)
            continue
        if draft.items[at].text.lower() == "per" and _amount(draft, noun_at):
            draft.suspect(0.6, f"per {draft.items[noun_at].text} asks for a ratio")
        if (period := _other_period(draft, noun_at)) is not None:
            draft.grains.append((noun_at, period))
            draft.take(at, noun_at, meaning=f"by {period}")
            continue
        while noun_at is not None:
            _add_key(draft, noun_at)
            nxt = draft.following(
                noun_at, draft.is_noun, skip=frozenset({"also", "each", "group"}), reach=3
            )
            linked = nxt is not None and any(
                draft.is_cue(p, "also") and draft.items[p].text != "的"
                for p in range(noun_at + 1, nxt)
            )
            continues = linked and draft.is_cue(at, "group") and nxt not in draft.taken
            _period_key(draft, noun_at)
            noun_at = nxt if continues else None
        draft.take(at, meaning="group by")


_PERIODS: dict[tuple[str, ...], Grain] = {
    ("day",): "day", ("week",): "week", ("month",): "month", ("quarter",): "quarter", ("year",): "year",
}  # fmt: skip


def _other_period(draft: Draft, noun_at: int) -> Grain | None:
    """As in "orders in each month" where only a table that the question does not speak of has a column of months."""
    column = draft.column(noun_at)
    period = _PERIODS.get(draft.index.words[column]) if column is not None else None
    if column is None or period is None:
        return None
    others = {
        item.entries[0].table
        for at, item in enumerate(draft.items)
        if item.kind == "noun" and at != noun_at
    }
    dated = any(draft.index.tables[table].time for table in others)
    return period if dated and column.table not in others else None


def _amount(draft: Draft, at: int) -> bool:
    """Whether a noun is a column of amounts, which "per" divides by and does not group by."""
    column = draft.column(at)
    if column is None or not draft.index.is_number(column) or draft.index.is_key(column):
        return False
    return "year" not in draft.index.words[column]


def _period_key(draft: Draft, noun_at: int) -> None:
    """As in "by region and year": a period joined to a group key."""
    place = draft.following(
        noun_at, lambda p: draft.is_cue(p, "period"), skip=frozenset({"also", "each"}), reach=3
    )
    if place is not None and place not in draft.taken:
        cue = draft.items[place].cue
        assert cue is not None
        grain: Grain = cue.value  # type: ignore[assignment]
        draft.grains.append((place, grain))
        draft.take(place, meaning=f"by {grain}")


def _groups(draft: Draft, at: int) -> bool:
    """Whether "by" or 按 starts a group key and is not part of an order or a passive ("written by")."""
    if draft.items[at].text.lower() != "by" and not draft.chinese:
        return True
    if _passive(draft, at):
        return False
    order = any(
        draft.is_cue(p, "order", "direction") for p in range(at + 1, min(at + 6, len(draft.items)))
    )
    measured = any(is_figure(p.expression) for p in draft.select) or draft.chinese
    measured = measured or draft.is_cue_anywhere("share")
    numeric = any(
        (column := draft.column(p)) is not None and draft.index.is_number(column)
        for p in range(at)
        if p not in draft.taken
    )
    return (measured or numeric or bool(draft.grains)) and not order


def _orders(draft: Draft, at: int, noun_at: int) -> bool:
    """As in "titles by length": with nothing to sum up, "by" a number or a date is an order."""
    column = draft.column(noun_at)
    if column is None or draft.items[at].text.lower() != "by" or noun_at in draft.taken:
        return False
    timely = column.column in draft.index.tables[column.table].time
    if not (timely or (draft.index.is_number(column) and not draft.index.is_key(column))):
        return False
    draft.orders.append((column, False, at))
    draft.take(at, noun_at)
    return True


def _passive(draft: Draft, at: int) -> bool:
    """As in "written by", "enrolled in by"."""
    before = draft.items[at - 1].text.lower().split()[-1] if at else ""
    return before in VERB_FORMS or before.endswith("ed") or before in ("in", "on", "to")


def _bare_each(draft: Draft, at: int) -> None:
    """As in "... and how many of each": groups by what is listed, which assembly does anyway."""
    pronoun = at + 1 < len(draft.items) and draft.items[at + 1].text.lower() == "one"
    if not pronoun:
        draft.bare_each.append(at)
    draft.take(at)


def _add_key(draft: Draft, noun_at: int) -> None:
    column, table = draft.column(noun_at), draft.table(noun_at)
    if column is not None:
        draft.group.append(Placed(noun_at, column))
        draft.take(noun_at, meaning=f"group by {column}")
    elif table is not None:
        draft.mentions.append((noun_at, table))
        for label in draft.index.label(table):
            draft.group.append(Placed(noun_at, label))
        draft.take(noun_at, meaning=f"group by {table}")


def _is_event(draft: Draft, at: int) -> bool:
    """As in "clients who ordered parcels": with no "by" behind it, and a date of orders, it is what people did."""
    behind = range(at + 1, min(at + 4, len(draft.items)))
    sorts = any(draft.is_cue(p, "group", "direction", "alphabetical", "order") for p in behind)
    return (
        draft.items[at].text.lower() == "ordered" and not sorts and of_verb(draft, at) is not None
    )


def orders(draft: Draft) -> None:
    """As in "sorted by age descending", "in alphabetical order", 按价格从高到低排序."""
    for at in list(draft.cues("order", "direction", "alphabetical")):
        if at in draft.taken:
            continue
        if _is_event(draft, at):
            draft.take(at)
            continue
        descending = _direction(draft, at)
        if draft.is_cue(at, "alphabetical"):
            key_at = draft.following(
                at, draft.is_noun, skip=frozenset({"of", "order", "group", "direction"}), reach=4
            )
            draft.orders.append((_key(draft, key_at), descending, at))
        else:
            key_at = draft.following(at, lambda p: _sortable(draft, p), skip=_ORDER_SKIP, reach=9)
            if draft.chinese or (key_at is None and draft.is_cue(at, "direction")):
                before = draft.preceding(
                    at, lambda p: _sortable(draft, p), skip=_ORDER_SKIP, reach=4
                )
                key_at = before if before is not None else key_at
            key = _key(draft, key_at)
            if key_at is not None and key_at > at:
                key = _only_sorted_by(draft, key_at, key)
            draft.orders.append((key, descending, at))
        if key_at is not None:
            draft.take(key_at)
            _more_keys(draft, key_at, descending)
        draft.take(at, meaning="order")
        for other in range(max(0, at - 6), min(len(draft.items), (key_at or at) + 6)):
            if draft.is_cue(other, "order", "direction", "alphabetical"):
                draft.take(other)
            if draft.is_cue(other, "group") and key_at is not None and other < key_at:
                draft.take(other)


_ORDER_SKIP: frozenset[CueKind] = frozenset(
    {
        "of",
        "order",
        "direction",
        "alphabetical",
        "group",
        "count",
        "aggregate",
        "each",
        "than",
        "distinct",
    }
)


def _sortable(draft: Draft, at: int) -> bool:
    return draft.is_noun(at) or any(placed.at == at for placed in draft.select)


def _key(draft: Draft, at: int | None) -> Expression | None:
    if at is None:
        return None
    for placed in draft.select:
        if placed.at == at:
            return placed.expression
    column, table = draft.column(at), draft.table(at)
    if column is not None:
        return column
    label = draft.index.label(table) if table is not None else ()
    return label[0] if label else None


def _only_sorted_by(draft: Draft, at: int, key: Expression | None) -> Expression | None:
    """As in "in order of the number of seats": said for the order alone, and a number already is one."""
    for placed in draft.select:
        if placed.at == at:
            draft.select.remove(placed)
            column = placed.expression
            if isinstance(column, Aggregate) and column.function == "sum" and column.argument:
                return column.argument if not draft.group else column
            return key
    return key


def _more_keys(draft: Draft, at: int, descending: bool) -> None:
    """As in "ordered by year and title": further keys joined to the first."""
    nxt = draft.following(at, draft.is_column, skip=frozenset({"also"}), reach=2)
    if nxt is not None and draft.is_cue(nxt - 1, "also") and nxt not in draft.taken:
        draft.orders.append((_key(draft, nxt), descending, nxt))
        draft.take(nxt)


def _direction(draft: Draft, at: int) -> bool:
    """Whether the direction word nearest to an order is a descending one; ascending without one."""
    near = sorted(range(max(0, at - 5), min(len(draft.items), at + 8)), key=lambda p: abs(p - at))
    for place in near:
        if draft.is_cue(place, "direction"):
            cue = draft.items[place].cue
            assert cue is not None
            return cue.value == "desc"
    return False


def absences(draft: Draft) -> None:
    """As in "without orders", "have never had any X", 没有订单的客户: rows with no partner in a table."""
    for at in list(draft.cues("negate")):
        if at in draft.taken:
            continue
        noun_at = draft.following(
            at,
            draft.is_noun,
            skip=frozenset({"of", "relative", "be", "distinct", "also", "group", "each"}),
            reach=6,
        )
        table = _absent_table(draft, noun_at) if noun_at is not None else None
        if table is None or noun_at is None:
            continue
        has_filter = any(_belongs(draft, noun_at, each, table) for each in draft.filters)
        focus = draft.focus()
        if draft.chinese or focus == table:
            focus = draft.focus_besides(table)
        if focus is None or focus == table or has_filter:
            continue
        draft.excluded.append((noun_at, table))
        draft.times_absent |= dict.fromkeys(_times_of(draft, at, noun_at), noun_at)
        draft.take(noun_at)
        draft.take(at, meaning=f"without {table}")


def _belongs(draft: Draft, noun_at: int, each: Filter, table: str) -> bool:
    """Whether a filter right behind what is not there says which of it; those on its own columns assembly
    puts where they belong."""
    own = {column.table for column in condition_columns(each.condition)} == {table}
    over = any(draft.items[p].text == "的" for p in range(noun_at + 1, each.at))
    return noun_at < each.at < noun_at + 5 and not over and not (own and not each.negated)


def _times_of(draft: Draft, at: int, noun_at: int) -> list[int]:
    """The times in which nothing happened: those behind what is negated, and right before the negation
    in Chinese (2023年一次也没就诊过) or at the start of the question ("In 2023, which ...")."""
    found = []
    for place, _, column in draft.times:
        between = draft.items[min(place, at) + 1 : max(place, noun_at)]
        ends = any(ends_clause(each) for each in between)
        plain = all(each.light or each.kind in ("cue", "number") for each in between)
        before = place < at and (
            (draft.chinese and plain and not ends) or (place <= 1 and not draft.chinese)
        )
        if (
            column is None
            and place not in draft.times_not
            and (before or (place > at and not ends))
        ):
            found.append(place)
    return found


def _absent_table(draft: Draft, at: int) -> str | None:
    """The table that a noun names, be it only by a part of a column's name ("mailshot" for mailshot_id)."""
    column = draft.column(at)
    if column is None:
        return draft.table(at)
    score = draft.items[at].entries[0].score
    happens = column.column in draft.index.tables[column.table].time
    return column.table if score < (0.9 if happens else 0.7) else None
