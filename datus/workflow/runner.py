"""Runs tasks in this process: so many at once, each to an end that is stored, whatever happens."""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from datus.errors import DatusError, FenceError, UnavailableError
from datus.tasks.store import NOTHING_SPENT, Run, TaskRecord, TaskStore
from datus.telemetry import TASK_ID
from datus.types import Event, EventType
from datus.workflow.engine import Outcome, ended_by
from datus.workflow.meter import TaskMeter
from datus.workflow.node import Tools
from datus.workflow.state import RunState
from datus.workflow.steps import Workflow
from datus.workflow.watching import run_watched

T = TypeVar("T")

_log = logging.getLogger(__name__)

_STORE_RETRY_S = 1.0

# A run that was told to stop waits at most for its database to stop the statement.
_STOP_S = 10.0


class Runner:
    """The runs of one process, on one event loop.

    Args:
        max_running: Runs at once; the others wait for their turn, in order.
    """

    def __init__(self, store: TaskStore, tools: Tools, *, max_running: int) -> None:
        self._store = store
        self._tools = tools
        self._turns = asyncio.Semaphore(max_running)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = asyncio.Event()

    def __len__(self) -> int:
        """How many runs wait or go on."""
        return len(self._tasks)

    def keep(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do work that lives on when its caller goes away; it counts as a run."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def start(self, task: TaskRecord, workflow: Workflow, state: RunState) -> None:
        """Run a queued task in its turn."""
        self.keep(self._run(task, workflow, state)).add_done_callback(_log_crash)

    async def close(self, grace_s: float) -> None:
        """Let runs finish for ``grace_s`` seconds, then end the rest as ``failed``, ``shutdown``."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace_s
        # Again, because what is just being accepted becomes a run meanwhile.
        while self._tasks and (left := deadline - loop.time()) > 0:
            await asyncio.wait(self._tasks, timeout=left)
        self._stopping.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_STOP_S)
        for task in self._tasks:
            task.cancel()

    async def _run(self, task: TaskRecord, workflow: Workflow, state: RunState) -> None:
        TASK_ID.set(task.task_id)  # of this asyncio task and those that it makes
        with self._tools.telemetry.waiting():
            has_turn = await self._gets_turn(task)
        if not has_turn:
            return
        try:
            run = await self._store.start(task)
            await self._finish(run, workflow, state, await self._outcome(run, workflow, state))
        except FenceError:
            _log.warning("task %s: no longer this process's; its run stops", task.task_id)
        finally:
            if state.meter is not None:
                state.meter.settle()
            self._turns.release()

    async def _gets_turn(self, task: TaskRecord) -> bool:
        """Wait until the task may run; False when it was cancelled meanwhile and so leaves the queue."""
        if not self._turns.locked():
            return await self._turns.acquire()
        turn = asyncio.create_task(self._turns.acquire())
        ended = asyncio.create_task(self._store.wait(task.client_id, task.task_id))
        try:
            await asyncio.wait({turn, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not turn.done() and ended.exception() is None:
                return False
            return await turn  # a store that cannot be read now is met again at the start
        finally:
            turn.cancel()
            ended.cancel()

    async def _outcome(self, run: Run, workflow: Workflow, state: RunState) -> Outcome:
        """Run the workflow until its end, a cancellation or the end of the process."""
        events = _Events(run)
        work = asyncio.create_task(
            run_watched(workflow, state, self._tools, events.emit, stopped=self._why_stopped)
        )
        signals = (
            asyncio.create_task(self._stopping.wait()),
            asyncio.create_task(run.cancelled()),
        )
        try:
            await asyncio.wait({work, *signals}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (work, *signals):
                each.cancel()
        try:
            return await work
        finally:
            await events.stored()

    async def _finish(
        self, run: Run, workflow: Workflow, state: RunState, outcome: Outcome
    ) -> None:
        """Store the end; the store is tried again until it takes it or the process ends."""
        meter = state.meter
        while True:
            try:
                await run.finish(
                    outcome.status,
                    answer=outcome.answer,
                    error=outcome.error,
                    events=outcome.events,
                    spent=meter.spent() if meter is not None else NOTHING_SPENT,
                )
            except (TypeError, ValueError) as error:
                _log.error("task %s: its answer is not JSON", state.task_id, exc_info=error)
                lost = DatusError("The result holds a value that JSON cannot express.")
                outcome = ended_by(lost, workflow, state, self._tools)
            except UnavailableError as error:
                _log.error("task %s: its end cannot be stored: %s", state.task_id, error.message)
                if self._stopping.is_set():
                    return
                await asyncio.sleep(_STORE_RETRY_S)
            else:
                self._remember(outcome, meter)
                return

    def _remember(self, outcome: Outcome, meter: TaskMeter | None) -> None:
        """Keep SQL that answered for the next equal question."""
        if meter is not None and self._tools.cache is not None and outcome.status == "completed":
            for key, candidates in meter.written.items():
                self._tools.cache.keep(key, candidates)

    def _why_stopped(self) -> DatusError:
        if self._stopping.is_set():
            return DatusError(
                "The service was stopped while the task ran; ask again under another task_id.",
                code="shutdown",
            )
        return DatusError("The task was cancelled, as its caller asked.", code="cancelled")


class _Events:
    """Hands a run's events to the store in order, without the run waiting for each to be written.

    The store applies writes in the order of the calls, and tasks begin in the order of their making.
    Waiting for each of some twenty small commits would take longer than all else that datus does.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._writes: deque[asyncio.Task[Event]] = deque()

    async def emit(self, type: EventType, data: Mapping[str, Any]) -> None:
        """Hand over one event. Raises what became of an earlier one, so that a lost run stops."""
        while self._writes and self._writes[0].done():
            self._writes.popleft().result()
        self._writes.append(asyncio.create_task(self._run.emit(type, data)))

    async def stored(self) -> None:
        """Wait until every event is written; ``finish`` must not overtake them. Raises FenceError."""
        if self._writes:
            await asyncio.wait(self._writes)
        errors = [error for write in self._writes if (error := write.exception())]
        for error in errors:
            if isinstance(error, FenceError):
                raise error
            _log.error("an event could not be stored", exc_info=error)


def _log_crash(run: asyncio.Task[None]) -> None:
    """A run ends in the store; what gets past that is a fault of datus, and is at least logged."""
    if not run.cancelled() and run.exception() is not None:
        _log.error("a run ended without being stored", exc_info=run.exception())
