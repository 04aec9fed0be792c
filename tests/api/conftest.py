"""The application over a real service, a real task store and a small SQLite shop; only the SQL is scripted."""

import asyncio
import itertools
import json
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from datus.api.app import create_app
from datus.api.context import Runtime
from datus.auth import Authenticator
from datus.config import Settings, load_settings
from datus.errors import RefusalError
from datus.generation.scripted import ScriptedGenerator
from datus.service import Service
from datus.telemetry import Measures, Telemetry
from datus.types import Candidate, GenerationContext

SECRET = "secret-of-the-tests"
AUTH = f"""
clients:
  alice: {SECRET}
  bob: {SECRET}
  tracer: {{secret: {SECRET}, scopes: ["workflows:run", "trace:read"]}}
  scraper: {{secret: {SECRET}, scopes: ["metrics:scrape"]}}
  rich: {{secret: {SECRET}, budget_usd_per_day: 10}}
  reader: {{secret: {SECRET}, scopes: ["workflows:read"]}}
  walled: {{secret: {SECRET}, namespaces: [shop]}}
jwt: {{secret_key: {"k" * 40}}}
"""
AGENT = """
agent:
  namespace:
    shop: {type: sqlite, uri: shop.db, description: A shop., knowledge: {metrics: metrics}}
    vault: {type: sqlite, uri: shop.db}
  models:
    guess: {type: offline, least_confidence: 0}
  workflow:
    two_ways:
      - schema_linking
      - parallel:
          - [generate_sql, execute_sql]
          - {workflow: fixed, settings: {generate_sql: {model: guess}, execute_sql: {max_rows: 5}}}
      - selection
      - output
"""
METRICS = """
semantic_models:
  - name: orders
    model: ref('orders')
    defaults: {agg_time_dimension: placed_on}
    entities: [{name: purchase, type: primary, expr: id}]
    dimensions:
      - {name: placed_on, type: time, expr: day, type_params: {time_granularity: day}}
      - {name: note, type: categorical, label: Note}
    measures: [{name: order_count, agg: count, expr: id}]
metrics:
  - name: orders_placed
    label: Orders placed
    description: Every order.
    type: simple
    type_params: {measure: order_count}
    config: {meta: {owner: sales, area: shop/web, examples: ["How many orders were placed?"]}}
"""
SCRIPT = {
    "How many orders?": "SELECT count(*) AS orders FROM orders",
    "Which orders?": "SELECT id, day, amount, note FROM orders ORDER BY id",
    "Exactly?": "SELECT big, 0.1 + 0.2 AS float, NULL AS absent, blob FROM exact",
    "Broken?": "SELECT nothing FROM nowhere",
    "Drop it": "DROP TABLE orders",
}


class GatedGenerator(ScriptedGenerator):
    """Answers from the script; questions that begin with "Slowly" wait for ``gate``."""

    def __init__(self) -> None:
        super().__init__(self._answers)
        self.gate = asyncio.Event()
        self.waiting: asyncio.Queue[str] = asyncio.Queue()
        self.asked: list[str] = []

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        self.asked.append(context.question.text)
        if context.question.text.startswith("Slowly"):
            self.waiting.put_nowait(context.question.text)
            await self.gate.wait()
        return await super().generate(context)

    @staticmethod
    def _answers(context: GenerationContext) -> list[str]:
        question = context.question.text.removeprefix("Slowly: ")
        if question == "Crash":
            raise RuntimeError("postgresql://user:hunter2@db/")
        if question not in SCRIPT:
            message = f"Nothing is known of {question!r}."
            raise RefusalError(message, code="unanswerable", details={"words": [question]})
        return [SCRIPT[question]]


