"""What holds between processes: real ones, killed for real."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datus.errors import ConflictError, FenceError
from datus.tasks.engines import open_store
from datus.tasks.store import Adopted, TaskRecord, TaskStore
from tests.tasks.conftest import on_state

Spawn = Callable[..., Any]


@pytest.fixture
def state(each_state: Path | str) -> Path | str:
    return each_state


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


async def test_tasks_of_a_killed_process_are_taken_and_no_others(
    store: TaskStore, spawn: Spawn
) -> None:
    doomed = await spawn("hold", "a", "b")
    living = await spawn("obey", "alive")
    await doomed.said()
    await living.said()
    assert await store.adopt(9) == Adopted()
    await doomed.kill()

    taken = await adopted(store)
    assert [(task.task_id, task.attempt, task.losses) for task in taken] == [
        ("a", 2, 1),
        ("b", 2, 1),
        ("still-queued", 2, 1),
    ]
    run = await store.start(taken[0])
    assert run.left.steps == ({"at": 1},)
    assert [(event.seq, event.type) for event in run.left.events] == [(2, "progress")]
    run.emit("progress", {"progress": 50})
    await run.finish("completed", answer={"n": 1}, error=None, events=[("done", {})])
    events = [(event.seq, event.type) async for event in store.events("c", "a")]
    assert events == [(1, "started"), (2, "progress"), (3, "progress"), (4, "done")]
    assert (await store.get("c", "alive")).status == "running"
    assert await store.adopt(9) == Adopted()


async def test_no_more_is_taken_than_there_is_room_for(store: TaskStore, spawn: Spawn) -> None:
    doomed = await spawn("hold", "a", "b")
    await doomed.said()
    await doomed.kill()
    assert [task.task_id for task in await adopted(store, 2)] == ["a", "b"]
    assert await store.adopt(0) == Adopted()
    assert [task.task_id for task in await adopted(store, 2)] == ["still-queued"]


async def test_a_task_with_which_three_processes_died_is_lost(
    state: Path | str, store: TaskStore, spawn: Spawn
) -> None:
    for attempt in range(3):
        doomed = await spawn("take" if attempt else "hold", "a")
        await doomed.said()
        await doomed.kill()
    ended = await asyncio.wait_for(ends(store), 5)
    assert {task.task_id: task.losses for task in ended} == {"a": 2, "still-queued": 2}
    task = await store.get("c", "a")
    assert task.error is not None
    assert (task.status, task.error["code"], task.attempt) == ("failed", "worker_lost", 3)
    assert "3 server processes" in task.error["message"]
    events = [event async for event in store.events("c", "a")]
    assert [event.type for event in events][-2:] == ["error", "done"]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert on_state(state, "SELECT count(*) FROM step") == [(0,)]


async def test_what_is_handed_back_is_taken_at_once_and_is_no_loss(
    state: Path | str, store: TaskStore, begin: Callable[..., Any]
) -> None:
    leaving = await open_store(state)
    task, _ = await leaving.submit("c", "t", "f", {}, workflow="fixed", namespace="demo")
    run = await leaving.start(task)
    run.emit("started", {"task_id": "t"}, {"at": 1})
    await run.stored()
    await leaving.close()
    assert (await store.get("c", "t")).status == "queued"
    (taken,) = await adopted(store)
    assert (taken.task_id, taken.attempt, taken.losses) == ("t", 2, 0)
    with pytest.raises(FenceError):
        run.emit("progress", {})


async def test_a_task_that_its_process_never_learned_of_is_run(
    state: Path | str, store: TaskStore
) -> None:
    """As when the answer to the write that made it was lost with the connection."""
    task, _ = await store.submit("c", "t", "f", {}, workflow="fixed", namespace="demo")
    assert await store.adopt(9) == Adopted()
    store._held.clear()  # type: ignore[attr-defined]
    assert await store.adopt(9) == Adopted()  # it may just be coming
    (taken,) = await adopted(store)
    assert (taken.id, taken.attempt) == (task.id, 2)


async def test_two_who_take_at_once_take_each_task_once(store: TaskStore, spawn: Spawn) -> None:
    names = [f"t{index}" for index in range(20)]
    doomed = await spawn("hold", *names)
    await doomed.said()
    takers = [await spawn("adopt") for _ in range(3)]
    for taker in takers:
        await taker.said()
    await doomed.kill()
    for taker in takers:
        await taker.go()
    taken = [name for taker in takers for name in await taker.said()]
    assert sorted(taken) == sorted([*names, "still-queued"])


async def test_stopped_process_is_not_dead(store: TaskStore, spawn: Spawn) -> None:
    stopped = await spawn("hold", "a")
    await stopped.said()
    stopped.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(0.3)
    assert await store.adopt(9) == Adopted()
    assert (await store.get("c", "a")).status == "running"


async def test_forked_child_does_not_keep_its_parent_alive(store: TaskStore, spawn: Spawn) -> None:
    doomed = await spawn("fork", "a")
    child = await doomed.said()
    await asyncio.sleep(0.05)
    await doomed.kill()
    os.kill(child, 0)  # it is still there
    assert [task.task_id for task in await adopted(store)] == ["a"]
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
    tasks = on_state(
        state,
        "SELECT task.status, last_seq, count(*), min(seq), max(seq),"
        " max(CASE WHEN type = 'done' THEN seq END), sum(CASE type WHEN 'done' THEN 1 ELSE 0 END)"
        " FROM task JOIN event ON event.task = task.id GROUP BY task.id, task.status, last_seq",
    )
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


async def test_run_whose_task_was_taken_learns_it_and_cannot_write(
    state: Path | str, store: TaskStore, begin: Callable[..., Any]
) -> None:
    run = await begin("t")
    run.emit("started", {})
    await run.stored()
    on_state(
        state, "UPDATE task SET owner = 'ffffffffffffffffffff', attempt = 2, status = 'queued'"
    )
    waiting = asyncio.create_task(run.cancelled())
    await store.adopt(0)
    with pytest.raises(FenceError):
        await asyncio.wait_for(waiting, 5)
    with pytest.raises(FenceError):
        run.emit("progress", {"progress": 9})
    with pytest.raises(FenceError):
        await run.finish("completed", answer={}, error=None, events=[("done", {})])
    assert on_state(state, "SELECT count(*) FROM event") == [(1,)]
    assert (await store.get("c", "t")).status == "queued"


async def adopted(store: TaskStore, limit: int = 9) -> tuple[TaskRecord, ...]:
    """What is taken, once it is: a server may take a moment to notice that a process is gone."""
    async with asyncio.timeout(5):
        while True:
            if (found := await store.adopt(limit)).taken:
                return found.taken
            await asyncio.sleep(0.02)


async def ends(store: TaskStore) -> tuple[TaskRecord, ...]:
    while True:
        if (found := await store.adopt(9)).ended:
            return found.ended
        await asyncio.sleep(0.02)


async def collect(store: TaskStore, name: str, after: int) -> list[int]:
    return [event.seq async for event in store.events("c", name, after)]
