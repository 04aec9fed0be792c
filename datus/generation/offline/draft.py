"""The working table of one parse: settled items, what each clause has taken, and the clauses so far.

A draft belongs to a single call and is never shared; the passes in ``conditions``, ``quantities`` and
``grouping`` fill it one after the other, and ``assembly`` makes the plan of it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

from datus.generation.offline.cues import AGE, MEASURES, CueKind, Measure
from datus.generation.offline.joins import JoinGraph
from datus.generation.offline.linking import Item, ItemKind
from datus.generation.offline.names import SchemaIndex
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Condition,
    Elapsed,
    Expression,
    Part,
    TimeBucket,
)
from datus.types import Grain, TimeRange, WordUse

# Items that may stand between two parts of one phrase.
_CONNECTING: frozenset[CueKind] = frozenset({"of", "distinct", "than", "be", "also"})


@dataclass(frozen=True, slots=True)
class Placed:
    """An expression and the item where the question says it."""

    at: int
    expression: Expression


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition, where the question says it, and the clause it belongs to ("or" joins clauses)."""

    at: int
    condition: Condition
    negated: bool = False
    only: bool = False  # and for no row of another value
    told: bool = False  # by the caller, who means it as it stands


@dataclass(frozen=True, slots=True)
class Ranking:
    """Order by ``key`` and keep the first ``limit``; a missing key is the count of ``counted`` rows."""

    at: int
    descending: bool
    limit: int | None
    key: Expression | None = None
    counted: str | None = None
    by_frequency: bool = False
    explicit: bool = False
    skip: int = 0  # places before it: 1 for the second highest


