"""A small made shop with the awkward cases: NULLs, orders without items, buyers of nothing, a year's turn."""

from datetime import date, datetime
from typing import Any

REGIONS = [(1, "North"), (2, "South"), (3, None)]
STORES = [(1, "Main", 1), (2, "Harbour", 2), (3, "Orphan", None)]
CUSTOMERS = [
    (1, "gold", 1, date(2023, 1, 5)),
    (2, "silver", 2, date(2023, 12, 31)),
    (3, None, 2, date(2024, 1, 1)),
    (4, "gold", None, date(2024, 2, 29)),
    (5, "silver", 3, date(2024, 3, 31)),  # never buys
]
# id, customer, store, status, ordered at; 2023-12-31 is a Sunday, 2024-01-01 a Monday
ORDERS = [
    (1, 1, 1, "completed", datetime(2023, 1, 10, 9, 0)),
    (2, 1, 2, "completed", datetime(2023, 2, 28, 23, 59, 59)),
    (3, 2, 1, "completed", datetime(2023, 3, 31, 12, 0)),
    (4, 2, 1, "cancelled", datetime(2023, 12, 31, 23, 30)),
    (5, 3, 2, "completed", datetime(2024, 1, 1, 0, 0)),
    (6, 1, 1, "completed", datetime(2024, 1, 31, 8, 0)),
    (7, 1, 1, "returned", datetime(2024, 1, 31, 9, 0)),
    (8, 4, 3, "completed", datetime(2024, 2, 29, 10, 0)),
    (9, None, 2, "completed", datetime(2024, 3, 15, 10, 0)),
    (10, 2, None, None, datetime(2024, 3, 30, 10, 0)),
    (11, 2, 1, "completed", datetime(2024, 3, 31, 23, 59)),
    (12, 3, 2, "completed", datetime(2024, 7, 1, 0, 0)),  # no items
    (13, 3, 2, "o'brien", datetime(2024, 7, 2, 1, 0)),
    (14, 1, 1, "completed", None),  # never dated
]
# id, order, category, quantity, amount
ITEMS = [
    (1, 1, "tea", 1, 10.0),
    (2, 1, "tea", 1, 10.0),  # the same again
    (3, 2, "cup", 2, 25.5),
    (4, 3, "tea", 3, 30.0),
    (5, 4, "cup", 1, 12.0),
    (6, 5, "tea", 1, 8.0),
    (7, 6, "cup", 4, 44.0),
    (8, 6, "tea", 1, 11.0),
    (9, 7, None, 1, 7.0),
    (10, 8, "tea", 2, None),  # price missing
    (11, 9, "cup", 1, 15.0),
    (12, 10, "tea", 5, 50.0),
    (13, 11, "cup", 2, 24.0),
    (14, 13, "tea", 1, 9.0),
    (15, 14, "tea", 1, 100.0),
]

DDL = {
    "regions": "id INTEGER PRIMARY KEY, name VARCHAR(20)",
    "stores": "id INTEGER PRIMARY KEY, name VARCHAR(20), region_id INTEGER",
    "customers": "id INTEGER PRIMARY KEY, tier VARCHAR(20), region_id INTEGER, signed_up DATE",
    "orders": "id INTEGER PRIMARY KEY, customer_id INTEGER, store_id INTEGER,"
    " status VARCHAR(20), ordered_at {timestamp}",
    "order_items": "id INTEGER PRIMARY KEY, order_id INTEGER, category VARCHAR(20),"
    " quantity INTEGER, amount {number}, sold_at {timestamp}",
}


def rows() -> dict[str, list[tuple[Any, ...]]]:
    when = {order[0]: order[4] for order in ORDERS}
    items = [(*item, when[item[1]]) for item in ITEMS]
    return {
        "regions": REGIONS,
        "stores": STORES,
        "customers": CUSTOMERS,
        "orders": ORDERS,
        "order_items": items,
    }


