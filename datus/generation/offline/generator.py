"""The offline generator: read, propose, rank, and refuse what is not grounded or not sure."""

import asyncio
from collections import OrderedDict
from itertools import islice

from datus.errors import RefusalError
from datus.generation.base import MetricChoice, UnsureError
from datus.generation.offline import refusals
from datus.generation.offline.exploration import LEAST_CONFIDENCE, Explored, Ranked, explore
from datus.generation.offline.joins import JoinGraph
from datus.generation.offline.linking import Item
from datus.generation.offline.metrics import choose
from datus.generation.offline.names import build_index
from datus.generation.offline.parsing import Prepared, Read, read_all
from datus.generation.offline.plan import AnyPlan
from datus.generation.offline.told.read import Told
from datus.generation.offline.told.read import read as read_told
from datus.generation.offline.vouched import vouched
from datus.text import normal_form
from datus.types import Candidate, DatabaseSchema, GenerationContext

_KEPT_SCHEMAS = 64
_MOST_CANDIDATES = 8


class OfflineGenerator:
    """Answers from names, comments, values and cue words alone; needs no model and no network."""

    name = "offline"
    version = ""

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

    def explore(self, context: GenerationContext) -> Explored:
        """Everything considered for a question, whether or not it is sure enough to be an answer."""
        return explore(self.read(context))

    def read(self, context: GenerationContext) -> Read:
        """The readings of a question, before any is edited or ranked."""
        return self._read(self._told(context))

    def _told(self, context: GenerationContext) -> Told:
        return read_told(context, self.prepare(context.schema).index, self._understand)

    def _read(self, told: Told) -> Read:
        prepared = self.prepare(told.context.schema)
        return read_all(told.context, prepared, told.items(prepared.index))

    def _understand(self, context: GenerationContext, items: tuple[Item, ...]) -> AnyPlan:
        """The surest plan of a small question that a telling is; see ``told.reader.Understand``."""
        explored = explore(read_all(context, self.prepare(context.schema), items), by_rules=True)
        return self._sure(explored, context)[0].proposal.plan

    def _readings(self, context: GenerationContext) -> tuple[Candidate, ...]:
        told = self._told(context)
        explored = explore(self._read(told), by_rules=bool(told.used))
        try:
            ranked = self._sure(explored, context)
        except UnsureError as doubt:
            others = [told.original(each) for each in doubt.candidates]
            raise UnsureError(told.named(doubt), others, doubt.needed) from doubt
        except RefusalError as refusal:
            raise told.named(refusal) from refusal
        return tuple(told.original(each.candidate()) for each in ranked)

    def _sure(self, explored: Explored, context: GenerationContext) -> list[Ranked]:
        """The best candidates where the first is sure enough or was chosen, else a refusal."""
        tried = {attempt.sql for attempt in context.attempts}
        fresh = (each for each in explored.ranked() if each.sql not in tried)
        ranked = list(islice(fresh, _MOST_CANDIDATES))
        if not ranked:
            raise refusals.nothing_asked(explored.read)
        known = normal_form(context.question.ext_knowledge or "")
        if chosen := _chosen(ranked, known):
            return chosen
        if ranked[0].confidence < self._least_confidence:
            refusal = refusals.unsure(ranked, self._least_confidence)
            if ranked[0].parsed.unread:
                raise refusal
            others = [each.candidate() for each in ranked if not each.parsed.unread]
            raise UnsureError(refusal, others, self._least_confidence)
        return ranked

    def prepare(self, schema: DatabaseSchema) -> Prepared:
        """Derived data of a schema, kept for the newest ones; holding the schema keeps its id its own."""
        found = self._prepared.get(id(schema))
        if found is None:
            found = Prepared(schema, build_index(schema), JoinGraph(schema))
            self._prepared[id(schema)] = found
            while len(self._prepared) > _KEPT_SCHEMAS:
                self._prepared.popitem(last=False)
        return found


def _chosen(ranked: list[Ranked], known: str) -> list[Ranked]:
    """The candidate whose words the caller sent back, the longest where one reads on from another."""
    said = {normal_form(each.in_words()): each for each in reversed(ranked)} if known else {}
    found = sorted((words for words in said if words in known), key=len)
    return [said[found[-1]]] if found else []
