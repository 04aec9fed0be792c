"""All providers, through their real SDKs, against the wire server: one suite."""

import asyncio
import logging
import time
import traceback

import pytest

from datus.llm.base import (
    Asking,
    ModelBusyError,
    ModelError,
    ModelOutputError,
    ModelRefusedError,
    ModelRejectedError,
    ModelTimeoutError,
)
from datus.types import Usage
from tests.llm import wire as wires
from tests.llm.conftest import KEY, PLAN, PROMPT, Ledger, Plan, config
from tests.llm.wire import Answer, Raw, Status, Text

PROVIDERS = ["openai", "claude", "gemini"]
HTML = "<html><body>Sign in to the network</body></html>"


@pytest.fixture(params=PROVIDERS)
def provider(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request):
    return request.param


@pytest.fixture
def ask(wire, models, provider, stream, asking):
    """One question to a model of the provider; the wire's script is given first."""

    async def put(*script, asked: Asking = asking, **more):
        wire.script = list(script)
        model = models(config(wire, provider, stream=stream, **more)).bare("m")
        return await model.ask(PROMPT, Plan, asked)

    return put


@pytest.fixture
def failure(ask, ledger):
    """The error that a script leads to, which is recorded once and told to nobody with the key."""

    async def put(*script, **more):
        with pytest.raises(ModelError) as caught:
            await ask(*script, **more)
        error = caught.value
        (call,) = ledger.calls
        assert call.error == {"code": error.code, "message": error.public}
        assert call.usage.requests == 1
        shown = "".join(traceback.format_exception(error)) + repr(error.details) + error.public
        assert KEY not in shown
        assert "127.0.0.1" not in error.message + error.public
        return error

    return put


@pytest.mark.parametrize("output", ["tool", "json", "prompted"])
async def test_a_typed_answer(ask, wire, ledger, provider, stream, output):
    reply = await ask(Answer(PLAN), output=output)
    assert reply.output == Plan(**PLAN)
    assert (reply.model, reply.degraded) == ("m", ())
    (seen,) = wire.seen
    assert (seen.provider, seen.streamed, seen.key) == (provider, stream, KEY)
    assert (seen.tool is not None) == (output == "tool")
    (call,) = ledger.calls
    assert (call.purpose, call.model, call.prompt, call.error) == ("test", "m", PROMPT, None)
    assert Plan.model_validate_json(call.answer) == Plan(**PLAN)
    assert call.seconds > 0


async def test_the_prompt_goes_out_whole_and_system_apart(ask, wire, provider):
    await ask(Answer(PLAN))
    body = wire.seen[0].body
    match provider:
        case "openai":
            assert body["messages"][0] == {"role": "system", "content": PROMPT.system}
            assert body["messages"][1] == {"role": "user", "content": PROMPT.user}
        case "claude":
            # The part that is the same for every question is marked for the provider's cache.
            (system,) = body["system"]
            assert (system["text"], system["cache_control"]["type"]) == (PROMPT.system, "ephemeral")
            assert body["tools"][-1]["cache_control"]["type"] == "ephemeral"
            assert body["messages"] == [
                {"role": "user", "content": [{"type": "text", "text": PROMPT.user}]}
            ]
        case "gemini":
            assert body["systemInstruction"]["parts"] == [{"text": PROMPT.system}]
            assert body["contents"] == [{"role": "user", "parts": [{"text": PROMPT.user}]}]


async def test_settings_of_the_model_and_of_the_question(ask, wire, provider, ledger):
    def sent():
        body = wire.seen.pop().body
        found = body.get("generationConfig", body)
        names = ("max_tokens", "max_completion_tokens", "maxOutputTokens")
        return found["temperature"], next(found[name] for name in names if name in found)

    await ask(Answer(PLAN), temperature=0.25, max_tokens=700)
    assert sent() == (0.25, 700)
    asked = Asking("test", ledger, temperature=0.5, max_tokens=900)
    await ask(Answer(PLAN), asked=asked, temperature=0.25, max_tokens=700)
    assert sent() == (0.5, 900)


async def test_tokens_and_cost(ask, ledger):
    await ask(Answer(PLAN), price_input=2.0, price_output=10.0)
    cost = (wires.INPUT_TOKENS * 2.0 + wires.OUTPUT_TOKENS * 10.0) / 1e6
    (call,) = ledger.calls
    expected = Usage(1, wires.INPUT_TOKENS, wires.OUTPUT_TOKENS, wires.CACHED_TOKENS, None)
    assert (call.usage.cost, call.usage + Usage(cost=None)) == (pytest.approx(cost), expected)


async def test_json_in_words_and_in_markdown_is_understood(ask):
    for text in (
        '{"sql": "a", "tables": [], "sure": 1}',
        '```json\n{"sql": "a", "tables": [], "sure": 1}\n```',
    ):
        assert (await ask(Text(text))).output == Plan(sql="a", tables=[], sure=1)


async def test_no_json_is_looked_for_inside_other_text(failure):
    error = await failure(Text('Sure! Here it is: {"sql": "a", "tables": [], "sure": 1}'))
    assert isinstance(error, ModelOutputError)
    assert error.details["reason"] == "json"


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Text('{"sql": "SELECT 1", "tab'), "json"),
        (Answer({"sql": "SELECT 1"}), "form"),
        (Answer(PLAN, end="length"), "truncated"),
        (Text("I think", end="length"), "truncated"),
        (Text(""), "empty"),
    ],
    ids=["bad JSON", "another form", "cut off", "cut off words", "empty"],
)
async def test_answers_of_no_use(failure, ledger, step, reason):
    error = await failure(step)
    assert isinstance(error, ModelOutputError)
    assert error.code == "model_output"
    assert error.details["reason"] == reason
    assert ledger.calls[0].usage.output_tokens == wires.OUTPUT_TOKENS


