"""Passes over what is measured: the metrics, and words of aggregation that must agree with them."""

import re

from datus.generation.offline.metrics.draft import Draft
from datus.generation.offline.metrics.names import Phrase, metric_phrases, spoken
from datus.text import is_chinese, tokenize
from datus.types import Metric

_AVERAGING = frozenset({"average", "avg", "mean", "averaged", "均"})
_COUNTING = ("数", "量", "次", "人次", "单量")
_PEOPLE = frozenset(
    "人 员 客 户 者 生 师 person people user rider customer member visitor buyer client".split()
)
_EXTREMES = {
    "max": frozenset({"max", "maximum", "highest", "largest", "peak", "最大", "最高", "峰值"}),
    "min": frozenset({"min", "minimum", "lowest", "smallest", "最小", "最低"}),
}
_DISTINCT = frozenset({"distinct", "unique", "去重", "不同", "独立"})
_CHINESE = ("最大", "最高", "峰值", "最小", "最低", "去重", "不同", "独立")
_PLAIN_CHINESE = 2  # characters of a plain noun: 患者, 订单; a longer name says more: 新增用户
_PARTS = re.compile(r" divided by | / | over | per ")  # of a ratio's definition
_COUNTS = re.compile(r"(distinct )?(number|count)\b")


def metrics(draft: Draft) -> None:
    """Every metric that is named, in the order of the question."""
    known = {metric.name: metric for metric in draft.context.metrics.metrics}
    for at in draft.places("metric"):
        name = draft.option(at, "metric")
        assert name is not None
        if at in draft.taken or _is_denominator(draft, at) or _is_modifier(draft, at):
            continue
        if known[name] not in draft.metrics:
            draft.metrics.append(known[name])
        draft.take(at, meaning=f"metric {name}")


def _is_modifier(draft: Draft, at: int) -> bool:
    """Whether a metric's name only says what another is of: "revenue from electric rides", 患者的收入.

    It does where it is the plain name of a thing. A name that says more ("revenue from new riders")
    narrows the other figure, which no metric query can do by a metric.
    """
    chinese = is_chinese(draft.items[at].text)
    head = draft.next(at, "of") if chinese else _head(draft, at)
    name = draft.option(head, "metric") if head is not None else None
    if head is None or name in (None, draft.option(at, "metric")):
        return False
    tied = chinese or head != draft.before(at)
    if tied and (_is_thing(draft, at, name or "") or _is_population(draft, at, name or "")):
        draft.doubt += 0.05
        draft.take(at)
        return True
    draft.refuse(
        f"“{draft.items[min(at, head)].text}” and “{draft.items[max(at, head)].text}” stand together, and no"
        " metric is declared for the two. Join them by “and” if both are meant.",
        at,
    )
    return True


def _head(draft: Draft, at: int) -> int | None:
    """The metric that a metric's name is tied to from behind, by "of" or "for", values between passed over."""
    place, tied, valued = draft.before(at), False, False
    while place is not None:
        if draft.is_cue(place, "of", "relative"):
            tied, valued = True, False
        elif draft.option(place, "value") is not None:
            valued = True
        elif not (valued and draft.is_cue(place, "also", "or", "negate")):
            break
        place = draft.before(place)
    direct = place is not None and place == draft.before(at)
    return place if tied or direct else None


def _is_thing(draft: Draft, at: int, head: str) -> bool:
    """Whether a name is one plain word for a thing that the other figure is known by."""
    said = spoken(draft.items[at].text)
    chosen = draft.reading.chosen[at]
    if is_chinese(draft.items[at].text):
        return len(said) == _PLAIN_CHINESE and chosen is not None and chosen.bare
    own = next((metric for metric in draft.context.metrics.metrics if metric.name == head), None)
    names = own.dimensions if own is not None else ()
    return said in {spoken(part) for name in names for part in name.split("__")[:-1]}


def _is_population(draft: Draft, at: int, head: str) -> bool:
    """Whether a count is what a ratio or average is of, by its definition or the thing it is known by.

    As in "cancellation rate of booked rides" where the rate is defined over rides, 入院人次的死亡率.
    """
    known = {metric.name: metric for metric in draft.context.metrics.metrics}
    own, counted = known.get(head), known.get(draft.option(at, "metric") or "")
    if own is None or counted is None or not is_count(counted):
        return False
    if own.kind != "ratio" and not _AVERAGING & _tokens(_named(own)):
        return False
    things = {spoken(part) for name in own.dimensions for part in name.split("__")[:-1]}
    if _whole_names(counted) & things:
        return True
    parts = {spoken(part.replace("_", " ")) for part in _PARTS.split(own.definition.lower())}
    return bool(_whole_names(counted) & parts)


