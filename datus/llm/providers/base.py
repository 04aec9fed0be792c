"""What every provider's file gives: a model of pydantic-ai over a client of ours."""

from dataclasses import dataclass
from typing import Protocol

import httpx2
from pydantic_ai.models import Model
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings

from datus.config import ModelConfig


@dataclass(frozen=True, slots=True)
class Connection:
    """A model that can be asked.

    Attributes:
        settings: What this provider alone knows, sent with each request.
        listed: Whether its name has one price, so that the list of known prices holds. A server of
            one's own may serve a model of a known name for nothing.
    """

    model: Model
    settings: ModelSettings
    listed: bool = True


def told_profile(config: ModelConfig) -> ModelProfile | None:
    """What the configuration knows of a model better than its name can tell.

    Whoever sets ``output: json`` knows that the endpoint takes a schema.
    """
    return ModelProfile(supports_json_schema_output=True) if config.output == "json" else None


class Provider(Protocol):
    """A provider's module."""

    BASE_URL: str
    """Where its models are when nothing is configured; a key is needed there."""

    def connect(self, config: ModelConfig, key: str | None, http: httpx2.AsyncClient) -> Connection:
        """The model behind a configuration.

        Args:
            config: Of a hosted type; ``model`` is set.
            key: None where the configuration has none and none is needed.
            http: Carries the requests; follows no redirect, so that no key goes elsewhere.

        The SDK's own retries are off, and nothing is taken from its variables of the environment.
        """
        ...
