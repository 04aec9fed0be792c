"""What holds between processes: real ones, killed for real."""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datus.errors import ConflictError, FenceError
from datus.tasks.engines import open_store
from datus.tasks.store import TaskStore

Spawn = Callable[..., Any]


async def test_parallel_submits_create_one_task(store: TaskStore, spawn: Spawn) -> None:
    workers = [await spawn("submit", "same", 12, "f") for _ in range(4)]
    for worker in workers:
        await worker.said()
    for worker in workers:
        await worker.go()
    here = [
        store.submit("c", "same", "f", {}, workflow="fixed", namespace="demo") for _ in range(2)
    ]
    outcomes = await asyncio.gather(*here)
    said = [await worker.said() for worker in workers]
    assert sum(each["created"] for each in said) + sum(made for _, made in outcomes) == 1
    assert [each["reused"] for each in said] == [0, 0, 0, 0]


async def test_parallel_submits_of_another_body_conflict(spawn: Spawn) -> None:
    workers = [await spawn("submit", "same", 10, f"body{index}") for index in range(2)]
    for worker in workers:
        await worker.said()
    for worker in workers:
        await worker.go()
    said = [await worker.said() for worker in workers]
    assert sorted(said, key=lambda each: each["created"]) == [
        {"created": 0, "reused": 10, "ok": 0},
        {"created": 1, "reused": 0, "ok": 10},
    ]


async def test_killed_process_loses_its_tasks_and_no_other(store: TaskStore, spawn: Spawn) -> None:
    doomed = await spawn("hold", "a", "b")
    living = await spawn("obey", "alive")
    await doomed.said()
    await living.said()
    assert await store.reap() == ()
    await doomed.kill()

    lost = {task.task_id: task for task in await store.reap()}
    assert set(lost) == {"a", "b", "still-queued"}
    task = await store.get("c", "a")
    assert task.status == "failed"
    assert task.error is not None
    assert task.error["code"] == "worker_lost"
    assert task.finished_at is not None
    events = [event async for event in store.events("c", "a")]
    assert [(event.seq, event.type) for event in events] == [
        (1, "started"),
        (2, "progress"),
        (3, "error"),
        (4, "done"),
    ]
    assert events[-1].data["status"] == "failed"
    assert events[-1].data["task_id"] == "a"
    assert (await store.get("c", "alive")).status == "running"
    assert await store.reap() == ()


async def test_start_of_another_process_reaps(state: Path, spawn: Spawn) -> None:
    doomed = await spawn("hold", "a")
    await doomed.said()
    await doomed.kill()
    store = await open_store(state, reap_every_s=0.02)
    assert (await asyncio.wait_for(store.wait("c", "a"), 5)).status == "failed"
    await store.reap()  # so that the reaping which ended the task is over too
    await store.close()
    assert list((state.parent / "owners").iterdir()) == []


async def test_two_reapers_end_a_task_once(store: TaskStore, spawn: Spawn) -> None:
    names = [f"t{index}" for index in range(20)]
    doomed = await spawn("hold", *names)
    await doomed.said()
    reapers = [await spawn("reap") for _ in range(3)]
    for reaper in reapers:
        await reaper.said()
    await doomed.kill()
    for reaper in reapers:
        await reaper.go()
    reaped = [name for reaper in reapers for name in await reaper.said()]
    assert sorted(reaped) == sorted([*names, "still-queued"])
    for name in names:
        types = [event.type async for event in store.events("c", name)]
        assert types == ["started", "progress", "error", "done"]


async def test_stopped_process_is_not_dead(store: TaskStore, spawn: Spawn) -> None:
    stopped = await spawn("hold", "a")
    await stopped.said()
    stopped.process.send_signal(signal.SIGSTOP)
    assert await store.reap() == ()
    assert (await store.get("c", "a")).status == "running"