def _whole_names(metric: Metric) -> set[Phrase]:
    return {phrase for phrase, score, bare in metric_phrases(metric) if score >= 0.98 and not bare}


def quotients(draft: Draft) -> None:
    """As in "revenue/rides": one over the other, or both; nobody but the asker knows."""
    for at, item in enumerate(draft.items):
        one, other = draft.option(at - 1, "metric"), draft.option(at + 1, "metric")
        if item.text == "/" and one is not None and other is not None:
            readings = (
                f"{one} and {other}",
                f"{one} divided by {other}, which is no declared metric",
            )
            draft.refuse(
                "“/” may mean both figures or one divided by the other.", at, readings=readings
            )


def _is_denominator(draft: Draft, at: int) -> bool:
    """As in "revenue per ride" where no metric is called so: a ratio that nobody defined."""
    cue_at = draft.before(at)
    if cue_at is None or not draft.is_cue(cue_at, "each"):
        return False
    if len(draft.places("metric")) + len(draft.metrics) < 2:
        return False
    draft.refuse(
        f"“{draft.items[cue_at].text} {draft.items[at].text}” asks for a ratio that is no declared metric."
        " Declare it as a ratio metric, or ask for the two figures.",
        cue_at,
        at,
    )
    return True


def aggregations(draft: Draft) -> None:
    """Average, total, number of, distinct: read only where the metric's own definition says the same."""
    for at in draft.cues("aggregate", "count", "distinct", "cumulative"):
        if not draft.metrics:
            return
        metric = _nearest(draft, at)
        cue = draft.items[at].cue
        assert cue is not None
        kind = cue.value if cue.kind == "aggregate" else cue.kind
        if _agrees(draft, at, kind, metric):
            draft.take(at, meaning=f"metric {metric.name}")
        else:
            draft.refuse(
                f"“{draft.items[at].text}” does not agree with the definition of {metric.label or metric.name}"
                f"{f' ({metric.definition})' if metric.definition else ''}. Leave it out, or declare a metric for it.",
                at,
            )


def _nearest(draft: Draft, at: int) -> Metric:
    known = {metric.name: metric for metric in draft.metrics}
    places = [place for place in range(len(draft.items)) if draft.option(place, "metric") in known]
    best = min(places, key=lambda place: (abs(place - at), place < at))
    name = draft.option(best, "metric")
    assert name is not None
    return known[name]


def _agrees(draft: Draft, at: int, kind: str, metric: Metric) -> bool:
    names = f"{_named(metric)} {metric.definition}".lower()
    defined = _tokens(names) | {word for word in _CHINESE if word in names}
    text = draft.items[at].text.lower()
    match kind:
        case "sum":
            return not _AVERAGING & _tokens(_named(metric))
        case "avg":
            return metric.kind == "ratio" or bool((_AVERAGING | {"per", "每"}) & defined)
        case "max" | "min":
            return bool(_EXTREMES[kind] & defined)
        case "distinct":
            return bool(_DISTINCT & defined)
        case "amount":
            return not is_count(metric)
        case "cumulative":
            return metric.kind == "cumulative" or _has_no_series(draft)
        case "count":
            if text.endswith(("人", "人数")) or text in ("几位", "几名", "多少位", "多少名"):
                return is_count_of_people(metric)
            return metric.kind != "ratio" and (is_count(metric) or not _is_bare(draft, metric))
    return False


def _has_no_series(draft: Draft) -> bool:
    """Whether no time column is asked for; a running total of one figure is its total."""
    return not draft.has("grain", "trend") and not any(
        draft.is_cue(at - 1, "group", "each") for at in draft.cues("period")
    )


def _is_bare(draft: Draft, metric: Metric) -> bool:
    chosen = [
        each for each in draft.reading.chosen if each is not None and each.name == metric.name
    ]
    return any(each.role == "metric" and each.bare for each in chosen)


def is_count(metric: Metric) -> bool:
    """Whether a metric counts something, told by its definition and its names."""
    if _COUNTS.match(metric.definition.lower()):
        return True
    names = (metric.name, metric.label, *metric.synonyms)
    return any(
        name.endswith(_COUNTING) or {"count", "number"} & _tokens(name.replace("_", " "))
        for name in names
    )


def is_count_of_people(metric: Metric) -> bool:
    """Whether a metric counts people, told by its definition and its names."""
    words = _tokens(f"{_named(metric)} {metric.definition}".lower())
    return is_count(metric) and bool(_PEOPLE & words)


def _named(metric: Metric) -> str:
    return " ".join((metric.name.replace("_", " "), metric.label, *metric.synonyms)).lower()


def _tokens(text: str) -> set[str]:
    return {token.text for token in tokenize(text)}
