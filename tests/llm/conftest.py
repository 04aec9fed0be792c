"""Models over a wire server on this machine; nothing else can be asked."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import models as pai_models

from datus.config import ModelConfig, Secret
from datus.llm.base import Asking
from datus.llm.registry import Models
from datus.types import Call, Prompt
from tests.llm import wire as wires

KEY = "sk-wire-5up3rs3cr3tk3y"


class Plan(BaseModel):
    """An answer of several parts."""

    sql: str
    tables: list[str]
    sure: float


PLAN = {"sql": "SELECT 1", "tables": ["orders", "客户"], "sure": 0.5}
PROMPT = Prompt("You write SQL.", "How many orders? 多少订单", "test/en/1")


class Ledger:
    """A meter that keeps what it is told."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.calls: list[Call] = []
        self.spent: Exception | None = None

    def check(self) -> None:
        if self.spent is not None:
            raise self.spent

    def record(self, call: Call) -> None:
        self.calls.append(call)


@pytest.fixture(autouse=True)
def _only_the_wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No key of whoever runs the tests, and no request by a test that has no wire server."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    with pai_models.override_allow_model_requests(False):
        yield


@pytest.fixture
async def wire(_only_the_wire: None) -> AsyncIterator[wires.Wire]:
    """The wire server; with it, and only with it, models may be asked."""
    async with wires.serve() as server:
        with pai_models.override_allow_model_requests(True):
            yield server


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(time.monotonic() + 60)


@pytest.fixture
def asking(ledger: Ledger) -> Asking:
    return Asking("test", ledger)


@pytest.fixture
async def models() -> AsyncIterator[Callable[..., Models]]:
    """Makes the models of configurations; waits for retries take no time and are noted in ``waits``."""
    made: list[Models] = []

    def make(*configs: ModelConfig, waits: list[float] | None = None) -> Models:
        async def sleep(seconds: float) -> None:
            if waits is not None:
                waits.append(seconds)
            await asyncio.sleep(0)

        every = {"offline": ModelConfig("offline")} | {each.name: each for each in configs}
        made.append(Models(every, clock=time.monotonic, random=lambda: 0.5, sleep=sleep))
        return made[-1]

    yield make
    for each in made:
        await each.close()


def config(wire: wires.Wire, provider: wires.Provider, name: str = "m", **more: Any) -> ModelConfig:
    """A model of this provider at the wire server."""
    known = {"openai": "gpt-4o", "claude": "claude-wire", "gemini": "gemini-2.5-flash"}
    own = {"api_key": Secret(KEY), "timeout_s": 30.0, "model": known[provider], "max_tokens": 1_024}
    given = {"base_url": wire.url(provider), **own, **more}
    return ModelConfig(name, provider, **given)
