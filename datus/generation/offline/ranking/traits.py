"""What kind of query a plan is, in a few words that a question's wording can predict."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from datus.generation.offline.plan import (
    Aggregate,
    AnyPlan,
    ColumnRef,
    Compare,
    Condition,
    Either,
    Intersection,
    Like,
    Member,
    Plan,
    Star,
    all_plans,
    plan_tables,
)

TRAITS = (
    "one column", "two columns", "three columns", "count", "sum", "avg", "min", "max", "star",
    "distinct", "group", "having", "order", "descending", "limit", "equal", "two equal", "unequal",
    "like", "either", "without", "both", "subquery", "two tables", "three tables",
)  # fmt: skip
"""Yes-or-no traits; a reference query's are read by the training code under the same names."""


def traits(plan: AnyPlan) -> Mapping[str, bool]:
    """Which of ``TRAITS`` a plan has."""
    if isinstance(plan, Intersection):
        return {**traits(plan.left), "both": True}
    partners = [each for each in plan.where if isinstance(each, Member) and not each.negated]
    if len(partners) > 1 and len({each.column for each in partners}) == 1:
        kept = tuple(each for each in plan.where if each not in partners[1:])
        return {**traits(replace(plan, where=kept, distinct=False)), "both": True}
    conditions = tuple(_all_conditions(plan))
    functions = [each for each in _aggregates(plan) if isinstance(each, Aggregate)]
    equal = sum(isinstance(c, Compare) and c.operator == "=" for c in conditions)
    ordered = bool(plan.order)
    tables = len({table for each in _with_partners(plan) for table in plan_tables(each)})
    used = {each.function for each in functions}
    found = {name: name in used for name in ("count", "sum", "avg", "min", "max")}
    return {
        **found,
        "one column": len(plan.select) == 1,
        "two columns": len(plan.select) == 2,
        "three columns": len(plan.select) >= 3,
        "star": any(isinstance(each, Star) for each in plan.select),
        "distinct": plan.distinct or any(each.distinct for each in functions),
        "group": bool(plan.group),
        "having": bool(plan.having),
        "order": ordered,
        "descending": ordered and plan.order[0].descending,
        "limit": plan.limit is not None,
        "equal": equal == 1,
        "two equal": equal > 1,
        "unequal": any(isinstance(c, Compare) and c.operator != "=" for c in conditions),
        "like": any(isinstance(c, Like) for c in conditions),
        "either": any(isinstance(c, Either) for c in plan.where),
        "without": any(isinstance(c, Member) and c.negated for c in plan.where),
        "both": False,
        "subquery": any(isinstance(c, Compare) and isinstance(c.right, Plan) for c in conditions),
        "two tables": tables == 2,
        "three tables": tables >= 3,
    }


def _aggregates(plan: Plan) -> Iterator[object]:
    yield from plan.select
    yield from (order.key for order in plan.order)


def _with_partners(plan: Plan) -> Iterator[Plan]:
    yield plan
    for condition in plan.where:
        if isinstance(condition, Member) and not condition.negated:
            yield condition.plan


def _all_conditions(plan: Plan) -> Iterator[Condition]:
    """The conditions on rows, those on partners too."""
    for each in _with_partners(plan):
        for condition in each.where:
            if isinstance(condition, Either):
                yield from condition.conditions
            else:
                yield condition


def roles(plan: AnyPlan) -> dict[ColumnRef, set[str]]:
    """What a plan does with each column it reads, by the names in ``ROLES``; partners' keys are left out."""
    found: dict[ColumnRef, set[str]] = {}

    def add(ref: ColumnRef, role: str) -> None:
        found.setdefault(ref, set()).add(role)

    for each in all_plans(plan):
        for at, shown in enumerate((*each.select, *(o.key for o in each.order))):
            role = "shown" if at < len(each.select) else "sorted"
            if isinstance(shown, ColumnRef) and not (each is not plan and at < len(each.select)):
                add(shown, role)
            elif isinstance(shown, Aggregate) and isinstance(shown.argument, ColumnRef):
                add(shown.argument, "measured" if role == "shown" else "sorted")
        for key in each.group:
            if isinstance(key, ColumnRef):
                add(key, "grouped")
        for condition in (*each.where, *each.having):
            for one in condition.conditions if isinstance(condition, Either) else (condition,):
                _filtered(one, add)
    return found


def _filtered(condition: Condition, add: Callable[[ColumnRef, str], None]) -> None:
    match condition:
        case Compare(left=ColumnRef() as left):
            add(left, "filtered")
        case Compare(left=Aggregate(argument=ColumnRef() as argument)):
            add(argument, "filtered")
        case Member() | Either() | Compare():
            return
        case other:
            add(other.column, "filtered")
