"""The clock of one host jumps, forwards and back."""

import asyncio
from collections import Counter
from collections.abc import Callable

from tests.faults.judge import diary, judge
from tests.faults.servers import Nursery, Place, until

DAY_S = 86_400
BEFORE_THE_GATE = 2
"""Nodes that a held task has begun."""


async def test_a_clock_that_jumps_by_a_day_changes_nothing(
    make_place: Callable[..., Place], processes: Nursery
) -> None:
    """No task is over too early or late, nobody is taken for dead, and a take-over goes on as ever."""
    place = make_place()
    wrong = place.folder / "clock"
    wrong.write_text("0")
    (jumping,) = await processes.servers(place, 1, clock=str(wrong))
    (other,) = await processes.servers(place, 1)
    whole = (await jumping.run("before")).json()
    held = ["elsewhere"]
    await other.submit("elsewhere", "Hold it", timeout_s=60)
    for jump_s in (DAY_S, -DAY_S):
        held.append(f"across_{jump_s}")
        await jumping.submit(held[-1], "Hold it", timeout_s=60)
        begun = len(held) * BEFORE_THE_GATE
        await until(
            lambda begun=begun: sum(line["task"] in held for line in diary(place, "begin")) == begun
        )
        wrong.write_text(str(jump_s))
        assert (await jumping.run(f"after_{jump_s}")).json()["status"] == "completed"
        for server in (jumping, other):
            assert (await server.run("before")).json() == whole  # found, not run again
        await asyncio.sleep(1.2)  # both look for the dead at least twice
        assert diary(place, "taken") == []

    await jumping.kill()
    await until(lambda: len(diary(place, "taken")) == 2)
    place.gate.touch()
    names = {*held, "before", f"after_{DAY_S}", f"after_{-DAY_S}"}
    for name in names:
        assert (await other.over(name))["status"] == "completed", name
    listed = await other.http.get("/workflows")
    assert {task["task_id"] for task in listed.json()["tasks"]} == names
    verdict = judge(place, names, clocks_agree=False)
    assert verdict.problems == []
    begun = Counter((line["task"], line["node"]) for line in diary(place, "begin"))
    # One node of each of the two was broken off with its process, and began once again.
    again = {key: times for key, times in begun.items() if times > 1}
    assert {task for task, _ in again} == set(held[1:]), diary(place)
    assert sum(begun.values()) == 4 * len(names) + 2, diary(place)
