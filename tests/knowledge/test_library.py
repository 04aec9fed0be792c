"""Snapshots of live databases: made at first use, kept for a while, renewed as a whole."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from datus.config import Settings, load_settings
from datus.connectors.base import Connector
from datus.connectors.registry import Connectors
from datus.errors import (
    DatabaseError,
    DatabaseUnreachableError,
    NotFoundError,
    StatementTimeoutError,
)
from datus.knowledge.library import Knowledge
from datus.types import Column, DatabaseSchema, TableSchema

SCHEMA = """
CREATE TABLE hut (hut_id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT);
CREATE TABLE stay (stay_id INTEGER PRIMARY KEY, hut_id INTEGER NOT NULL, guest TEXT);
INSERT INTO hut VALUES (1, 'Eagle House', 'alpine'), (2, 'Pine Hut', 'forest');
INSERT INTO stay VALUES (1, 1, 'Amelie Stark');
"""


class Clock:
    """Seconds that a test turns forward."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "huts.sqlite"
    write(path, SCHEMA)
    return path


@pytest.fixture
def settings(path: Path, tmp_path: Path) -> Settings:
    config = tmp_path / "agent.yml"
    config.write_text(f"""
agent:
  namespace: {{alps: {{type: sqlite, uri: "{path}"}}}}
  server: {{schema_ttl_s: 60}}
""")
    return load_settings(config, env={}, home=tmp_path / "home", cwd=tmp_path)


@pytest.fixture
async def connectors(settings: Settings) -> AsyncIterator[Connectors]:
    connectors = Connectors(settings)
    yield connectors
    await connectors.close()


