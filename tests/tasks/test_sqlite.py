"""The state file itself: locked, full, read-only, damaged, absent; groups of writes; the loop's thread."""

import asyncio
import os
import sqlite3
import stat
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from datus.errors import ConfigError, FenceError, UnavailableError
from datus.tasks import sqlite_database, sqlite_wakeups, statements
from datus.tasks.database import GroupDatabase
from datus.tasks.engines import migrate, open_store
from datus.tasks.sqlite_database import SqliteBackend
from datus.tasks.sqlstore import SqlStore
from datus.tasks.store import TaskRecord, TaskStore


@pytest.fixture
async def database(state: Path) -> AsyncIterator[GroupDatabase]:
    database = GroupDatabase(SqliteBackend(state))
    yield database
    await database.close()


def insert(number: int) -> Callable[[Connection], int]:
    def work(connection: Connection) -> int:
        connection.exec_driver_sql("INSERT INTO schema_version VALUES (?, '')", (number,))
        return number

    return work


def numbers(connection: Connection) -> list[int]:
    rows = connection.exec_driver_sql("SELECT version FROM schema_version WHERE version >= 100")
    return sorted(row[0] for row in rows)


def lock(state: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(state, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection


async def test_a_locked_file_is_waited_for_off_the_loop(state: Path, store: TaskStore) -> None:
    holder = lock(state)
    write = asyncio.create_task(store.ping())
    ticks = 0
    begin = time.monotonic()
    while time.monotonic() - begin < 0.2:
        await asyncio.sleep(0.005)
        ticks += 1
    assert not write.done()
    assert (await store.list("c")) == ((), None)  # readers do not wait for writers
    holder.execute("COMMIT")
    holder.close()
    await asyncio.wait_for(write, 1)
    assert ticks > 15


async def test_a_file_locked_too_long_is_named(
    state: Path, store: TaskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_database, "WAIT_S", 0.05)
    holder = lock(state)
    with pytest.raises(UnavailableError, match=r"state\.db is locked by another process: end"):
        await store.ping()
    holder.close()
    await store.ping()


async def test_a_full_disk_is_named_and_survived(
    state: Path, store: SqlStore, begin: Callable[..., Any]
) -> None:
    run = await begin("t")
    run.emit("started", {})
    await run.stored()
    database = store._database
    assert isinstance(database, GroupDatabase)

    def limit(pages: int) -> Callable[[Connection], object]:
        return lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").all()

    await database.write(limit(1))  # SQLite raises it to the pages there are
    done = [("done", {})]
    with pytest.raises(UnavailableError, match=r"state\.db cannot grow: the disk is full"):
        await run.finish("completed", answer={"x": "x" * 99_999}, error=None, events=done)
    assert (await store.get("c", "t")).status == "running"
    await database.write(limit(100_000))
    await run.finish("completed", answer={"x": "x" * 99_999}, error=None, events=done)
    assert [event.seq async for event in store.events("c", "t")] == [1, 2]


async def test_a_file_that_cannot_be_written_is_named(database: GroupDatabase) -> None:
    # The tests may run as root, whom no file mode stops; SQLite's error is the same one.
    await database.write(lambda connection: connection.exec_driver_sql("PRAGMA query_only=ON"))
    for work in (insert(100), statements.touch):
        with pytest.raises(UnavailableError, match=r"state\.db is read-only: let this user write"):
            await database.write(work)


async def test_a_removed_file_is_not_made_anew(state: Path, database: GroupDatabase) -> None:
    os.remove(state)
    for call in (database.write(insert(100)), database.read(numbers)):
        with pytest.raises(UnavailableError, match=r"state\.db cannot be opened: check"):
            await call
    assert os.listdir(state.parent) == []


async def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_text("not a database, and long enough to be looked at as one" * 20)
    with pytest.raises(UnavailableError, match="is not a SQLite file"):
        migrate(path)
    with pytest.raises(UnavailableError, match="is not a SQLite file"):
        await open_store(path)


async def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match=r"file/state\.db cannot be made"):
        migrate(tmp_path / "file" / "state.db")


async def test_an_absent_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"datus\.api\.server"):
        await open_store(tmp_path / "state.db")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("url", ["mysql://u:secret@host/db", "sqlite://relative.db"])
async def test_an_unknown_url_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        await open_store(url)
    assert "secret" not in raised.value.message


async def test_a_url_names_the_same_file_as_a_path(state: Path) -> None:
    store = await open_store(f"sqlite:///{state}")
    await store.ping()
    await store.close()
    assert migrate(f"sqlite:///{state}") == 0


async def test_one_error_in_a_group_is_one_callers(database: GroupDatabase) -> None:
    def fenced(connection: Connection) -> int:
        raise FenceError("not yours")

    def broken(connection: Connection) -> int:
        insert(999)(connection)
        raise ZeroDivisionError

    def refused(connection: Connection) -> int:
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")
        return 0

    works = [insert(100), fenced, insert(101), broken, insert(102), refused, insert(103)]
    writes = [asyncio.create_task(database.write(work)) for work in works]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [outcome for outcome in outcomes if isinstance(outcome, int)] == [100, 101, 102, 103]
    assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [
        FenceError,
        ZeroDivisionError,
        UnavailableError,
    ]
    assert await database.read(numbers) == [100, 101, 102, 103]


async def test_writes_that_wait_share_a_commit(state: Path, database: GroupDatabase) -> None:
    holder = lock(state)
    writes = [asyncio.create_task(database.write(insert(n))) for n in range(100, 160)]
    await asyncio.sleep(0.05)
    before = holder.execute("PRAGMA data_version").fetchone()
    holder.execute("COMMIT")
    await asyncio.gather(*writes)
    commits = holder.execute("PRAGMA data_version").fetchone()[0] - before[0]
    holder.close()
    assert await database.read(numbers) == list(range(100, 160))
    assert commits <= 2


