"""What a metric's own words, money and one character explain, and what they must not."""

import pytest

from datus.generation.offline.metrics.apart import said_apart
from datus.generation.offline.metrics.names import build_names, initials, word_form
from datus.generation.offline.metrics.passes.leftovers import told_by
from datus.types import Dimension, Metric, MetricCatalogue


def told(description: str) -> set[str]:
    return {word for clause in told_by(Metric("m", "simple", "", description)) for word in clause}


@pytest.mark.parametrize(
    ("description", "word"),
    [
        ("Calls to the help desk.", "desk"),
        ("Money paid, at the till", "till"),
        ("Loans that ended. Loans never repaid are not counted.", "end"),
        ("Calls to the help desk, excluding internal ones.", "desk"),
        ("打进客服热线的电话", "热"),
        ("打进客服热线的电话，不含内部电话", "热"),
    ],
)
def test_a_plain_sentence_explains_its_words(description: str, word: str) -> None:
    assert word in told(description)


@pytest.mark.parametrize(
    ("description", "word"),
    [
        ("Calls that were not answered", "answer"),
        ("Calls except internal ones", "internal"),
        ("Calls to the desk, robots left out", "robot"),
        ("Bookings with test accounts removed", "test"),
        ("Value of bookings, before discounts.", "discount"),
        ("Refunded calls, calls from the desk not counted", "refund"),
        ("Calls to the desk, excluded", "desk"),
        ("热线电话，不计入", "热"),
        ("Sum of shipping and handling fees", "shipping"),
        ("Orders from web, app", "app"),
        ("不含退货的销售额", "退"),
        ("网店和门店的订单", "网"),
    ],
)
def test_a_sentence_that_excludes_or_lists_explains_none(description: str, word: str) -> None:
    assert word not in told(description)


@pytest.mark.parametrize(
    ("synonyms", "characters"),
    [
        (("国家",), "国家"),
        (("门店", "store"), "店门"),
        (("省份",), "省"),
        (("客户地区",), "地区"),
        (("月份",), ""),
        (("订单金额区间",), ""),
    ],
)
def test_a_dimension_by_one_character(synonyms: tuple[str, ...], characters: str) -> None:
    found = initials(Dimension("shop__place", "categorical", "place", "", synonyms))
    assert found == set(characters) - set("家份间")


NAMES = build_names(
    MetricCatalogue(
        (
            Metric("cancelled_orders", "simple", "Cancelled orders", "", "", ("取消订单数",)),
            Metric("returning_visitors", "simple", "Number of returning visitors"),
            Metric("calls_answered", "simple", "Calls answered"),
        )
    ),
    (),
)


@pytest.mark.parametrize(
    ("said", "metric"),
    [
        ("orders that were cancelled", "cancelled_orders"),
        ("orders were cancelled", "cancelled_orders"),
        ("orders cancelled", "cancelled_orders"),
        ("orders which got cancelled", "cancelled_orders"),
        ("visitors who are returning", "returning_visitors"),
        ("calls that have been answered", "calls_answered"),
        ("answered calls", "calls_answered"),
        ("被取消订单", "cancelled_orders"),
        ("订单被取消", "cancelled_orders"),
        ("订单中有多少是取消", "cancelled_orders"),
        ("取消了多少订单", "cancelled_orders"),
    ],
)
def test_a_name_is_said_apart(said: str, metric: str) -> None:
    assert [name.name for name in _apart(said)] == [metric]


@pytest.mark.parametrize(
    "said",
    [
        "orders that were not cancelled",
        "orders were shipped",
        "orders that were",
        "were cancelled",
        "customers who cancelled",
        "orders or calls were cancelled",
        "订单没有被取消",
        "订单未取消",
        "取消了多少商品",
    ],
)
def test_other_words_are_no_name(said: str) -> None:
    assert _apart(said) == ()


def test_a_metric_may_be_called_by_a_word_that_else_says_nothing() -> None:
    names = build_names(MetricCatalogue((Metric("farm_yield", "simple", "Yield"),)), ())
    assert [name.name for name in names.find(("yield",))] == ["farm_yield"]


def _apart(said: str) -> tuple[object, ...]:
    words = said.split() if said.isascii() else list(said)
    return said_apart(words, [word_form(word) for word in words], NAMES)
