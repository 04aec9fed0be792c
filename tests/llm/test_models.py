"""What hosted models cost in start-up, what is said where their packages are missing, prices, estimates."""

import subprocess
import sys

import pytest

from datus.config import ModelConfig, Secret
from datus.llm.base import ModelRejectedError
from datus.llm.providers.openai import connect
from datus.llm.registry import PROVIDERS
from datus.llm.usage import estimate_tokens
from tests.llm.conftest import PLAN, PROMPT, Plan, config
from tests.llm.wire import Answer, Raw


def test_a_service_that_asks_no_model_loads_no_sdk():
    code = (
        "import sys; import datus.api.app, datus.service, datus.llm.registry\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules} & "
        "{'openai', 'anthropic', 'google', 'pydantic_ai', 'httpx2', 'genai_prices', 'tiktoken'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("kind", PROVIDERS)
async def test_missing_packages_are_named_with_what_to_install(models, asking, monkeypatch, kind):
    monkeypatch.delitem(sys.modules, PROVIDERS[kind], raising=False)
    missing = {"openai": "openai", "claude": "anthropic", "gemini": "pydantic_ai.providers.google"}
    monkeypatch.setitem(sys.modules, missing[kind], None)
    model = models(ModelConfig("m", kind, "x", api_key=Secret("k"))).bare("m")
    with pytest.raises(ModelRejectedError) as caught:
        await model.ask(PROMPT, Plan, asking)
    assert "pip install 'datus[models]'" in caught.value.message


@pytest.mark.parametrize(
    ("url", "listed", "field"),
    [
        (None, True, "max_completion_tokens"),
        ("https://api.openai.com/v1", True, "max_completion_tokens"),
        ("https://api.deepseek.com", True, "max_tokens"),
        ("https://openrouter.ai/api/v1", True, "max_tokens"),
        ("http://localhost:11434/v1", False, None),
        ("http://gpu:8000/v1", False, "max_tokens"),
        ("https://notopenai.com/v1", False, "max_tokens"),
    ],
)
def test_what_an_endpoint_takes_goes_by_its_host(url, listed, field):
    from datus.llm.http import make_client

    found = connect(ModelConfig("m", "openai", "qwen/some-model", base_url=url), "k", make_client())
    assert found.listed is listed
    own = found.model.profile.get("openai_chat_supports_max_completion_tokens", True)
    assert field is None or own is (field == "max_completion_tokens")


async def test_a_known_model_of_a_known_provider_has_its_price(wire, models, ledger, asking):
    wire.script = [Answer(PLAN)]
    priced = models(config(wire, "gemini", model="gemini-2.5-flash"), config(wire, "openai", "own"))
    await priced.bare("m").ask(PROMPT, Plan, asking)
    await priced.bare("own").ask(PROMPT, Plan, asking)
    known, own = (call.usage.cost for call in ledger.calls)
    assert known is not None
    assert 0 < known < 0.01
    assert own is None, "a server of one's own may serve a model of a known name for nothing"


async def test_a_name_that_is_none_of_the_providers_is_said_so(models, asking):
    wrong = ModelConfig("m", "openai", "gpt", base_url="https://openrouter.ai/api/v1")
    with pytest.raises(ModelRejectedError, match="must be prefixed"):
        await models(wrong).bare("m").ask(PROMPT, Plan, asking)


def test_tokens_by_estimate():
    assert estimate_tokens("") == 0
    assert estimate_tokens("How many orders?") == 4
    assert estimate_tokens("订单数量") == 4


async def test_a_gateway_that_keeps_the_connection_open_with_white_space(wire, models, asking):
    wire.script = [Raw("\n\n  ")]
    with pytest.raises(Exception, match="interface") as caught:
        await models(config(wire, "openai")).bare("m").ask(PROMPT, Plan, asking)
    assert caught.value.code == "model_output"