DEFINITIONS = """
semantic_models:
  - name: order_items
    model: ref('order_items')
    defaults: {agg_time_dimension: sold_at}
    entities:
      - {name: item, type: primary, expr: id}
      - {name: order, type: foreign, expr: order_id}
    dimensions:
      - {name: sold_at, type: time, type_params: {time_granularity: day}}
      - name: category
        type: categorical
        label: 品类
        config: {meta: {synonyms: [product type, 类别]}}
    measures:
      - {name: amount, agg: sum, expr: amount}
      - {name: quantity, agg: sum}
      - {name: biggest, agg: max, expr: amount}
      - {name: smallest, agg: min, expr: amount}
      - {name: mean, agg: average, expr: amount}
      - {name: middle, agg: median, expr: amount}
      - {name: dear, agg: sum_boolean, expr: amount > 20}
  - name: orders
    model: ref('orders')
    defaults: {agg_time_dimension: ordered_at}
    entities:
      - {name: order, type: primary, expr: id}
      - {name: customer, type: foreign, expr: customer_id}
      - {name: store, type: foreign, expr: store_id}
    dimensions:
      - {name: ordered_at, type: time, type_params: {time_granularity: day}}
      - {name: status, type: categorical}
    measures:
      - {name: order_rows, agg: count, expr: id}
      - {name: buyers, agg: count_distinct, expr: customer_id}
  - name: customers
    model: ref('customers')
    defaults: {agg_time_dimension: signed_up}
    entities:
      - {name: customer, type: primary, expr: id}
      - {name: region, type: foreign, expr: region_id}
    dimensions:
      - {name: tier, type: categorical}
      - {name: signed_up, type: time, type_params: {time_granularity: day}}
    measures:
      - {name: people, agg: count, expr: id}
  - name: stores
    model: ref('stores')
    entities:
      - {name: store, type: primary, expr: id}
      - {name: region, type: foreign, expr: region_id}
    dimensions:
      - {name: store_name, type: categorical, expr: name}
  - name: regions
    model: ref('regions')
    entities:
      - {name: region, type: primary, expr: id}
    dimensions:
      - {name: region_name, type: categorical, expr: name}

metrics:
  - name: revenue
    label: Revenue | 销售额
    description: All that was sold.
    type: simple
    type_params: {measure: amount}
    config:
      meta: {synonyms: [sales, 营收], owner: Finance, area: sales/retail, examples: [Revenue by month]}
  - {name: units, label: Units, type: simple, type_params: {measure: quantity}}
  - {name: biggest_sale, label: Biggest, type: simple, type_params: {measure: biggest}}
  - {name: smallest_sale, label: Smallest, type: simple, type_params: {measure: smallest}}
  - {name: mean_sale, label: Mean, type: simple, type_params: {measure: mean}}
  - {name: middle_sale, label: Median, type: simple, type_params: {measure: middle}}
  - {name: dear_sales, label: Dear, type: simple, type_params: {measure: dear}}
  - {name: orders, label: Orders, type: simple, type_params: {measure: order_rows}}
  - name: completed_orders
    label: Completed orders
    type: simple
    type_params: {measure: order_rows}
    filter: "{{ Dimension('order__status') }} = 'completed'"
  - {name: buyers, label: Buyers, type: simple, type_params: {measure: buyers}}
  - {name: new_customers, label: New customers, type: simple, type_params: {measure: people}}
  - name: filled_orders
    label: Orders, with zeros
    type: simple
    type_params: {measure: {name: order_rows, fill_nulls_with: 0, join_to_timespine: true}}
  - name: order_value
    label: Average order value
    type: ratio
    type_params: {numerator: revenue, denominator: orders}
  - name: completed_share
    label: Completed share
    type: ratio
    type_params: {numerator: completed_orders, denominator: orders}
  - name: open_orders
    label: Not completed
    type: derived
    type_params: {expr: orders - completed_orders, metrics: [orders, completed_orders]}
  - name: units_per_order
    label: Units per order
    type: derived
    type_params: {expr: units / orders, metrics: [units, orders]}
  - name: revenue_change
    label: Change of revenue
    type: derived
    type_params:
      expr: (now - before) / before
      metrics: [{name: revenue, alias: now}, {name: revenue, alias: before, offset_window: 1 month}]
  - name: since_month_start
    label: Since the start of the year
    type: derived
    type_params:
      expr: now - before
      metrics: [{name: revenue, alias: now}, {name: revenue, alias: before, offset_to_grain: year}]
  - name: running_revenue
    label: Running revenue
    type: cumulative
    type_params: {measure: amount}
  - name: week_revenue
    label: Revenue of seven days
    type: cumulative
    type_params: {measure: amount, cumulative_type_params: {window: 7 days}}
  - name: recent_buyers
    label: Buyers of 31 days
    type: cumulative
    type_params: {measure: buyers, cumulative_type_params: {window: 31 days}}
  - name: recent_mean
    label: Mean of 31 days
    type: cumulative
    type_params: {measure: mean, cumulative_type_params: {window: 31 days}}
  - name: year_revenue
    label: Year to date
    type: cumulative
    type_params: {measure: amount, cumulative_type_params: {grain_to_date: year, period_agg: last}}
"""
