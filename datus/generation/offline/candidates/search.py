"""The candidates of a question: what was read, and each edit of the best of it."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from datus.generation.offline.candidates.coverage import unexplained
from datus.generation.offline.candidates.edits import EDITS, SETTLING, Edit
from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.plan import AnyPlan, Intersection, Plan, is_calculated, signature

READINGS = 5
"""Readings that are candidates themselves."""
EDITED = 2
"""Readings that are edited; each edit of each is a candidate."""
_MOST = 160
_SETTLED = 8


@dataclass(frozen=True, slots=True)
class Origin:
    """Which reading a candidate comes from, and how.

    Attributes:
        rank: Place of the reading among all, 0 the best.
        gap: How far its score is behind the best one's.
        doubt: What the passes noted against it.
        sure: How sure the rules are of it.
        unread: Words that it does not explain.
        edits: Names of the edits that led from it to the candidate; none where it is the candidate.
    """

    rank: int
    gap: float
    doubt: float
    sure: float
    unread: int
    edits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A candidate plan and where it comes from; ``score`` is higher for likelier ones."""

    plan: AnyPlan
    origin: Origin
    score: float = 0.0


Judge = Callable[[AnyPlan, Origin], float]
"""How likely a candidate is what the question means; comparable within one question."""


def search(read: Sequence[Proposal], scene: Scene, judge: Judge) -> tuple[Proposal, ...]:
    """All candidates of a question, likeliest first.

    Args:
        read: The readings, best first, each without edits.
        scene: What the question offers to edits.
        judge: Scores a candidate.
    """
    seen: set[Hashable] = {signature(each.plan) for each in read}
    found = [_judged(each, judge) for each in read[:READINGS]]
    found += [_judged(each, judge) for each in edited(read[:EDITED], scene, seen)]
    return tuple(sorted(found, key=lambda each: -each.score))


def edited(proposals: Iterable[Proposal], scene: Scene, seen: set[Hashable]) -> Iterator[Proposal]:
    """Each edit of each proposal, but for plans whose meaning was ``seen``; these are added to it.

    The few of them that leave least of the question unexplained are settled by a second edit.
    """
    found: list[Proposal] = []
    for proposal in proposals:
        found += islice(_each(proposal, EDITS, scene, seen), _MOST - len(found))
    yield from found
    left = [
        (unexplained(each.plan, scene) + each.origin.rank, each)
        for each in found
        if each.origin.edits != ("add_selected",)  # what shows more always leaves less unexplained
    ]
    for _, best in sorted(left, key=lambda each: each[0])[:_SETTLED]:
        yield from _each(best, SETTLING, scene, seen)


def _each(
    proposal: Proposal, edits: Mapping[str, Edit], scene: Scene, seen: set[Hashable]
) -> Iterator[Proposal]:
    if not isinstance(proposal.plan, Plan) or is_calculated(proposal.plan):
        return
    for name, edit in edits.items():
        for plan in edit(proposal.plan, scene):
            meaning = signature(plan)
            if meaning not in seen and _is_whole(plan):
                seen.add(meaning)
                done = (*proposal.origin.edits, name)
                yield Proposal(plan, replace(proposal.origin, edits=done))


def _is_whole(plan: AnyPlan) -> bool:
    """Whether there are groups for the conditions on groups."""
    return isinstance(plan, Intersection) or bool(plan.group) or not plan.having


def _judged(proposal: Proposal, judge: Judge) -> Proposal:
    return replace(proposal, score=judge(proposal.plan, proposal.origin))
