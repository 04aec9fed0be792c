"""Asks a model again where that may help, as long as the task has time."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from datus.config import ModelConfig
from datus.llm.base import (
    Asking,
    CircuitOpenError,
    Model,
    ModelBusyError,
    ModelOutputError,
    Reply,
    T,
)
from datus.types import Prompt

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 20.0


class RetryingModel:
    """A model that is asked again after a busy provider, and once more after an answer of no use.

    Args:
        config: Of the model: how often it is asked again, and how long its answers may be.
        clock: Seconds; the clock that the meter's deadline is of.
        random: A number in [0, 1) that spreads the waits of many tasks.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        inner: Model,
        config: ModelConfig,
        *,
        clock: Callable[[], float],
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._inner = inner
        self._config = config
        self._clock = clock
        self._random = random
        self._sleep = sleep

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self._inner.name

    async def ask(self, prompt: Prompt, output: type[T], asking: Asking) -> Reply[T]:
        """See ``Model.ask``. Waits double from about half a second, or are what the provider asks for."""
        busy = 0
        mended = False
        while True:
            try:
                return await self._inner.ask(prompt, output, asking)
            except CircuitOpenError:
                raise
            except ModelBusyError as error:
                wait = self._wait(error, busy)
                if busy == self._config.retries or self._clock() + wait >= asking.meter.deadline:
                    raise
                busy += 1
                await self._sleep(wait)
            except ModelOutputError as error:
                again = None if mended else _mended(prompt, asking, error, self._config.max_tokens)
                if again is None or self._clock() >= asking.meter.deadline:
                    raise
                mended = True
                prompt, asking = again

    def _wait(self, error: ModelBusyError, before: int) -> float:
        """Seconds to wait; never less than the provider asks for, spread by up to a half more."""
        asked = error.details.get("retry_after")
        if isinstance(asked, int | float):
            return float(asked) * (1 + 0.1 * self._random())
        return min(_FIRST_WAIT_S * 2.0**before, _LONGEST_WAIT_S) * (0.5 + self._random())


def _mended(
    prompt: Prompt, asking: Asking, error: ModelOutputError, most: int | None
) -> tuple[Prompt, Asking] | None:
    """The question once more, with what was wrong with the answer; None where asking again is no use."""
    match error.details.get("reason"):
        case "truncated":
            # The same question would be cut at the same place; only more room helps.
            most = asking.max_tokens or most
            return None if most is None else (prompt, replace(asking, max_tokens=most * 2))
        case "size":
            return None
        case "json" | "form":
            told = (
                f"\n\nYour last answer could not be used: {error.details['problem']}. "
                "Answer again, in the form asked for and nothing else."
            )
            return replace(prompt, user=prompt.user + told), asking
        case _:
            return prompt, asking
