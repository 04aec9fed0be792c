"""The one interface of all hosted models: a prompt and the type of its answer in, a checked answer out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from datus.errors import DatusError
from datus.types import Meter, Prompt

T = TypeVar("T", bound=BaseModel)

OF_THE_TASK: Mapping[str, str] = {"limit": "task"}
"""Details of a timeout that came of the task's own end, not of a slow model."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How one question is put to a model.

    Attributes:
        purpose: Which node asks, and for what; a trace shows it.
        meter: Is told every request; also knows when the task's time is over.
        temperature: None leaves it to the model's own setting.
        max_tokens: Most tokens of an answer; None leaves it to the model's own setting.
        timeout_s: Longest time of one request; a stream that never ends is cut off by it too.
    """

    purpose: str
    meter: Meter
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """An answer of the type that was asked for.

    Attributes:
        model: Configured name of the model that gave it.
        degraded: Why models before it in the list did not answer; empty where it was the first.
    """

    output: T
    model: str
    degraded: tuple[str, ...] = ()


class Model(Protocol):
    """A hosted model, or a list of them that stand in for each other."""

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        ...

    async def ask(self, prompt: Prompt, output: type[T], asking: Asking) -> Reply[T]:
        """One answer, checked against ``output``'s schema; every request is recorded with the meter.

        Raises:
            ModelError: What became of it; its subclasses say whether to ask again.
            BudgetError: A budget is spent; the meter raises it before a request.
        """
        ...


class ModelError(DatusError):
    """A hosted model that gave no answer that can be used; its message names no address and no key."""

    default_code = "model_failed"


class ModelBusyError(ModelError):
    """Asked too often, overloaded, or a fault of the provider that may pass (HTTP 429, 5xx, no connection).

    ``details["retry_after"]`` are seconds, where the provider said so.
    """

    default_code = "model_busy"


class CircuitOpenError(ModelBusyError):
    """A model that failed too often in a row and is left alone for a while; it was not asked."""


class ModelTimeoutError(ModelBusyError):
    """No answer within the time of a request, an endless one among them."""

    default_code = "model_timeout"


class ModelRejectedError(ModelError):
    """The provider does not take the request: key, model name, size or form. Asking again does not help."""

    default_code = "model_rejected"


class ModelOutputError(ModelError):
    """What came is not of the form that was asked for: no JSON, cut off, or another content type."""

    default_code = "model_output"


class ModelRefusedError(ModelError):
    """The model or its provider declines to answer (a content filter, a refusal in place of an answer)."""

    default_code = "model_refused"


class BudgetError(DatusError):
    """A budget for models is spent (HTTP 429); ``details`` names it, its limit and when it is new."""

    default_code = "budget_spent"
