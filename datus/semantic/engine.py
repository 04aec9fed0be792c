"""MetricFlow at work: one engine a target, asked for the SQL of one request at a time.

This module imports MetricFlow; import it in functions only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from threading import Lock
from typing import Any

from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow_semantics.errors.error_classes import (
    MetricFlowException,
    UnsupportedEngineFeatureError,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from datus.errors import RefusalError
from datus.semantic.model import Target
from datus.semantic.renderers import client

_NO_MATCH = "does not match any of the available group-by-items"
_ASKED = re.compile(r"(?:Object Builder|Query) Input:\s+(?!WhereFilter)(\S[^\n]*)")


@dataclass(frozen=True, slots=True)
class Request:
    """What MetricFlow is asked for; names only, never a caller's text.

    ``first`` and ``last`` are days, both included, already at the ends of whole periods.
    """

    metrics: tuple[str, ...]
    group_by: tuple[str, ...]
    where: tuple[str, ...]
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class ReachedDimension:
    """A dimension that a metric can be split by, as MetricFlow finds it."""

    name: str
    time: bool
    model: str
    element: str
    entity_path: tuple[str, ...]


class Engine:
    """MetricFlow over one manifest, for any target. Calls may come from any thread."""

    def __init__(self, manifest: Any) -> None:
        self._manifest = manifest
        self._engines: dict[Target, MetricFlowEngine] = {}
        self._lock = Lock()  # its engines keep caches that are not made for threads
        self._lookup: Any = None

    def _engine(self, target: Target) -> MetricFlowEngine:
        if target not in self._engines:
            if self._lookup is None:
                self._lookup = SemanticManifestLookup(self._manifest)
            self._engines[target] = MetricFlowEngine(self._lookup, client(target))
        return self._engines[target]

    def explain(self, request: Request, target: Target) -> str:
        """The SQL that MetricFlow writes.

        Raises:
            RefusalError: Code ``unanswerable``: MetricFlow knows no way, and says why.
        """
        with self._lock:
            try:
                result = self._engine(target).explain(
                    MetricFlowQueryRequest.create(
                        metric_names=list(request.metrics),
                        group_by_names=list(request.group_by) or None,
                        where_constraints=list(request.where) or None,
                        time_constraint_start=_moment(request.first),
                        time_constraint_end=_moment(request.last),
                    )
                )
                return str(result.sql_statement.sql)
            except (MetricFlowException, UnsupportedEngineFeatureError, RuntimeError) as error:
                names = ", ".join(request.metrics)
                raise RefusalError(
                    f"The metric query over {names} cannot be computed: {reason(error)}",
                    code="unanswerable",
                    details={"metrics": list(request.metrics), "group_by": list(request.group_by)},
                ) from error

    def dimensions(self, metrics: Sequence[str]) -> tuple[ReachedDimension, ...]:
        """The dimensions that all of ``metrics`` can be split by, without ``metric_time``."""
        with self._lock:
            found = self._engine("duckdb").simple_dimensions_for_metrics(list(metrics))
        return tuple(
            ReachedDimension(
                name=one.dunder_name,
                time=one.type.value == "time",
                model=one.semantic_model_reference.semantic_model_name,
                element=one.name,
                entity_path=tuple(link.element_name for link in one.entity_links),
            )
            for one in found
            if one.semantic_model_reference is not None
        )

    def time_grain(self, metric: str) -> str:
        """The finest grain of the metric's time."""
        from metricflow_semantic_interfaces.references import MetricReference

        with self._lock:
            self._engine("duckdb")
            grain = self._lookup.metric_lookup.get_min_queryable_time_granularity(
                MetricReference(metric)
            )
        return str(grain.value)


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time())


def reason(error: Exception) -> str:
    """The first sentence of MetricFlow's message that says something to a person."""
    asked = _ASKED.search(str(error))
    if _NO_MATCH in str(error) and asked is not None:
        return (
            f"there is no {asked[1]}, or no join leads to it without counting rows more than once."
        )
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    skip = ("Got error(s)", "Error #", "Message:")
    for line in lines:
        if not line.startswith(skip):
            return line if line.endswith(".") else f"{line}."
    return "no reason is given."
