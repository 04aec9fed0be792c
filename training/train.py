"""Learns the offline generator's ranking from questions with reference SQL over SQLite databases.

    python training/train.py --config agent.yml --namespace NAME --questions train.json \
        --databases FOLDER [--processes 2] [--report REPORT.json]

Five folds by database: no schema is on both sides. Everything told of the result is of databases that
the weights had not seen; the weights that are written are fitted to all. Two runs on one machine give the
same file. See ``README.md`` beside it.
"""

import argparse
import gzip
import json
import pickle
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fit
import gold
import lightgbm
import numpy as np
from contexts import gather
from label import Asked, Labelled, label

from datus.evaluation.hardness import hardness
from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.confidence import SURE_BY_RULES
from datus.generation.offline.exploration import A_GUESS, LEAST_CONFIDENCE, NOTHING_AGAINST
from datus.generation.offline.generator import OfflineGenerator
from datus.generation.offline.ranking import ranker as shipped
from datus.generation.offline.ranking.features import NAMES, Evidence, features
from datus.generation.offline.ranking.ranker import Ranker, decode
from datus.generation.offline.ranking.traits import TRAITS
from datus.generation.offline.ranking.wording import ROLES, phrases, signs, surroundings
from datus.workflow.agreement import together

FOLDS = 5
_ASKED_BESIDE = 2  # the setting execute_sql.agreement less the first
_SURE = 0.55
_ROLES_FIRST = ("shown", "measured", "sorted", "filtered", "grouped")
_begin = time.monotonic()


def say(text: str) -> None:
    """A line of progress with the seconds since the start."""
    print(f"{time.monotonic() - _begin:7.0f} s  {text}", flush=True)


@dataclass(frozen=True)
class Judged:
    """A candidate by weights that had not seen its question's database; ``sure`` are log-odds."""

    right: bool = False
    sure: float = -9.0
    unread: bool = True
    rules: float = 0.0


@dataclass(frozen=True)
class Told:
    """What such weights make of a question: its likeliest candidate, its first reading as it was read, and the
    next likely candidates, each with whether it gives the same rows as the likeliest one."""

    best: Judged = Judged()
    first: Judged = Judged()
    any_right: bool = False
    others: tuple[tuple[Judged, bool], ...] = ()


class Learner:
    """The labelled questions and what can be fitted to any part of them."""

    def __init__(self, asked: Sequence[Asked], folds: Mapping[str, int]) -> None:
        self.asked = asked
        self.folds = folds
        self._generator = OfflineGenerator()

    def wording(self, labelled: Sequence[Labelled]) -> dict[str, Any]:
        """Models of wording, fitted to some questions."""
        wanted, around, played = [], [], []
        for one in labelled:
            schema = self.asked[one.number].context.schema
            tree = gold.parse(self.asked[one.number].question.references[0])
            columns = {
                t.name.lower(): tuple(c.name.lower() for c in t.columns) for t in schema.tables
            }
            has, does = gold.traits(tree), gold.roles(tree, columns)
            wanted.append([has[name] for name in TRAITS])
            for at, item in enumerate(one.items):
                refs = [e.ref for e in item.entries if e.column is not None and e.score >= _SURE]
                if refs:
                    found = {
                        role
                        for ref in refs
                        for role in does.get((ref.table.lower(), ref.column.lower()), ())
                    }
                    role = next((each for each in _ROLES_FIRST if each in found), "none")
                    around.append(tuple(surroundings(one.items, at)))
                    played.append(ROLES.index(role))
        outputs, roles = np.array(wanted, np.int64), np.array(played, np.int64)
        return {
            "traits_by_words": fit.fit_yes_or_no([phrases(one.items) for one in labelled], outputs),
            "traits_by_signs": fit.fit_yes_or_no([signs(one.items) for one in labelled], outputs),
            "roles_by_words": fit.fit_one_of(around, roles, len(ROLES)),
        }

    def rows(self, one: Labelled, ranker: Ranker) -> fit.Rows:
        """The features of a question's candidates, shape (candidates, features)."""
        context = self.asked[one.number].context
        prepared = self._generator.prepare(context.schema)
        scene = Scene(one.items, prepared.index, prepared.graph, context.values)
        evidence = Evidence(scene, ranker.words)
        found = [features(each.plan, each.origin, evidence) for each in one.proposals]
        return np.array(found, np.float32).reshape(len(found), len(NAMES))


def _data(
    words: dict[str, Any], trees: Mapping[str, Any], line: tuple[float, float]
) -> dict[str, Any]:
    return {
        "features": list(NAMES), "words": words, "calibration": list(line),
        **{kind: fit.as_lists(trees[kind]) if kind in trees else [] for kind in fit.TREES},
    }  # fmt: skip


