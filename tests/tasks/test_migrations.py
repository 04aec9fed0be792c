"""Migrations lead to the tables that statements use, once, whoever calls them at once."""

import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect

from datus.errors import ConfigError, DatusError
from datus.tasks.engines import migrate, open_store, prepare
from datus.tasks.migrations import LATEST, MIGRATIONS, apply_migrations
from datus.tasks.tables import METADATA


def shape(url: str) -> dict[str, Any]:
    """All that can be asked of a database's tables, without the spelling of their DDL."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    inspector = inspect(engine)
    tables = {
        table: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column.get("primary_key"))
                for column in inspector.get_columns(table)
            },
            "key": inspector.get_pk_constraint(table)["constrained_columns"],
            "unique": inspector.get_unique_constraints(table),
            "indexes": sorted(map(str, inspector.get_indexes(table))),
            "foreign": inspector.get_foreign_keys(table),
        }
        for table in inspector.get_table_names()
    }
    engine.dispose()
    return tables


def test_migrations_lead_to_the_tables(tmp_path: Path, state: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tables.db'}"
    engine = create_engine(url)
    METADATA.create_all(engine)
    engine.dispose()
    migrated = shape(f"sqlite:///{state}")
    assert migrated == shape(url)
    assert set(migrated) == set(METADATA.tables)


def test_keys_are_never_given_twice(state: Path) -> None:
    with sqlite3.connect(state) as connection:
        sql = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    connection.close()
    assert "AUTOINCREMENT" in sql["task"]
    assert "AUTOINCREMENT" in sql["feedback"]


def test_a_second_call_does_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.db"
    assert migrate(path, clock=lambda: datetime(2024, 1, 15, tzinfo=UTC)) == LATEST
    assert migrate(path) == 0
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT version, applied_at FROM schema_version").fetchall()
    mode = connection.execute("PRAGMA journal_mode").fetchone()
    connection.close()
    assert rows == [(number, "2024-01-15T00:00:00.000000Z") for number in range(1, LATEST + 1)]
    assert mode == ("wal",)


async def test_parallel_calls_migrate_once(state: Path, spawn: Callable[..., Any]) -> None:
    for path in state.parent.iterdir():
        path.unlink()
    workers = [await spawn("migrate") for _ in range(4)]
    for worker in workers:
        await worker.said()
    for worker in workers:
        await worker.go()
    assert sorted([await worker.said() for worker in workers]) == [0, 0, 0, LATEST]


async def test_a_newer_file_is_refused(state: Path) -> None:
    connection = sqlite3.connect(state)
    with connection:
        connection.execute("INSERT INTO schema_version VALUES (?, '')", (LATEST + 1,))
    connection.close()
    for _ in range(2):
        with pytest.raises(ConfigError, match=f"version {LATEST + 1}, this datus knows up to"):
            await open_store(state)
        with pytest.raises(ConfigError, match="install the newer datus"):
            migrate(state)


async def test_a_file_without_tables_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.touch()
    with pytest.raises(
        ConfigError, match=r"version 0, this datus needs \d+: run `datus state migrate`"
    ):
        await open_store(path)
    with pytest.raises(ConfigError, match="schema version 0"):
        await open_store(path)


def test_migrations_lead_to_the_tables_on_postgresql(postgresql: Callable[[str], str]) -> None:
    by_tables, by_migrations = postgresql("tables"), postgresql("migrations")
    engine = create_engine(by_tables.replace("://", "+psycopg://"))
    METADATA.create_all(engine)
    engine.dispose()
    engine = create_engine(by_migrations.replace("://", "+psycopg://"))
    with engine.begin() as connection:
        assert apply_migrations(connection, "The test's store", datetime.now(UTC)) == LATEST
    with engine.begin() as connection:
        assert apply_migrations(connection, "The test's store", datetime.now(UTC)) == 0
    engine.dispose()
    migrated, expected = shape(by_migrations), shape(by_tables)
    assert set(migrated) == set(METADATA.tables)
    for table in expected:
        for part in ("columns", "key", "indexes"):
            assert migrated[table][part] == expected[table][part], table


def test_a_store_of_the_first_version_keeps_its_tasks(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    connection = sqlite3.connect(path)
    spelt = {"key": "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "ref": "INTEGER"}
    for statement in MIGRATIONS[0]:
        connection.execute(statement.format(**spelt))
    connection.executescript(
        "CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY, applied_at TEXT NOT NULL);"
        "INSERT INTO schema_version VALUES (1, '2024-01-15T00:00:00.000000Z');"
        "INSERT INTO task VALUES (1, 'c', 't', 'f', 'fixed', 'demo', '{}', 'completed', 'o', 1, 0,"
        " NULL, NULL, '2024-01-15T00:00:00.000000Z', NULL, NULL, NULL);"
    )
    connection.close()
    assert migrate(path) == LATEST - 1
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT task_id, status FROM task").fetchall() == [("t", "completed")]
    connection.close()


async def test_a_server_makes_a_new_file_and_leaves_an_older_one_to_its_operator(
    tmp_path: Path,
) -> None:
    path = tmp_path / "new" / "state.db"
    prepare(path)
    await (await open_store(path)).close()
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DELETE FROM schema_version WHERE version = ?", (LATEST,))
    connection.close()
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"run `datus state migrate`, once") as raised:
            prepare(path)
        assert raised.value.code == "state_too_old"


async def test_a_postgresql_state_is_made_by_its_operator(postgresql: Callable[[str], str]) -> None:
    url = postgresql("state")
    with pytest.raises(ConfigError, match=r"version 0, .* run `datus state migrate`"):
        prepare(url)
    with pytest.raises(ConfigError, match=r"run `datus state migrate`"):
        await open_store(url)
    assert (migrate(url), migrate(url)) == (LATEST, 0)
    prepare(url)
    await (await open_store(url)).close()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (
            "postgresql://quentin:hunter2@127.0.0.1:1/db",
            "127.0.0.1:1/db cannot be reached: check that",
        ),
        (
            "postgresql://quentin:hunter2@127.0.0.1:nine/db",
            "The state URL cannot be used, it cannot be",
        ),
        ("mysql://quentin:hunter2@127.0.0.1/db", "it begins with mysql://: set a path"),
    ],
)
def test_a_state_that_cannot_be_used_is_named_without_its_password(place: str, said: str) -> None:
    for use in (prepare, migrate):
        with pytest.raises(DatusError, match=re.escape(said)) as raised:
            use(place)
        assert "hunter2" not in raised.value.message
        assert "quentin" not in raised.value.message
