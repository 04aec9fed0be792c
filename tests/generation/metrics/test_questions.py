"""Questions and the metric queries that they mean, and questions that no metric query answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from datus.errors import RefusalError
from datus.types import MetricFilter, MetricOrder, MetricQuery

from .conftest import Ask

DATA = Path(__file__).with_name("data")


def _load(name: str) -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(
        (DATA / f"{name}.yml").read_text(encoding="utf-8")
    )
    return loaded


def _answers(name: str) -> Iterator[Any]:
    for language, pairs in _load(name).items():
        for question, expected in pairs.items():
            yield pytest.param(question, expected, id=f"{language}: {question}")


def _query(expected: dict[str, Any]) -> MetricQuery:
    return MetricQuery(
        metrics=tuple(expected["metrics"]),
        dimensions=tuple(expected.get("dimensions", ())),
        grain=expected.get("grain"),
        start=expected.get("start"),
        end=expected.get("end"),
        filters=tuple(
            MetricFilter(name, operator, tuple(values))
            for name, operator, values in expected.get("filters", ())
        ),
        order=tuple(MetricOrder(by, way == "desc") for by, way in expected.get("order", ())),
        limit=expected.get("limit"),
        compare=expected.get("compare"),
    )


@pytest.mark.parametrize(("question", "expected"), list(_answers("answers")))
def test_answers(ask: Ask, question: str, expected: dict[str, Any]) -> None:
    best = ask(question)[0]
    assert best.query == _query(expected)
    assert best.ordered == bool(best.query.order)
    assert 0 < best.score <= 1
    assert all(question[slice(*use.span)] == use.words for use in best.words)


@pytest.mark.parametrize(("question", "expected"), list(_answers("hospital")))
def test_answers_of_another_company(
    ask_hospital: Ask, question: str, expected: dict[str, Any]
) -> None:
    assert ask_hospital(question)[0].query == _query(expected)


@pytest.mark.parametrize(
    "question",
    [
        "revenue from patients seen",  # a metric that narrows another
        "revenue admissions by month",  # two names side by side: one of the other, or both
        "mortality rate of surgeries",
        "drug cost per surgery",
        "admissions where insurance is Public or campus is North",
        "bed occupancy by doctor",
        "average bed days by department",
        "top campus",
        "Revenue year to date",  # a running total without a grain
        "revenue in 2021 vs 2023",
        "mortality rate for patients aged 65+",
        "revenue by nurse",
        "top 3 departments and bottom 3 departments by revenue",
        "医疗收入占总收入比例",
        "平均每天入院人次",
        "各科室手术量最多的医生",
        "床位使用率按医生",
        "各科室满意度",
        "周末的入院人次",
        "patients who were not seen",
        "mortality rate of patients seen",
        "mortality rate for surgeries",
        "length of stay percentage by campus",
        "hospital revenue by campus",
        "admissions without surgeries",
        "discharged admissions",
        "staff cost",
        "revenue ytd in March 2023",  # a running total without a grain
    ],
)
def test_refusals_of_another_company(ask_hospital: Ask, question: str) -> None:
    with pytest.raises(RefusalError):
        ask_hospital(question)


def _refusals() -> Iterator[Any]:
    for code, questions in _load("refusals").items():
        for question, words in questions.items():
            yield pytest.param(question, code, words, id=question)


@pytest.mark.parametrize(("question", "code", "words"), list(_refusals()))
def test_refusals(ask: Ask, question: str, code: str, words: list[str]) -> None:
    with pytest.raises(RefusalError) as refusal:
        ask(question)
    error = refusal.value
    assert error.code == code
    assert set(words) <= set(error.details["words"])
    assert error.details["metrics"], "what is near is told"
    if code == "ambiguous":
        assert len(error.details["readings"]) >= 2


def test_there_are_enough_of_each() -> None:
    answers, refused = _load("answers"), _load("refusals")
    assert all(len(pairs) >= 30 for pairs in answers.values())
    assert sum(len(questions) for questions in refused.values()) >= 15
