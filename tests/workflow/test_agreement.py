"""Where no candidate is sure enough alone, those whose rows are the same are sure together."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from datus.errors import RefusalError
from datus.generation.base import UnsureError
from datus.types import Candidate, GenerationContext

IN_ROME = "Which customers live in Rome?"
ROME = "SELECT name FROM customers WHERE city = 'Rome'"
THE_SAME = "SELECT DISTINCT name FROM customers WHERE city IN ('Rome')"
ALL = "SELECT name FROM customers"
EMPTY = "SELECT name FROM customers WHERE id > 100"
EMPTY_TOO = "SELECT name FROM customers WHERE id > 200"
BROKEN = "SELECT abs(-9223372036854775807 - id) AS n FROM customers"
REFUSAL = RefusalError("Two ways to read it.", code="ambiguous", details={"words": ["Rome"]})


def unsure(
    *candidates: tuple[str, float], needed: float = 0.7
) -> Callable[[GenerationContext], Sequence[Candidate]]:
    def script(_: GenerationContext) -> Sequence[Candidate]:
        made = [Candidate(sql, sure, (), (), confidence=sure) for sql, sure in candidates]
        raise UnsureError(REFUSAL, made, needed)

    return script


async def test_candidates_with_the_same_rows_are_one_answer(lab) -> None:
    outcome = await lab.ask("nl2sql", unsure((ROME, 0.7), (ALL, 0.1), (THE_SAME, 0.6)), IN_ROME)
    assert outcome.status == "completed"
    assert {row["name"] for row in outcome.answer["result"]} == {"Bo", "Cy"}
    assert outcome.answer["metadata"]["confidence"] == 0.727
    assert outcome.answer["sql"] == lab.of("sql_generated")[0]["sql"]
    assert len(lab.of("sql_generated")) == 1


@pytest.mark.parametrize(
    "candidates",
    [
        [(ROME, 0.69), (ALL, 0.6)],
        [(ROME, 0.5), (THE_SAME, 0.2)],
        [(EMPTY, 0.69), (EMPTY_TOO, 0.6)],
        [(ROME, 0.69)],
        [(ROME, 0.69), (BROKEN, 0.6)],
        [(BROKEN, 0.69), (ROME, 0.6), (THE_SAME, 0.6)],
        [(ROME, 0.69), ("DELETE FROM customers", 0.6)],
        [(ROME, 0.69), (ALL, 0.1), (BROKEN, 0.1), (THE_SAME, 0.6)],
    ],
    ids=["others", "too weak", "empty", "alone", "broken", "first broken", "unsafe", "too late"],
)
async def test_what_does_not_agree_is_refused_as_the_generator_said(lab, candidates) -> None:
    outcome = await lab.ask("nl2sql", unsure(*candidates), IN_ROME)
    assert outcome.status == "refused"
    assert outcome.error == {
        "code": "ambiguous",
        "message": REFUSAL.message,
        "details": REFUSAL.details,
    }
    assert outcome.answer["sql"] is None


async def test_nothing_runs_where_agreement_cannot_be_enough(lab) -> None:
    outcome = await lab.ask("nl2sql", unsure((ROME, 0.3), (THE_SAME, 0.3)), IN_ROME)
    assert outcome.status == "refused"
    assert lab.of("execution_complete") == []


async def test_agreement_can_be_switched_off(make_lab) -> None:
    lab = make_lab("  nodes:\n    execute_sql:\n      agreement: 1\n")
    outcome = await lab.ask("nl2sql", unsure((ROME, 0.69), (THE_SAME, 0.6)), IN_ROME)
    assert outcome.status == "refused"
    lab.knowledge.close()
    await lab.connectors.close()


def samples(*sql: str) -> Callable[[GenerationContext], Sequence[Candidate]]:
    """What a hosted model said when it was asked more than once."""
    made = [Candidate(each, 1.0, (), (), model="hosted", generator="hosted") for each in sql]
    return lambda _: made


@pytest.fixture
async def lab_of_four(make_lab) -> AsyncIterator[Any]:
    made = make_lab("  nodes:\n    execute_sql:\n      agreement: 4\n")
    yield made
    made.knowledge.close()
    await made.connectors.close()


async def test_samples_of_a_model_vote_by_their_rows(lab_of_four) -> None:
    lab = lab_of_four
    outcome = await lab.ask("nl2sql", samples(ALL, ROME, BROKEN, THE_SAME), IN_ROME)
    assert {row["name"] for row in outcome.answer["result"]} == {"Bo", "Cy"}
    assert outcome.answer["sql"] == lab.of("sql_generated")[-1]["sql"]
    detail = next(each for each in lab.of("node_detail") if each["node"] == "execute_sql")
    assert detail["details"] == {"agreeing": 2, "samples": 3, "confidence": None}


async def test_samples_share_out_how_sure_a_model_is_and_others_add_to_it(lab_of_four) -> None:
    lab = lab_of_four
    made = [
        Candidate(ALL, 1.0, (), (), model="hosted", confidence=0.4),
        Candidate(ROME, 0.9, (), (), model="hosted", confidence=0.3),
        Candidate(THE_SAME, 0.8, (), (), model="hosted", confidence=0.2),
        Candidate(f"{ROME} ORDER BY name", 0.1, (), (), confidence=0.6),
    ]
    outcome = await lab.ask("nl2sql", lambda _: made, IN_ROME)
    assert {row["name"] for row in outcome.answer["result"]} == {"Bo", "Cy"}
    assert outcome.answer["metadata"]["confidence"] == 0.8  # not both 0.3 + 0.2 and 0.6 are wrong


async def test_samples_that_cannot_run_are_an_error_like_any_other(lab) -> None:
    outcome = await lab.ask("fixed", samples("DELETE FROM customers", BROKEN), IN_ROME)
    assert (outcome.status, outcome.error["code"]) == ("refused", "unsafe_sql")


async def test_readings_of_the_offline_generator_do_not_vote(lab) -> None:
    outcome = await lab.ask("nl2sql", lambda _: [ALL, ROME, THE_SAME], IN_ROME)
    assert len(outcome.answer["result"]) == 3
