"""A metric query as a question that a person would ask, in the language of the asker."""

from collections.abc import Mapping

from datus.generation.offline.metrics.draft import without_grain
from datus.types import Grain, Metric, MetricCatalogue, MetricFilter, MetricQuery

_CHINESE_GRAINS: Mapping[Grain, str] = {
    "day": "日", "week": "周", "month": "月", "quarter": "季度", "year": "年",
}  # fmt: skip


def describe(query: MetricQuery, catalogue: MetricCatalogue, *, chinese: bool) -> str:
    """The query in words, exact enough to tell it from another reading of the same question."""
    metrics = {metric.name: metric for metric in catalogue.metrics}
    asked = [_label(metrics[name]) for name in query.metrics]
    keys = [_dimension(name, catalogue) for name in query.dimensions]
    narrowed = [_filter(condition, catalogue) for condition in query.filters]
    if chinese:
        keys += [_CHINESE_GRAINS[query.grain]] if query.grain is not None else []
        parts = [f"{'，'.join(narrowed)}的" if narrowed else "", "和".join(asked)]
        parts += [f"，按{'、'.join(keys)}"] if keys else []
        return "".join(parts) + "？"
    keys += [query.grain] if query.grain is not None else []
    parts = [" and ".join(asked)]
    parts += [f"by {' and '.join(keys)}"] if keys else []
    parts += [f"where {' and '.join(narrowed)}"] if narrowed else []
    return " ".join(parts) + "?"


def _label(metric: Metric) -> str:
    return f"{metric.label} ({metric.name})" if metric.label else metric.name


def _dimension(name: str, catalogue: MetricCatalogue) -> str:
    dimension = catalogue.dimensions.get(without_grain(name))
    return f"{dimension.label} ({name})" if dimension is not None and dimension.label else name


def _filter(condition: MetricFilter, catalogue: MetricCatalogue) -> str:
    values = ", ".join(str(value) for value in condition.values)
    return f"{_dimension(condition.dimension, catalogue)} {condition.operator} {values}"
