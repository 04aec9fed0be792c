"""The metrics and their dimensions, as the rest of datus sees them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datus.semantic.describe import definition
from datus.semantic.inputs import Metrics
from datus.semantic.model import Business, Definitions
from datus.types import Dimension, Grain, Metric, MetricCatalogue

GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")
_COLUMN = re.compile(r"[A-Za-z_]\w*|\"[^\"]+\"|`[^`]+`")


@dataclass(frozen=True, slots=True)
class Reached:
    """A dimension with what MetricFlow calls it and where it lies."""

    dimension: Dimension
    model: str
    element: str
    entity_path: tuple[str, ...]
    grain: Grain | None

    @property
    def template(self) -> str:
        """Its name in a filter; all parts come from the definitions."""
        path = ", ".join(f"'{entity}'" for entity in self.entity_path[:-1])
        inner = "__".join((*self.entity_path[-1:], self.element))
        where = f", entity_path=[{path}]" if path else ""
        if self.grain is not None:
            return f"TimeDimension('{inner}', '{self.grain}'{where})"
        return f"Dimension('{inner}'{where})"


@dataclass(frozen=True)
class Catalogue:
    """Metrics, and dimensions as the compiler needs them."""

    public: MetricCatalogue
    by_name: Mapping[str, Metric]
    reached: Mapping[str, Reached]


def build(definitions: Definitions, engine: Any) -> Catalogue:
    """List all metrics that are not private, sorted by name, with the dimensions of each."""
    metrics = Metrics(definitions.manifest)
    reached: dict[str, Reached] = {}
    listed = []
    for name, metric in sorted(metrics.by_name.items()):
        if metric.type_params.is_private:
            continue
        found = engine.dimensions([name])
        for one in found:
            reached.setdefault(one.name, _reached(one, metrics, definitions))
        listed.append(
            _metric(metric, sorted({d.name for d in found}), engine, metrics, definitions)
        )
    ordered = dict(sorted(reached.items()))
    return Catalogue(
        MetricCatalogue(tuple(listed), {name: one.dimension for name, one in ordered.items()}),
        {metric.name: metric for metric in listed},
        ordered,
    )


def _metric(
    metric: Any, dimensions: list[str], engine: Any, metrics: Metrics, definitions: Definitions
) -> Metric:
    business = definitions.metrics.get(metric.name, Business())
    return Metric(
        name=metric.name,
        kind=metric.type.value,
        label=metric.label or metric.name.replace("_", " "),
        description=" ".join((metric.description or "").split()),
        definition=definition(metric.name, metrics, definitions),
        synonyms=business.synonyms,
        owner=business.owner,
        area=business.area,
        dimensions=tuple(dimensions),
        grain=_grain(engine.time_grain(metric.name)),
        examples=business.examples,
    )


def _grain(name: str) -> Grain:
    """A grain as datus has it; what is finer than a day counts as days."""
    return name if name in GRAINS else "day"


def _reached(one: Any, metrics: Metrics, definitions: Definitions) -> Reached:
    written = next(d for d in metrics.models[one.model].dimensions if d.name == one.element)
    business = definitions.dimensions.get((one.model, one.element), Business())
    expression = str(written.expr or written.name)
    plain = bool(_COLUMN.fullmatch(expression))
    return Reached(
        Dimension(
            name=one.name,
            kind="time" if one.time else "categorical",
            label=written.label or one.element.replace("_", " "),
            description=" ".join((written.description or "").split()),
            synonyms=business.synonyms,
            table=definitions.relations[one.model].name if plain else None,
            column=expression.strip('"`') if plain else None,
        ),
        model=one.model,
        element=one.element,
        entity_path=one.entity_path,
        grain=_grain(written.type_params.time_granularity.value) if one.time else None,
    )
