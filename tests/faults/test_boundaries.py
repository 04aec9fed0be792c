"""A process is killed at every boundary of a task, and inside a statement; another one goes on from there."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.faults.judge import diary, judge
from tests.faults.servers import Nursery, Place, body, say

AT_ONCE = 4
"""Victims that live at the same time."""

CLOSING = 2
"""Events that are stored with the end of the task."""


async def test_a_task_survives_a_kill_at_any_point(
    make_place: Callable[..., Place], processes: Nursery
) -> None:
    place = make_place()
    (survivor,) = await processes.servers(place, 1)
    whole = (await survivor.run("whole")).json()
    told = [(kind, data) async for _, kind, data in survivor.events("whole")]
    points = list(points_of(told[:-CLOSING]))
    assert sum(point.startswith("after") for point in points) == len(told) - CLOSING > 10

    gate = asyncio.Semaphore(AT_ONCE)
    delays: dict[str, float] = {}
    answers: dict[str, Any] = {}

    async def one(point: str) -> None:
        name = point.replace(":", "_")
        question = "Statement 3" if point == "statement" else "How many?"
        async with gate:
            victim = processes.fork(place, "ask", "one", [body(name, question)], kill=point)
            await victim.ended()
            died = time.time()
            answers[point] = (await survivor.run(name, question)).json()
            taken = [line["at"] - died for line in diary(place, "taken", name)]
            delays[point] = max(taken, default=0.0)

    await asyncio.gather(*map(one, points))

    verdict = judge(place, {"whole", *(point.replace(":", "_") for point in points)})
    assert verdict.problems == []
    for point in points:
        name = point.replace(":", "_")
        answer, task = answers[point], verdict.tasks[name]
        assert answer["status"] == "completed", (point, answer)
        if point != "statement":
            assert (answer["sql"], answer["result"]) == (whole["sql"], whole["result"]), point
        assert (task.attempt, task.losses) == ((1, 0) if point == "finished" else (2, 1)), point
        kinds = [kind for _, kind, *_ in verdict.events[name]]
        assert kinds.count("started") == kinds.count("output_ready") == 1, point
    # The statement that was in flight is the one thing that runs again; what made it does not.
    assert nodes_of(place, "statement") == [
        *("schema_linking", "generate_sql", "execute_sql", "execute_sql", "output")
    ]
    assert max(delays.values()) < 4, delays
    say(f"{len(points)} kills, longest until taken over: {max(delays.values()):.2f} s")


def points_of(told: list[Any]) -> Iterator[str]:
    """Where to die, by the events of a task that was not disturbed."""
    yield from ("submitted", "started", "statement", "finish", "finishing", "finished")
    for number, (kind, data) in enumerate(told, start=1):
        yield f"after:{number}"
        # Between "processing" and what is told next a node works.
        if kind != "progress" and data.get("status") != "processing":
            yield f"before:{number}"
        if data.get("status") == "completed":
            yield f"writing:{number}"


def nodes_of(place: Place, name: str) -> list[str]:
    """The nodes that were begun, in order."""
    return [line["node"] for line in diary(place, "begin", name)]
