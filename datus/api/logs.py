"""Log lines: one form for the service and for uvicorn, each with the ids of its request and its task."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Literal

from datus.telemetry import REQUEST_ID, TASK_ID

LogFormat = Literal["text", "json"]


class IdsFilter(logging.Filter):
    """Puts the ids of the request that is being served, and of the task that is being run, on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add ``request_id``, ``task_id`` and both as ``ids``; no record is held back."""
        request, task = REQUEST_ID.get(), TASK_ID.get()
        record.request_id, record.task_id = request, task
        record.ids = request if task == "-" else f"{request} {task}"
        return True


class JsonLines(logging.Formatter):
    """One JSON object a line. An id that there is none of is null."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record that went through ``IdsFilter``."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": _known(record, "request_id"),
            "task_id": _known(record, "task_id"),
            "pid": record.process,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def _known(record: logging.LogRecord, name: str) -> str | None:
    value = record.__dict__.get(name, "-")
    return None if value == "-" else value


def log_config(*, debug: bool, form: LogFormat = "text") -> dict[str, Any]:
    """The ``logging.config`` dictionary of every process of the server.

    Debug logging is for datus and uvicorn only: a library's debug lines may hold what it was given.
    """
    level = "DEBUG" if debug else "INFO"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"ids": {"()": "datus.api.logs.IdsFilter"}},
        "formatters": {
            "text": {
                "format": "%(asctime)s %(levelname)s [%(process)d] %(ids)s %(name)s: %(message)s"
            },
            "json": {"()": "datus.api.logs.JsonLines"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": form,
                "filters": ["ids"],
            }
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"datus": {"level": level}, "uvicorn": {"level": level}},
    }
