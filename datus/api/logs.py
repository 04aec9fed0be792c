"""Log lines: one form for the service and for uvicorn, each with the id of its request."""

import logging
from contextvars import ContextVar
from typing import Any

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")


class RequestIdFilter(logging.Filter):
    """Puts the id of the request that is being served on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add ``request_id``; no record is held back."""
        record.request_id = REQUEST_ID.get()
        return True


def log_config(*, debug: bool) -> dict[str, Any]:
    """The ``logging.config`` dictionary of every process of the server.

    Debug logging is for datus and uvicorn only: a library's debug lines may hold what it was given.
    """
    level = "DEBUG" if debug else "INFO"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": "datus.api.logs.RequestIdFilter"}},
        "formatters": {
            "line": {
                "format": "%(asctime)s %(levelname)s [%(process)d] %(request_id)s %(name)s: %(message)s"
            }
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["request_id"],
            }
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"datus": {"level": level}, "uvicorn": {"level": level}},
    }
