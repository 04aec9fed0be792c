"""Models that stand in for each other."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from datus.llm.base import Asking, Model, ModelError, Reply, T
from datus.types import Prompt

_log = logging.getLogger(__name__)


class ChainModel:
    """The first model answers; where it fails, the next one does, and the reply says why.

    Args:
        models: At least one, in order.
    """

    def __init__(self, models: Sequence[Model]) -> None:
        self._models = tuple(models)

    @property
    def name(self) -> str:
        """Name of the first model."""
        return self._models[0].name

    async def ask(self, prompt: Prompt, output: type[T], asking: Asking) -> Reply[T]:
        """See ``Model.ask``.

        Raises:
            ModelError: That of the last model; ``details["degraded"]`` has a line for each.
            BudgetError: A budget is spent; no further model is asked.
        """
        reasons: list[str] = []
        for model in self._models:
            try:
                reply = await model.ask(prompt, output, asking)
            except ModelError as error:
                _log.warning("%s: %s (%s)", asking.purpose, error.message, error.code)
                reasons.append(error.public)
                last = error
            else:
                return replace(reply, degraded=(*reasons, *reply.degraded))
        last.details["degraded"] = reasons
        raise last
