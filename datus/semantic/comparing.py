"""Figures beside those of an earlier period, for any metric.

Two queries are joined: the rows of the current period, each with the earlier row of the same
dimensions. What exists in the earlier period alone gives no row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlglot import exp

from datus.errors import InvalidRequestError
from datus.semantic.catalogue import GRAINS
from datus.semantic.dialects import MONTHS, column, earlier, same
from datus.semantic.model import Target
from datus.semantic.resolve import METRIC_TIME
from datus.semantic.shifting import moved
from datus.types import Grain, MetricQuery

# Weeks have no place in months: an earlier week is a whole number of weeks back.
_WEEKS = {"week": 1, "month": 4, "quarter": 13, "year": 52}


@dataclass(frozen=True, slots=True)
class Shift:
    """How far back the earlier period lies: so many months, or days."""

    count: int
    unit: str

    def range(self, start: date | None, end: date | None) -> tuple[date | None, date | None]:
        """The earlier range of ``[start, end)``."""
        return (
            None if start is None else moved(start, -self.count, self.unit),
            None if end is None else self._end(end),
        )

    def _end(self, end: date) -> date:
        # the last day moves, unless the range ends with a month: then whole months are compared
        if self.unit == "day" or end.day == 1:
            return moved(end, -self.count, self.unit)
        return moved(end - timedelta(days=1), -self.count, self.unit) + timedelta(days=1)


def shift_of(query: MetricQuery) -> Shift:
    """The shift that ``query.compare`` means.

    Raises:
        InvalidRequestError: There is no earlier period: no range, or an offset finer than the grain.
    """
    offset = query.compare
    assert offset is not None
    if query.grain is None and (query.start is None or query.end is None):
        raise InvalidRequestError(
            "A comparison without a grain needs start and end: it sets the range against an earlier one.",
            details={"field": "compare"},
        )
    if query.grain is None:
        assert query.start is not None
        assert query.end is not None
        return _just_before(query.start, query.end) if offset == "previous" else _offset(offset)
    if offset == "previous":
        return _offset(query.grain)
    if GRAINS.index(offset) < GRAINS.index(query.grain):
        raise InvalidRequestError(
            f"Figures by {query.grain} cannot be compared with those of a {offset} before: "
            f"compare with the {query.grain} before or longer.",
            details={"field": "compare"},
        )
    if query.grain == "week":
        return Shift(7 * _WEEKS[offset], "day")
    return _offset(offset)


def _offset(grain: Grain) -> Shift:
    if grain in MONTHS:
        return Shift(MONTHS[grain], "month")
    return Shift(7 if grain == "week" else 1, "day")


def _just_before(start: date, end: date) -> Shift:
    if start.day == 1 and end.day == 1:
        return Shift((end.year - start.year) * 12 + end.month - start.month, "month")
    return Shift((end - start).days, "day")


def joined(
    now: exp.Select,
    then: exp.Select,
    query: MetricQuery,
    keys: Sequence[str],
    shift: Shift,
    target: Target,
) -> tuple[exp.Select, list[str]]:
    """The rows of ``now``, each metric followed by its earlier value and its growth."""
    columns = list(keys)
    fields: list[exp.Expr] = [column(one, table="now") for one in keys]
    for metric in query.metrics:
        value, before = column(metric, table="now"), column(metric, table="then_")
        fields += [
            value,
            exp.alias_(before, f"{metric}_previous"),
            exp.alias_(_growth(value.copy(), before.copy()), f"{metric}_growth"),
        ]
        columns += [metric, f"{metric}_previous", f"{metric}_growth"]
    tests = [_matches(key, shift, target) for key in keys]
    outer = exp.select(*fields).from_(_derived(now, "now"), copy=False)
    if tests:
        on = exp.and_(*tests, wrap=False)
        outer.join(_derived(then, "then_"), on=on, join_type="left", copy=False)
    else:
        outer.join(_derived(then, "then_"), join_type="cross", copy=False)
    return outer, columns


def _matches(key: str, shift: Shift, target: Target) -> exp.Expr:
    now, then = column(key, table="now"), column(key, table="then_")
    if key == METRIC_TIME:
        return exp.EQ(this=then, expression=earlier(now, shift.count, shift.unit, target))
    return same(now, then)


def _growth(value: exp.Expr, before: exp.Expr) -> exp.Expr:
    # the factor makes it a fraction where whole numbers divide to whole ones
    change = exp.Paren(this=exp.Sub(this=value, expression=before))
    part = exp.Mul(this=change, expression=exp.Literal.number("1e0"))
    zero = exp.Literal.number(0)
    return exp.Div(this=part, expression=exp.Nullif(this=before.copy(), expression=zero))


def _derived(query: exp.Query, alias: str) -> exp.Subquery:
    return exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier(alias)))
