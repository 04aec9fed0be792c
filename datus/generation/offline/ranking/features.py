"""A candidate plan as numbers: how it fits the question's wording, names, values and cues."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from datus.generation.offline.candidates.edits import EDITS
from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.candidates.search import Origin
from datus.generation.offline.plan import (
    AnyPlan,
    ColumnRef,
    Compare,
    Condition,
    During,
    Either,
    Intersection,
    IsNull,
    Like,
    Member,
    Plan,
    TimeBucket,
    plan_tables,
)
from datus.generation.offline.ranking.model import Linear
from datus.generation.offline.ranking.traits import TRAITS, roles, traits
from datus.generation.offline.ranking.wording import ROLES, phrases, signs, surroundings

_SURE = 0.55
_LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class WordModels:
    """The linear models over the wording of English questions."""

    traits_by_words: Linear
    traits_by_signs: Linear
    roles_by_words: Linear


@dataclass(frozen=True)
class Evidence:
    """What a question's wording predicts, computed once and held against every candidate."""

    scene: Scene
    models: WordModels

    @cached_property
    def traits(self) -> tuple[list[float], list[float]]:
        """How likely each trait is, by words and by signs."""
        items = self.scene.items
        by_signs = self.models.traits_by_signs.probabilities(signs(items))
        return self.models.traits_by_words.probabilities(phrases(items)), by_signs

    @cached_property
    def places(self) -> Mapping[int, tuple[dict[ColumnRef, float], list[float]]]:
        """For each place that names a column: the columns with their scores, and each role's likelihood."""
        found: dict[int, tuple[dict[ColumnRef, float], list[float]]] = {}
        items = self.scene.items
        for named in self.scene.columns:
            if named.score >= _SURE:
                if named.at not in found:
                    around = surroundings(items, named.at)
                    found[named.at] = ({}, self.models.roles_by_words.shares(around))
                found[named.at][0][named.ref] = named.score
        return found

    @cached_property
    def cues(self) -> Counter[str]:
        """How often each kind of cue is said."""
        return Counter(
            f"{item.cue.kind}:{item.cue.value}" if item.cue.kind == "aggregate" else item.cue.kind
            for item in self.scene.items
            if item.cue is not None
        )

    @cached_property
    def shape(self) -> list[float]:
        """Numbers of the question alone."""
        items = self.scene.items
        kinds = Counter(item.kind for item in items)
        content = sum(item.kind == "word" and not item.light for item in items)
        return [
            float(len(items)), float(kinds["noun"]), float(kinds["value"] + kinds["quote"]),
            float(kinds["number"]), float(content),
            float(sum(item.kind == "word" and item.verb for item in items)),
            float(len(self.scene.index.tables)),
        ]  # fmt: skip


SHAPE = (
    "items",
    "nouns",
    "values",
    "numbers",
    "content words",
    "verbs",
    "tables of schema",
)
_CUE_OPERATIONS = (
    ("superlative", "ranked"), ("frequent", "ranked"), ("top", "limit"), ("each", "group"),
    ("group", "group"), ("order", "order"), ("distinct", "distinct"), ("negate", "negated"),
    ("or", "either"), ("both", "both"), ("count", "count"), ("aggregate:avg", "avg"),
    ("aggregate:sum", "sum"), ("aggregate:max", "max"), ("aggregate:min", "min"),
    ("compare", "unequal"), ("between", "unequal"), ("contain", "like"), ("start", "like"),
    ("end", "like"), ("null", "is null"), ("grain", "bucket"), ("details", "star"),
)  # fmt: skip
NAMES: tuple[str, ...] = (
    *SHAPE,
    "rank", "gap", "doubt", "sure", "unread", "edited",
    *(f"edit {name}" for name in EDITS),
    *(f"has {name}" for name in TRAITS),
    *(f"words {name}" for name in TRAITS), "words all",
    *(f"signs {name}" for name in TRAITS), "signs all",
    "roles used", "roles unused", "roles least", "places unused", "rival loss", "weakest", "unnamed shown",
    "unnamed filtered", "unnamed sorted", "twice",
    *(f"role {name}" for name in ROLES),
    "tables read", "tables unnamed", "tables unused", "joins to many", "shown tables", "partners",
    "values used", "values unused", "numbers used", "numbers unused", "times used", "weakest value",
    *(f"cue {cue} {operation}" for cue, operation in _CUE_OPERATIONS),
)  # fmt: skip
"""Names of the features, in the order of ``features``."""


def features(plan: AnyPlan, origin: Origin, evidence: Evidence) -> list[float]:
    """One row of features of a candidate, in the order of ``NAMES``."""
    has = traits(plan)
    plans = tuple(_parts(plan))
    row = [
        *evidence.shape,
        float(origin.rank), origin.gap, origin.doubt, origin.sure, float(origin.unread),
        float(len(origin.edits)),
        *(float(name in origin.edits) for name in EDITS),
        *(float(has[name]) for name in TRAITS),
    ]  # fmt: skip
    for likely in evidence.traits:
        logs = [
            math.log(max(p if has[name] else 1.0 - p, _LEAST))
            for name, p in zip(TRAITS, likely, strict=True)
        ]
        row += [*logs, sum(logs)]
    row += _role_features(plan, evidence)
    row += _table_features(plans, evidence)
    row += _value_features(plans, evidence)
    does = _operations(plan, plans, has)
    for cue, operation in _CUE_OPERATIONS:
        row.append(float(min(evidence.cues[cue], 3) - 4 * does[operation]))
    return row


