"""A metric query to one statement: MetricFlow's SQL, its parts replaced, and our own query around it.

This module needs MetricFlow; import it in functions only.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlglot import exp

from datus.semantic.catalogue import Catalogue
from datus.semantic.comparing import joined, shift_of
from datus.semantic.dialects import as_date, column, name, text
from datus.semantic.engine import Engine, Request
from datus.semantic.inputs import Metrics
from datus.semantic.model import Definitions, Target
from datus.semantic.names import RESERVED
from datus.semantic.resolve import METRIC_TIME, Resolved, resolve
from datus.semantic.shifting import end_of, start_of
from datus.semantic.spine import Span, spine
from datus.semantic.tables import TableName
from datus.semantic.tree import Days, build
from datus.types import Metric, MetricOrder, MetricQuery

_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class _Side:
    """One period's figures: what goes before the query, and the query, its columns named as in answers."""

    ctes: tuple[exp.CTE, ...]
    query: exp.Select


class Compiler:
    """Compiles queries over one catalogue. Calls may come from any thread."""

    def __init__(self, definitions: Definitions, catalogue: Catalogue, engine: Engine) -> None:
        self._catalogue = catalogue
        self._engine = engine
        self._metrics = Metrics(definitions.manifest)

    def compile(
        self, query: MetricQuery, target: Target, names: Mapping[str, TableName]
    ) -> tuple[str, tuple[str, ...]]:
        """SQL and columns; see ``SemanticLayer.compile``. ``names`` are the tables by model."""
        resolved = resolve(query, self._catalogue, self._metrics, target)
        keys = [*([METRIC_TIME] if query.grain else []), *query.dimensions]
        now = self._side(resolved, query.start, query.end, target, names, "a")
        ctes = list(now.ctes)
        if query.compare is None:
            columns = [*keys, *query.metrics]
            outer = exp.select(*(column(one, table="now") for one in columns)).from_(
                _derived(now.query, "now"), copy=False
            )
        else:
            shift = shift_of(query)
            start, end = shift.range(query.start, query.end)
            then = self._side(resolved, start, end, target, names, "b")
            ctes.extend(then.ctes)
            outer, columns = joined(now.query, then.query, query, keys, shift, target)
        outer = _ordered(outer, query, keys, columns)
        if ctes:
            outer.set("with_", exp.With(expressions=ctes))
        return text(outer, target), tuple(columns)

    def try_metric(self, metric: Metric) -> None:
        """Let MetricFlow plan ``metric`` by time.

        Raises:
            RefusalError: Code ``unanswerable``: it cannot, for a filter names what it cannot join.
        """
        time = f"{METRIC_TIME}__{metric.grain}"
        self._engine.explain(Request((metric.name,), (time,), (), None, None), "duckdb")

    def _side(
        self,
        resolved: Resolved,
        start: date | None,
        end: date | None,
        target: Target,
        names: Mapping[str, TableName],
        prefix: str,
    ) -> _Side:
        """The figures of one period."""
        query = resolved.query
        running = query.grain is None and all(map(self._metrics.is_cumulative, query.metrics))
        days = Days(None if running else start, end, resolved.grain, running)
        time = [f"{METRIC_TIME}__{query.grain}"] if query.grain else []
        request = Request(
            metrics=query.metrics,
            group_by=(*time, *(group.asked for group in resolved.groups)),
            where=resolved.where,
            first=days.first,
            last=days.last,
        )
        parts = build(
            self._engine.explain(request, target),
            target,
            days=days,
            values=dict(resolved.values),
            table=lambda model: _table(names[model]),
            prefix=prefix,
        )
        ctes = list(parts.ctes)
        if parts.uses_spine:
            ctes[:0] = self._spine(query, days, target, names, prefix)
        inner = f"{prefix}0"
        columns = [
            exp.alias_(as_date(column(one, table=inner), target), METRIC_TIME) for one in time
        ]
        for group in resolved.groups:
            value: exp.Expr = column(group.asked, table=inner)
            value = as_date(value, target) if group.time else value
            columns.append(exp.alias_(value, name(group.column)))
        columns += [exp.alias_(column(one, table=inner), name(one)) for one in query.metrics]
        return _Side(
            tuple(ctes), exp.select(*columns).from_(_derived(parts.query, inner), copy=False)
        )

    def _spine(
        self,
        query: MetricQuery,
        days: Days,
        target: Target,
        names: Mapping[str, TableName],
        prefix: str,
    ) -> list[exp.CTE]:
        """The days that the metrics of ``query`` need, wide enough for what they offset."""
        back = max(self._metrics.lookback_days(one) for one in query.metrics)
        first, last = days.start, days.end
        if first is not None:
            first = start_of(
                start_of(first, days.grain) - timedelta(days=back), "year" if back else days.grain
            )
        if last is not None:
            last = end_of(last - timedelta(days=1), days.grain)
        filled = any(self._metrics.fills_days(one) for one in query.metrics)
        cumulative = any(self._metrics.is_cumulative(one) for one in query.metrics)
        # few days make the join with them much smaller
        by_end = query.grain is not None and all(
            self._metrics.grows_within(one, query.grain)
            for one in query.metrics
            if self._metrics.uses_days(one)
        )
        span = Span(first, last, cumulative and not filled, query.grain if by_end else None)
        times = {
            (source.model, source.time): None
            for one in query.metrics
            for source in self._metrics.sources(one)
        }
        tables = [(_table(names[model]), time) for model, time in times]
        return spine(span, tables, target, prefix)


def _table(name: TableName) -> exp.Table:
    parts = [
        exp.to_identifier(part, quoted=not _PLAIN_NAME.fullmatch(part) or part in RESERVED)
        for part in name
    ]
    keys = ("this", "db", "catalog")
    return exp.Table(**dict(zip(keys, reversed(parts), strict=False)))


def _derived(query: exp.Query, alias: str) -> exp.Subquery:
    return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(alias)))


def _ordered(
    outer: exp.Select, query: MetricQuery, keys: Sequence[str], columns: Sequence[str]
) -> exp.Select:
    """Order by what is asked for, then by time and dimensions, so that the order is whole; NULLs last."""
    asked = {one.by for one in query.order}
    order = [*query.order, *(MetricOrder(one) for one in keys if one not in asked)]
    expressions = {one.alias_or_name: one.unalias() for one in outer.expressions}
    terms = [
        exp.Ordered(this=expressions[one.by].copy(), desc=one.descending, nulls_first=False)
        for one in order
    ]
    if terms:
        outer = outer.order_by(*terms, copy=False)
    return outer.limit(query.limit, copy=False) if query.limit is not None else outer
