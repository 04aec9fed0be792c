"""The made shop in four databases, each met through the guard, as datus meets it."""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql
import pytest

from datus.semantic import SemanticLayer, read_definitions
from datus.sql.guard import check
from datus.types import Column, DatabaseSchema, Dialect, MetricQuery, TableSchema
from tests.semantic import shop

ENGINES: tuple[Dialect, ...] = ("duckdb", "postgresql", "sqlite", "mysql")
TYPES = {
    "duckdb": ("TIMESTAMP", "DOUBLE"),
    "postgresql": ("TIMESTAMP", "DOUBLE PRECISION"),
    "sqlite": ("TEXT", "REAL"),
    "mysql": ("DATETIME", "DOUBLE"),
}
NAME = f"datus_semantic_{os.getpid()}"
"""On the servers: a name of its own for each process that tests, for several may at once."""


def database_schema(dialect: Dialect) -> DatabaseSchema:
    """The shop's tables as a connector would read them."""
    tables = tuple(
        TableSchema(
            name,
            tuple(Column(part.split()[0], "", "other") for part in re.split(r",\s*", columns)),
            schema={"postgresql": NAME, "duckdb": "main"}.get(dialect),
        )
        for name, columns in shop.DDL.items()
    )
    default = {"postgresql": NAME, "duckdb": "main"}.get(dialect)
    return DatabaseSchema(dialect, NAME, tables, default_schema=default)


@dataclass(frozen=True)
class Shop:
    """One database with the shop in it."""

    dialect: Dialect
    schema: DatabaseSchema
    run: Callable[[str], list[tuple[Any, ...]]]

    def ask(self, layer: SemanticLayer, query: MetricQuery) -> list[tuple[Any, ...]]:
        """The rows of a metric query, read through the guard, in plain types."""
        compiled = layer.compile(query, self.dialect, schema=self.schema)
        checked = check(compiled.sql, self.schema)
        rows = self.run(checked.sql)
        assert all(len(row) == len(compiled.columns) for row in rows)
        return [tuple(_plain(value) for value in row) for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal | float | int):
        return round(float(value), 6)
    if isinstance(value, datetime):
        raise AssertionError(f"a time where a date is due: {value}")
    return value.isoformat() if isinstance(value, date) else value


def _statements(dialect: Dialect) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    timestamp, number = TYPES[dialect]
    for name, columns in shop.DDL.items():
        text = columns.format(timestamp=timestamp, number=number)
        yield f"CREATE TABLE {name} ({text})", shop.rows()[name]


def _fill(dialect: Dialect, execute: Any, many: Any, mark: str) -> None:
    for (create, rows), name in zip(_statements(dialect), shop.DDL, strict=True):
        execute(create)
        marks = ", ".join([mark] * len(rows[0]))
        many(f"INSERT INTO {name} VALUES ({marks})", rows)


@pytest.fixture(scope="session")
def layer() -> SemanticLayer:
    return SemanticLayer(read_definitions({"shop.yml": shop.DEFINITIONS}))


@pytest.fixture(scope="session", params=ENGINES)
def db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("semantic")
    dialect: Dialect = request.param
    makers = {"duckdb": _duckdb, "sqlite": _sqlite, "postgresql": _postgresql, "mysql": _mysql}
    connect = {"postgresql": "connect_postgresql", "mysql": "connect_mysql"}.get(dialect)
    given = request.getfixturevalue(connect) if connect else folder
    yield from makers[dialect](given)


def _duckdb(folder: Path) -> Iterator[Shop]:
    connection = duckdb.connect(str(folder / "shop.duckdb"))
    _fill("duckdb", connection.execute, connection.executemany, "?")
    run = lambda sql: connection.execute(sql).fetchall()  # noqa: E731
    yield Shop("duckdb", database_schema("duckdb"), run)
    connection.close()


def _sqlite(folder: Path) -> Iterator[Shop]:
    connection = sqlite3.connect(folder / "shop.sqlite", check_same_thread=False)

    def many(sql: str, rows: list[tuple[Any, ...]]) -> None:
        texts = [tuple(str(v) if isinstance(v, date) else v for v in row) for row in rows]
        connection.executemany(sql, texts)

    _fill("sqlite", connection.execute, many, "?")
    connection.commit()
    yield Shop("sqlite", database_schema("sqlite"), lambda sql: connection.execute(sql).fetchall())
    connection.close()


def _postgresql(connect: Callable[[], psycopg.Connection]) -> Iterator[Shop]:
    with connect() as connection:
        cursor = connection.cursor()
        cursor.execute(f"DROP SCHEMA IF EXISTS {NAME} CASCADE")
        cursor.execute(f"CREATE SCHEMA {NAME}")
        cursor.execute(f"SET search_path TO {NAME}")
        cursor.execute("SET timezone TO 'America/Sao_Paulo'")
        _fill("postgresql", cursor.execute, cursor.executemany, "%s")
        run = lambda sql: list(connection.execute(sql.encode()))  # noqa: E731
        yield Shop("postgresql", database_schema("postgresql"), run)
        cursor.execute(f"DROP SCHEMA {NAME} CASCADE")


def _mysql(connect: "Callable[[], pymysql.Connection[Any]]") -> Iterator[Shop]:
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {NAME}")
        cursor.execute(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4")
        cursor.execute(f"USE {NAME}")
        cursor.execute("SET sql_mode = CONCAT(@@sql_mode, ',ONLY_FULL_GROUP_BY')")
        _fill("mysql", cursor.execute, cursor.executemany, "%s")

        def run(sql: str) -> list[tuple[Any, ...]]:
            cursor.execute(sql)
            return list(cursor.fetchall())

        yield Shop("mysql", database_schema("mysql"), run)
        cursor.execute(f"DROP DATABASE {NAME}")