async def test_durability_is_asked_for_where_it_is_needed(
    store: SqlStore, begin: Callable[..., Any]
) -> None:
    levels: list[tuple[str, int]] = []
    database = store._database
    write = database.write

    async def spy(work: Any, *, durable: bool = False) -> Any:
        def spied(connection: Connection) -> Any:
            level = connection.exec_driver_sql("PRAGMA synchronous").scalar()
            levels.append((getattr(work, "func", work).__name__, level))
            return work(connection)

        return await write(spied, durable=durable)

    database.write = spy  # type: ignore[method-assign]
    run = await begin("t")
    run.emit("started", {})
    await run.stored()
    await run.finish("completed", answer=None, error=None, events=[("done", {})])
    full, normal = 2, 1
    assert levels == [
        ("insert_task", full),
        ("start_task", normal),
        ("append_events", normal),
        ("end_task", full),
    ]


async def test_readers_cannot_write(database: GroupDatabase) -> None:
    with pytest.raises(UnavailableError, match="read-only"):
        await database.read(insert(100))


async def test_after_close_every_call_says_so(state: Path) -> None:
    store = await open_store(state)
    await store.close()
    for call in (store.get("c", "t"), store.ping()):
        with pytest.raises(UnavailableError, match="stopping"):
            await call


async def test_many_readers_ask_once(state: Path, begin: Callable[..., Any]) -> None:
    """1,000 streams of another process's tasks: one question a poll finds who has news."""
    runs = [await begin(f"t{n}") for n in range(20)]
    asked: list[str] = []
    other = await open_store(state)

    async def read(name: str) -> int:
        return len([event async for event in other.events("c", name)])

    readers = [asyncio.create_task(read(f"t{n % 20}")) for n in range(1000)]
    await asyncio.sleep(0.3)
    wakeups = other._wakeups  # type: ignore[attr-defined]
    wake = wakeups._watches.wake
    wakeups._watches.wake = lambda news: (asked.append("poll"), wake(news))
    begun = time.monotonic()
    for run in runs:
        run.emit("progress", {})
        await run.stored()
        await run.finish("completed", answer=None, error=None, events=[("done", {})])
    assert await asyncio.wait_for(asyncio.gather(*readers), 20) == [2] * 1000
    assert len(asked) <= (time.monotonic() - begun) / 0.025 + 2
    assert wakeups._watches.events.tasks() == ()
    await other.close()


async def test_open_and_close_at_once(state: Path) -> None:
    for _ in range(40):
        store = await open_store(state)
        await asyncio.wait_for(store.close(), 5)


async def test_a_slot_directory_that_is_none_is_named(state: Path) -> None:
    (state.parent / "owners").write_text("")
    with pytest.raises(UnavailableError, match="owners cannot be made or opened"):
        await open_store(state)


async def test_news_of_this_process_needs_no_poll(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_wakeups, "POLL_S", 60)
    store = await open_store(state)
    task, _ = await store.submit("c", "t", "f", {}, workflow="fixed", namespace="demo")
    run = await store.start(task)
    run.emit("started", {})
    await run.stored()
    events = store.events("c", "t")
    await anext(events)
    reader = asyncio.create_task(anext(events))
    await asyncio.sleep(0.05)  # by now it waits for news
    await store.request_cancel("c", "t")
    await asyncio.wait_for(run.cancelled(), 5)
    await run.finish("cancelled", answer=None, error=None, events=[("done", {})])
    assert (await asyncio.wait_for(reader, 5)).type == "done"
    await store.close()


async def test_a_waiting_reader_reads_nothing(
    state: Path, store: SqlStore, begin: Callable[..., Any]
) -> None:
    run = await begin("t")
    run.emit("progress", {})
    await run.stored()
    reads = 0
    read = store._database.read

    async def counted(work: Any) -> Any:
        nonlocal reads
        reads += 1
        return await read(work)

    store._database.read = counted  # type: ignore[method-assign]
    events = store.events("c", "t")
    await anext(events)
    waiting = asyncio.create_task(anext(events))
    await asyncio.sleep(0.3)  # twelve polls
    assert reads <= 4
    waiting.cancel()
    await asyncio.wait([waiting])


async def submit(store: TaskStore, name: str, client: str) -> tuple[TaskRecord, bool]:
    return await store.submit(client, name, "f", {}, workflow="fixed", namespace="demo")


async def test_no_client_text_in_a_path(tmp_path: Path, state: Path, store: TaskStore) -> None:
    names = ["../../escape", "/etc/passwd", "a\x00b", "长" * 300]
    for name in names:
        task, _ = await submit(store, name, name)
        run = await store.start(task)
        await run.finish("completed", answer=None, error=None, events=[("done", {})])
        assert (await store.get(name, name)).status == "completed"
    files = files_below(tmp_path)
    slot = Path(f"state/owners/{store.owner}.lock")
    assert files == {Path("state") / f"state.db{suffix}" for suffix in ("", "-wal", "-shm")} | {
        slot
    }


async def test_files_are_private(state: Path, store: TaskStore) -> None:
    await submit(store, "t", "c")
    modes = modes_below(state.parent)
    assert {name for name, mode in modes.items() if mode == 0o700} == {"state", "owners"}
    assert len(modes) == 6
    assert all(mode == 0o600 for name, mode in modes.items() if name not in ("state", "owners"))


def files_below(directory: Path) -> set[Path]:
    return {path.relative_to(directory) for path in directory.rglob("*") if path.is_file()}


def modes_below(directory: Path) -> dict[str, int]:
    paths = [directory, *directory.rglob("*")]
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in paths}
