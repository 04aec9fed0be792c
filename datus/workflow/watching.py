"""A run as those see it who watch the service: its time, its span, how many go on at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datus.errors import DatusError
from datus.workflow.engine import Tell, run_workflow
from datus.workflow.node import Tools
from datus.workflow.outcome import Outcome
from datus.workflow.state import RunState
from datus.workflow.steps import Workflow


async def run_watched(
    workflow: Workflow,
    state: RunState,
    tools: Tools,
    emit: Tell,
    *,
    stopped: Callable[[], DatusError],
    recorded: Sequence[Mapping[str, Any]] = (),
    waited_s: float = 0.0,
) -> Outcome:
    """Do what ``engine.run_workflow`` does, and tell it. Raises FenceError as that does."""
    with tools.telemetry.task(
        task_id=state.task_id,
        workflow=workflow.name,
        namespace=state.namespace,
        question=state.question.text,
    ) as ended:
        outcome = await run_workflow(
            workflow,
            state,
            tools,
            emit,
            stopped=stopped,
            recorded=recorded,
            waited_s=waited_s,
        )
        ended(outcome.status, outcome.error["code"] if outcome.error else None)
        return outcome
