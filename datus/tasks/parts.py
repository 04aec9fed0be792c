"""The three things in which engines differ: how statements run, what wakes readers, who is alive.

SQLite's are in ``sqlite_database``, ``sqlite_wakeups`` and ``slots``, PostgreSQL's in
``postgresql_database``, ``postgresql_wakeups`` and ``postgresql_session``; ``sqlstore`` is the same for both.
"""

from collections.abc import Callable, Collection
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
Work = Callable[[Connection], T]


class Database(Protocol):
    """Runs functions of ``statements`` off the event loop. Raises UnavailableError when it cannot."""

    async def read(self, work: Work[T]) -> T: ...

    async def write(self, work: Work[T], *, durable: bool = False) -> T:
        """Run in a write transaction of which no other writer sees a part.

        Writes are applied in the order of the calls. A durable one survives power loss once this
        returns, and so does every write before it; another survives the death of the process.
        """
        ...

    async def close(self) -> None: ...


class Watch(Protocol):
    """One waiter for news of one task. A hint only: who is woken reads again."""

    def clear(self) -> None:
        """Forget the news so far; call it before reading, so that none is missed."""
        ...

    async def wait(self) -> None:
        """Until there is news since ``clear``."""
        ...

    def notify(self) -> None:
        """Wake whoever waits."""
        ...

    def close(self) -> None:
        """Stop watching, at once and for free."""
        ...


class Wakeups(Protocol):
    """Tells waiters in this process what any process wrote."""

    def watch_events(self, task: int) -> Watch: ...

    def watch_end(self, task: int) -> Watch:
        """News of the end only, so that who waits for it is not woken by every event."""
        ...

    def watch_cancel(self, task: int) -> Watch: ...

    def announce_event(self, task: int) -> None:
        """This process wrote an event: wake its own readers without delay."""
        ...

    def announce_end(self, task: int) -> None:
        """This process wrote the end of a task, its last events included."""
        ...

    def announce_cancel(self, task: int) -> None: ...

    async def close(self) -> None: ...


class Liveness(Protocol):
    """Who is alive, by locks that the operating system or the engine frees when a process dies."""

    @property
    def owner(self) -> str:
        """The id under which this process holds its lock; no other process ever had it.

        It changes when the lock was lost for so long that others may have taken this process for dead.

        Raises:
            UnavailableError: The lock is lost at this moment, and cannot be held again yet.
        """
        ...

    def on_lost(self, told: Callable[[], None]) -> None:
        """Have it told, on the event loop, when the lock was lost for so long."""
        ...

    async def dead(self, owners: Collection[str]) -> tuple[str, ...]:
        """Those of the owners whose lock nobody holds."""
        ...

    async def sweep(self) -> None:
        """Remove what dead processes left behind."""
        ...

    async def close(self) -> None: ...
