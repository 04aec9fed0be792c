"""Equal answers on SQLite, DuckDB, PostgreSQL and MySQL: the same plan over the same rows gives the same rows.

What each row of ``PLANS`` should give is written out, so that four engines that agree on something wrong fail.
"""

import asyncio
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, get_args

import duckdb
import psycopg
import pytest

from datus.config import DatabaseConfig
from datus.connectors.base import Connector
from datus.connectors.registry import OPENERS
from datus.evaluation.compare import as_list, as_multiset, matches
from datus.generation.offline.joins import JoinGraph
from datus.generation.offline.names import build_index
from datus.generation.offline.plan import (
    Aggregate,
    AnyPlan,
    Arithmetic,
    ColumnRef,
    Compare,
    DatePart,
    During,
    Either,
    Elapsed,
    Like,
    Member,
    Order,
    Plan,
    Share,
    TimeBucket,
)
from datus.generation.offline.rendering import Renderer
from datus.sql.guard import check
from datus.types import DatabaseSchema, Dialect, QueryResult, ResultColumn

STATEMENTS = (
    """CREATE TABLE "Keeper" (id INTEGER NOT NULL, name VARCHAR(40) NOT NULL, country VARCHAR(40), born DATE,
         PRIMARY KEY (id))""",
    """CREATE TABLE hive (id INTEGER NOT NULL, "Label" VARCHAR(40), keeper_id INTEGER, helper_id INTEGER,
         weight DECIMAL(8,2), seen TIMESTAMP, built VARCHAR(10), PRIMARY KEY (id),
         CONSTRAINT z_keeper FOREIGN KEY (keeper_id) REFERENCES "Keeper" (id),
         CONSTRAINT a_helper FOREIGN KEY (helper_id) REFERENCES "Keeper" (id))""",
    """INSERT INTO "Keeper" VALUES (1, 'Ida', 'UK', '1990-05-01'), (2, 'Bo', 'Peru', NULL), (3, 'Cy', 'uk', '1985-01-09')""",
    """INSERT INTO hive VALUES (1, 'Old Oak', 1, 2, 10.50, '2024-01-01 23:30:00', '2020-02-29'),
         (2, 'oak two', 1, NULL, NULL, '2024-01-07 00:00:00', '2020-12-31'),
         (3, 'Lime', 2, 1, 4.25, NULL, '2021-01-01'), (4, 'Lime', 2, 1, 30.00, '2024-04-15 08:00:00', '2021-06-15')""",
)  # fmt: skip


@dataclass
class Engine:
    """The rows above in one engine, read through its connector and the guard."""

    connector: Connector
    schema: DatabaseSchema
    runner: asyncio.Runner

    def run(self, plan: AnyPlan) -> QueryResult:
        sql = Renderer(build_index(self.schema), JoinGraph(self.schema)).sql(plan)
        checked = check(sql, self.schema)
        return self.runner.run(self.connector.execute(checked.sql, max_rows=100, timeout_s=10))


@pytest.fixture(scope="module", params=get_args(Dialect))
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, runner: asyncio.Runner
) -> Iterator[Engine]:
    dialect: Dialect = request.param
    making = {"sqlite": _sqlite, "duckdb": _duckdb, "postgresql": _postgresql, "mysql": _mysql}
    made = making[dialect](request, tmp_path_factory.mktemp(dialect))
    connector = OPENERS[dialect](next(made), "ns", max_connections=1, timezone="UTC")
    yield Engine(connector, runner.run(connector.introspect()), runner)
    runner.run(connector.close())
    next(made, None)


def _sqlite(request: pytest.FixtureRequest, folder: Path) -> Iterator[DatabaseConfig]:
    with closing(sqlite3.connect(folder / "hives")) as connection, connection:
        for statement in STATEMENTS:
            connection.execute(statement)
    yield DatabaseConfig("hives", "sqlite", folder / "hives")


def _duckdb(request: pytest.FixtureRequest, folder: Path) -> Iterator[DatabaseConfig]:
    with duckdb.connect(str(folder / "hives")) as connection:
        for statement in STATEMENTS:
            connection.execute(statement)
    yield DatabaseConfig("hives", "duckdb", folder / "hives")


def _postgresql(request: pytest.FixtureRequest, folder: Path) -> Iterator[DatabaseConfig]:
    server = request.getfixturevalue("connect_postgresql")()
    name = f"datus_test_{secrets.token_hex(4)}"
    server.execute(f"CREATE DATABASE {name}")
    with psycopg.connect(host="127.0.0.1", user="postgres", dbname=name) as connection:
        for statement in STATEMENTS:
            connection.execute(statement.encode())
    connection.close()
    yield DatabaseConfig(
        "hives", "postgresql", host="127.0.0.1", port=5432, username="postgres", database=name
    )
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    server.close()


