"""Fits the linear models of wording and the trees, and writes them as plain data."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from datus.generation.offline.ranking.features import NAMES

Rows = NDArray[np.float32]
SEED = 1
_LEAST_SEEN = 4
_LEAST_WEIGHT = 0.02
_STRENGTH = 0.3
"""Inverse of the L2 penalty of the linear models."""
_NEVER = -6.0
"""Log-odds of an output that training never saw."""
TREES = {"rank": 160, "sure": 220}
_ALWAYS_BETTER = {"sure": 1, "unread": -1, "doubt": -1, "gap": -1}
"""Features that may only raise or only lower a score, whatever a few databases say."""
_SHARED = {
    "num_leaves": 31, "learning_rate": 0.06, "min_data_in_leaf": 60, "feature_fraction": 0.5,
    "lambda_l2": 5.0, "verbose": -1, "deterministic": True, "force_row_wise": True, "num_threads": 2,
    "seed": SEED, "monotone_constraints": [_ALWAYS_BETTER.get(name, 0) for name in NAMES],
}  # fmt: skip
_OBJECTIVE: Mapping[str, dict[str, Any]] = {
    "rank": {"objective": "lambdarank", "lambdarank_truncation_level": 5},
    "sure": {"objective": "binary", "bagging_fraction": 0.8, "bagging_freq": 1},
}


def _matrix(rows: Sequence[Iterable[str]], vocabulary: Mapping[str, int]) -> csr_matrix:
    columns: list[int] = []
    ends = [0]
    for row in rows:
        columns += sorted({vocabulary[each] for each in row if each in vocabulary})
        ends.append(len(columns))
    return csr_matrix((np.ones(len(columns)), columns, ends), (len(rows), len(vocabulary)))


def _vocabulary(rows: Sequence[Iterable[str]]) -> dict[str, int]:
    seen = Counter(each for row in rows for each in set(row))
    return {
        each: at
        for at, each in enumerate(sorted(e for e, count in seen.items() if count >= _LEAST_SEEN))
    }


def _as_data(vocabulary: Mapping[str, int], weights: Any, bias: Any) -> dict[str, Any]:
    by_feature = np.round(weights.T, 3)
    kept = {
        each: by_feature[at].tolist()
        for each, at in vocabulary.items()
        if np.abs(by_feature[at]).max() > _LEAST_WEIGHT
    }
    return {"weights": kept, "bias": np.round(bias, 3).tolist()}


def fit_yes_or_no(rows: Sequence[Iterable[str]], outputs: NDArray[np.int64]) -> dict[str, Any]:
    """A logistic regression for each column of ``outputs``, shape (rows, outputs), 0 or 1."""
    vocabulary = _vocabulary(rows)
    matrix = _matrix(rows, vocabulary)
    weights = np.zeros((outputs.shape[1], len(vocabulary)))
    bias = np.full(outputs.shape[1], _NEVER)
    for at in range(outputs.shape[1]):
        if len(set(outputs[:, at].tolist())) == 2:
            model = LogisticRegression(C=_STRENGTH, solver="liblinear", random_state=SEED)
            model.fit(matrix, outputs[:, at])
            weights[at], bias[at] = model.coef_[0], model.intercept_[0]
    return _as_data(vocabulary, weights, bias)


def fit_one_of(
    rows: Sequence[Iterable[str]], outputs: NDArray[np.int64], classes: int
) -> dict[str, Any]:
    """A multinomial logistic regression; ``outputs`` are classes, shape (rows,)."""
    vocabulary = _vocabulary(rows)
    model = LogisticRegression(C=_STRENGTH, solver="lbfgs", max_iter=200, random_state=SEED)
    model.fit(_matrix(rows, vocabulary), outputs)
    weights = np.zeros((classes, len(vocabulary)))
    bias = np.full(classes, _NEVER)
    for at, each in enumerate(model.classes_):
        weights[each], bias[each] = model.coef_[at], model.intercept_[at]
    return _as_data(vocabulary, weights, bias)


def fit_trees(kind: str, rows: Sequence[Rows], right: Sequence[Sequence[bool]]) -> lightgbm.Booster:
    """Boosted trees over all candidates of all questions.

    Args:
        kind: ``rank`` orders the candidates of a question, ``sure`` gives log-odds over all questions.
        rows: A matrix a question, shape (candidates, features).
        right: Which candidates are right.
    """
    used = [at for at, labels in enumerate(right) if len(labels)]
    labels = np.concatenate([np.array(right[at], np.int64) for at in used])
    sizes = [len(right[at]) for at in used]
    extra: dict[str, Any] = {"group": sizes}
    if kind == "sure":  # a question counts by the root of its number of candidates
        extra = {"weight": np.concatenate([np.full(size, size**-0.5) for size in sizes])}
    data = lightgbm.Dataset(np.concatenate([rows[at] for at in used]), labels, **extra)
    return lightgbm.train({**_SHARED, **_OBJECTIVE[kind]}, data, TREES[kind])


def as_lists(booster: lightgbm.Booster) -> list[list[Any]]:
    """Trees as nested lists (see ``ranking.model.Trees``)."""
    return [_flat(each["tree_structure"]) for each in booster.dump_model()["tree_info"]]


def _flat(root: dict[str, Any]) -> list[Any]:
    nodes: list[Any] = []

    def add(node: dict[str, Any]) -> int:
        at = len(nodes)
        if "leaf_value" in node:
            nodes.append(round(node["leaf_value"], 5))
            return at
        nodes.append(None)
        left, right = add(node["left_child"]), add(node["right_child"])
        nodes[at] = [node["split_feature"], round(node["threshold"], 6), left, right]
        return at

    add(root)
    return nodes


def fit_line(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and intercept that make log-odds of scores (Platt scaling)."""
    model = LogisticRegression(C=1e6, random_state=SEED).fit(scores[:, None], right)
    return round(float(model.coef_[0, 0]), 5), round(float(model.intercept_[0]), 5)
