"""What a task store keeps and promises. Other rooms know only this file and ``engines``.

A task is one execution of one request, named by its caller as (``client_id``, ``task_id``). The
process that accepts it owns it and runs it; every process reads it. Its event log is the one source
that sync callers and streams read.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol

from datus.errors import ConflictError
from datus.tasks.kept import Batch, Due, Place
from datus.tasks.rate_storage import RateStorage
from datus.types import Event, EventType, TaskStatus, Usage

FinalStatus = Literal["completed", "failed", "refused", "cancelled"]
FeedbackStatus = Literal["success", "failed"]

OPEN: tuple[TaskStatus, ...] = ("queued", "running")
"""The states of a task that is not over. ``docs/tasks.md`` has the ways between all six."""

MAX_ATTEMPTS = 3
"""How many processes may die with a task before it is given up as ``worker_lost``."""

MAX_PAGE = 100
"""Most tasks that one call of ``TaskStore.list`` returns."""


def id_reused(task_id: str) -> ConflictError:
    """The error for a ``task_id`` that comes again with another fingerprint."""
    return ConflictError(
        f"task_id {task_id!r} was used before with another request: send that request again to "
        "get its answer, or send this one with a new task_id.",
        code="task_id_reused",
        details={"task_id": task_id},
    )


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A task without its answer, which may be large.

    Attributes:
        id: The store's own key; it never leaves the service.
        fingerprint: What decides whether a repeated ``task_id`` is the same request.
        owner: Id of the process that runs it, made by the store.
        attempt: Counts from 1 the owners that the task had.
        losses: How many of them died, or were lost, while they had it.
        last_seq: Number of its newest event, 0 when it has none.
        error: ``code``, ``message`` and ``details`` of a task that failed or was refused.
    """

    id: int
    client_id: str
    task_id: str
    fingerprint: str
    workflow: str
    namespace: str
    request: Mapping[str, Any]
    status: TaskStatus
    owner: str
    attempt: int
    losses: int
    last_seq: int
    error: Mapping[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None

    @property
    def over(self) -> bool:
        """Whether its end is stored."""
        return self.status not in OPEN


@dataclass(frozen=True, slots=True)
class TaskDetail(TaskRecord):
    """A task with its answer, None before its end and where it has none."""

    answer: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a client said of an answer. Of several for one task the newest stands."""

    task_id: str
    status: FeedbackStatus
    comment: str | None
    corrected_sql: str | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class GivenFeedback:
    """The newest feedback on a task, beside what the task asked and how it was answered.

    Attributes:
        key: The store's own number of the feedback; of two, the later one's is higher.
        sql: The SQL of the answer, None where there is none.
        database: The database that answered, None where none did.
        asked_at: When the task was submitted.
    """

    key: int
    client_id: str
    namespace: str
    workflow: str
    request: Mapping[str, Any]
    task_status: TaskStatus
    sql: str | None
    database: str | None
    asked_at: datetime
    feedback: Feedback


@dataclass(frozen=True, slots=True)
class TracedCall:
    """One request to a hosted model, as it is kept: redacted, and bounded in size.

    Attributes:
        at: When it ended.
        purpose: Which node asked, and for what.
        prompt_version: Name and version of the prompt files.
        system, prompt, answer: What the model was asked and what it said; None where texts are not kept.
        cut: Whether something of these texts was left out for its length.
        error: ``code`` and ``message``, None where the answer could be used.
        seconds: From the request to its end.
    """

    at: datetime
    purpose: str
    model: str
    prompt_version: str
    system: str | None
    prompt: str | None
    answer: str | None
    cut: bool
    error: Mapping[str, Any] | None
    usage: Usage
    seconds: float


@dataclass(frozen=True, slots=True)
class Spent:
    """What a task spent on hosted models, by model, and the requests behind it."""

    usage: Mapping[str, Usage] = field(default_factory=dict)
    calls: tuple[TracedCall, ...] = ()


NOTHING_SPENT = Spent()

UsageBy = Literal["client", "model", "day"]


@dataclass(frozen=True, slots=True)
class UsageLine:
    """What was spent under one name.

    Attributes:
        name: A client, a model or a day (UTC, ISO).
        tasks: Tasks that asked a hosted model.
        usage: Its ``cost`` is what is known of it.
        unpriced: How many of the requests have no known price, and so no part in that cost.
    """

    name: str
    tasks: int
    usage: Usage
    unpriced: int


@dataclass(frozen=True, slots=True)
class TaskCount:
    """How many tasks of a workflow have a status."""

    workflow: str
    status: TaskStatus
    tasks: int


@dataclass(frozen=True, slots=True)
class Left:
    """What earlier attempts of a task left to the one that goes on.

    Attributes:
        steps: What they recorded with ``Run.emit``, in order.
        events: What they told after the last of these that is of the whole run: its ``path`` is empty, or
            it has none.
        numbers: Of each step the number of the event that it came with.
    """

    steps: tuple[Mapping[str, Any], ...] = ()
    events: tuple[Event, ...] = ()
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Adopted:
    """Tasks of processes that are gone: those that this process took and must ``start``, and those that ended."""

    taken: tuple[TaskRecord, ...] = ()
    ended: tuple[TaskRecord, ...] = ()


class Run(Protocol):
    """The right to write to a task, held by the one process that runs it.

    Every write is fenced by owner and attempt: when the task was ended or taken over by another
    process, every method raises FenceError and nothing is written. A write whose caller is
    cancelled while it waits may still happen; it never happens in part.
    """

    @property
    def task(self) -> TaskRecord:
        """The task as it was when the run began."""
        ...

    @property
    def left(self) -> Left:
        """What earlier attempts left; nothing for the first."""
        ...

    def emit(
        self, type: EventType, data: Mapping[str, Any], step: Mapping[str, Any] | None = None
    ) -> int:
        """Hand over one event, to be stored soon, in the order of the calls; returns its number.

        While the store cannot write, it is tried again: an event is never left out.

        Args:
            step: What whoever takes the task over needs to go on from here; stored together with the
                event, and no longer than the task runs. Its ``spent``, where it has one, is what was spent
                since the step before (see ``encoding.spent_as_json``): it counts however the task ends.

        Raises:
            ValueError, TypeError: For ``done``, which belongs to ``finish``, or data that JSON cannot hold.
            FenceError: The task is no longer this run's.
        """
        ...

    async def stored(self) -> None:
        """Wait until every event handed over can be read by every process. Raises FenceError."""
        ...

    async def finish(
        self,
        status: FinalStatus,
        *,
        answer: Mapping[str, Any] | None,
        error: Mapping[str, Any] | None,
        events: Sequence[tuple[EventType, Mapping[str, Any]]],
        spent: Spent = NOTHING_SPENT,
    ) -> TaskRecord:
        """End the task: last events, status, answer, error and what it spent in one durable transaction.

        What it spent counts for the day (UTC) of its end. ``events`` ends with the only ``done``.

        Raises:
            ValueError: As ``emit`` does.
            FenceError: The task is no longer this run's.
            UnavailableError: The store cannot write now; calling it again does no harm.
        """
        ...

    async def cancelled(self) -> None:
        """Wait until a caller asks, through any process, to cancel this task.

        Raises:
            FenceError: The task is no longer this run's: another process has it, or this one lost its lock.
        """
        ...


class TaskStore(Protocol):
    """Tasks, events and feedback, shared by every process that opens the same store.

    Every method raises UnavailableError when the store cannot be read or written.
    """

    @property
    def owner(self) -> str:
        """Id of this process as an owner of tasks."""
        ...

    @property
    def rates(self) -> RateStorage:
        """What is counted against limits."""
        ...

    async def submit(
        self,
        client_id: str,
        task_id: str,
        fingerprint: str,
        request: Mapping[str, Any],
        *,
        workflow: str,
        namespace: str,
    ) -> tuple[TaskRecord, bool]:
        """Record a request once; of parallel calls in any processes exactly one gets True.

        Who gets True must ``start`` the task and must not be cancelled before.

        Returns:
            The task and whether this call created it: ``queued``, owned by this process, durable.

        Raises:
            ConflictError: ``task_id_reused``, the id was used with another fingerprint.
        """
        ...

    async def start(self, task: TaskRecord) -> Run:
        """``queued`` to ``running``, by the owner only. Raises FenceError, also when it was cancelled."""
        ...

    async def release(self, task: TaskRecord) -> None:
        """Hand a queued task back, so that another process takes it at once. Raises FenceError."""
        ...

    def forget(self, task: TaskRecord) -> None:
        """Say that this process will not end a task that it has: it is taken over as from a dead one."""
        ...

    async def get(self, client_id: str, task_id: str) -> TaskDetail:
        """The task as it is now. NotFoundError when the client has none of that id."""
        ...

    async def wait(self, client_id: str, task_id: str) -> TaskDetail:
        """As ``get``, once the task is over, whichever process runs it."""
        ...

    async def list(
        self,
        client_id: str,
        *,
        status: TaskStatus | None = None,
        namespace: str | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> tuple[tuple[TaskRecord, ...], str | None]:
        """The client's tasks, newest first, and the cursor of the next page or None.

        Raises:
            InvalidRequestError: ``limit`` outside 1 to ``MAX_PAGE``, or a cursor not made here.
        """
        ...

    def events(self, client_id: str, task_id: str, after: int = 0) -> AsyncGenerator[Event, None]:
        """Events numbered above ``after``: those stored, then live ones, up to and with ``done``.

        They stop at the end of the task also when that is not above ``after``.
        It holds no connection between two events, and nothing once it is closed. The first step
        raises NotFoundError when the client has no such task.
        """
        ...

    async def request_cancel(self, client_id: str, task_id: str) -> None:
        """Ask the owner to cancel; a task that is queued, or whose owner is dead, ends here and now.

        Raises:
            NotFoundError: The client has no such task.
            ConflictError: ``task_over``.
        """
        ...

    async def add_feedback(
        self,
        client_id: str,
        task_id: str,
        status: FeedbackStatus,
        *,
        comment: str | None = None,
        corrected_sql: str | None = None,
    ) -> Feedback:
        """Keep feedback on a task that is over.

        Raises:
            NotFoundError: The client has no such task.
            ConflictError: ``task_running``.
        """
        ...

    async def feedback(self, client_id: str, task_id: str) -> tuple[Feedback, ...]:
        """All feedback on a task, newest first. NotFoundError as in ``get``."""
        ...

    async def standing_feedback(
        self,
        namespace: str,
        *,
        client_id: str | None = None,
        before: int | None = None,
        limit: int = MAX_PAGE,
    ) -> tuple[GivenFeedback, ...]:
        """The feedback that stands on the tasks of a namespace, of every client, newest first.

        It is for who runs the service, never for a client.

        Args:
            client_id: Only this client's.
            before: Only feedback with a lower ``key``: the last one of the page before.

        Raises:
            InvalidRequestError: ``limit`` outside 1 to ``MAX_PAGE``.
        """
        ...

    async def trace(self, client_id: str, task_id: str) -> tuple[TracedCall, ...]:
        """A task's requests to hosted models, in order; none before its end. NotFoundError as in ``get``."""
        ...

    async def purge_traces(self, before: datetime, *, limit: int) -> int:
        """Delete up to ``limit`` requests that ended before a time; returns how many. Usage stays."""
        ...

    async def purge(self, due: Due, *, after: Place | None = None, limit: int) -> Batch:
        """Delete up to ``limit`` tasks that are due, oldest first, or reduce them to what feedback needs.

        It is for who runs the service, as are the next two. See ``purging`` for a whole purge.
        """
        ...

    async def count_due(self, due: Due) -> tuple[int, int]:
        """How many tasks a purge would delete now, and how many it would reduce."""
        ...

    async def list_all(
        self,
        *,
        client_id: str | None = None,
        task_id: str | None = None,
        status: TaskStatus | None = None,
        namespace: str | None = None,
        before: int | None = None,
        limit: int = MAX_PAGE,
    ) -> tuple[TaskRecord, ...]:
        """The tasks of every client, newest first.

        Args:
            before: Only tasks with a lower ``id``: the last one of the page before.

        Raises:
            InvalidRequestError: ``limit`` outside 1 to ``MAX_PAGE``.
        """
        ...

    async def usage(self, by: UsageBy, *, since: date | None = None) -> tuple[UsageLine, ...]:
        """What all tasks that are over spent on hosted models, by name.

        Args:
            since: Only from this day (UTC) on.
        """
        ...

    async def usage_of_day(self, day: date) -> Mapping[str, Usage]:
        """What each client spent on a day (UTC); a cost that is not known counts as none."""
        ...

    async def count_tasks(self) -> tuple[TaskCount, ...]:
        """How many tasks there are and were, by workflow and status; those that were purged count on."""
        ...

    async def adopt(self, limit: int) -> Adopted:
        """Take tasks of processes that are gone, at most ``limit``; call it again and again, in every process.

        What was handed back is taken, and what a dead process had; a task whose cancel was asked for ends,
        and so does one with which ``MAX_ATTEMPTS`` processes died. Tasks of live processes are never touched,
        however long they are silent. Runs of this process whose task is no longer its own learn it here.
        """
        ...

    async def ping(self) -> None:
        """Raise UnavailableError unless the store takes writes now."""
        ...

    async def close(self) -> None:
        """Hand this process's open tasks back, so that others take them at once, and free everything."""
        ...
