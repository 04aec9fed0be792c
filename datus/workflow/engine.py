"""Runs a workflow node after node and turns whatever happens into one outcome.

This is the border of a run: every error ends here, as a status, an answer and the closing events.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from datus.errors import DatusError, FenceError, RefusalError
from datus.tasks.store import FinalStatus
from datus.types import EventType, TaskStatus
from datus.workflow.branches import as_json, most_telling
from datus.workflow.journal import ROOT, Journal, Place
from datus.workflow.node import Node, Report, Tools
from datus.workflow.nodes import NODES
from datus.workflow.outcome import Outcome, blank_answer, model_of, problem, spent_of
from datus.workflow.state import Back, BranchEnd, RunState
from datus.workflow.steps import (
    PARALLEL,
    Branch,
    Step,
    Workflow,
    at_own_rate,
    settings_for,
    steps_of,
)

_log = logging.getLogger(__name__)

# Time for the nodes that hand out an answer after the task's time is over.
_LATE_S = 5.0

_PARALLEL = "Answer in several ways at once"

NodeStatus = Literal["processing", "completed", "failed", "skipped"]


class Tell(Protocol):
    """Appends one event to the task's log; with ``step``, what whoever takes the task over goes on from."""

    async def __call__(
        self, type: EventType, data: Mapping[str, Any], step: Mapping[str, Any] | None = None
    ) -> None: ...


async def run_workflow(
    workflow: Workflow,
    state: RunState,
    tools: Tools,
    emit: Tell,
    *,
    stopped: Callable[[], DatusError],
    recorded: Sequence[Mapping[str, Any]] = (),
    waited_s: float = 0.0,
) -> Outcome:
    """Run a workflow to its end; everything but a lost fence becomes an outcome.

    Args:
        workflow: A checked definition.
        state: What was asked; its ``timeout_s``, or else the settings' ``task_timeout_s``, bounds the run.
        tools: What nodes work with.
        emit: Stores an event; the closing events are left to the caller, with the status.
        recorded: Steps of earlier attempts; what they finished is not run again.
        waited_s: How much of its time the task waited for its turn.
        stopped: Says why, when the asyncio task of this call is cancelled; code ``cancelled``
            gives status ``cancelled``, any other code ``failed``.

    Raises:
        FenceError: The task belongs to somebody else now; nothing more may be written.
    """
    journal = Journal(recorded, state.meter)
    began = tools.clock() - journal.elapsed_s
    walk = _Walk(steps_of(workflow), tools, emit, journal, began, state)
    limit = state.timeout_s or tools.settings.server.task_timeout_s
    if state.meter is not None:
        state.meter.begin(began + limit - waited_s)
    _log.debug("task %s: %r", state.task_id, state.question.text)
    try:
        await _within_time(walk, limit, waited_s)
        outcome = walk.completed()
    except FenceError:
        raise
    except DatusError as error:
        outcome = walk.ended(error)
    except asyncio.CancelledError:
        outcome = walk.ended(stopped())
    except Exception as error:  # noqa: BLE001  the border: no fault may end a run without `done`
        outcome = walk.ended(_internal(error, state))
    code = outcome.error["code"] if outcome.error else None
    _log.info(
        "task %s: %s in %s s, workflow %s, namespace %s, code %s",
        state.task_id,
        outcome.status,
        outcome.answer["execution_time"],
        workflow.name,
        state.namespace,
        code,
    )
    return outcome


def ended_by(error: DatusError, workflow: Workflow, state: RunState, tools: Tools) -> Outcome:
    """Return the outcome of a run whose own one cannot be used."""

    async def silent(
        type: EventType, data: Mapping[str, Any], step: Mapping[str, Any] | None = None
    ) -> None: ...

    return _Walk(steps_of(workflow), tools, silent, Journal(), tools.clock(), state).ended(error)


def too_late(limit: float) -> DatusError:
    """The error of a task whose time is over."""
    return DatusError(
        f"The task took longer than {limit:g} seconds and was stopped: ask for less, give it a longer "
        "timeout_s, or have the operator raise task_timeout_s.",
        code="timeout",
    )


async def _within_time(walk: "_Walk", limit: float, waited_s: float) -> None:
    """Walk for what is left of ``limit`` seconds; after that only to hand out an answer that is there already."""

    def left() -> float:
        return limit - waited_s - (walk.tools.clock() - walk.began)

    late = too_late(limit)
    # What was recorded may hold that answer, so it is read also where the time is over.
    await _timed(walk.resume(), max(_LATE_S, left()), late)
    try:
        await _timed(walk.run(), max(0.0, left()), late)
    except DatusError as error:
        if error is not late:
            raise
        await _timed(walk.go_on_from(late), _LATE_S, late)


