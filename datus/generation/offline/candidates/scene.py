"""What a question offers to a plan: the places where it names columns, tables, values and numbers."""

from dataclasses import dataclass
from functools import cached_property

from datus.generation.offline.cues import Measure
from datus.generation.offline.joins import JoinGraph
from datus.generation.offline.linking import Item
from datus.generation.offline.names import SchemaIndex
from datus.generation.offline.plan import (
    ColumnRef,
    Expression,
    Function,
    Operator,
    expression_columns,
)
from datus.types import ValueHit

_FAR = 0.2


@dataclass(frozen=True, slots=True)
class Named:
    """A column that the item at a place may name, and how surely."""

    at: int
    ref: ColumnRef
    score: float


@dataclass(frozen=True)
class Scene:
    """A question's items with all their competing meanings, over one schema, and every value found in it."""

    items: tuple[Item, ...]
    index: SchemaIndex
    graph: JoinGraph
    hits: tuple[ValueHit, ...] = ()

    @cached_property
    def columns(self) -> tuple[Named, ...]:
        """Every column that the question may name, in its order, surer ones first at one place."""
        return tuple(
            Named(at, entry.ref, entry.score)
            for at, item in enumerate(self.items)
            for entry in item.entries
            if entry.column is not None
        )

    def is_outdone(self, named: Named) -> bool:
        """Whether the words at a place far likelier mean another column than this one."""
        best = max(each.score for each in self.columns if each.at == named.at)
        return named.score < best - _FAR

    @cached_property
    def column_scores(self) -> dict[ColumnRef, float]:
        """How surely each column is named anywhere."""
        best: dict[ColumnRef, float] = {}
        for named in self.columns:
            best[named.ref] = max(named.score, best.get(named.ref, 0.0))
        return best

    @cached_property
    def table_scores(self) -> dict[str, float]:
        """How surely each table is named anywhere."""
        best: dict[str, float] = {}
        for item in self.items:
            for entry in item.entries:
                if entry.column is None:
                    best[entry.table] = max(entry.score, best.get(entry.table, 0.0))
        return best

    @cached_property
    def rivals(self) -> dict[ColumnRef, tuple[ColumnRef, ...]]:
        """For a column the others that the same words may name, and those tied to it by a key."""
        found: dict[ColumnRef, dict[ColumnRef, None]] = {}
        for item in self.items:
            refs = [entry.ref for entry in item.entries if entry.column is not None]
            for ref in refs:
                found.setdefault(ref, {}).update(
                    dict.fromkeys(each for each in refs if each != ref)
                )
        for joins in self.graph.edges.values():
            for join in joins:
                if len(join.pairs) == 1:
                    own = ColumnRef(join.left, join.pairs[0][0])
                    other = ColumnRef(join.right, join.pairs[0][1])
                    found.setdefault(own, {})[other] = None
        return {ref: tuple(each) for ref, each in found.items()}

    @cached_property
    def functions(self) -> tuple[tuple[int, Function], ...]:
        """The functions that are said, each with its place; the highest or lowest only beside another."""
        cues = [(at, item.cue) for at, item in enumerate(self.items) if item.cue is not None]
        extremes = sum(cue.kind in ("aggregate", "superlative") for _, cue in cues)
        found: list[tuple[int, Function]] = []
        for at, cue in cues:
            if cue.kind == "aggregate":
                found.append((at, cue.value))  # type: ignore[arg-type]
            elif cue.kind == "superlative" and extremes > 1:
                found.append((at, "max" if cue.value == "desc" else "min"))
        return tuple(found)

    def operator_near(self, at: int) -> Operator:
        """The comparison said near a number; equality where none is."""
        for place in (at - 1, at - 2, at + 1, at - 3, at + 2):
            if 0 <= place < len(self.items):
                cue = self.items[place].cue
                if cue is not None and cue.kind == "compare":
                    return cue.value  # type: ignore[return-value]
        return "="

    def measure_near(self, at: int) -> Measure | None:
        """The measure that a comparing word near a number implies: "younger" is about an age."""
        for place in (at - 1, at - 2, at + 1, at - 3, at + 2):
            if 0 <= place < len(self.items):
                cue = self.items[place].cue
                if cue is not None and cue.kind == "compare":
                    return cue.measure
        return None

    def is_named_before(self, table: str, at: int) -> bool:
        """Whether the nearest noun before a place is a table: "students under 20"."""
        noun = next((i for i in reversed(self.items[:at]) if i.kind == "noun"), None)
        return noun is not None and any(e.table == table and e.column is None for e in noun.entries)

    def group_keys(self, columns: tuple[Expression, ...]) -> tuple[Expression, ...]:
        """Group keys for what is shown: with its key where rows of a table are shown by their name, for two may share it."""
        keys: list[Expression] = []
        for table in dict.fromkeys(c.table for each in columns for c in expression_columns(each)):
            if set(self.index.label(table)) & set(columns) and table in self.table_scores:
                keys += [ColumnRef(table, name) for name in self.index.tables[table].key]
        return tuple(dict.fromkeys((*keys, *columns)))

    def is_measure(self, ref: ColumnRef) -> bool:
        """Whether a column holds numbers that say how much, and no keys."""
        return self.index.is_number(ref) and not self.index.is_key(ref)

    def columns_of(self, table: str) -> tuple[ColumnRef, ...]:
        """All columns of a table."""
        return tuple(
            ColumnRef(table, each.name) for each in self.index.tables[table].schema.columns
        )

    def is_said(self, *kinds: str) -> bool:
        """Whether a cue of one of the kinds stands anywhere in the question."""
        return any(item.cue is not None and item.cue.kind in kinds for item in self.items)

    def is_near(self, tables: tuple[str, ...], other: str) -> bool:
        """Whether a table is at most two joins from one of the tables."""
        distances = (self.graph.distance(table, other) for table in tables)
        return any(distance is not None and distance <= 2 for distance in distances)
