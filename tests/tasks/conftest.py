"""A migrated state file, a store on it, and other processes that use the same file."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import NullPool, create_engine

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


def on_state(state: Path | str, statement: str) -> Sequence[Any]:
    """Run a statement on the state behind the store's back; returns the rows, where there are any."""
    url = f"sqlite:///{state}" if isinstance(state, Path) else state.replace("://", "+psycopg://")
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        result = connection.exec_driver_sql(statement)
        return [tuple(row) for row in result] if result.returns_rows else []


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state" / "state.db"
    migrate(path)
    return path


@pytest.fixture
def postgresql(connect_postgresql: Callable[[], Any]) -> Iterator[Callable[[str], str]]:
    """Makes empty schemas on this machine's PostgreSQL, each behind a URL of its own; drops them."""
    made: list[str] = []
    with connect_postgresql() as connection:

        def make(name: str) -> str:
            schema = f"datus_{name}_{uuid4().hex[:8]}"
            connection.execute(f'CREATE SCHEMA "{schema}"')
            made.append(schema)
            options = quote(f"-csearch_path={schema}")
            return f"postgresql://postgres@127.0.0.1/postgres?options={options}"

        yield make
        for schema in made:
            connection.execute(f'DROP SCHEMA "{schema}" CASCADE')


@pytest.fixture
def postgresql_state(postgresql: Callable[[str], str]) -> str:
    url = postgresql("state")
    migrate(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def each_state(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """A migrated state in each engine."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgresql_state")
        return url
    path = tmp_path / "state" / "state.db"
    migrate(path)
    return path


@pytest.fixture
async def store(state: Path | str) -> AsyncIterator[TaskStore]:
    store = await open_store(state)
    yield store
    await store.close()


@pytest.fixture
async def spawn(state: Path | str) -> AsyncIterator[Callable[..., Any]]:
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