@dataclass
class Draft:
    """What the passes know and have found so far."""

    items: tuple[Item, ...]
    index: SchemaIndex
    graph: JoinGraph
    chinese: bool
    taken: set[int] = field(default_factory=set)
    select: list[Placed] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    having: list[Compare] = field(default_factory=list)
    group: list[Placed] = field(default_factory=list)
    grains: list[tuple[int, Grain]] = field(default_factory=list)
    parts: list[tuple[int, Part]] = field(default_factory=list)
    weekends: list[int] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    times: list[tuple[int, TimeRange, ColumnRef | None]] = field(default_factory=list)
    orders: list[tuple[Expression | None, bool, int]] = field(default_factory=list)
    ranking: Ranking | None = None
    mentions: list[tuple[int, str]] = field(default_factory=list)
    excluded: list[tuple[int, str]] = field(default_factory=list)
    times_absent: dict[int, int] = field(
        default_factory=dict
    )  # of a time: the place of what is not there then
    times_not: set[int] = field(default_factory=set)
    required: list[str] = field(default_factory=list)
    bare_each: list[int] = field(default_factory=list)
    within: list[Expression] = field(default_factory=list)
    distinct: bool = False
    counted: str | None = None
    words: list[WordUse] = field(default_factory=list)
    passed_over: list[int] = field(default_factory=list)
    tested: list[int] = field(default_factory=list)
    owners: set[int] = field(default_factory=set)
    asking: tuple[bool, ...] = ()
    doubts: list[tuple[float, str]] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    told: list[Condition] = field(default_factory=list)
    spans: list[Elapsed] = field(default_factory=list)
    tallies: list[ColumnRef] = field(default_factory=list)
    denied: list[int] = field(default_factory=list)
    today: date | None = None
    via: tuple[str, ...] = ()  # the table of an event, and those between it and what it is about

    def __post_init__(self) -> None:
        self.asking = (True,) * len(self.items) if self.chinese else _asking(self.items)

    @property
    def doubt(self) -> float:
        """How much all that was noted against this parse takes from its certainty."""
        return sum(amount for amount, _ in self.doubts)

    def suspect(self, amount: float, reason: str) -> None:
        """Note what speaks against this parse; the reason is told when it is refused."""
        self.doubts.append((amount, reason))

    def cues(self, *kinds: CueKind) -> Iterator[int]:
        """Places of the cues of these kinds that nothing has taken yet."""
        for at, item in enumerate(self.items):
            if at not in self.taken and item.cue is not None and item.cue.kind in kinds:
                yield at

    def is_cue(self, at: int, *kinds: CueKind) -> bool:
        """Whether an item is a cue of one of the kinds."""
        if not 0 <= at < len(self.items):
            return False
        cue = self.items[at].cue
        return cue is not None and cue.kind in kinds

    def is_cue_anywhere(self, *kinds: CueKind) -> bool:
        """Whether any item is a cue of one of the kinds, taken or not."""
        return any(self.is_cue(at, *kinds) for at in range(len(self.items)))

    def column(self, at: int) -> ColumnRef | None:
        """The column that the item at a place names, or None."""
        item = self.items[at]
        if item.kind == "noun" and item.entries[0].column is not None:
            return item.entries[0].ref
        return None

    def measure(self, at: int) -> ColumnRef | None:
        """The column of numbers that the item at a place names, be it called like its table."""
        column, table = self.column(at), self.table(at)
        if column is not None or table is None:
            return column
        words = self.index.tables[table].words
        for each in self.index.tables[table].schema.columns:
            ref = ColumnRef(table, each.name)
            numeric = self.index.is_number(ref) and not self.index.is_key(ref)
            if self.index.words[ref] == words and numeric:
                return ref
        return None

    def table(self, at: int) -> str | None:
        """The table that the item at a place names, or None."""
        item = self.items[at]
        if item.kind == "noun" and item.entries[0].column is None:
            return item.entries[0].table
        return None

    def take(self, *places: int, meaning: str = "") -> None:
        """Mark items as explained, and tell the reader: the last with ``meaning``, nouns as what they name."""
        for at in places:
            told = meaning if at == places[-1] and meaning else self._named(at)
            item = self.items[at]
            if told and at not in self.taken:
                self.words.append(WordUse(item.text, item.span, told))
            self.taken.add(at)

    def _named(self, at: int) -> str:
        column = self.column(at)
        return str(column) if column is not None else self.table(at) or ""

    def following(
        self,
        at: int,
        wanted: Callable[[int], bool],
        *,
        skip: frozenset[CueKind] = _CONNECTING,
        reach: int = 6,
        also: frozenset[ItemKind] = frozenset(),
    ) -> int | None:
        """The first item after ``at`` that is wanted, passing only over light words, ``skip`` cues and
        items of the kinds in ``also``."""
        return self._scan(range(at + 1, min(at + 1 + reach, len(self.items))), wanted, skip, also)

    def preceding(
        self,
        at: int,
        wanted: Callable[[int], bool],
        *,
        skip: frozenset[CueKind] = _CONNECTING,
        reach: int = 6,
    ) -> int | None:
        """The first item before ``at`` that is wanted, passing only over light words and ``skip`` cues."""
        return self._scan(range(at - 1, max(at - 1 - reach, -1), -1), wanted, skip)

    def _scan(
        self,
        places: range,
        wanted: Callable[[int], bool],
        skip: frozenset[CueKind],
        also: frozenset[ItemKind] = frozenset(),
    ) -> int | None:
        for at in places:
            if at not in self.owners and wanted(at):
                return at
            item = self.items[at]
            passable = (
                item.light
                or at in self.owners
                or item.kind in also
                or item.text in _APOSTROPHES
                or (item.cue is not None and item.cue.kind in skip)
            )
            if not passable:
                return None
        return None

    def is_noun(self, at: int) -> bool:
        """Whether an item names a table or a column."""
        return self.items[at].kind == "noun"

    def is_column(self, at: int) -> bool:
        """Whether an item names a column."""
        return self.column(at) is not None

    def is_number(self, at: int) -> bool:
        """Whether an item is a number that nothing has taken."""
        return self.items[at].kind == "number" and at not in self.taken

    def focus(self) -> str | None:
        """The table the question is about: the first one named, else that of the first column."""
        for at, item in enumerate(self.items):
            table = self.table(at)
            if table is not None and item.entries[0].score > 0.5:
                return table
        for at in range(len(self.items)):
            column = self.column(at)
            if column is not None:
                return column.table
        return next((item.hits[0].table for item in self.items if item.hits), None)

    def focus_besides(self, table: str) -> str | None:
        """The table that a question names apart from one, the last named first: Chinese ends on it."""
        named = [self.table(at) for at in range(len(self.items))]
        columns = [self.column(at) for at in range(len(self.items))]
        others = [each for each in reversed(named) if each not in (None, table)]
        others += [each.table for each in columns if each is not None and each.table != table]
        others += [i.hits[0].table for i in self.items if i.hits and i.hits[0].table != table]
        return next(iter(others), None)

    def near_tables(self, at: int) -> tuple[str, ...]:
        """Tables of the question, those named nearest to a place first."""
        found: list[tuple[int, str]] = []
        for place, item in enumerate(self.items):
            if item.kind == "noun":
                found.append((abs(place - at), item.entries[0].table))
            elif item.hits:
                found.append((abs(place - at) + 1, item.hits[0].table))
        return tuple(dict.fromkeys(table for _, table in sorted(found)))

    def measured(self, measure: Measure, at: int) -> tuple[ColumnRef, bool] | None:
        """The column a comparing word is about, and whether its order runs the other way."""
        near = self.near_tables(at)
        focus = self.focus()
        far = [t for t in self.index.tables if t not in near and self._within_reach(focus, t)]
        tables = (*near, *far)
        for heads, inverse in ((measure.heads, False), (measure.inverse, True)):
            for table in tables:
                found = self.headed(table, heads)
                if found is not None:
                    return found, inverse
        return None

    def _within_reach(self, focus: str | None, table: str) -> bool:
        distance = self.graph.distance(focus, table) if focus is not None else None
        return distance is not None and distance <= 2

    def unit_measure(self, number_at: int) -> ColumnRef | None:
        """The column that the unit behind a number is of: years old and 岁 measure an age, dollars a price."""
        unit = self.items[number_at + 1].text.lower() if number_at + 1 < len(self.items) else ""
        if unit in _MONEY_UNITS and any(map(self._is_figure, range(len(self.items)))):
            return None  # dollars of whatever is named
        if unit not in _AGE_UNITS | _MONEY_UNITS:
            return None
        found = self.measured(AGE if unit in _AGE_UNITS else MEASURES["money"], number_at)
        return found[0] if found is not None and not found[1] else None

    def _is_figure(self, at: int) -> bool:
        column = self.column(at)
        return column is not None and self.index.is_number(column) and not self.index.is_key(column)

    def headed(self, table: str, heads: tuple[str, ...]) -> ColumnRef | None:
        columns = [ColumnRef(table, c.name) for c in self.index.tables[table].schema.columns]
        usable = [
            ref
            for ref in columns
            if not self.index.is_key(ref)
            and (self.index.is_number(ref) or ref.column in self.index.tables[table].time)
        ]
        for head in heads:
            for ref in usable:
                if self.index.words[ref][-1] == head:
                    return ref
        for head in heads:
            for ref in usable:
                if head in self.index.words[ref]:
                    return ref
        return None

    def time_column(self, tables: tuple[str, ...]) -> ColumnRef | None:
        """The column that says when rows of these tables happened; a neighbour's where they have none."""
        told = next((item.told.time for item in self.items if item.told and item.told.time), None)
        if told is not None and any(
            self.graph.distance(told.table, each) is not None for each in tables
        ):
            return told
        tables = (*self.via[:1], *tables)
        reached = list(tables)
        for table in tables:
            roles = self.index.tables[table]
            for join in self.graph.edges.get(table, ()):
                if any(own in roles.foreign for own, _ in join.pairs):
                    reached.append(join.right)
        for events_only in (True, False):
            for table in dict.fromkeys(reached):
                found = self.time_of(table, events_only=events_only)
                if found is not None:
                    if not events_only:
                        self.suspect(_GUESSED_TIME, f"no column says when; {found} is a guess")
                    return found
        return None

    def time_of(self, table: str, *, events_only: bool) -> ColumnRef | None:
        """The first column of a table that says when; of events only, or also of birth and bookkeeping."""
        roles = self.index.tables[table]
        refs = [ColumnRef(table, name) for name in roles.time]
        years = [
            ColumnRef(table, c.name)
            for c in roles.schema.columns
            if c.kind in ("integer", "number")
            and self.index.words[ColumnRef(table, c.name)][-1] == "year"
        ]
        plain = [r for r in refs if not _PERSONAL & set(self.index.words[r])]
        events = [r for r in plain if not _BOOKKEEPING & set(self.index.words[r])]
        found = (*events, *years) if events_only else (*plain, *refs)
        return next(iter(found), None)


