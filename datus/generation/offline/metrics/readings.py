"""The few ways to take a question's mentions that fit together, by a beam over their options."""

from collections.abc import Sequence

from datus.generation.offline.metrics.draft import Reading
from datus.generation.offline.metrics.items import Item, Option
from datus.generation.offline.metrics.names import NAMING, spoken
from datus.types import MetricCatalogue

_SPREAD = 0.35  # an option so far below the best of its mention is not meant
_BEAM = 32
_NAMED_BESIDE = 0.35  # a value whose dimension stands right beside it: "the Northeast region"
_NAMED = 0.1
_THING = 0.1  # the thing that a dimension is of is named: "stations ... in Harbour"
_DETOUR = 0.1  # a dimension that the metric also has over fewer joins: ``order__customer__tier``
_FOREIGN = 0.6  # a dimension that the metric cannot be grouped by


def readings(items: Sequence[Item], catalogue: MetricCatalogue) -> tuple[Reading, ...]:
    """Readings, the likeliest first; the only one is empty where nothing has two meanings."""
    usable = {name for metric in catalogue.metrics for name in metric.dimensions}
    beam: list[tuple[float, tuple[Option | None, ...]]] = [(0.0, ())]
    for item in items:
        options = _options(item, usable)
        if not options:
            beam = [(score, (*chosen, None)) for score, chosen in beam]
            continue
        beam = [
            (score + option.score, (*chosen, option))
            for score, chosen in beam
            for option in options
        ]
        beam = sorted(beam, key=lambda each: -each[0])[: 4 * _BEAM]
    dimensions = {metric.name: frozenset(metric.dimensions) for metric in catalogue.metrics}
    found = [Reading(chosen, score + _fit(items, chosen, dimensions)) for score, chosen in beam]
    return tuple(sorted(found, key=lambda reading: -reading.score)[:_BEAM])


def _options(item: Item, usable: set[str]) -> tuple[Option, ...]:
    if item.kind != "noun":
        return ()
    fitting = [each for each in item.options if each.role == "metric" or each.name in usable]
    options = fitting or list(item.options)
    best = options[0].score
    return tuple(option for option in options if option.score >= best - _SPREAD)


def _fit(
    items: Sequence[Item],
    chosen: tuple[Option | None, ...],
    dimensions: dict[str, frozenset[str]],
) -> float:
    """How well the parts of a reading go together."""
    metrics = {each.name for each in chosen if each is not None and each.role == "metric"}
    named = {each.name for each in chosen if each is not None and each.role == "dimension"}
    said = {
        word
        for item, each in zip(items, chosen, strict=True)
        if each is None or each.role != "metric"
        for word in _own_words(item)
    }
    shared = frozenset.intersection(*(dimensions[metric] for metric in metrics)) if metrics else ()
    things = {name.rpartition("__")[0] for name in named if name.rpartition("__")[2] in NAMING} - {
        ""
    }
    fit = 0.0
    for at, each in enumerate(chosen):
        if each is None or each.role == "metric":
            continue
        if any(each.name not in dimensions[metric] for metric in metrics):
            fit -= _FOREIGN
        if any(each.name.endswith(f"__{name}") for name in shared):
            fit -= _DETOUR
        thing = each.name.rpartition("__")[0] in things and each.name not in named
        if thing or _entity_words(each.name) & (said - _own_words(items[at])):
            fit += _THING
        if each.role == "value" and each.name in named:
            fit += _NAMED_BESIDE if _beside(items, chosen, at) else _NAMED
    return fit


def _own_words(item: Item) -> frozenset[str]:
    return frozenset(spoken(item.text)) if item.kind in ("noun", "word") else frozenset()


def _entity_words(name: str) -> set[str]:
    """Words of the things on the way to a dimension: ``station`` of ``station__district``."""
    return {word for part in name.split("__")[:-1] for word in part.split("_")}


def _beside(items: Sequence[Item], chosen: tuple[Option | None, ...], at: int) -> bool:
    value = chosen[at]
    assert value is not None
    for step in (1, -1):
        place = at + step
        while 0 <= place < len(items) and (items[place].light or _joins(items[place])):
            place += step
        other = chosen[place] if 0 <= place < len(items) else None
        if other is not None and other.role == "dimension" and other.name == value.name:
            return True
    return False


def _joins(item: Item) -> bool:
    return item.kind == "mark" or (
        item.cue is not None
        and item.cue.kind in ("of", "be", "named", "relative", "negate", "outside")
    )
