"""Question files of every shape, and reference texts that stand for several queries."""

import json
from datetime import date
from pathlib import Path

import pytest

from datus.errors import InvalidRequestError
from datus.evaluation.datasets import Keys, expand_gold, load, select


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_choice_means_any_subset_and_braces_repeat_it() -> None:
    made = expand_gold("SELECT {a, b}, count(*) FROM t GROUP BY {}")
    assert set(made) == {
        "SELECT a, count(*) FROM t GROUP BY a",
        "SELECT b, count(*) FROM t GROUP BY b",
        "SELECT a, b, count(*) FROM t GROUP BY a, b",
    }


def test_semicolons_separate_right_queries_but_not_inside_text() -> None:
    assert expand_gold("SELECT ';{' FROM t; SELECT 2;\n") == ("SELECT ';{' FROM t", "SELECT 2")
    assert expand_gold("SELECT {a} FROM t;SELECT {b,c} FROM u GROUP BY {}") == (
        "SELECT a FROM t",
        "SELECT b FROM u GROUP BY b",
        "SELECT c FROM u GROUP BY c",
        "SELECT b, c FROM u GROUP BY b, c",
    )


def test_a_choice_may_hold_expressions_and_stand_twice() -> None:
    assert len(expand_gold("SELECT {a,b}, {c,d,e} FROM t")) == 3 * 7
    assert expand_gold("SELECT {x.a} AS n FROM x") == ("SELECT x.a AS n FROM x",)


@pytest.mark.parametrize(
    "text", ["SELECT 1 GROUP BY {}", "SELECT {a,b,c,d,e,f,g,h} FROM t", "SELECT {a FROM t"]
)
def test_a_choice_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        expand_gold(text)


def test_spider_is_known_by_its_keys(tmp_path: Path) -> None:
    rows = [{"db_id": "d", "question": "How many?", "query": "SELECT count(*) FROM t"}]
    (item,) = load(write(tmp_path / "q.json", json.dumps(rows)))
    assert (item.number, item.database, item.category) == (1, "d", "easy")
    assert item.references == ("SELECT count(*) FROM t",)
    assert item.expects == "answer"


def test_defog_is_known_by_its_keys(tmp_path: Path) -> None:
    row = {
        "db_id": "d",
        "category": "ratio",
        "question": "q",
        "instructions": "x means y",
        "gold": "SELECT 1",
    }
    (item,) = load(write(tmp_path / "q.jsonl", json.dumps(row) + "\n\n"))
    assert (item.category, item.knowledge) == ("ratio", "x means y")


def test_csv_with_named_keys(tmp_path: Path) -> None:
    path = write(
        tmp_path / "q.csv",
        'ask,answer,kind,ordered,today\n"多少,\n客户?",SELECT 1,zh,true,2024-01-15\nb,SELECT 2,en,,\n',
    )
    first, second = load(path, Keys(question="ask", sql="answer", category="kind"))
    assert (first.question, first.category, first.ordered) == ("多少,\n客户?", "zh", True)
    assert first.today == date(2024, 1, 15)
    assert (second.ordered, second.today) == (None, None)


def test_a_list_of_references(tmp_path: Path) -> None:
    path = write(
        tmp_path / "q.json", json.dumps([{"question": "q", "sql": ["SELECT 1", "SELECT 2"]}])
    )
    assert load(path)[0].references == ("SELECT 1", "SELECT 2")


def test_without_references_a_refusal_is_right(tmp_path: Path) -> None:
    path = write(tmp_path / "q.json", json.dumps([{"question": "What is love?"}]))
    assert load(path)[0].expects == "refusal"


def test_one_row_may_expect_a_refusal(tmp_path: Path) -> None:
    rows = [{"question": "a", "sql": "SELECT 1"}, {"question": "b", "expect": "refusal"}]
    path = write(tmp_path / "q.json", json.dumps(rows))
    assert [item.expects for item in load(path)] == ["answer", "refusal"]
    assert [item.expects for item in load(path, expect="refusal")] == ["refusal", "refusal"]


def test_hardness_can_be_the_category_where_there_is_another(tmp_path: Path) -> None:
    path = write(tmp_path / "q.json", '[{"question": "q", "sql": "SELECT 1", "category": "x"}]')
    assert load(path, Keys(category="hardness"))[0].category == "easy"


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("q.json", "[]", "no questions"),
        ("q.json", "{", "not JSON"),
        ("q.json", '{"question": "a"}', "list of objects"),
        ("q.jsonl", '{"question": "a"}\nx', "line 2"),
        ("q.txt", "a", "must end in"),
        ("q.json", '[{"ask": "a"}]', "it has: ask|It has: ask"),
        ("q.json", '[{"question": " ", "sql": "SELECT 1"}]', "Row 1 has no question"),
        (
            "q.json",
            '[{"question": "a", "sql": "SELECT 1"}, {"question": "b"}]',
            "Row 2 has no reference",
        ),
        ("q.json", '[{"question": "a", "sql": "SELECT 1", "ordered": "maybe"}]', "maybe"),
        ("q.json", '[{"question": "a", "sql": "SELECT 1", "today": "15.1.2024"}]', "ISO date"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, name: str, text: str, part: str
) -> None:
    with pytest.raises(InvalidRequestError, match=part):
        load(write(tmp_path / name, text))


def test_a_key_that_no_row_has_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "q.json", '[{"question": "a", "sql": "SELECT 1"}]')
    with pytest.raises(InvalidRequestError, match=r"'gold'.*question, sql"):
        load(path, Keys(sql="gold"))
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        load(tmp_path / "absent.json")


def test_a_sample_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    rows = [{"question": str(n), "sql": "SELECT 1"} for n in range(50)]
    items = load(write(tmp_path / "q.json", json.dumps(rows)))
    sample = select(items, sample=10, seed=3)
    assert sample == select(items, sample=10, seed=3) != select(items, sample=10, seed=4)
    assert list(sample) == sorted(sample, key=lambda item: item.number)
    assert select(items, limit=2) == items[:2]
    assert select(items, sample=99) == items
