"""The demo questions: every reference query runs, says something, and has one right answer."""

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

FILE = Path(__file__).parents[1] / "evaluation" / "demo_questions.jsonl"
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()
]
RELATIVE = re.compile(
    r"\b(last|this|yesterday|today)\b|上个?[周月季年]|去年|今年|本月|昨天|今天|近\d"
)


def queries(question: dict[str, Any]) -> list[str]:
    return [question["sql"]] if isinstance(question["sql"], str) else question["sql"]


EACH = [
    pytest.param(question, sql, id=f"{question['id']}-{number}")
    for question in QUESTIONS
    for number, sql in enumerate(queries(question), 1)
]


def test_there_are_thirty_in_english_and_twenty_in_chinese() -> None:
    languages = [question["language"] for question in QUESTIONS]
    assert (languages.count("en"), languages.count("zh")) == (30, 20)
    assert len({question["id"] for question in QUESTIONS}) == 50
    texts = {question["question"] for question in QUESTIONS}
    assert len(texts) == 50
    assert {"Show me monthly revenue by product category", "按产品类别统计每月销售额"} <= texts


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["id"])
def test_fields(question: dict[str, Any]) -> None:
    assert set(question) - {"current_date"} == {
        "id",
        "language",
        "category",
        "question",
        "sql",
        "ordered",
    }
    assert (question["language"] == "zh") == bool(
        re.search(r"[\u4e00-\u9fff]", question["question"])
    )
    assert isinstance(question["ordered"], bool)
    assert question.get("current_date", "2024-01-15") == "2024-01-15"
    assert ("current_date" in question) == bool(RELATIVE.search(question["question"].lower()))


@pytest.mark.parametrize(("question", "sql"), EACH)
def test_the_reference_query_answers(
    question: dict[str, Any], sql: str, connection: duckdb.DuckDBPyConnection
) -> None:
    rows = connection.execute(sql).fetchall()
    assert rows
    assert len(set(rows)) == len(rows)
    for row in rows:
        assert all(value is not None and value != 0 for value in row)


@pytest.mark.parametrize(("question", "sql"), EACH)
def test_no_tie_decides_the_answer(
    question: dict[str, Any], sql: str, connection: duckdb.DuckDBPyConnection
) -> None:
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Select)
    order, limit = tree.args.get("order"), tree.args.get("limit")
    if order is None or not (question["ordered"] or limit):
        assert not question["ordered"]
        return
    for number, key in enumerate(order.expressions):
        tree = tree.select(exp.alias_(key.this.copy(), f"key{number}"))
    count = int(limit.expression.name) + 1 if limit else None
    rows = connection.execute((tree.limit(count) if count else tree).sql("duckdb")).fetchall()
    keys = [row[-len(order.expressions) :] for row in rows]
    if not question["ordered"]:
        keys = keys[-2:]
    assert len(set(keys)) == len(keys)
