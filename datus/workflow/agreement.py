"""Candidates whose rows are the same are one answer: what their agreement says of it."""

import math
import operator
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from datus.types import QueryResult
from datus.workflow.evidence import GRAVE, judge
from datus.workflow.state import Executed, Finding, RunState

MOST_SURE = 0.99

UNTOLD = 0.5
"""What an answer counts in a vote whose generator cannot tell how sure it is."""


def rows_of(result: QueryResult) -> Hashable | None:
    """Equal for results with the same rows, whatever the order of rows and columns.

    None where the rows say nothing of the query: there are none, all is null, or the rest was cut off.
    """
    if result.truncated or all(value is None for row in result.rows for value in row):
        return None
    rows = Counter(tuple(sorted(map(repr, row))) for row in result.rows)
    return len(result.columns), frozenset(rows.items())


def grouped(executed: Iterable[Executed]) -> list[list[Executed]]:
    """Those with the same rows together, in the order of their first; rows that say nothing stand alone."""
    groups: dict[Hashable, list[Executed]] = {}
    for each in executed:
        rows = rows_of(each.result)
        groups.setdefault(id(each) if rows is None else rows, []).append(each)
    return list(groups.values())


def together(first: float, agreeing: float, differing: float) -> float:
    """How likely the first candidate is right once others ran beside it.

    Args:
        first: Its own confidence.
        agreeing: Sum of the confidences of those that gave the same rows.
        differing: Sum of those of the others, which failed, gave other rows or none that say anything.

    The log-odds fall and rise with them by weights that a logistic regression found over the training set of
    Spider, on databases that the ranking had not seen (``training/train.py`` tells coverage and precision).
    """
    sure = min(max(first, _LEAST), 1.0 - _LEAST)
    odds = _OWN * math.log(sure / (1.0 - sure)) + _AGREEING * agreeing - _DIFFERING * differing
    return 1.0 / (1.0 + math.exp(-odds))


_OWN, _AGREEING, _DIFFERING = 0.7, 0.7, 0.35
_LEAST = 1e-3


def as_sure(executed: Executed, confidence: float) -> Executed:
    """The same, with the confidence that other candidates left it with."""
    return replace(executed, candidate=replace(executed.candidate, confidence=round(confidence, 3)))


@dataclass(frozen=True, slots=True)
class Vote:
    """An answer of one of several that were asked for the same, and what they say of it together.

    Attributes:
        place: Its place among the answers.
        agreeing: Places of the answers with its rows, its own among them.
        weight: How much the agreeing ones count.
        flaw: What is wrong with it.
        confidence: How likely it is right, as far as anyone can tell.
    """

    place: int
    executed: Executed
    agreeing: tuple[int, ...]
    weight: float
    flaw: Finding | None
    confidence: float | None


def voted(answers: Sequence[tuple[Executed, RunState]], *, samples: bool = False) -> list[Vote]:
    """Answers to the same question, the one to take first.

    An answer of no use loses to any other. Then counts how many agree, each as much as it is sure;
    then what is wrong with it, how sure and how likely it is by itself, and the order.

    Args:
        answers: Each with the state of the run that it was made in.
        samples: Whether they are out of one list, in which a generator shares out how sure it is; else
            what one generator says more than once makes it no surer.
    """
    more = operator.add if samples else max
    places = {id(executed): place for place, (executed, _) in enumerate(answers)}
    votes = []
    for group in grouped(executed for executed, _ in answers):
        agreeing = tuple(places[id(each)] for each in group)
        weight = round(sum(map(_weight, group)), 6)
        for place in agreeing:
            executed, state = answers[place]
            sure = _confidence(group, more) if group[1:] else executed.candidate.confidence
            votes.append(Vote(place, executed, agreeing, weight, judge(executed, state), sure))
    return sorted(votes, key=_rank)


def chosen(vote: Vote) -> Executed:
    """The answer of a vote, as sure as the vote is."""
    candidate = replace(vote.executed.candidate, confidence=vote.confidence)
    return replace(vote.executed, candidate=candidate)


def _rank(vote: Vote) -> tuple[bool, float, int, float, float, int]:
    flaw = vote.flaw.weight if vote.flaw else 0
    own, score = _weight(vote.executed), vote.executed.candidate.score
    return flaw >= GRAVE, -vote.weight, flaw, -own, -score, vote.place


def _weight(executed: Executed) -> float:
    sure = executed.candidate.confidence
    return UNTOLD if sure is None else sure


def _confidence(
    agreeing: Sequence[Executed], more: Callable[[float, float], float]
) -> float | None:
    """How likely it is that not all makers of the same rows are wrong; ``more`` adds up what one says."""
    by_maker: dict[tuple[str, str], float] = {}
    for each in agreeing:
        if each.candidate.confidence is not None:
            maker = each.candidate.generator, each.candidate.model
            by_maker[maker] = more(by_maker.get(maker, 0.0), each.candidate.confidence)
    if not by_maker:
        return None
    least = max(each.candidate.confidence or 0.0 for each in agreeing)
    wrong = math.prod(max(0.0, 1.0 - sure) for sure in by_maker.values())
    return round(max(least, min(MOST_SURE, 1.0 - wrong)), 3)
