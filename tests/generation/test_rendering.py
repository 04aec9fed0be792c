"""Plans to SQL in every dialect: it parses, the guard passes it, and two engines run it."""

from datetime import date
from itertools import pairwise
from typing import Any, get_args

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from datus.generation.offline.joins import JoinGraph
from datus.generation.offline.names import build_index
from datus.generation.offline.plan import (
    Aggregate,
    AnyPlan,
    Arithmetic,
    ColumnRef,
    Compare,
    During,
    Either,
    Intersection,
    IsNull,
    Like,
    Member,
    Order,
    Plan,
    Star,
    TimeBucket,
)
from datus.generation.offline.rendering import Renderer, UnreachableTablesError
from datus.sql.dialects import sqlglot_name
from datus.sql.guard import check
from datus.types import Column, DatabaseSchema, Dialect, ForeignKey, Grain, TableSchema, TypeKind

DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
EXECUTED: tuple[Dialect, ...] = ("sqlite", "duckdb")


def column(name: str, kind: TypeKind, nullable: bool = True) -> Column:
    return Column(name, kind, kind, nullable)


GUEST = TableSchema(
    "Guest",
    (column("id", "integer", False), column("name", "text", False), column("order", "integer"), column("客户", "text"),
     column("Born On", "date"), column("code", "text")),
    primary_key=("id",),
)  # fmt: skip
BOOKING = TableSchema(
    "booking",
    (column("id", "integer", False), column("guest_id", "integer"), column("day", "date"), column("paid", "number"),
     column("due", "number")),
    primary_key=("id",),
    foreign_keys=(ForeignKey(("guest_id",), "Guest", ("id",)),),
)  # fmt: skip
LONELY = TableSchema("lonely", (column("id", "integer"),))


def schema(dialect: Dialect) -> DatabaseSchema:
    default = {"sqlite": "main", "duckdb": "main", "postgresql": "public", "mysql": None}[dialect]
    return DatabaseSchema(dialect, "test", (GUEST, BOOKING, LONELY), default)


def render(plan: AnyPlan, dialect: Dialect) -> str:
    made = schema(dialect)
    return Renderer(build_index(made), JoinGraph(made)).sql(plan)


NAME, BORN, DAY = (
    ColumnRef("Guest", "name"),
    ColumnRef("Guest", "Born On"),
    ColumnRef("booking", "day"),
)
ID, GUEST_ID, PAID = (
    ColumnRef("Guest", "id"),
    ColumnRef("booking", "guest_id"),
    ColumnRef("booking", "paid"),
)
COUNT = Aggregate("count")
DUE = ColumnRef("booking", "due")
MUCH, NONE = Compare(PAID, ">", 20), Compare(PAID, ">", 1000)

