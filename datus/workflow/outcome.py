"""How a run ended, as callers and the log see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datus.errors import DatusError
from datus.tasks.store import FinalStatus
from datus.types import EventType, TaskStatus
from datus.workflow.meter import TaskMeter


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


def model_of(meter: TaskMeter | None) -> str | None:
    """The model that was asked last, which a run without an answer is to be read by."""
    return meter.model or None if meter is not None else None


def spent_of(meter: TaskMeter | None) -> dict[str, Any]:
    """What answers and failures alike say of hosted models; nulls where none could be asked."""
    if meter is None:
        return {"tokens": None, "cost_usd": None, "cached": False}
    total = meter.total
    tokens = {
        "input": total.input_tokens,
        "output": total.output_tokens,
        "cached": total.cached_tokens,
        "requests": total.requests,
    }
    cost = None if total.cost is None else round(total.cost, 9)
    return {"tokens": tokens, "cost_usd": cost, "cached": meter.cached}


def outcome_without_run(task_id: str, workflow: str, error: DatusError) -> Outcome:
    """How a task ends that was not begun, or whose run cannot be gone on with."""
    shown = problem(error)
    answer = blank_answer(task_id, workflow, "failed") | {"error": shown}
    done = {"task_id": task_id, "status": "failed", "total_time": None}
    return Outcome("failed", answer, shown, (("error", shown), ("done", done)))
