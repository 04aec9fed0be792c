"""Passes over time: the range, periods beside each other, trends and growth."""

import re
from datetime import date
from itertools import pairwise

from datus.generation.offline.metrics.draft import GRAINS, Draft
from datus.types import Grain, MetricFilter, TimeRange

_DAYS_BY_DAY = 62  # a trend over up to two months is shown by day,
_DAYS_BY_MONTH = 731  # over up to two years by month, over more by year

# Words that say the length of the periods as well: "month over month", MoM, 月环比.
_STEPS = re.compile(
    r"\b(\w+)[\s-]+(over|on)[\s-]+\1\b|\b([dwmqy])o\3\b|[年月季周日度]同比|[年月季周日度]环比"
)


def named_times(draft: Draft) -> None:
    """A range right beside a time that is named narrows that time: "signup date in 2023"."""
    for at in draft.places("dimension"):
        name = draft.option(at, "dimension")
        dimension = draft.context.metrics.dimensions.get(name or "")
        if dimension is None or dimension.kind != "time":
            continue
        place = draft.next(at, "be", "relative", "of")
        cue_at = draft.before(at)
        time = draft.items[place].time if place is not None else None
        if (
            place is None
            or time is None
            or (cue_at is not None and draft.is_cue(cue_at, "group", "each"))
        ):
            continue
        if time.start is not None:
            draft.filters.append(MetricFilter(dimension.name, ">=", (time.start.isoformat(),)))
        if time.end is not None:
            draft.filters.append(MetricFilter(dimension.name, "<", (time.end.isoformat(),)))
        draft.times.append(time)
        draft.take(at)
        draft.take(place, meaning=f"{dimension.name}: {_told(time.start, time.end)}")


def ranges(draft: Draft) -> None:
    """The range of days; two that are held against each other become a range and a comparison."""
    places = [
        at for at, item in enumerate(draft.items) if item.time is not None and at not in draft.taken
    ]
    found = [time for at in places if (time := draft.items[at].time) is not None]
    if not found:
        return
    unique = list({(time.start, time.end): time for time in found}.values())
    if len(unique) == 1:
        _use(draft, unique[0].start, unique[0].end, places, found)
        return
    unique.sort(key=lambda time: time.start or date.min)
    contrasts = list(draft.cues("contrast"))
    offset = offset_between(unique[0], unique[1]) if len(unique) == 2 else None
    if contrasts and offset is not None and not any(_is_soft(draft, at) for at in contrasts):
        draft.compare = offset
        _use(draft, unique[1].start, unique[1].end, places, found)
        draft.take(*contrasts, meaning=f"beside one {offset} earlier")
        return
    grains = {time.grain for time in unique}
    joined = all(one.end == other.start for one, other in pairwise(unique))
    beside = contrasts or (draft.has("grain", "period") and _is_list(draft, places))
    if joined and len(grains) == 1 and beside:
        _use(draft, unique[0].start, unique[-1].end, places, found)
        if not draft.has("grain", "period"):
            draft.set_grain(unique[0].grain, contrasts[0], listed=True)
        draft.take(*contrasts)
        return
    words = " / ".join(time.words for time in unique)
    reason = (
        f"The question names {len(unique)} ranges of time ({words}), and a metric query has one."
    )
    if joined and len(grains) == 1:
        readings = (
            f"The total from {unique[0].words} to {unique[-1].words}",
            f"Each {unique[0].grain} from {unique[0].words} to {unique[-1].words}",
        )
        draft.refuse(
            f"{reason} Say whether one total or each is meant.", *places, readings=readings
        )
    else:
        draft.refuse(f"{reason} Ask for one range, or compare it with the period before.", *places)


def _is_list(draft: Draft, places: list[int]) -> bool:
    """Whether nothing but joints stands between the ranges: "in 2022 and 2023", not "YTD sales for 2023"."""
    between = [at for one, other in pairwise(places) for at in range(one + 1, other)]
    joints = [at for at in between if draft.is_cue(at, "also", "of", "relative", "or", "between")]
    return all(draft.items[at].light or draft.items[at].kind == "mark" or at in joints for at in between)  # fmt: skip


def _is_soft(draft: Draft, at: int) -> bool:
    cue = draft.items[at].cue
    return cue is not None and cue.value == "soft"


def _use(
    draft: Draft,
    start: date | None,
    end: date | None,
    places: list[int],
    times: list[TimeRange],
) -> None:
    draft.start, draft.end = start, end
    draft.times.extend(times)
    for at in places:
        time = draft.items[at].time
        draft.take(at, meaning=_told(time.start, time.end) if time is not None else "")


def _told(start: date | None, end: date | None) -> str:
    """A range for people: its first day, and the day that it ends before."""
    since = f"from {start.isoformat()}" if start is not None else ""
    until = f"before {end.isoformat()}" if end is not None else ""
    return f"{since} {until}".strip()


