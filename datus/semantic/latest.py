"""dbt's latest format: a model's columns carry its entities and dimensions, and its metrics stand below.

The names of the keys are those of dbt's documentation of the Semantic Layer, "latest spec".
"""

from collections.abc import Iterator
from typing import Any

from datus.semantic.model import Entry
from datus.semantic.source import Document, Path, Problem

_COMMON = ("name", "description", "label", "filter", "time_granularity", "datatype")
_ELEMENT = ("name", "description", "label", "type", "expr", "is_partition", "datatype")


def read_model(
    document: Document, path: Path, item: dict[str, Any], problems: list[Problem]
) -> Iterator[Entry]:
    """Give the semantic model of a dbt model and its metrics, or nothing where it has none."""
    semantic = item.get("semantic_model")
    if semantic is True:
        semantic = {}
    if not isinstance(semantic, dict) or semantic.get("enabled", True) is False:
        return
    name = semantic.get("name", item.get("name"))
    entities: list[dict[str, Any]] = []
    dimensions: list[dict[str, Any]] = []
    paths: dict[Path, Path] = {}
    for index, column in enumerate(item.get("columns") or []):
        if isinstance(column, dict):
            _column(column, (*path, "columns", index), entities, dimensions, paths)
    derived = item.get("derived_semantics")
    if isinstance(derived, dict):
        for key, into in (("entities", entities), ("dimensions", dimensions)):
            for index, one in enumerate(derived.get(key) or []):
                if isinstance(one, dict):
                    paths[(key, len(into))] = (*path, "derived_semantics", key, index)
                    into.append(_element(one, one))
    data = {
        "name": name,
        "node_relation": {"alias": str(item.get("name", "")), "schema_name": ""},
        "entities": entities,
        "dimensions": dimensions,
    }
    if "description" in item:
        data["description"] = item["description"]
    if "primary_entity" in item and not any(one.get("type") == "primary" for one in entities):
        data["primary_entity"] = item["primary_entity"]
    if time := item.get("agg_time_dimension"):
        data["defaults"] = {"agg_time_dimension": time}
    yield Entry("semantic_model", data, document, path, paths)
    for index, metric in enumerate(item.get("metrics") or []):
        if isinstance(metric, dict):
            yield from _metric(document, (*path, "metrics", index), metric, str(name), problems)


def read_top_level_metric(
    document: Document, path: Path, item: dict[str, Any], problems: list[Problem]
) -> Iterator[Entry]:
    """Give a metric that stands outside any model."""
    yield from _metric(document, path, item, None, problems)


def _column(
    column: dict[str, Any],
    path: Path,
    entities: list[dict[str, Any]],
    dimensions: list[dict[str, Any]],
    paths: dict[Path, Path],
) -> None:
    for key, into, default in (
        ("entity", entities, "foreign"),
        ("dimension", dimensions, "time" if column.get("granularity") else "categorical"),
    ):
        written = column.get(key)
        if written is None:
            continue
        if not isinstance(written, dict):
            written = {"type": written if isinstance(written, str) else default}
        element = _element({"type": default, **written}, column)
        element.setdefault("name", column.get("name"))
        if element["name"] != column.get("name"):
            element.setdefault("expr", column.get("name"))
        group = "entities" if key == "entity" else "dimensions"
        paths[(group, len(into))] = path
        into.append(element)


def _element(written: dict[str, Any], around: dict[str, Any]) -> dict[str, Any]:
    element = {key: written[key] for key in _ELEMENT if key in written}
    for key in ("description", "label"):
        if key in around:
            element.setdefault(key, around[key])
    grain = written.get("granularity", around.get("granularity"))
    if element.get("type") == "time" and grain:
        element["type_params"] = {"time_granularity": grain}
        if validity := written.get("validity_params"):
            element["type_params"]["validity_params"] = validity
    if meta := {**_meta(around), **_meta(written)}:
        element["config"] = {"meta": meta}
    return element


def _meta(item: dict[str, Any]) -> dict[str, Any]:
    config = item.get("config")
    inner = config.get("meta") if isinstance(config, dict) else None
    return {**(item.get("meta") or {}), **(inner or {})}


def _metric(
    document: Document,
    path: Path,
    item: dict[str, Any],
    model: str | None,
    problems: list[Problem],
) -> Iterator[Entry]:
    config = item.get("config")
    if isinstance(config, dict) and config.get("enabled", True) is False:
        return
    data = {key: item[key] for key in _COMMON if key in item}
    kind = str(item.get("type", "simple")).lower()
    data["type"] = kind
    if meta := _meta(item):
        data["config"] = {"meta": meta}
    params: dict[str, Any] = {}
    if kind == "simple":
        if model is None:
            message = "A simple metric of this form stands below the model that it counts."
            problems.append(document.problem(path, message))
            return
        params = _simple(item, model)
    elif kind == "ratio":
        params = {key: _input(item[key]) for key in ("numerator", "denominator") if key in item}
    elif kind == "derived":
        params = {"expr": item.get("expr")}
        params["metrics"] = [_input(one) for one in item.get("input_metrics") or []]
    elif kind == "cumulative":
        inner: dict[str, Any] = {
            k: item[k] for k in ("window", "grain_to_date", "period_agg") if k in item
        }
        if "input_metric" in item:
            inner["metric"] = _input(item["input_metric"])
        params = {"cumulative_type_params": inner}
    elif kind == "conversion":
        keys = ("entity", "calculation", "window", "constant_properties")
        inner = {key: item[key] for key in keys if key in item}
        for key in ("base_metric", "conversion_metric"):
            if key in item:
                inner[key] = _input(item[key])
        params = {"conversion_type_params": inner}
    data["type_params"] = params
    yield Entry("metric", data, document, path, {("type_params",): path})


def _simple(item: dict[str, Any], model: str) -> dict[str, Any]:
    aggregation = {"semantic_model": model, "agg": item.get("agg")}
    for key in ("agg_time_dimension", "non_additive_dimension"):
        if key in item:
            aggregation[key] = item[key]
    exact = {"percentile": item.get("percentile")}
    if kind := item.get("percentile_type"):
        exact["use_discrete_percentile"] = kind == "discrete"
    if any(value is not None for value in exact.values()):
        aggregation["agg_params"] = {k: v for k, v in exact.items() if v is not None}
    params: dict[str, Any] = {"metric_aggregation_params": aggregation}
    for key in ("expr", "join_to_timespine", "fill_nulls_with"):
        if key in item:
            params[key] = item[key]
    return params


def _input(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value
