"""What the task store costs without the service: a task of 6 steps and 13 events through the store, and
beside it the same rows put into the same tables by plain sqlite3.

``python bench/tasks --only store`` prints it.
"""

import argparse
import asyncio
import json
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

from datus.tasks.engines import migrate, open_store
from datus.tasks.store import TaskStore

STEPS = 6
ROUNDS = 100
WAKE_UPS = 60
HEAD = ("6 steps, 13 events, log read again", "median a task", "tasks a second")
CLIENT = "bench"
ANSWER = {"sql": "SELECT 1", "result": [{"month": "2023-01-01", "revenue": 150000.0}]}


async def run_task(store: TaskStore, name: str, *, replay: bool) -> None:
    """Submit, start, 12 events (2 a step), finish with ``done``, and read the log again."""
    task, _ = await store.submit(
        CLIENT, name, "f", {"task": "monthly revenue"}, workflow="fixed", namespace="demo"
    )
    run = await store.start(task)
    for step in range(STEPS):
        for status in ("processing", "completed"):
            run.emit("node_progress", {"node": f"step{step}", "status": status})
            await run.stored()
    done = {"task_id": name, "status": "completed", "total_time": 0.1}
    await run.finish("completed", answer=ANSWER, error=None, events=[("done", done)])
    if replay:
        count = len([event async for event in store.events(CLIENT, name)])
        assert count == 2 * STEPS + 1, count


def plain_task(connection: sqlite3.Connection, name: str) -> None:
    """The rows of ``run_task`` with as many transactions, no fence, no thread, no wake-up."""
    now = datetime.now(UTC).isoformat()
    connection.execute("PRAGMA synchronous=FULL")
    cursor = connection.execute(
        "INSERT INTO task (client_id, task_id, fingerprint, workflow, namespace, request, status,"
        " owner, attempt, last_seq, created_at) VALUES (?,?,'f','fixed','demo','{}','queued','o',1,0,?)",
        (CLIENT, name, now),
    )
    key = cursor.lastrowid
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("UPDATE task SET status='running', started_at=? WHERE id=?", (now, key))
    for seq in range(1, 2 * STEPS + 2):
        if seq == 2 * STEPS + 1:
            connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        data = json.dumps({"node": f"step{seq}", "status": "processing"})
        connection.execute("UPDATE task SET last_seq=? WHERE id=?", (seq, key))
        connection.execute(
            "INSERT INTO event VALUES (?,?,'node_progress',?,?)", (key, seq, data, now)
        )
        if seq == 2 * STEPS + 1:
            connection.execute(
                "UPDATE task SET status='completed', answer=?, finished_at=? WHERE id=?",
                (json.dumps(ANSWER), now, key),
            )
        connection.execute("COMMIT")
    rows = connection.execute("SELECT * FROM event WHERE task=? ORDER BY seq", (key,)).fetchall()
    assert len(rows) == 2 * STEPS + 1


def measure_plain(url: str, rounds: int) -> tuple[float, float]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    times = []
    for index in range(rounds):
        begin = time.perf_counter()
        plain_task(connection, f"plain{index}")
        times.append((time.perf_counter() - begin) * 1e3)
    connection.close()
    return statistics.median(times), 1e3 * rounds / sum(times)


async def measure_alone(url: str, rounds: int) -> tuple[float, float]:
    store = await open_store(url)
    times = []
    for index in range(rounds):
        begin = time.perf_counter()
        await run_task(store, f"alone{index}", replay=True)
        times.append((time.perf_counter() - begin) * 1e3)
    await store.close()
    return statistics.median(times), 1e3 * rounds / sum(times)


async def measure_concurrent(url: str, label: str, tasks: int, width: int) -> tuple[float, float]:
    """``width`` tasks at a time, each with a stream attached from its start."""
    store = await open_store(url)
    limit = asyncio.Semaphore(width)
    times = []

    async def one(name: str) -> None:
        async with limit:
            begin = time.perf_counter()
            await run_task(store, name, replay=True)
            times.append((time.perf_counter() - begin) * 1e3)

    begin = time.perf_counter()
    await asyncio.gather(*(one(f"{label}-{index}") for index in range(tasks)))
    rate = tasks / (time.perf_counter() - begin)
    await store.close()
    return statistics.median(times), rate


