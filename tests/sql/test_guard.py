"""What the guard gives back, its bounds, and how it reads names."""

import threading
import time
from types import ModuleType
from typing import Any

import pytest

from datus.errors import RefusalError
from datus.sql.dialects import sqlglot_name
from datus.sql.guard import CheckedSql, check
from datus.types import Column, DatabaseSchema, Dialect, TableSchema

_DIALECTS: tuple[Dialect, ...] = ("sqlite", "duckdb", "postgresql", "mysql")


def _schema(dialect: Dialect, *tables: str, default: str | None = None) -> DatabaseSchema:
    """A schema of tables ``[schema.]name``, each with the columns id and name."""
    columns = (Column("id", "int", "integer"), Column("name", "text", "text"))
    made = []
    for table in tables:
        schema, _, name = table.rpartition(".")
        made.append(TableSchema(name, columns, schema or None))
    return DatabaseSchema(dialect, "shop", tuple(made), default)


def _refused(sql: str, schema: DatabaseSchema) -> dict[str, Any]:
    with pytest.raises(RefusalError) as refusal:
        check(sql, schema)
    assert refusal.value.code == "unsafe_sql"
    return refusal.value.details


def test_says_what_is_read(shop: ModuleType) -> None:
    checked = check(
        "select c.name, t.total from customers c join "
        "(select customer_id, sum(amount) as total from orders group by 1) t "
        "on t.customer_id = c.id;",
        shop.schema("sqlite"),
    )
    assert checked == CheckedSql(
        sql="SELECT c.name, t.total FROM customers AS c JOIN "
        "(SELECT customer_id, sum(amount) AS total FROM orders GROUP BY 1) AS t "
        "ON t.customer_id = c.id",
        tables=("customers", "orders"),
        columns=("customers.id", "customers.name", "orders.amount", "orders.customer_id"),
    )


def test_star_reads_every_column_and_count_reads_none() -> None:
    schema = _schema("postgresql", "a", "sales.b", default="public")
    assert check("SELECT * FROM sales.b", schema).columns == ("sales.b.id", "sales.b.name")
    assert check("SELECT COUNT(*) FROM a", schema).columns == ()
    assert check("SELECT b.* FROM a, sales.b", schema).tables == ("a", "sales.b")


def test_sqlite_string_in_double_quotes_becomes_a_literal() -> None:
    schema = _schema("sqlite", "t")
    checked = check('SELECT "name" FROM t WHERE "name" = "O\'Hara" OR name = "id"', schema)
    assert checked.sql == 'SELECT "name" FROM t WHERE "name" = \'O\'\'Hara\' OR name = "id"'
    assert _refused("SELECT [Tokyo] FROM t", schema)["reason"] == "unknown_column"
    assert _refused('SELECT "Tokyo" FROM t', _schema("duckdb", "t"))["reason"] == "unknown_column"


@pytest.mark.parametrize("dialect", _DIALECTS)
def test_names_the_nearest(dialect: Dialect) -> None:
    details = _refused("SELECT id FROM custmers", _schema(dialect, "customers", "orders"))
    assert (details["reason"], details["candidates"]) == ("unknown_table", ["customers"])
    details = _refused("SELECT nmae FROM customers", _schema(dialect, "customers"))
    assert (details["reason"], details["candidates"]) == ("unknown_column", ["name"])


@pytest.mark.parametrize(
    ("dialect", "sql", "passes"),
    [
        ("postgresql", "SELECT ID FROM USERS", True),
        ("postgresql", 'SELECT id FROM "users"', True),
        ("postgresql", 'SELECT id FROM "Users"', False),
        ("postgresql", 'SELECT "ID" FROM users', False),
        ("sqlite", 'SELECT "ID" FROM "USERS"', True),
        ("duckdb", 'SELECT "ID" FROM "USERS"', True),
        ("mysql", "SELECT `ID` FROM `users`", True),
        ("mysql", "SELECT id FROM USERS", False),
    ],
)
def test_case_folds_as_the_database_does(dialect: Dialect, sql: str, passes: bool) -> None:
    schema = _schema(dialect, "users")
    if passes:
        assert check(sql, schema).tables == ("users",)
    else:
        assert _refused(sql, schema)["reason"] in ("unknown_table", "unknown_column")


