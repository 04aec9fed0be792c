"""Reading definitions: the formats, what they add for people, and every mistake with its line."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from datus.errors import ConfigError
from datus.semantic import SemanticLayer, load_texts, read_definitions
from datus.types import Metric, MetricCatalogue, MetricQuery
from tests.semantic import shop
from tests.semantic.conftest import Shop

LATEST = """
models:
  - name: orders
    semantic_model: {enabled: true, name: purchases}
    agg_time_dimension: ordered_at
    columns:
      - name: id
        entity: {type: primary, name: order}
      - name: ordered_at
        granularity: day
        dimension: {type: time}
      - name: status
        description: How far it is.
        dimension: {type: categorical, name: order_status, label: 状态, config: {meta: {synonyms: 进度}}}
    derived_semantics:
      dimensions:
        - {name: is_done, type: categorical, expr: status = 'completed'}
    metrics:
      - name: order_count
        type: simple
        label: Orders
        agg: count
        expr: id
        config: {meta: {owner: Sales, area: [sales, retail]}}
      - name: done_orders
        type: simple
        label: Done
        agg: count
        expr: id
        filter: "{{ Dimension('order__order_status') }} = 'completed'"
metrics:
  - {name: done_share, type: ratio, label: Share, numerator: done_orders, denominator: order_count}
  - name: more_than_before
    type: derived
    label: More
    expr: order_count - earlier
    input_metrics: [order_count, {name: order_count, alias: earlier, offset_window: 1 month}]
  - {name: so_far, type: cumulative, label: So far, input_metric: order_count, grain_to_date: year, period_agg: last}
"""

OSI = """
version: "0.1.1"
semantic_model:
  - name: shop
    datasets:
      - name: orders
        source: warehouse.main.orders
        primary_key: [id]
        fields:
          - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}}
          - {name: customer_id, expression: {dialects: [{dialect: ANSI_SQL, expression: customer_id}]}}
          - name: ordered_at
            dimension: {is_time: true}
            expression: {dialects: [{dialect: ANSI_SQL, expression: ordered_at}]}
      - name: customers
        source: warehouse.main.customers
        primary_key: [id]
        fields:
          - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}}
          - {name: tier, expression: {dialects: [{dialect: ANSI_SQL, expression: tier}]}}
    relationships:
      - {name: buys, from: orders, to: customers, from_columns: [customer_id], to_columns: [id]}
    metrics:
      - name: buyers
        expression: {dialects: [{dialect: ANSI_SQL, expression: COUNT(DISTINCT orders.customer_id)}]}
      - name: per_buyer
        description: Orders of a buyer.
        expression:
          dialects:
            - {dialect: ANSI_SQL, expression: (COUNT(orders.id)) / (COUNT(DISTINCT orders.customer_id))}
"""

NATIVE = """
semantic_model:
  name: orders
  node_relation: {alias: orders, schema_name: main}
  defaults: {agg_time_dimension: ordered_at}
  entities: [{name: order, type: primary, expr: id}]
  dimensions: [{name: ordered_at, type: time, type_params: {time_granularity: day}}]
  measures: [{name: order_count, agg: count, expr: id, create_metric: true}]
---
metric:
  name: orders_twice
  type: derived
  type_params: {expr: order_count * 2, metrics: [{name: order_count}]}
