"""Metric queries of a hosted model: typed, over names that exist, with the times that were read."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from datus.errors import RefusalError
from datus.generation.prompted.generator import PromptedGenerator
from datus.llm.base import ModelOutputError
from datus.types import MetricFilter, MetricOrder, MetricQuery, Prompt
from tests.generation.prompted.conftest import CHINESE, ENGLISH, KeptMeter, full_context

Make = Callable[..., PromptedGenerator]
SAID: dict[str, Any] = {
    "metrics": ["revenue"],
    "dimensions": ["order__status"],
    "times": [1],
    "filters": [{"dimension": "customer__city", "operator": "=", "values": ["Paris"]}],
    "order": [{"by": "revenue", "descending": True}],
    "compare": "year",
    "limit": 3,
    "ordered": True,
    "confidence": 0.8,
}


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
async def test_an_answer_becomes_a_whole_metric_query(
    make: Make, meter: KeptMeter, text: str
) -> None:
    context = full_context(text, meter)
    (choice,) = await make(SAID).choose_metrics(context)
    assert choice.query == MetricQuery(
        metrics=("revenue",),
        dimensions=("order__status",),
        start=date(2024, 2, 1),
        end=date(2024, 3, 1),
        filters=(MetricFilter("customer__city", "=", ("Paris",)),),
        order=(MetricOrder("revenue", True),),
        limit=3,
        compare="year",
    )
    assert choice.times == context.times
    assert (choice.generator, choice.model, choice.confidence) == ("hosted", "swan", 0.8)
    assert meter.calls[0].purpose == "choose_metrics"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"metrics": ["revenu"]}, "There is no metric 'revenu'; the nearest is 'revenue'."),
        ({"dimensions": ["city"]}, "There is no dimension 'city'"),
        ({"metrics": ["revenue", "orders"], "filters": []}, None),
        ({"metrics": ["orders"], "order": []}, "The metric 'orders' has no dimension 'customer__city'"),
        ({"order": [{"by": "profit"}]}, "Order is by 'profit'"),
        ({"filters": [{"dimension": "customer__city", "operator": "=", "values": ["a", "b"]}]}, "takes one value"),
        ({"start": "2024-03-01", "end": "2024-03-01"}, "start must lie before the end"),
    ],
)  # fmt: skip
async def test_what_does_not_exist_is_told_once_and_mended(
    make: Make, meter: KeptMeter, change: dict[str, Any], told: str | None
) -> None:
    def script(prompt: Prompt) -> dict[str, Any]:
        again = "no column 'total'" in prompt.user and len(meter.calls) == 1
        return SAID if again else {**SAID, **change}

    (choice,) = await make(script).choose_metrics(full_context(ENGLISH, meter))
    if told is None:
        assert len(meter.calls) == 1
        return
    assert choice.query.metrics == ("revenue",)
    assert told not in meter.calls[0].prompt.user
    assert told in meter.calls[1].prompt.user


async def test_what_is_wrong_twice_is_refused(make: Make, meter: KeptMeter) -> None:
    with pytest.raises(RefusalError, match="There is no metric 'profit'") as refused:
        await make({**SAID, "metrics": ["profit"]}).choose_metrics(full_context(ENGLISH, meter))
    assert refused.value.code == "unanswerable"
    assert refused.value.details["metrics"] == ["revenue", "orders"]
    assert len(meter.calls) == 2


async def test_a_refusal_stands(make: Make, meter: KeptMeter) -> None:
    no = {"refusal": {"code": "unanswerable", "reason": "No metric counts moods."}, "confidence": 1}
    with pytest.raises(RefusalError, match="moods"):
        await make(no).choose_metrics(full_context(ENGLISH, meter))


async def test_neither_metrics_nor_a_refusal_is_no_answer(make: Make, meter: KeptMeter) -> None:
    with pytest.raises(ModelOutputError):
        await make({"metrics": [], "confidence": 1}).choose_metrics(full_context(ENGLISH, meter))
