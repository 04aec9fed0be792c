"""Runs tasks in this process: so many at once, each to an end that is stored, or to another process."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from datus.errors import DatusError, FenceError, NotFoundError, UnavailableError
from datus.tasks.encoding import spent_in, to_json
from datus.tasks.store import NOTHING_SPENT, Left, Run, Spent, TaskRecord, TaskStore
from datus.telemetry import TASK_ID
from datus.types import EventType
from datus.workflow.engine import ended_by, too_late
from datus.workflow.journal import ROOT
from datus.workflow.meter import TaskMeter
from datus.workflow.node import Tools
from datus.workflow.outcome import Outcome, outcome_without_run
from datus.workflow.state import RunState
from datus.workflow.steps import Workflow
from datus.workflow.watching import run_watched

T = TypeVar("T")

_log = logging.getLogger(__name__)

_STORE_RETRY_S = 1.0

# A run that was told to stop waits at most for its database to stop the statement.
_STOP_S = 10.0

Turn = Literal["come", "ended", "late", "draining"]
"""What became of a task's wait for its turn."""


@dataclass(frozen=True, slots=True)
class Places:
    """How many tasks a process takes.

    Attributes:
        running, queued: Tasks that run, and that wait for their turn, at once.
        running_per_namespace, queued_per_namespace: Those of one namespace, so that a slow database leaves
            turns and places to the others.
    """

    running: int
    queued: int
    running_per_namespace: int
    queued_per_namespace: int


