"""What only PostgreSQL and MySQL have: schemas, partitions, odd types, session modes."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pymysql
import pytest
from psycopg import sql

from datus.config import DatabaseConfig, Secret
from datus.connectors import mysql as mysql_module
from datus.connectors.base import Connector
from datus.connectors.mysql import open_mysql
from datus.connectors.postgresql import open_postgresql
from datus.errors import DatabaseError, DatabaseUnreachableError
from datus.types import ForeignKey

POSTGRESQL = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE odd (
    id integer PRIMARY KEY, feeling mood, amount positive, place point, marks integer[], note varchar(9)
);
INSERT INTO odd VALUES (1, 'glad', 5, '(1,2)', '{1,2}', 'x');
CREATE SCHEMA sales;
CREATE TABLE sales.parent (a integer, b integer, PRIMARY KEY (a, b));
CREATE TABLE child (x integer, y integer, FOREIGN KEY (x, y) REFERENCES sales.parent (a, b));
CREATE TABLE parts (day date) PARTITION BY RANGE (day);
CREATE TABLE part_2024 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE MATERIALIZED VIEW stored AS SELECT id FROM odd;
CREATE SCHEMA hidden;
CREATE TABLE hidden.secret (id integer);
"""
MYSQL = (
    "CREATE TABLE odd (id INT PRIMARY KEY, flag TINYINT(1), small TINYINT, bits BIT(10), feeling ENUM('sad', 'glad'),"
    " place GEOMETRY, note VARCHAR(9) CHARACTER SET latin1, late TIME)",
    "INSERT INTO odd VALUES (1, 1, 1, b'1000000001', 'glad', NULL, 'é', '838:59:59')",
    "CREATE TABLE gone (id INT)",
    "CREATE VIEW broken AS SELECT * FROM gone",
    "DROP TABLE gone",
)


@pytest.fixture(scope="module")
def postgresql(connect_postgresql: Callable[[], psycopg.Connection]) -> Iterator[DatabaseConfig]:
    name = f"datus_test_{secrets.token_hex(4)}"
    server = connect_postgresql()
    server.execute(sql.SQL(f"CREATE DATABASE {name}"))
    with psycopg.connect(host="127.0.0.1", user="postgres", dbname=name) as connection:
        connection.execute(POSTGRESQL)
        reader = f"{name}_reader"
        connection.execute(
            sql.SQL(
                f"CREATE ROLE {reader} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA public, sales TO {reader}; "
                f"GRANT SELECT ON ALL TABLES IN SCHEMA public, sales TO {reader}"
            )
        )
    connection.close()
    yield DatabaseConfig(
        "db", "postgresql", host="127.0.0.1", port=5432, username="postgres", database=name
    )
    server.execute(sql.SQL(f"DROP DATABASE {name} WITH (FORCE)"))
    server.execute(sql.SQL(f"DROP ROLE {reader}"))
    server.close()


@pytest.fixture(scope="module")
def mysql(connect_mysql: Callable[[], "pymysql.Connection[Any]"]) -> Iterator[DatabaseConfig]:
    name = f"datus_test_{secrets.token_hex(4)}"
    server = connect_mysql()
    with server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        cursor.execute(f"USE {name}")
        for statement in MYSQL:
            cursor.execute(statement)
        yield DatabaseConfig(
            "db", "mysql", host="127.0.0.1", port=3306, username="root", database=name
        )
        cursor.execute(f"DROP DATABASE {name}")
    server.close()


@pytest.fixture
async def opened() -> AsyncIterator[list[Connector]]:
    connectors: list[Connector] = []
    yield connectors
    for connector in connectors:
        await connector.close()


def postgres(config: DatabaseConfig, opened: list[Connector], timezone: str = "UTC") -> Connector:
    opened.append(open_postgresql(config, "ns", max_connections=1, timezone=timezone))
    return opened[-1]


