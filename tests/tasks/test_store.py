"""The store's promises within one process."""

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from datus.errors import (
    ConflictError,
    FenceError,
    InvalidRequestError,
    NotFoundError,
    UnavailableError,
)
from datus.tasks.encoding import spent_as_json
from datus.tasks.engines import open_store
from datus.tasks.sqlstore import SqlStore
from datus.tasks.store import Run, Spent, TaskRecord, TaskStore
from datus.types import EventType, Usage
from tests.tasks.conftest import on_state

Begin = Callable[..., Any]
DONE = ("done", {"status": "completed"})


@pytest.fixture
def state(each_state: Path | str) -> Path | str:
    return each_state


async def submit(
    store: TaskStore, name: str, fingerprint: str = "f", client: str = "c", namespace: str = "demo"
) -> tuple[TaskRecord, bool]:
    request = {"task": "每月销售额"}
    return await store.submit(
        client, name, fingerprint, request, workflow="fixed", namespace=namespace
    )


async def emit(run: Run, type: EventType, data: dict[str, Any]) -> int:
    """One event, stored."""
    number = run.emit(type, data)
    await run.stored()
    return number


async def finish(run: Run) -> TaskRecord:
    return await run.finish("completed", answer={"sql": "SELECT 1"}, error=None, events=[DONE])


async def test_submit_again_finds_the_same_task(store: TaskStore) -> None:
    first, created = await submit(store, "t")
    again, created_again = await submit(store, "t")
    assert (created, created_again) == (True, False)
    assert again == first
    assert (first.status, first.attempt, first.owner) == ("queued", 1, store.owner)
    assert first.request == {"task": "每月销售额"}


async def test_submit_of_another_request_names_the_id(store: TaskStore) -> None:
    await submit(store, "t-42")
    with pytest.raises(ConflictError, match="t-42") as raised:
        await submit(store, "t-42", fingerprint="g")
    assert raised.value.code == "task_id_reused"


async def test_clients_do_not_share_ids(store: TaskStore) -> None:
    assert (await submit(store, "t"))[1]
    assert (await submit(store, "t", fingerprint="g", client="other"))[1]


async def test_life_of_a_task(state: Path) -> None:
    moments = (datetime(2024, 1, 15, 14, 30, tzinfo=UTC) + timedelta(seconds=n) for n in range(9))
    store = await open_store(state, clock=lambda: next(moments))
    task, _ = await submit(store, "t")
    run = await store.start(task)
    assert await emit(run, "started", {"task_id": "t", "词": "销售额"}) == 1
    ended = await finish(run)
    detail = await store.get("c", "t")
    assert (detail.status, detail.answer, detail.error) == ("completed", {"sql": "SELECT 1"}, None)
    assert ended.finished_at == detail.finished_at == datetime(2024, 1, 15, 14, 30, 3, tzinfo=UTC)
    assert (detail.created_at.second, detail.started_at and detail.started_at.second) == (0, 1)
    event = await anext(store.events("c", "t"))
    assert (event.seq, event.type, event.data["词"]) == (1, "started", "销售额")
    assert event.time == datetime(2024, 1, 15, 14, 30, 2, tzinfo=UTC)
    await store.close()


async def test_nothing_follows_the_end(store: TaskStore, begin: Begin) -> None:
    run = await begin("t")
    await finish(run)
    for write in (emit(run, "progress", {}), finish(run), store.start(run.task)):
        with pytest.raises(FenceError):
            await write
    assert [event.type async for event in store.events("c", "t")] == ["done"]


@pytest.mark.parametrize("taken_over", ["owner = 'another'", "attempt = 2"])
async def test_a_task_that_was_taken_over_is_not_written(
    state: Path, store: TaskStore, begin: Begin, taken_over: str
) -> None:
    run = await begin("t")
    on_state(state, f"UPDATE task SET {taken_over}")
    for write in (emit(run, "progress", {}), finish(run)):
        with pytest.raises(FenceError):
            await write
    task = await store.get("c", "t")
    assert (task.status, task.last_seq) == ("running", 0)


