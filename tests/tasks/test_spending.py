"""What tasks spent and asked: stored with their end or not at all, summed, and purged apart."""

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from datus.errors import FenceError, NotFoundError
from datus.tasks.engines import open_store
from datus.tasks.store import Run, Spent, TaskStore, TracedCall
from datus.types import Usage

Begin = Callable[..., Any]
NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
PRICED = Usage(2, 100, 20, 40, 0.25)
UNPRICED = Usage(1, 7, 3, 0, None)


def call(at: datetime = NOON, **changes: Any) -> TracedCall:
    fields: dict[str, Any] = {
        "at": at,
        "purpose": "generate_sql",
        "model": "main",
        "prompt_version": "generate_sql/en/1",
        "system": "Write SQL.",
        "prompt": "按产品类别统计",
        "answer": "SELECT 1",
        "cut": False,
        "error": None,
        "usage": PRICED,
        "seconds": 1.5,
    }
    return TracedCall(**{**fields, **changes})


async def end(run: Run, spent: Spent) -> None:
    done = ("done", {"status": "completed"})
    await run.finish("completed", answer={}, error=None, events=[done], spent=spent)


async def test_usage_is_summed_by_client_model_and_day(state: Path) -> None:
    now = NOON
    store = await open_store(state, clock=lambda: now)

    async def run(name: str, client: str, usage: dict[str, Usage]) -> None:
        task, _ = await store.submit(client, name, "f", {}, workflow="fixed", namespace="n")
        await end(await store.start(task), Spent(usage))

    await run("a", "alice", {"main": PRICED, "spare": UNPRICED})
    await run("b", "bob", {"main": PRICED})
    await run("none", "bob", {})
    now = NOON + timedelta(days=1)
    await run("a2", "alice", {"main": PRICED})
    models = {line.name: line for line in await store.usage("model")}
    assert models["main"].usage == Usage(6, 300, 60, 120, 0.75)
    assert (models["main"].tasks, models["main"].unpriced) == (3, 0)
    assert models["spare"].usage == Usage(1, 7, 3, 0, 0.0)
    assert models["spare"].unpriced == 1
    clients = {line.name: line for line in await store.usage("client")}
    assert (clients["alice"].tasks, clients["alice"].usage.requests) == (2, 5)
    assert [line.name for line in await store.usage("day")] == ["2024-01-15", "2024-01-16"]
    later = await store.usage("client", since=date(2024, 1, 16))
    assert [(line.name, line.tasks) for line in later] == [("alice", 1)]
    assert await store.usage_of_day(date(2024, 1, 15)) == {
        "alice": Usage(3, 107, 23, 40, 0.25),
        "bob": PRICED,
    }
    assert await store.usage_of_day(date(2024, 1, 14)) == {}
    await store.close()


async def test_who_lost_the_task_stores_nothing_of_it(
    store: TaskStore, begin: Begin, state: Path
) -> None:
    run = await begin("t")
    with sqlite3.connect(state) as connection:
        connection.execute("UPDATE task SET attempt = 2")
    connection.close()
    with pytest.raises(FenceError):
        await end(run, Spent({"main": PRICED}, (call(),)))
    assert await store.usage("model") == ()
    assert await store.trace("c", "t") == ()


async def test_a_trace_comes_back_as_it_was_in_order(store: TaskStore, begin: Begin) -> None:
    failed = call(
        answer=None, error={"code": "model_busy", "message": "忙"}, usage=UNPRICED, cut=True
    )
    await end(await begin("t"), Spent({}, (call(), failed)))
    assert await store.trace("c", "t") == (call(), failed)


async def test_a_trace_of_another_client_does_not_exist(store: TaskStore, begin: Begin) -> None:
    await end(await begin("t"), Spent({}, (call(),)))
    with pytest.raises(NotFoundError):
        await store.trace("other", "t")


async def test_purging_takes_old_traces_only_and_no_usage(store: TaskStore, begin: Begin) -> None:
    old, new = call(NOON - timedelta(days=31)), call()
    await end(await begin("old"), Spent({"main": PRICED}, (old,)))
    await end(await begin("new"), Spent({"main": PRICED}, (new,)))
    assert await store.purge_traces(NOON - timedelta(days=30), limit=9) == 1
    assert await store.purge_traces(NOON - timedelta(days=30), limit=9) == 0
    assert (await store.trace("c", "old"), await store.trace("c", "new")) == ((), (new,))
    (line,) = await store.usage("client")
    assert line.tasks == 2


async def test_usage_outlives_its_task_and_the_trace_does_not(
    store: TaskStore, begin: Begin, state: Path
) -> None:
    await end(await begin("t"), Spent({"main": PRICED}, (call(),)))
    with sqlite3.connect(state) as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("DELETE FROM task")
        left = connection.execute("SELECT count(*) FROM trace").fetchone()
    connection.close()
    assert left == (0,)
    (line,) = await store.usage("model")
    assert (line.name, line.tasks) == ("main", 1)


async def test_tasks_are_counted_by_workflow_and_status(store: TaskStore, begin: Begin) -> None:
    await end(await begin("a"), Spent())
    await end(await begin("b"), Spent())
    await begin("c")
    counts = {(each.workflow, each.status): each.tasks for each in await store.count_tasks()}
    assert counts == {("fixed", "completed"): 2, ("fixed", "running"): 1}


async def test_ends_at_once_are_all_counted(store: TaskStore, begin: Begin) -> None:
    runs = [await begin(f"t{n}") for n in range(40)]
    await asyncio.gather(*(end(run, Spent({"main": PRICED})) for run in runs))
    (line,) = await store.usage("client")
    assert (line.tasks, line.usage.input_tokens) == (40, 4_000)
