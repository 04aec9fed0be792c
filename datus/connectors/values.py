"""Driver values to JSON-typed values without loss, and rows within their caps.

The rules, the same for every database (``docs/connectors.md`` tells them to users):

- None, booleans, integers of any size and finite floats stay what they are; NaN and infinities become
  the texts ``NaN``, ``Infinity`` and ``-Infinity``.
- A decimal becomes a number when the double nearest to it prints the same value, else text with all digits.
- Dates, times and timestamps become ISO 8601 with ``T`` and their offset; durations ISO 8601 ``P...``.
- Bytes become base64; UUIDs and everything else unknown become their text.
- Lists, structs, maps and JSON columns become arrays and objects, by the same rules inside.
"""

import json
import math
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from datus.types import Cut, ResultColumn, TypeKind


@dataclass(frozen=True, slots=True)
class Fetched:
    """A statement's outcome as a session hands it over; ``cut`` is the cap that cut rows off, if any."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: Cut | None


_MAX_INT_DIGITS = 4000
"""CPython refuses to print longer integers (``sys.int_info.default_max_str_digits`` is 4300)."""


def json_value(value: Any) -> Any:
    """The JSON-typed value of what a driver returned (rules above)."""
    convert = _BY_TYPE.get(type(value))
    if convert is not None:
        return convert(value)
    for kind, convert in _BY_TYPE.items():  # subclasses, e.g. an IntEnum
        if isinstance(value, kind):
            return convert(value)
    return str(value)


def parsed_json(value: Any) -> Any:
    """The value of a JSON column that the driver returned as text; text that is no JSON stays as it is."""
    if not isinstance(value, str):
        return json_value(value)
    try:
        return json.loads(
            value, parse_float=lambda digits: _decimal(Decimal(digits)), parse_constant=str
        )
    except (ValueError, RecursionError):
        return value


def iso_timestamp(text: str) -> str:
    """An engine's ``2024-01-31 10:00:00.5+02`` as ISO 8601; dates Python cannot hold keep their digits."""
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return text.replace(" ", "T", 1) if text[:1].isdigit() else text


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names in order; one that stood before gets ``_2``, ``_3`` and so on, past names that are taken."""
    wanted = list(names)
    taken: set[str] = set()
    found: list[str] = []
    for name in wanted:
        unique, count = name, 1
        while unique in taken or (count > 1 and unique in wanted):
            count += 1
            unique = f"{name}_{count}"
        taken.add(unique)
        found.append(unique)
    return tuple(found)


def read_result(
    names: Sequence[str],
    kinds: Sequence[TypeKind | None],
    rows: Iterable[Sequence[Any]],
    *,
    max_rows: int,
    max_bytes: int,
) -> Fetched:
    """Convert rows until a cap is met.

    Args:
        names: By column; those that stand twice become unique.
        kinds: By column, None where the engine does not say: then the values do.
        rows: Read lazily, at most ``max_rows`` + 1 of them.
        max_rows: Row cap.
        max_bytes: Cap of the size of the rows as JSON objects, about; a row that would pass it is left
            out, and all after it.
    """
    names = unique_names(names)
    convert = [parsed_json if kind == "json" else json_value for kind in kinds]
    unsaid = [(index, set[type]()) for index, kind in enumerate(kinds) if kind is None]
    taken: list[tuple[Any, ...]] = []
    # An answer names every value: `{"name":value,...},`
    around = 2 + sum(json_size(name) + 2 for name in names)
    size = 0
    cut: Cut | None = None
    for raw in rows:
        if len(taken) == max_rows:
            cut = "rows"
            break
        row = tuple([change(value) for change, value in zip(convert, raw, strict=True)])
        size += around + sum(map(json_size, row))
        if size > max_bytes:
            cut = "bytes"
            break
        taken.append(row)
        for index, seen in unsaid:
            seen.add(type(raw[index]))
    found = {index: _kind_of_types(seen) for index, seen in unsaid}
    columns = (
        ResultColumn(name, kind or found[index])
        for index, (name, kind) in enumerate(zip(names, kinds, strict=True))
    )
    return Fetched(tuple(columns), tuple(taken), cut)


def json_size(value: Any) -> int:
    """About how many bytes a JSON-typed value takes; a long one is never taken for a short one."""
    if isinstance(value, str):
        if not value.isprintable():  # a control character may take six
            return len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        return len(value) + 2 if value.isascii() else 3 * len(value) + 2
    if isinstance(value, int):
        return 3 + value.bit_length() // 3
    if isinstance(value, float):
        return 18
    if isinstance(value, list):
        return 2 + sum(map(json_size, value))
    if isinstance(value, dict):
        return 2 + sum(json_size(key) + json_size(item) for key, item in value.items())
    return 8


def _kind_of_types(types: set[type]) -> TypeKind:
    """What a column holds, from the Python types of its values; ``other`` when empty or mixed."""
    kinds = {_KIND_BY_TYPE.get(kind, "other") for kind in types - {type(None)}}
    if kinds == {"integer", "number"}:
        return "number"
    return kinds.pop() if len(kinds) == 1 else "other"


_KIND_BY_TYPE: dict[type, TypeKind] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    Decimal: "number",
    str: "text",
    bytes: "binary",
}


def _decimal(value: Decimal) -> Any:
    if not value.is_finite():
        return _not_finite(float(value))
    if value.as_tuple().exponent == 0 and value.adjusted() < _MAX_INT_DIGITS:
        return int(value)
    nearest = float(value)
    if math.isfinite(nearest) and Decimal(repr(nearest)) == value:
        return nearest
    return format(value, "f") if abs(value.adjusted()) < _MAX_INT_DIGITS else str(value)


def _float(value: float) -> float | str:
    return value if math.isfinite(value) else _not_finite(value)


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _integer(value: int) -> int | str:
    # 13,000 bits are just under 4,000 digits.
    return value if value.bit_length() < 13_000 else format(Decimal(value), "f")


def _duration(value: timedelta) -> str:
    """ISO 8601 duration in days and smaller, as ``-P1DT2H3M4.5S``."""
    sign = "-" if value < timedelta() else ""
    magnitude = abs(value)
    minutes, seconds = divmod(magnitude.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{magnitude.microseconds:06d}".rstrip("0").rstrip(".")
    parts = [(hours, "H"), (minutes, "M")]
    clock = "".join(f"{count}{unit}" for count, unit in parts if count)
    if seconds or fraction:
        clock += f"{seconds}{fraction}S"
    days = f"{magnitude.days}D" if magnitude.days else ""
    if not days and not clock:
        clock = "0S"
    return f"{sign}P{days}{'T' + clock if clock else ''}"


def _base64(value: bytes | bytearray | memoryview) -> str:
    return b64encode(value).decode("ascii")


def _array(value: Iterable[Any]) -> list[Any]:
    return [json_value(item) for item in value]


def _object(value: dict[Any, Any]) -> dict[str, Any]:
    return {key if isinstance(key, str) else _key(key): json_value(v) for key, v in value.items()}


def _key(key: Any) -> str:
    converted = json_value(key)
    return converted if isinstance(converted, str) else json.dumps(converted, ensure_ascii=False)


def _same(value: Any) -> Any:
    return value


_BY_TYPE: dict[type, Callable[[Any], Any]] = {
    str: _same,
    type(None): _same,
    bool: _same,
    int: _integer,
    float: _float,
    Decimal: _decimal,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _duration,
    bytes: _base64,
    bytearray: _base64,
    memoryview: _base64,
    list: _array,
    tuple: _array,
    set: _array,
    dict: _object,
}
