"""What a plan shows: columns asked for, group keys, labels of tables, extreme values."""

from datus.generation.offline.draft import Draft
from datus.generation.offline.names import PEOPLE
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Condition,
    Expression,
    Plan,
    Star,
    condition_columns,
    expression_columns,
    is_figure,
)


def projected(draft: Draft) -> Plan | None:
    excluded = {table for _, table in draft.excluded}
    tables = tuple(dict.fromkeys(t for _, t in draft.mentions if t not in excluded))
    keys = [placed.expression for placed in draft.group]
    asked = [placed.expression for placed in draft.select]
    if (
        draft.ranking is not None
        and draft.group
        and any(draft.is_cue(p.at - 1, "each") for p in draft.group)
    ):
        _rank_within(draft)
    superlative = _is_extreme_value(draft, asked)
    if superlative is not None and draft.ranking is not None:
        if draft.ranking.skip:  # the second highest value
            return Plan(select=tuple(expression_columns(superlative)), tables=tables, distinct=True)
        draft.ranking = None
        return Plan(select=(superlative,), tables=tables)
    if draft.is_cue_anywhere("details") and not asked and tables:
        draft.take(*draft.cues("details"))
        return Plan(select=(Star(tables[0]),), tables=tables)
    select = _with_keys(draft, keys, _with_named(draft, _with_labels(draft, asked)))
    if not select:
        focus = _person(draft, _asked_table(draft, tables))
        if focus is None:
            return None
        label = draft.index.label(focus)
        select = [*label] if label else [Star(focus)]
        tables = tuple(dict.fromkeys((focus, *tables)))
    return Plan(
        select=tuple(dict.fromkeys(select)),
        tables=tables,
        group=tuple(keys),
        having=tuple(draft.having),
    )


def _with_labels(draft: Draft, asked: list[Expression]) -> list[Expression]:
    """As in "allergy types with the number of students": a table listed before a count is a group."""
    counts = [p for p in draft.select if is_figure(p.expression)]
    if len(counts) != len(asked) or not counts or draft.group:
        return asked
    for at, table in draft.mentions:
        listed = (
            at < counts[0].at and draft.asking[at] and at not in draft.owners and not draft.chinese
        )
        joined = any(
            draft.items[p].text.lower() in ("with", "and", "along with")
            for p in range(at + 1, counts[0].at)
        )
        if listed and joined and not any(draft.is_cue(p, "count", "aggregate") for p in range(at)):
            return [*draft.index.label(table), *asked]
    return asked


def _with_named(draft: Draft, asked: list[Expression]) -> list[Expression]:
    """As in "Which hiker stayed last, and in which city ...?", 入职最晚的医生是谁？什么职称？: where a first
    question asks which row it is and a second what it is like, both are answered."""
    if draft.group or not asked or any(map(is_figure, asked)):
        return asked
    for at, table in draft.mentions:
        said = _which(draft, at)
        label = draft.index.label(table)
        if said is None or at in draft.owners or set(label) & set(asked):
            continue
        first = min(placed.at for placed in draft.select)
        ends = [p for p in range(said + 1, first) if draft.items[p].kind == "mark"]
        own = {column.table for each in asked for column in expression_columns(each)}
        one = draft.ranking is not None and (draft.ranking.limit or 1) == 1
        if ends and own == {table} and (one or draft.filters):
            return [*label, *asked]
    return asked


def _which(draft: Draft, at: int) -> int | None:
    """Where the question word stands that asks which row of a table is meant, or None."""
    if not draft.chinese:
        asks = draft.is_cue(at - 1, "rows") and draft.items[at - 1].text.lower() in (
            "which",
            "what",
        )
        return at if asks else None
    place = at + 1
    while draft.is_cue(place, "be"):
        place += 1
    asks = draft.is_cue(place, "rows", "who") and bool(set(draft.items[place].text) & set("哪谁"))
    return place if asks else None


def _rank_within(draft: Draft) -> None:
    """A ranking that is not within the groups (``within``) is one of the groups, with how many are wanted."""
    ranking = draft.ranking
    assert ranking is not None
    if (
        ranking.limit is None
        or ranking.skip
        or not (ranking.by_frequency or (ranking.key is not None and is_figure(ranking.key)))
    ):
        draft.unread.append(ranking.at)


