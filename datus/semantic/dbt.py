"""dbt's way of writing semantic models and metrics, in MetricFlow's own shape.

Two of dbt's formats are read: ``semantic_models:`` and ``metrics:`` lists (dbt 1.6 and later), and
models that carry their semantics in ``columns:`` (see ``latest.py``). MetricFlow's own documents
(``semantic_model:``, ``metric:``) pass as they are.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from datus.semantic.latest import read_model, read_top_level_metric
from datus.semantic.model import Entry, Relation
from datus.semantic.source import Document, Path, Problem
from datus.sql.names import nearest

_REF = re.compile(
    r"""\s*(?:\{\{)?\s*ref\(\s*(?:(['"])[^'"]*\1\s*,\s*)?(['"])([^'"]+)\2[^)]*\)\s*(?:\}\})?\s*"""
)
_SOURCE = re.compile(
    r"""\s*(?:\{\{)?\s*source\(\s*(['"])([^'"]+)\1\s*,\s*(['"])([^'"]+)\3\s*\)\s*(?:\}\})?\s*"""
)
_PLAIN = re.compile(r"\w+(\.\w+){0,2}")
_KNOWN = (
    "semantic_models", "metrics", "models", "version", "semantic_model", "metric", "saved_queries",
    "saved_query", "project_configuration", "exports", "groups", "sources", "seeds", "macros", "exposures",
    "unit_tests", "snapshots", "analyses", "data_tests", "tests",
)  # fmt: skip
# Keys of dbt that say nothing about figures.
_DBT_ONLY = ("group", "tags", "access", "docs", "freshness", "project", "package_name")


def relation_of(text: str) -> Relation | None:
    """The table that ``ref('orders')``, ``source('shop', 'orders')`` or a plain name means."""
    if match := _REF.fullmatch(text):
        return Relation(match[3])
    if match := _SOURCE.fullmatch(text):
        return Relation(match[4], schema=match[2])
    if _PLAIN.fullmatch(text.strip()):
        parts = text.strip().split(".")
        return Relation(parts[-1], *reversed(parts[:-1]))
    return None


def read_entries(document: Document, problems: list[Problem]) -> Iterator[Entry]:
    """Give the semantic models and metrics of a document; anything unknown becomes a problem."""
    value = document.value
    if value is None:
        return
    if not isinstance(value, dict):
        problems.append(document.problem((), "A mapping such as semantic_models: is expected."))
        return
    for key in value:
        if key not in _KNOWN:
            near = nearest(str(key), _KNOWN)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            problems.append(document.problem((key,), f"{key!r} is not known here.{hint}"))
    for key, read in (
        ("semantic_models", _semantic_model),
        ("models", read_model),
        ("metrics", _metric),
    ):
        yield from _listed(document, key, read, problems)
    for key, kind in (("semantic_model", _semantic_model), ("metric", _metric)):
        if isinstance(value.get(key), dict):
            yield from kind(document, (key,), value[key], problems)


Reader = Callable[[Document, Path, dict[str, Any], list[Problem]], Iterator[Entry]]


def _listed(document: Document, key: str, read: Reader, problems: list[Problem]) -> Iterator[Entry]:
    items = document.value.get(key) or []
    if not isinstance(items, list):
        problems.append(document.problem((key,), f"{key} must be a list."))
        return
    for index, item in enumerate(items):
        if isinstance(item, dict):
            yield from read(document, (key, index), item, problems)
        else:
            problems.append(document.problem((key, index), f"Each of {key} must be a mapping."))


def _semantic_model(
    document: Document, path: Path, item: dict[str, Any], problems: list[Problem]
) -> Iterator[Entry]:
    data = {key: value for key, value in item.items() if key not in _DBT_ONLY}
    if not _config(data):
        return
    for part in ("entities", "dimensions", "measures"):
        if isinstance(items := data.get(part), list):
            data[part] = [_element(one) for one in items]
    if "model" in data:
        model = data.pop("model")
        relation = relation_of(model) if isinstance(model, str) else None
        if relation is None:
            message = f"model: {model!r} is not read; write model: ref('table')."
            problems.append(document.problem((*path, "model"), message))
        else:
            data["node_relation"] = _node_relation(relation)
    elif isinstance(data.get("node_relation"), dict):
        data["node_relation"] = {"schema_name": "", **data["node_relation"]}
    else:
        message = "The semantic model names no table; write model: ref('table')."
        problems.append(document.problem(path, message))
        return
    yield Entry("semantic_model", data, document, path, {("node_relation",): (*path, "model")})


def _element(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    data = {key: value for key, value in item.items() if key not in _DBT_ONLY}
    _config(data)
    return data


def _config(data: dict[str, Any]) -> bool:
    """Leave nothing in ``config`` but ``meta``; say whether the element is enabled."""
    config = data.pop("config", None)
    meta = data.pop("meta", None)
    if config is not None and not isinstance(config, dict):
        data["config"] = config  # the schema says what is wrong with it
        return True
    merged = {**(meta or {}), **((config or {}).get("meta") or {})}
    if merged:
        data["config"] = {"meta": merged}
    return (config or {}).get("enabled", True) is not False


def _node_relation(relation: Relation) -> dict[str, str]:
    node = {"alias": relation.name, "schema_name": relation.schema or ""}
    return node | ({"database": relation.database} if relation.database else {})


def _metric(
    document: Document, path: Path, item: dict[str, Any], problems: list[Problem]
) -> Iterator[Entry]:
    if "type_params" not in item and item.keys() & _FLAT:
        yield from read_top_level_metric(document, path, item, problems)
        return
    data = {key: value for key, value in item.items() if key not in _DBT_ONLY}
    if not _config(data):
        return
    if isinstance(params := data.get("type_params"), dict):
        params = dict(params)
        for key in ("numerator", "denominator"):
            if isinstance(params.get(key), str):
                params[key] = {"name": params[key]}
        if isinstance(params.get("metrics"), list):
            params["metrics"] = [
                {"name": one} if isinstance(one, str) else one for one in params["metrics"]
            ]
        for key in ("cumulative_type_params", "conversion_type_params"):
            if isinstance(inner := params.get(key), dict):
                params[key] = {
                    name: {"name": value}
                    if name in ("metric", "base_metric", "conversion_metric")
                    and isinstance(value, str)
                    else value
                    for name, value in inner.items()
                }
        data["type_params"] = params
    yield Entry("metric", data, document, path)


_FLAT = {"agg", "numerator", "denominator", "input_metrics", "input_metric", "base_metric"}
