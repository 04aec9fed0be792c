"""Statements on a SQLite file: one writer thread that commits in groups, and a few reader threads."""

import asyncio
import queue
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, QueuePool, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError

from datus.errors import DatusError, UnavailableError
from datus.tasks.parts import Work
from datus.tasks.state_errors import from_sqlite

T = TypeVar("T")

LOCK_WAIT_S = 30.0
"""How long a write waits for other processes before it fails."""

# SQLite's own waiting sleeps up to 100 ms between two tries, in which siblings overtake.
_LOCK_PAUSE_S = 0.001
_GROUP = 64
_READERS = 2


@dataclass(frozen=True, slots=True)
class _Job:
    work: Work[Any]
    durable: bool
    result: asyncio.Future[Any]


class _Failure:
    """An error on its way to the caller that waits for it."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def open_file(path: Path, *, writes: bool, wait_s: float = LOCK_WAIT_S) -> sqlite3.Connection:
    """A connection to an existing file, usable in any one thread at a time."""
    # `mode=rw` does not make an absent file, which would have no tables and the wrong mode.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=wait_s,
    )
    connection.execute("PRAGMA foreign_keys=ON")
    if not writes:
        connection.execute("PRAGMA query_only=ON")
    return connection


def connect(path: Path, *, writes: bool) -> Engine:
    """An engine on an existing file, without transactions of its own: say BEGIN and COMMIT.

    Its writing connections do not wait for locks: see ``execute_waiting``.
    """
    return create_engine(
        "sqlite://",
        creator=partial(open_file, path, writes=writes, wait_s=0 if writes else LOCK_WAIT_S),
        poolclass=QueuePool,
        pool_size=1 if writes else _READERS,
        max_overflow=0,
        isolation_level="AUTOCOMMIT",
    )


def execute_waiting(connection: Connection, sql: str) -> None:
    """Run what needs a lock, waiting up to ``LOCK_WAIT_S``; OperationalError after that."""
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            connection.exec_driver_sql(sql)
        except OperationalError as error:
            busy = getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY")
            if not busy or time.monotonic() >= deadline:
                raise
            time.sleep(_LOCK_PAUSE_S)
        else:
            return


class SqliteDatabase:
    """A migrated state file. Made, used and closed on one event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._writing = connect(path, writes=True)
        self._reading = connect(path, writes=False)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="datus-state-read")
        self._writer = threading.Thread(target=self._write, name="datus-state-write", daemon=True)
        self._writer.start()
        self._closed = False

    async def read(self, work: Work[T]) -> T:
        self._require_open()
        return await self._loop.run_in_executor(self._readers, self._read, work)

    async def write(self, work: Work[T], *, durable: bool = False) -> T:
        self._require_open()
        result: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, durable, result))
        return await result

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            await asyncio.to_thread(self._writer.join)
            await asyncio.to_thread(self._readers.shutdown)
            self._reading.dispose()
            self._writing.dispose()

    def _require_open(self) -> None:
        if self._closed:
            raise UnavailableError("The server is stopping: try again.", code="stopping")

    def _read(self, work: Work[T]) -> T:
        try:
            with self._reading.connect() as connection:
                return work(connection)
        except DBAPIError as error:
            raise from_sqlite(self._path, error) from error

    def _write(self) -> None:
        """The writer thread: takes what has gathered, commits it as one, tells the callers."""
        more = True
        while more:
            jobs, more = self._gather()
            if jobs:
                outcomes = self._commit(jobs)
                self._loop.call_soon_threadsafe(_deliver, jobs, outcomes)

    def _gather(self) -> tuple[list[_Job], bool]:
        job = self._jobs.get()
        jobs: list[_Job] = []
        while job is not None:
            jobs.append(job)
            if len(jobs) == _GROUP or self._jobs.empty():
                return jobs, True
            job = self._jobs.get()
        return jobs, False

    def _commit(self, jobs: list[_Job]) -> list[Any]:
        """Outcomes of the jobs, in their order. One that breaks takes no other down with it.

        A connection that goes back to the pool is rolled back unless it was committed.
        """
        try:
            with self._writing.connect() as connection:
                durable = any(job.durable for job in jobs)
                # Syncing the log makes every earlier commit in it durable too.
                level = "FULL" if durable else "NORMAL"
                # It reads the file, which a process that opens or closes it locks for a moment.
                execute_waiting(connection, f"PRAGMA synchronous={level}")
                execute_waiting(connection, "BEGIN IMMEDIATE")
                broken = self._commit_begun(connection, jobs)
        except DBAPIError as error:
            return [_Failure(from_sqlite(self._path, error))] * len(jobs)
        if not isinstance(broken, _Failure):
            return broken
        if len(jobs) == 1:
            return [broken]
        return [outcome for job in jobs for outcome in self._commit([job])]

    def _commit_begun(self, connection: Connection, jobs: list[_Job]) -> list[Any] | _Failure:
        try:
            outcomes = [_run(job.work, connection) for job in jobs]
            connection.exec_driver_sql("COMMIT")
        except DBAPIError as error:
            return _Failure(from_sqlite(self._path, error))
        except Exception as error:  # noqa: BLE001 - it goes to the caller; the thread must live on
            return _Failure(error)
        return outcomes


def _run(work: Work[T], connection: Connection) -> T | _Failure:
    try:
        return work(connection)
    except DatusError as error:  # by contract nothing is written yet: the others may commit
        return _Failure(error)


def _deliver(jobs: list[_Job], outcomes: list[Any]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        if job.result.done():  # its caller was cancelled
            continue
        if isinstance(outcome, _Failure):
            job.result.set_exception(outcome.error)
        else:
            job.result.set_result(outcome)
