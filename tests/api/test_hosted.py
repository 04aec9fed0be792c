"""A hosted model behind the HTTP API, over OpenAI's wire format: what it answers, and what becomes of its faults."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from datus.config import load_settings
from tests.llm import wire as wires
from tests.llm.wire import Answer, Status, Wire

KEY = "sk-wire-0123456789abcdef"
MODEL = """
  target: gpt
  nodes: {{generate_sql: {{offline: {offline}}}, fix: {{max_attempts: 1}}}}
  trace: {{texts: true}}
{more}
"""
COUNT = {
    "sql": "SELECT count(*) AS n FROM orders",
    "tables": ["orders"],
    "assumptions": ["Every row is one order."],
    "confidence": 0.9,
}
WRONG = {**COUNT, "sql": "SELECT sum(amuont) AS total FROM orders"}
RIGHT = {**COUNT, "sql": "SELECT sum(amount) AS total FROM orders"}
# 1,000 tokens in and 50 out, by the wire server's count, at the prices below.
COST = (1_000 * 2 + 50 * 10) / 1_000_000


@dataclass
class Desk:
    """A served shop whose SQL comes from the wire server."""

    world: Any
    wire: Wire

    async def ask(self, question: str = "How many orders?", **fields: Any) -> dict[str, Any]:
        answer = await self.world.run(question, **fields)
        assert answer.status_code == 200, answer.text
        assert KEY not in answer.text
        found: dict[str, Any] = answer.json()
        return found

    def told(self) -> list[str]:
        """What the model was told, one text a request."""
        return [
            "\n".join(each["content"] for each in seen.body["messages"]) for seen in self.wire.seen
        ]


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with wires.serve() as server:
        yield server


@pytest.fixture
def serve(settings: Any, open_world: Any, tmp_path: Path, wire: Wire) -> Callable[..., Any]:
    """Serves the shop with the model ``gpt`` and a script of what it answers."""

    @asynccontextmanager
    async def served(
        *script: wires.Step, offline: str = "never", more: str = ""
    ) -> AsyncIterator[Desk]:
        wire.script = list(script)
        path = tmp_path / "agent.yml"
        model = (
            f'    gpt: {{type: openai, base_url: "{wire.url("openai")}", model: gpt-4o, api_key: {KEY},'
            " price_input: 2, price_output: 10, retries: 0}\n"
        )
        text = path.read_text().replace("  models:\n", f"  models:\n{model}")
        path.write_text(text + MODEL.format(offline=offline, more=more))
        loaded = load_settings(path, env={}, home=tmp_path / "home", cwd=tmp_path)
        async with open_world(loaded, None) as world:
            yield Desk(world, wire)

    return served


async def test_an_answer_says_who_wrote_it_and_what_it_cost(serve):
    async with serve(Answer(COUNT)) as desk:
        answer = await desk.ask(workflow="nl2sql")
    assert (answer["status"], answer["result"]) == ("completed", [{"n": 2}])
    metadata = answer["metadata"]
    assert (metadata["generator"], metadata["model"]) == ("hosted", "gpt")
    assert metadata["tokens"] == {"input": 1_000, "output": 50, "cached": 400, "requests": 1}
    assert metadata["cost_usd"] == pytest.approx(COST)
    assert metadata["assumptions"] == COUNT["assumptions"]
    assert not metadata.get("degraded")
    (seen,) = desk.wire.seen
    assert seen.key == KEY
    assert "How many orders?" in desk.told()[0]
    assert "amount" in desk.told()[0]  # the schema too


async def test_a_wrong_column_goes_back_with_what_would_be_right(serve):
    async with serve(Answer(WRONG), Answer(RIGHT)) as desk:
        answer = await desk.ask("What is the total amount?", workflow="nl2sql")
    assert (answer["status"], answer["result"]) == ("completed", [{"total": 1.5}])
    assert answer["metadata"]["tokens"]["requests"] == 2
    first, second = desk.told()
    assert WRONG["sql"] not in first
    assert WRONG["sql"] in second
    assert "amuont" in second.split("Error: ")[1]
    assert "amount" in second.split("Error: ")[1].partition("\n")[0]


async def test_a_statement_that_changes_data_is_refused_and_changes_nothing(serve, tmp_path):
    async with serve(Answer({**COUNT, "sql": "DELETE FROM orders"})) as desk:
        for workflow in ("fixed", "nl2sql"):
            answer = await desk.ask("Delete every order", workflow=workflow)
            assert (answer["status"], answer["error"]["code"]) == ("refused", "unsafe_sql")
            assert answer["result"] is None
    connection = sqlite3.connect(tmp_path / "shop.db")
    (kept,) = connection.execute("SELECT count(*) FROM orders").fetchone()
    connection.close()
    assert kept == 2


async def test_the_offline_generator_answers_for_a_model_that_fails_and_says_so(serve):
    async with serve(Status(500, "overloaded", echo_key=True), offline="on_failure") as desk:
        answer = await desk.ask("How many orders?", workflow="nl2sql")
    assert answer["status"] == "completed", answer
    assert list(answer["result"][0].values()) == [2]
    metadata = answer["metadata"]
    assert metadata["generator"] == "offline"
    (why,) = metadata["degraded"]
    assert "gpt" in why
    assert "127.0.0.1" not in why
    assert len(desk.wire.seen) == 1


async def test_without_a_stand_in_a_failing_model_is_a_failed_task(serve):
    async with serve(Status(500)) as desk:
        answer = await desk.ask()
    assert (answer["status"], answer["error"]["code"]) == ("failed", "model_busy")
    assert answer["metadata"]["model"] == "gpt"


async def test_a_spent_budget_refuses_before_the_model_is_asked(serve):
    more = f"  budget: {{client_day_usd: {COST}}}"
    async with serve(Answer(COUNT), more=more) as desk:
        await desk.ask()
        refused = await desk.world.run("How many orders?")
        assert (refused.status_code, refused.json()["code"]) == (429, "budget_spent")
        assert int(refused.headers["retry-after"]) > 0
        assert len(desk.wire.seen) == 1
        assert (await desk.ask(client="bob"))["status"] == "completed"


async def test_a_trace_shows_what_was_asked_and_said_to_whom_it_belongs(serve):
    async with serve(Answer(COUNT)) as desk:
        await desk.ask(client="tracer", task_id="t")
        await desk.ask(client="bob", task_id="u")
        found = await desk.world.call("GET", "/workflows/t/trace", client="tracer")
        assert found.status_code == 200
        assert KEY not in found.text
        (call,) = found.json()["calls"]
        assert (call["model"], call["error"]) == ("gpt", None)
        assert call["cost_usd"] == pytest.approx(COST)
        assert "How many orders?" in call["prompt"]
        assert COUNT["sql"] in call["answer"]
        other = await desk.world.call("GET", "/workflows/u/trace", client="tracer")
        assert (other.status_code, other.json()["code"]) == (404, "task_not_found")
        without = await desk.world.call("GET", "/workflows/u/trace", client="bob")
        assert (without.status_code, without.json()["details"]) == (403, {"scope": "trace:read"})


async def test_a_stream_tells_the_way_to_an_answer_that_was_mended(serve):
    async with serve(Answer(WRONG), Answer(RIGHT)) as desk:
        answer = await desk.world.run("What is the total amount?", workflow="nl2sql", mode="async")
        events = desk.world.events(answer)
    assert [number for number, _, _ in events] == list(range(1, len(events) + 1))
    assert (events[0][1], events[-1][1]) == ("started", "done")
    assert events[-1][2]["status"] == "completed"
    ready = [data for _, name, data in events if name == "output_ready"]
    assert [each["result"] for each in ready] == [[{"total": 1.5}]]
    assert ready[0]["metadata"]["generator"] == "hosted"
    written = [data["sql"] for _, name, data in events if name == "sql_generated"]
    assert len(written) >= 1
    assert "amount" in written[-1]
    assert KEY not in answer.text


async def test_an_answer_of_no_use_is_asked_for_once_more(serve):
    async with serve(wires.Text("Sure! SELECT 1"), Answer(COUNT)) as desk:
        answer = await desk.ask()
    assert (answer["status"], answer["metadata"]["tokens"]["requests"]) == ("completed", 2)
    first, second = desk.told()
    assert "could not be used" not in first
    assert "could not be used" in second
