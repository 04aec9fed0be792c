"""Choosing metrics through the generators' one interface, and what a choice tells of itself."""

import pytest

from datus.errors import RefusalError
from datus.generation.base import Generator, MetricChoice
from datus.generation.offline.generator import OfflineGenerator
from datus.generation.scripted import ScriptedGenerator
from datus.types import MetricOrder, MetricQuery

from .conftest import Ask, context

QUESTION = "top 3 stations by rides in Riverside last month"
QUERY = MetricQuery(("rides",), order=(MetricOrder("rides", True),), limit=3)


async def test_the_offline_generator_chooses() -> None:
    generator: Generator = OfflineGenerator()
    best = (await generator.choose_metrics(context(QUESTION)))[0]
    assert best.query.metrics == ("rides",)
    assert best.generator == "offline"
    assert best.ordered
    assert [time.words for time in best.times] == ["last month"]


def test_every_part_names_its_words(ask: Ask) -> None:
    told = {use.words: use.meaning for use in ask(QUESTION)[0].words}
    assert told == {
        "top": "most first",
        "3": "limit 3",
        "stations": "by station__name",
        "rides": "metric rides",
        "Riverside": "station__district = Riverside",
        "last month": "from 2024-02-01 before 2024-03-01",
    }


def test_other_readings_follow_the_best(ask: Ask) -> None:
    choices = ask("top 10 stations by rides in Harbour district last year")
    assert len(choices) > 1
    assert [choice.score for choice in choices] == sorted((c.score for c in choices), reverse=True)


def test_readings_that_tie_are_asked_back_as_questions(ask: Ask) -> None:
    with pytest.raises(RefusalError) as refusal:
        ask("revenue by district")
    assert refusal.value.details["readings"] == [
        "Ride revenue (ride_revenue) by Home district (rider__district)?",
        "Ride revenue (ride_revenue) by Station district (station__district)?",
    ]
    with pytest.raises(RefusalError) as refusal:
        ask("城东的收入")
    assert all(reading.endswith("？") for reading in refusal.value.details["readings"])


def test_a_refusal_names_what_is_near(ask: Ask) -> None:
    with pytest.raises(RefusalError) as refusal:
        ask("labour cost by station")
    assert refusal.value.details["metrics"] == [{"name": "labour_cost", "label": "Labour cost"}]
    assert refusal.value.details["dimensions"] == [{"name": "depot__city", "label": "Depot city"}]


async def test_a_script_may_answer_in_metric_queries() -> None:
    whole = MetricChoice(QUERY, 0.4, (), (), ordered=True, generator="mine")
    generator: Generator = ScriptedGenerator(lambda _: (), lambda _: (QUERY, whole))
    first, second = await generator.choose_metrics(context(QUESTION))
    assert (first.query, first.score, first.ordered, first.generator) == (
        QUERY,
        1,
        True,
        "scripted",
    )
    assert second is whole


async def test_a_script_without_metrics_refuses_them() -> None:
    with pytest.raises(RefusalError, match="no script for metrics"):
        await ScriptedGenerator(lambda _: ()).choose_metrics(context(QUESTION))
