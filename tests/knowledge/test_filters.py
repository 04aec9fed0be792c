"""Values of metric filters as the database spells them, or a refusal that helps."""

import pytest

from datus.errors import RefusalError
from datus.knowledge.filters import check_filters
from datus.knowledge.values import Place, ValueIndex
from datus.types import Dimension, FilterOperator, MetricCatalogue, MetricFilter, MetricQuery

CATALOGUE = MetricCatalogue(
    dimensions={
        "o__channel": Dimension("o__channel", "categorical", "C", table="o", column="channel"),
        "o__city": Dimension("o__city", "categorical", "City", table="o", column="city"),
        "o__day": Dimension("o__day", "time", "Day", table="o", column="channel"),
        "o__size": Dimension("o__size", "categorical", "Size"),
    }
)
VALUES = ValueIndex.build(
    (
        Place("o", "channel", "online", count=9),
        Place("o", "channel", "Online", count=2),
        Place("o", "channel", "Store", count=1),
        Place("o", "channel", "S", said="Store"),
        Place("o", "channel", "S", said="门店"),
        Place("o", "channel", "C++"),
        Place("o", "city", "北京"),
    ),
    frozenset({("o", "channel")}),
)


def checked(
    dimension: str, *values: str | int | float | bool, operator: FilterOperator = "in"
) -> tuple[str | int | float | bool, ...]:
    query = MetricQuery(("m",), filters=(MetricFilter(dimension, operator, values),))
    (found,) = check_filters(query, CATALOGUE, VALUES).filters
    return found.values


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("online", "online"),
        ("Online", "Online"),
        ("ONLINE", "online"),  # the more frequent of two
        ("ｏｎｌｉｎｅ ", "online"),
        ("store", "Store"),  # a value before another one's word
        ("門店", "S"),
        ("门店", "S"),
    ],
)
def test_a_value_is_spelt_as_the_database_has_it(said: str, value: str) -> None:
    assert checked("o__channel", said) == (value,)


@pytest.mark.parametrize("operator", ["=", "!=", "in", "not in"])
def test_a_value_that_is_not_there_is_refused(operator: FilterOperator) -> None:
    with pytest.raises(RefusalError, match="no value 'onlin'; the nearest are: online") as caught:
        checked("o__channel", "onlin", operator=operator)
    assert caught.value.code == "unanswerable"
    assert caught.value.details["nearest"][0].lower() == "online"
    assert len(caught.value.details["nearest"]) <= 5


def test_marks_of_a_value_count() -> None:
    assert checked("o__channel", "c++") == ("C++",)
    with pytest.raises(RefusalError):
        checked("o__channel", "c")


@pytest.mark.parametrize("value", ["", "x" * 201])
def test_texts_that_are_never_indexed_are_not_known_to_be_absent(value: str) -> None:
    assert checked("o__channel", value) == (value,)


def test_where_not_all_values_are_known_it_stays_as_said() -> None:
    assert checked("o__city", "上海", "北京") == ("上海", "北京")


@pytest.mark.parametrize("dimension", ["o__size", "o__day", "o__unknown"])
def test_what_is_no_plain_column_stays_as_said(dimension: str) -> None:
    assert checked(dimension, "ONLINE") == ("ONLINE",)


def test_comparisons_and_numbers_stay_as_said() -> None:
    assert checked("o__channel", "onl", operator=">=") == ("onl",)
    assert checked("o__channel", 1, 2.5, True) == (1, 2.5, True)
