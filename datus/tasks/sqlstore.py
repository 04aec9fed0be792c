"""The task store over SQL tables, the same for every engine (see ``parts`` for what differs)."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import closing, suppress
from datetime import date, datetime
from functools import partial
from typing import Any

from datus.errors import FenceError, InvalidRequestError, UnavailableError
from datus.tasks import keeping, spending, statements, takeover
from datus.tasks.encoding import from_cursor, to_cursor, to_json
from datus.tasks.kept import Batch, Due, Place
from datus.tasks.parts import Database, Liveness, Wakeups
from datus.tasks.rate_storage import RateStorage
from datus.tasks.sqlrun import SqlRun
from datus.tasks.store import (
    MAX_PAGE,
    Adopted,
    Feedback,
    FeedbackStatus,
    GivenFeedback,
    Left,
    Run,
    TaskCount,
    TaskDetail,
    TaskRecord,
    TracedCall,
    UsageBy,
    UsageLine,
)
from datus.types import Event, TaskStatus, Usage

HAND_BACK_S = 3.0
"""How long a process that stops waits for a state that is away, to hand its tasks back."""

_EVENT_PAGE = 100

logger = logging.getLogger(__name__)


class SqlStore:
    """See ``store.TaskStore``. Made, used and closed on one event loop.

    Args:
        clock: Gives the time, aware of its zone.
    """

    def __init__(
        self,
        database: Database,
        wakeups: Wakeups,
        liveness: Liveness,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._liveness = liveness
        self._clock = clock
        # Tasks that this process knows to be its own, by key and attempt, with their runs once begun.
        self._held: dict[tuple[int, int], SqlRun | None] = {}
        self._strange: frozenset[tuple[int, int]] = frozenset()
        liveness.on_lost(self._owner_lost)

    @property
    def owner(self) -> str:
        return self._liveness.owner

    @property
    def rates(self) -> RateStorage:
        return RateStorage(self._database, self._clock)

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
        task, created = await self._database.write(work, durable=True)
        if created:
            self._held[task.id, task.attempt] = None
        return task, created

    async def start(self, task: TaskRecord) -> Run:
        name = (task.id, task.attempt)
        try:
            left, started = await self._begin(task)
        except BaseException:  # whatever became of it in the store, nobody runs it: see `_orphans`
            self._forget(name)
            raise
        run = SqlRun(
            started,
            left,
            self._database,
            self._wakeups,
            clock=self._clock,
            on_end=lambda: self._forget(name),
        )
        self._held[name] = run
        return run

    async def _begin(self, task: TaskRecord) -> tuple[Left, TaskRecord]:
        if task.owner != self.owner:
            raise FenceError(f"Task {task.task_id!r} belongs to another process.")
        left = Left()
        if task.attempt > 1:
            left = await self._database.read(partial(statements.read_left, task=task.id))
        work = partial(statements.start_task, task=task, now=self._clock())
        return left, await self._database.write(work)

    async def release(self, task: TaskRecord) -> None:
        self._held.pop((task.id, task.attempt), None)
        await self._database.write(partial(takeover.release_task, task=task), durable=True)

    def forget(self, task: TaskRecord) -> None:
        name = (task.id, task.attempt)
        run = self._held.get(name)
        if run is not None:
            run.lose()
        self._forget(name)

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
            takeover.request_cancel, client_id=client_id, task_id=task_id, now=self._clock()
        )
        task = await self._database.write(work, durable=True)
        if task.over:
            self._wakeups.announce_end(task.id)
            return
        self._wakeups.announce_cancel(task.id)
        if await self._liveness.dead([task.owner]):
            end = partial(
                takeover.end_if_dead,
                client_id=client_id,
                task_id=task_id,
                dead=task.owner,
                now=self._clock(),
            )
            ended = await self._database.write(end, durable=True)
            self._announce_ends([ended] if ended else [])

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

    async def adopt(self, limit: int) -> Adopted:
        owner = self._owner_now()
        owners = await self._database.read(takeover.find_owners)
        orphans = await self._orphans(owner)
        gone = [*await self._liveness.dead([each for each in owners if each != takeover.NOBODY])]
        gone += [takeover.NOBODY] if takeover.NOBODY in owners else []
        if self._owner_now() != owner or not (gone or orphans):  # it was lost while this looked
            return Adopted()
        claim = partial(
            takeover.claim_tasks,
            owners=gone,
            orphans=orphans,
            owner=owner,
            limit=limit,
            now=self._clock(),
        )
        adopted = await self._database.write(claim, durable=True)
        self._announce_ends(adopted.ended)
        for task in adopted.taken:
            self._held[task.id, task.attempt] = None
            logger.warning("task %s is taken over, attempt %s", task.task_id, task.attempt)
        await self._liveness.sweep()
        return adopted

    async def ping(self) -> None:
        await self._database.write(partial(statements.touch, owner=self.owner))

    async def close(self) -> None:
        for run in self._runs():
            run.lose()
        try:
            # Where that fails, others take the tasks as those of a process that died.
            with suppress(UnavailableError, TimeoutError):
                async with asyncio.timeout(HAND_BACK_S):
                    await self._hand_back()
        finally:
            await self._database.close()
            await self._wakeups.close()
            await self._liveness.close()

    async def _hand_back(self) -> None:
        work = partial(takeover.hand_back, owner=self.owner)
        count = await self._database.write(work, durable=True)
        if count:
            logger.warning("%s tasks are handed back: other processes go on with them", count)

    def _owner_now(self) -> str:
        """This process's id; runs that were begun under another one are lost, all where there is none now."""
        try:
            owner = self._liveness.owner
        except UnavailableError:
            self._lose(run for run in self._runs())
            raise
        self._lose(run for run in self._runs() if run.task.owner != owner)
        return owner

    def _owner_lost(self) -> None:
        with suppress(UnavailableError):
            self._owner_now()

    async def _orphans(self, owner: str) -> tuple[int, ...]:
        """Tasks that the store says this process has, and that it does not know of.

        The answer to the write that gave it to this process, or that began its run, was lost. Who is seen so
        once may just be coming; who is seen so twice is not. The other way round, a run whose task is not there any more is lost.
        """
        held = dict(self._held)
        owned = await self._database.read(partial(takeover.find_owned, owner=owner))
        gone = [(name, run) for name, run in held.items() if name not in owned]
        self._lose(run for _, run in gone if run is not None and not run.ending)
        for name, run in gone:
            if run is None:  # its end came while it was queued
                self._forget(name)
        strange = owned - self._held.keys()
        orphans = strange & self._strange
        self._strange = strange
        return tuple(key for key, _ in orphans)

    def _runs(self) -> tuple[SqlRun, ...]:
        return tuple(run for run in self._held.values() if run is not None)

    def _lose(self, runs: Iterable[SqlRun]) -> None:
        for run in tuple(runs):
            logger.warning("task %s is no longer this process's", run.task.task_id)
            run.lose()

    def _forget(self, name: tuple[int, int]) -> None:
        self._held.pop(name, None)

    def _announce_ends(self, ended: Iterable[TaskRecord]) -> None:
        for task in ended:
            self._wakeups.announce_end(task.id)
            logger.warning("task %s was lost with its process: %s", task.task_id, task.status)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidRequestError(
            f"limit is {limit}: set it from 1 to {MAX_PAGE}.", details={"field": "limit"}
        )
