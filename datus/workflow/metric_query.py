"""Metric queries as JSON: what ``metadata.metric_query`` shows and ``POST /metrics/query`` takes."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from datus.types import MetricQuery


def as_json(query: MetricQuery | None) -> dict[str, Any] | None:
    """The query as JSON that `from_json` reads back."""
    return None if query is None else _adapter().dump_python(query, mode="json")


def from_json(data: Mapping[str, Any]) -> MetricQuery:
    """The query of JSON that `as_json` made."""
    return _adapter().validate_python(data)


@cache
def _adapter() -> TypeAdapter[MetricQuery]:
    return TypeAdapter(MetricQuery)
