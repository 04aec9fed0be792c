"""What one task spends on hosted models: counted, held to budgets, and kept for its trace."""

from collections.abc import Mapping
from math import inf
from types import MappingProxyType

from datus.config import BudgetConfig
from datus.tasks.store import Spent, TracedCall
from datus.types import Call, Candidate, Usage
from datus.workflow.budgets import Ledger
from datus.workflow.tracing import Tracer, characters_of


class TaskMeter:
    """The meter of one run (see ``types.Meter``). Used on the event loop only.

    Attributes:
        model: Configured name of the model that was asked last; empty where none was.
        cached: Whether the SQL that stands was written for an earlier task.
        written: SQL that hosted models wrote in this run, by the key of the answer cache; it is kept there
            when the run answers.

    Args:
        budget: The service's, with the client's own in the place of those that it has.
    """

    def __init__(
        self, client_id: str, *, budget: BudgetConfig, ledger: Ledger, tracer: Tracer
    ) -> None:
        self.client_id = client_id
        self.model = ""
        self.cached = False
        self.written: dict[str, tuple[Candidate, ...]] = {}
        self._budget = budget
        self._ledger = ledger
        self._tracer = tracer
        self._deadline = inf
        self._usage: dict[str, Usage] = {}
        self._calls: list[TracedCall] = []
        self._characters = 0
        self._taken: tuple[Mapping[str, Usage], int] = ({}, 0)

    @property
    def deadline(self) -> float:
        """Time of the run's clock at which no further try of a model begins."""
        return self._deadline

    @property
    def usage(self) -> Mapping[str, Usage]:
        """What was spent so far, by model."""
        return MappingProxyType(self._usage)

    @property
    def total(self) -> Usage:
        """What was spent so far on all models."""
        return sum(self._usage.values(), Usage())

    def begin(self, deadline: float) -> None:
        """Say when the run's time is over, now that it begins."""
        self._deadline = deadline

    def check(self) -> None:
        """Raise BudgetError where a budget of the request, the client or the day is spent."""
        self._ledger.check(self.client_id, self._budget, self.total)

    def record(self, call: Call) -> None:
        """Count a call that was made, and keep of it what the trace keeps."""
        self.model = call.model
        self._usage[call.model] = self._usage.get(call.model, Usage()) + call.usage
        self._ledger.add(self.client_id, call.usage)
        traced = self._tracer.traced(call, len(self._calls), self._characters)
        if traced is not None:
            self._calls.append(traced)
            self._characters += characters_of(traced)

    def taken(self) -> Spent | None:
        """What was spent since the last call; None where nothing was."""
        usage, calls = self._taken
        if len(self._calls) == calls and self._usage == usage:
            return None
        new = {
            model: _less(total, usage.get(model, Usage())) for model, total in self._usage.items()
        }
        self._taken = (dict(self._usage), len(self._calls))
        return Spent(new, tuple(self._calls[calls:]))

    def resume(self, spent: Spent) -> None:
        """Count what an earlier attempt of the task spent."""
        for model, usage in spent.usage.items():
            self.model = model
            self._usage[model] = self._usage.get(model, Usage()) + usage
            self._ledger.add(self.client_id, usage)
        self._calls.extend(spent.calls)
        self._characters += sum(map(characters_of, spent.calls))
        self._taken = (dict(self._usage), len(self._calls))

    def spent(self) -> Spent:
        """What is stored with the task's end."""
        return Spent(dict(self._usage), tuple(self._calls))

    def settle(self) -> None:
        """Say that the run is over and its end is stored, as far as it can be. Call it once."""
        self._ledger.settle(self.client_id, self.total)


def _less(total: Usage, earlier: Usage) -> Usage:
    """What is in a sum and not in an earlier one; its cost is known where both are."""
    known = total.cost is not None and earlier.cost is not None
    return Usage(
        total.requests - earlier.requests,
        total.input_tokens - earlier.input_tokens,
        total.output_tokens - earlier.output_tokens,
        total.cached_tokens - earlier.cached_tokens,
        (total.cost or 0.0) - (earlier.cost or 0.0) if known else None,
    )
