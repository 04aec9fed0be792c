"""All that is considered for a question: its candidates, likeliest first, and how sure each is."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.candidates.search import Proposal, search
from datus.generation.offline.confidence import LEAST_BY_RULES, SURE_BY_RULES, TIE
from datus.generation.offline.explanation import explain
from datus.generation.offline.parsing import Parsed, Read
from datus.generation.offline.passes.told import keeps
from datus.generation.offline.plan import (
    AnyPlan,
    Plan,
    all_plans,
    plan_columns,
    plan_tables,
    without_idle_order,
)
from datus.generation.offline.ranking.ranker import QuestionJudge, load
from datus.generation.offline.rendering import Renderer, UnreachableTablesError
from datus.types import Candidate

LEAST_CONFIDENCE = 0.82
"""Below it a question is refused; the docs show how right answers are at this and other values."""
A_GUESS = 0.5
"""The most confidence that an answer gets where a word is unexplained."""
NOTHING_AGAINST = 0.2
"""How much surer than what was learned a first reading is that the rules have nothing against."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate, its SQL, the reading that it comes from, and how likely it is right."""

    proposal: Proposal
    sql: str
    parsed: Parsed
    confidence: float
    by_rules: bool = False

    def in_words(self) -> str:
        """What it computes, in the asker's language."""
        draft = self.parsed.draft
        return explain(self.proposal.plan, draft.index, chinese=draft.chinese)

    def candidate(self) -> Candidate:
        """It as generators hand it out."""
        plan, draft = self.proposal.plan, self.parsed.draft
        plans = tuple(map(without_idle_order, all_plans(plan)))
        top = plan if isinstance(plan, Plan) else plan.left
        return Candidate(
            sql=self.sql,
            score=self.proposal.score,
            tables=tuple(dict.fromkeys(t for each in plans for t in plan_tables(each))),
            columns=tuple(dict.fromkeys(str(c) for each in plans for c in plan_columns(each))),
            words=tuple(sorted(draft.words, key=lambda use: use.span)),
            times=tuple(time for at, time, _ in draft.times if at not in draft.unread),
            ordered=bool(top.order),
            explanation=self.in_words(),
            confidence=round(self.confidence, 3),
        )


@dataclass(frozen=True)
class Explored:
    """All that the generator considered for a question: every candidate, likeliest first."""

    read: Read
    proposals: tuple[Proposal, ...]
    judge: QuestionJudge
    by_rules: bool

    def confidence(self, proposal: Proposal) -> float:
        """How likely a candidate's answer is right, in (0, 1).

        What was learned speaks of questions like those it was learned from; elsewhere the rules do. A first
        reading against which the rules have nothing is surer than what was learned says. Whatever either
        says, words that nothing explains make an answer a guess.
        """
        origin = proposal.origin
        if self.by_rules:
            return max(0.01, min(0.99, origin.sure + LEAST_CONFIDENCE - LEAST_BY_RULES))
        sure = self.judge.confidence(proposal)
        if origin.rank == 0 and not origin.edits and origin.sure >= SURE_BY_RULES:
            sure = min(0.99, sure + NOTHING_AGAINST)
        return min(sure, A_GUESS) if origin.unread or self.is_tied else sure

    @cached_property
    def is_tied(self) -> bool:
        """Whether two readings of other tables are equally good by the rules: choosing one is a guess."""
        first, second = self.read.parsed[:1], self.read.parsed[1:2]
        if not (first and second) or first[0].score - second[0].score >= TIE:
            return False
        one, other = (_tables_read(each[0].plan) for each in (first, second))
        return one != other

    def ranked(self) -> Iterator[Ranked]:
        """The candidates with their SQL, those that cannot be written left out."""
        renderer = Renderer(self.read.prepared.index, self.read.prepared.graph)
        seen: set[str] = set()
        for proposal in self.proposals:
            parsed = self.read.parsed[proposal.origin.rank]
            if not keeps(proposal.plan, parsed.draft):
                continue
            try:
                sql = renderer.sql(proposal.plan)
            except UnreachableTablesError:
                continue
            if sql not in seen:
                seen.add(sql)
                yield Ranked(proposal, sql, parsed, self.confidence(proposal), self.by_rules)


def _tables_read(plan: AnyPlan) -> set[str]:
    return {table for each in all_plans(plan) for table in plan_tables(each)}


def explore(read: Read, *, by_rules: bool = False) -> Explored:
    """Propose and rank: the readings as they are where the ranking was not taught, else with their edits.

    Where the ranking is sure of none and the first reading is sure enough, that one goes before.

    Args:
        read: The readings.
        by_rules: Leave out what was learned, whatever the question is like.
    """
    scene = Scene(read.items, read.prepared.index, read.prepared.graph, read.context.values)
    judge = load().judge(scene)
    if by_rules or read.by_rules:
        return Explored(read, read.proposals, judge, by_rules=True)
    explored = Explored(read, search(read.proposals, scene, judge), judge, by_rules=False)
    first = next((e for e in explored.proposals if e.origin.rank == 0 and not e.origin.edits), None)
    if first is None or explored.confidence(explored.proposals[0]) >= LEAST_CONFIDENCE:
        return explored
    if explored.confidence(first) < LEAST_CONFIDENCE:
        return explored
    rest = (each for each in explored.proposals if each is not first)
    best = replace(first, score=explored.proposals[0].score)
    return replace(explored, proposals=(best, *rest))
