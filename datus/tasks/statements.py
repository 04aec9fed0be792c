"""What is read and written, as functions on a connection: one code path for every engine.

A function that writes raises a DatusError only before its first write, so that the caller may commit
it together with others. It needs a transaction in which no other writer runs between its statements
(SQLite: ``BEGIN IMMEDIATE``); in an engine without one, ``insert_task`` may meet IntegrityError when
another host was first, and is then called again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, false, func, select

from datus.errors import ConflictError, FenceError, NotFoundError
from datus.tasks.encoding import from_json, to_json, to_text, to_time
from datus.tasks.store import (
    OPEN,
    Feedback,
    FinalStatus,
    GivenFeedback,
    TaskDetail,
    TaskRecord,
    id_reused,
)
from datus.tasks.tables import EVENT, FEEDBACK, TASK
from datus.types import Event, EventType, TaskStatus

_RECORD = tuple(column for column in TASK.columns if column.name != "answer")
_ASKED = (
    TASK.c.client_id,
    TASK.c.task_id,
    TASK.c.namespace,
    TASK.c.workflow,
    TASK.c.request,
    TASK.c.answer,
    TASK.c.created_at,
)
_NAMED = (TASK.c.client_id == bindparam("client"), TASK.c.task_id == bindparam("name"))
_FIND = select(*_RECORD).where(*_NAMED)
_FIND_DETAIL = select(TASK).where(*_NAMED)
_EVENTS = (
    select(EVENT.c.seq, EVENT.c.type, EVENT.c.data, EVENT.c.time)
    .where(EVENT.c.task == bindparam("task"), EVENT.c.seq > bindparam("after"))
    .order_by(EVENT.c.seq)
    .limit(bindparam("page"))
)
_FENCED = TASK.update().where(
    TASK.c.id == bindparam("fence_id"),
    TASK.c.owner == bindparam("fence_owner"),
    TASK.c.attempt == bindparam("fence_attempt"),
    TASK.c.status == bindparam("fence_status"),
)
_START = _FENCED.values(status="running", started_at=bindparam("now")).returning(*_RECORD)
_APPEND = _FENCED.values(last_seq=TASK.c.last_seq + bindparam("count")).returning(TASK.c.last_seq)
_END = _FENCED.values(
    last_seq=TASK.c.last_seq + bindparam("count"),
    status=bindparam("end_status"),
    answer=bindparam("end_answer"),
    error=bindparam("end_error"),
    finished_at=bindparam("now"),
).returning(*_RECORD)
_OPEN = select(*_RECORD).where(TASK.c.status.in_(OPEN))


@dataclass(frozen=True, slots=True)
class Entry:
    """An event before it has a number; ``data`` is JSON text."""

    type: EventType
    data: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a task ends; ``answer`` and ``error`` are JSON text. The last entry is ``done``."""

    status: FinalStatus
    answer: str | None
    error: str | None
    entries: Sequence[Entry]


def find_task(connection: Connection, client_id: str, task_id: str) -> TaskRecord:
    """The task without its answer. Raises NotFoundError."""
    row = connection.execute(_FIND, {"client": client_id, "name": task_id}).one_or_none()
    if row is None:
        raise _no_such_task(task_id)
    return _record(row)


def find_detail(connection: Connection, client_id: str, task_id: str) -> TaskDetail:
    """The task with its answer. Raises NotFoundError."""
    row = connection.execute(_FIND_DETAIL, {"client": client_id, "name": task_id}).one_or_none()
    if row is None:
        raise _no_such_task(task_id)
    return TaskDetail(**_fields(row), answer=from_json(row.answer))


def insert_task(
    connection: Connection, values: Mapping[str, str], *, owner: str, now: datetime
) -> tuple[TaskRecord, bool]:
    """Insert the task unless its name is taken; says whether it did.

    Args:
        values: The columns ``client_id``, ``task_id``, ``fingerprint``, ``workflow``,
            ``namespace`` and ``request``.
    """
    name = values["task_id"]
    named = {"client": values["client_id"], "name": name}
    row = connection.execute(_FIND, named).one_or_none()
    if row is None:
        state = {"status": "queued", "owner": owner, "attempt": 1, "losses": 0, "last_seq": 0}
        connection.execute(TASK.insert(), {**values, **state, "created_at": to_text(now)})
        return _record(connection.execute(_FIND, named).one()), True
    if row.fingerprint != values["fingerprint"]:
        raise id_reused(name)
    return _record(row), False


def start_task(connection: Connection, task: TaskRecord, now: datetime) -> TaskRecord:
    """``queued`` to ``running``. Raises FenceError."""
    row = connection.execute(_START, {**_fence(task), "now": to_text(now)}).one_or_none()
    if row is None:
        raise _lost(task)
    return _record(row)


