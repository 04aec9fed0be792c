"""Open Semantic Interchange files, through MetricFlow's own converter.

What OSI does not say is filled in: keys that a relationship joins get one entity name (MetricFlow joins
by name), and the first time of a dataset is the time of its metrics. The converter reads aggregations and
ratios of them; other expressions are refused, for it would guess.
"""

import json
from collections.abc import Iterator
from typing import Any

from datus.semantic.model import Entry
from datus.semantic.source import Document, Path, Problem


def is_osi(value: Any) -> bool:
    """Whether a document is OSI: a ``semantic_model`` list whose members have datasets."""
    models = value.get("semantic_model") if isinstance(value, dict) else None
    return isinstance(models, list) and any(isinstance(m, dict) and "datasets" in m for m in models)


def read_osi(document: Document, problems: list[Problem]) -> Iterator[Entry]:
    """Give the semantic models and metrics of an OSI document."""
    from metricflow.converters.models import OSIDocument
    from metricflow.converters.osi_to_msi import OSIToMSIConverter
    from pydantic.v1 import ValidationError

    try:
        osi = OSIDocument.parse_obj(document.value)
    except ValidationError as invalid:
        for one in invalid.errors():
            problems.append(
                document.problem(tuple(one["loc"]), f"{one['msg'][0].upper()}{one['msg'][1:]}.")
            )
        return
    unread = list(_unread(document))
    if unread:
        problems.extend(unread)
        return
    manifest = OSIToMSIConverter().convert(osi).output
    shared = dict(_shared_keys(document.value))
    for model in manifest.semantic_models:
        data = _plain(model)
        path = _place(document.value, "datasets", model.name)
        _name_entities(data, shared)
        times = [one["name"] for one in data.get("dimensions", ()) if one["type"] == "time"]
        if times:
            data["defaults"] = {"agg_time_dimension": times[0]}
        yield Entry("semantic_model", data, document, path)
    own = {one.name for model in osi.semantic_model for one in model.metrics or ()}
    for metric in manifest.metrics:
        data = _plain(metric)
        data["type_params"]["is_private"] = metric.name not in own
        yield Entry("metric", data, document, _place(document.value, "metrics", metric.name))


def _plain(value: Any) -> dict[str, Any]:
    """A model of MetricFlow as the mapping that its schema takes."""
    pruned = _pruned(json.loads(value.json(exclude_none=True)))
    assert isinstance(pruned, dict)
    return pruned


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        inner = ("input_measures", "metadata", "relation_name")
        return {
            k: _pruned(v) for k, v in value.items() if v not in (None, [], {}) and k not in inner
        }
    return [_pruned(one) for one in value] if isinstance(value, list) else value


def _place(value: dict[str, Any], part: str, name: str) -> Path:
    for at, model in enumerate(value["semantic_model"]):
        for index, one in enumerate(model.get(part) or []):
            own = one["name"]
            if name in (own, f"{own}_numerator", f"{own}_denominator"):
                return ("semantic_model", at, part, index)
    return ("semantic_model",)


def _shared_keys(value: dict[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """The entity of each key column that a relationship joins: the dataset that it leads to.

    Of two relationships between the same datasets the first one joins.
    """
    seen = set()
    for model in value["semantic_model"]:
        for one in model.get("relationships") or []:
            pair = (one["from"], one["to"])
            if pair in seen or len(one["from_columns"]) != 1:
                continue
            seen.add(pair)
            yield (one["from"], one["from_columns"][0]), one["to"]
            yield (one["to"], one["to_columns"][0]), one["to"]


def _name_entities(data: dict[str, Any], shared: dict[tuple[str, str], str]) -> None:
    for entity in data.get("entities", ()):
        column = entity["name"]
        if name := shared.get((data["name"], column)):
            entity["name"] = name
            entity.setdefault("expr", column)


def _unread(document: Document) -> Iterator[Problem]:
    from metricflow.converters.expression_utils import _extract_agg_info, _try_parse_ratio

    def readable(expression: str) -> bool:
        if _extract_agg_info(expression) is not None:
            return True
        ratio = _try_parse_ratio(expression)
        return ratio is not None and all(readable(part) for part in ratio)

    for at, model in enumerate(document.value["semantic_model"]):
        for index, metric in enumerate(model.get("metrics") or []):
            path: Path = ("semantic_model", at, "metrics", index)
            dialects = metric["expression"]["dialects"]
            ansi = [one for one in dialects if one["dialect"] == "ANSI_SQL"] or dialects
            if ansi and not readable(ansi[0]["expression"]):
                yield document.problem(
                    (*path, "expression"),
                    f"The expression {ansi[0]['expression']!r} is neither one aggregation nor a ratio of two.",
                )