def _mysql(request: pytest.FixtureRequest, folder: Path) -> Iterator[DatabaseConfig]:
    server = request.getfixturevalue("connect_mysql")()
    name = f"datus_test_{secrets.token_hex(4)}"
    with server, server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        cursor.execute(f"USE {name}")
        for statement in STATEMENTS:
            cursor.execute(statement.replace('"', "`").replace("TIMESTAMP", "DATETIME"))
        yield DatabaseConfig(
            "hives", "mysql", host="127.0.0.1", port=3306, username="root", database=name
        )
        cursor.execute(f"DROP DATABASE {name}")


KEEPER, NAME, BORN = (ColumnRef("Keeper", each) for each in ("id", "name", "born"))
HIVE, LABEL, HELPER, WEIGHT, SEEN, BUILT = (
    ColumnRef("hive", each) for each in ("id", "Label", "helper_id", "weight", "seen", "built")
)
COUNT = Aggregate("count")
LIME = Compare(LABEL, "=", "Lime")
ONE = Aggregate("count", only=(Compare(HIVE, "=", 1),))
TWO = Aggregate("count", only=(Compare(HIVE, ">", 1),))

PLANS: dict[str, tuple[AnyPlan, list[tuple[Any, ...]]]] = {
    "patterns regardless of case": (Plan((HIVE,), where=(Like(LABEL, "%OAK%"),)), [(1,), (2,)]),
    "patterns negated": (Plan((HIVE,), where=(Like(LABEL, "oak%", True),)), [(1,), (3,), (4,)]),
    "whole days between": (Plan((HIVE, Elapsed(BUILT, SEEN))), [(1, 1402), (2, 1102), (3, None), (4, 1035)]),
    "hours between": (Plan((HIVE, Elapsed(SEEN, date(2024, 4, 15), "hour")), where=(Compare(HIVE, "<", 3),)), [(1, 2496.5), (2, 2376.0)]),
    "seconds averaged": (Plan((Aggregate("avg", Elapsed(SEEN, date(2024, 1, 8), "second")),), where=(Compare(HIVE, "<", 3),)), [(303300.0,)]),
    "longer than": (Plan((HIVE,), where=(Compare(Elapsed(BUILT, SEEN, "week"), ">", 190),)), [(1,)]),
    "either": (Plan((HIVE,), where=(Either((Compare(LABEL, "=", "Lime"), Compare(HIVE, "<", 2))),)), [(1,), (3,), (4,)]),
    "missing values last, ascending": (Plan((NAME,), order=(Order(BORN),)), [("Cy",), ("Ida",), ("Bo",)]),
    "missing values last, descending": (Plan((NAME,), order=(Order(BORN, True),)), [("Ida",), ("Cy",), ("Bo",)]),
    "missing sums last": (
        Plan((HIVE, Aggregate("sum", WEIGHT)), group=(HIVE,), order=(Order(Aggregate("sum", WEIGHT)),)),
        [(3, 4.25), (1, 10.5), (4, 30), (2, None)],
    ),
    "distinct rows by what they lack, ascending": (
        Plan((LABEL,), distinct=True, order=(Order(WEIGHT),)), [("Lime",), ("Old Oak",), ("oak two",)],
    ),
    "distinct rows by what they lack, descending": (
        Plan((LABEL,), distinct=True, order=(Order(HIVE, True),)), [("Lime",), ("oak two",), ("Old Oak",)],
    ),
    "groups by what they lack": (
        Plan((LABEL, COUNT), group=(LABEL,), order=(Order(WEIGHT, True),), limit=2), [("Lime", 2), ("Old Oak", 1)],
    ),
    "one figure has no order": (Plan((Aggregate("max", WEIGHT),), order=(Order(HIVE),)), [(30,)]),
    "whole numbers divide": (
        Plan((Aggregate("count", share=Share((LIME,), percent=True)),), tables=("hive",)), [(50,)],
    ),
    "parts of all": (
        Plan((NAME, Aggregate("count", share=Share())), ("hive",), group=(NAME,)), [("Ida", 0.5), ("Bo", 0.5)],
    ),
    "a quotient of whole numbers": (
        Plan((Arithmetic(COUNT, "/", Aggregate("count", only=(LIME, Compare(HIVE, "<", 4)))),), tables=("hive",)),
        [(4,)],
    ),
    "a third": (
        Plan((Arithmetic(Aggregate("count", WEIGHT, only=(Compare(HIVE, "=", 1),)), "/", Aggregate("count", WEIGHT)),)),
        [(1 / 3,)],
    ),
    "a quotient by nothing": (
        Plan((Arithmetic(COUNT, "/", Aggregate("count", only=(Compare(HIVE, ">", 9),))),), tables=("hive",)), [(None,)],
    ),
    "growth": (
        Plan((Arithmetic(Arithmetic(TWO, "-", ONE), "/", ONE, percent=True),), tables=("hive",)), [(200,)],
    ),
    "the heaviest of each keeper": (
        Plan((NAME, HIVE), order=(Order(WEIGHT, True),), limit=1, within=(NAME,)), [("Bo", 4), ("Ida", 1)],
    ),
    "the labels most frequent with each keeper": (
        Plan((NAME, LABEL), group=(NAME, LABEL), order=(Order(COUNT, True),), limit=1, within=(NAME,)),
        [("Bo", "Lime"), ("Ida", "Old Oak"), ("Ida", "oak two")],
    ),
    "average of whole numbers": (Plan((Aggregate("avg", HIVE),)), [(2.5,)]),
    "year": (Plan((TimeBucket(SEEN, "year"), COUNT), group=(TimeBucket(SEEN, "year"),)), [(2024, 3), (None, 1)]),
    "quarter": (Plan((TimeBucket(SEEN, "quarter"),), distinct=True), [("2024-01-01",), ("2024-04-01",), (None,)]),
    "month": (Plan((TimeBucket(SEEN, "month"),), where=(LIME,)), [("2024-04-01",), (None,)]),
    "week": (Plan((TimeBucket(SEEN, "week"),), where=(Compare(HIVE, "<", 3),)), [("2024-01-01",), ("2024-01-01",)]),
    "weekday": (Plan((HIVE, DatePart(SEEN, "weekday")), order=(Order(HIVE),)), [(1, 1), (2, 7), (3, None), (4, 1)]),
    "hour": (Plan((DatePart(SEEN, "hour"),), where=(Compare(HIVE, "=", 1),)), [(23,)]),
    "months of dates kept as text": (
        Plan((TimeBucket(BUILT, "month"),), where=(Compare(HIVE, "<", 3),)), [("2020-02-01",), ("2020-12-01",)],
    ),
    "years of dates kept as text": (
        Plan((TimeBucket(BUILT, "year"), COUNT), group=(TimeBucket(BUILT, "year"),)), [(2020, 2), (2021, 2)],
    ),
    "weekdays of dates kept as text": (Plan((DatePart(BUILT, "weekday"),), where=(Compare(HIVE, "=", 3),)), [(5,)]),
    "during": (Plan((HIVE,), where=(During(SEEN, date(2024, 1, 1), date(2024, 1, 7)),)), [(1,)]),
    "none of them": (Plan((NAME,), where=(Member(KEEPER, Plan((HELPER,)), True),)), [("Cy",)]),
    "the heaviest": (Plan((HIVE,), order=(Order(WEIGHT, True),), limit=1), [(4,)]),
    "the second heaviest": (Plan((HIVE,), order=(Order(WEIGHT, True),), limit=1, offset=1), [(1,)]),
    "hives of labels that several have": (
        Plan((COUNT,), ("hive",), where=(Member(LABEL, Plan((LABEL,), group=(LABEL,), having=(Compare(COUNT, ">", 1),))),)), [(2,)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANS)
def test_every_engine_gives_the_rows_that_are_meant(name: str, engine: Engine) -> None:
    plan, rows = PLANS[name]
    found = engine.run(plan)
    meant = QueryResult(
        tuple(ResultColumn(c.name, c.type) for c in found.columns), tuple(rows), False, 0.0
    )
    ordered = isinstance(plan, Plan) and bool(plan.order) and not plan.within  # ties have no order
    assert matches(found, as_list(meant) if ordered else as_multiset(meant)), found.rows


def test_a_schema_reads_the_same_whatever_the_engine(engine: Engine) -> None:
    tables = {table.name: table for table in engine.schema.tables}
    assert list(tables) == ["Keeper", "hive"]
    assert [key.columns for key in tables["hive"].foreign_keys] == [("keeper_id",), ("helper_id",)]
    kinds = {c.name: c.kind for c in tables["hive"].columns}
    assert (kinds["weight"], kinds["seen"], kinds["built"]) == ("number", "datetime", "text")


def test_values_are_as_the_data_spells_them(engine: Engine) -> None:
    keeper = next(table for table in engine.schema.tables if table.name == "Keeper")
    country = next(column for column in keeper.columns if column.name == "country")
    values = engine.runner.run(engine.connector.distinct_values(keeper, country, limit=10))
    assert values == (("Peru", 1), ("UK", 1), ("uk", 1))
