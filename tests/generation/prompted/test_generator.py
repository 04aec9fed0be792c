"""A model's typed answers become candidates or refusals; what it says is checked, never believed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from datus.errors import RefusalError
from datus.generation.prompted.generator import PromptedGenerator
from datus.llm.base import BudgetError, ModelBusyError, ModelError, ModelOutputError
from datus.types import Attempt, Candidate, Prompt
from tests.generation.prompted.conftest import (
    CHINESE,
    ENGLISH,
    GOOD,
    KeptMeter,
    full_context,
    without_attempts,
)

Make = Callable[..., PromptedGenerator]


async def only(generator: PromptedGenerator, meter: KeptMeter, text: str = ENGLISH) -> Candidate:
    (candidate,) = await generator.generate(full_context(text, meter))
    return candidate


async def test_an_answer_becomes_a_whole_candidate(make: Make, meter: KeptMeter) -> None:
    candidate = await only(make(GOOD), meter)
    context = full_context(ENGLISH)
    assert candidate.sql == GOOD["sql"]
    assert (candidate.generator, candidate.model, candidate.confidence) == ("hosted", "swan", 0.9)
    assert candidate.tables == ("orders",)
    assert candidate.columns == ("orders.amount", "orders.status")
    assert candidate.times == context.times
    assert candidate.references == context.references
    assert [(use.words, use.span) for use in candidate.words] == [("paid", (11, 15))]
    assert candidate.assumptions == ("Cancelled orders are left out.",)
    assert candidate.explanation == "The sum of paid orders."
    assert (candidate.ordered, candidate.degraded, candidate.left_out) == (False, (), ())


@pytest.mark.parametrize(
    ("text", "version"), [(ENGLISH, "generate_sql/en/1"), (CHINESE, "generate_sql/zh/1")]
)
async def test_the_model_is_asked_in_the_language_of_the_question(
    make: Make, meter: KeptMeter, text: str, version: str
) -> None:
    candidate = await only(
        make({**GOOD, "words": [{"words": "巴黎", "meaning": "Paris"}]}), meter, text
    )
    assert [call.prompt.version for call in meter.calls] == [version]
    assert [call.purpose for call in meter.calls] == ["generate_sql"]
    assert [use.span for use in candidate.words] == ([(3, 5)] if text == CHINESE else [])


async def test_what_does_not_exist_is_not_taken_over(make: Make, meter: KeptMeter) -> None:
    said = {
        **GOOD,
        "sql": "SELECT secret FROM vault",
        "tables": ["ORDERS", "vault"],
        "columns": ["Orders.AMOUNT", "vault.secret"],
        "times": [0, 7, -1],
        "references": [3],
        "words": [{"words": "never said", "meaning": "x"}, {"words": " ", "meaning": "y"}],
    }
    candidate = await only(make(said), meter)
    assert (candidate.tables, candidate.columns) == (("orders",), ("orders.amount",))
    assert (candidate.times, candidate.references, candidate.words) == ((), (), ())


async def test_texts_of_a_model_are_cut_and_cleaned(make: Make, meter: KeptMeter) -> None:
    said = {
        **GOOD,
        "assumptions": ["a\x00\nb" * 900, "", *map(str, range(50))],
        "explanation": "x" * 9_000,
    }
    candidate = await only(make(said), meter)
    assert len(candidate.explanation) == 600
    assert len(candidate.assumptions) == 8
    assert "\n" not in candidate.assumptions[0]
    assert "\x00" not in candidate.assumptions[0]


@pytest.mark.parametrize("said", [90, 0.9, "0.9"])
async def test_confidence_is_a_fraction_however_it_is_said(
    make: Make, meter: KeptMeter, said: Any
) -> None:
    assert (await only(make({**GOOD, "confidence": said}), meter)).confidence == 0.9


@pytest.mark.parametrize(
    "answer",
    [
        {**GOOD, "confidence": 200},
        {**GOOD, "confidence": -0.1},
        {"confidence": 0.5},
        {**GOOD, "sql": "  "},
        {key: value for key, value in GOOD.items() if key != "confidence"},
        {"refusal": {"code": "bored", "reason": "x"}, "confidence": 1},
        "```sql\nSELECT 1\n```",
        "",
    ],
)
async def test_an_answer_of_another_form_is_an_error_of_the_model(
    make: Make, meter: KeptMeter, answer: Any
) -> None:
    with pytest.raises(ModelOutputError):
        await make(lambda _: answer).generate(full_context(ENGLISH, meter))
    assert len(meter.calls) == 1


async def test_null_lists_are_empty_lists(make: Make, meter: KeptMeter) -> None:
    nothing = dict.fromkeys(("tables", "columns", "times", "references", "words", "assumptions"))
    candidate = await only(
        make({"sql": "SELECT 1", "confidence": 1, "refusal": None, **nothing}), meter
    )
    assert candidate.assumptions == ()


async def test_a_refusal_has_the_details_that_help(make: Make, meter: KeptMeter) -> None:
    said = {
        "refusal": {
            "code": "unanswerable",
            "reason": "No moods are kept.",
            "words": ["Paris", "mood"],
        },
        "columns": ["customers.city", "moods.mood"],
        "sql": "SELECT city FROM customers",
        "confidence": 1,
    }
    with pytest.raises(RefusalError) as refused:
        await make(said).generate(full_context(ENGLISH, meter))
    assert (refused.value.code, refused.value.message) == ("unanswerable", "No moods are kept.")
    details = refused.value.details
    assert details["words"] == ["Paris"]
    assert details["columns"] == ["customers.city"]
    assert details["nearest"] == "SELECT city FROM customers"
    assert details["model"] == "swan"


async def test_an_ambiguous_question_gets_its_readings_with_harmless_sql(
    make: Make, meter: KeptMeter
) -> None:
    said = {
        "refusal": {
            "code": "ambiguous",
            "reason": "Two dates.",
            "readings": [
                {"reading": "by order date", "sql": "SELECT amount FROM orders;"},
                {"reading": "by ship date", "sql": "DROP TABLE orders"},
            ],
        },
        "confidence": 0.4,
    }
    with pytest.raises(RefusalError) as refused:
        await make(said).generate(full_context(ENGLISH, meter))
    assert refused.value.code == "ambiguous"
    assert "(1) by order date / (2) by ship date" in refused.value.message
    assert refused.value.details["readings"] == [
        {"reading": "by order date", "sql": "SELECT amount FROM orders"},
        {"reading": "by ship date", "sql": ""},
    ]


async def test_what_was_tried_is_shown_and_never_given_again(make: Make, meter: KeptMeter) -> None:
    tried = Attempt(GOOD["sql"], "the result is empty")
    context = replace(full_context(ENGLISH, meter), attempts=(tried,))
    assert await make(GOOD).generate(context) == ()
    (call,) = meter.calls
    assert f"| SQL: {GOOD['sql']}\n| Error: the result is empty" in call.prompt.user


async def test_samples_that_agree_come_first_and_are_as_sure_as_they_are_many(
    make: Make, meter: KeptMeter
) -> None:
    answers = iter(
        [
            {**GOOD, "sql": "SELECT COUNT(*) FROM orders", "confidence": 1.0},
            {**GOOD, "sql": "SELECT SUM(amount) FROM orders", "confidence": 0.7},
            {**GOOD, "sql": "select  sum(amount)\nfrom orders;", "confidence": 0.9},
            ModelBusyError("busy"),
        ]
    )

    def script(_: Prompt) -> Any:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    context = without_attempts(full_context(ENGLISH, meter))
    first, second = await make(script, samples=4).generate(context)
    assert first.sql == "SELECT SUM(amount) FROM orders"
    assert (first.confidence, second.confidence) == (pytest.approx(0.533, abs=0.001), 0.333)
    assert first.score > second.score
    assert len(meter.calls) == 4


async def test_one_refusal_among_answers_is_outvoted_and_most_are_not(
    make: Make, meter: KeptMeter
) -> None:
    no = {"refusal": {"code": "unanswerable", "reason": "No."}, "confidence": 1}
    context = full_context(ENGLISH, meter)
    for said, refuses in (([no, GOOD, GOOD], False), ([no, no, GOOD], True)):
        answers = iter(said)
        generator = make(lambda _, answers=answers: next(answers), samples=3)
        if refuses:
            with pytest.raises(RefusalError, match=r"No\."):
                await generator.generate(context)
        else:
            (candidate,) = await generator.generate(context)
            assert candidate.confidence == 0.6


async def test_where_all_samples_fail_the_failure_is_told(make: Make, meter: KeptMeter) -> None:
    def busy(_: Prompt) -> Any:
        raise ModelBusyError("The provider is overloaded.")

    with pytest.raises(ModelBusyError, match="overloaded"):
        await make(busy, samples=3).generate(full_context(ENGLISH, meter))


async def test_without_a_meter_nothing_is_asked(make: Make) -> None:
    asked: list[Prompt] = []
    with pytest.raises(ModelError, match="nothing counts"):
        await make(lambda prompt: asked.append(prompt) or GOOD).generate(full_context(ENGLISH))
    assert not asked


async def test_a_spent_budget_stops_before_the_request(make: Make, meter: KeptMeter) -> None:
    meter.spent = BudgetError("The day's budget is spent.")
    with pytest.raises(BudgetError):
        await make(GOOD).generate(full_context(ENGLISH, meter))
    assert not meter.calls


async def test_what_did_not_fit_is_told_with_the_candidate(make: Make, meter: KeptMeter) -> None:
    candidate = await only(make(GOOD, context_tokens=1_250), meter)
    assert candidate.left_out[0].startswith("columns: ")
