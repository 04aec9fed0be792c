"""Which metrics a metric is made of, down to what is summed up from a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from datus.semantic.dialects import DAYS, MONTHS
from datus.types import Grain


@dataclass(frozen=True, slots=True)
class Source:
    """The table a metric is summed up from, and the expression of its time there."""

    model: str
    time: str


class Metrics:
    """The metrics of a manifest by name."""

    def __init__(self, manifest: Any) -> None:
        self.by_name: Mapping[str, Any] = {metric.name: metric for metric in manifest.metrics}
        self.models: Mapping[str, Any] = {model.name: model for model in manifest.semantic_models}

    def inputs(self, name: str) -> Iterator[Any]:
        """The inputs of a metric, as MetricFlow's ``MetricInput``."""
        params = self.by_name[name].type_params
        for one in (params.numerator, params.denominator, *(params.metrics or ())):
            if one is not None:
                yield one
        if (cumulative := params.cumulative_type_params) and cumulative.metric:
            yield cumulative.metric
        if conversion := params.conversion_type_params:
            yield from filter(None, (conversion.base_metric, conversion.conversion_metric))

    def tree(self, name: str) -> Iterator[Any]:
        """The metric itself and all that it is made of."""
        yield self.by_name[name]
        for one in self.inputs(name):
            yield from self.tree(one.name)

    def sources(self, name: str) -> tuple[Source, ...]:
        """The tables that a metric is summed up from, without repeats."""
        found: dict[Source, None] = {}
        for metric in self.tree(name):
            aggregation = metric.type_params.metric_aggregation_params
            if metric.type.value == "simple" and aggregation is not None:
                found[self._source(aggregation)] = None
        return tuple(found)

    def _source(self, aggregation: Any) -> Source:
        model = self.models[aggregation.semantic_model]
        time = aggregation.agg_time_dimension or model.defaults.agg_time_dimension
        dimension = next(one for one in model.dimensions if one.name == time)
        return Source(model.name, dimension.expr or dimension.name)

    def is_cumulative(self, name: str) -> bool:
        return any(metric.type.value == "cumulative" for metric in self.tree(name))

    def grows_within(self, name: str, grain: Grain) -> bool:
        """Whether the last day of a period of ``grain`` tells its figure.

        So it is with running totals that show the last day: a group that has a figure on one day has
        one on every later day, at least until the total begins anew.
        """
        metric = self.by_name[name]
        params = metric.type_params.cumulative_type_params
        if metric.type.value != "cumulative" or params is None or grain in ("day", "week"):
            return False
        if params.window is not None or params.period_agg.value != "last":
            return False
        begins = params.grain_to_date
        return begins is None or (begins in MONTHS and MONTHS[begins] >= MONTHS[grain])

    def fills_days(self, name: str) -> bool:
        """Whether days without rows are wanted in the result."""
        return any(metric.type_params.join_to_timespine for metric in self.tree(name))

    def uses_days(self, name: str) -> bool:
        """Whether MetricFlow joins a metric to days: running totals, offsets, periods to fill."""
        return self.is_cumulative(name) or self.fills_days(name) or self.lookback_days(name) > 0

    def needs_time(self, name: str) -> bool:
        """Whether a metric has no value without a time column: windows, offsets, sums of running totals."""
        if self.by_name[name].type.value != "cumulative" and self.is_cumulative(name):
            return True
        for metric in self.tree(name):
            cumulative = metric.type_params.cumulative_type_params
            if cumulative and (cumulative.window or cumulative.grain_to_date):
                return True
        return self.lookback_days(name) > 0

    def lookback_days(self, name: str) -> int:
        """How many days before a range its offsets may reach, rounded up."""
        deepest = 0
        for one in self.inputs(name):
            days = self.lookback_days(one.name)
            if one.offset_window is not None:
                days += one.offset_window.count * _unit_days(one.offset_window.granularity)
            if one.offset_to_grain is not None:
                days += _unit_days(one.offset_to_grain)
            deepest = max(deepest, days)
        return deepest


def _unit_days(grain: str) -> int:
    return MONTHS[grain] * 31 if grain in MONTHS else DAYS.get(grain, 1)
