"""What a query may ask, what is refused and why, and that equal queries give equal text."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from datus.errors import ConfigError, InvalidRequestError, RefusalError
from datus.semantic import SemanticLayer, Target, read_definitions
from datus.types import MetricFilter, MetricOrder, MetricQuery
from tests.semantic import shop
from tests.semantic.conftest import database_schema

TEXT_ONLY: tuple[Target, ...] = ("snowflake", "bigquery", "databricks", "redshift", "trino")
RANGE: dict[str, Any] = {"start": date(2024, 1, 1), "end": date(2024, 4, 1)}
QUERIES = (
    MetricQuery(("revenue",)),
    MetricQuery(("revenue", "orders"), ("order__status",), grain="week", **RANGE),
    MetricQuery(("order_value", "completed_share"), grain="month", **RANGE, compare="year"),
    MetricQuery(("week_revenue", "running_revenue"), grain="month", **RANGE),
    MetricQuery(("year_revenue",), ("item__category",), grain="quarter"),
    MetricQuery(("revenue_change", "filled_orders"), grain="month", **RANGE),
    MetricQuery(
        ("buyers",),
        ("customer__signed_up__year",),
        filters=(MetricFilter("customer__tier", "in", ("gold", "it's")),),
        order=(MetricOrder("buyers", True),),
        limit=5,
        **RANGE,
        compare="previous",
    ),
)


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        (MetricQuery(()), "metrics", "names no metric"),
        (MetricQuery(("revenu",)), "metrics", "nearest are revenue"),
        (MetricQuery(("revenue", "revenue")), "metrics", "twice"),
        (MetricQuery(("orders",), ("order__statuss",)), "dimensions", "nearest are order__status"),
        (MetricQuery(("orders",), ("status",)), "dimensions", "nearest are order__status"),
        (MetricQuery(("orders",), ("metric_time",)), "dimensions", "grain, start and end"),
        (MetricQuery(("orders",), ("order__status__month",)), "dimensions", "no time"),
        (MetricQuery(("orders",), start=date(2024, 1, 1), end=date(2024, 1, 1)), "end", "empty"),
        (MetricQuery(("orders",), start=date(1, 1, 1)), "start", "outside the years"),
        (MetricQuery(("orders",), limit=0), "limit", "between 1 and"),
        (MetricQuery(("orders",), limit=10**9), "limit", "between 1 and"),
        (MetricQuery(("orders",), order=(MetricOrder("revenue"),)), "order", "no column"),
        (MetricQuery(("week_revenue",), **RANGE), "grain", "give a grain"),
        (MetricQuery(("revenue_change",), **RANGE), "grain", "give a grain"),
        (MetricQuery(("running_revenue", "orders"), **RANGE), "grain", "ask for them apart"),
        (
            MetricQuery(("orders",), filters=(MetricFilter("order__status", "=", ()),)),
            "filters",
            "needs one value",
        ),
        (
            MetricQuery(("orders",), filters=(MetricFilter("order__status", "in", ()),)),
            "filters",
            "at least one value",
        ),
        (
            MetricQuery(("orders",), filters=(MetricFilter("order__ordered_at", ">", ("soon",)),)),
            "filters",
            "no day like",
        ),
        (
            MetricQuery(("orders",), filters=(MetricFilter("order__id", "=", (float("nan"),)),)),
            "filters",
            "no dimension",
        ),
        (
            MetricQuery(
                ("orders",), filters=(MetricFilter("order__status", "=", (float("inf"),)),)
            ),
            "filters",
            "has the value inf",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_does_not_fit(
    layer: SemanticLayer, query: MetricQuery, field: str, words: str
) -> None:
    with pytest.raises(InvalidRequestError, match=words) as wrong:
        layer.compile(query, "duckdb")
    assert wrong.value.details["field"] == field


@pytest.mark.parametrize("at", ["dimensions", "filters"])
def test_fan_out_is_refused_with_a_way_out(layer: SemanticLayer, at: str) -> None:
    """Orders by the category of their items: an order with two items would count twice."""
    asked: dict[str, Any] = {"dimensions": ("item__category",)}
    if at == "filters":
        asked = {"filters": (MetricFilter("item__category", "=", ("tea",)),)}
    with pytest.raises(RefusalError) as refused:
        layer.compile(MetricQuery(("orders",), **asked), "postgresql")
    assert refused.value.code == "unanswerable"
    assert "orders cannot be split by item__category" in refused.value.message
    assert "counting rows more than once" in refused.value.message
    assert "order__status" in refused.value.details["dimensions"]
    assert "mean_sale" in refused.value.details["metrics"]


def test_metrics_coarser_than_days() -> None:
    monthly = shop.DEFINITIONS.replace(
        "{name: sold_at, type: time, type_params: {time_granularity: day}}",
        "{name: sold_at, type: time, type_params: {time_granularity: month}}",
    )
    layer = SemanticLayer(read_definitions({"shop.yml": monthly}))
    assert next(m for m in layer.catalogue().metrics if m.name == "revenue").grain == "month"
    with pytest.raises(InvalidRequestError, match="known by month, not by day"):
        layer.compile(MetricQuery(("revenue",), grain="day"), "duckdb")
    with pytest.raises(InvalidRequestError, match="must begin one"):
        layer.compile(MetricQuery(("revenue",), start=date(2024, 1, 15)), "duckdb")
    layer.compile(MetricQuery(("revenue",), grain="month", **RANGE), "duckdb")


def test_values_keep_their_types(layer: SemanticLayer) -> None:
    def sql(value: str | int | float | bool, target: Target = "postgresql") -> str:
        condition = MetricFilter("customer__tier", "=", (value,))
        return layer.compile(MetricQuery(("orders",), filters=(condition,)), target).sql

    assert "= TRUE" in sql(True)
    assert "= 1" in sql(True, "sqlite")
    assert "= 1" in sql(1)
    assert "= -1.5" in sql(-1.5)
    assert "= '1'" in sql("1")


@pytest.mark.parametrize("target", TEXT_ONLY)
def test_text_for_the_other_databases(layer: SemanticLayer, target: Target) -> None:
    for query in QUERIES:
        compiled = layer.compile(query, target)
        tree = sqlglot.parse_one(compiled.sql, dialect=target)
        assert isinstance(tree, exp.Select)
        assert [one.alias_or_name for one in tree.expressions] == list(compiled.columns)
        assert tree.find(exp.Command) is None
        assert "DATUS" not in compiled.sql.upper().replace("DATUS_VALUE", "DATUS")
        tables = {table.name for table in tree.find_all(exp.Table)}
        assert tables & shop.DDL.keys()
        assert tree.sql(dialect=target) == compiled.sql


def test_windows_and_times_of_the_other_databases(layer: SemanticLayer) -> None:
    query = MetricQuery(("week_revenue",), grain="day", **RANGE)
    shifted = {
        "snowflake": "DATEADD(DAY, -7,",
        "bigquery": "INTERVAL 7 DAY",
        "databricks": "DATE_ADD(DAY, -7,",
        "redshift": "DATEADD(DAY, -7,",
        "trino": "DATE_ADD('DAY', -7,",
    }
    for target in TEXT_ONLY:
        sql = layer.compile(query, target).sql.replace("'7'", "7")
        assert shifted[target] in sql, sql
        first = "CAST('2024-01-01' AS TIMESTAMP)" if target == "trino" else "'2024-01-01'"
        assert f">= {first}" in sql


def test_tables_are_named_as_the_database_names_them() -> None:
    written = shop.DEFINITIONS.replace("ref('orders')", "source('Raw', 'Order Log')")
    layer = SemanticLayer(read_definitions({"shop.yml": written}))
    query = MetricQuery(("orders",))
    assert 'FROM "Raw"."Order Log" AS' in layer.compile(query, "postgresql").sql
    assert "FROM `Raw`.`Order Log` AS" in layer.compile(query, "mysql").sql
    assert 'FROM "Order Log" AS' in layer.compile(query, "sqlite").sql
    with pytest.raises(ConfigError, match=r"shop\.yml:\d+: .* has no table 'Raw.Order Log'"):
        layer.compile(query, "duckdb", schema=database_schema("duckdb"))


def test_check_names_what_the_database_lacks() -> None:
    wrong = shop.DEFINITIONS.replace("expr: order_id}", "expr: ordr_id}")
    wrong = wrong.replace("ref('stores')", "ref('store')")
    layer = SemanticLayer(read_definitions({"a/shop.yml": wrong}))
    with pytest.raises(ConfigError) as found:
        layer.check(database_schema("mysql"))
    lines = [one["line"] for one in found.value.details["problems"]]
    texts = wrong.splitlines()
    assert ["ordr_id" in texts[lines[0] - 1], "ref('store')" in texts[lines[1] - 1]] == [True, True]
    assert "The nearest are order_id" in found.value.message
    assert "The nearest are stores" in found.value.message
    SemanticLayer(read_definitions({"shop.yml": shop.DEFINITIONS})).check(database_schema("sqlite"))


def test_check_finds_filters_that_lead_nowhere() -> None:
    wrong = shop.DEFINITIONS.replace("Dimension('order__status')", "Dimension('item__category')")
    layer = SemanticLayer(read_definitions({"shop.yml": wrong}))
    with pytest.raises(ConfigError, match=r"Dimension\('item__category'\)") as found:
        layer.check(database_schema("duckdb"))
    assert len(found.value.details["problems"]) == 1, "what is made of it is not named again"


_PRINT = """
import sys
from datus.semantic import SemanticLayer, read_definitions
from tests.semantic import shop
from tests.semantic.test_requests import QUERIES
layer = SemanticLayer(read_definitions({"shop.yml": shop.DEFINITIONS}))
asked = QUERIES[1:6:2]
order = asked if sys.argv[1] == "1" else tuple(reversed(asked))
found = {repr(query): [layer.compile(query, t).sql for t in ("duckdb", "mysql")] for query in order}
sys.stdout.write(repr([found[repr(query)] for query in asked]))
"""


def test_equal_queries_give_equal_text_in_every_process() -> None:
    """Whatever was asked before, and however strings are hashed."""
    texts = [
        subprocess.run(
            [sys.executable, "-c", _PRINT, seed],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert texts[0] == texts[1]
    assert len(texts[0]) > 5_000


def test_many_threads_at_once() -> None:
    layer = SemanticLayer(read_definitions({"shop.yml": shop.DEFINITIONS}))
    alone = SemanticLayer(read_definitions({"shop.yml": shop.DEFINITIONS}))
    expected = [alone.compile(query, "duckdb") for query in QUERIES[:4]]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda query: layer.compile(query, "duckdb"), QUERIES[:4] * 2))
    assert found == expected * 2


def test_a_query_compiled_before_is_kept(layer: SemanticLayer) -> None:
    query = MetricQuery(("revenue",), grain="month")
    assert layer.compile(query, "duckdb") is layer.compile(query, "duckdb")
    assert layer.compile(query, "duckdb") is not layer.compile(query, "sqlite")


def test_the_package_is_cheap_to_import() -> None:
    code = "import sys, datus.semantic; sys.exit('metricflow' in ''.join(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
