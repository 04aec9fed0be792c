"""What tasks spent on hosted models, and what they asked them: statements on ``usage`` and ``trace``."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, func, select, tuple_

from datus.tasks import statements
from datus.tasks.encoding import from_json, to_json, to_text
from datus.tasks.statements import Ending, find_task
from datus.tasks.store import Spent, TaskCount, TaskRecord, TracedCall, UsageBy, UsageLine
from datus.tasks.tables import PURGED, TASK, TRACE, USAGE
from datus.types import TaskStatus, Usage

_NAMES: Mapping[UsageBy, Any] = {
    "client": USAGE.c.client_id,
    "model": USAGE.c.model,
    "day": USAGE.c.day,
}
_SUMS = (
    func.sum(USAGE.c.requests).label("requests"),
    func.sum(USAGE.c.input_tokens).label("input_tokens"),
    func.sum(USAGE.c.output_tokens).label("output_tokens"),
    func.sum(USAGE.c.cached_tokens).label("cached_tokens"),
    func.coalesce(func.sum(USAGE.c.cost_usd), 0.0).label("cost_usd"),
)
_OF_DAY = (
    select(USAGE.c.client_id, *_SUMS)
    .where(USAGE.c.day == bindparam("of_day"))
    .group_by(USAGE.c.client_id)
)
_TRACE = select(TRACE).where(TRACE.c.task == bindparam("of_task")).order_by(TRACE.c.seq)


def end_task(
    connection: Connection,
    task: TaskRecord,
    before: int,
    ending: Ending,
    spent: Spent,
    now: datetime,
) -> TaskRecord:
    """Store a task's end together with what it spent. Raises FenceError."""
    ended, new = statements.end_task(connection, task, before, ending, now)
    if new:
        _insert_spent(connection, ended, spent, now)
    return ended


def _insert_spent(connection: Connection, task: TaskRecord, spent: Spent, now: datetime) -> None:
    """Add a task's usage, one row a model, and its requests."""
    day = now.astimezone(UTC).date().isoformat()
    of_task = {
        "client_id": task.client_id,
        "task_id": task.task_id,
        "workflow": task.workflow,
        "namespace": task.namespace,
        "day": day,
    }
    usage = [{**of_task, "model": model, **_counts(used)} for model, used in spent.usage.items()]
    if usage:
        connection.execute(USAGE.insert(), usage)
    calls = [
        {
            "task": task.id,
            "seq": seq,
            "time": to_text(call.at),
            "purpose": call.purpose,
            "model": call.model,
            "prompt_version": call.prompt_version,
            "system": call.system,
            "prompt": call.prompt,
            "answer": call.answer,
            "cut": call.cut,
            "error": None if call.error is None else to_json(call.error),
            "seconds": call.seconds,
            **_counts(call.usage),
        }
        for seq, call in enumerate(spent.calls, start=1)
    ]
    if calls:
        connection.execute(TRACE.insert(), calls)


def read_trace(connection: Connection, client_id: str, task_id: str) -> tuple[TracedCall, ...]:
    """The requests of a task, in order. Raises NotFoundError."""
    task = find_task(connection, client_id, task_id)
    return tuple(_call(row) for row in connection.execute(_TRACE, {"of_task": task.id}))


def purge_traces(connection: Connection, before: datetime, limit: int) -> int:
    """Delete up to ``limit`` requests that ended before a time; returns how many."""
    key = (TRACE.c.task, TRACE.c.seq)
    old = select(*key).where(TRACE.c.time < to_text(before)).order_by(TRACE.c.time).limit(limit)
    rows = connection.execute(TRACE.delete().where(tuple_(*key).in_(old)))
    return rows.rowcount


def read_usage(connection: Connection, by: UsageBy, since: date | None) -> tuple[UsageLine, ...]:
    """What was spent, summed by name, in the order of the names."""
    name = _NAMES[by]
    unpriced = case((USAGE.c.cost_usd.is_(None), USAGE.c.requests), else_=0)
    # A task has one row a model, so that the sums which scrapers ask for need no comparing of ids.
    ids = func.distinct(USAGE.c.client_id + "/" + USAGE.c.task_id)
    tasks = func.count() if by == "model" else func.count(ids)
    query = select(name.label("name"), tasks.label("tasks"), func.sum(unpriced), *_SUMS)
    if since is not None:
        query = query.where(USAGE.c.day >= since.isoformat())
    rows = connection.execute(query.group_by(name).order_by(name))
    return tuple(UsageLine(row.name, row.tasks, _usage(row), int(row[2])) for row in rows)


def usage_of_day(connection: Connection, day: date) -> Mapping[str, Usage]:
    """What each client spent on a day (UTC)."""
    rows = connection.execute(_OF_DAY, {"of_day": day.isoformat()})
    return {row.client_id: _usage(row) for row in rows}


def count_tasks(connection: Connection) -> tuple[TaskCount, ...]:
    """How many tasks there are and were, by workflow and status: a counter must not fall with a purge."""
    kind = (TASK.c.status, TASK.c.workflow)
    there = select(*kind, func.count().label("tasks")).group_by(*kind)
    counts: Counter[tuple[TaskStatus, str]] = Counter()
    for query in (there, select(PURGED.c.status, PURGED.c.workflow, PURGED.c.tasks)):
        for status, workflow, tasks in connection.execute(query):
            counts[status, workflow] += tasks
    return tuple(
        TaskCount(workflow, status, tasks) for (status, workflow), tasks in sorted(counts.items())
    )


def _counts(usage: Usage) -> dict[str, Any]:
    return {
        "requests": usage.requests,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "cost_usd": usage.cost,
    }


def _usage(row: Any) -> Usage:
    return Usage(
        int(row.requests),
        int(row.input_tokens),
        int(row.output_tokens),
        int(row.cached_tokens),
        row.cost_usd,
    )


def _call(row: Row[Any]) -> TracedCall:
    return TracedCall(
        at=datetime.fromisoformat(row.time),
        purpose=row.purpose,
        model=row.model,
        prompt_version=row.prompt_version,
        system=row.system,
        prompt=row.prompt,
        answer=row.answer,
        cut=row.cut,
        error=from_json(row.error),
        usage=_usage(row),
        seconds=row.seconds,
    )
