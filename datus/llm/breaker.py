"""A circuit breaker: a model that keeps failing is left alone for a while, so that no task waits for it."""

import math
from collections.abc import Callable

from datus.llm.base import (
    OF_THE_TASK,
    Asking,
    CircuitOpenError,
    Model,
    ModelBusyError,
    ModelError,
    Reply,
    T,
)
from datus.types import Prompt

FAILURES = 5
PAUSE_S = 30.0
APART_S = 1.0


class BreakingModel:
    """A model that is not asked for ``pause_s`` seconds after ``failures`` failures in a row.

    Then one question tries it, while others are still turned away; an answer closes the circuit,
    another failure opens it again. Failures are those of a busy provider; an answer that cannot
    be used, and a rejection, show that it is there. Failures less than ``apart_s`` seconds apart
    count as one: a lost connection fails many questions at once and says it once.

    Args:
        clock: Seconds.
    """

    def __init__(
        self,
        inner: Model,
        *,
        clock: Callable[[], float],
        failures: int = FAILURES,
        pause_s: float = PAUSE_S,
        apart_s: float = APART_S,
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._most = failures
        self._pause_s = pause_s
        self._apart_s = apart_s
        self._failed = 0
        self._failed_at = -math.inf
        self._open_until: float | None = None
        self._probing = False

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self._inner.name

    async def ask(self, prompt: Prompt, output: type[T], asking: Asking) -> Reply[T]:
        """See ``Model.ask``.

        Raises:
            CircuitOpenError: The model is left alone; it was not asked.
        """
        probe = self._enter()
        try:
            reply = await self._inner.ask(prompt, output, asking)
        except ModelBusyError as error:
            if error.details != OF_THE_TASK:
                self._fail(probe)
            raise
        except ModelError:
            self._close()
            raise
        finally:
            if probe:  # a probe that was cancelled tells nothing; the next question is one
                self._probing = False
        self._close()
        return reply

    def _enter(self) -> bool:
        """Whether this question is the one that tries an open circuit."""
        if self._open_until is None:
            return False
        left = self._open_until - self._clock()
        if left > 0 or self._probing:
            raise CircuitOpenError(
                f"Model {self.name!r} failed {self._most} times in a row and is not asked for "
                f"{self._pause_s:g} s.",
                details={"retry_after": max(left, 0.0)},
            )
        self._probing = True
        return True

    def _fail(self, probe: bool) -> None:
        now = self._clock()
        if now - self._failed_at >= self._apart_s:
            self._failed += 1
            self._failed_at = now
        if probe or (self._failed >= self._most and self._open_until is None):
            self._open_until = now + self._pause_s

    def _close(self) -> None:
        self._failed = 0
        self._open_until = None
