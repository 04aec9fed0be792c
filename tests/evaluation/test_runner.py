"""Judging answers, with functions in the place of the service and a small SQLite database."""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest

from datus.errors import DatabaseError
from datus.evaluation import report
from datus.evaluation.datasets import Item
from datus.evaluation.runner import Answered, Outcome, evaluate
from datus.types import QueryResult, ResultColumn

RunSql = Callable[[Item, str], Awaitable[QueryResult]]


@pytest.fixture
def run_sql() -> Iterator[RunSql]:
    database = sqlite3.connect(":memory:")
    database.executescript(
        "CREATE TABLE t (name, age); INSERT INTO t VALUES ('a', 9), ('b', 7), ('c', 7), ('d', 5)"
    )

    async def run(item: Item, sql: str) -> QueryResult:
        try:
            cursor = database.execute(sql)
        except sqlite3.Error as error:
            raise DatabaseError(str(error)) from error
        columns = tuple(ResultColumn(c[0], "other") for c in cursor.description)
        rows = tuple(cursor.fetchmany(50))
        return QueryResult(columns, rows, cursor.fetchone() is not None, 0.0)

    yield run
    database.close()


def item(question: str, *references: str, number: int = 1, category: str = "all") -> Item:
    return Item(number, question, references, category=category)


async def judge(run_sql: RunSql, asked: Item, sql: str) -> Outcome:
    async def answer(item: Item) -> Answered:
        return Answered("completed", sql, await run_sql(item, sql), 0.001)

    (outcome,) = await evaluate([asked], answer, run_sql, dialect="sqlite")
    return outcome


@pytest.mark.parametrize(
    ("question", "reference", "sql", "verdict"),
    [
        ("names", "SELECT name FROM t", "SELECT name FROM t ORDER BY name DESC", "right"),
        ("names by age in descending order", "SELECT name FROM t ORDER BY age DESC", "SELECT name FROM t ORDER BY age DESC, name DESC", "right"),
        ("names by age in descending order", "SELECT name FROM t ORDER BY age DESC", "SELECT name FROM t ORDER BY age", "wrong"),
        ("the oldest two", "SELECT name FROM t ORDER BY age DESC LIMIT 2", "SELECT name FROM t ORDER BY age DESC, name LIMIT 2", "right"),
        ("names in order of age", "SELECT DISTINCT name FROM t ORDER BY age", "SELECT name FROM t ORDER BY age", "right"),
        ("ages of all", "SELECT age FROM t ORDER BY age", "SELECT age FROM t", "right"),
        ("names", "SELECT name FROM t", "SELECT name, age FROM t", "wrong"),
    ],
)  # fmt: skip
async def test_an_answer_is_compared(
    run_sql: RunSql, question: str, reference: str, sql: str, verdict: str
) -> None:
    assert (await judge(run_sql, item(question, reference), sql)).verdict == verdict


async def test_one_of_several_references_is_enough(run_sql: RunSql) -> None:
    asked = item("the youngest", "SELECT name FROM t WHERE age = 9", "SELECT min(age) FROM t")
    assert (await judge(run_sql, asked, "SELECT 5")).verdict == "right"
    assert (await judge(run_sql, asked, "SELECT 7")).verdict == "wrong"


async def test_the_item_says_whether_order_matters(run_sql: RunSql) -> None:
    reference, sql = "SELECT name FROM t ORDER BY name", "SELECT name FROM t ORDER BY name DESC"
    for ordered, verdict in ((True, "wrong"), (False, "right"), (None, "right")):
        asked = Item(1, "names", (reference,), ordered=ordered)
        assert (await judge(run_sql, asked, sql)).verdict == verdict


async def test_reasons_are_told(run_sql: RunSql) -> None:
    by_name = Item(1, "names", ("SELECT name FROM t ORDER BY name",), ordered=True)
    other_order = await judge(run_sql, by_name, "SELECT name FROM t ORDER BY name DESC")
    assert other_order.reason == "the same rows in another order"
    shape = await judge(
        run_sql, item("names", "SELECT name FROM t"), "SELECT name, age FROM t LIMIT 1"
    )
    assert shape.reason == "1 rows x 2 columns, expected 4 x 1"
    values = await judge(run_sql, item("q", "SELECT 1", "SELECT nix"), "SELECT 2")
    assert values.reason == "other values; one reference failed: no such column: nix"


async def test_a_reference_that_fails_is_not_counted(run_sql: RunSql) -> None:
    broken = await judge(run_sql, item("q", "SELECT nix"), "SELECT 1")
    assert (broken.verdict, broken.reason) == ("reference_failed", "no such column: nix")
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT 99"
    )
    cut = await judge(run_sql, item("q", endless), "SELECT 1")
    assert cut.verdict == "reference_failed"
    assert "50 rows" in cut.reason


