"""Google's Gemini."""

import httpx2
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.settings import ModelSettings

from datus.config import ModelConfig
from datus.llm.providers.base import Connection, told_profile

BASE_URL = "https://generativelanguage.googleapis.com"
_NO_KEY = "none"


def connect(config: ModelConfig, key: str | None, http: httpx2.AsyncClient) -> Connection:
    """The model behind ``config``, over this client; Gemini caches equal beginnings by itself."""
    provider = GoogleProvider(
        api_key=key or _NO_KEY, http_client=http, base_url=config.base_url or BASE_URL
    )
    assert config.model is not None
    model = GoogleModel(config.model, provider=provider, profile=told_profile(config))
    return Connection(model, ModelSettings())
