"""Real databases with the shop in them, opened without the guard, for comparing."""

import importlib.util
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import psycopg
import pymysql
import pytest

Run = Callable[[str], list[tuple[Any, ...]]]


def _load_shop() -> ModuleType:
    path = Path(__file__).with_name("shop.py")
    spec = importlib.util.spec_from_file_location("sql_tests_shop", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def shop() -> ModuleType:
    """The module ``shop.py`` beside this file."""
    return _load_shop()


@pytest.fixture(scope="session")
def run_sqlite(shop: ModuleType) -> Iterator[Run]:
    connection = sqlite3.connect(":memory:")
    for statement in shop.statements("sqlite"):
        connection.execute(statement)
    yield lambda sql: connection.execute(sql).fetchall()
    connection.close()


@pytest.fixture(scope="session")
def run_duckdb(shop: ModuleType) -> Iterator[Run]:
    connection = duckdb.connect(":memory:", config={"threads": "1"})
    for statement in shop.statements("duckdb"):
        connection.execute(statement)
    yield lambda sql: connection.execute(sql).fetchall()
    connection.close()


@pytest.fixture(scope="session")
def run_postgresql(
    shop: ModuleType, connect_postgresql: Callable[[], psycopg.Connection]
) -> Iterator[Run]:
    name = f"datus_test_{secrets.token_hex(6)}"
    with connect_postgresql() as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            with psycopg.connect(
                host="127.0.0.1", user="postgres", dbname=name, autocommit=True
            ) as connection:
                for statement in shop.statements("postgresql"):
                    connection.execute(statement)
                yield lambda sql: connection.execute(sql).fetchall()
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def run_mysql(
    shop: ModuleType, connect_mysql: Callable[[], "pymysql.Connection[Any]"]
) -> Iterator[Run]:
    name = f"datus_test_{secrets.token_hex(6)}"
    connection = connect_mysql()

    def run(sql: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    with connection:
        run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            connection.select_db(name)
            for statement in shop.statements("mysql"):
                run(statement)
            yield run
        finally:
            run(f"DROP DATABASE {name}")
