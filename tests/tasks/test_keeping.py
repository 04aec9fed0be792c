"""Tasks that were kept long enough are deleted in batches; feedback keeps what it needs. On both engines."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, func, insert, select

from datus.config import KeepConfig
from datus.tasks.encoding import to_json, to_text
from datus.tasks.engines import open_store
from datus.tasks.keeping import count_due, list_all, purge_tasks
from datus.tasks.kept import Batch, Due, Place
from datus.tasks.migrations import apply_migrations
from datus.tasks.purging import MOST_TASKS, dues, feedback_due, purge
from datus.tasks.spending import count_tasks, purge_traces
from datus.tasks.statements import list_standing_feedback
from datus.tasks.store import MAX_PAGE, TaskStore
from datus.tasks.tables import EVENT, FEEDBACK, METADATA, TASK, TRACE

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=100)
ANSWER = {
    "task_id": "t",
    "status": "completed",
    "sql": "SELECT 城市 FROM t",
    "result": [{"城市": "上海"}],
    "metadata": {"database": "shop", "row_count": 1, "words": [{"words": "上海"}]},
    "error": None,
    "execution_time": 1.5,
}


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, connect_postgresql: Callable[[], Any]
) -> Iterator[Engine]:
    if request.param == "sqlite":
        made = create_engine(f"sqlite:///{tmp_path / 'kept.db'}")
        event.listen(made, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys=ON"))
        with made.begin() as connection:
            apply_migrations(connection, "The test's store", NOW)
        yield made
        made.dispose()
        return
    schema = f"datus_kept_{uuid4().hex[:8]}"
    with connect_postgresql() as server:
        server.execute(f'CREATE SCHEMA "{schema}"')
        options = quote(f"-csearch_path={schema} -c lock_timeout=5s")
        made = create_engine(f"postgresql+psycopg://postgres@127.0.0.1/postgres?options={options}")
        with made.begin() as connection:
            apply_migrations(connection, "The test's store", NOW)
        yield made
        made.dispose()
        server.execute(f'DROP SCHEMA "{schema}" CASCADE')


def add(
    connection: Connection,
    name: str,
    status: str = "completed",
    *,
    finished: datetime | None = OLD,
    workflow: str = "nl2sql",
    feedback: datetime | None = None,
) -> None:
    """A task with three events and a traced request; with feedback where its time is given."""
    over = status not in ("queued", "running")
    times = {"created_at": to_text(OLD), "finished_at": to_text(finished) if over else None}
    fields = {
        "client_id": "alice",
        "task_id": name,
        "fingerprint": "f",
        "workflow": workflow,
        "namespace": "shop",
        "request": to_json({"task": "每月销售额"}),
        "status": status,
        "owner": "o",
        "attempt": 1,
        "losses": 0,
        "last_seq": 3,
        "answer": to_json(ANSWER) if status == "completed" else None,
    }
    connection.execute(insert(TASK), {**fields, **times})
    key = connection.scalar(select(TASK.c.id).where(TASK.c.task_id == name))
    types = ("started", "output_ready", "done" if over else "progress")
    connection.execute(
        insert(EVENT),
        [
            {"task": key, "seq": seq, "type": type, "data": "{}", "time": to_text(OLD)}
            for seq, type in enumerate(types, start=1)
        ],
    )
    call = {"task": key, "seq": 1, "time": to_text(OLD), "purpose": "p", "model": "m"}
    counts = dict.fromkeys(("requests", "input_tokens", "output_tokens", "cached_tokens"), 1)
    rest = {"prompt_version": "v", "cut": False, "seconds": 1.0}
    connection.execute(insert(TRACE), {**call, **counts, **rest})
    if feedback is not None:
        given = {"task": key, "status": "failed", "corrected_sql": "SELECT 1"}
        connection.execute(insert(FEEDBACK), {**given, "recorded_at": to_text(feedback)})


def names(connection: Connection) -> set[str]:
    return set(connection.scalars(select(TASK.c.task_id)))


def rows_in(connection: Connection, table: str) -> int:
    found = connection.scalar(select(func.count()).select_from(METADATA.tables[table]))
    return int(found or 0)


def test_each_status_has_its_own_age(engine: Engine) -> None:
    keep = KeepConfig(completed_days=90, failed_days=30, refused_days=10, cancelled_days=1)
    days = {"completed": 90, "failed": 30, "refused": 10, "cancelled": 1}
    with engine.begin() as connection:
        for status, age in days.items():
            add(connection, f"{status} due", status, finished=NOW - timedelta(days=age, seconds=1))
            add(connection, f"{status} kept", status, finished=NOW - timedelta(days=age))
        add(connection, "waits", "queued")
        add(connection, "runs", "running")
    with engine.begin() as connection:
        for due in dues(keep, NOW):
            assert count_due(connection, due) == (1, 0)
            assert purge_tasks(connection, due, after=None, limit=9) == Batch(1, 0, None)
    with engine.connect() as connection:
        kept = {f"{status} kept" for status in days}
        assert names(connection) == kept | {"waits", "runs"}
        assert (rows_in(connection, "event"), rows_in(connection, "trace")) == (18, 6)


def test_batches_go_on_from_where_they_were_and_are_counted(engine: Engine) -> None:
    with engine.begin() as connection:
        for number in range(5):
            add(connection, f"t{number}", workflow="fixed" if number else "nl2sql")
        add(connection, "new", finished=NOW)
        before = count_tasks(connection)
    due, after, sizes = Due("completed", NOW), None, []
    while True:
        with engine.begin() as connection:
            batch = purge_tasks(connection, due, after=after, limit=2)
        sizes.append(batch.deleted)
        after = batch.after
        if after is None:
            break
    assert sizes == [2, 2, 1]
    with engine.connect() as connection:
        assert names(connection) == {"new"}
        assert count_tasks(connection) == before
        assert sum(each.tasks for each in before) == 6


def test_feedback_keeps_what_it_needs_as_long_as_it_is_kept(engine: Engine) -> None:
    given = NOW - timedelta(days=50)
    with engine.begin() as connection:
        add(connection, "liked", feedback=given)
        add(connection, "failed", "failed", feedback=given)
        add(connection, "plain")
        wanted = {"namespace": "shop", "client_id": None, "before": None, "count": 9}
        standing = list_standing_feedback(connection, **wanted)
    assert len(standing) == 2
    due = Due("completed", NOW, feedback_before=given)
    with engine.begin() as connection:
        assert count_due(connection, due) == (1, 1)
        assert purge_tasks(connection, due, after=None, limit=9) == Batch(1, 1, None)
        assert purge_tasks(connection, Due("failed", NOW), after=None, limit=9).reduced == 1
    with engine.begin() as connection:
        assert list_standing_feedback(connection, **wanted) == standing
        assert names(connection) == {"liked", "failed"}
        left = connection.execute(select(EVENT.c.seq, EVENT.c.type)).all()
        assert {tuple(row) for row in left} == {(3, "done")}
        assert rows_in(connection, "trace") == 0
        answer = json.loads(
            connection.scalar(select(TASK.c.answer).where(TASK.c.task_id == "liked")) or ""
        )
        assert answer["metadata"] == {"database": "shop", "row_count": 1, "purged": True}
        assert (answer["sql"], answer["result"]) == (ANSWER["sql"], None)
        # It is not found again, until its feedback is old too.
        assert count_due(connection, due) == (0, 0)
        assert purge_tasks(connection, due, after=None, limit=9) == Batch(0, 0, None)
        later = Due("completed", NOW, feedback_before=given + timedelta(seconds=1))
        assert purge_tasks(connection, later, after=None, limit=9) == Batch(1, 0, None)
        assert names(connection) == {"failed"}


def test_two_purges_at_once_never_meet_in_a_task(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite's write transactions run one after another")
    with engine.begin() as connection:
        for number in range(7):
            add(connection, f"t{number}")
    due = Due("completed", NOW)

    def purge_beside() -> Batch:
        with engine.begin() as other:
            return purge_tasks(other, due, after=None, limit=9)

    with ThreadPoolExecutor(1) as thread:
        with engine.begin() as one:
            assert purge_tasks(one, due, after=None, limit=3).deleted == 3
            beside = thread.submit(purge_beside)
            # It has its own tasks already, and waits only to count them.
            wait_until(lambda: has_waiting(engine, "INSERT INTO purged%") or beside.done())
        assert beside.result(5).deleted == 4
    with engine.connect() as connection:
        assert names(connection) == set()
        assert sum(each.tasks for each in count_tasks(connection)) == 7


def has_waiting(engine: Engine, statement: str) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE"
    with engine.connect() as connection:
        return bool(connection.exec_driver_sql(f"{waiting} %s", (statement,)).scalar())


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_traces_go_in_batches(engine: Engine) -> None:
    with engine.begin() as connection:
        for number in range(5):
            add(connection, f"t{number}")
        assert [purge_traces(connection, NOW, limit=2) for _ in range(4)] == [2, 2, 1, 0]
        assert len(names(connection)) == 5


def test_all_clients_tasks_by_what_is_wanted(engine: Engine) -> None:
    with engine.begin() as connection:
        add(connection, "a")
        add(connection, "b", "failed")
        add(connection, "c", "running")
        found = list_all(connection, count=2)
        assert [task.task_id for task in found] == ["c", "b"]
        assert [t.task_id for t in list_all(connection, count=9, before=found[-1].id)] == ["a"]
        assert [t.task_id for t in list_all(connection, count=9, status="failed")] == ["b"]
        assert list_all(connection, count=9, client_id="bob") == ()
        assert [t.task_id for t in list_all(connection, count=9, task_id="a")] == ["a"]
        assert list_all(connection, count=9, namespace="vault") == ()


def test_feedback_is_kept_for_ever_unless_days_are_set() -> None:
    assert feedback_due(KeepConfig(), NOW) is None
    assert feedback_due(KeepConfig(feedback_days=365), NOW) == NOW - timedelta(days=365)
    assert {due.feedback_before for due in dues(KeepConfig(feedback_days=1), NOW)} == {
        NOW - timedelta(days=1)
    }


class SlowStore:
    """Tells how large batches are that take ``seconds_a_task`` each."""

    def __init__(self, tasks: int, seconds_a_task: float) -> None:
        self.left = tasks
        self.seconds_a_task = seconds_a_task
        self.now = 0.0
        self.sizes: list[int] = []

    async def purge(self, due: Due, *, after: Place | None = None, limit: int) -> Batch:
        done = min(limit, self.left)
        self.sizes.append(limit)
        self.left -= done
        self.now += done * self.seconds_a_task
        return Batch(done, 0, Place("", 1) if done == limit else None)

    async def purge_traces(self, before: datetime, *, limit: int) -> int:
        raise AssertionError("a purge of tasks deletes no traces")


@pytest.mark.parametrize(
    ("seconds_a_task", "largest", "last"), [(1e-6, MOST_TASKS, MOST_TASKS), (0.06, 5, 1)]
)
async def test_batches_are_as_large_as_others_can_bear(
    monkeypatch: pytest.MonkeyPatch, seconds_a_task: float, largest: int, last: int
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("datus.tasks.purging.asyncio.sleep", sleep)
    store = SlowStore(1_000, seconds_a_task)
    done = await purge(store, (Due("completed", NOW),), timer=lambda: store.now)
    assert (done.deleted, store.left) == (1_000, 0)
    assert (max(store.sizes), store.sizes[-1]) == (largest, last)
    assert len(pauses) == len(store.sizes) - 1
    assert all(0 < pause <= 1 for pause in pauses)


async def test_others_write_and_purge_while_one_purges(state: Path) -> None:
    def at_old() -> datetime:
        return OLD

    first = await open_store(state, clock=at_old)
    second = await open_store(state, clock=at_old)
    engine = create_engine(f"sqlite:///{state}")
    with engine.begin() as connection:
        for number in range(300):
            add(connection, f"t{number}")
    engine.dispose()
    due = (Due("completed", NOW),)
    purges = [
        asyncio.create_task(purge(store, due, timer=asyncio.get_running_loop().time))
        for store in (first, second)
    ]
    written = 0
    while not all(each.done() for each in purges):
        await first.submit("bob", f"b{written}", "f", {"task": "x"}, workflow="w", namespace="n")
        written += 1
    done = await asyncio.gather(*purges)
    assert sum(batch.deleted for batch in done) == 300
    left = await second.list_all(limit=MAX_PAGE)
    assert {task.client_id for task in left} == {"bob"}
    assert written > 1
    await first.close()
    await second.close()


async def test_readers_of_a_reduced_task_stop_at_its_end(state: Path, store: TaskStore) -> None:
    engine = create_engine(f"sqlite:///{state}")
    with engine.begin() as connection:
        add(connection, "kept", feedback=NOW)
        add(connection, "gone")
    engine.dispose()
    reading = store.events("alice", "gone", after=0)
    assert (await anext(reading)).seq == 1
    assert await store.purge(Due("completed", NOW), limit=9) == Batch(1, 1, None)
    async with asyncio.timeout(5):
        assert [event.seq async for event in store.events("alice", "kept")] == [3]
        assert [event.seq async for event in store.events("alice", "kept", after=1)] == [3]
        assert [event.seq async for event in store.events("alice", "kept", after=3)] == []
        # Who was in the middle of the log has a page of it still, and then an end.
        assert len([event async for event in reading]) == 2


async def test_a_reader_between_two_pages_ends_with_the_log(state: Path, store: TaskStore) -> None:
    engine = create_engine(f"sqlite:///{state}")
    with engine.begin() as connection:
        add(connection, "long")
        key = connection.scalar(select(TASK.c.id))
        more = {"task": key, "type": "progress", "data": "{}", "time": to_text(OLD)}
        connection.execute(insert(EVENT), [{**more, "seq": seq} for seq in range(4, 200)])
        connection.execute(EVENT.update().where(EVENT.c.seq == 3).values(type="progress"))
        connection.execute(EVENT.update().where(EVENT.c.seq == 199).values(type="done"))
        connection.execute(TASK.update().values(last_seq=199))
    engine.dispose()
    reading = store.events("alice", "long")
    assert (await anext(reading)).seq == 1
    await store.purge(Due("completed", NOW), limit=9)
    async with asyncio.timeout(5):
        assert len([event async for event in reading]) == 99
