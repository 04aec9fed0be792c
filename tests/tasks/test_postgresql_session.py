"""Who is alive on PostgreSQL, when the server or what stands before it is at fault."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from datus.errors import ConfigError, FenceError, UnavailableError
from datus.tasks import database, postgresql_session, sqlstore
from datus.tasks.engines import open_store
from tests.tasks.pooler import Mode, pooled

BACKENDS = "SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s)"


async def test_a_restart_of_the_server_makes_nobody_dead(
    postgresql_state: str, connect_postgresql: Callable[[], psycopg.Connection[Any]]
) -> None:
    """All locks are gone with it, and who looks may be served before the others hold theirs again."""
    one: Any = await open_store(postgresql_state)
    other: Any = await open_store(postgresql_state)
    task, _ = await other.submit("c", "t", "f", {}, workflow="fixed", namespace="demo")
    run = await other.start(task)
    sessions = [session_of(store) for store in (one, other)]
    with connect_postgresql() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", (sessions,))
        while connection.execute(BACKENDS, (sessions,)).fetchone():
            pass  # until both locks are gone; they come back a tenth of a second later
    async with asyncio.timeout(10):
        while {session_of(one), session_of(other)} & {*sessions, None}:
            assert (await one.adopt(9)).taken == ()
            await asyncio.sleep(0.005)
    assert (await one.adopt(9)).taken == ()
    assert other.owner == task.owner
    run.emit("started", {})
    await run.stored()
    await one.close()
    await other.close()


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("mode", ["newest", "oldest"])
async def test_a_transaction_pooler_is_found_out(
    postgresql_state: str, mode: Mode, size: int
) -> None:
    async with pooled(mode, size) as port:
        url = postgresql_state.replace("127.0.0.1", f"127.0.0.1:{port}")
        with pytest.raises(ConfigError) as refused:
            await asyncio.wait_for(open_store(url), 10)
    assert refused.value.code == "state_pooled"


async def test_a_session_pooler_is_none(postgresql_state: str) -> None:
    async with pooled("session", 0) as port:
        store = await open_store(postgresql_state.replace("127.0.0.1", f"127.0.0.1:{port}"))
        task, _ = await store.submit("c", "t", "f", {}, workflow="fixed", namespace="demo")
        assert task.owner == store.owner
        await store.close()


async def test_a_store_whose_server_is_away_closes_soon(
    postgresql_state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlstore, "HAND_BACK_S", 0.3)
    async with pooled("session", 0) as port:
        store = await open_store(postgresql_state.replace("127.0.0.1", f"127.0.0.1:{port}"))
        await store.submit("c", "t", "f", {}, workflow="fixed", namespace="demo")
    await asyncio.wait_for(store.close(), 6)


async def test_who_waits_for_a_server_that_is_away_waits_once(
    postgresql_state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlstore, "HAND_BACK_S", 0.1)
    monkeypatch.setattr(database, "WAIT_S", 0.5)
    async with pooled("session", 0) as port:
        store = await open_store(postgresql_state.replace("127.0.0.1", f"127.0.0.1:{port}"))
    calls = [*(store.count_tasks() for _ in range(60)), *(store.ping() for _ in range(200))]
    began = time.monotonic()
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert time.monotonic() - began < 3
    assert all(isinstance(each, UnavailableError) for each in found)
    await store.close()


async def test_a_run_learns_soon_that_its_process_lost_the_lock(
    postgresql_state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the look for lost tasks itself waits for the server, as it may for half a minute."""
    monkeypatch.setattr(postgresql_session, "RETAKE_S", 0.2)
    async with pooled("session", 0) as port:
        store = await open_store(postgresql_state.replace("127.0.0.1", f"127.0.0.1:{port}"))
        task, _ = await store.submit("c", "t", "f", {}, workflow="fixed", namespace="demo")
        run = await store.start(task)
    looking = asyncio.create_task(store.adopt(9))
    with pytest.raises(FenceError):
        await asyncio.wait_for(run.cancelled(), 5)
    assert not looking.done()
    await store.close()
    with pytest.raises(UnavailableError):
        await looking


def session_of(store: Any) -> int | None:
    """The server's process that holds the lock of a store's process; None while there is none."""
    session = store._liveness._session
    return None if session is None or session.closed else session.info.backend_pid


async def test_what_anybody_may_notify_does_no_harm(postgresql_state: str) -> None:
    store: Any = await open_store(postgresql_state)
    for payload in ("", " ", "somebody", "somebody e x1y c\u0663"):
        store._wakeups.hear(payload)
    await store.close()
