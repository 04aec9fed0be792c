"""Tables that keep no dates but columns of years, months and weekdays: periods are put together from these."""

from datetime import date

from datus.generation.offline.draft import Draft
from datus.generation.offline.plan import ColumnRef, Compare, Condition
from datus.types import Grain

_NAMES: dict[str, frozenset[tuple[str, ...]]] = {
    "month": frozenset({("month",), ("month", "name"), ("mon",)}),
    "year": frozenset({("year",), ("yr",)}),
    "quarter": frozenset({("quarter",)}),
    "week": frozenset({("week",), ("week", "number")}),
    "day": frozenset({("date",), ("day",)}),
    "weekday": frozenset({("weekday",), ("day",), ("day", "of", "week"), ("day", "name"), ("dow",)}),
    "hour": frozenset({("hour",)}),
}  # fmt: skip
_LONGER: dict[Grain, Grain] = {"month": "year", "quarter": "year", "week": "year"}


def keeps_dates(draft: Draft, table: str) -> bool:
    """Whether a table has a column of dates."""
    return bool(draft.index.tables[table].time)


def is_calendar(draft: Draft, column: ColumnRef) -> bool:
    """Whether a column holds months or weekdays."""
    words = draft.index.words[column]
    return words in _NAMES["month"] or words in _NAMES["weekday"]


def named_period(draft: Draft, tables: tuple[str, ...], period: str) -> ColumnRef | None:
    """The column of the first table that keeps such periods and no dates: "month", "day" for weekdays."""
    for table in tables:
        if keeps_dates(draft, table):
            return None
        for column in draft.index.tables[table].schema.columns:
            ref = ColumnRef(table, column.name)
            words = draft.index.words[ref]
            texts = period in ("month", "weekday") and column.kind == "text"
            if words in _NAMES[period] and (texts or draft.index.is_number(ref)):
                return ref
    return None


def period_keys(
    draft: Draft, tables: tuple[str, ...], grain: Grain, fixed: set[ColumnRef]
) -> tuple[ColumnRef, ...]:
    """The columns that tell periods apart: months of several years by year and month."""
    column = named_period(draft, tables, grain)
    if column is None:
        return ()
    longer = _LONGER.get(grain)
    above = named_period(draft, (column.table,), longer) if longer is not None else None
    return (column,) if above is None or above in fixed else (above, column)


def in_period(
    draft: Draft, at: int, tables: tuple[str, ...], start: date | None, end: date | None
) -> tuple[Condition, ...]:
    """One month as its year and month; the text of a month is what the data calls the question's word."""
    if start is None or end is None:
        return ()
    month, year = named_period(draft, tables, "month"), named_period(draft, tables, "year")
    whole = (
        start.day == end.day == 1 and (end.year - start.year) * 12 + end.month - start.month == 1
    )
    if month is None or year is None or not whole or month.table != year.table:
        return ()
    if draft.index.is_number(month):
        value: str | int | None = start.month
    else:
        value = next(
            (
                h.value
                for h in draft.items[at].hits
                if (h.table, h.column) == (month.table, month.column)
            ),
            None,
        )
    if value is None or not draft.index.is_number(year):
        return ()
    return (Compare(year, "=", start.year), Compare(month, "=", value))
