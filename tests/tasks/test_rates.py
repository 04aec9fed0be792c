"""Counts against limits: the statements on both engines, and every storage by one suite."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from sqlalchemy import Engine, create_engine, event, func, select

from datus.config import RateLimitsConfig, Secret
from datus.service.rates import Rates
from datus.tasks import rates
from datus.tasks.engines import migrate, open_store
from datus.tasks.tables import METADATA, RATE

NOW = 1_700_000_040.0  # where a minute begins
REDIS = "redis://127.0.0.1:6379/15"


# --- the statements


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    connect_postgresql: Callable[[], psycopg.Connection],
) -> Iterator[Engine]:
    """A database with the table, that many threads may write at once."""
    if request.param == "sqlite":
        migrate(tmp_path / "state.db")
        engine = create_engine(f"sqlite:///{tmp_path / 'state.db'}")

        @event.listens_for(engine, "begin")
        def begin(connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # as the store does

        yield engine
        engine.dispose()
        return
    with connect_postgresql() as connection:
        schema = f"datus_rates_{uuid4().hex[:8]}"
        connection.execute(f'CREATE SCHEMA "{schema}"')
        engine = create_engine(
            "postgresql+psycopg://postgres@127.0.0.1/postgres",
            connect_args={"options": f"-csearch_path={schema}"},
            pool_size=8,
        )
        METADATA.create_all(engine, tables=[RATE])
        yield engine
        engine.dispose()
        connection.execute(f'DROP SCHEMA "{schema}" CASCADE')


def rows(engine: Engine) -> int:
    with engine.begin() as connection:
        return connection.scalar(select(func.count()).select_from(RATE)) or 0


def test_a_fixed_window_begins_with_its_first_count(engine):
    with engine.begin() as connection:
        assert rates.read(connection, "k", NOW) == (0, NOW)
        assert [rates.add(connection, "k", 60, 1, NOW + second) for second in (0, 20, 59)] == [
            1,
            2,
            3,
        ]
        assert rates.read(connection, "k", NOW + 59) == (3, NOW + 60)
        assert rates.read(connection, "k", NOW + 60) == (0, NOW + 60)
        assert rates.add(connection, "k", 60, 2, NOW + 61) == 2
        assert rates.read(connection, "k", NOW + 61) == (2, NOW + 121)
        assert rates.read(connection, "other", NOW) == (0, NOW)
        rates.forget(connection, "k")
        assert rates.read(connection, "k", NOW + 61) == (0, NOW + 61)


def test_a_sliding_window_counts_what_it_still_covers_of_the_one_before(engine):
    with engine.begin() as connection:
        taken = [rates.take(connection, "k", 4, 60, 1, NOW + 50) for _ in range(6)]
        assert taken == [True] * 4 + [False] * 2
        assert rates.read_sliding(connection, "k", 60, NOW + 50) == (0, 4, 10)
        # 15 seconds into the next window three quarters of the four are left, at 30 the half.
        assert [rates.take(connection, "k", 4, 60, 1, NOW + 75) for _ in range(2)] == [True, False]
        assert [rates.take(connection, "k", 4, 60, 1, NOW + 90) for _ in range(2)] == [True, False]
        assert rates.read_sliding(connection, "k", 60, NOW + 90) == (4, 2, 30)
        assert not rates.take(connection, "new", 4, 60, 5, NOW)
        rates.forget_sliding(connection, "k", 60, NOW + 90)
        assert rates.read_sliding(connection, "k", 60, NOW + 90) == (0, 0, 30)


def test_what_is_refused_writes_nothing(engine):
    with engine.begin() as connection:
        for _ in range(3):
            rates.take(connection, "k", 1, 60, 1, NOW)
        assert connection.execute(select(RATE.c.count)).scalars().all() == [1]


def test_many_at_once_get_no_more_than_the_limit(engine):
    def take(_: int) -> bool:
        with engine.begin() as connection:
            return rates.take(connection, "k", 15, 60, 1, NOW)

    def add(_: int) -> int:
        with engine.begin() as connection:
            return rates.add(connection, "f", 60, 1, NOW)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take, range(40))) == 15
        assert sorted(pool.map(add, range(40))) == list(range(1, 41))


def test_rows_that_are_over_go_in_small_batches(engine):
    with engine.begin() as connection:
        for number in range(50):
            rates.add(connection, f"old{number}", 60, 1, NOW)
        for number in range(30):
            rates.add(connection, f"live{number}", 600, 1, NOW)
    assert rows(engine) == 80
    with engine.begin() as connection:
        assert rates.add(connection, "new", 60, 1, NOW + 61) == 1
    assert rows(engine) == 81 - rates.PURGED_AT_ONCE
    with engine.begin() as connection:
        rates.add(connection, "new", 60, 1, NOW + 61)  # begins no window
    assert rows(engine) == 81 - rates.PURGED_AT_ONCE
    with engine.begin() as connection:
        for number in range(2):
            assert rates.take(connection, f"more{number}", 5, 60, 1, NOW + 61)
    assert rows(engine) == 33
    with engine.begin() as connection:
        assert rates.read(connection, "live7", NOW + 61)[0] == 1
        assert rates.forget_all(connection) == 33


def test_a_row_that_another_process_holds_is_left_to_it(engine):
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with engine.begin() as connection:
        rates.add(connection, "old", 60, 1, NOW)
        rates.add(connection, "old2", 60, 1, NOW)
    with engine.begin() as one:
        rates.add(one, "old", 60, 1, NOW + 61)
        with engine.begin() as two:
            two.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
            rates.add(two, "new", 60, 1, NOW + 61)
    with engine.begin() as connection:
        assert rates.read(connection, "old", NOW + 61) == (1, NOW + 121)
        assert set(connection.execute(select(RATE.c.key)).scalars()) == {"old", "new"}


# --- the storages


async def redis_storage(url: str = REDIS) -> AsyncIterator[Storage]:
    counting = Rates(RateLimitsConfig("redis", Secret(url)), MemoryStorage())
    storage = counting.clients._counts.storage
    try:
        await storage.get("reachable")
    except StorageError as error:
        await counting.close()
        pytest.skip(f"no Redis server to test against: {error.storage_error}")
    yield storage
    await counting.close()


async def state_storage(path: Path) -> AsyncIterator[Storage]:
    store = await open_store(path)
    yield store.rates
    await store.close()


@pytest.fixture(params=["memory", "state", "redis"])
async def pair(
    request: pytest.FixtureRequest, state: Path
) -> AsyncIterator[tuple[Storage, Storage]]:
    """Two views of one storage, as two processes have them."""
    if request.param == "memory":
        storage = MemoryStorage()
        yield storage, storage
        return
    opened = [
        redis_storage() if request.param == "redis" else state_storage(state) for _ in range(2)
    ]
    one, two = [await anext(each) for each in opened]
    yield one, two
    for each in opened:
        with suppress(StopAsyncIteration):
            await anext(each)


async def test_two_processes_share_a_sliding_window(pair):
    one, two = map(SlidingWindowCounterRateLimiter, pair)
    item, name = RateLimitItemPerHour(6, 24 * 100), uuid4().hex
    taken = [await each.hit(item, name) for each in (one, two) * 4]
    assert taken == [True] * 6 + [False] * 2
    assert not await two.test(item, name)
    stats = await two.get_window_stats(item, name)
    assert stats.remaining == 0
    assert 0 < stats.reset_time - time.time() <= item.get_expiry()
    await one.clear(item, name)
    assert await two.test(item, name)
    assert (await two.get_window_stats(item, name)).remaining == 6


async def test_two_processes_share_a_fixed_window(pair):
    one, two = map(FixedWindowRateLimiter, pair)
    item, name = RateLimitItemPerMinute(6, 5), uuid4().hex
    assert (await one.get_window_stats(item, name)).remaining == 6
    for each in (one, two) * 3:
        assert await each.test(item, name)
        await each.hit(item, name)
    assert not await one.test(item, name)
    stats = await two.get_window_stats(item, name)
    assert stats.remaining == 0
    assert 295 < stats.reset_time - time.time() <= 300
    await two.clear(item, name)
    assert await one.test(item, name)
    assert await one.storage.check()


async def test_many_at_once_of_two_processes_get_no_more_than_the_limit(pair):
    one, two = map(SlidingWindowCounterRateLimiter, pair)
    item, name = RateLimitItemPerHour(25, 24 * 100), uuid4().hex
    taken = await asyncio.gather(*(each.hit(item, name) for each in (one, two) * 30))
    assert sum(taken) == 25
    await one.clear(item, name)


async def test_time_is_that_of_the_store(state):
    now = [NOW]
    stores = [
        await open_store(state, clock=lambda: datetime.fromtimestamp(now[0], UTC)) for _ in range(2)
    ]
    one, two = (store.rates for store in stores)
    assert await one.incr("k", 60) == 1
    assert await two.incr("k", 60) == 2
    assert await one.get_expiry("k") == NOW + 60
    assert await two.acquire_sliding_window_entry("s", 1, 60)
    now[0] += 59
    assert not await one.acquire_sliding_window_entry("s", 1, 60)
    assert await one.get_sliding_window("s", 60) == (0, 0.0, 1, 61.0)
    now[0] += 31
    assert await one.get("k") == 0
    assert await one.get_sliding_window("s", 60) == (1, 30.0, 0, 90.0)
    assert await one.acquire_sliding_window_entry("s", 1, 60)
    assert await two.reset() == 2  # "k" went in passing, it was over
    for store in stores:
        await store.close()


async def test_a_store_that_cannot_be_used_is_an_error_of_the_storage(state):
    store = await open_store(state)
    counted = store.rates
    await store.close()
    for asked in (
        counted.get("k"),
        counted.incr("k", 60),
        counted.acquire_sliding_window_entry("k", 1, 60),
        counted.get_sliding_window("k", 60),
    ):
        with pytest.raises(StorageError):
            await asked
    assert not await counted.check()


async def test_redis_out_of_reach_is_an_error_without_its_password():
    url = "redis://:hunter2@127.0.0.1:1/0"
    counting = Rates(RateLimitsConfig("redis", Secret(url)), MemoryStorage())
    with pytest.raises(StorageError) as caught:
        await counting.clients._counts.storage.get("k")
    assert "hunter2" not in f"{caught.value!r} {caught.value.storage_error!r}"
    await counting.close()
