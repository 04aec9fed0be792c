"""Times sort as text, JSON keeps its characters, cursors are ours or refused."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datus.errors import InvalidRequestError
from datus.tasks.encoding import from_cursor, from_json, to_cursor, to_json, to_text, to_time

TIMES = st.datetimes(timezones=st.just(UTC))


@given(TIMES, TIMES)
def test_times_sort_as_text(first: datetime, second: datetime) -> None:
    assert (to_text(first) < to_text(second)) == (first < second)
    assert to_time(to_text(first)) == first


def test_times_are_utc() -> None:
    china = timezone(timedelta(hours=8))
    assert to_text(datetime(2024, 1, 15, 8, tzinfo=china)) == "2024-01-15T00:00:00.000000Z"
    assert to_time(None) is None


@given(st.dictionaries(st.text(), st.one_of(st.none(), st.integers(), st.text(), st.booleans())))
def test_json_comes_back(value: dict[str, object]) -> None:
    text = to_json(value)
    assert from_json(text) == value
    text.encode()


def test_json_keeps_chinese_and_refuses_nan() -> None:
    assert to_json({"词": "销售额"}) == '{"词":"销售额"}'
    assert from_json(to_json({"half": "\ud800"})) == {"half": "\ud800"}
    with pytest.raises(ValueError, match="JSON"):
        to_json({"x": math.inf})


@given(st.integers(min_value=1, max_value=2**63 - 1))
def test_cursors_come_back(key: int) -> None:
    assert from_cursor(to_cursor(key)) == key


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "MQ==", "MTI=", "LTE", "MA", "长", "MSA", "' OR 1=1", "OTk5OTk5OTk5OTk5OTk5OTk5OTk"],
)
def test_cursors_of_others_are_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequestError, match="cursor") as raised:
        from_cursor(cursor)
    assert raised.value.details["field"] == "cursor"
