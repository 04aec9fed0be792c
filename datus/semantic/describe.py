"""One line that says how a metric is computed, made from its definition."""

import re
from typing import Any

from datus.semantic.inputs import Metrics
from datus.semantic.model import Definitions

_AGGREGATION = {
    "sum": "sum of",
    "min": "smallest",
    "max": "largest",
    "average": "average of",
    "count_distinct": "number of distinct",
    "count": "number of",
    "median": "median of",
    "sum_boolean": "number of true",
}
_JINJA = re.compile(r"\{\{\s*\w+\(\s*'([^']*)'[^)]*\)(?:\.\w+\([^)]*\))*\s*\}\}")
_COUNTED = re.compile(
    r"CASE WHEN (?P<what>.+) IS NOT NULL THEN 1 ELSE 0 END|CASE WHEN (?P<true>.+) THEN 1 ELSE 0 END",
    re.IGNORECASE | re.DOTALL,
)


def definition(name: str, metrics: Metrics, definitions: Definitions) -> str:
    """Such as "sum of amount in order_items where status = 'completed'"."""
    metric = metrics.by_name[name]
    params = metric.type_params
    kind = metric.type.value
    if kind == "simple":
        text = _simple(metric, definitions)
    elif kind == "ratio":
        text = f"{_input(params.numerator)} divided by {_input(params.denominator)}"
    elif kind == "derived":
        text = _derived(metric, definitions)
    elif kind == "cumulative":
        text = _cumulative(metric)
    else:
        conversion = params.conversion_type_params
        base, to = (
            (measure or one).name if (measure or one) else "?"
            for measure, one in (
                (conversion.base_metric, conversion.base_measure),
                (conversion.conversion_metric, conversion.conversion_measure),
            )
        )
        within = f" within {_window(conversion.window)}" if conversion.window else ""
        text = f"{conversion.calculation.value.replace('_', ' ')} from {base} to {to}{within}, by {conversion.entity}"
    return text + _where(metric.filter)


def _simple(metric: Any, definitions: Definitions) -> str:
    params = metric.type_params
    aggregation = params.metric_aggregation_params
    how = _AGGREGATION.get(aggregation.agg.value, aggregation.agg.value)
    what = str(params.expr or metric.name)
    if aggregation.agg.value == "sum" and (match := _COUNTED.fullmatch(what)):
        how, what = "number of", match["what"] or f"rows where {match['true']}"
    if aggregation.agg.value in ("percentile", "median") and aggregation.agg_params:
        share = aggregation.agg_params.percentile
        how = "median of" if share == 0.5 else f"{share} percentile of"
    table = definitions.relations[aggregation.semantic_model].name
    text = f"{how} {what} in {table}"
    if additive := aggregation.non_additive_dimension:
        text += f" at the {additive.window_choice.value.lower()} {additive.name}"
    if params.fill_nulls_with is not None:
        text += f", {params.fill_nulls_with} where there is none"
    return text


def _derived(metric: Any, definitions: Definitions) -> str:
    entry = definitions.entries.get(("metric", metric.name))
    written = metric.type_params.expr
    if entry is not None:  # as its author wrote it
        written = (entry.data.get("type_params") or {}).get("expr", written)
    names = [
        f"{one.alias} = {_input(one)}" if one.alias else _input(one)
        for one in metric.type_params.metrics or ()
    ]
    told = [
        name
        for name, one in zip(names, metric.type_params.metrics or (), strict=True)
        if _says_more(one)
    ]
    return str(written) + (f" with {', '.join(told)}" if told else "")


def _says_more(one: Any) -> bool:
    return bool(one.alias or one.offset_window or one.offset_to_grain or one.filter)


def _input(one: Any) -> str:
    text = str(one.name)
    if one.offset_window is not None:
        text += f" {_window(one.offset_window)} before"
    if one.offset_to_grain is not None:
        text += f" at the start of the {one.offset_to_grain}"
    return text + _where(one.filter)


def _cumulative(metric: Any) -> str:
    params = metric.type_params.cumulative_type_params
    of = params.metric.name if params.metric else "?"
    if params.window:
        how = f"over the {_window(params.window)} up to each day"
    elif params.grain_to_date:
        how = f"from the start of the {params.grain_to_date} to each day"
    else:
        how = "from the beginning to each day"
    return f"{of} {how}; a longer period shows its {params.period_agg.value} day"


def _window(window: Any) -> str:
    return f"{window.count} {window.granularity}{'s' if window.count != 1 else ''}"


def _where(condition: Any) -> str:
    if condition is None or not condition.where_filters:
        return ""
    tests = [
        " ".join(_JINJA.sub(lambda m: m[1], one.where_sql_template).split())
        for one in condition.where_filters
    ]
    return " where " + " and ".join(tests)