async def test_a_refusal(failure):
    error = await failure(Answer(PLAN, end="filter"))
    assert isinstance(error, ModelRefusedError)
    assert error.code == "model_refused"


@pytest.mark.parametrize("code", [401, 403])
async def test_a_key_that_is_not_taken(failure, wire, code):
    error = await failure(Status(code, "Incorrect API key provided:", echo_key=True))
    assert isinstance(error, ModelRejectedError)
    assert "agent.models.m.api_key" in error.message
    assert len(wire.seen) == 1


@pytest.mark.parametrize(
    ("code", "hint"),
    [(404, "m.model"), (400, "does not take"), (413, "context_tokens"), (422, "does not take")],
)
async def test_a_request_that_is_not_taken(failure, wire, code, hint):
    error = await failure(
        Status(code, "no such model: see https://user:pw@host/x for", echo_key=True)
    )
    assert isinstance(error, ModelRejectedError)
    assert hint in error.message
    assert f"HTTP {code}" in error.public
    assert "no such model" in error.message
    assert "no such model" not in error.public
    assert "user:pw" not in error.message
    assert len(wire.seen) == 1


async def test_too_many_requests(failure, wire, ledger):
    error = await failure(Status(429, headers={"Retry-After": "7"}))
    assert isinstance(error, ModelBusyError)
    assert error.details == {"status": 429, "retry_after": 7.0}
    assert len(wire.seen) == 1, "the SDK's own retries are switched off"
    assert ledger.calls[0].usage == Usage(requests=1)


@pytest.mark.parametrize("code", [500, 502, 503, 529])
async def test_a_provider_that_fails(failure, wire, code):
    error = await failure(Status(code))
    assert isinstance(error, ModelBusyError)
    assert not isinstance(error, ModelTimeoutError)
    assert error.details["status"] == code
    assert len(wire.seen) == 1


@pytest.mark.parametrize("fault", ["closed", "cut off"])
async def test_a_connection_that_breaks(failure, fault):
    error = await failure(fault)
    assert isinstance(error, ModelBusyError)
    assert "connection" in error.message


@pytest.mark.parametrize("fault", ["hang", "endless"])
async def test_an_answer_that_never_comes_or_never_ends(failure, fault, ledger):
    begun = time.monotonic()
    error = await failure(fault, timeout_s=0.4)
    assert isinstance(error, ModelTimeoutError)
    assert time.monotonic() - begun < 2
    assert ledger.calls[0].usage.input_tokens > 0, "a provider charges for what it was sent"


async def test_the_end_of_the_task_ends_a_request(ask, ledger):
    ledger.deadline = time.monotonic() + 0.3
    begun = time.monotonic()
    with pytest.raises(ModelTimeoutError):
        await ask("hang")
    assert time.monotonic() - begun < 2
    with pytest.raises(ModelTimeoutError, match="no time left"):
        await ask("hang")


async def test_an_answer_without_end_does_not_fill_the_memory(failure, monkeypatch):
    monkeypatch.setattr("datus.llm.http.MOST_BYTES", 2**20)
    error = await failure("flood", timeout_s=60)
    assert isinstance(error, ModelOutputError)
    assert error.details["reason"] == "size"


@pytest.mark.parametrize(
    "step",
    [
        Raw(HTML, "text/html"),
        Raw("all good", "text/plain"),
        Raw('{"hello": "world"}'),
        Raw("[1, 2"),
        Raw("", "application/json"),
        Raw('data: {"hello": "world"}\n\n', "text/event-stream"),
    ],
    ids=["page", "plain", "other JSON", "broken JSON", "nothing", "other events"],
)
async def test_another_content_than_the_interface_has(failure, step):
    error = await failure(step)
    assert isinstance(error, ModelOutputError)
    assert "Sign in" not in error.message


async def test_no_redirect_is_followed(failure, wire):
    error = await failure(
        Raw("", code=302, headers={"Location": wire.url("openai") + "/elsewhere"})
    )
    assert isinstance(error, ModelRejectedError)
    assert len(wire.seen) == 1


async def test_a_cancelled_question_is_recorded(ask, ledger):
    task = asyncio.create_task(ask("hang"))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ledger.calls[0].error["code"] == "cancelled"


async def test_a_spent_budget_asks_nobody(ask, ledger, wire):
    ledger.spent = RuntimeError("spent")
    with pytest.raises(RuntimeError):
        await ask(Answer(PLAN))
    assert (wire.seen, ledger.calls) == ([], [])


async def test_the_key_is_in_no_log(ask, caplog, wire):
    caplog.set_level(logging.DEBUG)
    await ask(Answer(PLAN))
    for step in (Status(401, echo_key=True), Status(400, echo_key=True), "closed"):
        with pytest.raises(ModelError):
            await ask(step)
    assert all(seen.key == KEY for seen in wire.seen)
    assert caplog.records
    assert KEY not in caplog.text
    assert KEY not in repr([vars(record) for record in caplog.records])


async def test_many_questions_at_once_share_the_connections(wire, models, provider):
    wire.script = [Answer(PLAN, delay_s=0.3)]
    model = models(config(wire, provider)).bare("m")
    ledger = Ledger(time.monotonic() + 60)
    asking = Asking("test", ledger)
    await model.ask(PROMPT, Plan, asking)
    replies = await asyncio.gather(*(model.ask(PROMPT, Plan, asking) for _ in range(30)))
    assert {reply.output.sql for reply in replies} == {"SELECT 1"}
    assert len(ledger.calls) == 31