def _parts(plan: AnyPlan) -> Iterator[Plan]:
    """A plan and those of its partners; other subqueries are operations of their own."""
    pending: list[Plan] = [plan.left, plan.right] if isinstance(plan, Intersection) else [plan]
    while pending:
        each = pending.pop(0)
        yield each
        for condition in each.where:
            if isinstance(condition, Member):
                pending.append(condition.plan)
            elif isinstance(condition, Compare) and isinstance(condition.right, Plan):
                pending.append(condition.right)


def _role_features(plan: AnyPlan, evidence: Evidence) -> list[float]:
    does = roles(plan)
    used, unused, least, idle, loss, weakest = 0.0, 0.0, 0.0, 0, 0.0, 1.0
    by_role = dict.fromkeys(ROLES, 0.0)
    named: set[ColumnRef] = set()
    for scores, likely in evidence.places.values():
        best = max(scores.values())
        played = [(ref, role) for ref in scores if ref in does for role in does[ref]]
        named |= {ref for ref, _ in played}
        if not played:
            logged = math.log(max(likely[0], _LEAST))
            unused += logged
            idle += 1
            by_role["none"] += logged
        else:
            chance, role = max((likely[ROLES.index(role)], role) for _, role in played)
            logged = math.log(max(chance, _LEAST))
            used += logged
            by_role[role] += logged
            score = max(scores[ref] for ref, _ in played)
            loss += best - score
            weakest = min(weakest, score)
        least = min(least, logged)
    labels = {
        ref for table in evidence.scene.table_scores for ref in evidence.scene.index.label(table)
    }
    unnamed = {ref: kinds for ref, kinds in does.items() if ref not in named}
    return [
        used, unused, least, float(idle), loss, weakest,
        float(sum("shown" in kinds and ref not in labels for ref, kinds in unnamed.items())),
        float(sum("filtered" in kinds for kinds in unnamed.values())),
        float(sum("sorted" in kinds for kinds in unnamed.values())),
        float(sum(len(kinds - {"grouped"}) > 1 for kinds in does.values())),
        *by_role.values(),
    ]  # fmt: skip


def _table_features(plans: tuple[Plan, ...], evidence: Evidence) -> list[float]:
    scene = evidence.scene
    read = {table for plan in plans for table in plan_tables(plan)}
    spoken = {ref.table for scores, _ in evidence.places.values() for ref in scores}
    spoken |= {t for t, score in scene.table_scores.items() if score >= _SURE}
    spoken |= {hit.table for item in scene.items for hit in item.hits}
    named = {t for t, score in scene.table_scores.items() if score >= 0.75}
    shown = {c.table for c in _shown(plans[0])} if plans else set()
    many = 0
    for table in shown:
        for other in read - {table}:
            path = scene.graph.path({table}, other)
            many += bool(path) and not all(join.to_one for join in path or ())
    partners = sum(isinstance(c, Member) and not c.negated for plan in plans for c in plan.where)
    return [
        float(len(read)), float(len(read - spoken)), float(len(named - read)), float(many),
        float(len(shown)), float(partners),
    ]  # fmt: skip


def _shown(plan: Plan) -> Iterator[ColumnRef]:
    for each in plan.select:
        if isinstance(each, ColumnRef):
            yield each


def _value_features(plans: tuple[Plan, ...], evidence: Evidence) -> list[float]:
    literals: set[object] = set()
    times = 0
    for plan in plans:
        for condition in (*plan.where, *plan.having):
            for each in _leaves(condition):
                if isinstance(each, Compare) and not isinstance(each.right, Plan | ColumnRef):
                    literals.add(each.right)
                elif isinstance(each, Like):
                    literals.add(each.pattern.strip("%").lower())
                elif isinstance(each, During):
                    times += 1
        if plan.limit is not None:
            literals.add(plan.limit)
    held = {str(each).lower() for each in literals}
    used, unused, weakest = 0, 0, 1.0
    numbers_used, numbers_unused = 0, 0
    for item in evidence.scene.items:
        if item.kind in ("value", "quote"):
            hits = [hit.score for hit in item.hits if hit.value in literals]
            if hits or item.text.strip("\"' %").lower() in held:
                used += 1
                weakest = min(weakest, max(hits, default=0.4))
            else:
                unused += 1
        elif item.number is not None:
            if item.number in literals or item.text in held:
                numbers_used += 1
            else:
                numbers_unused += not item.light
    return [
        float(used), float(unused), float(numbers_used), float(numbers_unused), float(times), weakest,
    ]  # fmt: skip


def _leaves(condition: Condition) -> tuple[Condition, ...]:
    return condition.conditions if isinstance(condition, Either) else (condition,)


def _operations(
    plan: AnyPlan, plans: tuple[Plan, ...], has: Mapping[str, bool]
) -> Mapping[str, bool]:
    leaves = [leaf for each in plans for c in each.where for leaf in _leaves(c)]
    negated = any(
        (isinstance(c, Member | Like | IsNull | During) and c.negated)
        or (isinstance(c, Compare) and c.operator == "!=")
        for c in leaves
    )
    extreme = any(isinstance(c, Compare) and isinstance(c.right, Plan) for c in leaves)
    buckets = any(isinstance(e, TimeBucket) for each in plans for e in each.group)
    aggregates = has["max"] or has["min"]
    return {
        **has,
        "ranked": has["order"] or extreme or aggregates,
        "negated": negated or has["without"],
        "is null": any(isinstance(c, IsNull) for c in leaves),
        "bucket": buckets,
        "unequal": has["unequal"] or has["having"] or any(isinstance(c, During) for c in leaves),
    }
