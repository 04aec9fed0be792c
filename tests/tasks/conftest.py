"""A migrated state file, a store on it, and other processes that use the same file."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from datus.tasks.engines import migrate, open_store
from datus.tasks.store import Run, TaskStore

WORKER = Path(__file__).with_name("worker.py")


class Worker:
    """Another process that runs one command of ``worker.py`` and speaks JSON lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def said(self) -> Any:
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 45)
        assert line, "the worker ended without a word"
        return json.loads(line)

    async def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")
        await self.process.stdin.drain()

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state" / "state.db"
    migrate(path)
    return path


@pytest.fixture
async def store(state: Path) -> AsyncIterator[TaskStore]:
    store = await open_store(state, reap_every_s=None)
    yield store
    await store.close()


@pytest.fixture
async def spawn(state: Path) -> AsyncIterator[Callable[..., Any]]:
    workers: list[Worker] = []

    async def spawn(command: str, *arguments: object) -> Worker:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, WORKER, command, state, *map(str, arguments)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        workers.append(Worker(process))
        return workers[-1]

    yield spawn
    for worker in workers:
        await worker.kill()


@pytest.fixture
def begin(store: TaskStore) -> Callable[..., Any]:
    """Submit and start a task of client ``c`` in this process."""

    async def begin(name: str, client: str = "c") -> Run:
        task, created = await store.submit(
            client, name, "f", {"task": "每月销售额"}, workflow="fixed", namespace="demo"
        )
        assert created
        return await store.start(task)

    return begin