def measure_processes(url: str, tasks: int, processes: int) -> tuple[float, float]:
    command = [sys.executable, __file__, "--child", url, "--tasks", str(tasks // processes)]
    children = [
        subprocess.Popen([*command, "--label", f"p{index}"], stdout=subprocess.PIPE, text=True)
        for index in range(processes)
    ]
    lines = [json.loads(child.communicate(timeout=300)[0]) for child in children]
    # The children start at different moments: the span is from the first begin to the last end.
    span = max(line["end"] for line in lines) - min(line["begin"] for line in lines)
    return statistics.median(line["ms"] for line in lines), processes * (tasks // processes) / span


async def child(url: str, label: str, tasks: int) -> None:
    begin = time.time()
    median, _ = await measure_concurrent(url, label, tasks, 8)
    print(json.dumps({"begin": begin, "end": time.time(), "ms": median}))


async def tail(url: str, name: str) -> None:
    """Print how late each event came, in milliseconds, read from another process."""
    store = await open_store(url)
    print("ready", flush=True)
    late = [
        (time.time() - event.data["sent"]) * 1e3
        async for event in store.events(CLIENT, name)
        if "sent" in event.data
    ]
    print(json.dumps(late))
    await store.close()


async def measure_wakeup(url: str, count: int) -> tuple[float, float]:
    store = await open_store(url)
    task, _ = await store.submit(CLIENT, "wake", "f", {}, workflow="fixed", namespace="demo")
    run = await store.start(task)
    reader = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--tail", url, stdout=asyncio.subprocess.PIPE
    )
    assert reader.stdout is not None
    await reader.stdout.readline()
    for index in range(count):
        await asyncio.sleep(0.05 + (index % 10) / 300)
        run.emit("progress", {"message": "x", "progress": 1, "sent": time.time()})
        await run.stored()
    await run.finish("completed", answer=None, error=None, events=[("done", {})])
    late = sorted(json.loads(await reader.stdout.readline()))
    await reader.wait()
    await store.close()
    return statistics.median(late), late[int(len(late) * 0.95)]


Row = tuple[str, str, str]


def measure_all(
    place: Callable[[], AbstractContextManager[str]], tasks: int, *, plain: bool
) -> Iterator[Row]:
    """Measure in turn, each in a new place that ``place`` gives."""

    def rates(label: str, figures: tuple[float, float]) -> Row:
        return label, f"{figures[0]:.2f} ms", f"{figures[1]:.0f}/s"

    @contextmanager
    def fresh() -> Iterator[str]:
        with place() as url:
            migrate(url)
            yield url

    if plain:
        with fresh() as url:
            yield rates("plain sqlite3, one after the other", measure_plain(url, ROUNDS))
    with fresh() as url:
        yield rates("store, one after the other", asyncio.run(measure_alone(url, ROUNDS)))
    for width in (8, 32):
        with fresh() as url:
            figures = asyncio.run(measure_concurrent(url, "w", tasks, width))
            yield rates(f"store, {width} at once, 1 process", figures)
    with fresh() as url:
        figures = measure_processes(url, tasks, 4)
        yield rates("store, 8 at once in each of 4 processes", figures)
    with fresh() as url:
        median, late = asyncio.run(measure_wakeup(url, WAKE_UPS))
        yield "wake-up in another process", f"{median:.1f} ms", f"95th {late:.1f} ms"


def main() -> None:
    """Be one of the processes that ``measure_all`` starts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", help="URL of the store to run tasks in")
    parser.add_argument("--tail", help="URL of the store to read events in")
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--label", default="p")
    flags = parser.parse_args()
    if flags.child:
        asyncio.run(child(flags.child, flags.label, flags.tasks))
    else:
        asyncio.run(tail(flags.tail, "wake"))


if __name__ == "__main__":
    main()
