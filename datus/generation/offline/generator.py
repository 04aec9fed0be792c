"""The offline generator: parse, rank the readings, and refuse what is not grounded."""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace

from datus.errors import RefusalError
from datus.generation.base import MetricChoice
from datus.generation.offline.assembly.assemble import assemble
from datus.generation.offline.confidence import LEAST_CONFIDENCE, confidence, weakest_words
from datus.generation.offline.draft import Draft
from datus.generation.offline.joins import JoinGraph
from datus.generation.offline.linking import Item, is_content, joined_words, link
from datus.generation.offline.metrics import choose
from datus.generation.offline.names import SchemaIndex, build_index
from datus.generation.offline.passes.comparisons import averages, comparisons, ranges
from datus.generation.offline.passes.grouping import absences, grains, groups, orders
from datus.generation.offline.passes.quantities import aggregates, asked_measures, counts, modifiers
from datus.generation.offline.passes.rankings import superlatives
from datus.generation.offline.passes.values import matches, nulls, times, values
from datus.generation.offline.plan import (
    AnyPlan,
    Intersection,
    Plan,
    plan_columns,
    plan_tables,
    signature,
    subplans,
)
from datus.generation.offline.readings import Reading, readings
from datus.generation.offline.rendering import Renderer, UnreachableTablesError
from datus.generation.offline.vouched import vouched
from datus.text import is_chinese
from datus.types import Candidate, DatabaseSchema, GenerationContext

# Each pass takes from the draft what it explains; the order decides who sees a word first.
PASSES = (
    modifiers, averages, counts, aggregates, matches, times, ranges, asked_measures, comparisons, nulls, grains, orders,
    superlatives, values, absences, groups,
)  # fmt: skip

_KEPT_SCHEMAS = 64
_TIE = 0.02


@dataclass(frozen=True)
class Prepared:
    """What is derived from a schema once and used for every question over it."""

    schema: DatabaseSchema
    index: SchemaIndex
    graph: JoinGraph


@dataclass(frozen=True, slots=True)
class Parsed:
    """A reading's plan, its SQL and how far it explains the question."""

    plan: AnyPlan
    sql: str
    score: float
    sure: float
    unread: tuple[Item, ...]
    draft: Draft


class OfflineGenerator:
    """Answers from names, comments, values and cue words alone; needs no model and no network."""

    name = "offline"

    def __init__(self, *, least_confidence: float = LEAST_CONFIDENCE) -> None:
        self._least_confidence = least_confidence
        self._prepared: OrderedDict[int, Prepared] = OrderedDict()

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        """See ``Generator.generate``; runs in a thread, for it is some milliseconds of pure computing."""
        return await asyncio.to_thread(self.candidates, context)

    async def choose_metrics(self, context: GenerationContext) -> tuple[MetricChoice, ...]:
        """See ``Generator.choose_metrics``."""
        return await asyncio.to_thread(choose, context)

    def candidates(self, context: GenerationContext) -> tuple[Candidate, ...]:
        """The ranked candidates of a question, before them what someone vouched for.

        Raises:
            RefusalError: Words stay unexplained, nothing is asked for, or two readings tie.
        """
        known = vouched(context)
        if known is None or known.sql in {attempt.sql for attempt in context.attempts}:
            return self._readings(context)
        try:
            return (known, *(each for each in self._readings(context) if each.sql != known.sql))
        except RefusalError:
            return (known,)

    def _readings(self, context: GenerationContext) -> tuple[Candidate, ...]:
        prepared = self._prepare(context.schema)
        items = link(context, prepared.index)
        parsed = sorted(self._parse_all(context, prepared, items), key=lambda each: -each.score)
        tried = {attempt.sql for attempt in context.attempts}
        parsed = [each for each in parsed if each.sql not in tried]
        _refuse_ungrounded(items, parsed, prepared.index)
        ranked = _with_confidence([each for each in parsed if not each.unread])
        if ranked[0].sure < self._least_confidence:
            raise _unsure(ranked)
        return tuple(_candidate(each) for each in ranked if each.sure >= self._least_confidence)

    def _prepare(self, schema: DatabaseSchema) -> Prepared:
        """Derived data of a schema, kept for the newest ones; holding the schema keeps its id its own."""
        found = self._prepared.get(id(schema))
        if found is None:
            found = Prepared(schema, build_index(schema), JoinGraph(schema))
            self._prepared[id(schema)] = found
            while len(self._prepared) > _KEPT_SCHEMAS:
                self._prepared.popitem(last=False)
        return found

    def _parse_all(
        self, context: GenerationContext, prepared: Prepared, items: tuple[Item, ...]
    ) -> Iterator[Parsed]:
        seen: set[Hashable] = set()
        chinese = is_chinese(context.question.text)
        for reading in readings(items, prepared.index, prepared.graph):
            parsed = parse(reading, prepared, chinese=chinese)
            if parsed is not None and (meaning := signature(parsed.plan)) not in seen:
                if parsed.sql in seen:
                    continue
                seen |= {meaning, parsed.sql}
                yield parsed