async def test_the_right_refusal_is_right(run_sql: RunSql) -> None:
    answers = {
        1: Answered("refused", None, None, 0.1, "unanswerable", "no such data"),
        2: Answered("completed", "SELECT 1", await run_sql(item("q"), "SELECT 1"), 0.1),
        3: Answered("failed", None, None, 0.1, "database_error", "gone"),
    }

    async def answer(asked: Item) -> Answered:
        return answers[asked.number]

    outcomes = await evaluate([item("q", number=n) for n in answers], answer, run_sql)
    assert [outcome.verdict for outcome in outcomes] == ["right", "wrong", "failed"]


async def test_references_run_once_and_slots_are_kept(run_sql: RunSql) -> None:
    ran: list[str] = []
    now = most = 0

    async def counted(asked: Item, sql: str) -> QueryResult:
        ran.append(sql)
        return await run_sql(asked, sql)

    async def answer(asked: Item) -> Answered:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1
        return Answered("refused", None, None, 0.1, "ambiguous", "which?")

    seen: list[int] = []
    items = [item("q", "SELECT 1", number=n) for n in range(1, 9)]
    await evaluate(items[:1], answer, counted)
    assert (ran, most) == (["SELECT 1"], 1)
    outcomes = await evaluate(
        items, answer, counted, concurrency=3, on_outcome=lambda o: seen.append(o.item.number)
    )
    assert most == 3
    assert sorted(seen) == [outcome.item.number for outcome in outcomes] == list(range(1, 9))


async def outcomes_of_all_kinds(run_sql: RunSql) -> tuple[Outcome, ...]:
    completed = {1: "SELECT 1", 2: "SELECT 2"}
    others: Mapping[int, Answered] = {
        3: Answered("refused", None, None, 0.003, "ambiguous", "which?"),
        4: Answered("failed", "SELECT x", None, 0.004, "statement_timeout", "too long"),
        5: Answered("completed", "SELECT 1", await run_sql(item("q"), "SELECT 1"), 0.005),
    }

    async def answer(asked: Item) -> Answered:
        if asked.number in others:
            return others[asked.number]
        sql = completed[asked.number]
        return Answered("completed", sql, await run_sql(asked, sql), asked.number / 1000)

    items = [
        item("one", "SELECT 1", number=1, category="easy"),
        item("two", "SELECT 1", number=2, category="hard"),
        item("three", "SELECT 1", number=3, category="hard"),
        item("four", "SELECT 1", number=4, category="hard"),
        item("five", "SELECT nix", number=5, category="extra"),
    ]
    return await evaluate(items, answer, run_sql)


async def test_figures(run_sql: RunSql) -> None:
    outcomes = await outcomes_of_all_kinds(run_sql)
    total = report.figures(outcomes)
    assert (total.questions, total.counted, total.right, total.wrong) == (5, 4, 1, 1)
    assert (total.accuracy, total.precision) == (0.25, 0.5)
    assert (total.refusals, total.errors) == ({"ambiguous": 1}, {"statement_timeout": 1})
    assert total.reference_failed == 1
    assert (total.median_s, total.p95_s) == (0.003, 0.005)
    parts = report.by_category(outcomes)
    assert list(parts) == ["easy", "hard", "extra"]
    assert (parts["easy"].accuracy, parts["hard"].precision) == (1.0, 0.0)
    assert (parts["extra"].accuracy, parts["extra"].precision) == (None, None)


async def test_the_report_has_every_miss(run_sql: RunSql, tmp_path: Path) -> None:
    outcomes = await outcomes_of_all_kinds(run_sql)
    data, text = report.write(outcomes, {"workflow": "nl2sql"}, tmp_path / "new")
    loaded = json.loads(data.read_text(encoding="utf-8"))
    assert [miss["number"] for miss in loaded["misses"]] == [2, 3, 4, 5]
    assert loaded["misses"][0]["sql"] == "SELECT 2"
    assert loaded["misses"][0]["references"] == ["SELECT 1"]
    assert loaded["verdicts"]["1"] == "right"
    assert loaded["about"] == {"workflow": "nl2sql"}
    page = text.read_text(encoding="utf-8")
    assert "| total | 5 | 25.0% | 50.0% | 1 | 1 | 1 | 1 | 1 |" in page
    for part in (
        "- refused: ambiguous 1",
        "## Wrong (1)",
        "## Refused (1)",
        "too long",
        "``SELECT 2``",
        "no such column",
    ):
        assert part in page
