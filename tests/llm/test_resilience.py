"""Retries, the circuit breaker and stand-ins: over the wire, and on a clock of the test's own."""

import asyncio
import time

import pytest

from datus.config import ModelConfig, Secret
from datus.errors import ConfigError
from datus.llm.base import (
    OF_THE_TASK,
    Asking,
    BudgetError,
    CircuitOpenError,
    ModelBusyError,
    ModelError,
    ModelOutputError,
    ModelRefusedError,
    ModelRejectedError,
    ModelTimeoutError,
)
from datus.llm.breaker import BreakingModel
from datus.llm.chain import ChainModel
from datus.llm.registry import Models
from datus.llm.retrying import RetryingModel
from datus.llm.scripted import ScriptedModel
from tests.llm.conftest import PLAN, PROMPT, Ledger, Plan, config
from tests.llm.wire import Answer, Status, Text

OTHER = {**PLAN, "sql": "SELECT 2"}


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def scripted(*steps, name="m"):
    """A model that raises or answers one step after another; the last one repeats."""
    left = list(steps)

    def script(prompt):
        step = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(step, Exception):
            raise step
        return step

    return ScriptedModel(script, name=name)


def retrying(clock, *steps, **settings):
    return RetryingModel(
        scripted(*steps),
        ModelConfig("m", "openai", "x", **settings),
        clock=clock,
        random=lambda: 0.5,
        sleep=clock.sleep,
    )


@pytest.fixture
def put(clock):
    """One question on the test's clock; its ledger is ``put.ledger``."""

    async def question(model, *, left=60.0, **asked):
        question.ledger = Ledger(clock.now + left)
        return await model.ask(PROMPT, Plan, Asking("test", question.ledger, **asked))

    return question


# --- retries


async def test_waits_double_and_are_spread(clock, put):
    busy = ModelBusyError("busy")
    assert (await put(retrying(clock, busy, busy, busy, PLAN, retries=3))).output == Plan(**PLAN)
    assert clock.waits == [0.5, 1.0, 2.0]
    assert len(put.ledger.calls) == 4


async def test_the_wait_that_the_provider_asks_for_is_kept(clock, put):
    await put(retrying(clock, ModelBusyError("busy", details={"retry_after": 10.0}), PLAN))
    assert clock.waits == [pytest.approx(10.5)]


async def test_no_try_begins_that_the_task_has_no_time_for(clock, put):
    busy = ModelBusyError("busy", details={"retry_after": 61.0})
    with pytest.raises(ModelBusyError):
        await put(retrying(clock, busy, PLAN), left=60)
    assert (clock.waits, len(put.ledger.calls)) == ([], 1)


async def test_retries_end(clock, put):
    with pytest.raises(ModelTimeoutError):
        await put(retrying(clock, ModelTimeoutError("slow"), retries=2))
    assert len(put.ledger.calls) == 3
    with pytest.raises(ModelBusyError):
        await put(retrying(clock, ModelBusyError("busy"), retries=0))
    assert len(put.ledger.calls) == 1


@pytest.mark.parametrize(
    "error", [ModelRejectedError("no"), ModelRefusedError("no"), CircuitOpenError("no")]
)
async def test_what_asking_again_does_not_help_is_not_asked_again(clock, put, error):
    with pytest.raises(type(error)):
        await put(retrying(clock, error, PLAN))
    assert len(put.ledger.calls) == 1


async def test_an_answer_of_another_form_is_asked_for_once_more_with_what_was_wrong(clock, put):
    wrong = ModelOutputError("no", details={"reason": "form", "problem": "sql: Field required"})
    assert (await put(retrying(clock, wrong, PLAN))).output == Plan(**PLAN)
    first, second = (call.prompt for call in put.ledger.calls)
    assert (first, second.system) == (PROMPT, PROMPT.system)
    assert second.user.startswith(PROMPT.user)
    assert "sql: Field required" in second.user
    with pytest.raises(ModelOutputError):
        await put(retrying(clock, wrong, wrong, PLAN))
    assert len(put.ledger.calls) == 2


@pytest.mark.parametrize(
    ("own", "asked", "then"), [(None, 700, 1_400), (500, None, 1_000), (500, 700, 1_400)]
)
async def test_an_answer_that_was_cut_off_gets_more_room(wire, models, asking, own, asked, then):
    wire.script = [Answer(PLAN, end="length"), Answer(PLAN)]
    model = models(config(wire, "openai", max_tokens=own)).get("m")
    await model.ask(PROMPT, Plan, Asking("test", asking.meter, max_tokens=asked))
    assert [seen.body["max_tokens"] for seen in wire.seen] == [asked or own, then]


