"""Failures in the words of each provider: what one calls by a status, another says in a code or in prose."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from datus.llm.base import (
    ModelBusyError,
    ModelError,
    ModelRefusedError,
    ModelRejectedError,
)
from tests.llm.conftest import PROMPT, Plan, config
from tests.llm.wire import Answer, Raw, Status


@pytest.fixture
def failure(wire, models, asking):
    """The error that a step of the wire leads to."""

    async def put(provider, step, **more):
        wire.script = [step]
        with pytest.raises(ModelError) as caught:
            await models(config(wire, provider, **more)).bare("m").ask(PROMPT, Plan, asking)
        return caught.value

    return put


def events(*said: dict) -> Raw:
    lines = "".join(
        f"event: {each.get('type', 'x')}\ndata: {json.dumps(each)}\n\n" for each in said
    )
    return Raw(lines, "text/event-stream")


@pytest.mark.parametrize(
    ("provider", "step"),
    [
        ("openai", Status(429, "You exceeded your current quota", kind="insufficient_quota")),
        ("openai", Status(402, "Insufficient Balance")),
        ("claude", Status(400, "Your credit balance is too low", kind="invalid_request_error")),
    ],
)
async def test_an_account_without_credit_is_not_asked_again(failure, provider, step):
    error = await failure(provider, step)
    assert isinstance(error, ModelRejectedError)
    assert "quota or credit" in error.public


@pytest.mark.parametrize(
    ("provider", "step"),
    [
        ("openai", Status(400, "maximum context length is 8192", kind="context_length_exceeded")),
        ("claude", Status(400, "prompt is too long: 300000 tokens", kind="invalid_request_error")),
        (
            "gemini",
            Status(
                400,
                "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).",
                kind="INVALID_ARGUMENT",
            ),
        ),
    ],
)
async def test_a_prompt_that_is_too_long(failure, provider, step):
    error = await failure(provider, step)
    assert isinstance(error, ModelRejectedError)
    assert "lower agent.models.m.context_tokens" in error.public


@pytest.mark.parametrize(
    ("provider", "step"),
    [
        ("openai", Status(400, "filtered", kind="content_filter")),
        ("openai", Status(400, "inappropriate content", kind="data_inspection_failed")),
        (
            "gemini",
            Raw(
                json.dumps(
                    {
                        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
                        "usageMetadata": {"promptTokenCount": 9},
                    }
                )
            ),
        ),
    ],
)
async def test_a_prompt_that_a_filter_stops(failure, provider, step):
    assert isinstance(await failure(provider, step), ModelRefusedError)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Unknown field skipping_rows; see keywords", "Unknown field skipping_rows; see keywords"),
        ("key sk-abcdef123456 is bad", "key *** is bad"),
        ("Incorrect key provided: abcd****wxyz.", "Incorrect key provided: ***"),
        ("token 0123456789abcdef0123456789abcdef01 is old", "token *** is old"),
        ("AIzaSyA1234567890 has no rights", "*** has no rights"),
        ("ask https://user:pw@gate.internal/x?key=1 first", "ask ... first"),
        ("two\n  lines", "two lines"),
        ("long " * 100, ("long " * 100)[:240]),
    ],
)
async def test_the_providers_words_are_shown_to_the_operator_without_keys(failure, said, shown):
    error = await failure("openai", Status(400, said))
    assert error.message == f"{error.public} The provider says: {shown}"
    assert said not in error.public


async def test_gemini_says_in_the_body_how_long_to_wait(failure):
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}
    body = {
        "error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED", "details": [info]}
    }
    error = await failure("gemini", Raw(json.dumps(body), code=429))
    assert isinstance(error, ModelBusyError)
    assert error.details["retry_after"] == 17


async def test_the_wait_as_a_date_and_in_milliseconds(failure):
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    error = await failure("openai", Status(429, headers={"Retry-After": then}))
    assert 20 < error.details["retry_after"] <= 31
    error = await failure("claude", Status(529, headers={"retry-after-ms": "1500"}))
    assert error.details["retry_after"] == 1.5


@pytest.mark.parametrize(
    ("provider", "step"),
    [
        (
            "claude",
            events(
                {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
            ),
        ),
        (
            "openai",
            events(
                {
                    "error": {
                        "message": "slow down",
                        "type": "rate_limit_error",
                        "code": "rate_limit_exceeded",
                    }
                }
            ),
        ),
        (
            "gemini",
            Raw(
                'data: {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}\r\n\r\n',
                "text/event-stream",
            ),
        ),
    ],
)
async def test_an_error_in_a_stream_that_began_well(failure, provider, step):
    assert isinstance(await failure(provider, step, stream=True), ModelBusyError)


async def test_a_tool_call_that_gemini_itself_calls_malformed(failure):
    answer = {"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL", "index": 0}]}
    assert (await failure("gemini", Raw(json.dumps(answer)))).code == "model_output"


async def test_a_model_that_cannot_give_the_form(failure):
    error = await failure("gemini", Answer({}), model="gemini-2.5-flash-image")
    assert isinstance(error, ModelRejectedError)
    assert "agent.models.m.output" in error.message
