"""A bike rental's metrics, and all that a question over them goes through before a generator sees it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

import pytest

from datus.dates import read_times
from datus.generation.base import MetricChoice
from datus.generation.offline.metrics import choose
from datus.knowledge.values import Place, ValueIndex
from datus.types import (
    Column,
    DatabaseSchema,
    Dimension,
    GenerationContext,
    Metric,
    MetricCatalogue,
    Question,
    TableSchema,
    Term,
    TypeKind,
)

from . import hospital

TODAY = date(2024, 3, 15)

DIMENSIONS = (
    Dimension("ride__channel", "categorical", "Booking channel", "Where the ride was booked.",
              ("channel", "渠道", "预订渠道"), "rides", "channel"),
    Dimension("ride__purpose", "categorical", "Purpose", "", ("出行目的", "用途"), "rides", "purpose"),
    Dimension("ride__started_at", "time", "Start time", "", ("开始时间",), "rides", "started_at"),
    Dimension("station__name", "categorical", "Station", "", ("站点", "车站"), "stations", "name"),
    Dimension("station__district", "categorical", "Station district", "", ("站点区域",), "stations", "district"),
    Dimension("rider__district", "categorical", "Home district", "", ("居住区域",), "riders", "district"),
    Dimension("rider__plan", "categorical", "Plan", "", ("membership plan", "套餐", "会员类型"), "riders", "plan"),
    Dimension("rider__is_student", "categorical", "Student", "", ("学生",), "riders", "is_student"),
    Dimension("rider__age", "categorical", "Age", "", ("年龄",), "riders", "age"),
    Dimension("rider__signup_date", "time", "Signup date", "", ("注册日期",), "riders", "signup_date"),
    Dimension("bike__kind", "categorical", "Bike type", "", ("车型", "车辆类型"), "bikes", "kind"),
    Dimension("depot__city", "categorical", "Depot city", "", ("城市",), "depots", "city"),
)  # fmt: skip
_RIDES = tuple(each.name for each in DIMENSIONS if not each.name.startswith("depot"))
METRICS = (
    Metric("rides", "simple", "Rides", "Rides that ended. | 完成的骑行", "count of ride_id in rides",
           ("trips", "骑行次数", "骑行量"), "Ops", (), _RIDES),
    Metric("ride_revenue", "simple", "Ride revenue", "Money from rides, before refunds.",
           "sum of fare in rides", ("revenue", "收入", "骑行收入"), "Finance", (), _RIDES),
    Metric("refund_amount", "simple", "Refunds", "", "sum of refund in rides", ("退款金额", "退款"), None, (), _RIDES),
    Metric("active_riders", "simple", "Active riders", "", "distinct count of rider_id in rides",
           ("月活跃用户数", "活跃骑手"), "Growth", (), _RIDES),
    Metric("new_riders", "simple", "New riders", "", "count of rider_id in riders", ("新增用户数", "signups"), None, (),
           ("rider__district", "rider__plan", "rider__is_student", "rider__age", "rider__signup_date")),
    Metric("revenue_per_ride", "ratio", "Revenue per ride", "", "ride_revenue / rides", ("average fare", "单次收入", "客单价"),
           "Finance", (), _RIDES),
    Metric("cancellation_rate", "ratio", "Cancellation rate", "", "cancelled / booked", ("取消率",), None, (), _RIDES),
    Metric("average_ride_duration", "simple", "Average ride duration", "", "average of minutes in rides",
           ("平均骑行时长",), None, (), _RIDES),
    Metric("cumulative_revenue", "cumulative", "Cumulative revenue", "", "running sum of fare in rides", ("累计收入",),
           None, (), _RIDES),
    Metric("labour_cost", "simple", "Labour cost", "", "sum of labour in depots", ("人工成本",), None, (),
           ("depot__city",), "month"),
    Metric("parts_cost", "simple", "Parts cost", "", "sum of parts in depots", ("零件成本",), None, (),
           ("depot__city",), "month"),
    Metric("gross_margin", "derived", "Gross margin", "", "ride_revenue - cost", ("毛利", "毛利润"), None, (), ()),
)  # fmt: skip
TERMS = (
    Term("takings", "Another word for ride revenue", ("营收",)),
    Term("churn", "Riders without a ride for 90 days", ("流失",)),
)
_COLUMNS: Mapping[str, Mapping[str, TypeKind]] = {
    "rides": {"channel": "text", "purpose": "text", "started_at": "datetime", "fare": "number"},
    "stations": {"name": "text", "district": "text"},
    "riders": {"district": "text", "plan": "text", "is_student": "boolean", "age": "integer",
               "signup_date": "date", "language": "text"},
    "bikes": {"kind": "text"},
    "depots": {"city": "text"},
}  # fmt: skip
_VALUES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("rides", "channel"): ("app", "kiosk", "Partner Desk", "小程序"),
    ("rides", "purpose"): ("commute", "leisure", "通勤"),
    ("stations", "name"): ("Central Park", "Old Mill", "Opera", "中山路站"),
    ("stations", "district"): ("Harbour", "Riverside", "城东", "Old Mill"),
    ("riders", "district"): ("Harbour", "Hillside", "城东", "城西"),
    ("riders", "plan"): ("Annual Pass", "Casual", "年卡", "月卡"),
    ("riders", "language"): ("Dutch", "粤语"),
    ("bikes", "kind"): ("electric", "classic", "cargo", "电动车"),
    ("depots", "city"): ("Utrecht", "杭州"),
}  # fmt: skip

_COMMENTS = {"riders": "People who ride | 骑手表", "stations": "站点"}

CATALOGUE = MetricCatalogue(METRICS, {each.name: each for each in DIMENSIONS})
SCHEMA = DatabaseSchema(
    "duckdb",
    "bikes",
    tuple(
        TableSchema(
            name,
            tuple(Column(each, kind, kind) for each, kind in columns.items()),
            "main",
            comment=_COMMENTS.get(name, ""),
        )
        for name, columns in _COLUMNS.items()
    ),
    "main",
)
INDEX = ValueIndex.build(
    Place(table, column, value) for (table, column), values in _VALUES.items() for value in values
)

Ask = Callable[[str], tuple[MetricChoice, ...]]


def context(text: str) -> GenerationContext:
    """What the nodes would gather for a question over the bike rental."""
    return _gathered(
        text,
        GenerationContext(Question(text, TODAY), SCHEMA, metrics=CATALOGUE, terms=TERMS),
        INDEX,
    )


def _gathered(text: str, known: GenerationContext, index: ValueIndex) -> GenerationContext:
    times = read_times(text, today=TODAY)
    return replace(
        known, values=index.find(text), times=times.ranges, comparisons=times.comparisons
    )


@pytest.fixture
def ask() -> Ask:
    """Choose for a question over the bike rental."""
    return lambda text: choose(context(text))


@pytest.fixture
def ask_hospital() -> Ask:
    """Choose for a question over the hospital."""

    def asked(text: str) -> tuple[MetricChoice, ...]:
        known = GenerationContext(
            Question(text, TODAY), hospital.SCHEMA, metrics=hospital.CATALOGUE
        )
        return choose(_gathered(text, known, hospital.INDEX))

    return asked
