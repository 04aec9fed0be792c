"""Both of two: rows of which two conditions hold, each by a partner of its own, or that two tables know of."""

from collections.abc import Callable
from dataclasses import replace

from datus.generation.offline.assembly.exclusion import partner
from datus.generation.offline.draft import Draft, Filter
from datus.generation.offline.plan import (
    Aggregate,
    AnyPlan,
    Compare,
    Condition,
    During,
    Either,
    Expression,
    Intersection,
    Member,
    Plan,
    plan_tables,
)

_AN_AND_OF_TIMES = 0.4


def both(draft: Draft, planned: Callable[[Draft], Plan | None]) -> AnyPlan | None:
    """As in "have both a cat and a dog", 2023年和2024年都就诊过: two conditions on one column, each met by
    some row. None where the question says no such thing, or it is said of tables."""
    said = next(draft.cues("both"), None)
    if said is None:
        _doubt_times(draft)
        return None
    filters = sorted(_parted(draft.filters), key=lambda f: f.at)
    pairs = [f for f in filters if f.at > said]
    if draft.chinese and not pairs:
        pairs = filters[-2:]  # A和B都
    if draft.items[said].text == "既" and draft.is_cue(said + 1, "negate"):
        draft.take(said)  # 既没…也没…: neither
        return None
    if len(pairs) < 2:
        _said_of_others(draft, said)
        return None
    first, second = pairs[:2]
    left, right = _tested(first.condition), _tested(second.condition)
    if left is None or right is None or type(first.condition) is not type(second.condition):
        return None
    if left != right:
        draft.take(said)
        return None  # "both humidity above 50 and visibility above 8": one row meets them
    if first.negated or second.negated:
        draft.take(said)
        draft.unread.append(said)
        return None
    return _split(draft, planned, said, (first, second), filters)


def _split(
    draft: Draft,
    planned: Callable[[Draft], Plan | None],
    said: int,
    pair: tuple[Filter, Filter],
    filters: list[Filter],
) -> AnyPlan | None:
    first, second = pair
    whole = list(draft.filters)
    kept = [each for each in filters if each not in pair]
    draft.filters[:] = [*kept, first]
    one = planned(draft)
    draft.filters[:] = [*kept, second]
    other = planned(draft)
    draft.filters[:] = whole
    draft.take(said)
    if one is None or other is None or one.limit is not None:
        return None
    merged = _both_partners(one, other)
    if merged is not None:
        return merged
    if isinstance(first.condition, During) or any(isinstance(e, Aggregate) for e in one.select):
        draft.unread.append(said)  # figures of two sets are no figure of their intersection
    return Intersection(replace(one, order=()), replace(other, order=()))


def _parted(filters: list[Filter]) -> list[Filter]:
    """The filters, each of several periods on its own."""
    found: list[Filter] = []
    for each in filters:
        parts = each.condition.conditions if isinstance(each.condition, Either) else ()
        if parts and all(isinstance(part, During) for part in parts):
            found.extend(replace(each, condition=part) for part in parts)
        else:
            found.append(each)
    return found


def _tested(condition: Condition) -> Expression | None:
    """What a condition is about, where two of them on it exclude each other in one row."""
    if isinstance(condition, Compare):
        return condition.left
    return condition.column if isinstance(condition, During) else None


def _said_of_others(draft: Draft, said: int) -> None:
    """What else "both" and 都 are said of: of columns, of all of them (都有哪些), or of two tables."""
    tables = [table for at, table in draft.mentions if at > said]
    plural = draft.items[said].text == "都"  # 都有哪些: all of them
    if plural and draft.having and any(draft.is_cue(at, "each") for at in range(said)):
        return  # 每位医生的就诊都超过2次: of every one of them
    if plural or sum(placed.at > said for placed in draft.select) > 1:
        draft.take(said)  # "show both A and B"
    elif len(set(tables)) == 2 and not draft.filters:
        draft.required.extend(dict.fromkeys(tables))
        draft.take(said)


def required(draft: Draft, plan: Plan) -> tuple[Condition, ...]:
    """As in "huts with both wardens and repairs": a row must have a partner in each of the tables."""
    own = tuple(table for table in plan_tables(plan) if table not in draft.required)
    if not draft.required:
        return ()
    found = [partner(draft, own[:1], table, negated=False) for table in draft.required]
    members = tuple(each for each in found if each is not None)
    if len(members) < len(draft.required):
        draft.suspect(1.0, "the tables are not all tied to one")
    return members


def _doubt_times(draft: Draft) -> None:
    """Who came in 2022 and in 2024 may have come in both or in either."""
    shown = {table for _, table in draft.mentions[:1]}
    for each in draft.filters:
        if not isinstance(each.condition, Either) or not draft.items:
            continue
        columns = {
            part.column.table for part in each.condition.conditions if isinstance(part, During)
        }
        said = sorted(at for at, _, column in draft.times)
        joined = any(draft.is_cue(p, "also") for p in range(said[0], said[-1])) if said else False
        if len(columns) == 1 and joined and not draft.select and shown and not columns <= shown:
            draft.suspect(_AN_AND_OF_TIMES, "the question may mean both times or either")


def _both_partners(one: Plan, other: Plan) -> Plan | None:
    """Two plans that differ only in which partners a row must have, as one plan that asks for both by the
    row's key, not by what is shown of it, and can be counted. None where they differ in more."""
    if replace(one, where=()) != replace(other, where=()):
        return None
    own = tuple(each for each in one.where if each not in other.where)
    others = tuple(each for each in other.where if each not in one.where)
    if not own or not all(map(_is_partner, (*own, *others))):
        return None
    listed = not any(isinstance(each, Aggregate) for each in one.select)
    return replace(one, where=(*one.where, *others), distinct=listed and not one.group)


def _is_partner(condition: Condition) -> bool:
    return isinstance(condition, Member) and not condition.negated
