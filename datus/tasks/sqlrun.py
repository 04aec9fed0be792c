"""The right to write to one task (see ``store.Run``), over SQL tables."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from datus.errors import FenceError, UnavailableError
from datus.tasks import spending, statements
from datus.tasks.encoding import to_json
from datus.tasks.parts import Database, Wakeups, Work
from datus.tasks.statements import Ending, Entry
from datus.tasks.store import NOTHING_SPENT, FinalStatus, Left, Spent, TaskRecord
from datus.types import EventType

T = TypeVar("T")

_RETRY_S = 0.5

logger = logging.getLogger(__name__)


class SqlRun:
    """See ``store.Run``. Made by ``SqlStore.start``.

    Events that come while others are being written are written together: the run numbers them itself, so
    that their order is that of the calls, and a write that is tried again stores nothing twice.

    Attributes:
        ending: Whether its end is being written.

    Args:
        on_end: Called once, when this run may write no more.
    """

    def __init__(
        self,
        task: TaskRecord,
        left: Left,
        database: Database,
        wakeups: Wakeups,
        *,
        clock: Callable[[], datetime],
        on_end: Callable[[], None],
    ) -> None:
        self._task = task
        self._left = left
        self._database = database
        self._wakeups = wakeups
        self._clock = clock
        self._on_end = on_end
        self._cancel = wakeups.watch_cancel(task.id)
        self._told = task.last_seq
        self._written = task.last_seq
        self._waiting: list[Entry] = []
        self._writing: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._lost = False
        self._over = False
        self.ending = False

    @property
    def task(self) -> TaskRecord:
        return self._task

    @property
    def left(self) -> Left:
        return self._left

    def emit(
        self, type: EventType, data: Mapping[str, Any], step: Mapping[str, Any] | None = None
    ) -> int:
        if type == "done":
            raise ValueError("`done` is written by finish, with the end of the task")
        entry = Entry(type, to_json(data), None if step is None else to_json(step))
        self._require_held()
        self._waiting.append(entry)
        self._told += 1
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_waiting())
        return self._told

    async def stored(self) -> None:
        while self._written < self._told:
            self._require_held()
            await self._moved.wait()

    async def finish(
        self,
        status: FinalStatus,
        *,
        answer: Mapping[str, Any] | None,
        error: Mapping[str, Any] | None,
        events: Sequence[tuple[EventType, Mapping[str, Any]]],
        spent: Spent = NOTHING_SPENT,
    ) -> TaskRecord:
        if [type for type, _ in events].index("done") != len(events) - 1:
            raise ValueError("the last events of a task end with its only `done`")
        ending = Ending(
            status,
            None if answer is None else to_json(answer),
            None if error is None else to_json(error),
            [Entry(type, to_json(data)) for type, data in events],
        )
        await self.stored()
        work = partial(
            spending.end_task,
            task=self._task,
            before=self._written,
            ending=ending,
            spent=spent,
            now=self._clock(),
        )
        self.ending = True
        try:
            ended = await self._database.write(work, durable=True)
        except FenceError:
            self.lose()
            raise
        finally:
            self.ending = False
        self._close()
        self._wakeups.announce_end(self._task.id)
        return ended

    async def cancelled(self) -> None:
        asked = partial(statements.is_cancel_asked, task=self._task.id)
        while True:
            await self._cancel.wait()
            self._require_held()
            self._cancel.clear()
            try:
                found = await self._database.read(asked)
            except UnavailableError:  # the hint may have been right: ask again
                await asyncio.sleep(_RETRY_S)
                self._cancel.notify()
                continue
            self._require_held()
            if found:
                return

    def lose(self) -> None:
        """The task is another's, or nobody's: this run writes no more, and who waits for it learns so."""
        self._lost = True
        self._cancel.notify()
        self._moved.set()
        self._close()

    def _close(self) -> None:
        self._cancel.close()
        if not self._over:
            self._over = True
            self._on_end()

    def _require_held(self) -> None:
        if self._lost:
            raise FenceError(
                f"Task {self._task.task_id!r} is no longer this process's: its run stops.",
                details={"task_id": self._task.task_id},
            )

    async def _write_waiting(self) -> None:
        """Write what gathered, and again what gathered meanwhile, until nothing is left."""
        while self._waiting and not self._lost:
            entries, self._waiting = self._waiting, []
            await self._append(entries)
        self._writing = None

    async def _append(self, entries: Sequence[Entry]) -> None:
        work = partial(
            statements.append_events,
            task=self._task,
            before=self._written,
            entries=entries,
            now=self._clock(),
        )
        if not await self._tried(work):
            return
        self._written += len(entries)
        self._wakeups.announce_event(self._task.id)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _tried(self, work: Work[None]) -> bool:
        """Write until the store takes it; False when the task is lost."""
        while not self._lost:
            try:
                await self._database.write(work)
            except FenceError:
                self.lose()
            except UnavailableError as error:
                logger.warning(
                    "task %s: its events cannot be stored yet: %s",
                    self._task.task_id,
                    error.message,
                )
                await asyncio.sleep(_RETRY_S)
            else:
                return True
        return False