@pytest.mark.parametrize(
    ("dialect", "default", "table", "passes"),
    [
        ("sqlite", "main", "main.t", True),
        ("sqlite", "main", "temp.t", False),
        ("duckdb", "main", "shop.main.t", True),
        ("duckdb", "sales", "sales.t", True),
        ("duckdb", "sales", "main.t", False),
        ("duckdb", "main", "shop.t", False),
        ("postgresql", "public", "public.t", True),
        ("postgresql", "public", "shop.public.t", True),
        ("postgresql", "public", "other.public.t", False),
        ("mysql", "store", "store.t", True),
        ("mysql", "store", "shop.t", False),
        ("mysql", None, "shop.t", True),
    ],
)
def test_qualified_tables(dialect: Dialect, default: str | None, table: str, passes: bool) -> None:
    schema = _schema(dialect, "t", default=default)
    if passes:
        assert check(f"SELECT id FROM {table}", schema).tables == ("t",)
    else:
        assert _refused(f"SELECT id FROM {table}", schema)["reason"] == "unknown_table"


def test_a_user_table_never_stands_in_for_a_catalog() -> None:
    schema = _schema("postgresql", "pg_notes", default="public")
    assert _refused("SELECT id FROM pg_notes", schema)["reason"] == "unknown_table"
    assert check("SELECT id FROM public.pg_notes", schema).tables == ("pg_notes",)


def test_cte_hides_a_table_where_it_is_visible() -> None:
    schema = _schema("postgresql", "t", default="public")
    checked = check("WITH t AS (SELECT id AS other FROM t) SELECT other FROM t", schema)
    assert checked.columns == ("t.id",)
    assert _refused("WITH t AS (SELECT 1 AS x) SELECT id FROM t", schema)["name"] == "id"


@pytest.mark.parametrize("dialect", _DIALECTS)
@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT " + "1+" * 10_000 + "1", "too_long"),
        ("SELECT " + "1," * 3_000 + "1", "too_long"),
        ("SELECT " + "(" * 41 + "1" + ")" * 41, "too_complex"),
        ("SELECT " + "- " * 3_000 + "1", "too_complex"),
        ("SELECT " + "NOT " * 3_000 + "1", "too_complex"),
        ("SELECT * FROM t t0" + " LEFT JOIN t" * 300 + " ON 1=1" * 299, "too_complex"),
    ],
)
def test_bounds_hold_and_are_quick(dialect: Dialect, sql: str, reason: str) -> None:
    start = time.perf_counter()
    assert _refused(sql, _schema(dialect, "t"))["reason"] == reason
    assert time.perf_counter() - start < 5  # a few tenths of a second; the rest is a busy machine


@pytest.mark.parametrize("dialect", _DIALECTS)
def test_long_but_flat_passes(dialect: Dialect) -> None:
    schema = _schema(dialect, "t")
    check("SELECT id FROM t WHERE " + " OR ".join(["id = 1"] * 900), schema)
    check(" UNION ALL ".join(["SELECT id FROM t"] * 600), schema)
    check("SELECT id FROM t WHERE id IN (" + ",".join(["1"] * 1_900) + ")", schema)
    nested = "SELECT id FROM t WHERE id IN (" * 30 + "1" + ")" * 30
    check(nested, schema)


def test_threads_do_not_mix(shop: ModuleType) -> None:
    answers: dict[int, set[str]] = {}

    def work(number: int) -> None:
        dialect = _DIALECTS[number % 4]
        schema = _schema(dialect, f"t{number}")
        answers[number] = {
            table for _ in range(30) for table in check(f"SELECT * FROM t{number}", schema).tables
        }

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: {f"t{number}"} for number in range(8)}


def test_sqlglot_names() -> None:
    assert [sqlglot_name(dialect) for dialect in _DIALECTS] == [
        "sqlite",
        "duckdb",
        "postgres",
        "mysql",
    ]