@dataclass
class World:
    """The application and what stands behind it; ``call`` goes through the front door."""

    app: FastAPI
    http: httpx.AsyncClient
    service: Service
    generator: GatedGenerator
    tokens: dict[str, str]

    async def sign_in(self, client: str) -> dict[str, str]:
        """The header of a client."""
        if client not in self.tokens:
            form = {
                "grant_type": "client_credentials",
                "client_id": client,
                "client_secret": SECRET,
            }
            answer = await self.http.post("/auth/token", data=form)
            self.tokens[client] = answer.json()["access_token"]
        return {"Authorization": f"Bearer {self.tokens[client]}"}

    async def call(
        self, method: str, path: str, *, client: str = "alice", **request: Any
    ) -> httpx.Response:
        """A request as a client that is signed in."""
        headers = await self.sign_in(client) | request.pop("headers", {})
        return await self.http.request(method, path, headers=headers, **request)

    async def run(
        self,
        task: str,
        *,
        client: str = "alice",
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> httpx.Response:
        """``POST /workflows/run``."""
        body = {"workflow": "fixed", "namespace": "shop", "task": task, **fields}
        return await self.call(
            "POST", "/workflows/run", client=client, json=body, headers=headers or {}
        )

    async def start_slow(
        self, task_id: str, *, client: str = "alice"
    ) -> asyncio.Task[httpx.Response]:
        """A run that waits for the gate, once it does."""
        running = asyncio.create_task(
            self.run("Slowly: How many orders?", client=client, task_id=task_id)
        )
        await self.generator.waiting.get()
        return running

    @staticmethod
    def events(answer: httpx.Response) -> list[tuple[int, str, dict[str, Any]]]:
        """Id, name and data of every event of a stream, comments left out."""
        found = []
        for block in answer.text.split("\n\n"):
            lines = [line for line in block.split("\n") if line and not line.startswith(":")]
            if lines:
                fields = dict(line.split(": ", 1) for line in lines)
                found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
        return found


def make_shop(path: Path) -> None:
    """A small database."""
    connection = sqlite3.connect(path)
    connection.executescript(
        "BEGIN;"  # waits for the disk once
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, day DATE, amount REAL, note TEXT);"
        "INSERT INTO orders VALUES (1, '2024-01-01', 1.5, '中文'), (2, '2024-01-02', NULL, 'x');"
        "CREATE TABLE exact (big INTEGER, blob BLOB);"
        "INSERT INTO exact VALUES (9223372036854775807, x'00ff');"
        "COMMIT;"
    )
    connection.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    make_shop(tmp_path / "shop.db")
    (tmp_path / "agent.yml").write_text(AGENT)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "orders.yml").write_text(METRICS)
    (tmp_path / "auth_clients.yml").write_text(AUTH)
    return load_settings(tmp_path / "agent.yml", env={}, home=tmp_path / "home", cwd=tmp_path)


OpenWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
def open_world(tmp_path: Path) -> OpenWorld:
    """Serves settings with a generator; ``service`` is handed on to ``Service.open``."""

    @asynccontextmanager
    async def opened(
        settings: Settings,
        generator: Any,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        spans: Any = None,
        **service: Any,
    ) -> AsyncIterator[World]:
        telemetry = Telemetry(Measures(), spans)
        ids = itertools.count(1)

        @asynccontextmanager
        async def open_runtime() -> AsyncIterator[Runtime]:
            made = await Service.open(
                settings,
                clock=clock,
                random=os.urandom,
                generator=generator,
                telemetry=telemetry,
                **service,
            )
            try:
                path = tmp_path / "auth_clients.yml"
                authenticator = Authenticator(path, env={}, failures=made.rates.sign_ins)
                yield Runtime(made, authenticator, telemetry)
            finally:
                await made.close(0)

        app = create_app(open_runtime, new_id=lambda: f"request-{next(ids)}", clock=time.monotonic)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://datus") as http,
        ):
            yield World(app, http, app.state.runtime.service, generator, {})

    return opened


@pytest.fixture
async def world(settings: Settings, open_world: OpenWorld) -> AsyncIterator[World]:
    async with open_world(settings, GatedGenerator()) as opened:
        yield opened
