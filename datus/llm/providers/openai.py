"""OpenAI, and every endpoint that speaks its chat completions."""

from collections.abc import Callable
from urllib.parse import urlsplit

import httpx2
from openai import AsyncOpenAI
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles import ModelProfile, merge_profile
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.alibaba import AlibabaProvider
from pydantic_ai.providers.deepseek import DeepSeekProvider
from pydantic_ai.providers.ollama import OllamaProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.providers.openrouter import OpenRouterProvider
from pydantic_ai.providers.vllm import VLLMProvider
from pydantic_ai.settings import ModelSettings

from datus.config import ModelConfig
from datus.llm.providers.base import Connection, told_profile

BASE_URL = "https://api.openai.com/v1"
_NO_KEY = "none"  # the SDK sends no request without a key; servers of one's own ask for none

_Profiles = Callable[[str], ModelProfile | None]

# Hosts whose models differ from OpenAI's in what they take: a forced tool, strict schemas, names of fields.
_HOSTS: tuple[tuple[str, _Profiles], ...] = (
    ("openai.com", OpenAIProvider.model_profile),
    ("azure.com", OpenAIProvider.model_profile),
    ("deepseek.com", DeepSeekProvider.model_profile),
    ("aliyuncs.com", AlibabaProvider.model_profile),
    ("openrouter.ai", OpenRouterProvider.model_profile),
    ("ollama.com", OllamaProvider.model_profile),
)
_OLLAMA_PORT = 11_434


def connect(config: ModelConfig, key: str | None, http: httpx2.AsyncClient) -> Connection:
    """The model behind ``config``, over this client; OpenAI caches equal beginnings by itself."""
    url = config.base_url or BASE_URL
    profiles = _profiles(url)
    client = AsyncOpenAI(api_key=key or _NO_KEY, base_url=url, http_client=http, max_retries=0)
    # The SDK takes both from the environment, and would tell them to any endpoint.
    client.organization = client.project = None
    provider = OpenAICompatibleProvider(
        "openai" if config.base_url is None else "openai-compatible",
        openai_client=client,
        profile=profiles,
    )
    assert config.model is not None
    return Connection(
        OpenAIChatModel(config.model, provider=provider, profile=told_profile(config)),
        ModelSettings(),
        listed=any(profiles is hosted for _, hosted in _HOSTS),
    )


def _profiles(url: str) -> _Profiles:
    address = urlsplit(url)
    host = address.hostname or ""
    for ending, profiles in _HOSTS:
        if host == ending or host.endswith("." + ending):
            return profiles
    return _ollama if address.port == _OLLAMA_PORT else _cautious


def _ollama(model: str) -> ModelProfile | None:
    return OllamaProvider.model_profile(model)


def _cautious(model: str) -> ModelProfile | None:
    """For servers of one's own: one system message, ``max_tokens`` by its old name, no strict schemas."""
    careful = OpenAIModelProfile(
        openai_chat_supports_max_completion_tokens=False,
        openai_supports_strict_tool_definition=False,
    )
    return merge_profile(VLLMProvider.model_profile(model), careful)
