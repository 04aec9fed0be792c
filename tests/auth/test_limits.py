"""Limits of requests and of failed sign-ins, and what holds while their storage cannot be reached."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from limits.aio.storage import MemoryStorage
from limits.errors import StorageError

from datus.auth import Client, ClientLimits, Counts, SignInLimits, limits
from datus.auth.limits import network
from datus.config import RateLimit, RateLimitsConfig

FIVE = Client("app", rate_limit=RateLimit(5, "minute"))


class Broken(MemoryStorage):
    """A storage that fails, or never answers, as long as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = True
        self.hangs = False
        self.asked = 0

    async def _fail(self) -> None:
        self.asked += 1
        if self.hangs:
            await asyncio.sleep(60)
        if self.fails:
            raise StorageError(ConnectionError("refused"))

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        await self._fail()
        return await super().incr(key, expiry, amount)

    async def get(self, key: str) -> int:
        await self._fail()
        return await super().get(key)


@pytest.fixture
def limits_clock(clock: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The clock, also of what the library tells of a window."""
    monkeypatch.setattr("limits.aio.strategies.time", SimpleNamespace(time=clock))
    monkeypatch.setattr("datus.auth.limits.time", SimpleNamespace(time=clock))
    clock.now_s = 1_700_000_040.0  # where a minute begins
    return clock


async def test_requests_are_counted_in_a_sliding_window(limits_clock):
    counted = ClientLimits(Counts(MemoryStorage(), limits_clock))
    limits_clock.go(50)
    found = [await counted.count(FIVE) for _ in range(7)]
    assert [(each.allowed, each.remaining) for each in found if each] == [
        (True, 4), (True, 3), (True, 2), (True, 1), (True, 0), (False, 0), (False, 0),
    ]  # fmt: skip
    assert found[-1] is not None
    assert found[-1].reset_s == 10
    limits_clock.go(11)
    # A second into the next minute the five of the last one still count nearly in full.
    again = [await counted.count(FIVE) for _ in range(5)]
    assert [each.allowed for each in again if each] == [True, False, False, False, False]
    limits_clock.go(119)
    assert [(await counted.count(FIVE)).remaining for _ in range(5)] == [4, 3, 2, 1, 0]


async def test_each_client_has_its_own_limit_or_the_default_or_none(limits_clock):
    storage = Broken()
    storage.fails = False
    without = ClientLimits(Counts(storage, limits_clock))
    assert await without.count(Client("app")) is None
    assert storage.asked == 0
    counted = ClientLimits(Counts(storage, limits_clock), RateLimit(2, "day"))
    for name in ("one", "two"):
        found = [await counted.count(Client(name)) for _ in range(3)]
        assert [each.allowed for each in found if each] == [True, True, False]
    assert (await counted.count(FIVE)).limit == RateLimit(5, "minute")


async def test_requests_go_on_while_nothing_can_be_counted(limits_clock, caplog):
    storage = Broken()
    counted = ClientLimits(Counts(storage, limits_clock))
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            assert await counted.count(FIVE) is None
    assert storage.asked == 1  # then it is left alone for some seconds
    limits_clock.go(6)
    assert await asyncio.gather(*(counted.count(FIVE) for _ in range(20))) == [None] * 20
    assert storage.asked == 2
    assert [record.getMessage() for record in caplog.records] == [
        "rate limits cannot be counted, so requests are not limited and failed sign-ins by this "
        "process alone: ConnectionError: refused"
    ]
    storage.fails = False
    limits_clock.go(8)
    assert [(await counted.count(FIVE)).remaining for _ in range(2)] == [4, 3]
    assert caplog.records[-1].getMessage() == "rate limits are counted again"


async def test_nobody_waits_for_a_storage_that_does_not_answer(monkeypatch, caplog):
    monkeypatch.setattr(limits, "_PATIENCE_S", 0.02)
    storage = Broken()
    storage.hangs = True
    counted = ClientLimits(Counts(storage))
    assert await asyncio.wait_for(counted.count(FIVE), 5) is None
    assert "TimeoutError" in caplog.text


async def test_failures_of_all_processes_add_up(clock):
    shared = MemoryStorage()
    one, two = (SignInLimits(Counts(shared, clock), clock=clock) for _ in range(2))
    for number in range(10):
        await one.add("app", f"192.0.2.{number}")
        await two.add("app", f"192.0.2.{number}")
    clock.go(60)
    for process in (one, two):
        assert await process.wait_s("app", "198.51.100.1") == 240
        assert await process.wait_s("other", "198.51.100.1") == 0
    clock.go(240)
    assert await one.wait_s("app", "198.51.100.1") == 0


async def test_a_client_is_known_to_all_processes_where_it_signed_in(clock):
    shared = MemoryStorage()
    one, two = (SignInLimits(Counts(shared, clock), clock=clock) for _ in range(2))
    await one.remember("app", "203.0.113.7")
    for number in range(20):
        await two.add("app", f"192.0.2.{number}")
    for process in (one, two):
        assert await process.wait_s("app", "203.0.113.7") == 0
        assert await process.wait_s("app", "192.0.2.1") == 300
    for number in range(60):
        await two.add(f"nobody{number}", "203.0.113.7")
    assert await one.wait_s("app", "203.0.113.7") == 300


async def test_who_signs_in_often_writes_once(clock):
    storage = Broken()
    storage.fails = False
    process = SignInLimits(Counts(storage, clock), clock=clock)
    for _ in range(5):
        await process.remember("app", "203.0.113.7")
    assert list(storage.storage.values()) == [1]


async def test_a_process_counts_failures_by_itself_while_it_cannot_share_them(clock):
    storage = Broken()
    alone = SignInLimits(Counts(storage, clock), clock=clock)
    for _ in range(20):
        assert await alone.wait_s("app", "192.0.2.1") == 0
        await alone.add("app", "192.0.2.1")
    assert await alone.wait_s("app", "192.0.2.1") == 300
    assert storage.asked == 1


async def test_failures_before_an_outage_count_during_it(clock):
    storage = Broken()
    storage.fails = False
    one = SignInLimits(Counts(storage, clock), clock=clock)
    for _ in range(20):
        await one.add("app", "192.0.2.1")
    storage.fails = True
    assert await one.wait_s("app", "192.0.2.1") == 300


async def test_how_many_failures_are_borne_is_set(clock):
    config = RateLimitsConfig(
        client_failures=RateLimit(2, "hour"), address_failures=RateLimit(3, "second", 30)
    )
    process = SignInLimits(None, config, clock=clock)
    await process.add("app", "192.0.2.1")
    assert await process.wait_s("app", "192.0.2.1") == 0
    await process.add("app", "192.0.2.1")
    assert await process.wait_s("app", "192.0.2.1") == 3_600
    await process.add("other", "192.0.2.1")
    assert await process.wait_s("new", "192.0.2.1") == 30


@pytest.mark.parametrize("text", ["a" * 10_000, "s3cret/../x\n", "\ud800", "\x00", "中文", "{a}"])
async def test_text_of_strangers_makes_short_and_harmless_keys(clock, text):
    storage = MemoryStorage()
    process = SignInLimits(Counts(storage, clock), clock=clock)
    await process.add(text, text)
    for key in storage.storage:
        assert len(key) < 120
        assert key.isascii()
        assert key.isprintable()
        assert text not in key


async def test_different_names_have_different_keys(clock):
    storage = MemoryStorage()
    process = SignInLimits(Counts(storage, clock), clock=clock)
    names = ["a" * 64, "a" * 65, "a" * 66, "2001:db8::/64", "a\n", "a", " a"]
    for name in names:
        await process.add(name, name)
    assert len(storage.storage) == 2 * len(names)
    assert set(storage.storage.values()) == {1}


def test_networks():
    assert network("192.0.2.1") == network("::ffff:192.0.2.1") == "192.0.2.1"
    assert network("2001:db8::1") == network("2001:db8::2") != network("2001:db8:0:1::1")
    assert network(None) == network("") == "unknown"
    assert network("testclient") == "testclient"
