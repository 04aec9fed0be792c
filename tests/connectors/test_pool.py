"""The pool with a session that does what a test tells it."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable

import pytest

from datus.connectors.base import Target
from datus.connectors.pool import STOP_S, Session, SessionLostError, SessionPool
from datus.connectors.values import Fetched
from datus.errors import DatabaseError, DatabaseUnreachableError, StatementTimeoutError
from datus.types import Column, DatabaseSchema, TableSchema

TARGET = Target("ns/db", "host:1", ("secret",))


class FakeSession(Session):
    """Records its calls; ``run_until`` waits for an interrupt, or with ``deaf`` for ``release``."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.interrupted = threading.Event()
        self.release = threading.Event()
        self.dead = False

    def begin(self, timeout_s: float) -> None:
        self.calls.append("begin")
        if self.dead:
            raise SessionLostError(DatabaseUnreachableError("gone"))

    def fetch(self, sql: str, *, max_rows: int, max_bytes: int) -> Fetched:
        raise NotImplementedError

    def plan(self, sql: str) -> None:
        raise NotImplementedError

    def introspect(self) -> DatabaseSchema:
        raise NotImplementedError

    def distinct_sql(self, table: TableSchema, column: Column, *, limit: int) -> str:
        raise NotImplementedError

    def end(self) -> bool:
        self.calls.append("end")
        return True

    def interrupt(self) -> None:
        self.interrupted.set()

    def abandon(self) -> None:
        self.calls.append("abandon")
        self.release.set()

    def close(self) -> None:
        self.calls.append("close")

    def hang(self) -> str:
        self.interrupted.wait(10)
        raise DatabaseError("interrupted")

    def hang_deaf(self) -> str:
        self.release.wait(10)
        return "over"


def assert_(true: bool) -> None:
    assert true


Make = Callable[..., tuple[SessionPool[FakeSession], list[FakeSession]]]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[SessionPool[FakeSession]] = []

    def make_one(
        max_connections: int = 1,
        connect: Callable[[], None] = lambda: None,
        stop_s: float = STOP_S,
    ) -> tuple[SessionPool[FakeSession], list[FakeSession]]:
        sessions: list[FakeSession] = []

        def open_session() -> FakeSession:
            connect()
            sessions.append(FakeSession())
            return sessions[-1]

        made.append(
            SessionPool(TARGET, open_session, max_connections=max_connections, stop_s=stop_s)
        )
        return made[-1], sessions

    yield make_one
    for item in made:
        await item.close()


async def test_a_session_is_used_again(make: Make) -> None:
    pool, sessions = make()
    for _ in range(3):
        assert await pool.run(lambda s: "x", timeout_s=5) == "x"
    assert len(sessions) == 1
    assert sessions[0].calls == ["begin", "end"] * 3


async def test_runs_in_another_thread(make: Make) -> None:
    pool, _ = make()
    thread = await pool.run(lambda s: threading.get_ident(), timeout_s=5)
    assert thread != threading.get_ident()


async def test_never_more_sessions_than_allowed(make: Make) -> None:
    pool, sessions = make(max_connections=3)
    await asyncio.gather(*(pool.run(lambda s: time.sleep(0.002), timeout_s=5) for _ in range(50)))
    assert len(sessions) <= 3


async def test_timeout_interrupts_and_drops_the_session(make: Make) -> None:
    pool, sessions = make()
    with pytest.raises(StatementTimeoutError, match=r"longer than 0\.05 s on ns/db"):
        await pool.run(FakeSession.hang, timeout_s=0.05)
    assert sessions[0].calls == ["begin", "close"]
    assert await pool.run(lambda s: "next", timeout_s=5) == "next"
    assert len(sessions) == 2


async def test_cancelled_error_leaves_after_the_statement(make: Make) -> None:
    pool, sessions = make()
    task = asyncio.create_task(pool.run(FakeSession.hang, timeout_s=60))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sessions[0].calls == ["begin", "close"]


async def test_a_second_cancel_does_not_cut_the_stop_short(make: Make) -> None:
    pool, sessions = make(stop_s=0.4)
    task = asyncio.create_task(pool.run(FakeSession.hang_deaf, timeout_s=60))
    await asyncio.sleep(0.05)
    start = time.monotonic()
    task.cancel()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - start >= 0.35
    assert "abandon" in sessions[0].calls