"""


def catalogue(text: str) -> MetricCatalogue:
    return SemanticLayer(read_definitions({"file.yml": text})).catalogue()


def metric(found: MetricCatalogue, name: str) -> Metric:
    return next(one for one in found.metrics if one.name == name)


def test_catalogue(layer: SemanticLayer) -> None:
    found = layer.catalogue()
    revenue = metric(found, "revenue")
    assert revenue.label == "Revenue | 销售额"
    assert revenue.synonyms == ("sales", "营收")
    assert (revenue.owner, revenue.area) == ("Finance", ("sales", "retail"))
    assert revenue.examples == ("Revenue by month",)
    assert revenue.definition == "sum of amount in order_items"
    assert revenue.dimensions == (
        "item__category", "item__sold_at", "order__customer__signed_up", "order__customer__tier",
        "order__ordered_at", "order__status", "order__store__store_name",
    )  # fmt: skip
    category = found.dimensions["item__category"]
    assert (category.label, category.synonyms) == ("品类", ("product type", "类别"))
    assert (category.table, category.column) == ("order_items", "category")
    assert found.dimensions["store__region__region_name"].column == "name"
    assert found.dimensions["customer__signed_up"].kind == "time"


@pytest.mark.parametrize(
    ("name", "kind", "definition"),
    [
        ("dear_sales", "simple", "number of rows where amount > 20 in order_items"),
        ("orders", "simple", "number of id in orders"),
        ("buyers", "simple", "number of distinct customer_id in orders"),
        ("middle_sale", "simple", "median of amount in order_items"),
        ("completed_orders", "simple", "number of id in orders where order__status = 'completed'"),
        ("order_value", "ratio", "revenue divided by orders"),
        ("units_per_order", "derived", "units / orders"),
        (
            "revenue_change",
            "derived",
            "(now - before) / before with now = revenue, before = revenue 1 month before",
        ),
        (
            "week_revenue",
            "cumulative",
            "revenue over the 7 days up to each day; a longer period shows its first day",
        ),
        (
            "year_revenue",
            "cumulative",
            "revenue from the start of the year to each day; a longer period shows its last day",
        ),
    ],
)
def test_definition_lines(layer: SemanticLayer, name: str, kind: str, definition: str) -> None:
    found = metric(layer.catalogue(), name)
    assert (found.kind, found.definition) == (kind, definition)


def test_latest_format_of_dbt(db: Shop) -> None:
    layer = SemanticLayer(read_definitions({"orders.yml": LATEST}))
    found = layer.catalogue()
    assert [one.name for one in found.metrics] == [
        "done_orders", "done_share", "more_than_before", "order_count", "so_far",
    ]  # fmt: skip
    assert metric(found, "order_count").area == ("sales", "retail")
    status = found.dimensions["order__order_status"]
    assert (status.column, status.label, status.synonyms) == ("status", "状态", ("进度",))
    assert found.dimensions["order__is_done"].column is None
    done = [order for order in shop.ORDERS if order[3] == "completed"]
    rows = db.ask(layer, MetricQuery(("order_count", "done_orders"), ("order__is_done",)))
    assert sorted(row[1] for row in rows) == [1, 3, len(done)]
    assert db.ask(layer, MetricQuery(("done_share",))) == [(round(len(done) / 14, 6),)]
    layer.check(db.schema)


def test_osi(db: Shop) -> None:
    layer = SemanticLayer(read_definitions({"shop.yaml": OSI}))
    assert [one.name for one in layer.catalogue().metrics] == ["buyers", "per_buyer"]
    assert db.ask(layer, MetricQuery(("buyers", "per_buyer"))) == [(4, 3.5)]
    by_tier = db.ask(layer, MetricQuery(("buyers",), ("customers__tier",)))
    assert by_tier == [("gold", 2), ("silver", 1), (None, 1)]
    layer.check(db.schema)


def test_osi_expressions_that_would_be_guessed_are_refused() -> None:
    wrong = OSI.replace("COUNT(DISTINCT orders.customer_id)}", "SUM(a) + SUM(b)}")
    with pytest.raises(ConfigError, match="neither one aggregation nor a ratio of two"):
        read_definitions({"shop.yaml": wrong})


def test_metricflows_own_documents(db: Shop) -> None:
    layer = SemanticLayer(read_definitions({"orders.yml": NATIVE}))
    assert db.ask(layer, MetricQuery(("order_count", "orders_twice"))) == [(14, 28)]


def test_names_that_are_words_of_sql(db: Shop) -> None:
    text = NATIVE.replace("order_count", "order").replace("name: orders_twice", "name: range")
    text = text.replace("{name: order, type", "{name: group, type")
    with pytest.raises(ConfigError, match=r"orders\.yml:13: 'order' is a word of SQL"):
        read_definitions({"orders.yml": text})
    text = text.replace("expr: order *", "expr: one *").replace(
        "{name: order}", "{name: order, alias: one}"
    )
    layer = SemanticLayer(read_definitions({"orders.yml": text}))
    query = MetricQuery(("order", "range"), grain="year", start=date(2024, 1, 1), compare="year")
    expected = ("2024-01-01", 9, 4, 1.25, 18, 8, 1.25)
    assert db.ask(layer, query) == [expected]


def test_conversion(db: Shop) -> None:
    """Customers who come back: of their orders, how many are followed by one within 31 days."""
    text = (
        shop.DEFINITIONS
        + """
  - name: back_again
    label: Back again
    type: conversion
    type_params:
      conversion_type_params:
        {base_measure: people, conversion_measure: order_rows, entity: customer, window: 31 days, calculation: conversions}
