"""The metric questions: every reference query says the same on DuckDB and PostgreSQL, and no tie decides it."""

import importlib.util
import json
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
import sqlglot

from datus.evaluation.datasets import load
from datus.evaluation.ordering import sort_keys

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tests" / "evaluation" / "metric_questions.jsonl"
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()
]
ANSWERED = [question for question in QUESTIONS if "sql" in question]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def queries(question: dict[str, Any]) -> list[str]:
    return [question["sql"]] if isinstance(question["sql"], str) else question["sql"]


EACH = [
    pytest.param(question, sql, id=f"{question['id']}-{number}")
    for question in ANSWERED
    for number, sql in enumerate(queries(question), 1)
]


def _cell(value: object) -> object:
    if isinstance(value, (int, float, Decimal)):
        return round(float(value), 6)
    return value


def _rows(rows: list[tuple[Any, ...]]) -> list[tuple[object, ...]]:
    return [tuple(_cell(value) for value in row) for row in rows]


@pytest.fixture(scope="module")
def postgresql(
    shop: Path, connect_postgresql: Callable[[], "psycopg.Connection[Any]"]
) -> Iterator["psycopg.Connection[Any]"]:
    """A connection to a copy of the shop in PostgreSQL that lives as long as this file's tests."""
    spec = importlib.util.spec_from_file_location(
        "demo_postgres", ROOT / "bench" / "demo_postgres.py"
    )
    assert spec is not None
    assert spec.loader is not None
    loader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loader)
    name = f"datus_test_{secrets.token_hex(6)}"
    with connect_postgresql() as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            info = admin.info
            with psycopg.connect(
                host=info.host, port=info.port, user=info.user, dbname=name, autocommit=True
            ) as copy:
                loader.copy(shop, copy)
                yield copy
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_there_are_sixty_with_an_answer_and_ten_without() -> None:
    kinds = [("sql" in question, question["language"]) for question in QUESTIONS]
    assert [kinds.count((True, language)) for language in ("en", "zh")] == [30, 30]
    assert [kinds.count((False, language)) for language in ("en", "zh")] == [5, 5]
    for field in ("id", "question"):
        assert len({question[field] for question in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["id"])
def test_fields(question: dict[str, Any]) -> None:
    common = {"id", "language", "category", "question", "current_date"}
    assert set(question) - common in ({"sql", "ordered"}, {"expect"})
    assert (question["language"] == "zh") == bool(CHINESE.search(question["question"]))
    assert question["current_date"] == "2024-01-15"
    assert question.get("expect", "refusal") == "refusal"
    assert (question["category"] == "refusal") == ("expect" in question)


def test_the_evaluation_reads_the_file() -> None:
    items = load(FILE)
    assert [item.expects for item in items] == [
        question.get("expect", "answer") for question in QUESTIONS
    ]
    assert [len(item.references) for item in items if item.references] == [
        len(queries(question)) for question in ANSWERED
    ]
    assert {item.today for item in items} == {date(2024, 1, 15)}


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
    limit = tree.args.get("limit")
    ranked = tree.args.get("order") is not None
    assert ranked == (question["category"] == "ranking")
    if not ranked:
        assert limit is None
        assert not question["ordered"]
        return
    if limit is not None:
        tree = tree.limit(int(limit.expression.name) + 1)
    shown = sort_keys(tree.sql("duckdb"), "duckdb")
    assert shown is not None
    keys = [
        tuple(row[place] for place in shown.positions)
        for row in connection.execute(shown.sql).fetchall()
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(("question", "sql"), EACH)
def test_postgresql_answers_the_same(
    question: dict[str, Any],
    sql: str,
    connection: duckdb.DuckDBPyConnection,
    postgresql: "psycopg.Connection[Any]",
) -> None:
    here = _rows(connection.execute(sql).fetchall())
    there = _rows(postgresql.execute(sql.encode()).fetchall())
    if question["ordered"]:
        assert there == here
    else:
        assert sorted(map(repr, there)) == sorted(map(repr, here))


def test_counting_orders_by_their_lines_is_right(connection: duckdb.DuckDBPyConnection) -> None:
    """Some references count orders over their lines, which would lose orders that have none."""
    orders, with_lines = connection.execute(
        "SELECT (SELECT count(*) FROM orders), (SELECT count(DISTINCT order_id) FROM order_items)"
    ).fetchall()[0]
    assert orders == with_lines
