"""What clients may spend on hosted models, and what is kept and counted of it, for the whole service."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any

from datus.auth import Client
from datus.config import BudgetConfig, CacheConfig, Secret, Settings
from datus.service.requests import RunRequest
from datus.tasks.store import TaskCount, TaskStore, TracedCall, UsageLine
from datus.workflow.budgets import Ledger
from datus.workflow.cache import AnswerCache
from datus.workflow.meter import TaskMeter
from datus.workflow.steps import Step, Workflow, every_step, settings_for, steps_of
from datus.workflow.tracing import Tracer


@dataclass(frozen=True, slots=True)
class Counters:
    """Tasks by workflow and status, and what was spent by model: of all processes, since the store began."""

    tasks: tuple[TaskCount, ...]
    models: tuple[UsageLine, ...]


class Spending:
    """Meters for tasks, and budgets for clients.

    Args:
        hosted: Nodes that ask hosted models; None: those whose model is one by the settings.
        clock: The time, aware of its zone.
    """

    def __init__(
        self,
        settings: Settings,
        store: TaskStore,
        hosted: frozenset[str] | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._store = store
        self._hosted = hosted
        self._clock = clock
        self._ledger = Ledger(store.usage_of_day, clock)
        self._tracer = Tracer(settings.trace, secrets_of(settings), clock)

    async def check(self, client: Client, workflow: Workflow, request: RunRequest) -> None:
        """Refuse a request that could only ask a model for which nothing is left today.

        Raises:
            BudgetError: ``details`` has the budget, its limit, what is spent and when it is new.
            UnavailableError: The store cannot be read.
        """
        budget = self._budget(client)
        daily = (budget.client_day_tokens, budget.client_day_usd, budget.day_usd)
        if all(limit is None for limit in daily) or request.metric_query is not None:
            return
        if not any(map(self._is_hosted, every_step(steps_of(workflow)))):
            return
        await self._ledger.refresh()
        self._ledger.check(client.id, replace(budget, request_tokens=None, request_usd=None))

    def meter(self, client: Client) -> TaskMeter:
        """The meter of a new task."""
        return TaskMeter(
            client.id, budget=self._budget(client), ledger=self._ledger, tracer=self._tracer
        )

    def _is_hosted(self, step: Step) -> bool:
        """Whether a step asks a hosted model."""
        if self._hosted is not None:
            return step.node in self._hosted
        values = settings_for(step, self._settings).node_settings.get(step.node, {})
        if values.get("judge") == "rules" or not values.get("model"):
            return False
        return self._settings.models[str(values["model"])].type != "offline"

    def _budget(self, client: Client) -> BudgetConfig:
        budget, own = self._settings.budget, client.budget_usd_per_day
        return budget if own is None else replace(budget, client_day_usd=own)


def make_cache(config: CacheConfig, clock: Callable[[], float]) -> AnswerCache | None:
    """The cache of answers; None where it is off."""
    if not config.answers:
        return None
    return AnswerCache(ttl_s=config.ttl_s, entries=config.entries, clock=clock)


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Every secret of the configuration, as text: none of them may reach a trace."""
    return tuple(secret.reveal() for secret in _secrets(settings))


def _secrets(value: Any) -> Iterator[Secret]:
    if isinstance(value, Secret):
        yield value
        return
    inner: Iterable[Any] = ()
    if is_dataclass(value):
        inner = [getattr(value, each.name) for each in fields(value)]
    elif hasattr(value, "values"):
        inner = value.values()
    elif isinstance(value, tuple):
        inner = value
    for each in inner:
        yield from _secrets(each)


def trace_line(number: int, call: TracedCall) -> dict[str, Any]:
    """A traced request as the API shows it."""
    usage = call.usage
    return {
        "number": number,
        "time": call.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "purpose": call.purpose,
        "model": call.model,
        "prompt_version": call.prompt_version,
        "system": call.system,
        "prompt": call.prompt,
        "answer": call.answer,
        "cut": call.cut,
        "error": call.error,
        "tokens": {
            "input": usage.input_tokens,
            "output": usage.output_tokens,
            "cached": usage.cached_tokens,
            "requests": usage.requests,
        },
        "cost_usd": usage.cost,
        "seconds": call.seconds,
    }
