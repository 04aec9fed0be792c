"""Runs a workflow node after node and turns whatever happens into one outcome.

This is the border of a run: every error ends here, as a status, an answer and the closing events.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from datus.errors import DatusError, FenceError, RefusalError
from datus.tasks.store import FinalStatus
from datus.types import EventType, TaskStatus
from datus.workflow.definitions import Workflow
from datus.workflow.node import Emit, Node, Report, Tools
from datus.workflow.nodes import NODES
from datus.workflow.state import Back, RunState

_log = logging.getLogger(__name__)

# Time for the nodes that hand out an answer after the task's time is over.
_LATE_S = 5.0

NodeStatus = Literal["processing", "completed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        status: One of the four last statuses.
        answer: The answer as the API's sync mode gives it.
        error: ``{"code", "message", "details"}``, or None when completed.
        events: The last events, ``done`` at the end; to be stored together with the status.
    """

    status: FinalStatus
    answer: Mapping[str, Any]
    error: Mapping[str, Any] | None
    events: tuple[tuple[EventType, Mapping[str, Any]], ...]


def blank_answer(task_id: str, workflow: str, status: TaskStatus) -> dict[str, Any]:
    """Return the answer of a task of which nothing is known but its status."""
    return {
        "task_id": task_id,
        "status": status,
        "workflow": workflow,
        "sql": None,
        "result": None,
        "metadata": {},
        "error": None,
        "execution_time": None,
    }


def problem(error: DatusError) -> dict[str, Any]:
    """Return an error as answers and events show it: details too, where all of the message is shown."""
    details = error.details if error.public == error.message else {}
    return {"code": error.code, "message": error.public, "details": details}


async def run_workflow(
    workflow: Workflow,
    state: RunState,
    tools: Tools,
    emit: Emit,
    *,
    stopped: Callable[[], DatusError],
) -> Outcome:
    """Run a workflow to its end; everything but a lost fence becomes an outcome.

    Args:
        workflow: A checked definition.
        state: What was asked.
        tools: What nodes work with; its settings bound the run to ``task_timeout_s``.
        emit: Stores an event; the closing events are left to the caller, with the status.
        stopped: Says why, when the asyncio task of this call is cancelled; code ``cancelled``
            gives status ``cancelled``, any other code ``failed``.

    Raises:
        FenceError: The task belongs to somebody else now; nothing more may be written.
    """
    state = replace(state, nodes=workflow.nodes)
    walk = _Walk(workflow, tools, emit, began=tools.clock(), state=state)
    _log.debug("task %s: %r", state.task_id, state.question.text)
    try:
        await _within_time(walk, tools.settings.server.task_timeout_s)
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

    async def silent(type: EventType, data: Mapping[str, Any]) -> None: ...

    return _Walk(workflow, tools, silent, tools.clock(), state).ended(error)


