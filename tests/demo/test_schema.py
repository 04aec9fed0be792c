"""Comments in two languages on everything, keys declared, and nothing else in the file."""

import re

import duckdb
import pytest

from datus.demo.schema import TABLES, DemoColumn

NAMES = {table.name for table in TABLES}
COLUMNS = [(table.name, column) for table in TABLES for column in table.columns]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_the_database_holds_the_tables_of_the_shop_and_nothing_else(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE NOT internal"
    ).fetchall()
    assert {name for (name,) in tables} == NAMES
    assert connection.execute("SELECT * FROM duckdb_views() WHERE NOT internal").fetchall() == []
    assert (
        connection.execute("SELECT * FROM duckdb_functions() WHERE NOT internal").fetchall() == []
    )


def test_every_table_and_column_has_its_comment(connection: duckdb.DuckDBPyConnection) -> None:
    tables = dict(connection.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall())
    assert tables == {table.name: table.comment for table in TABLES}
    columns = connection.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
    ).fetchall()
    assert set(columns) == {(table, column.name, column.comment) for table, column in COLUMNS}


def test_a_comment_is_english_then_chinese() -> None:
    comments = [table.comment for table in TABLES] + [column.comment for _, column in COLUMNS]
    for comment in comments:
        english, chinese = comment.split(" | ")
        assert not CHINESE.search(english)
        assert english.isascii()
        assert CHINESE.search(chinese.split("；")[0])
        assert not set(",;:()") & set(chinese), f"half-width punctuation in {chinese}"


@pytest.mark.parametrize(
    ("table", "column"),
    [pytest.param(t, c, id=f"{t}.{c.name}") for t, c in COLUMNS if "取值" in c.chinese],
)
def test_the_values_in_a_comment_are_those_of_the_column(
    table: str, column: DemoColumn, connection: duckdb.DuckDBPyConnection
) -> None:
    listed = column.chinese.split("取值：")[1].split("、")
    names = {value.split("=")[0] for value in listed}
    assert all(CHINESE.search(value.split("=")[1]) for value in listed)
    if "values: " in column.english:
        assert set(column.english.split("values: ")[1].split(", ")) == names
    found = connection.execute(f"SELECT DISTINCT {column.name} FROM {table}").fetchall()
    assert {value for (value,) in found} == names


def test_keys_are_declared(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        "SELECT constraint_type, table_name, constraint_column_names, referenced_table, referenced_column_names"
        " FROM duckdb_constraints() WHERE constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY')"
    ).fetchall()
    primary = {(table, tuple(names)) for kind, table, names, _, _ in rows if kind == "PRIMARY KEY"}
    assert primary == {(table.name, (table.columns[0].name,)) for table in TABLES}
    foreign = {
        (table, tuple(names), to, tuple(to_names))
        for kind, table, names, to, to_names in rows
        if kind == "FOREIGN KEY"
    }
    assert foreign == {
        (table, (column.name,), column.references, (column.name,))
        for table, column in COLUMNS
        if column.references
    }


def test_a_column_named_like_another_tables_key_points_to_it() -> None:
    keys = {table.columns[0].name: table.name for table in TABLES}
    for table, column in COLUMNS:
        if keys.get(column.name, table) != table:
            assert column.references == keys[column.name]