def parse(reading: Reading, prepared: Prepared, *, chinese: bool) -> Parsed | None:
    """One reading through all passes to SQL; None when it asks for nothing or its tables do not connect."""
    draft = Draft(reading.items, prepared.index, prepared.graph, chinese)
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
    return Parsed(plan, sql, score, 1.0, unread, draft)


def _with_confidence(parsed: list[Parsed]) -> list[Parsed]:
    ranked = []
    for at, each in enumerate(parsed):
        lead = each.score - parsed[at + 1].score if at + 1 < len(parsed) else None
        ranked.append(replace(each, sure=confidence(each.draft, each.plan, lead)))
    return ranked


def _unsure(ranked: list[Parsed]) -> RefusalError:
    """Two readings that tie are a question back to the caller; a weak reading is no answer."""
    best = ranked[0]
    readings_ = [each.sql for each in ranked[:3]]
    reasons = list(dict.fromkeys(reason for _, reason in best.draft.doubts))
    if len(ranked) > 1 and best.score - ranked[1].score < _TIE:
        return RefusalError(
            "The question can be read in more than one way. Name the table or column you mean.",
            code="ambiguous",
            details={"readings": readings_, "words": list(weakest_words(best.draft))},
        )
    return RefusalError(
        "What the question asks is not clear enough from the names and values of the data"
        + (f" ({'; '.join(reasons)})" if reasons else "")
        + ". Say it with the words of the tables and columns.",
        code="unanswerable",
        details={"words": list(weakest_words(best.draft)), "reasons": reasons, "nearest": best.sql},
    )


# Cues that change the answer: one that no pass could place means that the question is not understood.
_MUST_BE_READ = frozenset(
    {"aggregate", "between", "both", "compare", "contain", "contrast", "count", "end", "frequent", "grain", "negate",
     "null", "order", "start", "superlative", "top", "direction", "period", "unplanned"}
)  # fmt: skip


def _unexplained(draft: Draft, at: int, item: Item) -> bool:
    if at in draft.unread:
        return True
    if at in draft.taken:
        return False
    if item.cue is not None:
        return item.cue.kind in _MUST_BE_READ
    return not item.light and item.kind in ("word", "number", "value", "quote", "time")


def _refuse_ungrounded(items: tuple[Item, ...], parsed: list[Parsed], index: SchemaIndex) -> None:
    if not parsed:
        words = joined_words((item.text, item.span) for item in items if is_content(item))
        raise RefusalError(
            "The question asks for nothing that the tables hold. Name a table or a column: "
            + ", ".join(sorted(index.tables)[:10]),
            code="unanswerable",
            details={"words": words, "tables": sorted(index.tables)[:50]},
        )
    best = parsed[0]
    if all(each.unread for each in parsed):
        words = joined_words((item.text, item.span) for item in best.unread)
        raise RefusalError(
            "These words are not explained by the data: "
            + ", ".join(f"“{word}”" for word in words)
            + ". Say them as the tables, columns or values are called, or leave them out.",
            code="unanswerable",
            details={"words": words, "nearest": best.sql},
        )


def _candidate(parsed: Parsed) -> Candidate:
    plans = _all_plans(parsed.plan)
    top = parsed.plan if isinstance(parsed.plan, Plan) else parsed.plan.left
    return Candidate(
        sql=parsed.sql,
        score=parsed.score,
        tables=tuple(dict.fromkeys(t for plan in plans for t in plan_tables(plan))),
        columns=tuple(dict.fromkeys(str(c) for plan in plans for c in plan_columns(plan))),
        words=tuple(sorted(parsed.draft.words, key=lambda use: use.span)),
        times=tuple(time for at, time, _ in parsed.draft.times if at not in parsed.draft.unread),
        ordered=bool(top.order),
    )


def _all_plans(plan: AnyPlan) -> tuple[Plan, ...]:
    pending = [plan.left, plan.right] if isinstance(plan, Intersection) else [plan]
    found: list[Plan] = []
    while pending:
        each = pending.pop(0)
        found.append(each)
        pending.extend(subplans(each))
    return tuple(found)
