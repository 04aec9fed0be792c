"""Filters of a metric query held against the values that the database has."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from datus.connectors.base import DISTINCT_MAX_CHARS
from datus.errors import RefusalError
from datus.knowledge.values import Place, ValueIndex
from datus.text import normalise
from datus.types import Dimension, MetricCatalogue, MetricFilter, MetricQuery

_SHOWN = 5
_EXACT = ("=", "!=", "in", "not in")


def check_filters(
    query: MetricQuery, catalogue: MetricCatalogue, values: ValueIndex
) -> MetricQuery:
    """The query with every filter value spelt as the database spells it.

    A value is only known to be absent where all values of its column are indexed; elsewhere it
    stays as it is said.

    Raises:
        RefusalError: ``unanswerable``: the column does not have the value; the nearest are in its details.
    """
    filters = tuple(
        _checked(each, catalogue.dimensions.get(each.dimension), values) for each in query.filters
    )
    return replace(query, filters=filters)


def _checked(asked: MetricFilter, dimension: Dimension | None, values: ValueIndex) -> MetricFilter:
    if dimension is None or dimension.table is None or dimension.column is None:
        return asked
    if dimension.kind != "categorical" or asked.operator not in _EXACT:
        return asked
    column = (dimension.table, dimension.column)
    places = values.places.of_column(*column)
    exact = {place.value for place in places}
    spelt: Mapping[str, str] | None = None
    found: list[str | int | float | bool] = []
    for value in asked.values:
        if not isinstance(value, str):
            found.append(value)
            continue
        if value in exact:
            found.append(value)
            continue
        spelt = _spelt(places) if spelt is None else spelt
        known = spelt.get(_plain(value))
        indexed = column in values.complete and 1 <= len(value) <= DISTINCT_MAX_CHARS
        if known is None and indexed:
            raise _absent(value, asked.dimension, exact)
        found.append(value if known is None else known)
    return replace(asked, values=tuple(found))


def _spelt(places: Collection[Place]) -> dict[str, str]:
    """Values by their plain form, then by what people say for them; of two, the more frequent."""
    found: dict[str, str] = {}
    for place in places:
        found.setdefault(_plain(place.value), place.value)
    for place in places:
        if place.said:
            found.setdefault(_plain(place.said), place.value)
    return found


def _plain(text: str) -> str:
    return normalise(text).text.strip()


def _absent(value: str, dimension: str, known: Iterable[str]) -> RefusalError:
    from rapidfuzz import process  # only a refusal needs it

    near = [name for name, _, _ in process.extract(value, sorted(known), limit=_SHOWN)]
    return RefusalError(
        f"{dimension} has no value {value!r}; the nearest are: {', '.join(near) or 'none'}.",
        code="unanswerable",
        details={"dimension": dimension, "value": value, "nearest": near},
    )
