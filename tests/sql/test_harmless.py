"""Queries that people ask pass the guard, and mean the same as the guard writes them."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from datus.sql.guard import check

_CASES = yaml.safe_load(Path(__file__).with_name("harmless.yml").read_text("utf-8"))
_DIALECTS = ("sqlite", "duckdb", "postgresql", "mysql")


def test_there_are_enough_of_each() -> None:
    assert len(_CASES["any"]) >= 30
    assert all(len(_CASES[dialect]) >= 20 for dialect in _DIALECTS)


@pytest.mark.parametrize(
    ("dialect", "sql"),
    [(dialect, sql) for dialect in _DIALECTS for sql in [*_CASES["any"], *_CASES[dialect]]],
)
def test_same_rows_as_written(
    dialect: Any, sql: str, shop: ModuleType, request: pytest.FixtureRequest
) -> None:
    if dialect in ("postgresql", "mysql"):
        sql = sql.replace("CUSTOMERS_VIEW", "customers_view")
    if dialect == "mysql":
        sql = sql.replace('AS "Order No"', "AS 'Order No'").replace("'中文 ' || ''", "'中文 '")
    checked = check(sql, shop.schema(dialect))
    run = request.getfixturevalue(f"run_{dialect}")
    rows = run(sql)
    assert run(checked.sql) == rows
    # written once more, nothing changes
    assert check(checked.sql, shop.schema(dialect)).sql == checked.sql
