"""A build over a database server: comments, keys and row estimates reach the version."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from psycopg import sql

from datus.config import load_settings
from datus.connectors.registry import Connectors
from datus.knowledge.build import Built, build
from datus.knowledge.content import DatabaseContent
from datus.knowledge.file import KnowledgeFile
from datus.knowledge.versions import Versions

POSTGRESQL = """
CREATE TABLE customer (customer_id integer PRIMARY KEY, name text, phone text);
CREATE SCHEMA sales;
CREATE TABLE sales.orders (id integer PRIMARY KEY, customer_id integer REFERENCES customer, channel text);
CREATE TABLE review (review_id integer PRIMARY KEY, customer_id integer, said text);
COMMENT ON TABLE sales.orders IS 'Orders | 订单';
COMMENT ON COLUMN sales.orders.channel IS 'Channel: w=web, s=shop | 渠道：w=线上、s=门店';
INSERT INTO customer VALUES (1, 'Amelie Stark', '030-1'), (2, 'Bo Lind', '030-2');
INSERT INTO sales.orders SELECT n, 1, CASE WHEN n % 2 = 0 THEN 'w' ELSE 's' END FROM generate_series(1, 500) n;
ANALYZE;
"""
MYSQL = (
    "CREATE TABLE customer (customer_id INT PRIMARY KEY, name VARCHAR(40), phone VARCHAR(40))",
    "CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT REFERENCES customer (customer_id),"
    " channel CHAR(1) COMMENT 'Channel: w=web, s=shop | 渠道：w=线上、s=门店') COMMENT 'Orders | 订单'",
    "CREATE TABLE review (review_id INT PRIMARY KEY, customer_id INT, said TEXT)",
    "INSERT INTO customer VALUES (1, 'Amelie Stark', '030-1'), (2, 'Bo Lind', '030-2')",
    "INSERT INTO orders VALUES (1, 1, 'w'), (2, 1, 's'), (3, 1, 'w')",
    "ANALYZE TABLE customer, orders, review",
)


@pytest.fixture
def postgresql(connect_postgresql: Callable[[], psycopg.Connection]) -> Iterator[str]:
    name = f"datus_test_{secrets.token_hex(4)}"
    with connect_postgresql() as server:
        server.execute(sql.SQL(f"CREATE DATABASE {name}"))
        try:
            with psycopg.connect(host="127.0.0.1", user="postgres", dbname=name) as connection:
                connection.execute(POSTGRESQL)
            yield f"{{type: postgresql, uri: 'postgresql://postgres@127.0.0.1/{name}'}}"
        finally:
            server.execute(sql.SQL(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def mysql(connect_mysql: Callable[[], "pymysql.Connection[Any]"]) -> Iterator[str]:
    name = f"datus_test_{secrets.token_hex(4)}"
    server = connect_mysql()
    with server, server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            cursor.execute(f"USE {name}")
            for statement in MYSQL:
                cursor.execute(statement)
            yield f"{{type: mysql, uri: 'mysql://root@127.0.0.1/{name}'}}"
        finally:
            cursor.execute(f"DROP DATABASE {name}")


async def built(folder: Path, space: str) -> tuple[Built, Built, DatabaseContent]:
    """A build, the next one, and what stands in its version."""
    exclude = "knowledge: {values_exclude: [customer.phone]}}"
    (folder / "agent.yml").write_text(f"agent: {{namespace: {{n: {space[:-1]}, {exclude}}}}}")
    settings = load_settings(folder / "agent.yml", env={}, home=folder, cwd=folder)
    connectors = Connectors(settings)
    try:
        first, second = [
            await build(connectors, settings, settings.namespaces["n"], embedder=None)
            for _ in range(2)
        ]
    finally:
        await connectors.close()
    file = KnowledgeFile(Versions(settings.knowledge_path, "n").path(str(second.version)))
    try:
        return first, second, file.content(file.databases()[0])
    finally:
        file.close()


def check(first: Built, second: Built, known: DatabaseContent, orders_name: str) -> None:
    assert (first.fresh, second.fresh, first.problems) == (True, False, ())
    tables = {known.schema.name_of(table): table for table in known.schema.tables}
    orders, review = tables[orders_name], tables["review"]
    assert orders.comment == "Orders | 订单"
    assert "渠道" in {column.name: column.comment for column in orders.columns}["channel"]
    assert orders.row_estimate
    assert [key.ref_table for key in orders.foreign_keys] == ["customer"]
    assert [key.ref_table for key in review.foreign_keys] == ["customer"]  # inferred
    assert {place.value for place in known.places if place.table == "customer"} == {
        "Amelie Stark",
        "Bo Lind",
    }
    said = {place.said: place.value for place in known.places if place.said}
    assert said["线上"] == "w"
    assert (orders_name, "channel") in known.complete


async def test_postgresql(postgresql: str, tmp_path: Path) -> None:
    first, second, known = await built(tmp_path, postgresql)
    names = {known.schema.name_of(table) for table in known.schema.tables}
    check(first, second, known, "sales.orders" if "sales.orders" in names else "orders")


async def test_mysql(mysql: str, tmp_path: Path) -> None:
    check(*await built(tmp_path, mysql), "orders")
