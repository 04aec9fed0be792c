"""``POST .../cancel`` on a task whose statement runs: it is dead in the database, and its connection's place is free."""

import asyncio
import contextlib
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql
import pytest

from datus.config import load_settings
from datus.generation.scripted import ScriptedGenerator

NAME = f"datus_test_{secrets.token_hex(4)}"
HOST = "127.0.0.1"
SOON_S = 3.0
AGENT = f"""
agent:
  server: {{max_connections: 1}}
  namespace:
    sqlite: {{type: sqlite, uri: shop.db}}
    duckdb: {{type: duckdb, uri: shop.duckdb}}
    postgresql: {{type: postgresql, host: {HOST}, port: 5432, username: postgres, database: {NAME}}}
    mysql: {{type: mysql, host: {HOST}, port: 3306, username: root, database: {NAME}}}
"""
TABLES = (
    "CREATE TABLE days (id INTEGER NOT NULL PRIMARY KEY)",
    "INSERT INTO days VALUES " + ", ".join(f"({n})" for n in range(1, 3_001)),
    # Takes an engine days to count.
    "CREATE VIEW visits AS SELECT a.id FROM days a, days b, days c, days d, days e "
    "WHERE (a.id * b.id + c.id * d.id) % 7 = 8 - e.id % 3",
)
Busy = Callable[[], int]


def on_sqlite(folder: Path) -> Iterator[Busy | None]:
    with contextlib.closing(sqlite3.connect(folder / "shop.db")) as connection, connection:
        for statement in TABLES:
            connection.execute(statement)
    yield None


def on_duckdb(folder: Path) -> Iterator[Busy | None]:
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        for statement in TABLES:
            connection.execute(statement)
    yield None


def on_postgresql(folder: Path) -> Iterator[Busy | None]:
    server = psycopg.connect(host=HOST, user="postgres", dbname="postgres", autocommit=True)
    with server:
        server.execute(f"CREATE DATABASE {NAME}".encode())
        with psycopg.connect(host=HOST, user="postgres", dbname=NAME) as connection:
            for statement in TABLES:
                connection.execute(statement.encode())
        shown = "SELECT FROM pg_stat_activity WHERE datname = %s AND state = 'active'"
        yield lambda: server.execute(shown, (NAME,)).rowcount
        server.execute(f"DROP DATABASE {NAME} WITH (FORCE)".encode())


def on_mysql(folder: Path) -> Iterator[Busy | None]:
    server = pymysql.connect(host=HOST, user="root", autocommit=True)
    with server, server.cursor() as cursor:
        for statement in (
            f"CREATE DATABASE {NAME}",
            f"USE {NAME}",
            *TABLES,
            "USE mysql",
        ):
            cursor.execute(statement)
        shown = (
            f"SELECT id FROM information_schema.processlist WHERE db = '{NAME}' "
            "AND command = 'Query' AND info LIKE '%visits%'"
        )
        yield lambda: cursor.execute(shown)
        cursor.execute(f"DROP DATABASE {NAME}")


MAKERS = {
    "sqlite": on_sqlite,
    "duckdb": on_duckdb,
    "postgresql": on_postgresql,
    "mysql": on_mysql,
}


@pytest.fixture(params=MAKERS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Busy | None]]:
    """A database with an endless view, and what runs in it where it is a server."""
    making = MAKERS[request.param](tmp_path)
    try:
        busy = next(making)
    except (psycopg.OperationalError, pymysql.err.OperationalError) as error:
        pytest.skip(f"no {request.param} server to test against: {error}")
    yield request.param, busy
    next(making, None)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(round(SOON_S / 0.02)):
        if await asyncio.to_thread(true):
            return
        await asyncio.sleep(0.02)
    assert await asyncio.to_thread(true)


async def test_the_statement_is_dead(place: Any, settings, open_world, tmp_path) -> None:
    namespace, busy = place
    mode = "async" if namespace in ("postgresql", "duckdb") else "sync"
    (tmp_path / "slow.yml").write_text(AGENT)
    slow = load_settings(tmp_path / "slow.yml", env={}, home=tmp_path / "home", cwd=tmp_path)
    generator = ScriptedGenerator(
        lambda context: [f"SELECT count(*) AS n FROM {context.question.text.split()[-1]}"]
    )
    async with open_world(slow, generator) as world:
        # What a task knows of its database is read before.
        first = await world.run("count days", namespace=namespace)
        assert first.json()["result"] == [{"n": 3_000}], first.text
        running = asyncio.create_task(
            world.run("count visits", namespace=namespace, mode=mode, task_id="slow")
        )
        if busy is not None:
            await until(lambda: busy() == 1)
        else:
            await asyncio.sleep(0.5)
        assert not running.done()

        assert (await world.call("POST", "/workflows/slow/cancel")).status_code == 202
        await asyncio.wait({running}, timeout=SOON_S)
        assert running.done()
        if busy is not None:
            await until(lambda: busy() == 0)
        if mode == "async":
            ends = [data for _, name, data in world.events(running.result()) if name == "done"]
            assert [end["status"] for end in ends] == ["cancelled"]
        kept = (await world.call("GET", "/workflows/slow")).json()
        assert kept["status"] == "cancelled"
        # The one connection's place is free again.
        again = asyncio.create_task(world.run("count days", namespace=namespace))
        await asyncio.wait({again}, timeout=SOON_S)
        assert again.result().json()["result"] == [{"n": 3_000}]