async def _within_time(walk: "_Walk", limit: float) -> None:
    """Walk for ``limit`` seconds; after that only to hand out an answer that is there already."""
    try:
        async with asyncio.timeout(limit) as deadline:
            await walk.run()
    except TimeoutError:
        if not deadline.expired():
            raise
        late = DatusError(
            f"The task took longer than {limit:g} seconds and was stopped; ask for less, or have "
            "the operator raise task_timeout_s.",
            code="timeout",
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(_LATE_S):
                return await walk.go_on_from(late)
        raise late from None


def _internal(error: Exception, state: RunState) -> DatusError:
    """Log an error that nobody raised on purpose, and return what the caller may know of it."""
    _log.error("task %s: internal error", state.task_id, exc_info=error)
    return DatusError(
        f"Something went wrong inside the service; its log says what, under {state.task_id}."
    )


@dataclass(slots=True)
class _Walk:
    """One run's way through its nodes. It lives as long as the run and is shared with nobody.

    ``state`` is the state before the current node, ``sql`` the last that the guard let through.
    """

    workflow: Workflow
    tools: Tools
    emit: Emit
    began: float
    state: RunState
    position: int = 0
    sql: str | None = None
    progress: int = 0
    current: str | None = None
    node_began: float = 0.0
    timings: list[dict[str, Any]] = field(default_factory=list)

    async def run(self) -> None:
        """Walk from the first node to the last, back where a node asks for it."""
        data = {"task_id": self.state.task_id, "workflow": self.workflow.name}
        await self.emit("started", data)
        await self._walk()

    async def go_on_from(self, error: DatusError) -> None:
        """Walk on after the current node failed, from the node that can; without one, raise."""
        await self._caught(error)
        await self._walk()

    async def _walk(self) -> None:
        nodes = self.workflow.nodes
        while self.position < len(nodes):
            node = NODES[nodes[self.position]]
            if not node.due(self.state):
                await self._tell(node.name, "skipped", self.position + 1)
                self.position += 1
                continue
            try:
                step = await self._step(node)
            except FenceError:
                raise
            except DatusError as error:
                await self._caught(error)
                continue
            if isinstance(step, Back):
                self.position, self.state = nodes.index(step.to), step.state
            else:
                self.position, self.state = self.position + 1, step

    async def _step(self, node: Node) -> RunState | Back:
        self.current, self.node_began = node.name, self.tools.clock()
        message = {"message": node.description, "progress": self._reached(self.position)}
        await self.emit("progress", message)
        await self._tell(node.name, "processing", self.position)
        try:
            step = await node.run(self.state, self.tools, Report(node.name, self._emit_from_node))
        except DatusError:
            raise
        except Exception as error:  # the border too: an answer that is there survives a fault
            raise _internal(error, self.state) from error
        self._close_current("completed")
        await self._tell(node.name, "completed", self.position + 1)
        return step

    async def _caught(self, error: DatusError) -> None:
        """Move to the node that goes on from the error; without one, raise it."""
        nodes, failed = self.workflow.nodes, self.position
        for later in range(failed + 1, len(nodes)):
            if NODES[nodes[later]].catches(error, self.state, self.tools):
                if self.current is not None:  # else its time ran out between two nodes
                    self._close_current("failed")
                    await self._tell(nodes[failed], "failed", failed)
                for passed in nodes[failed + 1 : later]:
                    await self._tell(passed, "skipped", failed)
                self.position, self.state = later, replace(self.state, failure=error)
                return
        raise error

    async def _emit_from_node(self, type: EventType, data: Mapping[str, Any]) -> None:
        if type == "sql_generated":
            self.sql = data["sql"]
        await self.emit(type, data)

    async def _tell(self, node: str, status: NodeStatus, position: int) -> None:
        progress = self._reached(position)
        await self.emit("node_progress", {"node": node, "status": status, "progress": progress})

    def _reached(self, position: int) -> int:
        """Return the progress at a position; a run that goes back stays where it was."""
        self.progress = max(self.progress, 100 * position // len(self.workflow.nodes))
        return self.progress

    def _close_current(self, status: NodeStatus) -> None:
        seconds = round(self.tools.clock() - self.node_began, 6)
        self.timings.append({"node": self.current, "status": status, "seconds": seconds})
        self.current = None

    def completed(self) -> Outcome:
        """Return the outcome of a walk that reached its end."""
        executed, output = self.state.executed, self.state.output
        if executed is None or output is None:
            raise LookupError(f"workflow {self.workflow.name!r} ended without an answer")
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
            failed = {"node": self.current, "status": "failed", "progress": self.progress}
            closing.append(("node_progress", failed))
            self._close_current("failed")
        metadata = self._figures()
        if self.state.linking is not None:
            metadata |= {
                "database": self.state.linking.database,
                "knowledge_version": self.state.linking.snapshot.version,
            }
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
        }

    def _answer(self, status: TaskStatus, metadata: Mapping[str, Any]) -> dict[str, Any]:
        blank = blank_answer(self.state.task_id, self.workflow.name, status)
        return blank | {"metadata": metadata, "execution_time": metadata["execution_time"]}

    def _done(self, answer: Mapping[str, Any]) -> tuple[EventType, Mapping[str, Any]]:
        return "done", {
            "task_id": answer["task_id"],
            "status": answer["status"],
            "total_time": answer["execution_time"],
        }