def append_event(connection: Connection, task: TaskRecord, entry: Entry, now: datetime) -> int:
    """Number and store the event; returns its number. Raises FenceError."""
    last = connection.execute(_APPEND, {**_fence(task), "count": 1}).scalar_one_or_none()
    if last is None:
        raise _lost(task)
    _insert_events(connection, task.id, last, (entry,), now)
    return int(last)


def end_task(connection: Connection, task: TaskRecord, ending: Ending, now: datetime) -> TaskRecord:
    """Store the last events and the end together. Raises FenceError."""
    values = {
        **_fence(task),
        "count": len(ending.entries),
        "end_status": ending.status,
        "end_answer": ending.answer,
        "end_error": ending.error,
        "now": to_text(now),
    }
    row = connection.execute(_END, values).one_or_none()
    if row is None:
        raise _lost(task)
    _insert_events(connection, task.id, row.last_seq, ending.entries, now)
    return _record(row)


def request_cancel(
    connection: Connection, client_id: str, task_id: str, now: datetime
) -> TaskRecord:
    """Flag the task; the first request's time stands. One that has not begun ends here and now.

    Returns:
        The task: over if it was queued, else as it was before.

    Raises:
        NotFoundError: The client has no such task.
        ConflictError: ``task_over``.
    """
    task = find_task(connection, client_id, task_id)
    if task.over:
        raise ConflictError(
            f"task {task_id!r} is over ({task.status}): there is nothing left to cancel.",
            code="task_over",
            details={"task_id": task_id, "status": task.status},
        )
    if task.cancel_requested_at is None:
        flag = TASK.update().where(TASK.c.id == task.id)
        connection.execute(flag.values(cancel_requested_at=to_text(now)))
    if task.status == "queued":
        return end_task(connection, task, ending_of_cancelled(task, now), now)
    return task


def find_owners(connection: Connection) -> tuple[str, ...]:
    """Owners of the tasks that are not over."""
    owners = select(TASK.c.owner).where(TASK.c.status.in_(OPEN)).distinct()
    return tuple(connection.scalars(owners))


def lose_tasks(
    connection: Connection, owners: Iterable[str], now: datetime
) -> tuple[TaskRecord, ...]:
    """End as ``worker_lost`` what these owners left open, or as cancelled where a client asked so."""
    rows = connection.execute(_OPEN.where(TASK.c.owner.in_(list(owners)))).all()
    lost = []
    for task in map(_record, rows):
        ending = ending_of_lost if task.cancel_requested_at is None else ending_of_cancelled
        lost.append(end_task(connection, task, ending(task, now), now))
    return tuple(lost)


def ending_of_lost(task: TaskRecord, now: datetime) -> Ending:
    """The end of a task that nobody runs any more."""
    message = (
        f"The server process that ran task {task.task_id!r} ended before the task did: send the "
        "request again with a new task_id."
    )
    return _ending("failed", "worker_lost", message, task, now)


def ending_of_cancelled(task: TaskRecord, now: datetime) -> Ending:
    """The end of a cancelled task that nobody runs: not yet, or not any more."""
    begun = "" if task.started_at else " before it began"
    message = f"The task was cancelled{begun}, as its caller asked."
    return _ending("cancelled", "cancelled", message, task, now)


def _ending(
    status: FinalStatus, code: str, message: str, task: TaskRecord, now: datetime
) -> Ending:
    seconds = max(0.0, (now - task.created_at).total_seconds())
    error = to_json({"code": code, "message": message, "details": {}})
    done = {"task_id": task.task_id, "status": status, "total_time": round(seconds, 3)}
    return Ending(status, None, error, (Entry("error", error), Entry("done", to_json(done))))


def list_tasks(
    connection: Connection,
    client_id: str,
    *,
    status: TaskStatus | None,
    namespace: str | None,
    before: int | None,
    count: int,
) -> tuple[TaskRecord, ...]:
    """Up to ``count`` tasks of the client with keys under ``before``, newest first."""
    query = select(*_RECORD).where(TASK.c.client_id == client_id)
    if status is not None:
        query = query.where(TASK.c.status == status)
    if namespace is not None:
        query = query.where(TASK.c.namespace == namespace)
    if before is not None:
        query = query.where(TASK.c.id < before)
    rows = connection.execute(query.order_by(TASK.c.id.desc()).limit(count))
    return tuple(_record(row) for row in rows)


def read_events(connection: Connection, task: int, after: int, page: int) -> tuple[Event, ...]:
    """Up to ``page`` events numbered above ``after``, in order."""
    rows = connection.execute(_EVENTS, {"task": task, "after": after, "page": page})
    return tuple(Event(row.seq, row.type, from_json(row.data), to_time(row.time)) for row in rows)