async def test_forked_child_does_not_keep_its_parent_alive(store: TaskStore, spawn: Spawn) -> None:
    doomed = await spawn("fork", "a")
    child = await doomed.said()
    await asyncio.sleep(0.05)
    await doomed.kill()
    os.kill(child, 0)  # it is still there
    assert [task.task_id for task in await store.reap()] == ["a"]
    os.kill(child, signal.SIGKILL)


async def test_live_events_of_another_process(store: TaskStore, spawn: Spawn) -> None:
    runner = await spawn("run", "t", 40)
    await runner.said()
    readers = [
        asyncio.create_task(collect(store, "t", after)) for after in (0, 0, 17) for _ in range(3)
    ]
    await asyncio.sleep(0.05)
    await runner.go()
    seqs = await asyncio.wait_for(asyncio.gather(*readers), 20)
    assert seqs[:6] == [list(range(1, 42))] * 6
    assert seqs[6:] == [list(range(18, 42))] * 3
    assert (await store.wait("c", "t")).answer == {"n": 1}


async def test_event_numbers_have_no_gap(state: Path, spawn: Spawn) -> None:
    workers = [await spawn("many", f"p{index}", 25) for index in range(3)]
    for worker in workers:
        assert await worker.said() == "over"
    with sqlite3.connect(state) as connection:
        tasks = connection.execute(
            "SELECT task.status, last_seq, count(*), min(seq), max(seq),"
            " max(CASE WHEN type = 'done' THEN seq END), sum(type = 'done')"
            " FROM task JOIN event ON event.task = task.id GROUP BY task.id"
        ).fetchall()
    connection.close()
    assert tasks == [("completed", 11, 11, 1, 11, 11, 1)] * 75


async def test_cancel_from_another_process(
    store: TaskStore, spawn: Spawn, begin: Callable[..., Any]
) -> None:
    run = await begin("t")
    await spawn("cancel", "t")
    await asyncio.wait_for(run.cancelled(), 10)
    assert (await store.get("c", "t")).cancel_requested_at is not None


async def test_cancel_reaches_another_process_fast(store: TaskStore, spawn: Spawn) -> None:
    runner = await spawn("obey", "t")
    await runner.said()
    begin = time.monotonic()
    await store.request_cancel("c", "t")
    assert (await store.wait("c", "t")).status == "cancelled"
    assert time.monotonic() - begin < 1
    with pytest.raises(ConflictError) as raised:
        await store.request_cancel("c", "t")
    assert raised.value.code == "task_over"


@pytest.mark.parametrize("name", ["a", "still-queued"])
async def test_cancel_of_a_dead_owners_task_ends_it(
    store: TaskStore, spawn: Spawn, name: str
) -> None:
    doomed = await spawn("hold", "a")
    await doomed.said()
    await doomed.kill()
    await store.request_cancel("c", name)
    task = await store.get("c", name)
    assert task.error is not None
    assert (task.status, task.error["code"]) == ("cancelled", "cancelled")
    events = [event async for event in store.events("c", name)]
    assert [event.type for event in events][-2:] == ["error", "done"]
    assert events[-1].data["status"] == "cancelled"


async def test_run_that_was_reaped_cannot_write(
    state: Path, store: TaskStore, begin: Callable[..., Any], spawn: Spawn
) -> None:
    run = await begin("t")
    for slot in (state.parent / "owners").iterdir():
        slot.unlink()  # as if this process had died
    reaper = await spawn("reap")
    await reaper.said()
    await reaper.go()
    assert await reaper.said() == ["t"]
    before = [event async for event in store.events("c", "t")]
    with pytest.raises(FenceError):
        await run.emit("progress", {"progress": 9})
    with pytest.raises(FenceError):
        await run.finish("completed", answer={}, error=None, events=[("done", {})])
    assert [event async for event in store.events("c", "t")] == before
    assert (await store.get("c", "t")).status == "failed"


async def collect(store: TaskStore, name: str, after: int) -> list[int]:
    return [event.seq async for event in store.events("c", name, after)]
