"""What a running service deletes by itself: tasks and traces that were kept long enough."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from datus.config import Settings
from datus.errors import UnavailableError
from datus.tasks.purging import dues, purge, purge_traces
from datus.tasks.store import TaskStore

EVERY_S = 3_600.0

_log = logging.getLogger(__name__)


class Keeper:
    """Deletes what is due: at the start, and every hour. Made and closed on one event loop.

    Every process does; what one of them deletes the others do not find.

    Args:
        clock: The time, aware of its zone.
        timer: Seconds that only grow.
    """

    def __init__(
        self,
        settings: Settings,
        store: TaskStore,
        *,
        clock: Callable[[], datetime],
        timer: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._timer = timer
        self._keeping = asyncio.create_task(self._keep_forever())

    async def close(self) -> None:
        """Delete no more."""
        self._keeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._keeping

    async def _keep_forever(self) -> None:
        while True:
            try:
                await self._round()
            except UnavailableError as error:
                _log.warning("what was kept long enough could not be deleted: %s", error.message)
            except Exception as error:  # noqa: BLE001  the border: the next round may go well
                _log.error("what was kept long enough could not be deleted", exc_info=error)
            await asyncio.sleep(EVERY_S)

    async def _round(self) -> None:
        now = self._clock()
        oldest = now - timedelta(days=self._settings.trace.keep_days)
        traces = await purge_traces(self._store, oldest, timer=self._timer)
        if traces:
            _log.info("%s traced requests were older than keep_days; deleted", traces)
        done = await purge(self._store, dues(self._settings.keep, now), timer=self._timer)
        if done.deleted or done.reduced:
            _log.info(
                "%s tasks were kept long enough; deleted. %s stay for their feedback, without rows",
                done.deleted,
                done.reduced,
            )
