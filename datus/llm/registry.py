"""Hosted models by their names in the configuration; a new provider is one line here."""

from collections.abc import Awaitable, Callable, Mapping

from datus.config import ModelConfig
from datus.errors import ConfigError
from datus.llm.base import Model
from datus.llm.breaker import BreakingModel
from datus.llm.chain import ChainModel
from datus.llm.hosted import HostedModel
from datus.llm.retrying import RetryingModel

PROVIDERS: Mapping[str, str] = {
    "openai": "datus.llm.providers.openai",
    "claude": "datus.llm.providers.claude",
    "gemini": "datus.llm.providers.gemini",
}
"""Module of each hosted type; modules are loaded when a model of theirs is first asked."""


def is_hosted(config: ModelConfig) -> bool:
    """Whether a model is asked over the network."""
    return config.type in PROVIDERS


class Models:
    """The hosted models of a process: whoever asks for one shares its connections and its breaker.

    Args:
        configs: All configured models, ``offline`` among them.
        clock: Seconds; the clock that meters' deadlines are of.
        random: A number in [0, 1).
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        configs: Mapping[str, ModelConfig],
        *,
        clock: Callable[[], float],
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._configs = configs
        self._clock = clock
        self._random = random
        self._sleep = sleep
        self._hosted: dict[str, HostedModel] = {}
        self._guarded: dict[str, Model] = {}

    def get(self, name: str) -> Model:
        """The model, with retries and a breaker, and the hosted ones of its ``fallback`` behind it.

        Raises:
            ConfigError: It is no hosted model.
        """
        config = self._config(name)
        hosted = [each for each in config.fallback if is_hosted(self._configs[each])]
        return ChainModel([self._one(each) for each in (name, *hosted)])

    def bare(self, name: str) -> HostedModel:
        """The model without retries, breaker and fallback: what it answers is its own.

        Raises:
            ConfigError: It is no hosted model.
        """
        if name not in self._hosted:
            config = self._config(name)
            self._hosted[name] = HostedModel(config, PROVIDERS[config.type], clock=self._clock)
        return self._hosted[name]

    async def close(self) -> None:
        """Close all connections."""
        for model in self._hosted.values():
            await model.close()

    def _one(self, name: str) -> Model:
        if name not in self._guarded:
            self._guarded[name] = RetryingModel(
                BreakingModel(self.bare(name), clock=self._clock),
                self._configs[name],
                clock=self._clock,
                random=self._random,
                sleep=self._sleep,
            )
        return self._guarded[name]

    def _config(self, name: str) -> ModelConfig:
        config = self._configs.get(name)
        if config is None or not is_hosted(config):
            raise ConfigError(f"agent.models.{name} is no hosted model.")
        return config