class Runner:
    """The runs of one process, on one event loop."""

    def __init__(self, store: TaskStore, tools: Tools, places: Places) -> None:
        self._store = store
        self._tools = tools
        self._places = places
        self._turns = asyncio.Semaphore(places.running)
        self._turns_of: dict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(places.running_per_namespace)
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._taken: Counter[str] = Counter()
        self._draining = asyncio.Event()
        self._stopping = asyncio.Event()

    def __len__(self) -> int:
        """How many runs wait or go on."""
        return len(self._tasks)

    @property
    def free(self) -> int:
        """How many more tasks could begin at once."""
        return 0 if self._draining.is_set() else max(0, self._places.running - len(self._tasks))

    @property
    def has_room(self) -> bool:
        """Whether one more task that was begun elsewhere may wait for its turn."""
        places = self._places
        most = places.running + places.queued
        return len(self._tasks) < most and not self._draining.is_set()

    def has_place(self, namespace: str) -> bool:
        """Whether one more task of a namespace may wait for its turn."""
        places = self._places
        return (
            len(self._tasks) < places.running + places.queued
            and self._taken[namespace] < places.running_per_namespace + places.queued_per_namespace
        )

    def keep(self, work: Coroutine[Any, Any, T], namespace: str) -> asyncio.Task[T]:
        """Do work that lives on when its caller goes away; it counts as a run of the namespace."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        self._taken[namespace] += 1
        task.add_done_callback(lambda done: self._drop(done, namespace))
        return task

    def start(self, task: TaskRecord, workflow: Workflow, state: RunState) -> None:
        """Run a queued task in its turn."""
        self._watch(task, self.keep(self._run(task, workflow, state), task.namespace))

    def fail(self, task: TaskRecord, error: DatusError) -> None:
        """End a queued task that cannot be run."""
        self._watch(task, self.keep(self._fail(task, error), task.namespace))

    def drain(self) -> None:
        """Begin no more: what waits for its turn is handed back, what runs goes on."""
        self._draining.set()

    def _watch(self, task: TaskRecord, run: asyncio.Task[None]) -> None:
        """A run ends in the store; what gets past that is a fault of datus, and the task is taken up again."""

        def look(ended: asyncio.Task[None]) -> None:
            if not ended.cancelled() and ended.exception() is not None:
                _log.error("a run ended without being stored", exc_info=ended.exception())
                self._store.forget(task)

        run.add_done_callback(look)

    async def close(self, grace_s: float) -> None:
        """Let runs finish for ``grace_s`` seconds; hand back what waits, and then what still runs.

        The store's ``close`` is what gives the tasks to others.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace_s
        self.drain()
        # Again, because what is just being accepted becomes a run meanwhile.
        while self._tasks and (left := deadline - loop.time()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        self._stopping.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOP_S)
        for task in self._tasks:
            task.cancel()

    def _drop(self, task: asyncio.Task[Any], namespace: str) -> None:
        self._tasks.discard(task)
        self._taken[namespace] -= 1
        if not self._taken[namespace]:
            del self._taken[namespace]

    async def _run(self, task: TaskRecord, workflow: Workflow, state: RunState) -> None:
        TASK_ID.set(task.task_id)  # of this asyncio task and those that it makes
        limit = state.timeout_s or self._tools.settings.server.task_timeout_s
        asked = self._tools.clock()
        turns = (self._turns_of[task.namespace], self._turns)
        with self._tools.telemetry.waiting():
            turn = await self._turn(task, turns, limit)
        try:
            match turn:
                case "come":
                    await self._go(task, workflow, state, self._tools.clock() - asked)
                case "late":
                    await self._fail(task, too_late(limit))
                case "draining":
                    await self._store.release(task)
        except FenceError:
            _log.warning("task %s: no longer this process's; its run stops", task.task_id)
        except _HandedBack:
            _log.warning("task %s: not finished in time; handed back", task.task_id)
        finally:
            if state.meter is not None:
                state.meter.settle()
            if turn == "come":
                for each in turns:
                    each.release()

    async def _go(
        self, task: TaskRecord, workflow: Workflow, state: RunState, waited_s: float
    ) -> None:
        run = await self._store.start(task)
        outcome = await self._outcome(run, workflow, state, waited_s)
        await self._finish(run, workflow, state, outcome)

    async def _turn(
        self, task: TaskRecord, turns: tuple[asyncio.Semaphore, ...], limit: float
    ) -> Turn:
        """Wait until the task may run, was cancelled and so leaves the queue, or is too late."""
        if not any(each.locked() for each in turns):
            for each in turns:
                await each.acquire()
            return "come"
        turn = asyncio.create_task(_acquire(turns))
        ended = asyncio.create_task(self._ended(task))
        draining = asyncio.create_task(self._draining.wait())
        each_of = {turn, ended, draining}
        try:
            done, _ = await asyncio.wait(
                each_of, timeout=limit, return_when=asyncio.FIRST_COMPLETED
            )
            if turn in done:
                return "come"
            if draining in done:
                return "draining"
            return "ended" if ended in done else "late"
        finally:
            for waiting in each_of:
                waiting.cancel()

    async def _ended(self, task: TaskRecord) -> None:
        """Wait until the task is over; a store that cannot be read now is asked again."""
        while True:
            try:
                await self._store.wait(task.client_id, task.task_id)
            except UnavailableError:
                await asyncio.sleep(_STORE_RETRY_S)
            except NotFoundError:  # it is over, and deleted
                return
            else:
                return

    async def _outcome(
        self, run: Run, workflow: Workflow, state: RunState, waited_s: float
    ) -> Outcome:
        """Run the workflow until its end, a cancellation, or the end of this process's part in it."""
        log = _Log(run)
        work = asyncio.create_task(
            run_watched(
                workflow,
                state,
                self._tools,
                log.tell,
                stopped=_cancelled,
                recorded=run.left.steps,
                waited_s=waited_s,
            )
        )
        stopping = asyncio.create_task(self._stopping.wait())
        cancelled = asyncio.create_task(run.cancelled())
        try:
            await asyncio.wait({work, stopping, cancelled}, return_when=asyncio.FIRST_COMPLETED)
            lost = cancelled.done() and cancelled.exception() is not None
            log.silent = not work.done() and (lost or stopping.done())
        finally:
            for each in (work, stopping, cancelled):
                each.cancel()
        outcome = await work
        if lost:
            raise FenceError("Another process has the task.")
        if log.silent:
            await run.stored()
            raise _HandedBack
        return outcome

    async def _finish(
        self, run: Run, workflow: Workflow, state: RunState, outcome: Outcome
    ) -> None:
        """Store the end of a run; one that JSON cannot hold is replaced by an error that says so."""
        meter = state.meter
        spent = meter.spent() if meter is not None else NOTHING_SPENT
        try:
            await self._store_end(run, outcome, spent)
        except (TypeError, ValueError) as error:
            _log.error("task %s: its answer is not JSON", state.task_id, exc_info=error)
            lost = DatusError("The result holds a value that JSON cannot express.")
            await self._store_end(run, ended_by(lost, workflow, state, self._tools), spent)
        else:
            self._remember(outcome, meter)

    async def _fail(self, task: TaskRecord, error: DatusError) -> None:
        """End a task that was not begun in this process."""
        run = await self._store.start(task)
        outcome = outcome_without_run(task.task_id, task.workflow, error)
        await self._store_end(run, outcome, spent_in(run.left.steps))

    async def _store_end(self, run: Run, outcome: Outcome, spent: Spent) -> None:
        """Store an end; the store is tried again until it takes it or the process ends."""
        while True:
            try:
                await run.finish(
                    outcome.status,
                    answer=outcome.answer,
                    error=outcome.error,
                    events=outcome.events,
                    spent=spent,
                )
            except UnavailableError as error:
                await self._wait_for_store(run.task.task_id, error)
            else:
                return

    async def _wait_for_store(self, task_id: str, error: UnavailableError) -> None:
        _log.error("task %s: its end cannot be stored: %s", task_id, error.message)
        if self._stopping.is_set():
            raise _HandedBack
        await asyncio.sleep(_STORE_RETRY_S)

    def _remember(self, outcome: Outcome, meter: TaskMeter | None) -> None:
        """Keep SQL that answered for the next equal question."""
        if meter is not None and self._tools.cache is not None and outcome.status == "completed":
            for key, candidates in meter.written.items():
                self._tools.cache.keep(key, candidates)


