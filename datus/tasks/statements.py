"""What is read and written, as functions on a connection: one code path for every engine.

A function that writes raises a DatusError only before its first write, so that the caller may commit
it together with others. Other writers may run between its statements (PostgreSQL) or not (SQLite): what
is read to be written is locked by the reading, or held to what was read by the writing. ``insert_task``
may meet IntegrityError when another host was first, and is then called again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from datus.errors import ConflictError, FenceError, NotFoundError
from datus.tasks.encoding import from_json, to_json, to_text, to_time
from datus.tasks.store import (
    Feedback,
    FinalStatus,
    GivenFeedback,
    Left,
    TaskDetail,
    TaskRecord,
    id_reused,
)
from datus.tasks.tables import EVENT, FEEDBACK, RATE, STEP, TASK
from datus.types import Event, EventType, TaskStatus

# A node tells less than that; of one that tells more, the rest may be told again.
_MOST_LEFT = 10_000

RECORD = tuple(column for column in TASK.columns if column.name != "answer")
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
_FIND = select(*RECORD).where(*_NAMED)
_FIND_LOCKED = _FIND.with_for_update()
_FIND_KEY = select(*RECORD).where(TASK.c.id == bindparam("fence_id"))
_CANCEL_ASKED = select(TASK.c.cancel_requested_at.is_not(None)).where(
    TASK.c.id == bindparam("fence_id")
)
_FIND_DETAIL = select(TASK).where(*_NAMED)
_EVENTS = (
    select(EVENT.c.seq, EVENT.c.type, EVENT.c.data, EVENT.c.time)
    .where(EVENT.c.task == bindparam("task"), EVENT.c.seq > bindparam("after"))
    .order_by(EVENT.c.seq)
    .limit(bindparam("page"))
)
_INSERT = TASK.insert().returning(*RECORD)
_FENCED = TASK.update().where(
    TASK.c.id == bindparam("fence_id"),
    TASK.c.owner == bindparam("fence_owner"),
    TASK.c.attempt == bindparam("fence_attempt"),
    TASK.c.status == bindparam("fence_status"),
)
_START = _FENCED.values(
    status="running", started_at=func.coalesce(TASK.c.started_at, bindparam("now"))
).returning(*RECORD)
_NEXT = _FENCED.where(TASK.c.last_seq == bindparam("before"))
_APPEND = _NEXT.values(last_seq=bindparam("after")).returning(TASK.c.id)
_END = _NEXT.values(
    last_seq=bindparam("after"),
    status=bindparam("end_status"),
    answer=bindparam("end_answer"),
    error=bindparam("end_error"),
    finished_at=bindparam("now"),
).returning(*RECORD)
_GIVEN = (
    select(FEEDBACK, *_ASKED, TASK.c.status.label("task_status"))
    .join(TASK, TASK.c.id == FEEDBACK.c.task)
    .where(FEEDBACK.c.id == bindparam("key"))
)
_STEPS = select(STEP.c.data).where(STEP.c.task == bindparam("task")).order_by(STEP.c.seq)
_NUMBERED_STEPS = _STEPS.with_only_columns(STEP.c.seq, STEP.c.data)
_FORGET_STEPS = STEP.delete().where(STEP.c.task == bindparam("of_task"))


@dataclass(frozen=True, slots=True)
class Entry:
    """An event before it has a number; ``data`` is JSON text, and so is ``step`` (see ``store.Run``)."""

    type: EventType
    data: str
    step: str | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a task ends; ``answer`` and ``error`` are JSON text. The last entry is ``done``."""

    status: FinalStatus
    answer: str | None
    error: str | None
    entries: Sequence[Entry]


def find_task(
    connection: Connection, client_id: str, task_id: str, *, lock: bool = False
) -> TaskRecord:
    """The task without its answer, locked for writing where the engine can. Raises NotFoundError."""
    find = _FIND_LOCKED if lock else _FIND
    row = connection.execute(find, {"client": client_id, "name": task_id}).one_or_none()
    if row is None:
        raise _no_such_task(task_id)
    return record_of(row)


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
        new = {**values, **state, "created_at": to_text(now)}
        return record_of(connection.execute(_INSERT, new).one()), True
    if row.fingerprint != values["fingerprint"]:
        raise id_reused(name)
    return record_of(row), False


def start_task(connection: Connection, task: TaskRecord, now: datetime) -> TaskRecord:
    """``queued`` to ``running``. Raises FenceError."""
    row = connection.execute(_START, {**_fence(task), "now": to_text(now)}).one_or_none()
    if row is None:
        raise lost(task)
    return record_of(row)


def append_events(
    connection: Connection, task: TaskRecord, before: int, entries: Sequence[Entry], now: datetime
) -> None:
    """Store events after number ``before``; nothing when they are stored already. Raises FenceError.

    They are, when the connection broke while an earlier call was committed.
    """
    after = before + len(entries)
    values = {**_fence(task), "before": before, "after": after}
    if connection.execute(_APPEND, values).one_or_none() is not None:
        _insert_events(connection, task.id, before, entries, now)
        return
    found = connection.execute(_FIND_KEY, values).one_or_none()
    if found is None or _holder(found) != (*_holder(task)[:3], after):
        raise lost(task)