_APOSTROPHES = frozenset({"'", "’"})  # "the students' names"
# Words after which a question no longer lists what it wants but says of which rows.
_CLAUSE_WORDS = frozenset(
    {"who", "whose", "that", "which", "with", "where", "having", "when", "whom", "without"}
)
_IMPERATIVES = frozenset(
    {
        "show",
        "list",
        "give",
        "return",
        "find",
        "what",
        "how",
        "tell",
        "display",
        "also",
        "report",
        "please",
        "select",
    }
)


def _asking(items: tuple[Item, ...]) -> tuple[bool, ...]:
    """For each item whether it stands where a question lists what it wants."""
    asking, seen_noun, flags = True, False, list[bool]()
    for at, item in enumerate(items):
        text = item.text.lower()
        first = text.split(" ", 1)[0]
        if (
            first in _IMPERATIVES
            and (at == 0 or items[at - 1].kind == "mark" or items[at - 1].text == "and")
        ) or (item.kind == "mark" and text in ".?;!"):
            asking, seen_noun = True, False
        elif at > 0 and items[at - 1].text == "and" and "which" in text:
            asking = True  # "... and in which countries"
        elif (
            seen_noun
            and {first, text.rsplit(" ", 1)[-1]} & _CLAUSE_WORDS
            and item.kind in ("cue", "word")
        ):
            asking = False
        seen_noun = (
            seen_noun
            or item.kind in ("noun", "value")
            or (item.cue is not None and item.cue.kind == "count")
        )
        flags.append(asking)
    return tuple(flags)


