"""The days that MetricFlow joins to, made by the query itself: no table of days is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlglot import exp

from datus.semantic.dialects import as_date, day_value, plus_days, read
from datus.semantic.model import Target
from datus.semantic.shifting import end_of
from datus.types import Grain

MOST_DAYS = 40_000
"""Days that are made where the data decides the range: about 109 years."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are needed, both included; an open side goes as far as the data.

    ``clipped`` ends them with the data even where ``last`` lies later. With ``ends_of`` the last day of
    each such period is enough.
    """

    first: date | None
    last: date | None
    clipped: bool
    ends_of: Grain | None = None


def spine(
    span: Span, times: Sequence[tuple[exp.Table, str]], target: Target, prefix: str
) -> list[exp.CTE]:
    """CTEs that end with ``{prefix}days``, whose column ``ds`` has each day once.

    Args:
        times: Tables and the expressions of their times, which bound what ``span`` leaves open.
    """
    ctes = []
    bounds = f"{prefix}bounds"
    if span.first is None or span.last is None or span.clipped:
        ctes.append(_cte(bounds, _bounds(times, target)))
    low = day_value(span.first, target) if span.first else exp.column("lo", table="b")
    if span.ends_of is not None and span.first is not None and span.last is not None:
        ctes.append(
            _cte(f"{prefix}days", _ends(span.first, span.last, span.ends_of, bounds, target))
        )
        return ctes
    count = MOST_DAYS
    if span.first is not None and span.last is not None:
        count = (span.last - span.first).days + 1
    numbers = _numbers(count)
    day = plus_days(low, exp.column("n", table="k"), target)
    query = exp.select(exp.alias_(day, "ds")).from_(
        exp.Subquery(this=numbers, alias=exp.TableAlias(this=exp.to_identifier("k")))
    )
    tests: list[exp.Expr] = [
        exp.LT(this=exp.column("n", table="k"), expression=exp.Literal.number(count))
    ]
    if ctes:
        query = query.join(exp.to_table(bounds).as_("b"), join_type="cross", copy=False)
        if span.last is None or span.clipped:
            tests.append(exp.LTE(this=day.copy(), expression=exp.column("hi", table="b")))
        if span.last is not None and span.first is None:
            tests.append(exp.LTE(this=day.copy(), expression=day_value(span.last, target)))
    ctes.append(_cte(f"{prefix}days", query.where(exp.and_(*tests, wrap=False), copy=False)))
    return ctes


def _cte(name: str, query: exp.Query) -> exp.CTE:
    return exp.CTE(this=query, alias=exp.TableAlias(this=exp.to_identifier(name)))


def _bounds(times: Sequence[tuple[exp.Table, str]], target: Target) -> exp.Query:
    parts: list[exp.Query] = []
    for table, time in times:
        ends = [
            exp.alias_(as_date(exp.func(name, read(time, target)), target), alias)
            for name, alias in (("MIN", "lo"), ("MAX", "hi"))
        ]
        parts.append(exp.select(*ends).from_(table))
    if len(parts) == 1:
        return parts[0]
    union = parts[0]
    for part in parts[1:]:
        union = exp.Union(this=union, expression=part, distinct=False)
    ends = [
        exp.alias_(exp.func("MIN", exp.column("lo", table="e")), "lo"),
        exp.alias_(exp.func("MAX", exp.column("hi", table="e")), "hi"),
    ]
    return exp.select(*ends).from_(
        exp.Subquery(this=union, alias=exp.TableAlias(this=exp.to_identifier("e")))
    )


def _ends(first: date, last: date, grain: Grain, bounds: str, target: Target) -> exp.Query:
    """The last day of each period, the last of the data in the place of those that lie behind it."""
    rows: list[exp.Query] = []
    while first <= last:
        end = min(end_of(first, grain), last)
        rows.append(exp.select(exp.alias_(day_value(end, target), "ds")))
        first = end + timedelta(days=1)
    union = rows[0]
    for row in rows[1:]:
        union = exp.Union(this=union, expression=row, distinct=False)
    day, hi = exp.column("ds", table="e"), exp.column("hi", table="b")
    later = exp.If(this=exp.GT(this=day, expression=hi), true=hi.copy())
    return (
        exp.select(exp.alias_(exp.Case(ifs=[later], default=day.copy()), "ds"))
        .distinct()
        .from_(
            exp.Subquery(this=union, alias=exp.TableAlias(this=exp.to_identifier("e"))), copy=False
        )
        .join(exp.to_table(bounds).as_("b"), join_type="cross", copy=False)
    )


def _numbers(count: int) -> exp.Select:
    """The numbers from 0 on, at least ``count`` of them, as column ``n``: tens, hundreds and so on, added up.

    Recursion and series functions would be shorter, and no database and no guard agree on them.
    """
    places = max(1, len(str(count - 1)))
    sources = []
    terms: list[exp.Expr] = []
    for place in range(places):
        top = int(str(count - 1)[0]) if place == places - 1 else 9
        sources.append(_digits(top, f"d{place}"))
        column: exp.Expr = exp.column("n", table=f"d{place}")
        if place:
            column = exp.Mul(this=column, expression=exp.Literal.number(10**place))
        terms.append(column)
    total = terms[0]
    for term in terms[1:]:
        total = exp.Add(this=total, expression=term)
    query = exp.select(exp.alias_(total, "n")).from_(sources[0])
    for source in sources[1:]:
        query = query.join(source, join_type="cross", copy=False)
    return query


def _digits(top: int, alias: str) -> exp.Subquery:
    query: exp.Query = exp.select(exp.alias_(exp.Literal.number(0), "n"))
    for digit in range(1, top + 1):
        row = exp.select(exp.alias_(exp.Literal.number(digit), "n"))
        query = exp.Union(this=query, expression=row, distinct=False)
    return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(alias)))