class TestPostgresql:
    async def test_all_schemas(self, postgresql: DatabaseConfig, opened: list[Connector]) -> None:
        schema = await postgres(postgresql, opened).introspect()
        found = {(table.schema, table.name): table for table in schema.tables}
        assert schema.default_schema == "public"
        assert set(found) == {
            (None, "odd"),
            (None, "child"),
            (None, "parts"),
            (None, "stored"),
            ("sales", "parent"),
            ("hidden", "secret"),
        }
        assert found[None, "child"].foreign_keys == (
            ForeignKey(("x", "y"), "parent", ("a", "b"), "sales"),
        )
        assert found[None, "stored"].is_view
        assert [(c.name, c.kind) for c in found[None, "odd"].columns] == [
            ("id", "integer"),
            ("feeling", "text"),
            ("amount", "integer"),
            ("place", "other"),
            ("marks", "json"),
            ("note", "text"),
        ]
        assert found[None, "odd"].row_estimate is None  # never analyzed

    async def test_one_schema(self, postgresql: DatabaseConfig, opened: list[Connector]) -> None:
        connector = postgres(replace(postgresql, schema="sales"), opened)
        schema = await connector.introspect()
        assert schema.default_schema == "sales"
        assert [(table.schema, table.name) for table in schema.tables] == [(None, "parent")]
        result = await connector.execute("SELECT count(*) FROM parent", max_rows=1, timeout_s=5)
        assert result.rows == ((0,),)
        with pytest.raises(DatabaseError):
            await connector.execute("SELECT * FROM odd", max_rows=1, timeout_s=5)

    async def test_only_what_the_user_may_read(
        self, postgresql: DatabaseConfig, opened: list[Connector]
    ) -> None:
        reader = replace(postgresql, username=f"{postgresql.database}_reader", password=Secret("x"))
        schema = await postgres(reader, opened).introspect()
        assert ("hidden", "secret") not in {(table.schema, table.name) for table in schema.tables}
        assert len(schema.tables) == 5

    async def test_a_wrong_database_is_said(
        self, postgresql: DatabaseConfig, opened: list[Connector]
    ) -> None:
        with pytest.raises(DatabaseUnreachableError, match="nowhere"):
            await postgres(replace(postgresql, database="nowhere"), opened).ping()

    async def test_values_that_python_cannot_hold(
        self, postgresql: DatabaseConfig, opened: list[Connector]
    ) -> None:
        result = await postgres(postgresql, opened, "Asia/Shanghai").execute(
            "SELECT 'infinity'::timestamp, '20240-01-01'::date, '0044-03-15 BC'::date, '1 mon 2 days'::interval,"
            " '2024-01-01 10:00:00+02'::timestamptz, 'NaN'::numeric, 0.1::float4, feeling, marks,"
            " '{\"n\": 12345678901234567890.125}'::jsonb, int4range(1, 5), '24:00'::time"
            " FROM odd",
            max_rows=1,
            timeout_s=5,
        )
        assert result.rows == (
            (
                "infinity",
                "20240-01-01",
                "0044-03-15 BC",
                "P1M2D",
                "2024-01-01T16:00:00+08:00",
                "NaN",
                0.1,
                "glad",
                [1, 2],
                {"n": "12345678901234567890.125"},
                "[1, 5)",
                "24:00:00",
            ),
        )
        kinds = [column.type for column in result.columns]
        assert kinds[:5] == ["datetime", "date", "date", "other", "datetime"]
        assert kinds[5:10] == ["number", "number", "text", "json", "json"]

    async def test_distinct_enum_values(
        self, postgresql: DatabaseConfig, opened: list[Connector]
    ) -> None:
        connector = postgres(postgresql, opened)
        odd = next(t for t in (await connector.introspect()).tables if t.name == "odd")
        values = await connector.distinct_values(odd, odd.columns[1], limit=5)
        assert values == (("glad", 1),)

    async def test_introspection_does_not_grow_with_tables(
        self, postgresql: DatabaseConfig, opened: list[Connector]
    ) -> None:
        """300 tables more in one schema: the statements that the server counts stay few."""
        create = "; ".join(f"CREATE TABLE many.t{n} (id integer)" for n in range(300))
        with psycopg.connect(
            host="127.0.0.1", user="postgres", dbname=postgresql.database, autocommit=True
        ) as connection:
            connection.execute(sql.SQL(f"CREATE SCHEMA many; {create}"))
            connector = postgres(replace(postgresql, schema="many"), opened)
            before = _transactions(connection)
            schema = await connector.introspect()
            await connector.close()
            after = before
            for _ in range(40):  # the server's figures come a little later
                await asyncio.sleep(0.05)
                after = _transactions(connection)
                if after > before:
                    break
            connection.execute("DROP SCHEMA many CASCADE")
        assert len(schema.tables) == 300
        assert after - before < 60

    async def test_hints_are_kept(
        self, postgresql: DatabaseConfig, opened: list[Connector]
    ) -> None:
        with pytest.raises(DatabaseError, match=r"Hint: .*note"):
            await postgres(postgresql, opened).execute(
                "SELECT o.notes FROM odd o", max_rows=1, timeout_s=5
            )


