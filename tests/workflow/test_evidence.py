"""What a statement's rows say is evidence: a candidate that comes to nothing loses to the next likely one."""

from dataclasses import replace

import pytest

from datus.types import Candidate

IN_ROME = "Which customers live in Rome?"
ROME = "SELECT name FROM customers WHERE city = 'Rome' ORDER BY name"
EMPTY = "SELECT name FROM customers WHERE city = 'Rome' AND id > 100"
ALL = "SELECT name FROM customers"
NULLS = "SELECT note FROM orders"
BROKEN = "SELECT abs(-9223372036854775807 - id) AS n FROM customers"
RESULT = [{"name": "Bo"}, {"name": "Cy"}]


def sure(*candidates: tuple[str, float | None]) -> list[Candidate]:
    return [Candidate(sql, 1.0, (), (), confidence=confidence) for sql, confidence in candidates]


@pytest.mark.parametrize("first", [EMPTY, NULLS, BROKEN])
async def test_what_comes_to_nothing_loses_to_the_next_likely_candidate(lab, first: str) -> None:
    outcome = await lab.ask("nl2sql", lambda _: sure((first, 0.8), (ROME, 0.15)), IN_ROME)
    assert outcome.answer["result"] == RESULT
    assert outcome.answer["sql"] == lab.of("sql_generated")[-1]["sql"]
    assert any("next candidate" in data["description"] for data in lab.of("node_detail"))


@pytest.mark.parametrize("confidence", [0.05, None])
async def test_an_unlikely_candidate_takes_no_place(lab, confidence: float | None) -> None:
    outcome = await lab.ask("nl2sql", lambda _: sure((EMPTY, 0.8), (ROME, confidence)), IN_ROME)
    assert outcome.answer["result"] == []
    assert len(lab.of("sql_generated")) == 1


async def test_a_condition_is_not_dropped_for_rows(lab) -> None:
    outcome = await lab.ask("nl2sql", lambda _: sure((EMPTY, 0.8), (ALL, 0.19)), IN_ROME)
    assert outcome.answer["result"] == []
    assert "100" in outcome.answer["sql"]


async def test_a_candidate_that_is_no_better_changes_nothing(lab) -> None:
    other = EMPTY.replace("100", "200")
    outcome = await lab.ask("nl2sql", lambda _: sure((EMPTY, 0.8), (other, 0.19)), IN_ROME)
    assert "100" in outcome.answer["sql"]
    assert len(lab.of("execution_complete")) == 1


async def test_rows_that_fit_are_not_compared(lab) -> None:
    outcome = await lab.ask("nl2sql", lambda _: sure((ROME, 0.6), (ALL, 0.4)), IN_ROME)
    assert outcome.answer["result"] == RESULT
    assert len(lab.of("sql_generated")) == 1


async def test_an_unsafe_candidate_is_never_tried_for_its_rows(lab) -> None:
    outcome = await lab.ask(
        "nl2sql", lambda _: sure((EMPTY, 0.8), ("DELETE FROM customers", 0.19)), IN_ROME
    )
    assert outcome.answer["result"] == []
    assert len(lab.of("sql_generated")) == 1


async def test_rows_cut_off_to_none_are_not_taken_for_none(lab) -> None:
    small = "SELECT 1 AS n FROM customers WHERE city = 'Rome' LIMIT 1"
    lab.settings = replace(lab.settings, server=replace(lab.settings.server, max_result_bytes=12))
    outcome = await lab.ask("nl2sql", lambda _: sure((ROME, 0.6), (small, 0.4)), IN_ROME)
    assert (outcome.answer["result"], outcome.answer["metadata"]["truncated_by"]) == ([], "bytes")
    assert len(lab.of("sql_generated")) == 1