def offset_between(earlier: TimeRange, later: TimeRange) -> Grain | None:
    """How far back the earlier range lies, where it is the later one shifted by one calendar unit."""
    if earlier.start is None or later.start is None or earlier.end is None or later.end is None:
        return None
    fitting: tuple[Grain, ...] = ("year", "quarter", "month", "week", "day")
    own = GRAINS.index(later.grain)
    for grain in sorted(fitting, key=lambda each: abs(GRAINS.index(each) - own)):
        if (shifted(later.start, grain), shifted(later.end, grain)) == (earlier.start, earlier.end):
            return grain
    return None


def shifted(day: date, grain: Grain) -> date | None:
    """The day one calendar unit earlier; None where that month has no such day."""
    if grain in ("day", "week"):
        return date.fromordinal(day.toordinal() - (1 if grain == "day" else 7))
    months = {"month": 1, "quarter": 3, "year": 12}[grain]
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    try:
        return day.replace(year=year, month=month + 1)
    except ValueError:
        return None


def points(draft: Draft) -> None:
    """A running total has a value for each point in time, so it needs time as a column."""
    for metric in draft.metrics:
        if metric.kind == "cumulative" and draft.grain is None:
            draft.refuse(
                f"{metric.label or metric.name} has a value for each point in time."
                " Say by what grain, such as month."
            )


def trends(draft: Draft) -> None:
    """As in "trend", 走势: time is a column, at a grain that fits the range where none is said."""
    compared = draft.compare is not None or any(item.comparison for item in draft.items)
    for at in draft.cues("trend"):
        cue = draft.items[at].cue
        change = (
            cue is not None and cue.value == "change"
        )  # beside an earlier period it is the growth
        if draft.grain is None and not (change and compared):
            draft.set_grain(_fitting_grain(draft), at, listed=True)
        draft.take(at)


def _fitting_grain(draft: Draft) -> Grain:
    finest = max((GRAINS.index(metric.grain) for metric in draft.metrics), default=0)
    wanted: Grain = "month"
    if draft.start is not None:
        end = draft.end or draft.context.question.today
        days = (end - draft.start).days
        wanted = "day" if days <= _DAYS_BY_DAY else "month" if days <= _DAYS_BY_MONTH else "year"
    return GRAINS[max(finest, GRAINS.index(wanted))]


def comparisons(draft: Draft) -> None:
    """As in 同比, "vs last month", "monthly growth": figures of an earlier period beside each metric."""
    places = [
        at
        for at, item in enumerate(draft.items)
        if item.comparison is not None and at not in draft.taken
    ]
    offsets = {each.offset for at in places if (each := draft.items[at].comparison) is not None}
    if len(offsets) > 1:
        draft.refuse(
            "The question compares with more than one earlier period, and a metric query with one."
            " Ask for one comparison at a time.",
            *places,
        )
        return
    if offsets:
        offset = offsets.pop()
        draft.compare = offset or "previous"
        back = f"one {offset} earlier" if offset is not None else "the period before"
        for at in places:
            draft.take(at, meaning=f"beside {back}")
        draft.take(*list(draft.cues("contrast")))
        _settle_grain(draft, places)
    _growth(draft)


def _settle_grain(draft: Draft, places: list[int]) -> None:
    """A comparison needs a period to shift: the range, else time as a column at the offset's grain."""
    offset = draft.compare
    whole = draft.start is not None and draft.end is not None
    if draft.grain is not None:
        known = offset is not None and offset != "previous"
        if known and GRAINS.index(offset) < GRAINS.index(draft.grain):
            draft.refuse(f"A {draft.grain} cannot be compared with one {offset} earlier.", *places)
        return
    steps = any(_STEPS.search(draft.items[at].text.lower()) for at in places)
    if offset is None or offset == "previous" or not (whole or steps):
        if not whole:
            draft.refuse(
                "A comparison with an earlier period needs a period. Say of which time, or by what grain.",
                *places,
            )
    elif not whole or _is_longer(draft, offset):
        draft.grain = offset


def _is_longer(draft: Draft, offset: Grain) -> bool:
    """Whether the range is longer than the offset: it holds several of the periods to compare."""
    assert draft.start is not None
    assert draft.end is not None
    back = shifted(draft.end, offset)
    return back is not None and back > draft.start


def _growth(draft: Draft) -> None:
    growing = list(draft.cues("growth"))
    if not growing:
        return
    if draft.compare is None and draft.grain is not None:
        draft.compare = "previous"
    if draft.compare is not None:
        draft.take(*growing, meaning="with growth")
        if draft.ranking is not None:
            key = draft.key_at
            beside = key is not None and (
                draft.next(key) in growing or draft.before(key, "of", "relative") in growing
            )
            draft.ranking.by_growth = beside or any(
                abs(at - draft.ranking.at) <= 2 for at in growing
            )
        return
    asked = " / ".join(metric.label or metric.name for metric in draft.metrics)
    draft.refuse(
        "The question asks for growth and does not say against which period.",
        *growing,
        readings=(f"{asked} against the period before", f"{asked} against one year earlier"),
    )