def write(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(f"BEGIN; {sql}; COMMIT;")  # waits for the disk once
    connection.close()


Make = Callable[..., Knowledge]


@pytest.fixture
def make_knowledge(connectors: Connectors, settings: Settings) -> Iterator[Make]:
    """Knowledge over the connectors, or over a stub of them."""
    made: list[Knowledge] = []

    def make(clock: Clock | None = None, stub: object = None) -> Knowledge:
        source: Any = stub or connectors
        made.append(Knowledge(source, settings, embedder=None, clock=clock or Clock()))
        return made[-1]

    yield make
    for each in made:
        each.close()


async def test_schema_values_and_keys_come_from_the_live_database(make_knowledge: Make) -> None:
    snapshot = await make_knowledge().snapshot("alps", ("huts",))
    hut, stay = snapshot.schema("huts").tables
    assert (hut.name, hut.primary_key) == ("hut", ("hut_id",))
    assert [(key.columns, key.ref_table) for key in stay.foreign_keys] == [(("hut_id",), "hut")]
    assert {
        hit.value for hit in snapshot.find_values("huts", "Amelie Stark in the Eagle House")
    } == {
        "Amelie Stark",
        "Eagle House",
    }
    assert snapshot.version.startswith("live-")


async def test_it_is_kept_until_its_time_is_over(path: Path, make_knowledge: Make) -> None:
    clock = Clock()
    knowledge = make_knowledge(clock)
    first = await knowledge.snapshot("alps", ("huts",))
    write(path, "CREATE TABLE trail (trail_id INTEGER PRIMARY KEY, title TEXT)")
    clock.now += 60
    assert await knowledge.snapshot("alps", ("huts",)) is first
    clock.now += 1
    renewed = await knowledge.snapshot("alps", ("huts",))
    assert renewed.version != first.version
    assert [table.name for table in renewed.schema("huts").tables] == ["hut", "stay", "trail"]
    assert [table.name for table in first.schema("huts").tables] == ["hut", "stay"]


async def test_new_values_are_a_new_version(path: Path, make_knowledge: Make) -> None:
    clock = Clock()
    knowledge = make_knowledge(clock)
    first = await knowledge.snapshot("alps", ("huts",))
    write(path, "INSERT INTO hut VALUES (3, 'Ibex Shelter', 'alpine')")
    clock.now += 61
    renewed = await knowledge.snapshot("alps", ("huts",))
    assert renewed.version != first.version
    assert renewed.find_values("huts", "Ibex Shelter")


async def test_what_did_not_change_stays_the_same_object(make_knowledge: Make) -> None:
    clock = Clock()
    knowledge = make_knowledge(clock)
    first = await knowledge.snapshot("alps", ("huts",))
    clock.now += 1_000
    assert await knowledge.snapshot("alps", ("huts",)) is first


async def test_many_questions_at_once_read_the_database_once(
    connectors: Connectors, make_knowledge: Make
) -> None:
    stub = Stub(connectors.get("alps", "huts"))
    knowledge = make_knowledge(stub=stub)
    found = await asyncio.gather(*(knowledge.snapshot("alps", ("huts",)) for _ in range(20)))
    assert len({id(each) for each in found}) == 1
    assert stub.introspections == 1


async def test_a_column_that_takes_too_long_is_only_not_searched(
    connectors: Connectors, make_knowledge: Make
) -> None:
    stub = Stub(connectors.get("alps", "huts"), slow={"name"})
    knowledge = make_knowledge(stub=stub)
    snapshot = await knowledge.snapshot("alps", ("huts",))
    assert not snapshot.find_values("huts", "Eagle House")
    assert snapshot.find_values("huts", "alpine huts")
    assert [column.name for column in snapshot.schema("huts").tables[0].columns] == [
        "hut_id",
        "name",
        "kind",
    ]


async def test_a_column_that_may_not_be_read_is_only_not_searched(
    connectors: Connectors, make_knowledge: Make
) -> None:
    stub = Stub(connectors.get("alps", "huts"), denied={"name"})
    knowledge = make_knowledge(stub=stub)
    snapshot = await knowledge.snapshot("alps", ("huts",))
    assert not snapshot.find_values("huts", "Eagle House")
    assert snapshot.find_values("huts", "alpine huts")


async def test_a_database_that_goes_away_meanwhile_gives_no_half_snapshot(
    connectors: Connectors, make_knowledge: Make
) -> None:
    stub = Stub(connectors.get("alps", "huts"), gone={"guest"})
    knowledge = make_knowledge(stub=stub)
    with pytest.raises(DatabaseUnreachableError):
        await knowledge.snapshot("alps", ("huts",))


async def test_a_failed_reading_is_tried_again(
    connectors: Connectors, make_knowledge: Make
) -> None:
    stub = Stub(connectors.get("alps", "huts"), failures=1)
    knowledge = make_knowledge(stub=stub)
    with pytest.raises(DatabaseUnreachableError):
        await knowledge.snapshot("alps", ("huts",))
    assert (await knowledge.snapshot("alps", ("huts",))).schema("huts").tables


async def test_unknown_databases_are_named(make_knowledge: Make) -> None:
    with pytest.raises(NotFoundError, match="huts"):
        await make_knowledge().snapshot("alps", ("lakes",))


class Stub:
    """A real connector behind faults; it stands in for the registry, too."""

    def __init__(
        self,
        inner: Connector,
        *,
        slow: frozenset[str] | set[str] = frozenset(),
        denied: frozenset[str] | set[str] = frozenset(),
        gone: frozenset[str] | set[str] = frozenset(),
        failures: int = 0,
    ) -> None:
        self.inner = inner
        self.slow = slow
        self.denied = denied
        self.gone = gone
        self.failures = failures
        self.introspections = 0

    def get(self, namespace: str, database: str) -> "Stub":
        return self

    async def introspect(self) -> DatabaseSchema:
        self.introspections += 1
        if self.failures:
            self.failures -= 1
            raise DatabaseUnreachableError("Database alps/huts cannot be reached.")
        return await self.inner.introspect()

    async def distinct_values(
        self, table: TableSchema, column: Column, *, limit: int
    ) -> tuple[tuple[str, int], ...]:
        if column.name in self.slow:
            raise StatementTimeoutError("The statement ran longer than 10 s.")
        if column.name in self.denied:
            raise DatabaseError(f"permission denied for column {column.name}")
        if column.name in self.gone:
            raise DatabaseUnreachableError("Database alps/huts cannot be reached.")
        return await self.inner.distinct_values(table, column, limit=limit)
