"""How sure a parse is, from what is known to go wrong, and the refusal when it is not sure enough.

The weights are losses of certainty, read off how often parses with each trait were right on the
Spider training questions; a parse starts at 1.
"""

from collections.abc import Sequence

from datus.generation.offline.draft import Draft
from datus.generation.offline.plan import (
    AnyPlan,
    Intersection,
    Member,
    Plan,
    expression_columns,
    plan_tables,
)

LEAST_BY_RULES = 0.64
"""Below it the rules alone would refuse a question."""
SURE_BY_RULES = 0.95
"""From it on nothing is known against a reading."""

_WEAK_LINKS = ((0.62, 0.3), (0.72, 0.2), (0.9, 0.1))
_A_JOINED_TABLE = 0.15
_A_LOOKED_UP_TABLE = 0.08
_SHOWN_FROM_SEVERAL = 0.2
_NARROW = 0.05
_NARROW_LEAD = 0.15
TIE = 0.02
"""Readings whose scores differ by less are equally good."""
_TIED = 0.35
_A_VERB = 0.1
_A_COLUMN_UNUSED = 0.12
_A_THIRD_COLUMN = 0.1
_SETS = 0.15


def confidence(draft: Draft, plan: AnyPlan, lead: float | None) -> float:
    """Certainty of a parse, at most 1.

    Args:
        draft: The draft it was made from.
        plan: Its plan.
        lead: How far its score is ahead of the next reading's, None when there is no other.
    """
    sure = 1.0 - draft.doubt - _weak_link(draft)
    sure -= _A_VERB * sum(
        item.kind == "word" and item.verb and at not in draft.taken
        for at, item in enumerate(draft.items)
    )
    sure -= _A_COLUMN_UNUSED * len(draft.passed_over)
    if lead is not None and lead < _NARROW:
        sure -= _TIED if lead < TIE else _NARROW_LEAD
    if isinstance(plan, Intersection):
        return sure - _SETS - _shape(draft, plan.left)
    return sure - _shape(draft, plan)


def _looked_up(draft: Draft, tables: tuple[str, ...], table: str) -> bool:
    """Whether a table only adds what a key of another table points to; such a join is seldom wrong."""
    for other in tables:
        path = draft.graph.path({other}, table) if other != table else None
        if path and all(join.to_one for join in path):
            return True
    return False


def _shape(draft: Draft, plan: Plan) -> float:
    shown = {column.table for each in plan.select for column in expression_columns(each)}
    partners = (c.plan for c in plan.where if isinstance(c, Member) and not c.negated)
    tables = tuple(
        dict.fromkeys((*plan_tables(plan), *(t for inner in partners for t in plan_tables(inner))))
    )
    many = sum(
        table not in draft.via and not _looked_up(draft, tables, table) for table in tables[1:]
    )
    loss = _A_JOINED_TABLE * many + _A_LOOKED_UP_TABLE * (len(tables) - 1 - many)
    loss += _SHOWN_FROM_SEVERAL if len(shown) > 1 and not plan.group else 0.0
    loss += _A_THIRD_COLUMN * max(0, len(plan.select) - 2) if len(shown) > 1 else 0.0
    return loss


def _weak_link(draft: Draft) -> float:
    scores = [item.entries[0].score for item in draft.items if item.entries]
    scores += [item.hits[0].score for item in draft.items if item.hits]
    weakest = min(scores, default=1.0)
    return next((loss for below, loss in _WEAK_LINKS if weakest < below), 0.0)


def weakest_words(draft: Draft) -> Sequence[str]:
    """The words whose link to the data is the least sure, for the refusal to name."""
    linked = [(item.entries[0].score, item.text) for item in draft.items if item.entries]
    linked += [(item.hits[0].score, item.text) for item in draft.items if item.hits]
    return [text for score, text in sorted(linked)[:3] if score < 0.95]
