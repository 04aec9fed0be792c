"""The clock of one host jumps, forwards and back."""

import asyncio
from collections.abc import Callable

import pytest

from tests.faults.judge import diary, judge
from tests.faults.servers import Nursery, Place, until

DAY_S = 86_400


@pytest.mark.parametrize("jump_s", [DAY_S, -DAY_S], ids=["forwards", "back"])
async def test_a_clock_that_jumps_by_a_day_changes_nothing(
    make_place: Callable[..., Place], processes: Nursery, jump_s: int
) -> None:
    """No task is over too early or late, nobody is taken for dead, and a take-over goes on as ever."""
    place = make_place()
    wrong = place.folder / "clock"
    wrong.write_text("0")
    (jumping,) = await processes.servers(place, 1, clock=str(wrong))
    (other,) = await processes.servers(place, 1)
    names = {"before", "across", "elsewhere", "after", "taken"}
    assert (await jumping.run("before")).status_code == 200
    await jumping.submit("across", "Hold it", timeout_s=60)
    await other.submit("elsewhere", "Hold it", timeout_s=60)
    await until(lambda: len(diary(place, "begin")) == 4 + 2 * 2)
    wrong.write_text(str(jump_s))

    assert (await jumping.run("after")).json()["status"] == "completed"
    assert (await other.run("before")).json()["status"] == "completed"  # found, not run again
    await asyncio.sleep(1.2)  # both look for the dead at least twice
    assert diary(place, "taken") == []
    await jumping.submit("taken", "Hold it", timeout_s=60)
    await until(lambda: len(diary(place, "begin")) == 4 + 2 * 3 + 4)
    await jumping.kill()
    await until(lambda: len(diary(place, "taken")) == 2)
    place.gate.touch()
    for name in names:
        assert (await other.over(name))["status"] == "completed", name
    listed = await other.http.get("/workflows")
    assert {task["task_id"] for task in listed.json()["tasks"]} == names
    verdict = judge(place, names, clocks_agree=False)
    assert verdict.problems == []
    assert len(diary(place, "begin")) == 4 * len(names) + 2  # two nodes were broken off
