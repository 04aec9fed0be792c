"""The edits: from a plan to plans that differ from it in one thing.

An edit proposes; it does not judge. Whether "the singers and their songs" repeats a singer, or a column
after "with" is shown, is settled by what the ranking has learned. An edit reads the plan and the scene
and no words of any language.
"""

from collections.abc import Callable, Iterator, Mapping

from datus.generation.offline.candidates import (
    conditions,
    figures,
    inner,
    joining,
    ordering,
    selection,
)
from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.plan import AnyPlan, Plan

Edit = Callable[[Plan, Scene], Iterator[AnyPlan]]

EDITS: Mapping[str, Edit] = {
    edit.__name__: edit
    for edit in (
        joining.inline_partners, joining.drop_partners, joining.drop_tables, joining.add_tables,
        joining.without_partner, joining.other_key, selection.toggle_distinct, selection.drop_selected,
        selection.add_selected, selection.swap_selected, selection.select_entity,
        selection.change_aggregates, selection.count_beside, ordering.change_order,
        ordering.change_limit, ordering.change_group, ordering.extreme_rows, conditions.swap_filtered,
        conditions.join_filters, conditions.place_number,
        conditions.place_value, conditions.place_text, conditions.place_time,
        conditions.other_operator, conditions.move_number, conditions.compare_columns,
        joining.other_path, ordering.group_by_key, figures.ungroup, figures.said_figures,
        inner.exclude_partner, inner.exclude_values, inner.meet_both, inner.move_inside, inner.of_the_most,
    )
}  # fmt: skip
"""All edits by name; the ranking learns how often each is right."""

SETTLING: Mapping[str, Edit] = {
    name: EDITS[name]
    for name in (
        "drop_selected", "drop_tables", "toggle_distinct", "inline_partners", "group_by_key", "change_group",
        "ungroup", "other_key", "without_partner", "place_number", "place_value",
    )
}  # fmt: skip
"""Those that also edit an edited plan: what one edit leaves to be settled."""