"""
    )
    layer = SemanticLayer(read_definitions({"shop.yml": text}))
    signed = {row[0]: row[3] for row in shop.CUSTOMERS}
    expected = sum(
        1
        for _, customer, _, _, at in shop.ORDERS
        if customer in signed and at and 0 <= (at.date() - signed[customer]).days < 31
    )
    assert db.ask(layer, MetricQuery(("back_again",))) == [(expected,)]


def test_no_definitions_are_nothing_wrong() -> None:
    assert catalogue("").metrics == ()
    assert SemanticLayer(read_definitions({})).catalogue() == MetricCatalogue()


WRONG = [
    ("a: [1\nb: 2\n", 2, "cannot be read"),
    ("- 1\n", 1, "A mapping such as semantic_models:"),
    ("semantic_models: []\nmetricz: []\n", 2, "Did you mean 'metric'"),
    ("metrics:\n  - 1\n", 2, "must be a mapping"),
    ("metrics: 1\n", 1, "must be a list"),
    ("metrics: []\nmetrics: []\n", 2, "'metrics' is written twice"),
    ("x: &a [*a]\n", 1, "is not known here"),
]


@pytest.mark.parametrize(("text", "line", "words"), WRONG)
def test_mistakes_of_form(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        read_definitions({"some.yml": text})
    assert f"some.yml:{line}: " in wrong.value.message
    assert words in wrong.value.message


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("{measure: order_rows}", "{measure: order_row}", "Did you mean 'order_rows'"),
        ("agg: count_distinct", "agg: distinct", "is not one of"),
        ("name: buyers, agg", "name: Buyers, agg", "other languages go into label"),
        ("defaults: {agg_time_dimension: signed_up}", "defaults: {agg_time_dimension: signed}", "'signed'"),
        ("type: primary, expr: id}\n      - {name: customer", "type: primery, expr: id}\n      - {name: customer", "primery"),
        ("numerator: completed_orders,", "numerator: complete_orders,", "Did you mean 'completed_orders'"),
        ("model: ref('regions')", "model: ref(regions", "write model: ref('table')"),
        ("{{ Dimension('order__status') }}", "{{ Dimension('order__status' }}", "filter"),
        ("metrics: [orders, completed_orders]", "metrics: [open_orders]", "made of itself"),
        ("{name: region_name, type: categorical, expr: name}", "{name: region_name, type: time, expr: name}", "type_params"),
        ("name: new_customers, label", "name: completed_orders, label", "is there already"),
        ("expr: units / orders", "expr: units / (orders", "cannot be read as SQL"),
    ],
)  # fmt: skip
def test_mistakes_of_meaning(right: str, wrong: str, words: str) -> None:
    """Each is found on its own line, or on the first line of what it is part of."""
    assert right in shop.DEFINITIONS
    text = shop.DEFINITIONS.replace(right, wrong)
    with pytest.raises(ConfigError) as found:
        read_definitions({"shop.yml": text})
    problems = found.value.details["problems"]
    at = text[: text.index(wrong)].count("\n") + 1
    assert any(words in one["message"] and at - 5 <= one["line"] <= at + 1 for one in problems), (
        at,
        problems,
    )
    assert "site-packages" not in found.value.message


def test_all_mistakes_at_once_and_capped() -> None:
    many = "".join(
        f"  - {{name: m{i}x, type: simple, type_params: {{measure: none}}}}\n" for i in range(30)
    )
    with pytest.raises(ConfigError) as wrong:
        read_definitions({"b.yml": "metrics:\n" + many, "a.yml": "x: 1\n"})
    lines = wrong.value.message.splitlines()
    assert lines[0] == "The metric definitions have 1 problem:"
    with pytest.raises(ConfigError) as wrong:
        read_definitions({"b.yml": "metrics:\n" + many})
    lines = wrong.value.message.splitlines()
    assert lines[0] == "The metric definitions have 30 problems:"
    assert lines[1].startswith("b.yml:2: ")
    assert lines[-1] == "and 10 more"


def test_load_texts(tmp_path: Path) -> None:
    (tmp_path / "sales").mkdir()
    (tmp_path / ".git").mkdir()
    files: dict[str, Any] = {"b.yml": "b", "sales/a.yaml": "a", ".git/x.yml": "x", "note.md": "n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert load_texts(tmp_path) == {"b.yml": "b", "sales/a.yaml": "a"}
    with pytest.raises(ConfigError, match="no such folder"):
        load_texts(tmp_path / "nowhere")
    (tmp_path / "bad.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"bad\.yml: is not UTF-8"):
        load_texts(tmp_path)
