"""Which connector serves which database, and that two never mix."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from subprocess import run

import duckdb
import pytest

from datus.config import DatabaseConfig, NamespaceConfig, Secret, ServerConfig, Settings
from datus.connectors.registry import OPENERS, Connectors
from datus.errors import DatabaseUnreachableError, NotFoundError


def make_settings(home: Path, *namespaces: NamespaceConfig) -> Settings:
    return Settings(
        config_path=None,
        home=home,
        target="offline",
        models={},
        namespaces={namespace.name: namespace for namespace in namespaces},
        node_settings={},
        workflows={},
        server=ServerConfig(),
        state_path=home / "state.db",
        knowledge_path=home / "knowledge",
    )


@pytest.fixture
async def connectors(tmp_path: Path) -> AsyncIterator[Connectors]:
    """Namespaces ``one`` and ``two``, each with a SQLite and a DuckDB file of the same name."""
    namespaces = []
    for name in ("one", "two"):
        create = f"CREATE TABLE here AS SELECT '{name}' AS name"
        lite, duck = tmp_path / f"{name}.db", tmp_path / f"{name}.duckdb"
        with sqlite3.connect(lite) as connection:
            connection.execute(create)
        connection.close()
        with duckdb.connect(str(duck)) as opened:
            opened.execute(create)
        databases = (DatabaseConfig("lite", "sqlite", lite), DatabaseConfig("duck", "duckdb", duck))
        namespaces.append(NamespaceConfig(name, databases))
    made = Connectors(make_settings(tmp_path, *namespaces))
    yield made
    await made.close()


async def test_two_namespaces_asked_at_once_never_mix(connectors: Connectors) -> None:
    async def ask(namespace: str, database: str) -> str:
        connector = connectors.get(namespace, database)
        result = await connector.execute("SELECT name FROM here", max_rows=10, timeout_s=30)
        return str(result.rows[0][0])

    asked = [("one", "two")[n % 2] for n in range(1_000)]
    for database in ("lite", "duck"):
        answers = await asyncio.gather(*(ask(namespace, database) for namespace in asked))
        assert answers == asked


def test_the_same_connector_each_time(connectors: Connectors) -> None:
    assert connectors.get("one", "lite") is connectors.get("one", "lite")
    assert connectors.get("one", "lite") is not connectors.get("two", "lite")


def test_unknown_names_tell_the_known(connectors: Connectors) -> None:
    with pytest.raises(NotFoundError, match=r"'three'.*one, two"):
        connectors.get("three", "lite")
    with pytest.raises(NotFoundError, match=r"namespace one.*duck, lite") as caught:
        connectors.get("one", "gone")
    assert caught.value.details == {"names": ["duck", "lite"]}


async def test_an_absent_file_says_which_and_what_to_do(tmp_path: Path) -> None:
    for dialect in ("sqlite", "duckdb"):
        path = tmp_path / f"absent.{dialect}"
        config = DatabaseConfig("db", dialect, path)
        connector = OPENERS[dialect](config, "ns", max_connections=1, timezone="UTC")
        with pytest.raises(DatabaseUnreachableError, match="ns/db") as caught:
            await connector.ping()
        assert str(path) in caught.value.message
        assert "agent.yml" in caught.value.message
        assert not path.exists()
        await connector.close()


async def test_a_file_of_something_else_is_said(tmp_path: Path) -> None:
    for dialect in ("sqlite", "duckdb"):
        path = tmp_path / f"notes.{dialect}"
        path.write_text("only notes " * 1_000)
        config = DatabaseConfig("db", dialect, path)
        connector = OPENERS[dialect](config, "ns", max_connections=1, timezone="UTC")
        with pytest.raises(DatabaseUnreachableError, match="ns/db"):
            await connector.ping()
        await connector.close()


async def test_a_server_that_is_not_there_keeps_the_password(tmp_path: Path) -> None:
    for dialect in ("postgresql", "mysql"):
        config = DatabaseConfig(
            "db",
            dialect,
            host="127.0.0.1",
            port=1,
            username="somebody",
            password=Secret("hunter2-long"),
            database="shop",
        )
        connector = OPENERS[dialect](config, "ns", max_connections=1, timezone="UTC")
        with pytest.raises(DatabaseUnreachableError, match=r"ns/db at 127\.0\.0\.1:1 ") as caught:
            await connector.ping()
        assert "hunter2" not in caught.value.message
        assert "hunter2" not in repr(config)
        await connector.close()


def test_drivers_are_imported_when_first_used() -> None:
    heavy = ("duckdb", "psycopg", "pymysql", "sqlalchemy", "sqlglot")
    script = (
        "import sys, datus.connectors.registry\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    found = run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
