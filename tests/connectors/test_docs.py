"""The page about databases: a row for each, and users made by its SQL can do all that datus does."""

import asyncio
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
from psycopg import sql

from datus.config import DatabaseConfig, Secret
from datus.connectors.registry import OPENERS
from datus.errors import DatabaseError

PAGE = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text("utf-8")
BLOCKS = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


def test_every_database_has_a_row() -> None:
    heading, *rows = re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE)
    assert heading == "type"
    assert rows == list(OPENERS)


def statements(block: str, database: str, user: str) -> list[str]:
    text = block.replace("datus_reader", user).replace("shop", database)
    return [statement for statement in text.split(";") if statement.strip()]


async def check(config: DatabaseConfig, endless: str) -> None:
    connector = OPENERS[config.type](config, "ns", max_connections=1, timezone="UTC")
    try:
        schema = await connector.introspect()
        assert sorted(table.name for table in schema.tables) == ["seen", "t"]
        table = next(table for table in schema.tables if table.name == "t")
        assert await connector.distinct_values(table, table.columns[0], limit=5) == (("x", 1),)
        result = await connector.execute("SELECT a FROM seen", max_rows=5, timeout_s=5)
        assert result.rows == (("x",),)
        task = asyncio.create_task(connector.execute(endless, max_rows=1, timeout_s=60))
        await asyncio.sleep(0.2)
        task.cancel()
        async with asyncio.timeout(3):
            with pytest.raises(asyncio.CancelledError):
                await task
        with pytest.raises(DatabaseError):
            await connector.execute("SELECT * FROM hidden", max_rows=5, timeout_s=5)
    finally:
        await connector.close()


async def test_the_postgresql_user(connect_postgresql: Callable[[], psycopg.Connection]) -> None:
    name = f"datus_test_{secrets.token_hex(4)}"
    config = DatabaseConfig("db", "postgresql", host="127.0.0.1", port=5432, database=name)
    server = connect_postgresql()
    server.execute(sql.SQL(f"CREATE DATABASE {name}"))
    try:
        with psycopg.connect(host="127.0.0.1", user="postgres", dbname=name) as connection:
            connection.execute(
                "CREATE TABLE t AS SELECT 'x'::text AS a; CREATE VIEW seen AS SELECT a FROM t"
            )
            for statement in statements(BLOCKS[0], name, f"{name}_u"):
                connection.execute(sql.SQL(statement))
            connection.execute("CREATE SCHEMA s; CREATE TABLE s.hidden (id integer)")
        connection.close()
        user = replace(config, username=f"{name}_u", password=Secret("choose-a-long-password"))
        await check(user, "SELECT count(*) FROM generate_series(1, 100000000000) AS g")
    finally:
        server.execute(sql.SQL(f"DROP DATABASE {name} WITH (FORCE)"))
        server.execute(sql.SQL(f"DROP ROLE IF EXISTS {name}_u"))
        server.close()


async def test_the_mysql_user(connect_mysql: Callable[[], "pymysql.Connection[Any]"]) -> None:
    name = f"datus_test_{secrets.token_hex(4)}"
    user = f"u_{name[-8:]}"
    config = DatabaseConfig("db", "mysql", host="127.0.0.1", port=3306, database=name)
    server = connect_mysql()
    with server, server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            cursor.execute(f"CREATE TABLE {name}.t AS SELECT 'x' AS a")
            cursor.execute(f"CREATE VIEW {name}.seen AS SELECT a FROM {name}.t")
            for statement in statements(BLOCKS[1], name, user):
                cursor.execute(statement)
            made = replace(config, username=user, password=Secret("choose-a-long-password"))
            # a table of a thousand rows to multiply
            sequence = (
                "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 900)"
            )
            await check(
                made,
                f"{sequence} SELECT count(*) FROM r a, r b, r c, r d WHERE a.n + b.n + c.n + d.n < 0",
            )
        finally:
            cursor.execute(f"DROP DATABASE {name}")
            cursor.execute(f"DROP USER IF EXISTS '{user}'@'%'")
