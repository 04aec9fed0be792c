"""SQL is checked before it runs, whoever wrote it, and told what would be right."""

from collections.abc import Callable
from typing import Any

import pytest

from datus.sql.statement import is_cut_off, statement_of
from datus.types import GenerationContext

ROME = "SELECT name FROM customers WHERE city = 'Rome' ORDER BY name"
IN_ROME = "Which customers live in Rome?"
RESULT = [{"name": "Bo"}, {"name": "Cy"}]


def mends(broken: str, right: str = ROME) -> Callable[[GenerationContext], list[str]]:
    return lambda context: [right] if context.attempts else [broken]


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("SELECT nme FROM customers", ["'nme'", "name"]),
        ("SELECT name FROM custmers", ["'custmers'", "customers"]),
        ("SELECT city, amount FROM customers", ["'amount'", "orders has a column 'amount'"]),
        (
            "SELECT id FROM customers JOIN orders ON customer_id = customers.id",
            ["ambiguous", "customers and orders"],
        ),
        ("SELECT name, count(*) FROM customers", ["GROUP BY name"]),
        ("SELECT city FROM customers WHERE count(*) > 1 GROUP BY city", ["WHERE", "HAVING"]),
        ("SELECT name FROM customers WHERE id = 'Rome'", ["customers.id", "numbers", "'Rome'"]),
        ("SELECT id FROM orders WHERE ordered_on > 2023", ["orders.ordered_on", "dates", "2023"]),
        ("SELECT id FROM orders WHERE ordered_on > 'recently'", ["dates", "'recently'"]),
        (
            "SELECT id FROM orders WHERE strftime('%Y', ordered_on) = 2024",
            ["text", "write '2024'"],
        ),
        (
            "SELECT id FROM orders WHERE strftime('%m', ordered_on) = '1'",
            ["2 characters", "'1'"],
        ),
        ("SELECT name FROM customers WHERE lower(city) = 'Rome'", ["no capitals", "'Rome'"]),
        ("SELECT id FROM orders WHERE amount BETWEEN 20 AND 10", ["Nothing is between"]),
        (
            "SELECT id FROM customers WHERE city = 'Rome' AND city = 'Paris'",
            ["cannot be", "OR or IN"],
        ),
        ("SELECT name FROM customers WHERE city = 'rome'", ["no 'rome'", "nearest: 'Rome'"]),
        ("SELECT name FROM customers WHERE city = 'Roem'", ["no 'Roem'", "nearest: 'Rome'"]),
        ("SELECT YEAR(ordered_on) FROM orders", ["'year'", "strftime('%Y', d)"]),
        ("SELECT name FROM customers WHERE city =", ["no end"]),
        ("SELECT name FROM customers WHERE city = 'Ro", ["no end"]),
        (f"{ROME}; SELECT 1", ["More than one statement"]),
        (f"{ROME} -- in Rome", ["Comments"]),
        (f"Here it is:\n```sql\n{ROME}\n```", ["alone"]),
    ],
)
async def test_what_is_wrong_is_told_before_it_runs_and_mended(
    lab, broken: str, told: list[str]
) -> None:
    outcome = await lab.ask("nl2sql", mends(broken), IN_ROME)
    assert outcome.answer["result"] == RESULT
    [attempt] = lab.asked[1].attempts
    assert attempt.sql == broken
    for part in told:
        assert part in attempt.error
    assert [data["status"] for data in lab.of("execution_complete")][-1] == "completed"


async def test_the_error_ends_the_run_when_nobody_mends_it(lab) -> None:
    wrong = "SELECT id FROM orders WHERE ordered_on > 2023"
    outcome = await lab.ask(
        "nl2sql", lambda context: [wrong, f"{wrong} OR id = 1"], "2023年以后的订单有哪些？"
    )
    assert (outcome.status, outcome.error["code"]) == ("failed", "invalid_sql")
    assert outcome.error["details"] == {"reasons": ["type"]}
    assert len(lab.of("sql_generated")) == 2


async def test_a_value_that_may_be_spelt_otherwise_runs_where_nothing_can_go_back(lab) -> None:
    outcome = await lab.ask("fixed", lambda context: [ROME.replace("Rome", "rome")], IN_ROME)
    assert (outcome.status, outcome.answer["result"]) == ("completed", [])


