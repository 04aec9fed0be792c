"""A choice made before the question proper: "In the region with the most huts, which hut ...", 医生最多的科室里，……"""

from dataclasses import replace

from datus.generation.offline.draft import Draft, Filter
from datus.generation.offline.plan import AnyPlan, ColumnRef, Compare, Plan

_OPENERS = frozenset("in for of from at within among".split())
_INSIDE = frozenset(("里", "中", "内", "里面", "当中", "之中"))


def first_choice(draft: Draft) -> range | None:
    """The items of a clause that chooses one row, where the rest of the question chooses again among what
    belongs to it; None where there is no such clause."""
    choices = [at for at in range(len(draft.items)) if draft.is_cue(at, "superlative", "frequent")]
    if len(choices) < 2:
        return None
    end = _end_in_chinese(draft, choices[0]) if draft.chinese else _end_in_english(draft)
    if end is None or not choices[0] < end <= choices[1]:
        return None
    opener = draft.items[0].text.lower() in _OPENERS or draft.items[0].text == "在"
    return range(1 if opener else 0, end)


def _end_in_english(draft: Draft) -> int | None:
    if draft.items[0].text.lower() not in _OPENERS:
        return None
    return next((at for at, item in enumerate(draft.items) if item.text == ","), None)


def _end_in_chinese(draft: Draft, choice: int) -> int | None:
    noun_at = draft.following(choice, draft.is_noun, skip=frozenset({"of"}), reach=2)
    if noun_at is None or noun_at + 1 >= len(draft.items):
        return None
    return noun_at + 1 if draft.items[noun_at + 1].text in _INSIDE else None


def choose(draft: Draft, clause: range, chosen: AnyPlan | None) -> bool:
    """Keep the rows that belong to what a clause chose; whether its plan chooses one thing at all."""
    if not isinstance(chosen, Plan) or chosen.limit != 1 or not chosen.order:
        return False
    key = _key(draft, chosen)
    if key is None:
        return False
    group = tuple(dict.fromkeys((key, *chosen.group))) if chosen.group else ()
    one = replace(chosen, select=(key,), group=group, distinct=False)
    draft.filters.append(Filter(clause.start, Compare(key, "=", one)))
    draft.take(*range(clause.stop), meaning=f"one {key}")
    if draft.chinese:
        draft.take(clause.stop)
    return True


def _key(draft: Draft, chosen: Plan) -> ColumnRef | None:
    """What tells apart what was chosen: the key of a table whose name it shows, or the column it shows."""
    shown = [each for each in chosen.select if isinstance(each, ColumnRef)]
    if len(shown) != len(chosen.select) or len({each.table for each in shown}) != 1:
        return None
    table = shown[0].table
    key = draft.index.tables[table].key
    if tuple(shown) == draft.index.label(table) and len(key) == 1:
        return ColumnRef(table, key[0])
    return shown[0] if len(shown) == 1 else None
