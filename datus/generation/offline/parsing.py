"""A question to its readings, each parsed to a plan and its SQL."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date

from datus.generation.offline.assembly.assemble import assemble
from datus.generation.offline.candidates.search import Origin, Proposal
from datus.generation.offline.confidence import confidence
from datus.generation.offline.draft import Draft
from datus.generation.offline.joins import JoinGraph
from datus.generation.offline.linking import Item
from datus.generation.offline.names import SchemaIndex
from datus.generation.offline.nesting import choose, first_choice
from datus.generation.offline.passes.averaging import averages_per
from datus.generation.offline.passes.calendar import parts, weekends
from datus.generation.offline.passes.comparisons import comparisons, ranges
from datus.generation.offline.passes.elapsed import elapsed
from datus.generation.offline.passes.events import events, pieces
from datus.generation.offline.passes.flags import flags
from datus.generation.offline.passes.grouping import absences, denials, grains, groups, orders
from datus.generation.offline.passes.quantities import aggregates, asked_measures, counts, modifiers
from datus.generation.offline.passes.rankings import extremes, superlatives
from datus.generation.offline.passes.shares import is_share, shares
from datus.generation.offline.passes.told import told
from datus.generation.offline.passes.values import matches, nulls, times, values
from datus.generation.offline.passes.yardsticks import averages, other_rows
from datus.generation.offline.plan import (
    Aggregate,
    AnyPlan,
    Compare,
    Member,
    Plan,
    is_calculated,
    is_figure,
    signature,
)
from datus.generation.offline.readings import Reading, readings
from datus.generation.offline.rendering import Renderer, UnreachableTablesError
from datus.text import is_chinese
from datus.types import DatabaseSchema, GenerationContext

# Each pass takes from the draft what it explains; the order decides who sees a word first.
PASSES = (
    told, denials, elapsed, modifiers, flags, averages, other_rows, extremes, averages_per, counts, aggregates, matches, times, events, ranges, asked_measures, comparisons, nulls, grains, parts, orders,
    superlatives, pieces, values, weekends, absences, groups, shares,
)  # fmt: skip

_PER = frozenset(
    (
        "per",
        "every combination of",
        "each combination of",
        "for every combination of",
        "for each combination of",
    )
)
_AN_UNREAD_WORD = 0.5
_SURE_OF_GROUPS = 0.85  # "by" also means by whom, and per what


@dataclass(frozen=True)
class Prepared:
    """What is derived from a schema once and used for every question over it."""

    schema: DatabaseSchema
    index: SchemaIndex
    graph: JoinGraph


@dataclass(frozen=True, slots=True)
class Parsed:
    """A reading's plan, its SQL, how likely its links are, and what it leaves unexplained."""

    plan: AnyPlan
    sql: str
    score: float
    unread: tuple[Item, ...]
    draft: Draft


@dataclass(frozen=True)
class Read:
    """A question's mentions with all their competing meanings, and its readings, likeliest first."""

    prepared: Prepared
    context: GenerationContext
    items: tuple[Item, ...]
    parsed: tuple[Parsed, ...]

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """The readings as candidates."""
        found = []
        for at, each in enumerate(self.parsed):
            lead = each.score - self.parsed[at + 1].score if at + 1 < len(self.parsed) else None
            sure = confidence(each.draft, each.plan, lead) - _AN_UNREAD_WORD * len(each.unread)
            gap = self.parsed[0].score - each.score
            origin = Origin(at, gap, each.draft.doubt, sure, len(each.unread))
            found.append(Proposal(each.plan, origin, score=-gap))
        return tuple(found)

    @property
    def by_rules(self) -> bool:
        """Whether the readings' own order stands, for the ranking was learned from questions unlike this one:
        hardly one of them speaks of ranges or periods of time, of shares, of columns of yes and no, or asks for figures "by" or "per" something, and
        none is in Chinese or is told its terms."""
        if any(item.told is not None for item in self.items):
            return True
        return bool(self.parsed) and _is_untaught(self.parsed[0], self.proposals[0].origin)


