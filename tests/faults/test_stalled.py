"""A process that is silent for long is not taken for dead."""

import asyncio
import signal
import time
from pathlib import Path

from datus.tasks.engines import migrate
from tests.faults.judge import diary, judge
from tests.faults.servers import Nursery, Place, until

BLOCKED_S = 10


async def test_a_blocked_event_loop_is_not_a_death(
    tmp_path: Path, database: str, processes: Nursery
) -> None:
    """On both engines at once, as it takes its time."""
    states = (tmp_path / "state.db", database)
    for state in states:
        migrate(state)
    places = [Place(tmp_path / f"place{n}", state) for n, state in enumerate(states)]
    await asyncio.gather(*(stall(place, processes) for place in places))


async def stall(place: Place, processes: Nursery) -> None:
    """One process holds its event loop, another is stopped altogether, a third looks on."""
    blocked, stopped, other = await processes.servers(place, 3)
    await blocked.submit("beside", "Wait 1")
    await stopped.submit("asleep", "Wait 1")
    asking = asyncio.create_task(blocked.run("blocked", f"Block {BLOCKED_S}"))
    await until(
        lambda: any(each["node"] == "generate_sql" for each in diary(place, "begin", "blocked"))
    )
    stopped.signal(signal.SIGSTOP)
    began = time.monotonic()
    assert (await other.run("meanwhile")).json()["status"] == "completed"
    assert (await other.get("blocked"))["status"] == "running"
    assert (await asking).json()["status"] == "completed"
    assert time.monotonic() - began > BLOCKED_S - 2  # it was blocked all the while
    stopped.signal(signal.SIGCONT)
    for name in ("beside", "asleep"):
        assert (await other.over(name))["status"] == "completed"

    verdict = judge(place, {"beside", "asleep", "blocked", "meanwhile"})
    assert verdict.problems == []
    assert {(task.attempt, task.losses) for task in verdict.tasks.values()} == {(1, 0)}
    assert diary(place, "taken") == []
    assert diary(place, "cancelled") == []