async def _timed(work: Awaitable[None], seconds: float, late: DatusError) -> None:
    try:
        async with asyncio.timeout(seconds) as deadline:
            await work
    except TimeoutError:
        if not deadline.expired():
            raise
        raise late from None


def _internal(error: Exception, state: RunState) -> DatusError:
    """Log an error that nobody raised on purpose, and return what the caller may know of it."""
    _log.error("task %s: internal error", state.task_id, exc_info=error)
    return internal(state.task_id)


def internal(task_id: str) -> DatusError:
    """What a caller may know of an error that nobody raised on purpose."""
    return DatusError(
        f"Something went wrong inside the service; its log says what, under {task_id}."
    )


def _end_of(walk: "_Walk", branch: asyncio.Task[BranchEnd]) -> BranchEnd:
    """How a branch ended, also one that was stopped: with the best answer that it had, if any."""
    if branch.done() and not branch.cancelled() and branch.exception() is None:
        return branch.result()
    state = walk.state
    if state.best is not None:
        return BranchEnd(walk.branch or "", replace(state, executed=state.best))
    error = DatusError("The branch was stopped before it had an answer.", code="timeout")
    return BranchEnd(walk.branch or "", state, error)


def _percent(done: float) -> int:
    return int(100 * done + 1e-9)


