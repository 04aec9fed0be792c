"""A run as those see it who watch the service: its time, its span, how many go on at once."""

from collections.abc import Callable

from datus.errors import DatusError
from datus.workflow.engine import Outcome, run_workflow
from datus.workflow.node import Emit, Tools
from datus.workflow.state import RunState
from datus.workflow.steps import Workflow


async def run_watched(
    workflow: Workflow,
    state: RunState,
    tools: Tools,
    emit: Emit,
    *,
    stopped: Callable[[], DatusError],
) -> Outcome:
    """Do what ``engine.run_workflow`` does, and tell it. Raises FenceError as that does."""
    with tools.telemetry.task(
        task_id=state.task_id,
        workflow=workflow.name,
        namespace=state.namespace,
        question=state.question.text,
    ) as ended:
        outcome = await run_workflow(workflow, state, tools, emit, stopped=stopped)
        ended(outcome.status, outcome.error["code"] if outcome.error else None)
        return outcome
