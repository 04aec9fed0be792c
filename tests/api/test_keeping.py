"""What clients see of tasks that a running service deleted, or reduced to what feedback needs."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.conftest import GatedGenerator

THEN = datetime(2024, 1, 15, 12, tzinfo=UTC)
WHICH = "Which orders?"


async def gone(world: Any, task_id: str) -> None:
    """Until the service, which purges when it starts, has deleted a task."""
    for _ in range(1_000):
        if (await world.call("GET", f"/workflows/{task_id}")).status_code == 404:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{task_id} is still there")


async def test_a_purged_task_is_unknown_and_its_id_free(settings, open_world) -> None:
    async with open_world(settings, GatedGenerator(), clock=lambda: THEN) as world:
        first = (await world.run(WHICH, task_id="plain")).json()
        await world.run(WHICH, task_id="told")
        said = {"task_id": "told", "status": "failed", "corrected_sql": "SELECT 1"}
        assert (await world.call("POST", "/workflows/feedback", json=said)).status_code == 200
    later = THEN + timedelta(days=settings.keep.completed_days, seconds=1)
    generator = GatedGenerator()
    async with open_world(settings, generator, clock=lambda: later) as world:
        await gone(world, "plain")
        listed = (await world.call("GET", "/workflows")).json()["tasks"]
        assert [task["task_id"] for task in listed] == ["told"]
        scraped = (await world.http.get("/metrics", headers={"Accept": "text/plain"})).text
        assert 'datus_tasks_total{status="completed",workflow="fixed"} 2.0' in scraped
        # With feedback it stays, without rows; its id is taken.
        kept = (await world.call("GET", "/workflows/told")).json()
        assert (kept["status"], kept["sql"], kept["result"]) == ("completed", first["sql"], None)
        assert (kept["metadata"]["purged"], kept["metadata"]["database"]) == (True, "shop")
        assert (await world.run(WHICH, task_id="told")).json() == kept
        assert (await world.run("How many orders?", task_id="told")).status_code == 409
        events = world.events(await world.call("GET", "/workflows/told/events"))
        assert [name for _, name, _ in events] == ["done"]
        assert generator.asked == []
        # Without, the id names a new task.
        again = (await world.run(WHICH, task_id="plain")).json()
        assert (again["result"], generator.asked) == (first["result"], [WHICH])


async def test_feedback_goes_when_its_own_days_are_over(settings, open_world) -> None:
    async with open_world(settings, GatedGenerator(), clock=lambda: THEN) as world:
        await world.run(WHICH, task_id="told")
        said = {"task_id": "told", "status": "success"}
        await world.call("POST", "/workflows/feedback", json=said)
    kept = replace(settings, keep=replace(settings.keep, completed_days=1, feedback_days=30))
    after = THEN + timedelta(days=30, seconds=1)
    async with open_world(kept, GatedGenerator(), clock=lambda: after) as world:
        await gone(world, "told")
