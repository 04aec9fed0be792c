"""The candidates of a question: what was read, and each edit of the best of it."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from datus.generation.offline.candidates.edits import EDITS
from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.plan import AnyPlan, Plan, is_calculated, signature

READINGS = 5
"""Readings that are candidates themselves."""
EDITED = 4
"""Readings that are edited; each edit of each is a candidate."""
_MOST = 160


@dataclass(frozen=True, slots=True)
class Origin:
    """Which reading a candidate comes from, and how.

    Attributes:
        rank: Place of the reading among all, 0 the best.
        gap: How far its score is behind the best one's.
        doubt: What the passes noted against it.
        sure: How sure the rules are of it.
        unread: Words that it does not explain.
        edit: Name of the edit that led from it to the candidate; none where it is the candidate.
    """

    rank: int
    gap: float
    doubt: float
    sure: float
    unread: int
    edit: str | None = None


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
    """Each edit of each proposal, but for plans whose meaning was ``seen``; these are added to it."""
    left = _MOST
    for proposal in proposals:
        if not isinstance(proposal.plan, Plan) or is_calculated(proposal.plan):
            continue
        for name, edit in EDITS.items():
            for plan in edit(proposal.plan, scene):
                meaning = signature(plan)
                if meaning in seen or left <= 0 or (plan.having and not plan.group):
                    continue
                seen.add(meaning)
                left -= 1
                yield Proposal(plan, replace(proposal.origin, edit=name))


def _judged(proposal: Proposal, judge: Judge) -> Proposal:
    return replace(proposal, score=judge(proposal.plan, proposal.origin))
