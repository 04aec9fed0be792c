"""The pass that takes what callers and the business tell of the question's words."""

from itertools import pairwise

from datus.generation.offline.draft import Draft, Filter
from datus.generation.offline.filters import negation_before
from datus.generation.offline.plan import AnyPlan, Condition, Either, Intersection, subplans
from datus.generation.offline.told.conditions import NoConditionError, as_one, opposite
from datus.types import WordUse


def told(draft: Draft) -> None:
    """As in "VIP customers" where it was told who they are: the conditions hold for these rows.

    Where "no VIP customers" or "VIP customers and new ones" would need the conditions elsewhere than on
    the whole question, the words stay unread, which refuses it.
    """
    places = [at for at, item in enumerate(draft.items) if item.told is not None]
    for at in places:
        fact = draft.items[at].told
        assert fact is not None
        for amount, reason in fact.doubts:
            draft.suspect(amount, reason)
        if fact.conditions:
            _conditions(draft, at)
    for one, other in pairwise(places):
        listed = any(draft.is_cue(p, "also", "contrast", "both") for p in range(one, other))
        facts = draft.items[one].told, draft.items[other].told
        if listed and all(fact is not None and fact.conditions for fact in facts):
            draft.unread.append(other)


def _conditions(draft: Draft, at: int) -> None:
    item = draft.items[at]
    fact = item.told
    assert fact is not None
    conditions = fact.conditions
    negated = _negation(draft, at)
    if negated:
        turned = opposite(conditions)
        if turned is None:
            draft.unread.append(at)
            return
        conditions = turned
    if len(conditions) > 1 and draft.is_cue_anywhere("or"):
        try:
            conditions = (as_one(conditions, _table(draft, at), draft.index),)
        except NoConditionError:
            draft.unread.append(at)
            return
    draft.told.extend(conditions)
    draft.filters.extend(Filter(at, each, told=True) for each in conditions)
    draft.words.append(WordUse(item.text, item.span, f"{'not: ' if negated else ''}{fact.said}"))
    if item.kind == "told":
        draft.taken.add(at)


def _table(draft: Draft, at: int) -> str:
    table = draft.table(at) or draft.focus()
    return table if table is not None else next(iter(draft.index.tables))


def _negation(draft: Draft, at: int) -> bool:
    """Whether the told rows are meant to be left out of what the question is about.

    "Stores with no VIP customers" leaves out stores, not customers: it stays unread.
    """
    near = [p for p in range(max(0, at - 3), at) if draft.is_cue(p, "negate")]
    if not near:
        return False
    if draft.items[at].kind == "told" or (near[-1] == at - 1 and _denies(draft, near[-1])):
        return negation_before(draft, at, max(0, at - 3))
    draft.unread.append(at)
    return False


def _denies(draft: Draft, at: int) -> bool:
    return draft.items[at].text.lower() in ("not", "are not", "is not", "non", "不是", "非")


def keeps(plan: AnyPlan, draft: Draft) -> bool:
    """Whether a plan holds every condition that was told of words of its question."""
    if any(draft.items[at].told is not None for at in draft.unread):
        return False
    if not draft.told:
        return True
    pending = [plan.left, plan.right] if isinstance(plan, Intersection) else [plan]
    held: list[Condition] = []
    while pending:
        each = pending.pop()
        for condition in each.where:
            held.extend(condition.conditions if isinstance(condition, Either) else ())
            held.append(condition)
        pending.extend(subplans(each))
    return all(condition in held for condition in draft.told)
