"""What hosted models cost, over HTTP: figures, budgets, the cache, the trace; only the model is scripted."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from datus.config import load_settings
from datus.errors import RefusalError
from datus.generation.base import MetricChoice
from datus.llm.base import Asking, ModelOutputError, Reply, T
from datus.llm.scripted import ScriptedModel
from datus.types import Call, Candidate, GenerationContext, Meter, Prompt

HOSTED = frozenset({"generate_sql"})
COUNT = "SELECT count(*) AS orders FROM orders"
KEY = "sk-live-0123456789abcdef"


class Written(BaseModel):
    sql: str


@dataclass
class Priced:
    """A meter that knows what a request costs."""

    inner: Meter
    cost: float | None

    @property
    def deadline(self) -> float:
        return self.inner.deadline

    def check(self) -> None:
        self.inner.check()

    def record(self, call: Call) -> None:
        self.inner.record(replace(call, usage=replace(call.usage, cost=self.cost)))


class PricedModel(ScriptedModel):
    cost: float | None = 0.5

    async def ask(self, prompt: Prompt, output: type[T], asking: Asking) -> Reply[T]:
        return await super().ask(
            prompt, output, replace(asking, meter=Priced(asking.meter, self.cost))
        )


@dataclass
class PromptedGenerator:
    """Asks a model for SQL as often as ``asks`` says; keeps what it was asked."""

    answer: Callable[[str], str] = lambda question: COUNT
    asks: int = 1
    degraded: tuple[str, ...] = ()
    name: str = "prompted"
    version: str = "main generate_sql/en/1"
    asked: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None

    def __post_init__(self) -> None:
        self.model = PricedModel(self._script, name="main")

    def _script(self, prompt: Prompt) -> dict[str, str]:
        question = json.loads(prompt.user)["question"]
        self.asked.append(question)
        return {"sql": self.answer(question)}

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        assert context.meter is not None
        told = {"question": context.question.text, "told": context.question.ext_knowledge}
        prompt = Prompt("Write SQL.", json.dumps(told), "generate_sql/en/1")
        for _ in range(self.asks):
            reply = await self.model.ask(prompt, Written, Asking("generate_sql", context.meter))
        if self.gate is not None:
            await self.gate.wait()
        return (
            Candidate(
                reply.output.sql,
                1.0,
                (),
                (),
                generator=self.name,
                model=reply.model,
                degraded=self.degraded,
            ),
        )

    async def choose_metrics(self, context: GenerationContext) -> tuple[MetricChoice, ...]:
        raise RefusalError("No metric.", code="unanswerable")


@dataclass
class Shop:
    """What a test needs of a served shop with a hosted model; ``now`` may be moved on."""

    world: Any
    generator: PromptedGenerator
    moment: list[datetime]

    async def ask(self, question: str = "How many?", **fields: Any) -> dict[str, Any]:
        answer = await self.world.run(question, **fields)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def serve(settings: Any, open_world: Any, tmp_path: Path) -> Callable[..., Any]:
    """Serves the shop with more lines under ``agent``."""

    @asynccontextmanager
    async def served(
        extra: str = "", generator: Any = None, *, days: int = 0, **service: Any
    ) -> AsyncIterator[Shop]:
        path = tmp_path / "agent.yml"
        if extra not in path.read_text():
            path.write_text(f"{path.read_text()}{extra}\n")
        loaded = load_settings(path, env={}, home=tmp_path / "home", cwd=tmp_path)
        generator = generator or PromptedGenerator()
        moment = [datetime(2024, 1, 15, 12, tzinfo=UTC) + timedelta(days=days)]
        service.setdefault("hosted", HOSTED)
        opened = open_world(loaded, generator, clock=lambda: moment[0], **service)
        async with opened as world:
            yield Shop(world, generator, moment)

    return served


# --- figures


async def test_an_answer_says_what_it_cost(serve):
    async with serve() as shop:
        metadata = (await shop.ask())["metadata"]
        assert metadata["tokens"]["requests"] == 1
        assert metadata["tokens"]["input"] > 0
        assert metadata["tokens"]["output"] > 0
        assert (metadata["cost_usd"], metadata["cached"]) == (0.5, False)


async def test_so_do_failures_and_refusals(serve):
    def answer(question: str) -> str:
        if question == "Refuse":
            raise RefusalError("No.", code="unanswerable")
        if question == "Garbled":
            raise ModelOutputError("Not JSON.")
        return "DROP TABLE orders"

    async with serve(generator=PromptedGenerator(answer)) as shop:
        for question, status, code in (
            ("Refuse", "refused", "unanswerable"),
            ("Garbled", "failed", "model_output"),
            ("Hidden", "refused", "unsafe_sql"),
        ):
            body = await shop.ask(question)
            assert (body["status"], body["error"]["code"]) == (status, code)
            metadata = body["metadata"]
            assert metadata["tokens"]["requests"] == 1, question
            assert (metadata["cost_usd"], metadata["model"]) == (0.5, "main"), question


async def test_an_unknown_price_is_no_price(serve):
    async with serve() as shop:
        shop.generator.model.cost = None
        metadata = (await shop.ask())["metadata"]
        assert metadata["cost_usd"] is None
        assert metadata["tokens"]["requests"] == 1


async def test_without_a_hosted_model_nothing_is_spent(world):
    metadata = (await world.run("How many orders?")).json()["metadata"]
    assert metadata["tokens"] == {"input": 0, "output": 0, "cached": 0, "requests": 0}
    assert (metadata["cost_usd"], metadata["cached"]) == (0.0, False)


# --- budgets


async def test_a_task_stops_at_its_own_budget(serve):
    async with serve("  budget: {request_usd: 1}", PromptedGenerator(asks=5)) as shop:
        body = await shop.ask()
        assert (body["status"], body["error"]["code"]) == ("failed", "budget_spent")
        assert body["error"]["details"] == {"budget": "request_usd", "limit": 1.0, "spent": 1.0}
        assert body["metadata"]["tokens"]["requests"] == 2
        assert (await shop.ask())["metadata"]["cost_usd"] == 1.0  # each task has its own


async def test_tokens_of_a_task_are_a_budget_too(serve):
    async with serve("  budget: {request_tokens: 1}", PromptedGenerator(asks=2)) as shop:
        body = await shop.ask()
        assert body["error"]["details"]["budget"] == "request_tokens"
        assert body["metadata"]["tokens"]["requests"] == 1


async def test_a_client_whose_day_is_spent_is_refused_before_a_task_is_made(serve):
    async with serve("  budget: {client_day_usd: 1}") as shop:
        await shop.ask(task_id="one")
        await shop.ask()
        refused = await shop.world.run("How many?", task_id="late")
        assert (refused.status_code, refused.json()["code"]) == (429, "budget_spent")
        assert refused.json()["details"] == {
            "budget": "client_day_usd",
            "limit": 1.0,
            "spent": 1.0,
            "renewed_at": "2024-01-16T00:00:00Z",
            "retry_after": 43_201,
        }
        assert refused.headers["retry-after"] == "43201"
        assert (await shop.world.call("GET", "/workflows/late")).status_code == 404
        assert len(shop.generator.asked) == 2
        again = await shop.ask(task_id="one")  # asks nothing
        assert again["status"] == "completed"
        assert (await shop.ask(client="bob"))["status"] == "completed"
        shop.moment[0] += timedelta(days=1)
        assert (await shop.ask())["status"] == "completed"


async def test_a_client_may_have_a_budget_of_its_own(serve):
    async with serve("  budget: {client_day_usd: 0}") as shop:
        assert (await shop.world.run("How many?")).status_code == 429
        assert (await shop.ask(client="rich"))["status"] == "completed"


async def test_the_day_of_all_clients_together(serve):
    async with serve("  budget: {day_usd: 1}") as shop:
        await shop.ask()
        await shop.ask(client="bob")
        refused = await shop.world.run("How many?", client="rich")
        assert refused.json()["details"]["budget"] == "day_usd"


async def test_what_was_spent_before_a_restart_counts(serve):
    extra = "  budget: {client_day_tokens: 5}"
    async with serve(extra) as shop:
        await shop.ask()
    async with serve(extra) as shop:
        refused = await shop.world.run("How many?")
        assert refused.json()["details"]["budget"] == "client_day_tokens"
        assert refused.json()["details"]["spent"] > 5


async def test_running_tasks_count(serve):
    generator = PromptedGenerator(gate=asyncio.Event())
    async with serve("  budget: {client_day_usd: 0.5}", generator) as shop:
        running = asyncio.create_task(shop.ask())
        while not generator.asked:  # noqa: ASYNC110  a real wait for another task
            await asyncio.sleep(0.01)
        assert (await shop.world.run("How many?")).status_code == 429
        generator.gate.set()
        assert (await running)["status"] == "completed"
        shop.moment[0] += timedelta(seconds=2)
        refused = await shop.world.run("How many?")  # and are not counted twice once they are over
        assert refused.json()["details"]["spent"] == 0.5


async def test_what_asks_no_hosted_model_goes_on(serve):
    async with serve("  budget: {client_day_usd: 0}") as shop:
        query = {"namespace": "shop", "query": {"metrics": ["orders_placed"]}}
        answer = await shop.world.call("POST", "/metrics/query", json=query)
        assert (answer.status_code, answer.json()["status"]) == (200, "completed")
    async with serve(hosted=frozenset()) as shop:
        # Whoever asks a model all the same is held back in the run.
        assert (await shop.ask())["error"]["code"] == "budget_spent"
        assert shop.generator.asked == []


# --- the cache


def add_order(folder: Path) -> None:
    connection = sqlite3.connect(folder / "shop.db")
    with connection:
        connection.execute("INSERT INTO orders (day) VALUES ('2024-01-03')")
    connection.close()


async def test_the_cache_is_off_unless_turned_on(serve):
    async with serve() as shop:
        assert [(await shop.ask())["metadata"]["cached"] for _ in range(2)] == [False, False]
        assert len(shop.generator.asked) == 2


CACHE = "  cache: {answers: true, ttl_s: 600}"


async def test_sql_is_used_again_and_rows_are_not(serve, tmp_path):
    async with serve(CACHE) as shop:
        first = await shop.ask()
        add_order(tmp_path)
        second = await shop.ask()
        assert (first["result"], second["result"]) == ([{"orders": 2}], [{"orders": 3}])
        assert (first["metadata"]["cached"], second["metadata"]["cached"]) == (False, True)
        assert second["sql"] == first["sql"]
        assert second["metadata"]["tokens"]["requests"] == 0
        assert shop.generator.asked == ["How many?"]


@pytest.mark.parametrize(
    "changed",
    [
        {"client": "bob"},
        {"namespace": "vault"},
        {"ext_knowledge": "Orders are purchases."},
        {"current_date": "2024-02-01"},
        {"task": "How many ?"},
    ],
    ids=lambda changed: next(iter(changed)),
)
async def test_another_asking_asks_the_model(serve, changed):
    async with serve(CACHE) as shop:
        await shop.ask()
        again = await shop.ask(**{"question": changed.pop("task", "How many?"), **changed})
        assert again["metadata"]["cached"] is False
        assert len(shop.generator.asked) == 2


async def test_changed_knowledge_asks_the_model(serve, tmp_path):
    async with serve(CACHE + "\n  server: {schema_ttl_s: 0}") as shop:
        await shop.ask()
        assert (await shop.ask())["metadata"]["cached"] is True
        connection = sqlite3.connect(tmp_path / "shop.db")
        connection.execute("CREATE TABLE refunds (id INTEGER PRIMARY KEY)")
        connection.close()
        assert (await shop.ask())["metadata"]["cached"] is False


async def test_other_prompts_ask_the_model(serve):
    async with serve(CACHE) as shop:
        await shop.ask()
        shop.generator.version = "main generate_sql/en/2"
        assert (await shop.ask())["metadata"]["cached"] is False


async def test_what_stood_in_or_did_not_answer_is_not_kept(serve):
    generator = PromptedGenerator(degraded=("main: busy",))
    async with serve(CACHE, generator) as shop:
        await shop.ask()
        await shop.ask()
        assert len(generator.asked) == 2
        generator.degraded = ()
        generator.answer = lambda question: "DROP TABLE orders"
        assert (await shop.ask())["status"] == "refused"
        assert (await shop.ask())["metadata"]["cached"] is False


# --- the trace


async def test_a_trace_has_figures_and_no_texts_by_default(serve):
    async with serve() as shop:
        await shop.ask(client="tracer", task_id="t")
        answer = await shop.world.call("GET", "/workflows/t/trace", client="tracer")
        assert answer.status_code == 200
        (call,) = answer.json()["calls"]
        assert call["purpose"] == "generate_sql"
        assert (call["model"], call["prompt_version"]) == ("main", "generate_sql/en/1")
        assert (call["system"], call["prompt"], call["answer"]) == (None, None, None)
        assert (call["cost_usd"], call["error"], call["number"]) == (0.5, None, 1)
        assert call["tokens"]["requests"] == 1
        assert call["time"] == "2024-01-15T12:00:00.000Z"


async def test_texts_are_kept_when_wished_and_redacted(serve, tmp_path):
    extra = (
        "  trace: {texts: true, redact: ['CASE-\\d+']}\n"
        f"  knowledge: {{embeddings: {{type: none, api_key: '{KEY}'}}}}"
    )
    question = f"mail ada@example.com, 13812345678, CASE-77 on 2024-01-15 with {KEY}"
    async with serve(extra) as shop:
        await shop.ask(question, client="tracer", task_id="t")
        answer = await shop.world.call("GET", "/workflows/t/trace", client="tracer")
        (call,) = answer.json()["calls"]
        assert call["system"] == "Write SQL."
        assert "mail [email], [number], [redacted] on 2024-01-15 with [secret]" in call["prompt"]
        assert json.loads(call["answer"]) == {"sql": COUNT}
    connection = sqlite3.connect(tmp_path / "home" / "state.db")
    kept = str(connection.execute("SELECT * FROM trace").fetchall())
    connection.close()
    assert "example.com" not in kept
    assert KEY not in kept


async def test_a_failed_request_is_traced(serve):
    def answer(question: str) -> str:
        raise ModelOutputError("Not JSON, said bob@example.com.")

    async with serve(generator=PromptedGenerator(answer)) as shop:
        await shop.ask(client="tracer", task_id="t")
        found = await shop.world.call("GET", "/workflows/t/trace", client="tracer")
        (call,) = found.json()["calls"]
        assert call["error"] == {"code": "model_output", "message": "Not JSON, said [email]."}


async def test_a_trace_needs_its_scope_and_its_task(serve):
    async with serve() as shop:
        await shop.ask(task_id="t")
        refused = await shop.world.call(
            "GET", "/workflows/t/trace"
        )  # no scopes listed: not this one
        assert (refused.status_code, refused.json()["details"]) == (403, {"scope": "trace:read"})
        other = await shop.world.call("GET", "/workflows/t/trace", client="tracer")
        assert (other.status_code, other.json()["code"]) == (404, "task_not_found")


async def test_no_trace_is_kept_when_it_is_off(serve):
    async with serve("  trace: {enabled: false}") as shop:
        await shop.ask(client="tracer", task_id="t")
        found = await shop.world.call("GET", "/workflows/t/trace", client="tracer")
        assert found.json() == {"task_id": "t", "calls": []}


async def test_old_traces_are_gone_after_a_start(serve):
    extra = "  trace: {keep_days: 7}"
    async with serve(extra) as shop:
        await shop.ask(client="tracer", task_id="t")

    for days, left in ((6, 1), (8, 0)):
        async with serve(extra, days=days) as shop:
            await asyncio.sleep(0.1)  # the purge runs beside the start
            found = await shop.world.call("GET", "/workflows/t/trace", client="tracer")
            assert len(found.json()["calls"]) == left
