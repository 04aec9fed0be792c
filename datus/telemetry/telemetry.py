"""The one object that the rooms above tell what they do; with neither part it costs next to nothing."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datus.errors import (
    DatabaseUnreachableError,
    StatementTimeoutError,
)
from datus.telemetry.ids import REQUEST_ID
from datus.telemetry.measures import Measures

if TYPE_CHECKING:
    from datus.telemetry.spans import Spans

Ended = Callable[[str, str | None], None]
"""Called with the status that a run ended with, and the code of its error, if any."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Figures and spans of what a process does.

    Attributes:
        measures: Keeps durations and counts; None: they are not kept.
        spans: Sends spans to a collector; None: there are none.
        clock: Seconds that never fall.
    """

    measures: Measures | None = None
    spans: "Spans | None" = None
    clock: Callable[[], float] = time.monotonic

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around a task's wait for its turn."""
        with ExitStack() as stack:
            if self.measures is not None:
                stack.enter_context(self.measures.waiting.track_inprogress())
            yield

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Around an event stream."""
        with ExitStack() as stack:
            if self.measures is not None:
                stack.enter_context(self.measures.streams.track_inprogress())
            yield

    @contextmanager
    def task(
        self, *, task_id: str, workflow: str, namespace: str, question: str
    ) -> Iterator[Ended]:
        """Around a run. Call what it gives with how it ended, before leaving."""
        began = self.clock()
        with ExitStack() as stack:
            tell = None
            found = "lost"  # its fence failed: whatever it came to belongs to somebody else's run

            def ended(status: str, code: str | None) -> None:
                nonlocal found
                found = status
                if tell is not None:
                    tell(status, code)

            if self.measures is not None:
                stack.enter_context(self.measures.running.track_inprogress())
            if self.spans is not None:
                about = {
                    "datus.task_id": task_id,
                    "datus.request_id": REQUEST_ID.get(),
                    "datus.workflow": workflow,
                    "datus.namespace": namespace,
                }
                tell = stack.enter_context(self.spans.of_task(about, question))
            try:
                yield ended
            finally:
                if self.measures is not None:
                    self.measures.task(workflow, found, self.clock() - began)

    @contextmanager
    def node(self, node: str) -> Iterator[None]:
        """Around a node, or around the branches of a fork."""
        began, status = self.clock(), "failed"
        with ExitStack() as stack:
            if self.spans is not None:
                stack.enter_context(self.spans.of_node(node))
            try:
                yield
                status = "completed"
            finally:
                if self.measures is not None:
                    self.measures.node(node, status, self.clock() - began)

    @contextmanager
    def statement(self, dialect: str, operation: str, database: str, sql: str) -> Iterator[None]:
        """Around a statement.

        Args:
            dialect: Of the database, as ``datus.types.Dialect``.
            operation: ``execute`` or ``explain``.
            database: Its name within its namespace.
            sql: The statement, for spans where the settings allow texts.
        """
        began, outcome = self.clock(), "completed"
        with ExitStack() as stack:
            if self.spans is not None:
                about = {
                    "db.system.name": dialect,
                    "db.operation.name": operation,
                    "datus.database": database,
                }
                stack.enter_context(self.spans.of_statement(about, sql))
            try:
                yield
            except BaseException as error:
                outcome = _outcome(error)
                raise
            finally:
                if self.measures is not None:
                    self.measures.statement(dialect, operation, outcome, self.clock() - began)

    def taken_over(self, count: int) -> None:
        """So many tasks of a dead process are this one's now."""
        if self.measures is not None:
            self.measures.taken_over(count)

    def close(self) -> None:
        """Send the spans that are left and give up the place among the workers. It may take seconds."""
        if self.spans is not None:
            self.spans.close()
        if self.measures is not None:
            self.measures.close()


def _outcome(error: BaseException) -> str:
    if isinstance(error, StatementTimeoutError):
        return "timeout"
    if isinstance(error, DatabaseUnreachableError):
        return "unreachable"
    return "failed" if isinstance(error, Exception) else "cancelled"


SILENT = Telemetry()
"""Tells nobody."""