@dataclass(slots=True)
class _Walk:
    """One run's way through its steps, or that of a branch. It lives as long as the run and is shared
    with nobody.

    ``state`` is the state before the current step, ``sql`` the last that the guard let through,
    ``done`` the part of the way that was gone, which ``progress_at`` turns into the run's percent.
    """

    steps: tuple[Step, ...]
    tools: Tools
    emit: Tell
    journal: Journal
    began: float
    state: RunState
    path: str = ROOT
    branch: str | None = None
    progress_at: Callable[[float], int] = _percent
    timings: list[Mapping[str, Any]] = field(default_factory=list)
    position: int = 0
    sql: str | None = None
    done: float = 0.0
    current: str | None = None
    node_began: float = 0.0
    error: DatusError | None = None
    records: int = 0
    recorded: RunState | None = None
    fresh: list[Mapping[str, Any]] = field(default_factory=list)

    async def resume(self) -> None:
        """Go on where an earlier attempt came to."""
        if self.journal.needs_knowledge:
            state, knowledge = self.state, self.tools.knowledge
            self.journal.use(await knowledge.snapshot(state.namespace, state.databases))
        self._resume()

    async def run(self) -> None:
        """Walk from the first node to the last, back where a node asks for it."""
        if not self.journal.begun:
            told = {"task_id": self.state.task_id, "workflow": self.state.workflow}
            await self.emit("started", told)
        await self._walk()

    async def go_on_from(self, error: DatusError) -> None:
        """Walk on after the current node failed, from the node that can; without one, raise."""
        await self._caught(error)
        await self._walk()

    async def end(self) -> BranchEnd:
        """Walk a branch to its end; an error that no node of it catches is how it ends."""
        name = self.branch or ""
        self._resume()
        try:
            if self.error is None:
                await self._walk()
                self.error = (
                    None if self.state.executed else DatusError("The branch gave no answer.")
                )
        except FenceError:
            raise
        except DatusError as raised:
            await self._fail_current(self.position)
            await self._give_up(name, raised)
        except asyncio.CancelledError:
            await self._fail_current(self.position)
            raise
        self.progress_at(1.0)
        return BranchEnd(name, self.state, self.error)

    async def _give_up(self, name: str, error: DatusError) -> None:
        self.error = error
        if error.public != error.message:
            _log.error("task %s: branch %s: %s", self.state.task_id, name, error.message)
        shown = problem(error)
        description = f"Branch {name} gave no answer: {shown['message']}"
        detail = {"node": PARALLEL, "description": description, "details": {"error": shown}}
        await self.emit("node_detail", detail, self._record())

    def _resume(self) -> None:
        """Go on where an earlier attempt came to; from the beginning where its record is of no use."""
        place = start = Place(0, self.state)
        try:
            place = self.journal.resumed(self.path, start)
        except (LookupError, TypeError, ValueError) as error:
            # Other knowledge, or another version of datus, wrote it.
            walk = f"branch {self.branch} of task" if self.branch else "task"
            _log.warning("%s %s begins anew: %s", walk, self.state.task_id, error)
            self.journal.forget(self.path)
        self.records = self.journal.count(self.path)
        self.position, self.state, self.error = place.position, place.state, place.error
        self.sql, self.done = place.sql, place.done
        self.timings.extend(place.timings)
        self.recorded = self.state

    def _record(self) -> Mapping[str, Any] | None:
        """Where the walk stands, for whoever takes the run over; to be stored with the event that tells it.

        None where it cannot be written down, and from then on: the run goes on, and one who takes it over
        goes on from the step before.
        """
        place = Place(self.position, self.state, self.sql, self.done, self.error, tuple(self.fresh))
        before = self.recorded or self.state
        self.records, self.recorded = self.records + 1, self.state
        self.fresh.clear()
        try:
            elapsed_s = self.tools.clock() - self.began
            return self.journal.step(self.path, self.branch, before, place, elapsed_s)
        except Exception as error:  # noqa: BLE001  the border: a node's odd value must not end the run
            _log.error("task %s: a step cannot be recorded", self.state.task_id, exc_info=error)
            self.journal.broken = True
            return None

    async def _walk(self) -> None:
        self.state = replace(self.state, nodes=tuple(step.node for step in self.steps))
        while self.position < len(self.steps):
            step = self.steps[self.position]
            if not step.branches and not NODES[step.node].due(self.state):
                await self._tell(step.node, "skipped", self.position + 1)
                self.position += 1
                continue
            try:
                came = await self._step(step)
            except FenceError:
                raise
            except DatusError as error:
                await self._caught(error)
                continue
            passed = self.position + 1
            if isinstance(came, Back):
                self.position, self.state = self._back_to(came.to), came.state
            else:
                self.position, self.state = passed, came
            self._close_current("completed")
            await self._tell(step.node, "completed", passed, record=True)

    def _back_to(self, node: str) -> int:
        return next(place for place, step in enumerate(self.steps) if step.holds(node))

    async def _step(self, step: Step) -> RunState | Back:
        self.current, self.node_began = step.node, self.tools.clock()
        description = _PARALLEL if step.branches else NODES[step.node].description
        message = {"message": description, "progress": self._reached(self.position)}
        await self.emit("progress", message)
        await self._tell(step.node, "processing", self.position)
        try:
            with self.tools.telemetry.node(step.node):
                came = await (self._fork(step) if step.branches else self._run(step))
        except DatusError:
            raise
        except Exception as error:  # the border too: an answer that is there survives a fault
            raise _internal(error, self.state) from error
        return came

    async def _run(self, step: Step) -> RunState | Back:
        node: Node = NODES[step.node]
        report = Report(node.name, self._emit_from_node)
        return await node.run(at_own_rate(self.state, step), self._tools_of(step), report)

    async def _fork(self, step: Step) -> RunState:
        """Run the branches at once, each from this state. They end with it, whatever ends it.

        Raises:
            DatusError: The most telling error of the branches, when none has an answer.
        """
        start = replace(self.state, executed=None, branches=())
        done = [0.0] * len(step.branches)
        walks = [self._branch(each, start, done, n) for n, each in enumerate(step.branches)]
        running: list[asyncio.Task[BranchEnd]] = []
        try:
            async with asyncio.TaskGroup() as group:
                running = [group.create_task(walk.end()) for walk in walks]
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:  # also when the time is over: an answer that is there already may be chosen
            pairs = zip(walks, running, strict=False)
            ends = tuple(_end_of(walk, branch) for walk, branch in pairs)
            self.state = replace(self.state, branches=ends)
        if not any(end.executed for end in ends):
            error = most_telling(end.error for end in ends if end.error)
            self.sql = next(
                walk.sql for walk, end in zip(walks, ends, strict=True) if end.error is error
            )
            raise error
        return self.state

    def _branch(self, branch: Branch, start: RunState, done: list[float], place: int) -> "_Walk":
        """The walk of a branch. Its events say whose they are, and it moves the run's progress its share."""
        name = f"{self.branch}/{branch.name}" if self.branch else branch.name
        at, steps = self.position, len(self.steps)

        async def emit(
            type: EventType, data: Mapping[str, Any], step: Mapping[str, Any] | None = None
        ) -> None:
            await self.emit(type, data if "branch" in data else {**data, "branch": name}, step)

        def progress_at(part: float) -> int:
            done[place] = max(done[place], part)
            return self._reached(at + sum(done) / len(done), steps)

        return _Walk(
            branch.steps,
            self.tools,
            emit,
            self.journal,
            self.began,
            start,
            path=f"{self.path}/{self.records}.{branch.name}",
            branch=name,
            progress_at=progress_at,
            timings=self.timings,
        )

    def _tools_of(self, step: Step) -> Tools:
        if not step.settings:
            return self.tools
        return replace(self.tools, settings=settings_for(step, self.tools.settings))

    async def _caught(self, error: DatusError) -> None:
        """Move to the node that goes on from the error; without one, raise it."""
        failed = self.position
        for later in range(failed + 1, len(self.steps)):
            step = self.steps[later]
            if step.branches:
                continue
            if NODES[step.node].catches(error, self.state, self._tools_of(step)):
                self.position, self.state = later, replace(self.state, failure=error)
                # Unless its time ran out between two nodes. What is recorded comes with the last event.
                await self._fail_current(failed, record=later == failed + 1)
                for place in range(failed + 1, later):
                    node, last = self.steps[place].node, place + 1 == later
                    await self._tell(node, "skipped", failed, record=last)
                return
        raise error

    async def _fail_current(self, position: int, *, record: bool = False) -> None:
        if self.current is not None:
            node = self.current
            self._close_current("failed")
            await self._tell(node, "failed", position, record=record)

    async def _emit_from_node(self, type: EventType, data: Mapping[str, Any]) -> None:
        if type == "sql_generated":
            self.sql = data["sql"]
        await self.emit(type, data)

    async def _tell(
        self, node: str, status: NodeStatus, position: int, *, record: bool = False
    ) -> None:
        progress = self._reached(position)
        data = {"node": node, "status": status, "progress": progress}
        await self.emit("node_progress", data, self._record() if record else None)

    def _reached(self, position: float, steps: int = 0) -> int:
        """Return the run's progress at a position; a walk that goes back stays where it was."""
        self.done = max(self.done, position / (steps or len(self.steps)))
        return self.progress_at(self.done)

    def _close_current(self, status: NodeStatus) -> None:
        seconds = round(self.tools.clock() - self.node_began, 6)
        timing = {"node": self.current, "status": status, "seconds": seconds}
        timing |= {"branch": self.branch} if self.branch else {}
        self.timings.append(timing)
        self.fresh.append(timing)
        self.current = None

    def completed(self) -> Outcome:
        """Return the outcome of a walk that reached its end."""
        executed, output = self.state.executed, self.state.output
        if executed is None or output is None:
            raise LookupError(f"workflow {self.state.workflow!r} ended without an answer")
        metadata = {**output.metadata, **self._figures()}
        result = list(output.rows)
        answer = self._answer("completed", metadata) | {
            "sql": executed.checked.sql,
            "result": result,
        }
        ready = {"result": result, "metadata": metadata}
        return Outcome("completed", answer, None, (("output_ready", ready), self._done(answer)))

    def ended(self, error: DatusError) -> Outcome:
        """Return the outcome of a walk that an error ended."""
        status: FinalStatus = "cancelled" if error.code == "cancelled" else "failed"
        if isinstance(error, RefusalError):
            status = "refused"
        closing: list[tuple[EventType, Mapping[str, Any]]] = []
        if self.current is not None:
            progress = self.progress_at(self.done)
            failed = {"node": self.current, "status": "failed", "progress": progress}
            closing.append(("node_progress", failed))
            self._close_current("failed")
        metadata = self._figures() | {"model": model_of(self.state.meter)}
        if self.state.linking is not None:
            metadata |= {
                "database": self.state.linking.database,
                "knowledge_version": self.state.linking.snapshot.version,
            }
        if self.state.branches or self.state.selection:
            ends = self.state.branches
            metadata["selection"] = as_json(ends) if ends else self.state.selection
        shown = problem(error)
        if error.public != error.message:
            _log.error("task %s: %s", self.state.task_id, error.message)
        answer = self._answer(status, metadata) | {"sql": self.sql, "error": shown}
        events = (*closing, ("error", shown), self._done(answer))
        return Outcome(status, answer, shown, events)

    def _figures(self) -> dict[str, Any]:
        return {
            "execution_time": round(self.tools.clock() - self.began, 6),
            "nodes_executed": len(self.timings),
            "reflection_rounds": self.state.reflection_rounds,
            "nodes": self.timings,
            **spent_of(self.state.meter),
        }

    def _answer(self, status: TaskStatus, metadata: Mapping[str, Any]) -> dict[str, Any]:
        blank = blank_answer(self.state.task_id, self.state.workflow, status)
        return blank | {"metadata": metadata, "execution_time": metadata["execution_time"]}

    def _done(self, answer: Mapping[str, Any]) -> tuple[EventType, Mapping[str, Any]]:
        return "done", {
            "task_id": answer["task_id"],
            "status": answer["status"],
            "total_time": answer["execution_time"],
        }
