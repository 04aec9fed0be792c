"""How long tasks are kept, and what a purge did: values that ``store`` and ``keeping`` share."""

from dataclasses import dataclass
from datetime import datetime

from datus.types import TaskStatus


@dataclass(frozen=True, slots=True)
class Due:
    """The tasks of one final status that were kept long enough.

    Attributes:
        finished_before: Those that ended before this are due.
        feedback_before: A due task with feedback given at this time or later is reduced to what feedback
            needs, and stays; None: with any feedback, however old.
    """

    status: TaskStatus
    finished_before: datetime
    feedback_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch ended: the end of its last task, as stored, and that task's key."""

    finished_at: str
    key: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch did.

    Attributes:
        deleted: Tasks that are gone, with all that belonged to them.
        reduced: Tasks that stay for their feedback, without rows, events and traces.
        after: Where the next batch goes on; None when nothing more is due.
    """

    deleted: int
    reduced: int
    after: Place | None
