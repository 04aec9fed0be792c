"""The pass that reads columns of yes and no as conditions."""

from datus.generation.offline.draft import Draft, Filter
from datus.generation.offline.filters import negation_before
from datus.generation.offline.plan import Compare
from datus.generation.offline.poles import is_flag, says_no
from datus.identifiers import split_identifier

_SURE = 0.7
_LISTED = frozenset({"whether", "if", "是否"})


def flags(draft: Draft) -> None:
    """As in "active products", "customers who are not subscribed", 已停用的账户: a column of yes and no says of which
    rows, unless the question asks whether, or groups by it."""
    for at, item in enumerate(draft.items):
        column = draft.column(at)
        if column is None or at in draft.taken:
            continue
        if not is_flag(draft.index.column(column), draft.index.words[column]):
            continue
        if item.entries[0].score < _SURE and not says_no(
            item.text, tuple(split_identifier(column.column))
        ):
            continue
        if draft.is_cue(at - 1, "each", "group") or draft.is_cue(at - 2, "each", "group"):
            continue
        near = {draft.items[p].text.lower() for p in range(max(0, at - 2), at)}
        if near & _LISTED or item.text.startswith("是否"):
            continue
        negated = negation_before(draft, at, max(0, at - 2))
        negated ^= says_no(item.text, tuple(split_identifier(column.column)))
        yes = not negated if draft.index.column(column).kind == "boolean" else int(not negated)
        draft.filters.append(Filter(at, Compare(column, "=", yes)))
        draft.mentions.append((at, column.table))
        draft.flags.append(at)
        draft.take(at, meaning=f"{column} is {'true' if not negated else 'false'}")