def end_task(
    connection: Connection, task: TaskRecord, before: int, ending: Ending, now: datetime
) -> tuple[TaskRecord, bool]:
    """Store the events after number ``before`` and the end together; says whether it did. Raises FenceError.

    It need not when the connection broke while an earlier call was committed.
    """
    after = before + len(ending.entries)
    values = {
        **_fence(task),
        "before": before,
        "after": after,
        "end_status": ending.status,
        "end_answer": ending.answer,
        "end_error": ending.error,
        "now": to_text(now),
    }
    row = connection.execute(_END, values).one_or_none()
    if row is None:
        found = connection.execute(_FIND_KEY, values).one_or_none()
        if found is None or _holder(found) != (task.owner, task.attempt, ending.status, after):
            raise lost(task)
        return record_of(found), False
    _insert_events(connection, task.id, before, ending.entries, now)
    connection.execute(_FORGET_STEPS, {"of_task": task.id})
    return record_of(row), True


def read_left(connection: Connection, task: int) -> Left:
    """What earlier attempts left."""
    rows = connection.execute(_NUMBERED_STEPS, {"task": task}).all()
    steps = [(seq, from_json(data)) for seq, data in rows]
    after = max((seq for seq, step in steps if not step.get("path")), default=0)
    found = connection.execute(_EVENTS, {"task": task, "after": after, "page": _MOST_LEFT})
    return Left(
        tuple(step for _, step in steps),
        tuple(_event(row) for row in found),
        tuple(seq for seq, _ in steps),
    )


def read_steps(connection: Connection, task: int) -> tuple[Any, ...]:
    """The steps that earlier attempts recorded, in order."""
    return tuple(from_json(data) for data in connection.scalars(_STEPS, {"task": task}))


def is_cancel_asked(connection: Connection, task: int) -> bool:
    """Whether somebody asked for the end of a task."""
    return connection.scalar(_CANCEL_ASKED, {"fence_id": task}) is True


def ending_of_lost(task: TaskRecord, now: datetime) -> Ending:
    """The end of a task that one process after another died with."""
    message = (
        f"{task.losses + 1} server processes that ran task {task.task_id!r} ended before the task did: "
        "send the request again with a new task_id, and have the operator look into the log."
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
    query = select(*RECORD).where(TASK.c.client_id == client_id)
    if status is not None:
        query = query.where(TASK.c.status == status)
    if namespace is not None:
        query = query.where(TASK.c.namespace == namespace)
    if before is not None:
        query = query.where(TASK.c.id < before)
    rows = connection.execute(query.order_by(TASK.c.id.desc()).limit(count))
    return tuple(record_of(row) for row in rows)


def read_events(connection: Connection, task: int, after: int, page: int) -> tuple[Event, ...]:
    """Up to ``page`` events numbered above ``after``, in order."""
    rows = connection.execute(_EVENTS, {"task": task, "after": after, "page": page})
    return tuple(_event(row) for row in rows)


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
        "comment": _without_nul(feedback.comment),
        "corrected_sql": _without_nul(feedback.corrected_sql),
        "recorded_at": to_text(feedback.recorded_at),
    }
    connection.execute(FEEDBACK.insert(), values)
    return feedback


def _without_nul(text: str | None) -> str | None:
    """PostgreSQL holds every character but this one."""
    return None if text is None else text.replace("\x00", "\ufffd")


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
    keys = (
        select(FEEDBACK.c.id)
        .join(TASK, TASK.c.id == FEEDBACK.c.task)
        .where(TASK.c.namespace == namespace, FEEDBACK.c.id == newest)
    )
    if client_id is not None:
        keys = keys.where(TASK.c.client_id == client_id)
    if before is not None:
        keys = keys.where(FEEDBACK.c.id < before)
    keys = keys.order_by(FEEDBACK.c.id.desc()).limit(count)
    # An answer may be large: one at a time is in memory, and little of it is kept.
    found = (connection.execute(_GIVEN, {"key": key}) for key in connection.scalars(keys).all())
    return tuple(_given(row) for rows in found for row in rows)


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


def touch(connection: Connection, owner: str) -> None:
    """Write a row and take it back, which fails where a real change would: a full disk notices no less."""
    key = f"ping {owner}"  # nobody else's, so that no two wait for each other
    connection.execute(RATE.insert().values(key=key, count=0, expires_at=0))
    connection.execute(RATE.delete().where(RATE.c.key == key))


def _fence(task: TaskRecord) -> dict[str, Any]:
    return {
        "fence_id": task.id,
        "fence_owner": task.owner,
        "fence_attempt": task.attempt,
        "fence_status": task.status,
    }


def _holder(task: Any) -> tuple[str, int, str, int]:
    return task.owner, task.attempt, task.status, task.last_seq


def _insert_events(
    connection: Connection, task: int, before: int, entries: Sequence[Entry], now: datetime
) -> None:
    time = to_text(now)
    numbered = list(enumerate(entries, start=before + 1))
    connection.execute(
        EVENT.insert(),
        [
            {"task": task, "seq": seq, "type": entry.type, "data": entry.data, "time": time}
            for seq, entry in numbered
        ],
    )
    steps = [
        {"task": task, "seq": seq, "data": entry.step} for seq, entry in numbered if entry.step
    ]
    if steps:
        connection.execute(STEP.insert(), steps)


def _event(row: Any) -> Event:
    return Event(row.seq, row.type, from_json(row.data), datetime.fromisoformat(row.time))


def _fields(row: Row[Any]) -> dict[str, Any]:
    fields = {column.name: getattr(row, column.name) for column in RECORD}
    for name in ("created_at", "started_at", "finished_at", "cancel_requested_at"):
        fields[name] = to_time(fields[name])
    for name in ("request", "error"):
        fields[name] = from_json(fields[name])
    return fields


def record_of(row: Row[Any]) -> TaskRecord:
    """A row of ``RECORD`` as its record."""
    return TaskRecord(**_fields(row))


def lost(task: TaskRecord) -> FenceError:
    """The error of a write to a task that is another's."""
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
