"""Runs statements of one database in its own few threads, and stops those no longer wanted.

Drivers block, so nothing of them runs on the event loop's thread. A slot is a thread and a connection;
a statement holds one from its first round trip to its last. A statement that was interrupted leaves its
connection unusable by decision: a late ``KILL`` or cancel request must not hit the next statement.
"""

import asyncio
import logging
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from datus.connectors.base import Target
from datus.connectors.values import Fetched
from datus.errors import DatabaseError, DatabaseUnreachableError
from datus.types import Column, DatabaseSchema, TableSchema

STOP_S = 0.8
"""Seconds that a stopped statement gets to end by itself. A cancel is to be over within 1 s; what is cut
is thrown away in any case, so there is nothing to win by waiting longer."""

_CUT_S = 0.2
"""Seconds for the thread to see that its connection was cut."""

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.2

_log = logging.getLogger(__name__)

T = TypeVar("T")


class SessionLostError(Exception):
    """The connection was dead before the statement began; ``error`` is what to tell if it stays so."""

    def __init__(self, error: DatabaseError) -> None:
        super().__init__(error.message)
        self.error = error


class Session(ABC):
    """One driver connection: the part that differs from engine to engine.

    Runs in a pool thread, one call at a time, except ``interrupt`` and ``abandon``, which come from
    another thread while a call runs. The driver's errors do not leave it: they become ``DatabaseError``.

    Attributes:
        stopping: Set before the first interrupt, for good. An interrupt between two round trips meets
            nothing that it could stop, so a session looks here before the next one.
    """

    stopping = False

    def while_wanted(self, rows: Iterable[T]) -> Iterator[T]:
        """The rows until a stop: an interrupt does not end the reading of what was sent before it.

        Raises:
            DatabaseError: The statement was stopped.
        """
        for row in rows:
            self.go_on()
            yield row

    def go_on(self) -> None:
        """Raise DatabaseError once the statement is to stop."""
        if self.stopping:
            raise DatabaseError("The statement was stopped.")

    @abstractmethod
    def begin(self, timeout_s: float) -> None:
        """Make ready for one read-only statement.

        Raises:
            SessionLostError: The connection is dead.
        """

    @abstractmethod
    def fetch(self, sql: str, *, max_rows: int, max_bytes: int) -> Fetched:
        """Run one query and convert its rows until a cap is met."""

    @abstractmethod
    def plan(self, sql: str) -> None:
        """Have the engine plan one query without running it; whatever else the text holds, nothing runs."""

    @abstractmethod
    def introspect(self) -> DatabaseSchema:
        """See ``base.Connector.introspect``."""

    @abstractmethod
    def distinct_sql(self, table: TableSchema, column: Column, *, limit: int) -> str:
        """The query of ``base.Connector.distinct_values``, in the engine's words."""

    @abstractmethod
    def end(self) -> bool:
        """Clean up after a statement, failed ones too; False when the connection must not be used again."""

    @abstractmethod
    def interrupt(self) -> None:
        """Ask the engine to stop the running statement; harmless when none runs. Raises nothing.

        May take seconds where the engine does not answer, and outlast the session.
        """

    @abstractmethod
    def abandon(self) -> None:
        """Cut the connection under a statement that did not stop, without waiting. Raises nothing."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection. Raises nothing."""


S = TypeVar("S", bound=Session)


class _Job(Generic[S]):
    """Ties a caller to the session that serves it, so that a stop meets that statement and no other.

    The lock is held for moments only: an interrupt that hangs must hold up neither the statement's end
    nor the cut.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: S | None = None
        self._over = False
        self._stopped = False

    def attach(self, session: S) -> bool:
        """Begin to be served; False when it was stopped before."""
        with self._lock:
            self._session = session
            self._over = False
            session.stopping = self._stopped
            return not self._stopped

    def finish(self) -> bool:
        """No interrupt from here on, a cut still; whether there was an interrupt."""
        with self._lock:
            self._over = True
            return self._stopped

    def detach(self) -> None:
        """The session is nobody's."""
        with self._lock:
            self._session = None

    @property
    def stopped(self) -> bool:
        return self._stopped

    def stop(self) -> bool:
        """Let nothing begin any more; whether a session is there to be interrupted."""
        with self._lock:
            self._stopped = True
            if self._session is not None and not self._over:
                self._session.stopping = True
            return self._session is not None

    def interrupt(self) -> None:
        with self._lock:
            session = None if self._over else self._session
        if session is not None:
            session.interrupt()

    def abandon(self) -> None:
        with self._lock:
            if self._session is not None:
                self._session.abandon()