def insert_feedback(connection: Connection, client_id: str, feedback: Feedback) -> Feedback:
    """Add to the task's history. Raises NotFoundError, ConflictError."""
    task = find_task(connection, client_id, feedback.task_id)
    if not task.over:
        raise ConflictError(
            f"task {feedback.task_id!r} is still {task.status}: give feedback once it is over.",
            code="task_running",
            details={"task_id": feedback.task_id, "status": task.status},
        )
    values = {
        "task": task.id,
        "status": feedback.status,
        "comment": feedback.comment,
        "corrected_sql": feedback.corrected_sql,
        "recorded_at": to_text(feedback.recorded_at),
    }
    connection.execute(FEEDBACK.insert(), values)
    return feedback


def list_feedback(connection: Connection, client_id: str, task_id: str) -> tuple[Feedback, ...]:
    """All feedback on the task, newest first. Raises NotFoundError."""
    task = find_task(connection, client_id, task_id)
    query = select(FEEDBACK).where(FEEDBACK.c.task == task.id).order_by(FEEDBACK.c.id.desc())
    return tuple(_feedback(row, task_id) for row in connection.execute(query))


def list_standing_feedback(
    connection: Connection,
    *,
    namespace: str,
    client_id: str | None,
    before: int | None,
    count: int,
) -> tuple[GivenFeedback, ...]:
    """Up to ``count`` feedback with keys under ``before``, each the newest of its task, newest first."""
    later = FEEDBACK.alias("later")
    newest = select(func.max(later.c.id)).where(later.c.task == FEEDBACK.c.task).scalar_subquery()
    query = (
        select(FEEDBACK, *_ASKED, TASK.c.status.label("task_status"))
        .join(TASK, TASK.c.id == FEEDBACK.c.task)
        .where(TASK.c.namespace == namespace, FEEDBACK.c.id == newest)
    )
    if client_id is not None:
        query = query.where(TASK.c.client_id == client_id)
    if before is not None:
        query = query.where(FEEDBACK.c.id < before)
    query = query.order_by(FEEDBACK.c.id.desc()).limit(count)
    # An answer may be large: one at a time is in memory, and little of it is kept.
    rows = connection.execute(query.execution_options(yield_per=1))
    return tuple(_given(row) for row in rows)


def _given(row: Row[Any]) -> GivenFeedback:
    answer = from_json(row.answer) or {}
    return GivenFeedback(
        key=row.id,
        client_id=row.client_id,
        namespace=row.namespace,
        workflow=row.workflow,
        request=from_json(row.request),
        task_status=row.task_status,
        sql=answer.get("sql"),
        database=answer.get("metadata", {}).get("database"),
        asked_at=datetime.fromisoformat(row.created_at),
        feedback=_feedback(row, row.task_id),
    )


def _feedback(row: Row[Any], task_id: str) -> Feedback:
    recorded_at = datetime.fromisoformat(row.recorded_at)
    return Feedback(task_id, row.status, row.comment, row.corrected_sql, recorded_at)


def touch(connection: Connection) -> None:
    """Change nothing, and fail as a real change would where the store cannot be written."""
    connection.execute(TASK.update().where(false()).values(owner=""))


def _fence(task: TaskRecord) -> dict[str, Any]:
    return {
        "fence_id": task.id,
        "fence_owner": task.owner,
        "fence_attempt": task.attempt,
        "fence_status": task.status,
    }


def _insert_events(
    connection: Connection, task: int, last: int, entries: Sequence[Entry], now: datetime
) -> None:
    first = last - len(entries) + 1
    time = to_text(now)
    connection.execute(
        EVENT.insert(),
        [
            {"task": task, "seq": seq, "type": entry.type, "data": entry.data, "time": time}
            for seq, entry in enumerate(entries, start=first)
        ],
    )


def _fields(row: Row[Any]) -> dict[str, Any]:
    fields = {column.name: getattr(row, column.name) for column in _RECORD}
    for name in ("created_at", "started_at", "finished_at", "cancel_requested_at"):
        fields[name] = to_time(fields[name])
    for name in ("request", "error"):
        fields[name] = from_json(fields[name])
    return fields


def _record(row: Row[Any]) -> TaskRecord:
    return TaskRecord(**_fields(row))


def _lost(task: TaskRecord) -> FenceError:
    return FenceError(
        f"Task {task.task_id!r} is no longer {task.status} in attempt {task.attempt} of this "
        "process: its run stops.",
        details={"task_id": task.task_id},
    )


def _no_such_task(task_id: str) -> NotFoundError:
    return NotFoundError(
        f"There is no task {task_id!r} of this client: check the id, or list your tasks.",
        code="task_not_found",
        details={"task_id": task_id},
    )
