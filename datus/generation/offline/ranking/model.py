"""The two kinds of learned models, evaluated in plain Python: linear ones over words, and trees."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Node = tuple[int, float, int, int] | float
"""Of a tree: (feature, threshold, place of the left child, of the right one), or a leaf's value."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Logistic regressions over the same features, one an output.

    Attributes:
        weights: For each feature its weight for every output, shape (outputs,).
        bias: One an output.
    """

    weights: Mapping[str, Sequence[float]]
    bias: Sequence[float]

    def sums(self, features: Iterable[str]) -> list[float]:
        """The linear sums, one an output; features that training did not see count nothing."""
        found = list(self.bias)
        for feature in features:
            row = self.weights.get(feature)
            if row is not None:
                for at, weight in enumerate(row):
                    found[at] += weight
        return found

    def probabilities(self, features: Iterable[str]) -> list[float]:
        """For each output by itself how likely it is, in (0, 1)."""
        return [sigmoid(each) for each in self.sums(features)]

    def shares(self, features: Iterable[str]) -> list[float]:
        """How likely each output is where exactly one holds; they add up to 1."""
        sums = self.sums(features)
        top = max(sums)
        powers = [math.exp(each - top) for each in sums]
        total = sum(powers)
        return [power / total for power in powers]


@dataclass(frozen=True, slots=True)
class Trees:
    """Boosted regression trees (Friedman 2001, Annals of Statistics 29); the sum of their leaves."""

    trees: Sequence[Sequence[Node]]

    def score(self, features: Sequence[float]) -> float:
        """The sum for one row of features; a value that equals a threshold goes left."""
        total = 0.0
        for tree in self.trees:
            node = tree[0]
            while isinstance(node, tuple):
                node = tree[node[2] if features[node[0]] <= node[1] else node[3]]
            total += node
        return total


def sigmoid(value: float) -> float:
    """The logistic function, without overflow."""
    if value < 0:
        power = math.exp(max(value, -60.0))
        return power / (1.0 + power)
    return 1.0 / (1.0 + math.exp(-min(value, 60.0)))
