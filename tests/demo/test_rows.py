"""The same data each time, and data that does not contradict itself."""

from pathlib import Path

import duckdb
import pytest

from datus.demo import build
from datus.demo.schema import TABLES

# The md5 of each table's rows in the order of its key. A change here asks for a new DATA_VERSION.
DIGESTS = {
    "regions": "f855550543a6778dccb5f580fce06ac2",
    "stores": "742b158cf299346935e18f2a428a6aae",
    "categories": "c759a6260e991725f617e776df369ffe",
    "products": "2bfd396a022fd20d9db5a35db7f06c81",
    "customers": "a6bfd7327b8baf5dbdcaa4ab2c538fd8",
    "orders": "f772cc7d2d6904ae424fcb7de346c156",
    "order_items": "fe021ba16dd3bda4c8809159f4401db7",
    "payments": "2c159d77e6686fb9884a68f189e25f73",
    "returns": "f4d991f4a98092e99c56f55820c98faa",
    "web_visits": "3d568da5275da7b002a5f06c0049081b",
}

COUNTS = {
    "regions": 8,
    "stores": 24,
    "categories": 10,
    "products": 240,
    "customers": 12_000,
    "orders": 80_000,
    "web_visits": 120_000,
}


def digests(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    found = {}
    for table in TABLES:
        key = table.columns[0].name
        cells = ", ".join(f"coalesce({column.name}::VARCHAR, '~')" for column in table.columns)
        query = f"SELECT md5(string_agg(concat_ws('|', {cells}), chr(10) ORDER BY {key})) FROM {table.name}"
        (found[table.name],) = connection.execute(query).fetchone() or ("",)
    return found


def test_the_rows_are_these(connection: duckdb.DuckDBPyConnection) -> None:
    assert digests(connection) == DIGESTS


def test_two_builds_agree(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    other = tmp_path / "other.duckdb"
    build(other, lambda name, done, total: None)
    with duckdb.connect(other, read_only=True) as second:
        assert digests(second) == digests(connection)


def test_the_shop_has_the_promised_size(shop: Path, connection: duckdb.DuckDBPyConnection) -> None:
    for table, count in COUNTS.items():
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,)
    (items,) = connection.execute("SELECT count(*) FROM order_items").fetchone() or (0,)
    assert 190_000 <= items <= 210_000
    assert shop.stat().st_size < 30_000_000


def test_orders_span_three_years_without_a_gap(connection: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT min(order_date)::VARCHAR, max(order_date)::VARCHAR, count(DISTINCT order_date) FROM orders"
    assert connection.execute(query).fetchone() == ("2021-01-15", "2024-01-14", 1095)


def test_business_grows_and_has_a_season(connection: duckdb.DuckDBPyConnection) -> None:
    sales = dict(
        connection.execute(
            "SELECT strftime(order_date, '%Y-%m'), sum(amount) FROM orders JOIN order_items"
            " USING (order_id) WHERE year(order_date) < 2024 GROUP BY 1"
        ).fetchall()
    )
    assert sales["2021-12"] < sales["2022-12"] < sales["2023-12"]
    assert all(
        sales[f"{year}-12"] > 1.3 * float(sales[f"{year}-09"]) for year in (2021, 2022, 2023)
    )


CONTRADICTIONS = {
    "a line whose amount is not quantity x price - discount": "SELECT 1 FROM order_items"
    " WHERE abs(amount - quantity * unit_price * (1 - discount)) > 0.005",
    "a customer who ordered before signing up": "SELECT 1 FROM orders JOIN customers"
    " USING (customer_id) WHERE order_date < signup_date",
    "a visitor known before signing up": "SELECT 1 FROM web_visits JOIN customers"
    " USING (customer_id) WHERE visited_at < signup_date",
    "an order in another region than its customer's": "SELECT 1 FROM orders JOIN customers"
    " USING (customer_id) WHERE orders.region_id <> customers.region_id",
    "an order in another region than its store's": "SELECT 1 FROM orders JOIN stores"
    " USING (store_id) WHERE orders.region_id <> stores.region_id",
    "a sale before the store opened": "SELECT 1 FROM orders JOIN stores USING (store_id)"
    " WHERE order_date < open_date",
    "an online order with a store, or a store order without one": "SELECT 1 FROM orders"
    " WHERE (channel = 'online') <> (store_id IS NULL)",
    "a sale before the product's launch": "SELECT 1 FROM order_items JOIN orders USING (order_id)"
    " JOIN products USING (product_id) WHERE order_date < launch_date",
    "more returned than sold": "SELECT 1 FROM returns JOIN order_items USING (order_item_id)"
    " WHERE returns.quantity > order_items.quantity OR refund_amount > amount",
    "a return of what was not delivered": "SELECT 1 FROM returns JOIN order_items"
    " USING (order_item_id) JOIN orders USING (order_id) WHERE status <> 'completed' OR return_date <= order_date",
    "an order without a line": "SELECT 1 FROM orders ANTI JOIN order_items USING (order_id)",
    "a payment that is not the order's total": "SELECT 1 FROM payments JOIN orders USING (order_id) JOIN"
    " (SELECT order_id, sum(amount) AS total FROM order_items GROUP BY 1) USING (order_id)"
    " WHERE payment_amount <> total + shipping_fee",
    "an order paid twice": "SELECT 1 FROM payments WHERE status <> 'failed'"
    " GROUP BY order_id HAVING count(*) > 1",
    "a completed order without a payment": "SELECT 1 FROM orders ANTI JOIN"
    " (SELECT * FROM payments WHERE status = 'paid') AS paid USING (order_id) WHERE status = 'completed'",
    "something after the last day": "SELECT 1 FROM (SELECT max(ship_date) AS ship_date FROM orders),"
    " (SELECT max(return_date) AS return_date FROM returns), (SELECT max(visited_at) AS visited_at FROM web_visits)"
    " WHERE ship_date > DATE '2024-01-14' OR return_date > DATE '2024-01-14' OR visited_at >= DATE '2024-01-15'",
    "two customers of one name": "SELECT 1 FROM customers GROUP BY customer_name HAVING count(*) > 1",
    "two products of one name": "SELECT 1 FROM products GROUP BY product_name HAVING count(*) > 1",
    "a product that costs more than its price": "SELECT 1 FROM products WHERE cost >= price",
    "a child among the customers": "SELECT 1 FROM customers WHERE birth_date > signup_date - INTERVAL 18 YEARS",
}


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_there_is_no(what: str, connection: duckdb.DuckDBPyConnection) -> None:
    assert connection.execute(f"{CONTRADICTIONS[what]} LIMIT 1").fetchall() == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM products ANTI JOIN order_items USING (product_id)",
        "SELECT * FROM customers ANTI JOIN orders USING (customer_id)",
        "SELECT * FROM orders ANTI JOIN payments USING (order_id)",
        "SELECT * FROM customers WHERE birth_date IS NULL",
        "SELECT * FROM web_visits WHERE customer_id IS NULL",
        "SELECT * FROM products WHERE NOT is_active",
    ],
)
def test_absence_can_be_asked_for(query: str, connection: duckdb.DuckDBPyConnection) -> None:
    assert connection.execute(f"{query} LIMIT 1").fetchone() is not None