PLANS: dict[str, tuple[AnyPlan, list[tuple[Any, ...]] | None]] = {
    "column": (Plan((NAME,)), [("Ada",), ("Bo",), ("Cy",), ("O'Hara",)]),
    "star": (Plan((Star("booking"),), where=(Compare(ColumnRef("booking", "id"), "=", 5),)), None),
    "count": (Plan((COUNT,), tables=("booking",)), [(5,)]),
    "count distinct": (Plan((Aggregate("count", GUEST_ID, True),)), [(2,)]),
    "aggregates": (Plan((Aggregate("sum", PAID), Aggregate("max", PAID), Aggregate("avg", PAID))), [(100, 40, 20)]),
    "quotes in a value": (Plan((ID,), where=(Compare(NAME, "=", "O'Hara"),)), [(4,)]),
    "keyword as a name": (Plan((ColumnRef("Guest", "order"),), where=(Compare(ID, "=", 1),)), [(7,)]),
    "chinese name": (Plan((ColumnRef("Guest", "客户"),), where=(Compare(ID, "=", 1),)), [("艾达",)]),
    "like": (Plan((NAME,), where=(Like(NAME, "%d%"),)), [("Ada",)]),
    "not like": (Plan((NAME,), where=(Like(NAME, "%a%", True),)), [("Bo",), ("Cy",)]),
    "null": (Plan((NAME,), where=(IsNull(BORN),)), [("Cy",), ("O'Hara",)]),
    "not null": (Plan((NAME,), where=(IsNull(BORN, True),)), [("Ada",), ("Bo",)]),
    "in": (Plan((ID,), where=(Either((Compare(NAME, "=", "Ada"), Compare(NAME, "=", "Bo"))),)), [(1,), (2,)]),
    "or": (Plan((ID,), where=(Either((Compare(NAME, "=", "Ada"), Compare(ID, ">", 3))), Compare(ID, "<", 4))), [(1,)]),
    "join": (Plan((NAME, PAID), where=(Compare(PAID, ">", 30),)), [("Ada", 40)]),
    "two columns of one name": (Plan((ID, ColumnRef("booking", "id")), where=(Compare(PAID, ">", 30),)), [(1, 3)]),
    "group and having": (
        Plan((NAME, COUNT), ("booking",), group=(NAME,), having=(Compare(COUNT, ">", 1),)),
        [("Ada", 3)],
    ),
    "during": (Plan((PAID,), where=(During(DAY, date(2024, 1, 1), date(2024, 2, 1)),)), [(10,), (20,)]),
    "since": (Plan((PAID,), where=(During(DAY, date(2024, 4, 1), None),)), [(40,), (25,)]),
    "until": (Plan((PAID,), where=(During(DAY, None, date(2024, 1, 2)),)), [(10,)]),
    "not during": (Plan((PAID,), where=(During(DAY, date(2024, 1, 1), date(2024, 5, 1), True),)), [(25,)]),
    "anti-join": (Plan((NAME,), where=(Member(ID, Plan((GUEST_ID,), ("booking",)), True),)), [("Cy",), ("O'Hara",)]),
    "semi-join": (Plan((NAME,), where=(Member(ID, Plan((GUEST_ID,), ("booking",))),)), [("Ada",), ("Bo",)]),
    "scalar": (Plan((PAID,), where=(Compare(PAID, ">", Plan((Aggregate("avg", PAID),))),)), [(40,), (25,)]),
    "two columns compared": (Plan((PAID,), where=(Compare(PAID, "<", DUE),)), [(40,)]),
    "text that is a number": (Plan((NAME,), where=(Compare(ColumnRef("Guest", "code"), "=", "007"),)), [("Bo",)]),
    "intersection": (Intersection(Plan((GUEST_ID,)), Plan((ID,))), [(1,), (2,)]),
    "ranking": (Plan((PAID,), order=(Order(PAID, True),), limit=2), [(40,), (25,)]),
    "the second": (Plan((PAID,), order=(Order(PAID, True),), limit=1, offset=1), [(25,)]),
    "rows of chosen groups": (
        Plan((COUNT,), ("Guest",), where=(Member(ID, Plan((ID,), ("booking",), group=(ID,), having=(Compare(COUNT, ">", 1),))),)),
        [(1,)],
    ),
    "missing values come last in a ranking": (Plan((NAME,), order=(Order(BORN),), limit=1), [("Bo",)]),
    "figures of some rows": (
        Plan((Aggregate("count", only=(MUCH,)), Aggregate("sum", PAID, only=(MUCH,)))), [(2, 65)],
    ),
    "quotient": (Plan((Arithmetic(Aggregate("sum", PAID), "/", Aggregate("count", PAID)),)), [(20.0,)]),
    "quotient by nothing": (
        Plan((Arithmetic(Aggregate("sum", PAID), "/", Aggregate("count", PAID, only=(NONE,))),)), [(None,)],
    ),
    "difference of columns": (
        Plan((Arithmetic(PAID, "-", DUE),), where=(Compare(PAID, "<", DUE),)), [(-60,)],
    ),
    "best within": (
        Plan((GUEST_ID, PAID), where=(IsNull(GUEST_ID, True),), order=(Order(PAID, True),), limit=1, within=(GUEST_ID,)),
        [(1, 40), (2, 20)],
    ),
    "distinct": (Plan((GUEST_ID,), distinct=True, where=(IsNull(GUEST_ID, True),)), [(1,), (2,)]),
}  # fmt: skip
ORDERED = {"ranking"}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", PLANS)
def test_it_parses_and_passes_the_guard(name: str, dialect: Dialect) -> None:
    sql = render(PLANS[name][0], dialect)
    tree = sqlglot.parse_one(sql, dialect=sqlglot_name(dialect))
    assert isinstance(tree, exp.Query)
    checked = check(sql, schema(dialect))
    assert set(checked.tables) <= {"Guest", "booking"}


ROWS = """
INSERT INTO "Guest" VALUES (1, 'Ada', 7, '艾达', '1990-05-01', '0x'), (2, 'Bo', 8, NULL, '1985-01-09', '007'),
  (3, 'Cy', 9, NULL, NULL, '7'), (4, 'O''Hara', 1, NULL, NULL, '');
INSERT INTO booking VALUES (1, 1, '2024-01-01', 10, 10), (2, 2, '2024-01-31', 20, 20), (3, 1, '2024-04-01', 40, 100),
  (4, 1, NULL, 5, 5), (5, NULL, '2024-12-30', 25, 25);
"""
DDL = """
CREATE TABLE "Guest" (id INTEGER NOT NULL, name TEXT NOT NULL, "order" INTEGER, "客户" TEXT, "Born On" DATE, code TEXT);
CREATE TABLE booking (id INTEGER NOT NULL, guest_id INTEGER, day DATE, paid INTEGER, due INTEGER);
CREATE TABLE lonely (id INTEGER);
"""


