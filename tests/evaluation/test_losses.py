"""A lost answer is counted at the first stage where it was gone."""

import sqlite3
from collections.abc import Mapping
from datetime import date

import pytest

from datus.errors import DatabaseError
from datus.evaluation.datasets import Item
from datus.evaluation.losses import STAGES, Stage, Watched, losses
from datus.evaluation.runner import Answered, Outcome, Verdict
from datus.generation.offline.generator import OfflineGenerator
from datus.types import (
    Column,
    DatabaseSchema,
    GenerationContext,
    QueryResult,
    Question,
    ResultColumn,
    TableSchema,
)

BOATS = TableSchema(
    "boat",
    (Column("name", "TEXT", "text"), Column("seats", "INTEGER", "integer")),
    primary_key=("name",),
)
PIERS = TableSchema("pier", (Column("depth", "REAL", "number"),))
SCHEMA = DatabaseSchema("sqlite", "bay", (BOATS, PIERS), "main")
ROWS = """
CREATE TABLE boat (name TEXT PRIMARY KEY, seats INTEGER);
CREATE TABLE pier (depth REAL);
INSERT INTO boat VALUES ('Ada', 4), ('Bo', 6), ('Cy', 6);
INSERT INTO pier VALUES (2.5), (3.5);
"""


async def run_sql(item: Item, sql: str) -> QueryResult:
    connection = sqlite3.connect(":memory:")
    connection.executescript(ROWS)
    try:
        cursor = connection.execute(sql)
    except sqlite3.Error as error:
        raise DatabaseError(str(error)) from error
    columns = tuple(ResultColumn(each[0], "other") for each in cursor.description)
    found = QueryResult(columns, tuple(cursor.fetchall()), False, 0.0)
    connection.close()
    return found


async def lost(
    question: str, reference: str, verdict: Verdict = "refused", *, asked: bool = True
) -> Mapping[Stage, int]:
    watched = Watched(OfflineGenerator(least_confidence=0))
    item = Item(1, question, (reference,))
    if asked:
        await watched.generate(GenerationContext(Question(question, date(2024, 1, 1)), SCHEMA))
    outcome = Outcome(item, Answered("completed", "", None, 0.0), verdict, "")
    return await losses([outcome], watched, run_sql, "sqlite")


@pytest.mark.parametrize(
    ("question", "reference", "stage"),
    [
        ("How many boats are there?", "SELECT count(*) FROM boat", "confidence"),
        ("names of boats", "SELECT DISTINCT seats FROM boat", "candidates"),
        ("names of boats", "SELECT sum(depth) FROM pier", "linking"),
    ],
)
async def test_the_stage_is_told(question: str, reference: str, stage: Stage) -> None:
    assert await lost(question, reference) == {stage: 1}


async def test_what_another_candidate_answers_was_lost_in_the_ranking() -> None:
    found = await lost("seats of boats", "SELECT DISTINCT seats FROM boat", "wrong")
    assert set(found) <= {"ranking", "confidence"}


async def test_a_question_that_never_came_was_lost_before() -> None:
    assert await lost("names of boats", "SELECT name FROM boat", asked=False) == {"before": 1}


async def test_right_answers_are_not_lost() -> None:
    assert not await lost("names of boats", "SELECT name FROM boat", "right")


def test_every_stage_has_a_meaning() -> None:
    assert all(STAGES.values())
