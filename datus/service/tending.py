"""Takes over tasks that nobody runs: a process died, or stopped and handed them back."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from datus.errors import DatusError, UnavailableError
from datus.tasks.store import TaskRecord, TaskStore
from datus.workflow.engine import internal
from datus.workflow.runner import Runner

LOOK_EVERY_S = 0.5
"""Seconds between two looks for tasks that nobody runs."""

# So long others, which may have turns to give, are left to take what there is.
_FULL_LOOKS = 4

_log = logging.getLogger(__name__)


class Tending:
    """Looks for tasks of processes that are gone, as long as this process takes any. Made on the event loop.

    Args:
        go_on: Begins the run of a task that was taken over. Raises DatusError where it cannot be run.
    """

    def __init__(
        self, store: TaskStore, runner: Runner, go_on: Callable[[TaskRecord], None]
    ) -> None:
        self._store = store
        self._runner = runner
        self._go_on = go_on
        self._away = False
        self._full = 0  # looks in a row at which no task could begin
        self._stopping = asyncio.Event()
        self._looking = asyncio.create_task(self._look_until_stopped())

    async def close(self) -> None:
        """Look no more; what is just being taken over is begun."""
        self._stopping.set()
        await asyncio.wait({self._looking}, timeout=LOOK_EVERY_S)
        self._looking.cancel()
        with suppress(asyncio.CancelledError):
            await self._looking

    async def _look_until_stopped(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._look()
                self._away = False
            except UnavailableError as error:
                if not self._away:
                    _log.warning("looking for tasks that nobody runs failed: %s", error.message)
                self._away = True
            except Exception as error:  # noqa: BLE001  the border: one fault must not end the looking
                _log.error("looking for tasks that nobody runs failed", exc_info=error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_EVERY_S)

    async def _look(self) -> None:
        adopted = await self._store.adopt(self._room())
        for task in adopted.taken:
            try:
                self._go_on(task)
            except DatusError as error:
                _log.error("task %s cannot be gone on with: %s", task.task_id, error.message)
                self._runner.fail(task, error)
            except Exception as error:  # noqa: BLE001  likewise, as where another version wrote it
                _log.error("task %s cannot be gone on with", task.task_id, exc_info=error)
                self._runner.fail(task, internal(task.task_id))

    def _room(self) -> int:
        """How many tasks to take: as many as can begin; where that is none for long, one that is to wait."""
        free = self._runner.free
        self._full = 0 if free else self._full + 1
        if self._full < _FULL_LOOKS or not self._runner.has_room:
            return free
        self._full = 0
        return 1