async def test_only_the_owner_starts(state: Path, store: TaskStore) -> None:
    task, _ = await submit(store, "t")
    other = await open_store(state)
    with pytest.raises(FenceError):
        await other.start(task)
    await other.close()
    await store.start(task)
    with pytest.raises(FenceError):
        await store.start(task)


@pytest.mark.parametrize("written", [False, True])
async def test_a_task_whose_start_fails_is_taken_up_again(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    task, _ = await submit(store, "t")
    write = store._database.write

    async def broken(work: Any, *, durable: bool = False) -> None:
        if written:
            await write(work, durable=durable)
        raise UnavailableError("the connection broke")

    with monkeypatch.context() as patched:
        patched.setattr(store._database, "write", broken)
        with pytest.raises(UnavailableError):
            await store.start(task)
    assert (await store.adopt(9)).taken == ()
    (again,) = (await store.adopt(9)).taken
    assert (again.task_id, again.attempt) == ("t", 2)
    await finish(await store.start(again))


async def test_tasks_that_left_the_queue_are_forgotten(store: SqlStore) -> None:
    for name in "abc":
        await submit(store, name)
        await store.request_cancel("c", name)
    kept, _ = await submit(store, "kept")
    await store.adopt(0)
    assert list(store._held) == [(kept.id, 1)]


@pytest.mark.parametrize("cancelled", ["after", "before"])
async def test_what_a_task_that_nobody_ends_had_spent_counts(
    state: Path | str, store: TaskStore, cancelled: str
) -> None:
    leaving = await open_store(state)
    task, _ = await submit(leaving, "t")
    run = await leaving.start(task)
    for tokens in (3, 4):
        spent = Spent({"m": Usage(1, tokens, 0, 0, 0.5)}, ())
        run.emit("progress", {}, {"spent": spent_as_json(spent)})
    run.emit("progress", {}, {"spent": None})
    await run.stored()
    if cancelled == "before":
        await store.request_cancel("c", "t")
    await leaving.close()
    if cancelled == "after":
        await store.request_cancel("c", "t")
    else:
        assert [each.task_id for each in (await store.adopt(9)).ended] == ["t"]
    assert (await store.get("c", "t")).status == "cancelled"
    (line,) = await store.usage("model")
    assert line.usage == Usage(2, 7, 0, 0, 1.0)


async def test_done_comes_from_finish_alone(begin: Begin) -> None:
    run = await begin("t")
    with pytest.raises(ValueError, match="finish"):
        await emit(run, "done", {})
    for events in ([], [DONE, DONE], [DONE, ("error", {})]):
        with pytest.raises(ValueError, match="done"):
            await run.finish("failed", answer=None, error=None, events=events)


async def test_numbers_follow_the_order_of_the_calls(store: TaskStore, begin: Begin) -> None:
    run = await begin("t")
    assert [run.emit("progress", {"n": n}) for n in range(200)] == list(range(1, 201))
    await finish(run)
    read = [event async for event in store.events("c", "t")]
    assert [event.seq for event in read] == list(range(1, 202))
    assert [event.data["n"] for event in read[:-1]] == list(range(200))


async def test_events_resume_after_a_number(store: TaskStore, begin: Begin) -> None:
    run = await begin("t")
    for n in range(3):
        await emit(run, "progress", {"n": n})
    await finish(run)
    for after, expected in ((0, [1, 2, 3, 4]), (2, [3, 4]), (4, []), (99, [])):
        assert [event.seq async for event in store.events("c", "t", after)] == expected


async def test_a_reader_of_events_that_never_come_ends_with_the_task(
    store: TaskStore, begin: Begin
) -> None:
    run = await begin("t")
    await emit(run, "progress", {})

    async def read() -> list[int]:
        return [event.seq async for event in store.events("c", "t", after=99)]

    reader = asyncio.create_task(read())
    await asyncio.sleep(0.02)
    await emit(run, "progress", {})
    await finish(run)
    assert await asyncio.wait_for(reader, 5) == []


async def test_readers_wait_for_what_is_to_come(store: TaskStore, begin: Begin) -> None:
    run = await begin("t")

    async def read() -> list[int]:
        return [event.seq async for event in store.events("c", "t")]

    readers = [asyncio.create_task(read()) for _ in range(50)]
    waiter = asyncio.create_task(store.wait("c", "t"))
    for n in range(5):
        await emit(run, "progress", {"n": n})
        await asyncio.sleep(0.005)
    assert not waiter.done()
    await finish(run)
    assert await asyncio.wait_for(asyncio.gather(*readers), 5) == [[1, 2, 3, 4, 5, 6]] * 50
    assert (await waiter).answer == {"sql": "SELECT 1"}


async def test_a_slow_reader_holds_back_nobody(store: TaskStore, begin: Begin) -> None:
    run = await begin("t")
    slow = store.events("c", "t")
    await emit(run, "progress", {})
    assert (await anext(slow)).seq == 1
    for _ in range(300):
        await emit(run, "progress", {})
    await finish(run)
    assert len([event async for event in store.events("c", "t")]) == 302
    assert [event.seq async for event in slow] == list(range(2, 303))


async def test_a_reader_that_leaves_frees_everything(store: SqlStore, begin: Begin) -> None:
    run = await begin("t")
    await emit(run, "progress", {})
    events = store.events("c", "t")
    await anext(events)
    waiting = asyncio.create_task(anext(events))
    await asyncio.sleep(0.05)
    assert store._wakeups._watches.events.tasks() == (run.task.id,)  # type: ignore[attr-defined]
    waiting.cancel()
    await asyncio.wait([waiting])
    await events.aclose()
    assert store._wakeups._watches.events.tasks() == ()  # type: ignore[attr-defined]
    await finish(run)
    assert store._wakeups._watches.cancels.tasks() == ()  # type: ignore[attr-defined]


async def test_tasks_of_others_are_not_there(store: TaskStore, begin: Begin) -> None:
    await begin("t", client="other")
    for call in (
        store.get("c", "t"),
        store.wait("c", "t"),
        anext(store.events("c", "t")),
        store.request_cancel("c", "t"),
        store.add_feedback("c", "t", "success"),
        store.feedback("c", "t"),
    ):
        with pytest.raises(NotFoundError, match="'t'"):
            await call


async def test_cancel_wakes_the_run(store: TaskStore, begin: Begin) -> None:
    run, untouched = await begin("t"), await begin("u")
    waiting = asyncio.create_task(run.cancelled())
    other = asyncio.create_task(untouched.cancelled())
    await emit(run, "progress", {})
    await asyncio.sleep(0.06)
    assert not waiting.done()
    await store.request_cancel("c", "t")
    await store.request_cancel("c", "t")
    await asyncio.wait_for(waiting, 1)
    await asyncio.sleep(0.06)
    assert not other.done()
    other.cancel()


async def test_a_hint_alone_cancels_nothing(store: SqlStore, begin: Begin) -> None:
    """As when a look for news failed, and all who wait are woken to meet it themselves."""
    run = await begin("t")
    waiting = asyncio.create_task(run.cancelled())
    await asyncio.sleep(0)
    store._wakeups.announce_cancel(run.task.id)
    await asyncio.wait({waiting}, timeout=0.1)
    assert not waiting.done()
    await store.request_cancel("c", "t")
    await asyncio.wait_for(waiting, 1)


async def test_cancel_before_the_start_is_the_end(store: TaskStore) -> None:
    task, _ = await submit(store, "t")
    waiting = asyncio.create_task(store.wait("c", "t"))
    reading = asyncio.create_task(anext(store.events("c", "t")))
    await asyncio.sleep(0.02)
    await store.request_cancel("c", "t")
    ended = await asyncio.wait_for(waiting, 1)
    assert ended.error is not None
    assert (ended.status, ended.error["code"]) == ("cancelled", "cancelled")
    assert ended.cancel_requested_at == ended.finished_at is not None
    assert (await asyncio.wait_for(reading, 1)).type == "error"
    events = [event async for event in store.events("c", "t")]
    assert [event.type for event in events] == ["error", "done"]
    assert events[-1].data["status"] == "cancelled"
    with pytest.raises(FenceError):
        await store.start(task)
    with pytest.raises(ConflictError, match="cancelled"):
        await store.request_cancel("c", "t")


async def test_cancel_of_a_finished_task(store: TaskStore, begin: Begin) -> None:
    await finish(await begin("t"))
    with pytest.raises(ConflictError, match="completed") as raised:
        await store.request_cancel("c", "t")
    assert raised.value.code == "task_over"


async def test_list_pages_newest_first(store: TaskStore, begin: Begin) -> None:
    for n in range(7):
        await submit(store, f"t{n}", namespace="even" if n % 2 == 0 else "odd")
    await submit(store, "not-mine", client="other")
    await finish(await begin("over"))

    async def names(**filters: Any) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            page, cursor = await store.list("c", cursor=cursor, limit=3, **filters)
            assert len(page) <= 3
            found += [task.task_id for task in page]
            if cursor is None:
                return found

    assert await names() == ["over", "t6", "t5", "t4", "t3", "t2", "t1", "t0"]
    assert await names(namespace="even") == ["t6", "t4", "t2", "t0"]
    assert await names(status="completed") == ["over"]
    assert await names(status="queued", namespace="odd") == ["t5", "t3", "t1"]
    newest, _ = await store.list("c", limit=1)
    assert not hasattr(newest[0], "answer")


@pytest.mark.parametrize("limit", [0, -1, 101])
async def test_list_limit_has_bounds(store: TaskStore, limit: int) -> None:
    with pytest.raises(InvalidRequestError, match="1 to 100") as raised:
        await store.list("c", limit=limit)
    assert raised.value.details["field"] == "limit"


async def test_feedback_keeps_its_history(store: TaskStore, begin: Begin) -> None:
    run = await begin("t")
    with pytest.raises(ConflictError, match="running") as raised:
        await store.add_feedback("c", "t", "success")
    assert raised.value.code == "task_running"
    await finish(run)
    first = await store.add_feedback("c", "t", "failed", comment="错了", corrected_sql="SELECT 2")
    second = await store.add_feedback("c", "t", "success")
    assert await store.feedback("c", "t") == (second, first)


async def test_standing_feedback_is_the_newest_of_each_task(store: TaskStore, begin: Begin) -> None:
    answer = {"sql": "SELECT 1", "result": [], "metadata": {"database": "red"}}
    for name, client in (("t", "c"), ("t", "other"), ("u", "c"), ("silent", "c")):
        run = await begin(name, client=client)
        await run.finish("completed", answer=answer, error=None, events=[DONE])
    await store.add_feedback("c", "t", "success")
    await store.add_feedback("c", "u", "success", comment="对")
    await store.add_feedback("other", "t", "success")
    stands = await store.add_feedback("c", "t", "failed", corrected_sql="SELECT '二'")
    given = await store.standing_feedback("demo")
    assert [(each.client_id, each.feedback.task_id) for each in given] == [
        ("c", "t"),
        ("other", "t"),
        ("c", "u"),
    ]
    first = given[0]
    assert first.feedback == stands
    assert (first.sql, first.database, first.task_status) == ("SELECT 1", "red", "completed")
    assert (first.request, first.namespace) == ({"task": "每月销售额"}, "demo")
    assert first.asked_at == (await store.get("c", "t")).created_at
    assert await store.standing_feedback("other") == ()
    assert await store.standing_feedback("demo", client_id="other") == given[1:2]


async def test_standing_feedback_comes_in_pages(store: TaskStore, begin: Begin) -> None:
    for number in range(5):
        run = await begin(f"t{number}")
        await run.finish("failed", answer=None, error={"code": "x"}, events=[DONE])
        await store.add_feedback("c", f"t{number}", "failed")
    await store.add_feedback("c", "t0", "failed", comment="again")
    found: list[str] = []
    before = None
    while page := await store.standing_feedback("demo", before=before, limit=2):
        assert len(page) <= 2
        found += [each.feedback.task_id for each in page]
        before = page[-1].key
    assert found == ["t0", "t4", "t3", "t2", "t1"]
    page = await store.standing_feedback("demo")
    assert page[0].sql is None
    assert page[0].database is None
    with pytest.raises(InvalidRequestError, match="1 to 100"):
        await store.standing_feedback("demo", limit=101)


async def test_close_hands_back_what_is_open(state: Path | str, store: TaskStore) -> None:
    other = await open_store(state)
    task, _ = await submit(other, "running")
    await other.start(task)
    await submit(other, "queued")
    await submit(store, "kept")
    reading = other.events("c", "kept")
    waiting = asyncio.create_task(anext(reading))
    await asyncio.sleep(0.02)
    await other.close()
    with pytest.raises(UnavailableError, match="stopping"):
        await asyncio.wait_for(waiting, 1)
    left = {task.task_id: (task.status, task.owner) for task in (await store.list("c"))[0]}
    assert left == {
        "running": ("queued", ""),
        "queued": ("queued", ""),
        "kept": ("queued", store.owner),
    }


async def test_data_comes_back_as_it_was(store: TaskStore, begin: Begin) -> None:
    run = await begin("t")
    data = {"text": "销售额 \x00 \ud800 '; DROP TABLE task; --", "n": 2**63, "f": 0.1, "none": None}
    await emit(run, "node_detail", data)
    rows = [{"month": n, "产品": "电子" * 10} for n in range(10_000)]
    await run.finish("completed", answer={"result": rows}, error=None, events=[DONE])
    assert (await anext(store.events("c", "t"))).data == data
    assert (await store.get("c", "t")).answer == {"result": rows}


async def test_data_that_json_cannot_hold_is_refused(begin: Begin) -> None:
    run = await begin("t")
    with pytest.raises(ValueError, match="JSON"):
        await emit(run, "node_detail", {"n": math.nan})


async def test_a_cancelled_caller_harms_no_other(store: TaskStore, begin: Begin) -> None:
    run = await begin("t")
    writes = [asyncio.create_task(emit(run, "progress", {"n": n})) for n in range(20)]
    await asyncio.sleep(0)
    for write in writes[::2]:
        write.cancel()
    await asyncio.wait(writes)
    await finish(run)
    events = [event async for event in store.events("c", "t")]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert {event.data["n"] for event in events[:-1]} >= set(range(1, 20, 2))


async def test_an_end_whose_storing_was_not_heard_of_is_stored_once(
    state: Path | str, store: SqlStore, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the connection breaks while the end is committed."""
    run = await begin("t")
    await emit(run, "progress", {})
    write = store._database.write

    async def unheard(work: Any, *, durable: bool = False) -> Any:
        await write(work, durable=durable)
        raise UnavailableError("The connection broke.")

    with monkeypatch.context() as broken:
        broken.setattr(store._database, "write", unheard)
        with pytest.raises(UnavailableError):
            await run.finish(
                "completed", answer={}, error=None, events=[DONE], spent=Spent({"m": Usage(1)})
            )
    again = await run.finish(
        "completed", answer={}, error=None, events=[DONE], spent=Spent({"m": Usage(1)})
    )
    assert (again.status, again.last_seq) == ("completed", 2)
    assert on_state(state, "SELECT count(*) FROM event") == [(2,)]
    assert on_state(state, "SELECT count(*) FROM usage") == [(1,)]
    with pytest.raises(FenceError):
        await run.finish("failed", answer={}, error=None, events=[DONE])


async def test_a_task_that_its_process_gives_up_is_taken_again(
    store: TaskStore, begin: Begin
) -> None:
    run = await begin("t")
    store.forget(run.task)
    with pytest.raises(FenceError):
        run.emit("progress", {})
    assert (await store.adopt(9)).taken == ()
    (taken,) = (await store.adopt(9)).taken
    assert (taken.attempt, taken.losses, taken.owner) == (2, 1, store.owner)
