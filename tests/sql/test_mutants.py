"""Thousands of broken statements: each is refused or read rightly, and nothing else happens."""

import random
import sqlite3
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from datus.errors import RefusalError
from datus.sql.functions import FUNCTIONS, TABLE_FUNCTIONS
from datus.sql.guard import check

_HERE = Path(__file__).parent
_HOSTILE = yaml.safe_load((_HERE / "hostile.yml").read_text("utf-8"))
_HARMLESS = yaml.safe_load((_HERE / "harmless.yml").read_text("utf-8"))


def _statements(dialect: str) -> list[str]:
    hostile = [sql for g in (*_HOSTILE["any"], *_HOSTILE[dialect]) for sql in g["sql"]]
    return hostile + 3 * (_HARMLESS["any"] + _HARMLESS[dialect])


def _mutant(chance: random.Random, statements: list[str]) -> str:
    words = chance.choice(statements).split() or ["SELECT"]
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(words))
        other = chance.choice(statements).split() or ["1"]
        start = chance.randrange(len(other))
        piece = other[start : start + chance.randint(1, 6)]
        match chance.randrange(4):
            case 0 if len(words) > 1:
                del words[place]
            case 1:
                words[place:place] = piece
            case 2:
                words[place : place + 1] = piece
            case _:
                words[place:place] = ["(", *other, ")"]
    return " ".join(words)


@pytest.mark.parametrize("dialect", ["duckdb", "postgresql", "mysql"])
def test_refused_or_read(dialect: Any, shop: ModuleType) -> None:
    chance = random.Random(f"mutants of {dialect}")
    statements, schema = _statements(dialect), shop.schema(dialect)
    known = {f"{t.schema}.{t.name}" if t.schema == "sales" else t.name for t in schema.tables}
    passed = 0
    for _ in range(3_000):
        try:
            checked = check(_mutant(chance, statements), schema)
        except RefusalError:
            continue
        passed += 1
        assert set(checked.tables) <= known
    assert passed > 20


def test_sqlite_reads_what_the_guard_says(shop: ModuleType) -> None:
    """SQLite itself reports each table, column and function of what passed."""
    chance = random.Random("mutants of sqlite")
    statements, schema = _statements("sqlite"), shop.schema("sqlite")
    connection = sqlite3.connect(":memory:")
    for statement in shop.statements("sqlite"):
        connection.execute(statement)
    for name in TABLE_FUNCTIONS["sqlite"]:  # their first use declares them
        connection.execute(f"SELECT * FROM {name}('[]')")
    reports: list[tuple[int, str | None, str | None]] = []

    def report(action: int, first: str | None, second: str | None, *_: Any) -> int:
        reports.append((action, first, second))
        return sqlite3.SQLITE_OK

    connection.set_authorizer(report)
    functions = FUNCTIONS["sqlite"] | {"->", "->>"}
    relations = (
        {table.name for table in schema.tables} | set(TABLE_FUNCTIONS["sqlite"]) | {"", None}
    )
    compiled = 0
    for _ in range(4_000):
        try:
            checked = check(_mutant(chance, statements), schema)
        except RefusalError:
            continue
        reports.clear()
        try:
            connection.execute(f"EXPLAIN {checked.sql}")
        except sqlite3.Error:
            continue
        compiled += 1
        for action, first, second in reports:
            if action == sqlite3.SQLITE_READ:
                assert first in relations, checked.sql
            elif action == sqlite3.SQLITE_FUNCTION:
                assert str(second).lower() in functions, checked.sql
            else:
                assert action == sqlite3.SQLITE_SELECT, checked.sql
    connection.close()
    assert compiled > 20
