"""A metric query checked against the catalogue, before anything is compiled."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import assert_never

from sqlglot import exp

from datus.errors import InvalidRequestError, RefusalError
from datus.semantic.catalogue import GRAINS, Catalogue, Reached
from datus.semantic.dialects import literal, moment
from datus.semantic.inputs import Metrics
from datus.semantic.model import Target
from datus.semantic.shifting import start_of
from datus.sql.names import nearest
from datus.types import FilterOperator, Grain, MetricFilter, MetricQuery

METRIC_TIME = "metric_time"
MAX_LIMIT = 1_000_000
MAX_VALUES = 1_000
_YEARS = range(1000, 9000)


@dataclass(frozen=True, slots=True)
class Group:
    """A dimension that is grouped by: its column in the answer, and MetricFlow's name for it."""

    column: str
    asked: str
    time: bool


@dataclass(frozen=True, slots=True)
class Resolved:
    """A query whose names and values all fit.

    Attributes:
        grain: The grain of its days: that asked for, or the finest that all metrics have.
        where: Conditions for MetricFlow, sentinels in the place of values.
        values: The values by sentinel.
    """

    query: MetricQuery
    groups: tuple[Group, ...]
    grain: Grain
    where: tuple[str, ...]
    values: tuple[tuple[str, exp.Expr], ...]


def resolve(query: MetricQuery, catalogue: Catalogue, metrics: Metrics, target: Target) -> Resolved:
    """Check ``query``.

    Raises:
        InvalidRequestError: A name, grain, range, value or limit that does not fit.
        RefusalError: Code ``unanswerable``: a dimension by which a metric cannot be split.
    """
    _check_metrics(query, catalogue)
    finest = max((catalogue.by_name[one].grain for one in query.metrics), key=GRAINS.index)
    _check_time(query, finest, metrics)
    groups = tuple(_group(name, query, catalogue) for name in query.dimensions)
    _check_repeats([METRIC_TIME, *(g.column for g in groups), *query.metrics])
    where, values = [], []
    for index, one in enumerate(query.filters):
        reached = _reach(one.dimension, query, catalogue, "filters")
        condition, found = _condition(index, one, reached, target)
        where.append(condition)
        values.extend(found)
    columns = [*([METRIC_TIME] if query.grain else []), *query.dimensions]
    _check_order(query, [*columns, *_value_columns(query)])
    return Resolved(query, groups, query.grain or finest, tuple(where), tuple(values))


def _value_columns(query: MetricQuery) -> list[str]:
    extra = ("", "_previous", "_growth") if query.compare else ("",)
    return [name + suffix for name in query.metrics for suffix in extra]


def _invalid(field: str, message: str, **details: object) -> InvalidRequestError:
    return InvalidRequestError(message, details={"field": field, **details})


def _unknown(field: str, kind: str, name: str, known: Iterable[str]) -> InvalidRequestError:
    names = sorted(known)
    near = nearest(name, names) or [one for one in names if name.lower() in one][:3]
    hint = f" The nearest are {', '.join(near)}." if near else ""
    return _invalid(field, f"There is no {kind} {name[:100]!r}.{hint}", candidates=near)


def _check_metrics(query: MetricQuery, catalogue: Catalogue) -> None:
    if not query.metrics:
        raise _invalid("metrics", "The query names no metric: name at least one.")
    for name in query.metrics:
        if name not in catalogue.by_name:
            raise _unknown("metrics", "metric", name, catalogue.by_name)


def _check_repeats(columns: list[str]) -> None:
    for name in columns:
        if columns.count(name) > 1:
            raise _invalid("metrics", f"{name!r} is asked for twice: name it once.")


def _check_time(query: MetricQuery, finest: Grain, metrics: Metrics) -> None:
    for field, day in (("start", query.start), ("end", query.end)):
        if day is not None and day.year not in _YEARS:
            raise _invalid(field, f"{field} {day} lies outside the years 1000 to 8999.")
    if query.start and query.end and query.start >= query.end:
        raise _invalid(
            "end",
            f"The range from {query.start} to before {query.end} is empty: end must be later.",
        )
    if query.grain is not None and GRAINS.index(query.grain) < GRAINS.index(finest):
        raise _invalid(
            "grain", f"The metrics are known by {finest}, not by {query.grain}: ask for {finest}."
        )
    for field, day in (("start", query.start), ("end", query.end)):
        if day is not None and start_of(day, finest) != day:
            raise _invalid(
                field,
                f"The metrics are known by {finest}, so {field} must begin one; {day} does not.",
            )
    for name in query.metrics:
        if query.grain is None and metrics.needs_time(name):
            raise _invalid(
                "grain",
                f"{name} has a value for each point of time only (a window or an earlier period): "
                "give a grain, such as month.",
            )
    running = [name for name in query.metrics if metrics.is_cumulative(name)]
    if query.grain is None and query.start and running and len(running) < len(query.metrics):
        raise _invalid(
            "grain",
            f"{running[0]} counts from the beginning, the other metrics from {query.start}: "
            "give a grain, or ask for them apart.",
        )
    if query.limit is not None and not 1 <= query.limit <= MAX_LIMIT:
        raise _invalid("limit", f"limit {query.limit} must be between 1 and {MAX_LIMIT:,}.")


