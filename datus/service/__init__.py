"""The service: requests in, tasks run, answers and events out."""

from datus.service.requests import MAX_TASK_CHARACTERS, TASK_ID, RunRequest
from datus.service.service import Answer, Service
from datus.service.spending import Counters

__all__ = ["MAX_TASK_CHARACTERS", "TASK_ID", "Answer", "Counters", "RunRequest", "Service"]