async def test_without_a_limit_of_its_own_an_answer_that_was_cut_off_stays_so(clock, put):
    with pytest.raises(ModelOutputError):
        await put(retrying(clock, ModelOutputError("cut", details={"reason": "truncated"}), PLAN))
    assert len(put.ledger.calls) == 1


# --- the circuit breaker


async def failures(put, clock, model, count, error=ModelBusyError):
    for _ in range(count):
        clock.now += 1
        with pytest.raises(error):
            await put(model)


async def test_a_model_that_keeps_failing_is_left_alone_and_then_tried(clock, put):
    model = BreakingModel(
        scripted(*[ModelBusyError("down")] * 4, PLAN), clock=clock, failures=3, pause_s=30
    )
    await failures(put, clock, model, 3)
    await failures(put, clock, model, 2, CircuitOpenError)
    assert put.ledger.calls == [], "nobody was asked"
    clock.now += 31
    await failures(put, clock, model, 1)  # the one that tries it
    assert len(put.ledger.calls) == 1
    await failures(put, clock, model, 1, CircuitOpenError)
    clock.now += 31
    assert (await put(model)).output == Plan(**PLAN)
    assert (await put(model)).output == Plan(**PLAN)


async def test_only_one_question_tries_and_one_that_is_cancelled_tells_nothing(clock):
    def script(prompt):
        if clock.now < 101:
            raise ModelBusyError("down")
        return PLAN

    model = BreakingModel(ScriptedModel(script, delay_s=0.05), clock=clock, failures=1)
    asking = Asking("test", Ledger(1e9))
    with pytest.raises(ModelBusyError):
        await model.ask(PROMPT, Plan, asking)
    clock.now += 31
    probe = asyncio.create_task(model.ask(PROMPT, Plan, asking))
    await asyncio.sleep(0.01)
    with pytest.raises(CircuitOpenError):
        await model.ask(PROMPT, Plan, asking)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert (await model.ask(PROMPT, Plan, asking)).output == Plan(**PLAN)


async def test_failures_at_once_are_one_failure(clock, put):
    model = BreakingModel(scripted(*[ModelBusyError("reset")] * 20, PLAN), clock=clock, failures=2)
    for _ in range(20):
        with pytest.raises(ModelBusyError):
            await put(model)
    assert (await put(model)).output == Plan(**PLAN)


async def test_answers_of_no_use_rejections_and_short_tasks_are_no_failures(clock, put):
    busy = ModelBusyError("down")
    steps = [busy, ModelOutputError("bad"), busy, ModelRejectedError("no"), busy, PLAN]
    model = BreakingModel(scripted(*steps), clock=clock, failures=2)
    for _ in steps[:-1]:
        clock.now += 1
        with pytest.raises(ModelError):
            await put(model)
    assert (await put(model)).output == Plan(**PLAN)
    model = BreakingModel(
        scripted(ModelTimeoutError("end", details=OF_THE_TASK)), clock=clock, failures=2
    )
    await failures(put, clock, model, 5, ModelTimeoutError)
    assert len(put.ledger.calls) == 1


# --- models that stand in


async def test_the_next_model_answers_and_says_why(put):
    rejected = ModelRejectedError("see https://host: no such key", public="The key is not taken.")
    chain = ChainModel(
        [
            scripted(rejected, name="a"),
            scripted(ModelRefusedError("I will not."), name="b"),
            scripted(PLAN, name="c"),
        ]
    )
    reply = await put(chain)
    assert (chain.name, reply.model) == ("a", "c")
    assert reply.degraded == ("The key is not taken.", "I will not.")
    assert [(call.model, call.error is None) for call in put.ledger.calls] == [
        ("a", False),
        ("b", False),
        ("c", True),
    ]


async def test_when_all_fail_the_last_error_tells_of_each(put):
    chain = ChainModel(
        [scripted(ModelRejectedError("one"), name="a"), scripted(ModelBusyError("two"), name="b")]
    )
    with pytest.raises(ModelBusyError) as caught:
        await put(chain)
    assert caught.value.details["degraded"] == ["one", "two"]


async def test_a_spent_budget_asks_no_stand_in(put):
    asked: list[str] = []

    def never(prompt):
        asked.append("b")
        return PLAN

    with pytest.raises(BudgetError):
        await put(ChainModel([scripted(BudgetError("spent")), ScriptedModel(never)]))
    assert asked == []


# --- the whole, over the wire


