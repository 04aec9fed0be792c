"""The PostgreSQL server of the state is restarted, crashes, stays away, or ends the sessions of a process."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from datus.api.process import reach_state
from datus.config import load_settings
from datus.tasks.engines import migrate
from datus.tasks.postgresql_session import RETAKE_S
from tests.faults.cluster import Cluster, MissingError, cluster
from tests.faults.judge import diary, judge
from tests.faults.servers import Nursery, Place, Server, until

NAMES = [f"t{n}" for n in range(12)]


@pytest.fixture(scope="module")
def private() -> Iterator[Cluster]:
    try:
        with cluster() as made:
            yield made
    except MissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def place(private: Cluster, tmp_path: Path) -> Place:
    name = f"faults_{uuid4().hex[:8]}"
    with private.connect() as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    migrate(private.url(name))
    return Place(tmp_path / "place", private.url(name))


async def test_a_restart_in_mid_task(private: Cluster, place: Place, processes: Nursery) -> None:
    servers = await processes.servers(place, 2)
    await begin(place, servers)
    await asyncio.to_thread(private.stop, "fast")
    asked = asyncio.create_task(servers[0].run("meanwhile"))  # it waits
    await asyncio.sleep(0.5)
    await asyncio.to_thread(private.start)
    place.gate.touch()
    assert (await asked).status_code == 200
    await all_end(place, servers, {*NAMES, "meanwhile"})
    assert diary(place, "cancelled") == []  # it was back so soon that nobody gave up


async def test_a_crash_in_mid_task(private: Cluster, place: Place, processes: Nursery) -> None:
    servers = await processes.servers(place, 2)
    await begin(place, servers)
    await asyncio.to_thread(private.stop, "immediate")
    await asyncio.to_thread(private.start)
    place.gate.touch()
    await all_end(place, servers, set(NAMES))


async def test_a_server_that_stays_away(private: Cluster, place: Place, processes: Nursery) -> None:
    """Longer than anybody holds on to what it runs: all is given up, and gone on with when it is back."""
    servers = await processes.servers(place, 2)
    await begin(place, servers)
    await asyncio.to_thread(private.stop)
    began = time.monotonic()
    try:
        await until(lambda: len(diary(place, "cancelled")) == len(NAMES))
        assert time.monotonic() - began < 2 * RETAKE_S
        answer = await servers[0].http.get("/ready")
        assert answer.status_code == 503
    finally:
        await asyncio.to_thread(private.start)
    place.gate.touch()
    await all_end(place, servers, set(NAMES))


async def test_sessions_are_ended_again_and_again(
    private: Cluster, place: Place, processes: Nursery
) -> None:
    """A process whose lock is free for a moment takes it again; nothing of what it runs is disturbed."""
    servers = await processes.servers(place, 2)
    await begin(place, servers)
    for _ in range(3):
        await until(lambda: count(place, "datus state session") == len(servers))
        assert terminate(place, "datus state%") >= len(servers)
        await asyncio.sleep(0.3)
    place.gate.touch()
    await all_end(place, servers, set(NAMES))
    assert diary(place, "cancelled") == []
    assert diary(place, "taken") == []


async def test_a_worker_that_starts_meanwhile_waits(private: Cluster, place: Place) -> None:
    """Its supervisor would take its end for that of all."""
    settings = load_settings(place.config, env={}, home=place.folder)
    await asyncio.to_thread(private.stop)
    try:
        starting = asyncio.create_task(reach_state(settings))
        await asyncio.sleep(0.5)
        assert not starting.done()
    finally:
        await asyncio.to_thread(private.start)
    await asyncio.wait_for(starting, 30)


async def begin(place: Place, servers: list[Server]) -> None:
    """Tasks on every server, each in the middle of a node."""
    for n, name in enumerate(NAMES):
        await servers[n % len(servers)].submit(name, "Hold it")
    await until(lambda: len(at_the_gate(place)) == len(NAMES))


async def all_end(place: Place, servers: list[Server], names: set[str]) -> None:
    """Every task ends, and as it should; none is held to have been lost more often than it was."""
    for name in names:
        assert (await servers[1].over(name))["status"] == "completed"
    verdict = judge(place, names)
    assert verdict.problems == []
    assert max(task.losses for task in verdict.tasks.values()) <= 1


def at_the_gate(place: Place) -> set[str]:
    begun = diary(place, "begin")
    return {line["task"] for line in begun if line["node"] == "generate_sql"}


def count(place: Place, kind: str) -> int:
    """How many sessions of a kind the processes of a place have."""
    with psycopg.connect(str(place.state), autocommit=True) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE %s",
            (kind,),
        ).fetchone()
        return int(found[0]) if found else 0


def terminate(place: Place, kind: str) -> int:
    """End the sessions of all processes of a place; says how many there were."""
    with psycopg.connect(str(place.state), autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE %s",
            (kind,),
        )
        return len(ended.fetchall())
