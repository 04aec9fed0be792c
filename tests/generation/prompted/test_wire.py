"""From agent.yml to a candidate through the providers' real SDKs, against a server that speaks their formats."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from datus.config import Settings, load_settings
from datus.errors import ConfigError
from datus.generation.registry import make_generator
from datus.llm.base import ModelOutputError
from datus.llm.registry import Models
from tests.generation.prompted.conftest import CHINESE, ENGLISH, GOOD, KeptMeter, full_context
from tests.generation.prompted.test_metric_queries import SAID
from tests.llm import wire as wires
from tests.llm.wire import Answer, Provider, Status, Text, Wire

AGENT = """
agent:
  target: swan
  models:
    swan: {{type: {provider}, model: gpt-4o, base_url: "{url}", api_key: k, output: {output}, retries: 0}}
  namespace:
    shop: {{type: sqlite, uri: shop.sqlite}}
"""
PROVIDERS: tuple[Provider, ...] = ("openai", "claude", "gemini")


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with wires.serve() as server:
        yield server


def settings_of(
    folder: Path, wire: Wire, provider: Provider, more: str = "", output: str = "tool"
) -> Settings:
    path = folder / "agent.yml"
    text = AGENT.format(provider=provider, url=wire.url(provider), output=output) + more
    path.write_text(text, encoding="utf-8")
    return load_settings(path, env={}, home=folder, cwd=folder)


def models_of(settings: Settings) -> Models:
    return Models(settings.models, clock=time.monotonic, random=lambda: 0.5, sleep=asyncio.sleep)


@pytest.mark.parametrize("output", ["tool", "json"])
@pytest.mark.parametrize("provider", PROVIDERS)
async def test_answers_of_every_provider_become_candidates(
    tmp_path: Path, wire: Wire, meter: KeptMeter, provider: Provider, output: str
) -> None:
    settings = settings_of(tmp_path, wire, provider, output=output)
    models = models_of(settings)
    generator = make_generator(settings, settings.node_settings, models.get)
    wire.script = [Answer(GOOD)]
    (candidate,) = await generator.generate(full_context(CHINESE, meter))
    assert (candidate.sql, candidate.model) == (GOOD["sql"], "swan")
    wire.script = [Answer(SAID)]
    (choice,) = await generator.choose_metrics(full_context(ENGLISH, meter))
    assert choice.query.metrics == ("revenue",)
    first, second = wire.seen
    assert "已支付" in str(first.body)
    assert "customer__city" in str(second.body)
    assert [call.error for call in meter.calls] == [None, None]
    await models.close()


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_where_the_provider_fails_the_offline_generator_answers_and_says_so(
    tmp_path: Path, wire: Wire, meter: KeptMeter, provider: Provider
) -> None:
    settings = settings_of(tmp_path, wire, provider)
    models = models_of(settings)
    generator = make_generator(settings, settings.node_settings, models.get)
    wire.script = [Status(500)]
    plain = replace(
        full_context(ENGLISH, meter),
        question=replace(full_context(ENGLISH).question, text="How many customers?", ext_knowledge=None),
        values=(), times=(), comparisons=(), terms=(), attempts=(),
    )  # fmt: skip
    candidate = (await generator.generate(plain))[0]
    assert (candidate.generator, candidate.model) == ("offline", "")
    assert len(candidate.degraded) == 1
    assert "127.0.0.1" not in candidate.degraded[0]
    await models.close()


async def test_prose_is_never_read_as_sql(tmp_path: Path, wire: Wire, meter: KeptMeter) -> None:
    more = "  nodes: {generate_sql: {offline: never}}\n"
    settings = settings_of(tmp_path, wire, "openai", more)
    models = models_of(settings)
    generator = make_generator(settings, settings.node_settings, models.get)
    wire.script = [Text("Sure!\n```sql\nSELECT 1\n```")]
    with pytest.raises(ModelOutputError):
        await generator.generate(full_context(ENGLISH, meter))
    await models.close()


def test_a_bad_prompt_file_stops_the_start_whatever_the_model(tmp_path: Path) -> None:
    folder = tmp_path / "own" / "generate_sql" / "en"
    folder.mkdir(parents=True)
    (folder / "1.md").write_text("{{question}}", encoding="utf-8")
    path = tmp_path / "agent.yml"
    path.write_text(
        "agent:\n  prompts: {path: own}\n  namespace: {shop: {type: sqlite, uri: shop.sqlite}}\n",
        encoding="utf-8",
    )
    settings = load_settings(path, env={}, home=tmp_path, cwd=tmp_path)
    with pytest.raises(ConfigError, match=r"own/generate_sql/en/1\.md"):
        make_generator(settings, settings.node_settings, models_of(settings).get)