def _split(name: str) -> tuple[str, str | None]:
    """``customer__signed_up__month`` as the dimension and the grain asked for."""
    head, _, tail = name.rpartition("__")
    return (head, tail) if head and tail in GRAINS else (name, None)


def _reach(name: str, query: MetricQuery, catalogue: Catalogue, field: str) -> Reached:
    reached = catalogue.reached.get(name)
    if reached is None:
        if name == METRIC_TIME:
            raise _invalid(field, "The time of metrics is asked for with grain, start and end.")
        raise _unknown(field, "dimension", name, catalogue.reached)
    for metric in query.metrics:
        if name not in catalogue.by_name[metric].dimensions:
            raise _fan_out(name, metric, query, catalogue)
    return reached


def _fan_out(name: str, metric: str, query: MetricQuery, catalogue: Catalogue) -> RefusalError:
    shared = [
        one
        for one in catalogue.reached
        if all(one in catalogue.by_name[other].dimensions for other in query.metrics)
    ]
    element = catalogue.reached[name].element
    near = [one for one in shared if one.endswith(f"__{element}")] or nearest(name, shared)
    others = [m.name for m in catalogue.public.metrics if name in m.dimensions][:5]
    rest = shared[:12]
    way = f" It can be split by {', '.join(near or rest)}." if shared else " It has no dimensions."
    if others:
        way += f" {name} goes with {', '.join(others)}."
    return RefusalError(
        f"{metric} cannot be split by {name}: no join leads there without counting rows more than once.{way}",
        code="unanswerable",
        details={
            "metric": metric,
            "dimension": name,
            "dimensions": shared,
            "candidates": near,
            "metrics": others,
        },
    )


def _group(name: str, query: MetricQuery, catalogue: Catalogue) -> Group:
    plain, grain = _split(name)
    if name in catalogue.reached or plain not in catalogue.reached:
        plain, grain = name, None
    reached = _reach(plain, query, catalogue, "dimensions")
    if reached.grain is None:
        if grain is not None:
            raise _invalid("dimensions", f"{plain} is no time, so it has no {grain}.")
        return Group(name, name, time=False)
    if grain is not None and GRAINS.index(grain) < GRAINS.index(reached.grain):
        raise _invalid("dimensions", f"{plain} is known by {reached.grain}, not by {grain}.")
    return Group(name, f"{plain}__{grain or reached.grain}", time=True)


def _check_order(query: MetricQuery, columns: list[str]) -> None:
    for one in query.order:
        if one.by not in columns:
            raise _unknown("order", "column of the query to order by named", one.by, columns)


# filters


def _condition(
    index: int, one: MetricFilter, reached: Reached, target: Target
) -> tuple[str, list[tuple[str, exp.Expr]]]:
    if not one.values or (one.operator not in ("in", "not in") and len(one.values) != 1):
        count = "at least one value" if one.operator in ("in", "not in") else "one value"
        raise _invalid("filters", f"The filter {one.dimension} {one.operator} needs {count}.")
    if len(one.values) > MAX_VALUES:
        raise _invalid("filters", f"The filter {one.dimension} has more than {MAX_VALUES} values.")
    values = [
        (f"datus_value_{index}_{at}", _value(value, one, reached, target))
        for at, value in enumerate(one.values)
    ]
    marks = ", ".join(f"'{name}'" for name, _ in values)
    operator = _operator(one.operator)
    right = f"({marks})" if one.operator in ("in", "not in") else marks
    return f"{{{{ {reached.template} }}}} {operator} {right}", values


def _operator(operator: FilterOperator) -> str:
    match operator:
        case "=" | "<" | "<=" | ">" | ">=":
            return operator
        case "!=":
            return "<>"
        case "in":
            return "IN"
        case "not in":
            return "NOT IN"
        case _:
            assert_never(operator)


def _value(
    value: str | int | float | bool, one: MetricFilter, reached: Reached, target: Target
) -> exp.Expr:
    if reached.grain is None:
        if isinstance(value, float) and value - value != 0:
            raise _invalid("filters", f"The filter {one.dimension} has the value {value}.")
        return literal(value, target)
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    if day is None:
        raise _invalid(
            "filters", f"{one.dimension} is a time; {str(value)[:100]!r} is no day like 2024-01-31."
        )
    return moment(day, target)
