"""Spider's levels, one query on each side of each border."""

import pytest

from datus.evaluation.hardness import hardness


@pytest.mark.parametrize(
    ("sql", "level"),
    [
        ("SELECT count(*) FROM t", "easy"),
        ("SELECT a FROM t WHERE b = 1", "easy"),
        ("SELECT a, b FROM t WHERE c = 1", "medium"),
        ("SELECT a FROM t WHERE b = 1 AND c = 2", "medium"),
        ("SELECT a FROM t JOIN u ON t.i = u.i WHERE b = 1", "medium"),
        ("SELECT min(a), max(a) FROM t", "medium"),
        ("SELECT a, b FROM t WHERE c LIKE 'x' AND d = 1 OR e = 1", "hard"),
        ("SELECT a, count(*), sum(b) FROM t WHERE b = 1 AND c = 2 GROUP BY a", "hard"),
        ("SELECT a FROM t JOIN u ON t.i = u.i GROUP BY a ORDER BY b", "hard"),
        ("SELECT a FROM t JOIN u ON t.i = u.i GROUP BY a ORDER BY count(*) LIMIT 1", "extra"),
        ("SELECT a FROM t WHERE b NOT IN (SELECT b FROM u WHERE c = 1 AND d = 2)", "hard"),
        ("SELECT a FROM t INTERSECT SELECT a FROM u", "hard"),
        ("SELECT a FROM t EXCEPT SELECT a FROM u UNION SELECT a FROM v", "extra"),
        ("SELECT a, b FROM t WHERE b > (SELECT avg(b) FROM t)", "extra"),
        ("SELEC a", "unknown"),
        ("DELETE FROM t", "unknown"),
    ],
)
def test_level(sql: str, level: str) -> None:
    assert hardness(sql) == level
