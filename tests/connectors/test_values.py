"""Driver values become JSON-typed values without loss."""

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datus.connectors.values import (
    iso_timestamp,
    json_size,
    json_value,
    parsed_json,
    read_result,
    unique_names,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (2**63, 2**63),
        (1.5, 1.5),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (Decimal("10.50"), 10.5),
        (Decimal("150000"), 150000),
        (Decimal("0.1"), 0.1),
        (Decimal("1E+5"), 100000.0),
        (Decimal("12345678901234567890.1250"), "12345678901234567890.1250"),
        (Decimal("9007199254740993.0"), "9007199254740993.0"),
        (Decimal("0.30000000000000000004"), "0.30000000000000000004"),
        (Decimal("1E-400"), "0." + "0" * 399 + "1"),
        (Decimal("NaN"), "NaN"),
        (Decimal("-Infinity"), "-Infinity"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 2, 29, 13, 14, 15), "2024-02-29T13:14:15"),
        (datetime(2024, 2, 29, 13, 14, 15, 5, UTC), "2024-02-29T13:14:15.000005+00:00"),
        (
            datetime(2024, 2, 29, tzinfo=timezone(timedelta(hours=8))),
            "2024-02-29T00:00:00+08:00",
        ),
        (time(10, 30), "10:30:00"),
        (timedelta(0), "PT0S"),
        (timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=500), "P1DT2H3M4.5S"),
        (timedelta(days=-1), "-P1D"),
        (timedelta(seconds=-90), "-PT1M30S"),
        (timedelta(microseconds=1), "PT0.000001S"),
        (b"\x00\xff", "AP8="),
        (memoryview(b"ab"), "YWI="),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ([1, Decimal("0.1"), [None]], [1, 0.1, [None]]),
        ({"a": date(2024, 1, 1), 2: b""}, {"a": "2024-01-01", "2": ""}),
        ((1, "x"), [1, "x"]),
    ],
)
def test_json_value(value: object, expected: object) -> None:
    converted = json_value(value)
    assert converted == expected
    assert type(converted) is type(expected)
    json.dumps(converted, allow_nan=False)


def test_what_python_will_not_print_becomes_text() -> None:
    assert json_value(10**5000) == "1" + "0" * 5000
    assert json_value(Decimal(10**5000)) == "1" + "0" * 5000
    assert parsed_json("[" * 100_000) == "[" * 100_000


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_no_decimal_loses_value(value: Decimal) -> None:
    read = json.loads(json.dumps(json_value(value)), parse_float=Decimal, parse_int=Decimal)
    assert Decimal(read) == value


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text())
def test_json_carries_the_value(value: object) -> None:
    assert json.loads(json.dumps(json_value(value))) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1.10, "b": [null, true]}', {"a": 1.1, "b": [None, True]}),
        ("12345678901234567890.125", "12345678901234567890.125"),
        ("NaN", "NaN"),
        ("not json", "not json"),
    ],
)
def test_parsed_json(text: str, expected: object) -> None:
    assert parsed_json(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31 10:00:00", "2024-01-31T10:00:00"),
        ("2024-01-31 10:00:00.5+02", "2024-01-31T10:00:00.500000+02:00"),
        ("infinity", "infinity"),
        ("20240-01-31 10:00:00", "20240-01-31T10:00:00"),
        ("0044-03-15 10:00:00 BC", "0044-03-15T10:00:00 BC"),
    ],
)
def test_iso_timestamp(text: str, expected: str) -> None:
    assert iso_timestamp(text) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b"], ("a", "b")),
        (["a", "a", "a"], ("a", "a_2", "a_3")),
        (["a", "a", "a_2"], ("a", "a_3", "a_2")),
        (["a_2", "a", "a"], ("a_2", "a", "a_3")),
        (["", ""], ("", "_2")),
    ],
)
def test_unique_names(names: list[str], expected: tuple[str, ...]) -> None:
    assert unique_names(names) == expected


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "a_2_2", "b"])))
def test_names_are_unique(names: list[str]) -> None:
    assert len(set(unique_names(names))) == len(names)


def test_kinds_come_from_values_where_the_engine_says_none() -> None:
    rows = [(1, "x", None, b"x", 1, 1), (2.5, None, None, b"", "x", True)]
    fetched = read_result("abcdef", [None] * 6, rows, max_rows=9, max_bytes=9_999)
    kinds = [column.type for column in fetched.columns]
    assert kinds == ["number", "text", "other", "binary", "other", "other"]


def test_rows_are_read_lazily() -> None:
    read = []

    def rows() -> object:
        for number in range(100):
            read.append(number)
            yield (number,)

    fetched = read_result(["n"], [None], rows(), max_rows=3, max_bytes=9_999)  # type: ignore[arg-type]
    assert fetched.rows == ((0,), (1,), (2,))
    assert fetched.cut == "rows"
    assert len(read) == 4


def test_a_row_over_the_byte_cap_is_left_out() -> None:
    fetched = read_result(["t"], ["text"], [("a",), ("x" * 1_000,)], max_rows=9, max_bytes=100)
    assert fetched.rows == (("a",),)
    assert fetched.cut == "bytes"


def test_a_first_row_over_the_byte_cap_leaves_none() -> None:
    fetched = read_result(["t"], ["text"], [("x" * 1_000,), ("a",)], max_rows=9, max_bytes=100)
    assert (fetched.rows, fetched.cut) == ((), "bytes")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=9,
    )
)
def test_no_value_takes_much_more_than_it_is_counted_for(value: object) -> None:
    changed = json_value(value)
    text = json.dumps(changed, ensure_ascii=False, separators=(",", ":"))
    assert len(text.encode("utf-8", "surrogatepass")) <= 2 * json_size(changed) + 9


def test_size_counts_what_is_inside() -> None:
    assert json_size("数据") == 8
    assert json_size({"key": ["ab", 1]}) > json_size(["ab", 1]) > json_size("ab")
