"""The ledger of a day: what the store has and what runs, each counted once; a new day at midnight UTC."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from datus.config import BudgetConfig
from datus.errors import UnavailableError
from datus.llm.base import BudgetError
from datus.types import Usage
from datus.workflow.budgets import Ledger

BUDGET = BudgetConfig(client_day_usd=10)


class World:
    """A store that others write to, and a clock."""

    def __init__(self) -> None:
        self.now = datetime(2024, 1, 15, 23, 50, tzinfo=UTC)
        self.stored: dict[date, dict[str, Usage]] = {}
        self.reading = asyncio.Event()
        self.reading.set()
        self.reads = 0
        self.ledger = Ledger(self.read, lambda: self.now)

    async def read(self, day: date) -> Mapping[str, Usage]:
        self.reads += 1
        found = dict(self.stored.get(day, {}))
        await self.reading.wait()
        return found

    def store(self, client: str, cost: float) -> None:
        of_day = self.stored.setdefault(self.now.date(), {})
        of_day[client] = of_day.get(client, Usage()) + Usage(cost=cost)

    async def refresh(self) -> None:
        self.now += timedelta(seconds=1)
        await self.ledger.refresh()

    def spent(self, client: str = "c") -> float:
        with pytest.raises(BudgetError) as raised:
            self.ledger.check(client, BudgetConfig(client_day_usd=0))
        return float(raised.value.details["spent"])


async def test_a_task_is_counted_once_while_it_runs_and_after() -> None:
    world = World()
    world.ledger.add("c", Usage(cost=3.0))
    assert world.spent() == 3
    await world.refresh()
    assert world.spent() == 3
    world.store("c", 3.0)
    world.ledger.settle("c", Usage(cost=3.0))
    assert world.spent() == 3
    await world.refresh()
    await world.refresh()
    assert world.spent() == 3
    assert world.spent("other") == 0


async def test_a_task_that_ends_during_a_read_is_not_lost() -> None:
    world = World()
    world.ledger.add("c", Usage(cost=3.0))
    world.reading.clear()
    reading = asyncio.create_task(world.refresh())
    await asyncio.sleep(0)
    world.store("c", 3.0)  # after the read has looked
    world.ledger.settle("c", Usage(cost=3.0))
    world.reading.set()
    await reading
    assert world.spent() == 3
    await world.refresh()
    assert world.spent() == 3


async def test_other_processes_count_once_they_are_read() -> None:
    world = World()
    await world.refresh()
    world.store("c", 10.0)
    world.ledger.check("c", BUDGET)
    await world.refresh()
    with pytest.raises(BudgetError) as raised:
        world.ledger.check("c", BUDGET)
    assert raised.value.code == "budget_spent"
    assert "client 'c' took 10 of 10 US dollars" in raised.value.message
    assert "2024-01-16T00:00:00Z" in raised.value.message


async def test_the_store_is_read_once_a_second_at_most() -> None:
    world = World()
    for _ in range(5):
        await world.ledger.refresh()
    assert world.reads == 1
    await world.refresh()
    assert world.reads == 2


async def test_a_store_that_cannot_be_read_loses_nothing() -> None:
    world = World()
    world.ledger.add("c", Usage(cost=3.0))
    world.ledger.settle("c", Usage(cost=3.0))

    async def broken(day: date) -> Mapping[str, Usage]:
        raise UnavailableError("The disk is gone.")

    world.ledger._read = broken
    with pytest.raises(UnavailableError):
        await world.refresh()
    assert world.spent() == 3
    world.store("c", 3.0)
    world.ledger._read = world.read
    await world.refresh()
    assert world.spent() == 3


async def test_a_new_day_begins_with_what_still_runs() -> None:
    world = World()
    world.store("c", 5.0)
    await world.refresh()
    world.ledger.add("c", Usage(cost=2.0))  # over before midnight
    world.ledger.settle("c", Usage(cost=2.0))
    world.ledger.add("c", Usage(cost=1.0))  # runs on
    assert world.spent() == 8
    world.now += timedelta(minutes=15)
    assert world.spent() == 1
    await world.refresh()
    assert world.spent() == 1
    world.store("c", 1.0)
    world.ledger.settle("c", Usage(cost=1.0))
    await world.refresh()
    assert world.spent() == 1


async def test_the_day_is_that_of_utc() -> None:
    world = World()
    world.now = world.now.astimezone(UTC)
    await world.refresh()
    assert world.ledger._day == date(2024, 1, 15)


@pytest.mark.parametrize(
    ("budget", "task", "name"),
    [
        (BudgetConfig(request_tokens=10), Usage(1, 6, 4), "request_tokens"),
        (BudgetConfig(request_usd=1), Usage(cost=1.0), "request_usd"),
        (BudgetConfig(client_day_tokens=0), Usage(), "client_day_tokens"),
        (BudgetConfig(client_day_usd=0), Usage(), "client_day_usd"),
        (BudgetConfig(day_usd=0), Usage(), "day_usd"),
    ],
)
def test_every_budget_names_itself(budget: BudgetConfig, task: Usage, name: str) -> None:
    ledger = World().ledger
    with pytest.raises(BudgetError, match=name) as raised:
        ledger.check("c", budget, task)
    assert raised.value.details["budget"] == name
    assert ("renewed_at" in raised.value.details) is not name.startswith("request")


@pytest.mark.parametrize(
    ("budget", "task"),
    [
        (BudgetConfig(), Usage(9, 10**9, 10**9, 0, 1e6)),
        (BudgetConfig(request_tokens=11), Usage(1, 6, 4)),
        (BudgetConfig(request_usd=1), Usage(cost=None)),
    ],
)
def test_what_is_left_is_left(budget: BudgetConfig, task: Usage) -> None:
    World().ledger.check("c", budget, task)
