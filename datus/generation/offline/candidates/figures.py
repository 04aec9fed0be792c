"""Edits of figures: which ones are asked for, and whether by group."""

from collections.abc import Iterator
from dataclasses import replace

from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.plan import Aggregate, ColumnRef, Function, Plan, Star

_NAMED = 0.6
_MOST = 3


def ungroup(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """The figures of all rows together, or the rows themselves."""
    if not plan.group or plan.limit is not None:
        return
    figures = tuple(each for each in plan.select if isinstance(each, Aggregate))
    plain = tuple(each for each in plan.select if not isinstance(each, Aggregate))
    if figures and not plan.having:
        yield replace(plan, select=figures, group=(), order=())
    if plain and figures:
        order = tuple(each for each in plan.order if not isinstance(each.key, Aggregate))
        yield replace(plan, select=plain, group=(), having=(), order=order)


def said_figures(plan: Plan, scene: Scene) -> Iterator[Plan]:
    """The functions that the question says over the measures that it names, as "minimum and maximum price" or
    "average height and weight"; alone and beside what is shown."""
    said = scene.functions
    measures = {
        n.at: n.ref
        for n in reversed(scene.columns)
        if n.score >= _NAMED and scene.is_measure(n.ref)
    }
    if not said or not measures:
        return
    plain = tuple(
        each
        for each in plan.select
        if not isinstance(each, Aggregate | Star) and each not in measures.values()
    )
    for figures in dict.fromkeys(_figures(said, dict(sorted(measures.items())))):
        yield replace(
            plan, select=figures, group=(), having=(), order=(), limit=None, distinct=False
        )
        if plain and (plan.group or scene.is_said("each", "group")):
            yield replace(
                plan, select=(*plain, *figures), group=plan.group or plain, order=(), limit=None,
                distinct=False,
            )  # fmt: skip


def _figures(
    said: tuple[tuple[int, Function], ...], measures: dict[int, ColumnRef]
) -> Iterator[tuple[Aggregate, ...]]:
    def measure(at: int) -> ColumnRef:
        place = min(measures, key=lambda other: (other < at, abs(other - at)))
        return measures[place]

    yield tuple(dict.fromkeys(Aggregate(function, measure(at)) for at, function in said))
    if len(said) == 1:
        at, function = said[0]
        following = tuple(dict.fromkeys(ref for place, ref in measures.items() if place > at))
        if len(following) > 1:
            yield tuple(Aggregate(function, ref) for ref in following[:_MOST])
            yield tuple(Aggregate(function, ref) for ref in following[:2])
