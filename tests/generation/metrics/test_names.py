"""What metrics and dimensions may be called."""

import pytest

from datus.generation.offline.metrics.names import Names, build_names, spoken
from datus.types import Dimension, Metric, MetricCatalogue, Term

ORDERS = Metric("order_count", "simple", "Number of orders", "", "number of order_id", dimensions=("shop__name", "shop__area", "visit__shop__area"))  # fmt: skip
FEES = Metric("avg_fee_per_order", "ratio", "Average fee per order", "", "fees / orders", ("客单价",))  # fmt: skip
ACTIVE = Metric("mau", "simple", "Monthly active users", "", "", ("月活跃用户数",))
CATALOGUE = MetricCatalogue(
    (ORDERS, FEES, ACTIVE),
    {
        each.name: each
        for each in (
            Dimension("shop__name", "categorical", "name", "", ("门店名称",)),
            Dimension("shop__area", "categorical", "area"),
            Dimension("visit__shop__area", "categorical", "area"),
            Dimension("shop__opened_at", "time", "opened at"),
        )
    },
)


@pytest.fixture(scope="module")
def names() -> Names:
    terms = (
        Term("baskets", "same as order count"),
        Term("loyals", "Monthly active users who bought twice"),
        Term("DAU", "", ("日活",), sql="mau"),
    )
    return build_names(CATALOGUE, terms)


@pytest.mark.parametrize(
    ("said", "metric"),
    [
        ("order count", "order_count"),
        ("number of orders", "order_count"),
        ("count of orders", "order_count"),
        ("orders", "order_count"),
        ("average fee per order", "avg_fee_per_order"),
        ("per-order average fee", "avg_fee_per_order"),
        ("fee per order", "avg_fee_per_order"),
        ("monthly active users", "mau"),
        ("active users", "mau"),
        ("活跃用户数", "mau"),
        ("月活跃用户", "mau"),
        ("月活用户", "mau"),
        ("baskets", "order_count"),
        ("日活", "mau"),
    ],
)
def test_a_metric_is_called(names: Names, said: str, metric: str) -> None:
    assert [name.name for name in names.find(spoken(said)) if name.role == "metric"] == [metric]


@pytest.mark.parametrize(
    "said", ["users", "fee", "count", "number", "用户", "loyals", "order fee", "活跃"]
)
def test_too_little_is_no_name(names: Names, said: str) -> None:
    assert not [name for name in names.find(spoken(said)) if name.role == "metric"]


@pytest.mark.parametrize(
    ("said", "dimension"),
    [
        ("shop", "shop__name"),
        ("store", "shop__name"),
        ("shop name", "shop__name"),
        ("name of the shop", "shop__name"),
        ("门店", "shop__name"),
        ("shop area", "shop__area"),
        ("visit area", "visit__shop__area"),
    ],
)
def test_a_dimension_is_called(names: Names, said: str, dimension: str) -> None:
    assert names.find(spoken(said))[0].name == dimension


def test_a_shared_name_is_both(names: Names) -> None:
    found = names.find(spoken("area"))
    assert {name.name for name in found} == {"shop__area", "visit__shop__area"}


def test_dimensions_that_no_metric_has_are_left_out(names: Names) -> None:
    assert names.find(spoken("opened at")) == ()
