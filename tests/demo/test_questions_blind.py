"""The blind demo questions: every reference query runs, says something, and no tie decides it."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from datus.evaluation.datasets import Item, load

FOLDER = Path(__file__).parents[1] / "evaluation"
FILE = FOLDER / "demo_questions_blind.jsonl"
ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()
]
ITEMS = load(FILE)
ANSWERED = [
    pytest.param(item, id=row["id"])
    for item, row in zip(ITEMS, ROWS, strict=True)
    if item.expects == "answer"
]
RELATIVE = re.compile(
    r"\blast (\d|month|quarter)|\byesterday\b|上个?[周月季年]|去年|今年|本月|昨天|今天|近\d"
)


def test_half_is_english_and_one_in_ten_has_no_answer() -> None:
    kinds = Counter((row["language"], "sql" in row) for row in ROWS)
    assert kinds == {(language, True): 45 for language in ("en", "zh")} | {
        (language, False): 5 for language in ("en", "zh")
    }
    assert len({row["id"] for row in ROWS}) == len(ROWS)


def test_no_question_stands_twice_or_in_the_other_files() -> None:
    others = {
        item.question
        for name in ("demo_questions.jsonl", "metric_questions.jsonl")
        for item in load(FOLDER / name)
    }
    texts = {row["question"] for row in ROWS}
    assert len(texts) == len(ROWS)
    assert not texts & others


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_fields(row: dict[str, Any]) -> None:
    kind = {"sql", "ordered"} if "sql" in row else {"expect"}
    assert set(row) - {"current_date"} == {"id", "language", "category", "question"} | kind
    assert (row["category"] == "refusal") == (row.get("expect") == "refusal")
    assert (row["language"] == "zh") == bool(re.search(r"[\u4e00-\u9fff]", row["question"]))
    assert isinstance(row.get("ordered", False), bool)
    relative = RELATIVE.search(row["question"].lower())
    assert row.get("current_date") == ("2024-01-15" if relative else None)


@pytest.mark.parametrize("item", ANSWERED)
def test_the_references_answer(item: Item, connection: duckdb.DuckDBPyConnection) -> None:
    for sql in item.references:
        rows = connection.execute(sql).fetchall()
        assert rows, sql
        assert len(set(rows)) == len(rows), sql
        for value in (value for row in rows for value in row):
            assert value is False or value not in (None, 0), sql  # no group is empty


@pytest.mark.parametrize("item", ANSWERED)
def test_no_tie_decides_the_answer(item: Item, connection: duckdb.DuckDBPyConnection) -> None:
    for sql in item.references:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
        assert not item.ordered or tree.args.get("order"), sql
        for select in tree.find_all(exp.Select):  # a subquery's LIMIT decides as well
            listed = select is tree and bool(item.ordered)
            if listed or select.args.get("limit"):
                keys = _keys(select, connection)
                deciding = keys if listed else keys[-2:]
                assert len(set(deciding)) == len(deciding), sql


def _keys(select: exp.Select, connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    """What the rows are sorted by, with the row behind the last one that the LIMIT lets through."""
    order, limit = select.args["order"].expressions, select.args.get("limit")
    shown = select.copy()
    for number, key in enumerate(order):
        shown = shown.select(exp.alias_(key.this.copy(), f"key{number}"))
    if limit:
        shown = shown.limit(int(limit.expression.name) + 1)
    rows = connection.execute(shown.sql("duckdb")).fetchall()
    return [row[-len(order) :] for row in rows]