class _HandedBack(Exception):  # noqa: N818 - no error: the run goes on elsewhere
    """This process stops: another one goes on with the task."""


class _Log:
    """Hands a run's events to the store, but for those that an earlier attempt told already.

    Attributes:
        silent: Whether the run is to end without a trace here.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._told = told_of(run.left)
        self._records = True
        self.silent = False

    async def tell(
        self, type: EventType, data: Mapping[str, Any], step: Mapping[str, Any] | None = None
    ) -> None:
        """Hand over one event. Raises FenceError where the run is lost."""
        if self.silent:
            return
        try:
            if self._told and self._is_told(type, data, step):
                return
            self._run.emit(type, data, step if self._records else None)
        except (TypeError, ValueError) as error:
            if step is None or not self._records:
                _log.error("an event could not be stored", exc_info=error)
                return
            # Later steps say what they changed since this one: without it they are of no use.
            self._records = False
            _log.error("what a step gave could not be recorded", exc_info=error)
            await self.tell(type, data, step)

    def _is_told(
        self, type: EventType, data: Mapping[str, Any], step: Mapping[str, Any] | None
    ) -> bool:
        if step is not None:
            if step["path"] == ROOT:
                self._told.clear()  # the step that was interrupted is over
            return False
        event = _essence(type, data)
        if event not in self._told:
            return False
        self._told.remove(event)
        return True


def told_of(left: Left) -> list[tuple[EventType, str]]:
    """What earlier attempts told of steps that they did not come to the end of."""
    came_to: dict[str, int] = {}
    for step, number in zip(left.steps, left.numbers, strict=True):
        if step.get("branch") is not None:
            came_to[step["branch"]] = number
    return [
        _essence(event.type, event.data)
        for event in left.events
        if not any(
            event.seq <= number and f"{event.data.get('branch')}/".startswith(f"{branch}/")
            for branch, number in came_to.items()
        )
    ]


def _essence(type: EventType, data: Mapping[str, Any]) -> tuple[EventType, str]:
    """An event without how far the run was: branches that go on may come to it in another order."""
    return type, to_json({name: each for name, each in data.items() if name != "progress"})


async def _acquire(turns: tuple[asyncio.Semaphore, ...]) -> None:
    """Take all, first those that are few; none when that is cancelled."""
    taken: list[asyncio.Semaphore] = []
    try:
        for each in turns:
            await each.acquire()
            taken.append(each)
    except asyncio.CancelledError:
        for each in taken:
            each.release()
        raise


def _cancelled() -> DatusError:
    return DatusError("The task was cancelled, as its caller asked.", code="cancelled")
