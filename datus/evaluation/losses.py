"""Where the offline generator loses a question's right answer: stage by stage."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from datus.errors import DatabaseError, RefusalError
from datus.evaluation.compare import Reference, matches
from datus.evaluation.datasets import Item
from datus.evaluation.references import References, RunReference
from datus.evaluation.runner import Outcome
from datus.generation.base import MetricChoice
from datus.generation.offline.exploration import Explored
from datus.generation.offline.generator import OfflineGenerator
from datus.types import Candidate, GenerationContext

Stage = Literal["before", "told", "linking", "candidates", "rendering", "ranking", "confidence"]
STAGES: Mapping[Stage, str] = {
    "before": "the workflow ended before the generator was asked",
    "told": "a meaning that was told of its words could not be read",
    "linking": "a table of the reference is named by no mention",
    "candidates": "what the reference asks is linked, and no candidate plan gives its rows",
    "rendering": "no candidate is right, and the database refused the SQL of one",
    "ranking": "a candidate is right, and another was preferred",
    "confidence": "the first candidate is right, and it was refused as not sure enough",
}
"""What each stage's loss means, first stage first."""

_MOST_CANDIDATES = 60


class Watched:
    """The offline generator, remembering what it was given for each question."""

    name = "offline"
    version = ""

    def __init__(self, generator: OfflineGenerator) -> None:
        self._generator = generator
        self._contexts: dict[str, GenerationContext] = {}

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        """See ``Generator.generate``."""
        self._contexts.setdefault(context.question.text, context)
        return await self._generator.generate(context)

    async def choose_metrics(self, context: GenerationContext) -> tuple[MetricChoice, ...]:
        """See ``Generator.choose_metrics``."""
        return await self._generator.choose_metrics(context)

    def explored(self, question: str) -> Explored | None:
        """All that was considered for a question; None where the generator was never asked."""
        context = self._contexts.get(question)
        return self._generator.explore(context) if context is not None else None


async def losses(
    outcomes: Iterable[Outcome], watched: Watched, run_sql: RunReference, dialect: str | None
) -> Counter[Stage]:
    """How many of the questions that have an answer and were not answered right are lost at each stage.

    Args:
        outcomes: Judged questions, asked of a service whose generator is ``watched``.
        run_sql: Rows of a query in a question's database.
        dialect: sqlglot's name of the references' dialect.
    """
    references = References(run_sql, dialect)
    found: Counter[Stage] = Counter()
    for outcome in outcomes:
        if outcome.item.expects == "answer" and outcome.verdict in ("wrong", "refused", "failed"):
            expected, _ = await references.of(outcome.item)
            try:
                explored = watched.explored(outcome.item.question)
            except RefusalError:
                found["told"] += 1
                continue
            found[await _stage(outcome.item, explored, expected, run_sql, dialect)] += 1
    return found


async def _stage(
    item: Item,
    explored: Explored | None,
    expected: Sequence[Reference],
    run_sql: RunReference,
    dialect: str | None,
) -> Stage:
    if explored is None:
        return "before"
    broken = False
    for place, ranked in enumerate(islice(explored.ranked(), _MOST_CANDIDATES)):
        try:
            result = await run_sql(item, ranked.sql)
        except DatabaseError:
            broken = True
            continue
        if any(matches(result, each) for each in expected):
            return "ranking" if place else "confidence"
    if not _tables(item, dialect) <= _linked(explored):
        return "linking"
    return "rendering" if broken else "candidates"


def _tables(item: Item, dialect: str | None) -> set[str]:
    try:
        tree = sqlglot.parse_one(item.references[0], read=dialect)
    except SqlglotError:
        return set()
    aliases = {each.alias.lower() for each in tree.find_all(exp.CTE)}
    return {each.name.lower() for each in tree.find_all(exp.Table)} - aliases


def _linked(explored: Explored) -> set[str]:
    """Tables that a mention names, by itself, a column or a value, and those that lie between two of them."""
    named = {
        each
        for item in explored.read.items
        for each in (*(e.table for e in item.entries), *(hit.table for hit in item.hits))
    }
    graph = explored.read.prepared.graph
    between = {
        join.right for one in named for other in named for join in graph.path({one}, other) or ()
    }
    return {each.rpartition(".")[2].lower() for each in named | between}