class SessionPool(Generic[S]):
    """At most ``max_connections`` sessions, each opened when first needed and replaced when dead.

    Belongs to one event loop. Construction opens nothing.

    Args:
        target: Names the database in messages.
        connect: Opens a session; called in a pool thread.
        max_connections: Threads and sessions at once.
        grace_s: Seconds beyond a timeout that an engine with a timeout of its own gets to report it.
        stop_s: Seconds that a stopped statement gets to end before its connection is thrown away.
    """

    def __init__(
        self,
        target: Target,
        connect: Callable[[], S],
        *,
        max_connections: int,
        grace_s: float = 0.0,
        stop_s: float = STOP_S,
    ) -> None:
        self._target = target
        self._connect = connect
        self._grace_s = grace_s
        self._stop_s = stop_s
        self._slots = asyncio.Semaphore(max_connections)
        self._idle: deque[S] = deque()
        self._closed = False
        self._running = 0
        self._workers = ThreadPoolExecutor(max_connections, f"datus-{target.label}")
        # Interrupts need threads of their own: all workers may be inside statements.
        self._stoppers = ThreadPoolExecutor(max_connections, f"datus-stop-{target.label}")

    async def run(self, action: Callable[[S], T], *, timeout_s: float) -> T:
        """Run ``action`` with a session in a thread; stop it on timeout or cancellation.

        Raises:
            StatementTimeoutError: Stopped after ``timeout_s``.
            DatabaseUnreachableError: No connection, or none free within ``timeout_s``.
            DatabaseError: What ``action`` raises.
        """
        await self._acquire(timeout_s)
        self._running += 1
        job: _Job[S] = _Job()
        done = asyncio.wrap_future(self._workers.submit(self._work, job, action, timeout_s))
        done.add_done_callback(self._release)
        try:
            await asyncio.wait({done}, timeout=timeout_s + self._grace_s)
        except asyncio.CancelledError:
            await _to_its_end(self._stop(job, done))
            raise
        if not done.done():
            await _to_its_end(self._stop(job, done))
            raise self._target.timed_out(timeout_s)
        return done.result()

    async def close(self) -> None:
        """Close idle sessions now and the others when their statement ends; take no new work."""
        self._closed = True
        loop = asyncio.get_running_loop()
        while self._idle:
            await loop.run_in_executor(self._stoppers, self._idle.pop().close)
        self._shut_down_when_quiet()

    def _shut_down_when_quiet(self) -> None:
        """Running statements keep their threads, and those that can stop them."""
        if self._closed and not self._running:
            self._workers.shutdown(wait=False)
            self._stoppers.shutdown(wait=False)

    async def _acquire(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._slots.acquire()
        except TimeoutError:
            raise DatabaseUnreachableError(
                f"All connections of {self._target.label} were busy for {timeout_s:g} s. "
                "Try again later, or raise the number of connections.",
                code="database_busy",
            ) from None
        if self._closed:
            self._slots.release()
            raise DatabaseUnreachableError(f"Database {self._target.label} is closed.")

    def _release(self, done: "asyncio.Future[Any]") -> None:
        self._slots.release()
        self._running -= 1
        self._shut_down_when_quiet()
        if not done.cancelled():
            done.exception()  # marks it as seen: nobody awaits a statement that was given up

    def _work(self, job: _Job[S], action: Callable[[S], T], timeout_s: float) -> T:
        while True:
            session, reused = self._take()
            lost = False
            try:
                if not job.attach(session):
                    raise DatabaseError("The statement was stopped before it began.")
                session.begin(timeout_s)
                session.go_on()
                return action(session)
            except SessionLostError as error:
                # An idle connection that the server closed says nothing about the server: try the next.
                lost = True
                if not reused or job.stopped:
                    raise error.error from error
            finally:
                good = not (job.finish() or lost) and session.end()
                job.detach()
                self._put_back(session, good)

    def _take(self) -> tuple[S, bool]:
        try:
            return self._idle.pop(), True
        except IndexError:
            return self._connect(), False

    def _put_back(self, session: S, good: bool) -> None:
        if good and not self._closed:
            self._idle.append(session)
        else:
            session.close()

    async def _stop(self, job: _Job[S], done: "asyncio.Future[Any]") -> None:
        """Interrupt again and again (one may come before the engine listens) until over or given up.

        While there is no connection yet there is nothing to wait for: the thread ends with its attempt to
        connect, which has a time of its own, and runs nothing.
        """
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._stop_s
        pause = _FIRST_PAUSE_S
        connected = job.stop()
        while connected and not done.done() and loop.time() < give_up:
            interrupting = loop.run_in_executor(self._stoppers, job.interrupt)
            await asyncio.wait(
                {interrupting, done}, timeout=give_up - loop.time(), return_when="FIRST_COMPLETED"
            )
            await asyncio.wait({done}, timeout=min(pause, max(give_up - loop.time(), 0)))
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        if connected and not done.done():
            _log.warning(
                "A statement on %s did not stop; its connection is given up", self._target.label
            )
            job.abandon()
            await asyncio.wait({done}, timeout=_CUT_S)


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Await ``work`` though the caller is cancelled meanwhile; the cancellation is raised afterwards."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError
