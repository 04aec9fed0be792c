"""Passes over what the figures are split by: dimensions, and time at a grain."""

from datus.generation.offline.metrics.draft import GRAINS, Draft, without_grain
from datus.types import Grain

_LISTED = frozenset("、,，/&+;；")
_ALL = frozenset({"all", "所有", "全部", "全体"})
_CLOSED = frozenset({"the", "this", "that", "in", "for", "of", "during", "at"})


def groups(draft: Draft) -> None:
    """As in "by region and month", "for each station", 按地区和渠道, 各门店, 哪个渠道."""
    for at in list(draft.cues("group", "each")):
        if at not in draft.taken:
            _listed(draft, at)
    for at in list(draft.cues("rows")):
        cue = draft.items[at].cue
        after = draft.next(at, "of", "each")
        if cue is None or not cue.value or after is None:
            continue
        if _group_one(draft, after, listed=False):
            draft.take(at)


def _listed(draft: Draft, at: int) -> None:
    """The keys behind one "by": dimensions and periods, joined by "and" and marks."""
    place = draft.next(at, "each", "of", "group")
    if place is not None and _all_of(draft, place) and draft.items[at].text.lower() == "across":
        draft.take(at)  # "across all stores" sums them up, or not: see bare_dimensions
        return
    found = False
    while place is not None and _group_one(draft, place, listed=True):
        found = True
        joint = draft.next(place)
        if joint is None:
            break
        mark = draft.items[joint].kind == "mark" and draft.items[joint].text in _LISTED
        if mark or draft.is_cue(joint, "also"):
            place = draft.next(joint, "each", "of", "also")
        elif draft.option(joint, "dimension") is not None or draft.is_cue(joint, "period"):
            place = joint  # "by region month"
        else:
            break
    if found:
        draft.take(at)
        cue_at = draft.next(at)
        if cue_at is not None and draft.is_cue(cue_at, "each", "group"):
            draft.take(cue_at)


def _group_one(draft: Draft, at: int, *, listed: bool) -> bool:
    """Group by what stands at a place, if that is a dimension, or a period, or a grain of time."""
    item = draft.items[at]
    name = draft.option(at, "dimension")
    if name is not None:
        draft.group(name, at, listed=listed)
        return True
    if item.cue is not None and item.cue.kind in ("period", "grain"):
        if at in draft.taken:
            return True
        draft.set_grain(_grain(item.cue.value), at, listed=listed)
        return True
    return False


def _grain(value: str) -> Grain:
    return next(grain for grain in GRAINS if grain == value)


def wise(draft: Draft) -> None:
    """As in "region-wise", "month wise": the key stands before."""
    for at in draft.cues("wise"):
        place = at - 1
        if place >= 0 and draft.items[place].kind == "mark":
            place -= 1
        if place >= 0 and _group_one(draft, place, listed=True):
            draft.take(at)


def grains(draft: Draft) -> None:
    """As in "monthly", 每月; then periods that stand alone, as in "best month" or "revenue region month"."""
    for at in list(draft.cues("grain")):
        cue = draft.items[at].cue
        if cue is not None:
            draft.set_grain(_grain(cue.value), at, listed=True)
    for at in list(draft.cues("period")):
        cue = draft.items[at].cue
        before = draft.items[at - 1] if at > 0 else None
        closed = before is not None and before.light and before.text.lower() in _CLOSED
        relative = draft.is_cue(at - 1, "relative") and draft.items[at - 1].text.isascii()
        ranked = draft.ranking is not None
        if cue is not None and (ranked or not (closed or relative)):
            draft.set_grain(_grain(cue.value), at, listed=False)


def bare_dimensions(draft: Draft) -> None:
    """A dimension that nothing else explains is one to group by: 地区销售额排名, "top 5 stations"."""
    named = {condition.dimension for condition in draft.filters}
    ordered = draft.ranking is not None or draft.key is not None
    ordered = ordered or draft.has("order", "direction", "contrast", "alphabetical")
    for at in draft.places("dimension"):
        name = draft.option(at, "dimension")
        assert name is not None
        if name not in draft.dimensions and draft.ranking is None:
            if _all_of(draft, at) and not ordered:
                _sum_up(draft, at, name)
                continue
            draft.doubt += 0.05
        if name in named and name not in draft.dimensions and draft.ranking is None:
            draft.doubt += 0.1
        draft.group(name, at, listed=False)
    if draft.dimensions or draft.grain is not None or len(draft.metrics) > 1:
        draft.take(*list(draft.cues("contrast")))


def _all_of(draft: Draft, at: int) -> bool:
    """Whether "all" stands before a place, other light words passed over."""
    for before in range(at - 1, -1, -1):
        item = draft.items[before]
        if item.text.lower() in _ALL:
            return True
        if not (item.light or draft.is_cue(before, "of")):
            return False
    return False


def _sum_up(draft: Draft, at: int, name: str) -> None:
    """As in "all stores": one figure for them where a total is asked for, else nobody but the asker knows."""
    totalled = any(
        (cue := item.cue) is not None and cue.kind == "aggregate" and cue.value == "sum"
        for item in draft.items
    )
    if totalled or name in {condition.dimension for condition in draft.filters}:
        draft.take(at, meaning=f"all of {name}")
        return
    asked = " / ".join(metric.label or metric.name for metric in draft.metrics)
    readings = (f"{asked} in total", f"{asked} by {draft.label(name)}")
    draft.refuse(
        f"“all {draft.items[at].text}” may mean one total or a figure for each. Say which.",
        at,
        readings=readings,
    )


def reachable(draft: Draft) -> None:
    """Every dimension must be one of every metric, and no grain finer than a metric's time."""
    filtered = [condition.dimension for condition in draft.filters]
    for name in dict.fromkeys((*draft.dimensions, *filtered)):
        for metric in draft.metrics:
            if without_grain(name) not in metric.dimensions:
                labels = [draft.label(each) for each in metric.dimensions]
                done = "split" if name in draft.dimensions else "narrowed"
                reason = f"{metric.label or metric.name} cannot be {done} by {draft.label(name)}."
                if labels:
                    reason += f" It can be by {', '.join(labels[:12])}."
                draft.refuse(reason, *_places(draft, without_grain(name)))
    if draft.grain is None:
        return
    for metric in draft.metrics:
        if GRAINS.index(draft.grain) < GRAINS.index(metric.grain):
            draft.refuse(
                f"{metric.label or metric.name} is known by {metric.grain} and no finer;"
                f" the question asks for it by {draft.grain}. Ask by {metric.grain} or longer."
            )


def _places(draft: Draft, name: str) -> list[int]:
    return [at for at in range(len(draft.items)) if draft.option(at, "dimension") == name]
