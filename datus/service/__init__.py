"""The service: requests in, tasks run, answers and events out."""

from datus.service.requests import MAX_TASK_CHARACTERS, TASK_ID, RunRequest
from datus.service.service import Answer, Service

__all__ = ["MAX_TASK_CHARACTERS", "TASK_ID", "Answer", "RunRequest", "Service"]
