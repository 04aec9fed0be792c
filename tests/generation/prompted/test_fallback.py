"""Where a model fails, the offline generator answers and says so; where it refuses, that stands."""

from collections.abc import Sequence
from typing import Any

import pytest

from datus.errors import DatusError, RefusalError
from datus.generation.base import UnsureError
from datus.generation.fallback import FallbackGenerator
from datus.generation.scripted import ScriptedGenerator
from datus.llm.base import BudgetError, ModelBusyError, ModelTimeoutError
from datus.types import Candidate, GenerationContext, MetricQuery
from tests.generation.prompted.conftest import ENGLISH, full_context

CONTEXT = full_context(ENGLISH)
ORDERS = "SELECT COUNT(*) FROM orders"


def says(*sql: str | Candidate, metrics: Any = None) -> ScriptedGenerator:
    return ScriptedGenerator(lambda _: sql, metrics)


def fails(error: DatusError) -> ScriptedGenerator:
    def raised(_: GenerationContext) -> Sequence[str]:
        raise error

    def raised_too(_: GenerationContext) -> Sequence[MetricQuery]:
        raise error

    return ScriptedGenerator(raised, raised_too)


def candidate(sql: str, confidence: float | None, score: float = 1.0) -> Candidate:
    return Candidate(sql, score, (), (), confidence=confidence)


async def test_where_the_model_fails_the_other_answers_and_says_why() -> None:
    generator = FallbackGenerator(fails(ModelTimeoutError("No answer in 60 s.")), says(ORDERS))
    (found,) = await generator.generate(CONTEXT)
    assert (found.sql, found.degraded) == (ORDERS, ("No answer in 60 s.",))


async def test_what_only_the_operator_may_know_is_not_said() -> None:
    error = ModelBusyError(
        "https://inner.host: refused", public="The model's server is not reached."
    )
    (found,) = await FallbackGenerator(fails(error), says(ORDERS)).generate(CONTEXT)
    assert found.degraded == ("The model's server is not reached.",)


async def test_metrics_likewise() -> None:
    query = MetricQuery(("revenue",))
    last = says(metrics=lambda _: [query])
    (found,) = await FallbackGenerator(fails(ModelBusyError("busy")), last).choose_metrics(CONTEXT)
    assert (found.query, found.degraded) == (query, ("busy",))


async def test_a_refusal_is_an_answer() -> None:
    first = fails(RefusalError("No moods.", code="unanswerable"))
    with pytest.raises(RefusalError, match="No moods"):
        await FallbackGenerator(first, says(ORDERS)).generate(CONTEXT)


@pytest.mark.parametrize("metrics", [False, True])
async def test_a_spent_budget_is_told_unless_it_is_to_be_covered(metrics: bool) -> None:
    first, last = fails(BudgetError("spent")), says(ORDERS, metrics=lambda _: [MetricQuery(("m",))])
    strict = FallbackGenerator(first, last)
    with pytest.raises(BudgetError):
        await (strict.choose_metrics(CONTEXT) if metrics else strict.generate(CONTEXT))
    kind = FallbackGenerator(first, last, over_budget=True)
    found = await (kind.choose_metrics(CONTEXT) if metrics else kind.generate(CONTEXT))
    assert found[0].degraded == ("spent",)


async def test_without_fallback_the_failure_is_told() -> None:
    generator = FallbackGenerator(fails(ModelBusyError("busy")), says(ORDERS), on_failure=False)
    with pytest.raises(ModelBusyError):
        await generator.generate(CONTEXT)


async def test_the_other_ones_refusal_says_that_the_model_failed() -> None:
    last = fails(
        RefusalError("Not explained: mood.", code="unanswerable", details={"words": ["mood"]})
    )
    with pytest.raises(RefusalError) as refused:
        await FallbackGenerator(fails(ModelBusyError("Busy.")), last).generate(CONTEXT)
    assert refused.value.message.startswith("Not explained: mood. (The hosted model gave no answer")
    assert refused.value.details == {"words": ["mood"], "degraded": ["Busy."]}


async def test_doubt_stays_doubt_with_its_candidates() -> None:
    doubt = UnsureError(RefusalError("Unsure.", code="unanswerable"), [candidate(ORDERS, 0.5)], 0.8)
    with pytest.raises(UnsureError) as raised:
        await FallbackGenerator(fails(ModelBusyError("Busy.")), fails(doubt)).generate(CONTEXT)
    assert raised.value.needed == 0.8
    assert raised.value.candidates[0].degraded == ("Busy.",)


async def test_beside_each_other_agreement_makes_surer() -> None:
    first = says(candidate(ORDERS, 0.8), candidate("SELECT 1", 0.1, 0.5))
    last = says(candidate("select count(*)\nfrom orders", 0.5), candidate("SELECT 2", 0.4, 0.9))
    found = await FallbackGenerator(first, last, beside=True).generate(CONTEXT)
    assert [(each.sql, each.confidence) for each in found] == [
        (ORDERS, 0.9),
        ("SELECT 1", 0.1),
        ("SELECT 2", 0.4),
    ]
    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True)


async def test_beside_each_other_a_refusal_of_the_second_changes_nothing() -> None:
    first = says(candidate(ORDERS, 0.8))
    no = fails(RefusalError("No.", code="unanswerable"))
    assert await FallbackGenerator(first, no, beside=True).generate(CONTEXT) == (
        candidate(ORDERS, 0.8),
    )