async def test_a_value_that_is_simply_absent_is_no_error(lab) -> None:
    nobody = "SELECT name FROM customers WHERE city = 'Atlantis'"
    outcome = await lab.ask("reflection", lambda context: [nobody], "Who lives in Atlantis?")
    assert (outcome.status, outcome.answer["result"]) == ("completed", [])
    assert outcome.answer["metadata"]["reflection_rounds"] == 0


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name, max(id) FROM customers",
        "SELECT c.name, count(*) AS n FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.id",
        "SELECT c.name, count(*) AS n FROM customers c JOIN orders o ON o.customer_id = c.id "
        "GROUP BY o.customer_id",
        "SELECT city AS id, count(*) AS n FROM customers GROUP BY id ORDER BY 2 DESC",
        "SELECT id FROM orders WHERE ordered_on >= '2024-01-03' AND amount > '10'",
        "SELECT customers.id FROM customers JOIN orders USING (id)",
        "WITH r AS (SELECT city, count(*) AS n FROM customers GROUP BY city) "
        "SELECT name, n FROM customers JOIN r ON r.city = customers.city",
        "SELECT name FROM customers WHERE id = (SELECT max(customer_id) FROM orders)",
        "SELECT sum(amount) FILTER (WHERE note IS NULL) AS s FROM orders",
        "SELECT name FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)",
    ],
)
async def test_right_sql_is_left_alone(lab, sql: str) -> None:
    outcome = await lab.ask("nl2sql", lambda context: [sql], "Anything?")
    assert outcome.status == "completed"
    assert len(lab.asked) == 1


FENCED: list[tuple[str, str]] = [
    ("```sql\nSELECT 1\n```", "SELECT 1"),
    ("  ```\nSELECT 1;\n```  ", "SELECT 1"),
    ("```SQLite\r\nSELECT 1\r\n```", "SELECT 1"),
    ("SELECT 1;", "SELECT 1"),
    ("SELECT 1;;", "SELECT 1;"),
    ("```python\nSELECT 1\n```", "```python\nSELECT 1\n```"),
    (
        "```sql\nSELECT 1\n```\n```sql\nSELECT 2\n```",
        "```sql\nSELECT 1\n```\n```sql\nSELECT 2\n```",
    ),
    ("Here:\n```sql\nSELECT 1\n```", "Here:\n```sql\nSELECT 1\n```"),
    ("SELECT '```sql'", "SELECT '```sql'"),
]


@pytest.mark.parametrize(("text", "sql"), FENCED)
def test_only_a_whole_fence_and_one_semicolon_come_off(text: str, sql: str) -> None:
    assert statement_of(text) == sql


@pytest.mark.parametrize(
    ("sql", "cut"),
    [
        ("SELECT name FROM", True),
        ("SELECT count(", True),
        ("SELECT 'abc", True),
        ("SELECT a, ", True),
        ("SELECT a WHERE b AND", True),
        ("SELECT a FROM b", False),
        ("SELEC a FROM b", False),
        ("SELECT 'and'", False),
    ],
)
def test_a_statement_without_its_end_is_told_from_a_wrong_one(sql: str, cut: bool) -> None:
    assert is_cut_off(sql, "sqlite") is cut


async def test_fenced_sql_runs_as_the_guard_wrote_it(lab) -> None:
    outcome = await lab.ask("fixed", lambda context: [f"```sql\n{ROME};\n```"], IN_ROME)
    assert outcome.answer["result"] == RESULT
    assert "`" not in outcome.answer["sql"]


async def test_the_engine_is_asked_before_the_statement_runs(lab, monkeypatch: Any) -> None:
    """What only the engine knows: too many columns on one side of a comparison."""
    ran: list[str] = []
    connector = lab.connectors.get("shop", "shop")
    execute = connector.execute

    async def kept(sql: str, **limits: Any) -> Any:
        ran.append(sql)
        return await execute(sql, **limits)

    monkeypatch.setattr(connector, "execute", kept)
    broken = "SELECT name FROM customers WHERE id IN (SELECT id, amount FROM orders)"
    outcome = await lab.ask("fixed", lambda context: [broken], IN_ROME)
    assert (outcome.status, outcome.error["code"]) == ("failed", "database_error")
    assert ran == []
