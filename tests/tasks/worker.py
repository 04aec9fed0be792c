"""One process of several: ``worker.py COMMAND STATE_FILE ARGUMENTS``. See ``conftest.Worker``."""

import asyncio
import json
import os
import sys
import time
from typing import Any

from datus.errors import ConflictError
from datus.tasks.engines import migrate, open_store
from datus.tasks.store import Run, TaskStore

DEMO = {"workflow": "fixed", "namespace": "demo"}


def say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def hear() -> None:
    await asyncio.to_thread(sys.stdin.readline)


def fork_sleeper() -> int:
    child = os.fork()
    if child == 0:
        os.closerange(0, 3)
        time.sleep(5)
        os._exit(0)
    return child


async def begin(store: TaskStore, name: str) -> Run:
    task, _ = await store.submit("c", name, "f", {}, **DEMO)
    return await store.start(task)


async def submit(store: TaskStore, name: str, count: str, fingerprint: str) -> None:
    say("ready")
    await hear()
    calls = (store.submit("c", name, fingerprint, {}, **DEMO) for _ in range(int(count)))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    created = sum(1 for each in outcomes if isinstance(each, tuple) and each[1])
    reused = sum(1 for each in outcomes if isinstance(each, ConflictError))
    say({"created": created, "reused": reused, "ok": len(outcomes) - reused})
    await hear()


async def hold(store: TaskStore, *names: str) -> None:
    """Start the tasks, write two events each, then do nothing until killed."""
    for name in names:
        run = await begin(store, name)
        run.emit("started", {"task_id": name}, {"at": 1})
        run.emit("progress", {"progress": 5})
        await run.stored()
    await store.submit("c", "still-queued", "f", {}, **DEMO)
    say("held")
    await hear()


async def fork(store: TaskStore, name: str) -> None:
    """As ``hold``, with a forked child that lives on after this process is killed."""
    await begin(store, name)
    say(fork_sleeper())
    await hear()


async def run(store: TaskStore, name: str, count: str) -> None:
    run = await begin(store, name)
    say("started")
    await hear()
    for index in range(int(count)):
        run.emit("progress", {"progress": index})
        await run.stored()
        await asyncio.sleep(0.002)
    await run.finish("completed", answer={"n": 1}, error=None, events=[("done", {})])


async def many(store: TaskStore, prefix: str, count: str) -> None:
    """Many tasks at once, so that their writes meet in groups and between processes."""

    async def one(name: str) -> None:
        run = await begin(store, name)
        for index in range(10):
            run.emit("progress", {"progress": index})
        await run.finish("completed", answer=None, error=None, events=[("done", {})])

    await asyncio.gather(*(one(f"{prefix}-{index}") for index in range(int(count))))
    say("over")


async def obey(store: TaskStore, name: str) -> None:
    """Run until cancelled by anybody."""
    run = await begin(store, name)
    say("started")
    await run.cancelled()
    await run.finish("cancelled", answer=None, error=None, events=[("done", {})])
    say("cancelled")


async def cancel(store: TaskStore, name: str) -> None:
    await store.request_cancel("c", name)
    say("asked")


async def adopt(store: TaskStore) -> None:
    say("ready")
    await hear()
    names: list[str] = []
    end = time.monotonic() + 3
    while time.monotonic() < end:
        names += [task.task_id for task in (await store.adopt(9)).taken]
        await asyncio.sleep(0.05)
    say(names)
    await hear()


async def take(store: TaskStore, name: str) -> None:
    """Take over what a dead process left, run the task of that name, and be killed with it."""
    while True:
        for task in (await store.adopt(9)).taken:
            if task.task_id == name:
                run = await store.start(task)
                run.emit("progress", {"attempt": task.attempt})
                await run.stored()
                say("taken")
                await hear()
        await asyncio.sleep(0.02)


async def main(command: str, path: str, *arguments: str) -> None:
    if command == "migrate":
        say("ready")
        await hear()
        say(migrate(path))
        return
    store = await open_store(path)
    await COMMANDS[command](store, *arguments)
    await store.close()


COMMANDS = {
    each.__name__: each for each in (submit, hold, fork, run, many, obey, cancel, adopt, take)
}

if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
