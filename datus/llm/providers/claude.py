"""Anthropic's Claude."""

import httpx2
from anthropic import AsyncAnthropic
from pydantic_ai.models.anthropic import AnthropicModel, AnthropicModelSettings
from pydantic_ai.providers.anthropic import AnthropicProvider

from datus.config import ModelConfig
from datus.llm.providers.base import Connection, told_profile

BASE_URL = "https://api.anthropic.com"
_NO_KEY = "none"


def connect(config: ModelConfig, key: str | None, http: httpx2.AsyncClient) -> Connection:
    """The model behind ``config``, over this client. Its system part and schema are cached for 5 minutes."""
    client = AsyncAnthropic(
        api_key=key or _NO_KEY,
        base_url=config.base_url or BASE_URL,
        http_client=http,
        max_retries=0,
    )
    assert config.model is not None
    model = AnthropicModel(
        config.model,
        provider=AnthropicProvider(anthropic_client=client),
        profile=told_profile(config),
    )
    settings = AnthropicModelSettings(
        anthropic_cache_instructions=True, anthropic_cache_tool_definitions=True
    )
    return Connection(model, settings)