@pytest.fixture(params=EXECUTED)
def engine(request: pytest.FixtureRequest) -> Any:
    import sqlite3

    dialect: Dialect = request.param
    if dialect == "sqlite":
        lite = sqlite3.connect(":memory:")
        lite.executescript(DDL + ROWS)
        yield dialect, lambda sql: lite.execute(sql).fetchall()
        lite.close()
    else:
        duck = duckdb.connect(":memory:")
        duck.execute(DDL + ROWS)
        yield dialect, lambda sql: duck.execute(sql).fetchall()
        duck.close()


@pytest.mark.parametrize("name", [name for name, (_, rows) in PLANS.items() if rows is not None])
def test_it_gives_the_rows_that_are_meant(name: str, engine: Any) -> None:
    dialect, run = engine
    plan, rows = PLANS[name]
    assert rows is not None
    found = run(render(plan, dialect))
    if name not in ORDERED:
        found, rows = sorted(found, key=repr), sorted(rows, key=repr)
    assert found == rows


GRAINS: dict[Grain, list[str]] = {
    "day": ["2024-01-01", "2024-01-31", "2024-04-01", "2024-12-30"],
    "week": ["2024-01-01", "2024-01-29", "2024-04-01", "2024-12-30"],
    "month": ["2024-01-01", "2024-01-01", "2024-04-01", "2024-12-01"],
    "quarter": ["2024-01-01", "2024-01-01", "2024-04-01", "2024-10-01"],
    "year": ["2024", "2024", "2024", "2024"],
}


@pytest.mark.parametrize("grain", GRAINS)
def test_a_grain_is_its_first_day_in_every_engine(grain: Grain, engine: Any) -> None:
    dialect, run = engine
    plan = Plan((TimeBucket(DAY, grain),), where=(IsNull(DAY, True),), order=(Order(DAY),))
    assert [str(row[0]) for row in run(render(plan, dialect))] == GRAINS[grain]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("grain", GRAINS)
def test_every_grain_passes_the_guard(grain: Grain, dialect: Dialect) -> None:
    bucket = TimeBucket(DAY, grain)
    check(render(Plan((bucket, COUNT), group=(bucket,)), dialect), schema(dialect))


def test_tables_that_do_not_connect_cannot_be_rendered() -> None:
    with pytest.raises(UnreachableTablesError):
        render(Plan((NAME, ColumnRef("lonely", "id"))), "sqlite")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_names_that_need_quotes_have_them(dialect: Dialect) -> None:
    mark = "`" if dialect == "mysql" else '"'
    sql = render(
        Plan((BORN, ColumnRef("Guest", "order"), ColumnRef("Guest", "客户"), PAID)), dialect
    )
    for name in ("Born On", "order", "客户"):
        assert f"{mark}{name}{mark}" in sql
    assert f"{mark}paid{mark}" not in sql
    assert (f"{mark}Guest{mark}" in sql) is (dialect == "postgresql")  # folds names to lower case


WORDS = "order group user check primary key to cast table select from where limit union rank values".split()


@pytest.mark.parametrize("word", WORDS)
def test_a_reserved_word_may_name_a_table_and_a_column(word: str, engine: Any) -> None:
    dialect, run = engine
    run(f'CREATE TABLE "{word}" ("{word}" INTEGER)')
    run(f'INSERT INTO "{word}" VALUES (1), (2)')
    made = DatabaseSchema(dialect, "test", (TableSchema(word, (column(word, "integer"),)),), "main")
    ref = ColumnRef(word, word)
    plan = Plan((ref, COUNT), where=(Compare(ref, ">", 1),), group=(ref,), order=(Order(ref),))
    sql = Renderer(build_index(made), JoinGraph(made)).sql(plan)
    assert run(check(sql, made).sql) == [(2, 1)]


def test_a_table_of_another_schema_keeps_its_schemas_name() -> None:
    made = DatabaseSchema(
        "postgresql",
        "x",
        (TableSchema("hut", (column("id", "integer"),), schema="Alps"),),
        "public",
    )
    sql = Renderer(build_index(made), JoinGraph(made)).sql(Plan((ColumnRef("Alps.hut", "id"),)))
    assert 'FROM "Alps".hut' in sql
    assert check(sql, made).tables == ("Alps.hut",)


def test_columns_of_a_result_have_different_names(engine: Any) -> None:
    dialect, _ = engine
    plan = Plan(
        (ID, ColumnRef("booking", "id"), Aggregate("max", PAID), Aggregate("max", PAID), COUNT),
        group=(ID, ColumnRef("booking", "id")),
    )
    tree = sqlglot.parse_one(render(plan, dialect), dialect=sqlglot_name(dialect))
    assert isinstance(tree, exp.Select)
    names = sorted(tree.named_selects)
    assert all(one != other for one, other in pairwise(names))