def _with_keys(draft: Draft, keys: list[Expression], asked: list[Expression]) -> list[Expression]:
    """Group keys stand where the question says them; keys that are no part of the answer stay out."""
    if not keys:
        return asked
    aggregated = any(map(is_figure, asked))
    own = {c.table for e in keys for c in expression_columns(e)}
    if not aggregated and asked and draft.ranking is None and not draft.having:
        listed = {c.table for e in asked for c in expression_columns(e)}
        if listed <= own or len(listed) == 1:  # "the budget of each department": one row each
            draft.group.clear()
            keys.clear()
            return asked
    covered = {c.table for e in asked if not is_figure(e) for c in expression_columns(e)}
    if draft.grains and not aggregated and not asked and draft.mentions and draft.ranking is None:
        asked = [Aggregate("count")]  # "visits each month" are counted
    shown = [
        placed.expression
        for placed in draft.group
        if not (
            draft.table(placed.at) is not None
            and (own & covered or _points_to(draft, asked, placed.expression))
        )
    ]
    if aggregated and covered:
        kept = [p for p in draft.group if p.expression in shown or own - covered]
        keys[:] = [placed.expression for placed in kept]
        draft.group[:] = kept
    return [*shown, *asked]


def _points_to(draft: Draft, asked: list[Expression], key: Expression) -> bool:
    """Whether a listed column already identifies the rows that a key names."""
    tables = {column.table for column in expression_columns(key)}
    return any(
        join.right in tables and join.pairs[0][0] == e.column
        for e in asked
        if isinstance(e, ColumnRef)
        for join in draft.graph.edges.get(e.table, ())
    )


def _person(draft: Draft, table: str | None) -> str | None:
    """As in "who stayed at the lodge": an event has no name; the one it belongs to is asked for."""
    asked = any(draft.is_cue(at, "who") and draft.asking[at] for at in range(len(draft.items)))
    if (
        table is None
        or not asked
        or draft.index.tables[table].label != draft.index.tables[table].key
    ):
        return table
    filtered = {column.table for f in draft.filters for column in condition_columns(f.condition)}
    people = [
        join.right
        for each in dict.fromkeys((table, *draft.via[:1]))
        for join in draft.graph.edges[each]
        if join.to_one
        and join.right not in filtered
        and draft.index.words[draft.index.label(join.right)[0]][-1] == "name"
    ]
    if len(people) > 1:
        people = [each for each in people if PEOPLE & set(draft.index.tables[each].words)]
    if len(people) == 1:
        draft.mentions.append((len(draft.items) - 1, table))
        return people[0]
    draft.suspect(1.0, f"the question asks who, and {table} names nobody")
    return table


def _asked_table(draft: Draft, tables: tuple[str, ...]) -> str | None:
    ranking = draft.ranking
    counted = ranking.counted if ranking is not None else None
    rest = [table for table in tables if table != counted]
    for at, table in draft.mentions:
        beside = range(max(0, at - 2), at + 2 if draft.chinese else at)
        asked = any(draft.is_cue(p, "rows", "who") and draft.asking[p] for p in beside)
        if table in rest and asked and not draft.items[at].text.lower().endswith("ed"):
            return table
    if draft.chinese and (named := _named_by_value(draft)) is not None:
        return named
    if rest:
        return rest[-1] if draft.chinese else rest[0]  # Chinese ends on what it asks for
    if ranking is not None and ranking.key is not None:
        return next((c.table for c in expression_columns(ranking.key)), None)
    if tables:
        return tables[0]
    if draft.filters:
        left = draft.filters[0].condition
        return next(iter({c.table for c in _columns(left)}), None)
    return None


def _named_by_value(draft: Draft) -> str | None:
    """从未下过单的企业客户: a question that ends on a value asks for rows that have it."""
    for at in range(len(draft.items) - 1, 0, -1):
        item = draft.items[at]
        if item.hits:
            return item.hits[0].table if draft.items[at - 1].text == "的" else None
        if not (item.light or item.kind == "mark" or draft.is_cue(at, "rows", "who", "be")):
            return None
    return None


def _columns(condition: Condition) -> tuple[ColumnRef, ...]:
    return tuple(condition_columns(condition))


def _is_extreme_value(draft: Draft, asked: list[Expression]) -> Expression | None:
    """As in "what is the highest salary": the value itself, when nothing else is asked for."""
    ranking = draft.ranking
    if ranking is None or asked or draft.group or draft.within:
        return None
    if ranking.limit is not None or not ranking.explicit:
        return None
    if not isinstance(ranking.key, ColumnRef):
        return None
    if any(draft.is_cue(at, "rows", "who") and at < ranking.at for at in range(len(draft.items))):
        return None
    if any(at < ranking.at or draft.chinese for at, _ in draft.mentions):
        return None
    return Aggregate("max" if ranking.descending else "min", ranking.key)