async def test_a_busy_provider_is_asked_again_and_then_another_one_is(wire, models, ledger, asking):
    wire.script = [
        Status(429, headers={"Retry-After": "3"}),
        Status(503),
        Status(500),
        Answer(OTHER),
    ]
    waits: list[float] = []
    first = config(wire, "openai", "a", retries=2, fallback=("b", "offline"))
    reply = (
        await models(first, config(wire, "claude", "b"), waits=waits)
        .get("a")
        .ask(PROMPT, Plan, asking)
    )
    assert (reply.output.sql, reply.model) == ("SELECT 2", "b")
    assert [seen.provider for seen in wire.seen] == ["openai", "openai", "openai", "claude"]
    assert waits == [pytest.approx(3.15), pytest.approx(1.0)]
    assert reply.degraded == (ledger.calls[2].error["message"],)
    assert [call.model for call in ledger.calls] == ["a", "a", "a", "b"]


async def test_bad_json_is_told_to_the_model(wire, models, asking):
    wire.script = [Text('{"sql": '), Answer(PLAN)]
    reply = await models(config(wire, "gemini")).get("m").ask(PROMPT, Plan, asking)
    assert reply.output == Plan(**PLAN)
    assert "could not be used" in wire.seen[1].body["contents"][0]["parts"][0]["text"]


async def test_whoever_asks_for_a_model_shares_its_breaker_and_its_connections(wire, clock):
    configs = [config(wire, "openai", retries=0), config(wire, "openai", "n", fallback=("m",))]
    tools = {"clock": clock, "random": lambda: 0.5, "sleep": clock.sleep}
    every = Models({each.name: each for each in configs}, **tools)
    wire.script = [Status(500)]
    asking = Asking("test", Ledger(clock.now + 100))
    for _ in range(5):
        clock.now += 1
        with pytest.raises(ModelBusyError):
            await every.get("m").ask(PROMPT, Plan, asking)
    asked = len(wire.seen)
    with pytest.raises(CircuitOpenError):
        await every.get("m").ask(PROMPT, Plan, asking)
    assert len(wire.seen) == asked
    assert every.bare("m") is every.bare("m")
    await every.close()


def test_only_hosted_models_are_given_out():
    configs = {"offline": ModelConfig("offline"), "m": ModelConfig("m", "openai", "x")}
    every = Models(configs, clock=time.monotonic, random=lambda: 0.5, sleep=asyncio.sleep)
    assert every.get("m").name == "m"
    for name in ("offline", "other"):
        with pytest.raises(ConfigError, match="no hosted model"):
            every.get(name)


# --- keys


async def test_without_a_key_the_setting_is_named(models, asking):
    for kind in ("openai", "claude", "gemini"):
        model = models(ModelConfig("m", kind, "x", api_key=Secret(" "))).get("m")
        with pytest.raises(ModelRejectedError, match=r"agent\.models\.m\.api_key") as caught:
            await model.ask(PROMPT, Plan, asking)
        assert "no key" in caught.value.public


async def test_an_address_of_ones_own_needs_no_key(wire, models, asking):
    wire.script = [Answer(PLAN)]
    await models(config(wire, "openai", api_key=None)).get("m").ask(PROMPT, Plan, asking)
    assert wire.seen[0].key == "none"


async def test_a_key_that_is_replaced_in_its_file_is_read(wire, models, asking, tmp_path):
    path = tmp_path / "key"
    path.write_text("sk-old-key\n")
    model = models(config(wire, "claude", api_key=None, api_key_file=path)).get("m")
    wire.script = [Answer(PLAN), Status(401), Answer(PLAN)]
    await model.ask(PROMPT, Plan, asking)
    path.write_text("sk-new-key\n")
    with pytest.raises(ModelRejectedError):
        await model.ask(PROMPT, Plan, asking)
    await model.ask(PROMPT, Plan, asking)
    assert [seen.key for seen in wire.seen] == ["sk-old-key", "sk-old-key", "sk-new-key"]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        ("ключ".encode(), "printable"),
        (b"", "no key"),
    ],
)
async def test_a_file_that_holds_no_key(models, asking, tmp_path, content, part):
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    model = models(ModelConfig("m", "openai", "x", api_key_file=path)).get("m")
    with pytest.raises(ModelRejectedError) as caught:
        await model.ask(PROMPT, Plan, asking)
    assert part in caught.value.message
    assert str(path) not in caught.value.message


async def test_nothing_of_the_environment_is_told_to_a_provider(wire, models, asking, monkeypatch):
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.setenv(name, "told-to-nobody")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    wire.script = [Answer(PLAN)]
    for kind in ("openai", "claude", "gemini"):
        await models(config(wire, kind)).bare("m").ask(PROMPT, Plan, asking)
    assert len(wire.seen) == 3
    assert "told-to-nobody" not in repr([seen.headers for seen in wire.seen])
