"""The task store over SQL tables, the same for every engine (see ``parts`` for what differs)."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import closing, suppress
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar

from datus.errors import FenceError, InvalidRequestError, UnavailableError
from datus.tasks import keeping, spending, statements
from datus.tasks.encoding import from_cursor, to_cursor, to_json
from datus.tasks.kept import Batch, Due, Place
from datus.tasks.parts import Database, Liveness, Wakeups, Work
from datus.tasks.statements import Ending, Entry
from datus.tasks.store import (
    MAX_PAGE,
    NOTHING_SPENT,
    Feedback,
    FeedbackStatus,
    FinalStatus,
    GivenFeedback,
    Run,
    Spent,
    TaskCount,
    TaskDetail,
    TaskRecord,
    TracedCall,
    UsageBy,
    UsageLine,
)
from datus.types import Event, EventType, TaskStatus, Usage

T = TypeVar("T")

_EVENT_PAGE = 100

logger = logging.getLogger(__name__)


class SqlRun:
    """See ``store.Run``. Made by ``SqlStore.start``."""

    def __init__(
        self,
        task: TaskRecord,
        database: Database,
        wakeups: Wakeups,
        clock: Callable[[], datetime],
    ) -> None:
        self._task = task
        self._database = database
        self._wakeups = wakeups
        self._clock = clock
        self._cancel = wakeups.watch_cancel(task.id)

    @property
    def task(self) -> TaskRecord:
        return self._task

    async def emit(self, type: EventType, data: Mapping[str, Any]) -> Event:
        if type == "done":
            raise ValueError("`done` is written by finish, with the end of the task")
        now = self._clock()
        entry = Entry(type, to_json(data))
        work = partial(statements.append_event, task=self._task, entry=entry, now=now)
        seq = await self._write(work)
        self._wakeups.announce_event(self._task.id)
        return Event(seq, type, data, now)

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
        now = self._clock()
        work = partial(spending.end_task, task=self._task, ending=ending, spent=spent, now=now)
        try:
            ended = await self._write(work, durable=True)
        finally:
            self._cancel.close()
        self._wakeups.announce_end(self._task.id)
        return ended

    async def cancelled(self) -> None:
        await self._cancel.wait()

    async def _write(self, work: Work[T], *, durable: bool = False) -> T:
        try:
            return await self._database.write(work, durable=durable)
        except FenceError:
            self._cancel.close()
            raise


class SqlStore:
    """See ``store.TaskStore``. Made, used and closed on one event loop.

    Args:
        clock: Gives the time, aware of its zone.
        reap_every_s: Seconds between two looks for dead processes; None leaves it to ``reap``.
    """

    def __init__(
        self,
        database: Database,
        wakeups: Wakeups,
        liveness: Liveness,
        *,
        clock: Callable[[], datetime],
        reap_every_s: float | None,
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._liveness = liveness
        self._clock = clock
        self._reaper = (
            None if reap_every_s is None else asyncio.create_task(self._reap_forever(reap_every_s))
        )

    @property
    def owner(self) -> str:
        return self._liveness.owner

    async def submit(
        self,
        client_id: str,
        task_id: str,
        fingerprint: str,
        request: Mapping[str, Any],
        *,
        workflow: str,
        namespace: str,
    ) -> tuple[TaskRecord, bool]:
        values = {
            "client_id": client_id,
            "task_id": task_id,
            "fingerprint": fingerprint,
            "workflow": workflow,
            "namespace": namespace,
            "request": to_json(request),
        }
        work = partial(statements.insert_task, values=values, owner=self.owner, now=self._clock())
        return await self._database.write(work, durable=True)

    async def start(self, task: TaskRecord) -> Run:
        if task.owner != self.owner:
            raise FenceError(f"Task {task.task_id!r} belongs to another process.")
        work = partial(statements.start_task, task=task, now=self._clock())
        started = await self._database.write(work)
        return SqlRun(started, self._database, self._wakeups, self._clock)

    async def get(self, client_id: str, task_id: str) -> TaskDetail:
        work = partial(statements.find_detail, client_id=client_id, task_id=task_id)
        return await self._database.read(work)

    async def wait(self, client_id: str, task_id: str) -> TaskDetail:
        task = await self.get(client_id, task_id)
        with closing(self._wakeups.watch_end(task.id)) as watch:
            while not task.over:
                watch.clear()
                task = await self.get(client_id, task_id)
                if not task.over:
                    await watch.wait()
        return task

    async def list(
        self,
        client_id: str,
        *,
        status: TaskStatus | None = None,
        namespace: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> tuple[tuple[TaskRecord, ...], str | None]:
        _check_limit(limit)
        work = partial(
            statements.list_tasks,
            client_id=client_id,
            status=status,
            namespace=namespace,
            before=None if cursor is None else from_cursor(cursor),
            count=limit + 1,
        )
        tasks = await self._database.read(work)
        more = len(tasks) > limit
        return tasks[:limit], to_cursor(tasks[limit - 1].id) if more else None

    async def events(
        self, client_id: str, task_id: str, after: int = 0
    ) -> AsyncGenerator[Event, None]:
        find = partial(statements.find_task, client_id=client_id, task_id=task_id)
        task = await self._database.read(find)
        if task.over and after >= task.last_seq:
            return
        # Read from what there is: who has a number above all others still meets the end.
        last = min(after, task.last_seq)
        with closing(self._wakeups.watch_events(task.id)) as watch:
            while True:
                watch.clear()
                page = await self._database.read(
                    partial(statements.read_events, task=task.id, after=last, page=_EVENT_PAGE)
                )
                for event in page:
                    if event.seq > after:
                        yield event
                    if event.type == "done":
                        return
                    last = event.seq
                if not page:
                    if task.over:  # its events were purged while they were read
                        return
                    await watch.wait()

    async def request_cancel(self, client_id: str, task_id: str) -> None:
        work = partial(
            statements.request_cancel, client_id=client_id, task_id=task_id, now=self._clock()
        )
        task = await self._database.write(work, durable=True)
        if task.over:
            self._wakeups.announce_end(task.id)
            return
        self._wakeups.announce_cancel(task.id)
        if not await self._liveness.is_alive(task.owner):
            await self._lose([task.owner])

    async def add_feedback(
        self,
        client_id: str,
        task_id: str,
        status: FeedbackStatus,
        *,
        comment: str | None = None,
        corrected_sql: str | None = None,
    ) -> Feedback:
        feedback = Feedback(task_id, status, comment, corrected_sql, self._clock())
        work = partial(statements.insert_feedback, client_id=client_id, feedback=feedback)
        return await self._database.write(work, durable=True)

    async def feedback(self, client_id: str, task_id: str) -> tuple[Feedback, ...]:
        work = partial(statements.list_feedback, client_id=client_id, task_id=task_id)
        return await self._database.read(work)

    async def standing_feedback(
        self,
        namespace: str,
        *,
        client_id: str | None = None,
        before: int | None = None,
        limit: int = MAX_PAGE,
    ) -> tuple[GivenFeedback, ...]:
        _check_limit(limit)
        work = partial(
            statements.list_standing_feedback,
            namespace=namespace,
            client_id=client_id,
            before=before,
            count=limit,
        )
        return await self._database.read(work)

    async def trace(self, client_id: str, task_id: str) -> tuple[TracedCall, ...]:
        work = partial(spending.read_trace, client_id=client_id, task_id=task_id)
        return await self._database.read(work)

    async def purge_traces(self, before: datetime, *, limit: int) -> int:
        work = partial(spending.purge_traces, before=before, limit=limit)
        return await self._database.write(work)

    async def purge(self, due: Due, *, after: Place | None = None, limit: int) -> Batch:
        work = partial(keeping.purge_tasks, due=due, after=after, limit=limit)
        return await self._database.write(work)

    async def count_due(self, due: Due) -> tuple[int, int]:
        return await self._database.read(partial(keeping.count_due, due=due))

    async def list_all(self, *, limit: int = MAX_PAGE, **wanted: Any) -> tuple[TaskRecord, ...]:
        _check_limit(limit)
        return await self._database.read(partial(keeping.list_all, count=limit, **wanted))

    async def usage(self, by: UsageBy, *, since: date | None = None) -> tuple[UsageLine, ...]:
        return await self._database.read(partial(spending.read_usage, by=by, since=since))

    async def usage_of_day(self, day: date) -> Mapping[str, Usage]:
        return await self._database.read(partial(spending.usage_of_day, day=day))

    async def count_tasks(self) -> tuple[TaskCount, ...]:
        return await self._database.read(spending.count_tasks)

    async def reap(self) -> tuple[TaskRecord, ...]:
        owners = await self._database.read(statements.find_owners)
        dead = [owner for owner in owners if not await self._liveness.is_alive(owner)]
        lost = await self._lose(dead) if dead else ()
        await self._liveness.sweep()
        return lost

    async def ping(self) -> None:
        await self._database.write(statements.touch)

    async def close(self) -> None:
        if self._reaper is not None:
            self._reaper.cancel()
            with suppress(asyncio.CancelledError):
                await self._reaper
        try:
            await self._lose([self.owner])
        finally:
            await self._database.close()
            await self._wakeups.close()
            await self._liveness.close()

    async def _lose(self, owners: Sequence[str]) -> tuple[TaskRecord, ...]:
        work = partial(statements.lose_tasks, owners=owners, now=self._clock())
        lost = await self._database.write(work, durable=True)
        for task in lost:
            self._wakeups.announce_end(task.id)
            logger.warning("task %s was lost with its process: %s", task.task_id, task.status)
        return lost

    async def _reap_forever(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.reap()
            except UnavailableError as error:
                logger.warning("looking for dead processes failed: %s", error.message)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidRequestError(
            f"limit is {limit}: set it from 1 to {MAX_PAGE}.", details={"field": "limit"}
        )