def learn(learner: Learner, labelled: Sequence[Labelled]) -> tuple[dict[str, Any], list[Told]]:
    """Fit by folds and to all.

    Returns:
        What was fitted to all; and for each question what the weights make of it that had not seen its
        database.
    """
    of = [learner.folds[one.database] for one in labelled]
    words = [
        learner.wording([one for one, fold in zip(labelled, of, strict=True) if fold != each])
        for each in range(FOLDS)
    ]
    say("fitted the wording")
    bare = [decode(_data(each, {}, (1.0, 0.0))) for each in words]
    rows = [learner.rows(one, bare[fold]) for one, fold in zip(labelled, of, strict=True)]
    right = [one.right for one in labelled]
    say(f"computed {sum(map(len, rows)):,} rows of features")
    told = [Told()] * len(labelled)
    for fold in range(FOLDS):
        part = [at for at in range(len(labelled)) if of[at] != fold]
        trees = {kind: _trees(kind, part, rows, right) for kind in fit.TREES}
        for at in range(len(labelled)):
            if of[at] == fold and len(rows[at]):
                ranks = trees["rank"].predict(rows[at])
                sure = trees["sure"].predict(rows[at], raw_score=True)
                judged = [
                    Judged(good, float(odds), each.origin.unread > 0, each.origin.sure)
                    for good, odds, each in zip(
                        right[at], sure, labelled[at].proposals, strict=True
                    )
                ]
                told[at] = _told(judged, ranks, labelled[at])
        say(f"fitted fold {fold + 1} of {FOLDS}")
    line = fit.fit_line(
        np.array([each.best.sure for each in told]), np.array([each.best.right for each in told])
    )
    whole = range(len(labelled))
    trees = {kind: _trees(kind, whole, rows, right) for kind in fit.TREES}
    say("fitted all")
    return _data(learner.wording(labelled), trees, line), told


def _told(judged: Sequence[Judged], ranks: fit.Rows, one: Labelled) -> Told:
    order = [int(at) for at in np.argsort(-ranks, kind="stable")]
    rows = one.outcomes[order[0]]
    others = [(judged[at], rows is not None and one.outcomes[at] == rows) for at in order[1:]]
    return Told(judged[order[0]], judged[0], any(one.right), tuple(others[:_ASKED_BESIDE]))


def _trees(
    kind: str, part: Sequence[int], rows: Sequence[fit.Rows], right: Sequence[Sequence[bool]]
) -> lightgbm.Booster:
    return fit.fit_trees(kind, [rows[at] for at in part], [right[at] for at in part])


def report(
    learner: Learner,
    labelled: Sequence[Labelled],
    told: Sequence[Told],
    line: tuple[float, float],
) -> dict[str, Any]:
    """Figures over databases that the weights had not seen, and the risk-coverage curve."""
    levels: dict[str, list[bool]] = {}
    for one, each in zip(labelled, told, strict=True):
        level = hardness(learner.asked[one.number].question.references[0])
        levels.setdefault(level, []).append(each.best.right)
    return {
        "questions": len(told),
        "right without refusals": _share([each.best.right for each in told]),
        "a candidate is right": _share([each.any_right for each in told]),
        "candidates": round(sum(len(one.proposals) for one in labelled) / len(labelled), 1),
        "by hardness": {level: _share(right) for level, right in sorted(levels.items())},
        "with agreement": _answered(told, line, LEAST_CONFIDENCE, agreement=True),
        "curve": [_answered(told, line, least / 100) for least in range(95, -1, -5)],
    }


def _share(right: Sequence[bool]) -> float:
    return round(sum(right) / max(len(right), 1), 4)


def _answered(
    told: Sequence[Told], line: tuple[float, float], least: float, *, agreement: bool = False
) -> dict[str, float]:
    """Coverage and precision at a least confidence, as ``exploration.Explored.confidence`` has it; with
    ``agreement`` candidates run beside an unsure one too, as ``execute_sql`` does."""

    def confidence(each: Judged, bonus: float = 0.0) -> float:
        sure = shipped.sigmoid(line[0] * each.sure + line[1]) + bonus
        return min(sure, A_GUESS) if each.unread else sure

    right = []
    for each in told:
        if confidence(each.best) >= least:
            right.append(each.best.right)
        elif each.first.rules >= SURE_BY_RULES and confidence(each.first, NOTHING_AGAINST) >= least:
            right.append(each.first.right)
        elif agreement and any(same for _, same in each.others) and not each.best.unread:
            agreeing = sum(confidence(other) for other, same in each.others if same)
            differing = sum(confidence(other) for other, same in each.others if not same)
            if together(confidence(each.best), agreeing, differing) >= least:
                right.append(each.best.right)
    return {
        "confidence": least,
        "coverage": round(len(right) / len(told), 4),
        "precision": _share(right),
    }


def main() -> None:
    """Gather, label, learn, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--databases", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--report", type=Path, default=Path("training-report.json"))
    parser.add_argument("--gathered", type=Path, help="Where to keep what was gathered.")
    arguments = parser.parse_args()
    if arguments.gathered and arguments.gathered.exists():
        asked = pickle.loads(arguments.gathered.read_bytes())
    else:
        asked = gather(arguments.config, arguments.questions, arguments.namespace)
        if arguments.gathered:
            arguments.gathered.write_bytes(pickle.dumps(asked))
    say(f"gathered {len(asked):,} questions")
    databases = sorted({str(each.question.database) for each in asked})
    random.Random(fit.SEED).shuffle(databases)
    learner = Learner(asked, {name: at % FOLDS for at, name in enumerate(databases)})
    labelled = list(label(asked, arguments.databases, arguments.processes))
    say(f"labelled {sum(len(one.right) for one in labelled):,} candidates")
    data, told = learn(learner, labelled)
    figures = report(learner, labelled, told, tuple(data["calibration"]))
    figures["seconds"] = round(time.monotonic() - _begin)
    arguments.report.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    target = Path(shipped.__file__).with_name(shipped.FILE)
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
    target.write_bytes(gzip.compress(text, 9, mtime=0))
    say(f"wrote {target.name}, {target.stat().st_size:,} bytes")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