def _is_untaught(parsed: Parsed, origin: Origin) -> bool:
    draft, plan = parsed.draft, parsed.plan
    if draft.chinese or any(
        (
            draft.times,
            draft.grains,
            draft.parts,
            draft.weekends,
            draft.flags,
            draft.spans,
            draft.tallies,
            draft.denied,
            draft.via,
        )
    ):
        return True
    if draft.required or any(each.only for each in draft.filters):
        return True
    if isinstance(plan, Plan) and (
        is_calculated(plan)
        or any(map(is_share, plan.select))
        or _are_extremes(draft, plan)
        or _is_of_sets(plan)
    ):
        return True
    if not isinstance(plan, Plan) or not plan.group:
        return False
    keys = (order.key for order in plan.order)
    figures = any(is_figure(each) for each in (*plan.select, *keys))
    by = any(
        draft.is_cue(at, "group") or (draft.is_cue(at, "each") and item.text.lower() in _PER)
        for at, item in enumerate(draft.items)
    )
    return figures and by and origin.sure >= _SURE_OF_GROUPS


def _is_of_sets(plan: Plan) -> bool:
    """Whether it counts or chooses groups inside a condition or of an exact size, compares with some
    rows' value, or leaves the first rows out."""
    if plan.offset or any(each.operator == "=" for each in plan.having):
        return True
    if any(
        isinstance(c, Compare) and isinstance(c.right, Plan) and (c.right.where or c.right.limit)
        for c in plan.where
    ):
        return True
    return any(isinstance(each, Member) and each.plan.group for each in plan.where)


def _are_extremes(draft: Draft, plan: Plan) -> bool:
    """As in "the cheapest and the dearest price", whose words mostly choose a row."""
    functions = {each.function for each in plan.select if isinstance(each, Aggregate)}
    return functions == {"min", "max"} and draft.is_cue_anywhere("superlative")


def read_all(context: GenerationContext, prepared: Prepared, items: tuple[Item, ...]) -> Read:
    """Every reading of a question that has a meaning of its own, likeliest first."""
    seen: set[Hashable] = set()
    found: list[Parsed] = []
    chinese = is_chinese(context.question.text)
    for reading in readings(items, prepared.index, prepared.graph):
        parsed = parse(reading, prepared, chinese=chinese, today=context.question.today)
        if parsed is None:
            continue
        meaning = signature(parsed.plan)
        if meaning not in seen and parsed.sql not in seen:
            seen |= {meaning, parsed.sql}
            found.append(parsed)
    return Read(prepared, context, items, tuple(sorted(found, key=lambda each: -each.score)))


def parse(
    reading: Reading, prepared: Prepared, *, chinese: bool, today: date | None = None
) -> Parsed | None:
    """One reading through all passes to SQL; None when it asks for nothing or its tables do not connect."""
    draft = Draft(reading.items, prepared.index, prepared.graph, chinese, today=today)
    clause = first_choice(draft)
    if clause is not None:
        inside = Reading(reading.items[clause.start : clause.stop], 0.0)
        inner = parse(inside, prepared, chinese=chinese, today=today)
        if inner is None or inner.unread or not choose(draft, clause, inner.plan):
            return None
        draft.doubts.extend(inner.draft.doubts)
    for step in PASSES:
        step(draft)
    plan = assemble(draft)
    if plan is None:
        return None
    try:
        sql = Renderer(prepared.index, prepared.graph).sql(plan)
    except UnreachableTablesError:
        return None
    unread = tuple(item for at, item in enumerate(draft.items) if _unexplained(draft, at, item))
    score = reading.score - draft.doubt - 0.5 * len(unread)
    return Parsed(plan, sql, score, unread, draft)


# Cues that change the answer: one that no pass could place means that the question is not understood.
_MUST_BE_READ = frozenset(
    {"aggregate", "between", "both", "compare", "contain", "contrast", "count", "difference", "end", "frequent", "grain", "growth", "measure",
     "negate", "null", "order", "outside", "ratio", "share", "start", "superlative", "top", "direction", "elapsed", "part", "period", "unplanned", "weekend"}
)  # fmt: skip


def _unexplained(draft: Draft, at: int, item: Item) -> bool:
    if at in draft.unread:
        return True
    if at in draft.taken:
        return False
    if item.cue is not None:
        return item.cue.kind in _MUST_BE_READ
    return not item.light and item.kind in ("word", "number", "value", "quote", "time")
