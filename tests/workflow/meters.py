"""A task's meter for runs without a service."""

from datetime import UTC, date, datetime
from functools import partial

from datus.config import BudgetConfig, TraceConfig
from datus.errors import DatusError
from datus.types import Call, Usage
from datus.workflow.budgets import Ledger
from datus.workflow.meter import TaskMeter
from datus.workflow.tracing import Tracer


class Meter(TaskMeter):
    """A task's meter that keeps its calls, and whose budget a test can spend."""

    def __init__(self) -> None:
        async def nothing_spent(day: date) -> dict[str, Usage]:
            return {}

        now = partial(datetime.now, UTC)
        super().__init__(
            "c",
            budget=BudgetConfig(),
            ledger=Ledger(nothing_spent, now),
            tracer=Tracer(TraceConfig(), (), now),
        )
        self.calls: list[Call] = []
        self.refuses: DatusError | None = None

    def check(self) -> None:
        if self.refuses is not None:
            raise self.refuses
        super().check()

    def record(self, call: Call) -> None:
        super().record(call)
        self.calls.append(call)
