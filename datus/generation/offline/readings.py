"""Which meanings of the mentions fit together: a beam over the question, from left to right."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from datus.generation.offline.cues import Cue
from datus.generation.offline.joins import JoinGraph
from datus.generation.offline.linking import Item
from datus.generation.offline.names import Entry, SchemaIndex
from datus.generation.offline.plan import ColumnRef


@dataclass(frozen=True, slots=True)
class Reading:
    """The items with every noun and value settled on one meaning, and how likely that is."""

    items: tuple[Item, ...]
    score: float


@dataclass(frozen=True, slots=True)
class _Path:
    items: tuple[Item, ...]
    score: float
    tables: Mapping[str, int]


def readings(
    items: tuple[Item, ...], index: SchemaIndex, graph: JoinGraph, *, beam: int = 12, limit: int = 6
) -> tuple[Reading, ...]:
    """Settle every noun and value on one meaning, in the ways that fit together best."""
    mentioned = {
        entry.table
        for item in items
        if item.kind == "noun"
        for entry in item.entries
        if entry.column is None and entry.score > 0.8
    }
    paths = [_Path((), 0.0, {})]
    for at, item in enumerate(items):
        grown: list[_Path] = []
        for path in paths:
            for settled, score, table in _meanings(item, items, at, index, mentioned):
                tables = dict(path.tables)
                gain = score + _coordination(path.items, settled)
                if table is not None:
                    gain += _fit(table, tables, graph)
                    tables[table] = tables.get(table, 0) + 1
                grown.append(_Path((*path.items, settled), path.score + gain, tables))
        paths = sorted(grown, key=lambda path: -path.score)[:beam]
    return tuple(Reading(path.items, path.score) for path in paths[:limit])


def _coordination(before: tuple[Item, ...], item: Item) -> float:
    """As in "code and description": what is listed together mostly stands in one table."""
    if item.kind != "noun" or item.entries[0].column is None or len(before) < 2:
        return 0.0
    place = len(before) - 1
    while place > 0 and (before[place].light or before[place].text in (",", "and", "、", "和")):
        if before[place].text in (",", "and", "、", "和") and before[place - 1].kind == "noun":
            other = before[place - 1].entries[0]
            if other.column is None:
                return 0.0
            return 0.25 if other.table == item.entries[0].table else -0.1
        place -= 1
    return 0.0


def _fit(table: str, tables: Mapping[str, int], graph: JoinGraph) -> float:
    """What one more table costs: nothing if already read, little if a neighbour."""
    if not tables or table in tables:
        return 0.0
    distances = [graph.distance(table, other) for other in tables]
    known = [distance for distance in distances if distance is not None]
    return -0.9 if not known else -0.12 * min(known)


def _meanings(
    item: Item, items: tuple[Item, ...], at: int, index: SchemaIndex, mentioned: set[str]
) -> Iterator[tuple[Item, float, str | None]]:
    if item.kind == "noun":
        before = _cue_before(items, at)
        near = _tables_near(items, at)
        itself = {
            entry.table for entry in item.entries if entry.column is None and entry.score > 0.8
        }
        for entry in item.entries:
            score = entry.score + _liking(entry, before, index)
            if entry.column is not None and entry.table in mentioned - itself:
                score += 0.2
            if entry.column is not None and entry.table in near - itself:
                score += 0.25
            if entry.column is not None and index.tables[entry.table].key == (entry.column,):
                score += 0.05
            yield replace(item, entries=(entry,)), score, entry.table
    elif item.kind in ("value", "quote") and item.hits:
        near_columns = _columns_near(items, at)
        for hit in item.hits:
            ref = ColumnRef(hit.table, hit.column)
            score = hit.score + (0.2 if hit.table in mentioned else 0.0)
            score += 0.5 * near_columns.get(ref, 0.0)
            yield replace(item, hits=(hit,)), score, hit.table
    else:
        yield item, 0.0, None


def _cue_before(items: tuple[Item, ...], at: int) -> Cue | None:
    for item in reversed(items[:at]):
        if item.kind == "cue" and item.cue is not None and item.cue.kind not in ("of", "distinct"):
            return item.cue
        if not item.light and item.kind != "cue":
            return None
    return None


def _liking(entry: Entry, before: Cue | None, index: SchemaIndex) -> float:
    """How well an entry suits the cue right before it."""
    if before is None:
        return 0.0
    if before.kind in ("count", "each", "rows", "who"):
        return 0.15 if entry.column is None else 0.0
    if before.kind in ("aggregate", "superlative") and before.measure is None:
        if entry.column is None:
            return -0.1 if before.kind == "aggregate" else 0.0
        return 0.2 if index.is_number(entry.ref) and not index.is_key(entry.ref) else 0.0
    return 0.0


def _tables_near(items: tuple[Item, ...], at: int) -> set[str]:
    """Tables named right before a noun ("student name") or right after it ("name of the student")."""
    near: set[str] = set()
    if at > 0 and items[at - 1].kind == "noun":
        near |= {entry.table for entry in items[at - 1].entries if entry.column is None}
    if at > 1 and items[at - 2].kind == "noun" and items[at - 1].text in ("'", "的"):
        near |= {entry.table for entry in items[at - 2].entries if entry.column is None}
    for follower in items[at + 1 : at + 5]:
        if follower.kind == "noun" and any(entry.column is None for entry in follower.entries):
            near |= {entry.table for entry in follower.entries if entry.column is None}
            break
        if not (
            follower.light or (follower.cue and follower.cue.kind in ("of", "relative", "each"))
        ):
            break
    return near


def _columns_near(items: tuple[Item, ...], at: int) -> dict[ColumnRef, float]:
    """Columns named within a few items of a value, which then is likely theirs."""
    near: dict[ColumnRef, float] = {}
    for offset in (-4, -3, -2, -1, 1, 2):
        place = at + offset
        if 0 <= place < len(items) and items[place].kind == "noun":
            for entry in items[place].entries:
                if entry.column is not None:
                    near[entry.ref] = max(
                        near.get(entry.ref, 0.0), entry.score / abs(offset) ** 0.5
                    )
    return near
