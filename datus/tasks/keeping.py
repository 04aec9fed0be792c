"""Deleting tasks that were kept long enough, and listing those of all clients: statements for who runs the service.

A batch is one write transaction. Batches of several processes at once do no harm: what one of them has, the
others pass over or find gone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, exists, func, or_, select, text

from datus.tasks.encoding import from_json, to_json, to_text
from datus.tasks.kept import Batch, Due, Place
from datus.tasks.statements import RECORD, record_of
from datus.tasks.store import TaskRecord
from datus.tasks.tables import EVENT, FEEDBACK, TASK, TRACE
from datus.types import TaskStatus

# Figures that are no data, and the database, without which feedback cannot be checked again.
_LEFT = ("execution_time", "nodes_executed", "reflection_rounds", "row_count", "database")

# Both engines spell it so; SQLAlchemy has it only in their dialects.
_COUNT = text(
    "INSERT INTO purged (workflow, status, tasks) VALUES (:workflow, :status, :tasks) "
    "ON CONFLICT (workflow, status) DO UPDATE SET tasks = purged.tasks + excluded.tasks"
)


def purge_tasks(connection: Connection, due: Due, *, after: Place | None, limit: int) -> Batch:
    """Delete or reduce up to ``limit`` due tasks, those that ended first.

    Args:
        after: The place that the batch before gave.
    """
    query = select(TASK.c.id, TASK.c.workflow, TASK.c.finished_at, _has_feedback(due).label("keep"))
    query = query.where(_is_due(due)).order_by(TASK.c.finished_at, TASK.c.id).limit(limit)
    if after is not None:
        query = query.where(
            TASK.c.finished_at >= after.finished_at,
            or_(TASK.c.finished_at > after.finished_at, TASK.c.id > after.key),
        )
    # SQLite has no such clause and needs none: its write transactions run one after another.
    rows = connection.execute(query.with_for_update(skip_locked=True)).all()
    gone = [row for row in rows if not row.keep]
    reduced = [row.id for row in rows if row.keep]
    _delete(connection, gone, due.status)
    _reduce(connection, reduced)
    last = Place(rows[-1].finished_at, rows[-1].id) if len(rows) == limit else None
    return Batch(len(gone), len(reduced), last)


def count_due(connection: Connection, due: Due) -> tuple[int, int]:
    """How many tasks a purge would delete now, and how many it would reduce."""
    keep = func.coalesce(func.sum(case((_has_feedback(due), 1), else_=0)), 0)
    row = connection.execute(select(func.count(), keep).select_from(TASK).where(_is_due(due))).one()
    return int(row[0] - row[1]), int(row[1])


def list_all(
    connection: Connection,
    *,
    count: int,
    client_id: str | None = None,
    task_id: str | None = None,
    status: TaskStatus | None = None,
    namespace: str | None = None,
    before: int | None = None,
) -> tuple[TaskRecord, ...]:
    """Up to ``count`` tasks of any client with keys under ``before``, newest first."""
    query = select(*RECORD)
    wanted: Mapping[Any, str | None] = {
        TASK.c.client_id: client_id,
        TASK.c.task_id: task_id,
        TASK.c.status: status,
        TASK.c.namespace: namespace,
    }
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    if before is not None:
        query = query.where(TASK.c.id < before)
    rows = connection.execute(query.order_by(TASK.c.id.desc()).limit(count))
    return tuple(record_of(row) for row in rows)


def _is_due(due: Due) -> ColumnElement[bool]:
    """Whether a task is due and not reduced already: then of its events only the last is left."""
    whole = exists().where(EVENT.c.task == TASK.c.id, EVENT.c.seq == 1)
    return and_(
        TASK.c.status == due.status,
        TASK.c.finished_at < to_text(due.finished_before),
        or_(whole, ~_has_feedback(due)),
    )


def _has_feedback(due: Due) -> ColumnElement[bool]:
    given = exists().where(FEEDBACK.c.task == TASK.c.id)
    if due.feedback_before is not None:
        given = given.where(FEEDBACK.c.recorded_at >= to_text(due.feedback_before))
    return given


def _delete(connection: Connection, rows: Sequence[Row[Any]], status: TaskStatus) -> None:
    """Delete tasks and what belongs to them, and go on counting them."""
    if not rows:
        return
    connection.execute(TASK.delete().where(TASK.c.id.in_([row.id for row in rows])))
    counts = Counter(row.workflow for row in rows)
    # In one order, so that two processes never wait for each other.
    for workflow, tasks in sorted(counts.items()):
        values = {"workflow": workflow, "status": status, "tasks": tasks}
        connection.execute(_COUNT, values)


def _reduce(connection: Connection, keys: Sequence[int]) -> None:
    """Leave of tasks what feedback needs, and their last event, at which readers stop."""
    if not keys:
        return
    connection.execute(EVENT.delete().where(EVENT.c.task.in_(keys), EVENT.c.type != "done"))
    connection.execute(TRACE.delete().where(TRACE.c.task.in_(keys)))
    for key, answer in _answers(connection, keys):
        left = to_json(reduced_answer(from_json(answer)))
        connection.execute(TASK.update().where(TASK.c.id == key).values(answer=left))


def _answers(connection: Connection, keys: Iterable[int]) -> Iterable[tuple[int, str]]:
    for key in keys:  # an answer may be large: one at a time is in memory
        answer = connection.scalar(select(TASK.c.answer).where(TASK.c.id == key))
        if answer is not None:
            yield key, answer


def reduced_answer(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without its rows and what they rest on; ``metadata.purged`` says so."""
    metadata = answer.get("metadata", {})
    left = {name: metadata[name] for name in _LEFT if name in metadata}
    return {**answer, "result": None, "metadata": {**left, "purged": True}}