def _transactions(connection: "psycopg.Connection[tuple[int]]") -> int:
    row = connection.execute(
        "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    ).fetchone()
    assert row is not None
    return row[0]


class TestMysql:
    async def connector(self, config: DatabaseConfig, opened: list[Connector]) -> Connector:
        opened.append(open_mysql(config, "ns", max_connections=1, timezone="UTC"))
        return opened[-1]

    async def test_schema(self, mysql: DatabaseConfig, opened: list[Connector]) -> None:
        schema = await (await self.connector(mysql, opened)).introspect()
        assert schema.default_schema == mysql.database
        assert [table.name for table in schema.tables] == ["odd"]
        assert [(c.name, c.type, c.kind) for c in schema.tables[0].columns] == [
            ("id", "INTEGER(11)", "integer"),
            ("flag", "TINYINT(1)", "boolean"),
            ("small", "TINYINT(4)", "integer"),
            ("bits", "BIT(10)", "integer"),
            ("feeling", "ENUM('sad','glad')", "text"),
            ("place", "unknown", "other"),
            ("note", "VARCHAR(9)", "text"),
            ("late", "TIME", "time"),
        ]

    async def test_values(self, mysql: DatabaseConfig, opened: list[Connector]) -> None:
        connector = await self.connector(mysql, opened)
        result = await connector.execute("SELECT * FROM odd", max_rows=1, timeout_s=5)
        assert result.rows == ((1, 1, 1, 513, "glad", None, "é", "838:59:59"),)
        kinds = [column.type for column in result.columns]
        assert kinds == ["integer"] * 4 + ["text", "binary", "text", "time"]

    async def test_the_server_reads_as_the_guard_does(
        self, mysql: DatabaseConfig, opened: list[Connector]
    ) -> None:
        admin = pymysql.connect(host="127.0.0.1", user="root", autocommit=True)
        with admin, admin.cursor() as cursor:
            cursor.execute("SELECT @@global.sql_mode")
            ((before,),) = cursor.fetchall()
            cursor.execute("SET GLOBAL sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES'")
            try:
                connector = await self.connector(mysql, opened)
                result = await connector.execute(
                    "SELECT 'a\\'b', \"text\", @@sql_mode, @@tx_read_only", max_rows=1, timeout_s=5
                )
            finally:
                cursor.execute("SET GLOBAL sql_mode = %s", (before,))
        text, quoted, mode, read_only = result.rows[0]
        assert (text, quoted, read_only) == ("a'b", "text", 1)
        assert "STRICT_TRANS_TABLES" in mode
        assert "ANSI" not in mode

    async def test_a_wrong_password_names_no_user(
        self, mysql: DatabaseConfig, opened: list[Connector]
    ) -> None:
        config = replace(mysql, username="somebody", password=Secret("hunter2-long"))
        with pytest.raises(DatabaseUnreachableError, match="Access denied") as caught:
            await (await self.connector(config, opened)).ping()
        assert "somebody" not in caught.value.message
        assert "hunter2" not in caught.value.message

    async def test_tls_options_check_the_server(self, mysql: DatabaseConfig) -> None:
        """The test server has no certificate: with ``ssl_ca`` nothing is sent to it in the clear."""
        config = replace(mysql, options={"ssl_ca": mysql_module.__file__})
        with pytest.raises(DatabaseUnreachableError):
            await open_mysql(config, "ns", max_connections=1, timezone="UTC").ping()
