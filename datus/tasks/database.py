"""Runs statements off the event loop: one writer thread that commits in groups, and a few reader threads.

What differs between engines is a ``Backend``: how a transaction begins, and what its errors mean.
"""

import asyncio
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from datus.errors import DatusError, UnavailableError
from datus.tasks.parts import Work

T = TypeVar("T")

WAIT_S = 30.0
"""How long a statement waits for locks, and for a server that is away, before it fails."""

_GROUP = 64
_PAUSES_S = (0.005, 0.02, 0.1, 0.25)


class Backend(Protocol):
    """One engine's connections: in autocommit, so that transactions are begun and ended by statements."""

    @property
    def writing(self) -> Engine: ...

    @property
    def reading(self) -> Engine: ...

    @property
    def readers(self) -> int:
        """How many connections ``reading`` gives at once."""
        ...

    def begin(self, connection: Connection, *, durable: bool) -> None:
        """Begin a write transaction; its commit survives power loss where ``durable`` says so."""
        ...

    def passes(self, error: DBAPIError) -> bool:
        """Whether the same work, tried again, may go through: another was first, the server restarts."""
        ...

    def lost(self, error: DBAPIError) -> bool:
        """Whether the connection broke, so that nobody can say what became of a commit."""
        ...

    def told(self, error: DBAPIError) -> UnavailableError:
        """The error as people read it."""
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    work: Work[Any]
    durable: bool
    deadline: float
    result: asyncio.Future[Any]


class _Failure:
    """An error on its way to the caller that waits for it."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class GroupDatabase:
    """See ``parts.Database``. Made, used and closed on one event loop."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(backend.readers, thread_name_prefix="datus-state-read")
        self._writer = threading.Thread(target=self._write, name="datus-state-write", daemon=True)
        self._closed = threading.Event()
        self._writer.start()

    async def read(self, work: Work[T]) -> T:
        self._require_open()
        # From now on, not from its turn: who waits behind others that wait does not wait once more.
        deadline = time.monotonic() + WAIT_S
        return await self._loop.run_in_executor(self._readers, self._read, work, deadline)

    async def write(self, work: Work[T], *, durable: bool = False) -> T:
        self._require_open()
        result: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, durable, time.monotonic() + WAIT_S, result))
        return await result

    async def close(self) -> None:
        if not self._closed.is_set():
            self._closed.set()
            self._jobs.put(None)
            await asyncio.to_thread(self._writer.join)
            await asyncio.to_thread(self._readers.shutdown)
            self._backend.reading.dispose()
            self._backend.writing.dispose()

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise UnavailableError("The server is stopping: try again.", code="stopping")

    def _read(self, work: Work[T], deadline: float) -> T:
        patience = _Patience(self._closed, deadline)
        while True:
            try:
                with self._backend.reading.connect() as connection:
                    return work(connection)
            except DBAPIError as error:
                if not (self._backend.passes(error) and patience.wait()):
                    raise self._backend.told(error) from error

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
        """Outcomes of the jobs, in their order. One that breaks takes no other down with it."""
        patience = _Patience(self._closed, jobs[-1].deadline)
        while True:
            attempt = _Attempt(jobs)
            try:
                return attempt.commit(self._backend)
            except DBAPIError as error:
                unsure = attempt.committing and self._backend.lost(error)
                if not unsure and self._backend.passes(error) and patience.wait():
                    continue
                failure = _Failure(self._backend.told(error))
                if unsure or not attempt.begun or len(jobs) == 1:
                    return [failure] * len(jobs)
            except Exception as error:  # noqa: BLE001 - it goes to the caller; the thread must live on
                if len(jobs) == 1:
                    return [_Failure(error)]
            return [outcome for job in jobs for outcome in self._commit([job])]


class _Attempt:
    """One try of a group. A connection that goes back to the pool is rolled back unless it was committed."""

    def __init__(self, jobs: list[_Job]) -> None:
        self._jobs = jobs
        self.begun = False
        self.committing = False

    def commit(self, backend: Backend) -> list[Any]:
        with backend.writing.connect() as connection:
            backend.begin(connection, durable=any(job.durable for job in self._jobs))
            self.begun = True
            outcomes = [_run(job.work, connection) for job in self._jobs]
            self.committing = True
            connection.exec_driver_sql("COMMIT")
        return outcomes


class _Patience:
    """Waits a little longer each time, until a deadline; not at all once the store closes."""

    def __init__(self, closed: threading.Event, deadline: float) -> None:
        self._closed = closed
        self._deadline = deadline
        self._times = 0

    def wait(self) -> bool:
        """False when there is no more time."""
        pause = _PAUSES_S[min(self._times, len(_PAUSES_S) - 1)]
        self._times += 1
        return time.monotonic() + pause < self._deadline and not self._closed.wait(pause)


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
