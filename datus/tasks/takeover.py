"""Tasks that nobody runs: who has them, how another process takes them, how they end. Statements on ``task``."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from datus.errors import ConflictError
from datus.tasks import spending
from datus.tasks.encoding import spent_in, to_text
from datus.tasks.statements import (
    RECORD,
    Ending,
    ending_of_cancelled,
    ending_of_lost,
    find_task,
    lost,
    read_steps,
    record_of,
)
from datus.tasks.store import MAX_ATTEMPTS, OPEN, Adopted, TaskRecord
from datus.tasks.tables import TASK

NOBODY = ""
"""The owner of a task that was handed back."""

# Beside those that are taken, so many are looked at for whether they end.
_MORE = 100

_OPEN = TASK.c.status.in_(OPEN)
_OWNERS = select(TASK.c.owner).where(_OPEN).distinct()
_OF_OWNER = select(TASK.c.id, TASK.c.attempt).where(_OPEN, TASK.c.owner == bindparam("of_owner"))
_CLAIM = (
    TASK.update()
    .where(
        TASK.c.id == bindparam("of_id"),
        TASK.c.owner == bindparam("of_owner"),
        TASK.c.attempt == bindparam("of_attempt"),
        _OPEN,
    )
    .values(
        owner=bindparam("new_owner"),
        attempt=TASK.c.attempt + 1,
        losses=bindparam("new_losses"),
        status="queued",
    )
    .returning(*RECORD)
)


def find_owners(connection: Connection) -> tuple[str, ...]:
    """Owners of the tasks that are not over."""
    return tuple(connection.scalars(_OWNERS))


def find_owned(connection: Connection, owner: str) -> frozenset[tuple[int, int]]:
    """Keys and attempts of the open tasks of an owner."""
    rows = connection.execute(_OF_OWNER, {"of_owner": owner})
    return frozenset((key, attempt) for key, attempt in rows)


def claim_tasks(
    connection: Connection,
    owners: Collection[str],
    *,
    orphans: Collection[int] = (),
    owner: str,
    limit: int,
    now: datetime,
) -> Adopted:
    """Take up to ``limit`` tasks of owners that are dead, oldest first; end those that nobody may run again.

    Args:
        owners: The dead ones, ``NOBODY`` among them for what was handed back.
        orphans: Keys of tasks that ``owner`` holds and does not run: it never learned that it has them.
    """
    of_nobody = TASK.c.owner.in_(owners) | (TASK.c.id.in_(orphans) & (TASK.c.owner == owner))
    found = select(*RECORD).where(_OPEN, of_nobody).order_by(TASK.c.id).limit(limit + _MORE)
    # What another process is claiming at this moment is left to it.
    rows = connection.execute(found.with_for_update(skip_locked=True)).all()
    taken: list[TaskRecord] = []
    ended: list[TaskRecord] = []
    for task in map(record_of, rows):
        losses = task.losses + (task.owner != NOBODY)
        if task.cancel_requested_at is not None:
            ended.append(_end(connection, task, ending_of_cancelled(task, now), now))
        elif losses >= MAX_ATTEMPTS:
            ended.append(_end(connection, task, ending_of_lost(task, now), now))
        elif len(taken) < limit:
            values = {"of_id": task.id, "of_owner": task.owner, "of_attempt": task.attempt}
            row = connection.execute(_CLAIM, {**values, "new_owner": owner, "new_losses": losses})
            taken.append(record_of(row.one()))
    return Adopted(tuple(taken), tuple(ended))


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
    task = find_task(connection, client_id, task_id, lock=True)
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
        return _end(connection, task, ending_of_cancelled(task, now), now)
    return task


def release_task(connection: Connection, task: TaskRecord) -> None:
    """Leave a queued task to any other process. Raises FenceError."""
    mine = TASK.update().where(
        TASK.c.id == task.id,
        TASK.c.owner == task.owner,
        TASK.c.attempt == task.attempt,
        TASK.c.status == "queued",
    )
    if not connection.execute(mine.values(owner=NOBODY)).rowcount:
        raise lost(task)


def hand_back(connection: Connection, owner: str) -> int:
    """Leave the open tasks of a process that stops to any other; says how many."""
    mine = TASK.update().where(TASK.c.owner == owner, _OPEN)
    return connection.execute(mine.values(owner=NOBODY, status="queued")).rowcount


def end_if_dead(
    connection: Connection, client_id: str, task_id: str, dead: str, now: datetime
) -> TaskRecord | None:
    """End as cancelled a task whose owner is dead; None when it has another owner by now, or is over."""
    task = find_task(connection, client_id, task_id, lock=True)
    if task.over or task.owner != dead or task.cancel_requested_at is None:
        return None
    return _end(connection, task, ending_of_cancelled(task, now), now)


def _end(connection: Connection, task: TaskRecord, ending: Ending, now: datetime) -> TaskRecord:
    """End a task that nobody runs, with what its runs had spent. Raises FenceError."""
    spent = spent_in(read_steps(connection, task.id))
    return spending.end_task(connection, task, task.last_seq, ending, spent, now)
