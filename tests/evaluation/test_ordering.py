"""When rows are a list, and which of them tie."""

import sqlite3

import pytest

from datus.evaluation.ordering import asks_for_order, sort_keys

BY_AGE = "SELECT name FROM t ORDER BY age"


@pytest.mark.parametrize(
    ("question", "reference", "asks"),
    [
        ("List names sorted by age", BY_AGE, True),
        ("List names from the oldest to the youngest", BY_AGE, True),
        ("Names in alphabetical order", BY_AGE, True),
        ("按年龄从高到低列出姓名", BY_AGE, True),
        ("客户按金额降序", BY_AGE, True),
        ("How many customers has each region?", BY_AGE, False),
        ("What is the first name of each child?", BY_AGE, False),
        ("List names sorted by age", "SELECT name FROM (SELECT * FROM t ORDER BY age)", False),
        ("Who are the three oldest?", f"{BY_AGE} DESC LIMIT 3", True),
        (
            "List names sorted by age",
            "SELECT name FROM t UNION SELECT b FROM u ORDER BY name",
            True,
        ),
        ("List names sorted by age", "SELEC name", False),
    ],
)
def test_asks_for_order(question: str, reference: str, asks: bool) -> None:
    assert asks_for_order(question, reference) is asks


@pytest.mark.parametrize(
    ("reference", "keys"),
    [
        ("SELECT name, age FROM t ORDER BY age", [1, 1, 2]),
        ("SELECT name, age FROM t ORDER BY 2", [1, 1, 2]),
        ("SELECT name, age AS years FROM t ORDER BY years", [1, 1, 2]),
        ("SELECT name FROM t ORDER BY age", [1, 1, 2]),
        ("SELECT * FROM t ORDER BY age", [1, 1, 2]),
        ("SELECT name, age * 2 AS twice FROM t ORDER BY twice + 1", [3, 3, 5]),
        ("SELECT age FROM t GROUP BY age ORDER BY count(*)", [1, 2]),
        ("SELECT name FROM t UNION SELECT 'z' ORDER BY name", ["a", "b", "c", "z"]),
    ],
)
def test_sort_keys_are_among_the_columns(reference: str, keys: list[object]) -> None:
    database = sqlite3.connect(":memory:")
    database.executescript(
        "CREATE TABLE t (name, age); INSERT INTO t VALUES ('a',1),('b',1),('c',2)"
    )
    found = sort_keys(reference, "sqlite")
    assert found is not None
    plain = database.execute(reference).fetchall()
    rows = database.execute(found.sql).fetchall()
    assert [row[: len(row) - found.extra] for row in rows] == plain
    assert [row[found.positions[0]] for row in rows] == keys
    database.close()


@pytest.mark.parametrize(
    "reference",
    [
        "SELECT DISTINCT name FROM t ORDER BY age",
        "SELECT *, 1 FROM t ORDER BY 2",
        "SELECT name FROM t",
        "SELECT name FROM t ORDER",
    ],
)
def test_sort_keys_that_cannot_be_shown(reference: str) -> None:
    assert sort_keys(reference, "sqlite") is None
