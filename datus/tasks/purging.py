"""A purge from its first batch to its last, slowly enough for everybody else who writes."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from datus.config import KeepConfig
from datus.tasks.kept import Batch, Due, Place
from datus.types import TaskStatus

FINAL: tuple[TaskStatus, ...] = ("completed", "failed", "refused", "cancelled")
MOST_TASKS = 200
"""Most tasks of a batch; fewer where a batch of them takes long, because their answers are large."""

_FIRST_TASKS = 5
_LONG_S, _SHORT_S = 0.1, 0.03
_LEAST_PAUSE_S, _MOST_PAUSE_S = 0.01, 1.0
_TRACES = 1_000


class Purgeable(Protocol):
    """The part of a task store that a purge needs."""

    async def purge(self, due: Due, *, after: Place | None = None, limit: int) -> Batch: ...

    async def purge_traces(self, before: datetime, *, limit: int) -> int: ...


def dues(keep: KeepConfig, now: datetime) -> tuple[Due, ...]:
    """What is due by the settings, for each final status."""
    days = {
        "completed": keep.completed_days,
        "failed": keep.failed_days,
        "refused": keep.refused_days,
        "cancelled": keep.cancelled_days,
    }
    return tuple(
        Due(status, now - timedelta(days=days[status]), feedback_due(keep, now)) for status in FINAL
    )


def feedback_due(keep: KeepConfig, now: datetime) -> datetime | None:
    """Feedback older than this keeps no task; None: it always does."""
    return None if keep.feedback_days is None else now - timedelta(days=keep.feedback_days)


async def purge(
    store: Purgeable,
    wanted: tuple[Due, ...],
    *,
    timer: Callable[[], float],
    told: Callable[[Batch], None] = lambda batch: None,
) -> Batch:
    """Delete what is due, batch after batch, with a pause after each that is as long as it took.

    Args:
        timer: Seconds that only grow.
        told: Called after each batch with what it did.

    Returns:
        What all batches did together.

    Raises:
        UnavailableError: The store cannot be written; what earlier batches deleted stays deleted.
    """
    size, deleted, reduced = _FIRST_TASKS, 0, 0
    for due in wanted:
        after: Place | None = None
        while True:
            began = timer()
            batch = await store.purge(due, after=after, limit=size)
            took = timer() - began
            told(batch)
            deleted, reduced, after = deleted + batch.deleted, reduced + batch.reduced, batch.after
            if after is None:
                break
            size = _next_size(size, took)
            await _pause(took)
    return Batch(deleted, reduced, None)


async def purge_traces(store: Purgeable, before: datetime, *, timer: Callable[[], float]) -> int:
    """Delete traced requests that ended before a time, likewise; returns how many."""
    deleted = 0
    while True:
        began = timer()
        batch = await store.purge_traces(before, limit=_TRACES)
        deleted += batch
        if batch < _TRACES:
            return deleted
        await _pause(timer() - began)


def _next_size(size: int, took: float) -> int:
    """Fewer tasks where a batch kept other writers waiting, more where it was quick."""
    if took > _LONG_S:
        return max(1, int(size * _LONG_S / took))
    return min(MOST_TASKS, size * 2) if took < _SHORT_S else size


async def _pause(took: float) -> None:
    await asyncio.sleep(min(_MOST_PAUSE_S, max(_LEAST_PAUSE_S, took)))
