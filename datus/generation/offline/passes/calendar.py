"""Passes that find places within a longer period: days of the week, hours of the day, weekends."""

from datus.generation.offline.draft import Draft
from datus.generation.offline.plan import Part


def parts(draft: Draft) -> None:
    """As in "on which day of the week", "by hour", 星期几: groups by the part of a time that is chosen once the
    tables are known."""
    for at in list(draft.cues("part")):
        cue = draft.items[at].cue
        assert cue is not None
        part: Part = cue.value  # type: ignore[assignment]
        draft.parts.append((at, part))
        draft.take(at, meaning=f"by {part}")
        for before in (at - 1, at - 2):  # "by", "at which"
            if draft.is_cue(before, "group", "each", "rows") and before not in draft.taken:
                draft.take(before)


def weekends(draft: Draft) -> None:
    """As in "orders on weekends", 周末下的订单: Saturdays and Sundays."""
    for at in list(draft.cues("weekend")):
        draft.weekends.append(at)
        draft.take(at, meaning="Saturday and Sunday")
