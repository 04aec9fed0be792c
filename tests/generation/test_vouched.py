"""A question that was answered before gets the SQL that someone vouched for."""

from dataclasses import replace

import pytest

from datus.errors import RefusalError
from datus.types import Attempt, ReferenceSql

SQL = "SELECT name FROM hut WHERE hut_id = 1"
PAIR = ReferenceSql("Which hut is the good one?", SQL, ("hut",), ("hut.name",))


def ask(huts, text, *references, attempts=()):
    context = replace(huts.context(text, attempts), references=references)
    return huts.generator.candidates(context)


@pytest.mark.parametrize("text", ["Which hut is the good one?", "which HUT is the good one"])
def test_the_same_words_get_the_vouched_sql(huts, text):
    best = ask(huts, text, PAIR)[0]
    assert (best.sql, best.references) == (SQL, (PAIR,))


def test_it_goes_before_a_reading_of_its_own(huts):
    pair = replace(PAIR, question="How many huts are there?")
    found = ask(huts, pair.question, pair)
    assert [each.sql == SQL for each in found][:2] == [True, False]
    after = ask(huts, pair.question, pair, attempts=(Attempt(SQL, "refused"),))
    assert all(each.sql != SQL for each in after)


def test_other_words_do_not(huts):
    assert all(each.sql != SQL for each in ask(huts, "How many huts are there?", PAIR))


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("Stays of last month", False),
        ("上个月的入住", False),
        ("Stays of May 2023", True),
        ("2023年5月的入住", True),
    ],
)
def test_a_time_that_moves_with_today_is_never_answered_from_a_reference(huts, text, fixed):
    pair = replace(PAIR, question=text)
    try:
        found = ask(huts, text, pair)
    except RefusalError:
        assert not fixed
        return
    assert (found[0].sql == SQL) == fixed