async def test_a_deaf_statement_is_abandoned_and_keeps_its_slot_until_over(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeSession, "abandon", lambda self: self.calls.append("abandon"))
    pool, sessions = make(stop_s=0.1)
    with pytest.raises(StatementTimeoutError):
        await pool.run(FakeSession.hang_deaf, timeout_s=0.05)
    assert sessions[0].calls == ["begin", "abandon"]
    with pytest.raises(DatabaseUnreachableError, match="busy") as caught:
        await pool.run(lambda s: "x", timeout_s=0.05)
    assert caught.value.code == "database_busy"
    sessions[0].release.set()
    assert await pool.run(lambda s: "x", timeout_s=5) == "x"
    assert sessions[0].calls == ["begin", "abandon", "close"]


async def test_cancel_while_connecting_leaves_at_once_and_runs_nothing(make: Make) -> None:
    ran: list[str] = []
    let_in = threading.Event()
    pool, sessions = make(connect=lambda: assert_(let_in.wait(10)))
    task = asyncio.create_task(pool.run(lambda s: ran.append("ran"), timeout_s=60))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait({task}, timeout=2)
    assert task.cancelled()
    with pytest.raises(DatabaseUnreachableError) as caught:  # its thread is still connecting
        await pool.run(lambda s: "x", timeout_s=0.05)
    assert caught.value.code == "database_busy"
    let_in.set()
    assert await pool.run(lambda s: "x", timeout_s=5) == "x"
    assert ran == []
    assert sessions[0].calls == ["close"]


async def test_an_interrupt_that_hangs_holds_nothing_up(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()
    monkeypatch.setattr(FakeSession, "interrupt", lambda self: assert_(answer.wait(10)))
    pool, sessions = make(stop_s=0.1)
    try:
        async with asyncio.timeout(5):
            with pytest.raises(StatementTimeoutError):
                await pool.run(FakeSession.hang_deaf, timeout_s=0.05)
            assert sessions[0].calls == ["begin", "abandon", "close"]
            assert await pool.run(lambda s: "x", timeout_s=5) == "x"
    finally:
        answer.set()


async def test_a_connection_that_hangs_after_its_statement_is_cut(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeSession, "end", lambda self: not self.release.wait(10))
    pool, sessions = make(stop_s=0.1)
    async with asyncio.timeout(5):
        with pytest.raises(StatementTimeoutError):
            await pool.run(lambda s: "x", timeout_s=0.05)
    assert sessions[0].calls == ["begin", "abandon", "close"]
    assert not sessions[0].interrupted.is_set()


async def test_what_is_between_two_round_trips_stops_too(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(session: FakeSession) -> None:
        for _ in session.while_wanted(iter(lambda: time.sleep(0.001), "never")):
            pass

    pool, sessions = make()
    task = asyncio.create_task(pool.run(rows, timeout_s=60))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait({task}, timeout=STOP_S)
    assert task.cancelled()
    assert sessions[0].calls == ["begin", "close"]


async def test_a_cancel_around_the_end_takes_no_slot(make: Make) -> None:
    pool, _ = make(max_connections=2)
    for number in range(60):
        tasks = [
            asyncio.create_task(pool.run(lambda s: time.sleep(0.002), timeout_s=5))
            for _ in range(5)
        ]
        await asyncio.sleep(number / 10_000)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    both = threading.Barrier(2)
    async with asyncio.timeout(5):
        await asyncio.gather(*(pool.run(lambda s: both.wait(4), timeout_s=5) for _ in range(2)))


async def test_dead_idle_sessions_are_replaced(make: Make) -> None:
    pool, sessions = make()
    await pool.run(lambda s: None, timeout_s=5)
    sessions[0].dead = True
    assert await pool.run(lambda s: "x", timeout_s=5) == "x"
    assert sessions[0].calls[-1] == "close"
    assert len(sessions) == 2


async def test_a_new_session_that_is_dead_is_an_error(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(self: FakeSession, timeout_s: float) -> None:
        raise SessionLostError(DatabaseUnreachableError("gone"))

    monkeypatch.setattr(FakeSession, "begin", dead)
    pool, sessions = make()
    with pytest.raises(DatabaseUnreachableError, match="gone"):
        await pool.run(lambda s: "x", timeout_s=5)
    assert len(sessions) == 1


async def test_close_lets_a_running_statement_be_stopped(make: Make) -> None:
    pool, sessions = make()
    task = asyncio.create_task(pool.run(FakeSession.hang, timeout_s=60))
    await asyncio.sleep(0.05)
    await pool.close()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sessions[0].calls == ["begin", "close"]


def test_no_secret_in_a_message() -> None:
    error = TARGET.unreachable("login with secret failed.", "Check it.")
    assert "secret" not in error.message
    assert "ns/db at host:1" in error.message
    assert "secret" not in repr(TARGET)
