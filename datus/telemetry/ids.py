"""Whose work is being done: what every log line and span of it has. A run inherits them from its request."""

from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")
"""Id of the request that is being served, or that began the run."""

TASK_ID: ContextVar[str] = ContextVar("task_id", default="-")
"""Id of the task that is being run."""

TRACE_PARENT: ContextVar[str | None] = ContextVar("trace_parent", default=None)
"""The request's ``traceparent`` header (https://www.w3.org/TR/trace-context/), as it came."""
