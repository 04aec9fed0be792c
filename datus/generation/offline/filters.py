"""What filters share: flipping operators, negation, numbers, and joining by "or"."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from datus.generation.offline.cues import CueKind
from datus.generation.offline.draft import Draft, Filter
from datus.generation.offline.linking import Item
from datus.generation.offline.plan import (
    Compare,
    Condition,
    During,
    Either,
    Expression,
    Like,
    Operator,
)

FLIPPED: dict[Operator, Operator] = {
    "=": "!=", "!=": "=", ">": "<=", "<=": ">", "<": ">=", ">=": "<",
}  # fmt: skip


BETWEEN_NOUN_AND_TEST: frozenset[CueKind] = frozenset(
    {"of", "be", "relative", "rows", "than", "named", "negate", "also"}
)


def number(item: Item) -> int | float:
    """A number item's value, whole where it is whole."""
    assert item.number is not None
    return int(item.number) if item.number == int(item.number) else item.number


def negation_before(draft: Draft, at: int, first: int) -> bool:
    """Whether a negation between two places bears on the later one; it is then taken."""
    for place in range(at - 1, max(first - 3, -1), -1):
        if draft.is_cue(place, "negate") and place not in draft.taken:
            draft.take(place)
            return True
        if draft.items[place].text == "的" and draft.is_cue(place, "of"):
            return False  # 没有电话的北京客户: the clause before is over
        if draft.items[place].kind == "mark" and draft.items[place].text in ",，;；.。?？":
            return False
        if draft.items[place].text == "的" and _of_a_clause(draft, place):
            return False  # 没下过单的企业客户: the clause is over
    return False


def ends_clause(item: Item) -> bool:
    """Whether what stands behind an item is no longer said of what stands before it."""
    return item.kind == "mark" or item.text.lower() in _CLAUSE_ENDS


CONTRARY = frozenset("but 但 但是 却 而".split())
_CLAUSE_ENDS = CONTRARY | set("and who 且 并且 的".split())


def _of_a_clause(draft: Draft, at: int) -> bool:
    """Whether what stands before 的 says what is not there, and the negation bears on that alone."""
    for place in range(at - 1, -1, -1):
        if draft.is_cue(place, "negate") or draft.items[place].kind == "mark":
            return False
        if draft.is_noun(place) and place not in draft.tested:
            return draft.is_cue(place - 1, "negate")
    return False


def alternatives(draft: Draft, filters: Sequence[Filter] | None = None) -> tuple[Condition, ...]:
    """The filters, or some of them, as conditions: neighbours joined by "or" (or by "and" over one column)
    made one."""
    conditions: list[Condition] = []
    for group in _groups(draft, draft.filters if filters is None else filters):
        made = tuple(dict.fromkeys(signed(each) for each in group))
        if len(made) == 1 or any(each.negated for each in group):
            conditions.extend(made)
        else:
            conditions.append(Either(made))
    return tuple(conditions)


def negate_alternatives(draft: Draft) -> None:
    """As in "not from A or B": neither, so that what is negated of the first is negated of all."""
    draft.filters[:] = [each for group in _groups(draft, draft.filters) for each in group]


def _groups(draft: Draft, filters: Sequence[Filter]) -> list[list[Filter]]:
    """The filters in their order, those that "or" joins together, all of them negated where the first is."""
    groups: list[list[Filter]] = []
    for each in sorted(filters, key=lambda f: f.at):
        if groups and _joined_by_or(draft, groups[-1][-1], each):
            negated = each.negated or groups[-1][0].negated
            groups[-1].append(replace(each, negated=negated))
        else:
            groups.append([each])
    return groups


def _joined_by_or(draft: Draft, one: Filter, other: Filter) -> bool:
    between = range(one.at + 1, other.at)
    if any(draft.is_cue(place, "or") for place in between):
        draft.take(*(place for place in between if draft.is_cue(place, "or")))
        return True
    same = _equality_column(one.condition) is not None and _equality_column(
        one.condition
    ) == _equality_column(other.condition)
    return same and not one.negated and not other.negated


def _equality_column(condition: Condition) -> Expression | None:
    if isinstance(condition, Compare) and condition.operator == "=":
        return condition.left
    return None


def alternative_pairs(draft: Draft) -> list[tuple[Filter, Filter]]:
    """Conditions of which each holds for other rows: two values of one column, or two periods."""
    found = []
    for one, other in combinations(draft.filters, 2):
        if one.negated or other.negated or one.condition == other.condition:
            continue
        column = _equality_column(one.condition)
        values = column is not None and column == _equality_column(other.condition)
        match one.condition, other.condition:
            case During(column=left), During(column=right) if left == right:
                found.append((one, other))
            case _ if values:
                found.append((one, other))
            case _:
                continue
    return found


def is_chinese_ratio(draft: Draft, at: int) -> bool:
    """As in 男女比例: a share of nothing else, but of one kind of rows to another."""
    return draft.items[at].text == "比例" and bool(alternative_pairs(draft))


def signed(each: Filter) -> Condition:
    if not each.negated:
        return each.condition
    match each.condition:
        case Compare(left=left, operator=operator, right=right):
            return Compare(left, FLIPPED[operator], right)
        case Like(column=column, pattern=pattern):
            return Like(column, pattern, True)
        case During(column=column, start=start, end=end):
            return During(column, start, end, True)
        case other:
            return other
