"""What a trace keeps: redacted by rule, bounded, and nothing of it where it is off."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from datus.config import TraceConfig
from datus.types import Call, Prompt, Usage
from datus.workflow import tracing
from datus.workflow.tracing import Tracer

NOW = datetime(2024, 1, 15, 12, tzinfo=UTC)


def tracer(*secrets: str, **settings: Any) -> Tracer:
    return Tracer(TraceConfig(**{"texts": True, **settings}), secrets, lambda: NOW)


def call(user: str = "", answer: str = "", system: str = "") -> Call:
    return Call("fix", "main", Prompt(system, user, "fix/en/1"), answer, None, Usage(1), 0.5)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("write to ada.lovelace+x@mail.example.co.uk.", "write to [email]."),
        ("联系：王@例子.中国。", "联系：[email]。"),
        ("手机13812345678，谢谢", "手机[number]，谢谢"),
        ("身份证 11010519491231002X", "身份证 [number]"),
        ("card 4111 1111 1111 1111", "card [number]"),
        ("card 4111-1111-1111-1111", "card [number]"),
        ("call +86 138-1234-5678", "call [phone]"),
        ("call +49 (30) 1234567", "call [phone]"),
        ("call (415) 555-2671", "call [phone]"),
        ("call 415.555.2671", "call [phone]"),
        ("call 010-8888-9999", "call [phone]"),
        ("key sk-proj-abcdefghij0123456789", "key [key]"),
        ("key AIzaSyA1234567890abcdefghijk", "key [key]"),
        ("Authorization: Bearer abcdefghijklmnop1234", "Authorization: [token]"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiJhcHAi.c2lnbmF0dXJl", "[token]"),
        ("postgresql://reader:hunter2@db:5432/x", "postgresql://[credentials]@db:5432/x"),
    ],
)
def test_what_has_a_form_is_redacted(text: str, kept: str) -> None:
    assert tracer().redacted(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-15",
        "from 2024-01-15 to 2024-02-01",
        "between '2024-01-15 12:30:00' and '2024-01-15 13:00:00'",
        "20240115",
        "revenue 0.123456789 and 1234567.89",
        "LIMIT 100 OFFSET 2000",
        "orders.customer_id = customers.id",
        "按产品类别统计2023年销售额",
        "version 3.35.12 at 127.0.0.1:8000",
        "x in (1001, 1002, 1003)",
    ],
)
def test_what_a_question_needs_stays(text: str) -> None:
    assert tracer().redacted(text) == text


def test_configured_expressions_and_secrets_go_first() -> None:
    made = tracer("pa55-w0rd-of-db", "short", redact=(r"CASE-\d+", "(?i)project \\w+"))
    text = "CASE-123456789012 of Project Apollo, short, pa55-w0rd-of-db"
    assert made.redacted(text) == "[redacted] of [redacted], short, [secret]"


def test_texts_that_no_database_takes_are_made_fit() -> None:
    assert tracer().redacted("a\x00b\ud800c") == "a\ufffdb?c"


def test_a_text_is_cut_after_what_lies_across_the_cut_is_redacted() -> None:
    most = tracing.MOST_CHARACTERS
    user = "x" * (most - 8) + " ada@example.com" + "y" * 100
    kept = tracer().traced(call(user), 0, 0)
    assert kept is not None
    assert kept.prompt is not None
    assert (len(kept.prompt), kept.cut) == (most, True)
    assert "ada" not in kept.prompt


def test_a_task_keeps_a_bounded_amount() -> None:
    made, characters, kept = tracer(), 0, []
    for _ in range(tracing.MOST_CALLS + 20):
        found = made.traced(call("wörds " * 10_000, "w" * 10_000), len(kept), characters)
        if found is not None:
            kept.append(found)
            characters += tracing.characters_of(found)
    assert len(kept) == tracing.MOST_CALLS
    assert characters <= tracing.MOST_OF_TASK
    assert (kept[0].cut, kept[-1].cut, kept[-1].prompt) == (False, True, None)
    assert kept[-1].usage == Usage(1)


def test_off_keeps_nothing_and_without_texts_only_figures() -> None:
    assert tracer(enabled=False).traced(call("a", "b", "c"), 0, 0) is None
    kept = tracer(texts=False).traced(call("a", "b", "c"), 0, 0)
    assert kept is not None
    assert (kept.system, kept.prompt, kept.answer, kept.cut) == (None, None, None, False)
    assert (kept.at, kept.purpose, kept.prompt_version) == (NOW, "fix", "fix/en/1")


@pytest.mark.parametrize(
    "unit", ["a", "1", "a.", "1 ", "1-", "+1", "(", "@", "a@", "://a:", "eyJ-", "sk-", "bearer "]
)
def test_no_text_makes_it_slow(unit: str) -> None:
    text = unit * (2 * tracing.MOST_CHARACTERS // len(unit))
    began = time.process_time()
    tracer().redacted(text)
    assert time.process_time() - began < 5