_MONEY_UNITS = frozenset(
    {
        "dollar",
        "dollars",
        "usd",
        "euro",
        "euros",
        "yuan",
        "rmb",
        "pounds",
        "美元",
        "元",
        "块",
        "块钱",
        "欧元",
        "人民币",
    }
)
_AGE_UNITS = frozenset({"years old", "year old", "years of age", "岁"})
# A date that says when a row was made and not when something happened is a guess.
_GUESSED_TIME = 0.4
_PERSONAL = frozenset({"birth", "birthday", "dob", "birthdate"})
_BOOKKEEPING = frozenset(
    {
        "created",
        "create",
        "updated",
        "update",
        "modified",
        "modify",
        "end",
        "signup",
        "expiry",
        "open",
        "launch",
        "join",
        "joined",
        "founded",
        "registered",
        "established",
    }
)


def as_time_key(draft: Draft, ref: ColumnRef, grain: Grain) -> Expression:
    """A column cut to a grain; a column that already is a year stays as it is."""
    if draft.index.is_number(ref):
        return ref
    return TimeBucket(ref, grain)


def is_count(expression: Expression) -> bool:
    """Whether an expression counts."""
    return isinstance(expression, Aggregate) and expression.function == "count"


# Words of measures whose values add up to one.
_ADDITIVE = frozenset(
    "revenue sale sales amount quantity cost profit income payment total volume spending spend expense".split()
)


def is_additive(draft: Draft, column: ColumnRef) -> bool:
    """Whether a column's name says that its values add up: amounts and sales do, prices do not."""
    return bool(_ADDITIVE & set(draft.index.words[column]))
