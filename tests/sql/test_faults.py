"""Faults and doubts that names, keys and declared types show, in all four dialects."""

from typing import cast

import pytest

from datus.sql.faults import Fault, find_faults, multiplied
from datus.sql.guard import check
from datus.sql.heldvalues import check_values
from datus.sql.reading import read
from datus.sql.shape import shape_of
from datus.types import Column, DatabaseSchema, Dialect, ForeignKey, TableSchema, TypeKind

DIALECTS: tuple[Dialect, ...] = ("sqlite", "duckdb", "postgresql", "mysql")


def table(
    name: str, key: tuple[str, ...], keys: tuple[ForeignKey, ...], **kinds: str
) -> TableSchema:
    columns = tuple(Column(each, kind, cast(TypeKind, kind)) for each, kind in kinds.items())
    return TableSchema(name, columns, primary_key=key, foreign_keys=keys)


def schema(dialect: Dialect) -> DatabaseSchema:
    to_order = ForeignKey(("order_id",), "orders", ("id",))
    return DatabaseSchema(
        dialect,
        "shop",
        (
            table("orders", ("id",), (), id="integer", day="date", paid="boolean", city="text", fee="number"),
            table("lines", ("order_id", "no"), (to_order,), order_id="integer", no="integer", price="number"),
            table("客户", ("编号",), (), 编号="integer", 城市="text"),
        ),
    )  # fmt: skip


def held(table: str, column: str) -> tuple[str, ...] | None:
    return {
        ("orders", "city"): ("Rome", "Paris", "São Paulo"),
        ("客户", "城市"): ("北京", "上海"),
    }.get((table, column))


def faults(sql: str, dialect: Dialect) -> list[Fault]:
    reading = read(check(sql, schema(dialect)).sql, schema(dialect))
    assert reading is not None
    return [*find_faults(reading), *check_values(reading, held), *multiplied(reading)]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("sql", "reason", "told"),
    [
        ("SELECT id FROM orders WHERE id = 'many'", "type", "orders.id"),
        ("SELECT id FROM orders WHERE 'many' = id", "type", "orders.id"),
        ("SELECT id FROM orders WHERE id IN (1, 'two')", "type", "'two'"),
        ("SELECT id FROM orders WHERE day = 'soon'", "type", "no date"),
        ("SELECT id FROM orders WHERE day >= 2023", "type", "number 2023"),
        ("SELECT id FROM orders WHERE paid = 'maybe'", "type", "true or false"),
        ("SELECT q.id FROM (SELECT id FROM orders) AS q WHERE q.id = 'x'", "type", "orders.id"),
        ("SELECT fee FROM orders JOIN lines ON orders.city = lines.no", "type", "a text"),
        ("SELECT fee FROM orders WHERE sum(fee) > 1", "aggregate", "HAVING"),
        ("SELECT no FROM lines AS a JOIN lines AS b USING (order_id)", "ambiguous", "a and b"),
        ("SELECT id FROM orders WHERE fee BETWEEN 5 AND 1", "impossible", "swap"),
        ("SELECT id FROM orders WHERE id = 1 AND id = 2", "impossible", "OR or IN"),
        ("SELECT id FROM orders WHERE upper(city) = 'Rome'", "impossible", "capitals"),
        ("SELECT id FROM orders WHERE city = 'Roma'", "value", "'Rome'"),
        ("SELECT id FROM orders WHERE city IN ('Paris', 'Parsi')", "value", "'Paris'"),
        ("SELECT 编号 FROM 客户 WHERE 城市 = '北京市'", "value", "'北京'"),
        ("SELECT sum(fee) AS s FROM orders JOIN lines ON id = order_id", "fan_out", "lines"),
    ],
)
def test_faults(sql: str, reason: str, told: str, dialect: Dialect) -> None:
    [fault] = faults(sql, dialect)
    assert fault.reason == reason
    assert told in fault.message


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT sum(price) AS s FROM orders JOIN lines ON id = order_id",
        "SELECT sum(fee) AS s, max(fee) AS m FROM orders",
        "SELECT sum(DISTINCT fee) AS s FROM orders JOIN lines ON id = order_id",
        "SELECT city, count(*) AS n FROM orders GROUP BY city HAVING count(*) > 1 ORDER BY n",
        "SELECT id FROM orders WHERE day >= '2023-01-01' AND id = '7' AND paid = 'true'",
        "SELECT id FROM orders WHERE city = 'Rome' OR city = 'Paris'",
        "SELECT id FROM orders WHERE NOT (id = 1 AND id = 2)",
        "SELECT id FROM orders WHERE city LIKE '%rome%'",
        "SELECT id FROM orders WHERE lower(city) = 'rome'",
        "SELECT a.city FROM orders AS a JOIN orders AS b ON a.id = b.id ORDER BY a.city",
        "SELECT 编号 FROM 客户 WHERE 城市 = '上海'",
        "SELECT city, sum(fee) OVER (PARTITION BY city) AS s FROM orders",
        "SELECT 1 AS one",
    ],
)
def test_right_sql_has_none(sql: str, dialect: Dialect) -> None:
    assert faults(sql, dialect) == []


def test_case_is_no_fault_where_the_database_ignores_it() -> None:
    sql = "SELECT id FROM orders WHERE city = 'ROME'"
    assert faults(sql, "mysql") == []
    assert [fault.nearest for fault in faults(sql, "postgresql")] == [("Rome",)]


def test_a_whole_date_may_be_written_as_a_number_in_mysql_and_seconds_in_sqlite() -> None:
    assert faults("SELECT id FROM orders WHERE day > 20230131", "mysql") == []
    assert faults("SELECT id FROM orders WHERE day > 1700000000", "sqlite") == []
    assert faults("SELECT id FROM orders WHERE day > 20230131", "postgresql") != []


@pytest.mark.parametrize(
    ("sql", "dialect", "grains"),
    [
        ("SELECT strftime('%Y-%m', day) AS m FROM orders", "sqlite", {"year", "month"}),
        ("SELECT date_trunc('quarter', day) AS q FROM orders", "duckdb", {"quarter"}),
        ("SELECT extract(year FROM day) AS y FROM orders", "postgresql", {"year"}),
        ("SELECT month(day) AS m FROM orders", "mysql", {"month"}),
        ("SELECT date_format(day, '%Y-%m-%d') AS m FROM orders", "mysql", {"year", "month", "day"}),
        ("SELECT substr(day, 1, 4) AS y FROM orders", "sqlite", {"year"}),
    ],
)
def test_the_grain_of_time_is_read(sql: str, dialect: Dialect, grains: set[str]) -> None:
    reading = read(check(sql, schema(dialect)).sql, schema(dialect))
    assert reading is not None
    assert shape_of(reading).grains == grains
