"""The shipped weights: reading them, and judging the candidates of one question with them."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.candidates.search import Origin, Proposal
from datus.generation.offline.plan import AnyPlan
from datus.generation.offline.ranking.features import NAMES, Evidence, WordModels, features
from datus.generation.offline.ranking.model import Linear, Node, Trees, sigmoid

FILE = "weights.json.gz"
"""Made by ``training/train.py``; see ``training/README.md`` for its data and licence."""


@dataclass(frozen=True, slots=True)
class Ranker:
    """Everything that was learned.

    Attributes:
        words: Models of wording.
        rank: Orders the candidates of a question.
        sure: Log-odds that a candidate is right, over all questions.
        calibration: Slope and intercept from log-odds to the confidence that is told (Platt 1999,
            Advances in Large Margin Classifiers).
    """

    words: WordModels
    rank: Trees
    sure: Trees
    calibration: tuple[float, float]

    def judge(self, scene: Scene) -> "QuestionJudge":
        """What scores the candidates of one question."""
        return QuestionJudge(self, Evidence(scene, self.words))


@dataclass(frozen=True, slots=True)
class QuestionJudge:
    """Scores the candidates of one question."""

    ranker: Ranker
    evidence: Evidence

    def __call__(self, plan: AnyPlan, origin: Origin) -> float:
        """See ``candidates.search.Judge``."""
        return self.ranker.rank.score(features(plan, origin, self.evidence))

    def confidence(self, proposal: Proposal) -> float:
        """How likely a candidate's answer is right, in (0, 1)."""
        row = features(proposal.plan, proposal.origin, self.evidence)
        slope, intercept = self.ranker.calibration
        return sigmoid(slope * self.ranker.sure.score(row) + intercept)


@cache
def load() -> Ranker:
    """The shipped ranker, read once a process."""
    content = files(__package__).joinpath(FILE).read_bytes()
    return decode(json.loads(gzip.decompress(content)))


def decode(data: Mapping[str, Any]) -> Ranker:
    """A ranker from what ``training/train.py`` wrote.

    Raises:
        ValueError: The weights are for other features than this release computes.
    """
    if tuple(data["features"]) != NAMES:
        raise ValueError(
            "The ranking's weights do not fit its features. Train it again: training/README.md."
        )
    words = WordModels(**{name: _linear(each) for name, each in data["words"].items()})
    slope, intercept = data["calibration"]
    return Ranker(words, _trees(data["rank"]), _trees(data["sure"]), (slope, intercept))


def _linear(data: Mapping[str, Any]) -> Linear:
    return Linear({name: tuple(row) for name, row in data["weights"].items()}, tuple(data["bias"]))


def _trees(data: Sequence[Sequence[Any]]) -> Trees:
    return Trees(tuple(tuple(_node(node) for node in tree) for tree in data))


def _node(node: Any) -> Node:
    return tuple(node) if isinstance(node, list) else float(node)
