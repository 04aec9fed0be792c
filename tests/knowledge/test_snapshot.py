"""Search in what is known, live and built alike: tables and their neighbours, databases, all that was told."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from datus.config import KnowledgeSources
from datus.knowledge import file
from datus.knowledge.content import Content, DatabaseContent, Told
from datus.knowledge.file import KnowledgeFile
from datus.knowledge.search import Index, LinkingRate
from datus.knowledge.snapshot import TABLES_AT_RATE, Snapshot, within
from datus.knowledge.sources import BuiltSource, LiveSource, all_entries
from datus.knowledge.values import Place
from datus.semantic import SemanticLayer, read_definitions
from datus.types import (
    Area,
    Column,
    DatabaseSchema,
    ForeignKey,
    MetricCatalogue,
    Passage,
    ReferenceSql,
    TableSchema,
    Term,
)

ID = Column("id", "INTEGER", "integer", nullable=False)
NAME = Column("name", "TEXT", "text")


def table(name: str, *more: Column, points_to: str | None = None, comment: str = "") -> TableSchema:
    keys = (ForeignKey((f"{points_to}_id",), points_to, ("id",)),) if points_to else ()
    columns = (ID, NAME, *more, *(Column(key.columns[0], "INTEGER", "integer") for key in keys))
    return TableSchema(name, columns, primary_key=("id",), foreign_keys=keys, comment=comment)


FILLERS = tuple(table(f"audit_log_{n:03}") for n in range(200))
BIG = (
    *FILLERS[:100],
    table("hut", Column("altitude", "INTEGER", "integer"), points_to="valley"),
    table("valley"),
    table("stay", Column("nights", "INTEGER", "integer"), points_to="hut"),
    table("invoice", comment="账单，费用明细"),
    *FILLERS[100:],
)
CLINIC = (table("patient"), table("visit", points_to="patient"))
METRICS = """
semantic_models:
  - name: stays
    model: ref('stay')
    defaults: {agg_time_dimension: night}
    entities:
      - {name: stay, type: primary, expr: id}
    dimensions:
      - {name: night, type: time, type_params: {time_granularity: day}}
      - {name: guest, type: categorical}
    measures:
      - {name: paid, agg: sum}
      - {name: nights, agg: sum}
metrics:
  - name: takings
    label: Takings | 收入
    description: What guests paid.
    type: simple
    type_params: {measure: paid}
    config: {meta: {area: sales/huts, synonyms: [revenue, 营收]}}
  - name: nights
    label: Nights | 间夜
    description: How many nights were slept.
    type: simple
    type_params: {measure: nights}
    config: {meta: {area: service}}
"""
TOLD = Told(
    references=(
        ReferenceSql("What did guests pay?", "SELECT 1", ("stay",), area=("sales",)),
        ReferenceSql("How many guests came?", "SELECT 2", ("stay",), area=("service", "desk")),
        ReferenceSql("各山谷有多少小屋", "SELECT 3", ("hut",)),
    ),
    passages=(
        Passage("Paying", "Guests pay when they leave.", "a.md", ("sales",)),
        Passage("Season", "Huts open in June.", "b.md"),
        Passage("Paying back", "The desk pays guests back.", "c.md", ("service",)),
    ),
    terms=(
        Term("guest", "Who slept in a hut.", ("客人",), area=("sales",)),
        Term("guest", "Who called.", area=("service",)),
    ),
    metrics={"m.yml": METRICS},
)

Make = Callable[..., Snapshot]


@pytest.fixture(params=["live", "built"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """A snapshot of databases by name: content in memory, or a built version's file."""
    made: list[Snapshot] = []

    def built(content: Content) -> BuiltSource:
        catalogue = MetricCatalogue()
        if content.told.metrics:
            catalogue = SemanticLayer(read_definitions(content.told.metrics)).catalogue()
        path = tmp_path / f"{len(made)}.db"
        with closing(sqlite3.connect(path)) as connection:
            file.write(connection, content, catalogue)
            Index.build(connection, all_entries(content, catalogue))
            connection.commit()
        return BuiltSource(KnowledgeFile(path), None, KnowledgeSources())

    def make(
        schemas: Mapping[str, DatabaseSchema], *places: Place, told: Told | None = None
    ) -> Snapshot:
        known = {name: DatabaseContent(schema, places) for name, schema in schemas.items()}
        content = Content(known, told or Told())
        source = LiveSource(content) if request.param == "live" else built(content)
        made.append(Snapshot("v1", tuple(schemas), source))
        return made[-1]

    yield make
    for each in made:
        each.close()


def only(tables: tuple[TableSchema, ...]) -> dict[str, DatabaseSchema]:
    return {"test": DatabaseSchema("sqlite", "test", tables)}


def linked(snapshot: Snapshot, text: str, rate: LinkingRate = "fast") -> list[str]:
    return [each.name for each in snapshot.link("test", text, rate)]


# --- tables


def test_a_small_schema_is_handed_on_whole(make: Make) -> None:
    tables = BIG[95:110]
    assert make(only(tables)).link("test", "nothing of it") == tables


def test_tables_that_are_named_come_first_and_their_neighbours_with_them(make: Make) -> None:
    found = linked(make(only(BIG)), "What is the altitude of the highest hut?")
    assert found[0] == "hut"
    assert len(found) <= TABLES_AT_RATE["fast"]


def test_columns_comments_and_values_are_searched(make: Make) -> None:
    snapshot = make(only(BIG), Place("valley", "name", "Ötztal"))
    assert linked(snapshot, "how many nights")[0] == "stay"
    assert linked(snapshot, "费用是多少")[0] == "invoice"
    assert linked(snapshot, "What is known of Ötztal?")[0] == "valley"


def test_rare_words_count_more_than_common_ones(make: Make) -> None:
    assert linked(make(only(BIG)), "name of the log of the hut")[0] == "hut"


@pytest.mark.parametrize("rate", ["fast", "medium", "slow"])
def test_a_rate_bounds_the_tables(make: Make, rate: LinkingRate) -> None:
    found = linked(make(only(BIG)), "audit log id and name of a hut", rate)
    assert len(found) == TABLES_AT_RATE[rate]
    assert len(set(found)) == len(found)
    assert "hut" in found


def test_linking_is_the_same_every_time_and_hands_on_the_schemas_own_tables(make: Make) -> None:
    snapshot = make(only(BIG))
    found = snapshot.link("test", "audit log")
    assert found == snapshot.link("test", "audit log")
    own = {id(each) for each in snapshot.schema("test").tables}
    assert {id(each) for each in found} <= own


def test_nothing_is_found_of_foreign_words(make: Make) -> None:
    assert make(only(BIG)).link("test", "photosynthesis") == ()
    assert make(only(())).link("test", "hut") == ()


def test_tables_of_one_name_in_two_schemas_stay_apart(make: Make) -> None:
    def placed(name: str, schema: str | None, points_to: str | None = None) -> TableSchema:
        made = table(name, points_to=points_to)
        keys = tuple(replace(key, ref_schema=schema) for key in made.foreign_keys)
        return replace(made, schema=schema, foreign_keys=keys)

    tables = (
        *FILLERS,
        placed("valley", None),
        placed("hut", None, points_to="valley"),
        placed("valley", "old"),
        placed("hut", "old", points_to="valley"),
    )
    schema = DatabaseSchema("postgresql", "test", tables, "public")
    snapshot = make({"test": schema}, Place("old.valley", "name", "Ötztal"))
    (first, *_) = snapshot.link("test", "Ötztal")
    assert (first.schema, first.name) == ("old", "valley")


def test_values_are_found_with_their_place(make: Make) -> None:
    snapshot = make(only(BIG), Place("valley", "name", "Ötztal"))
    (hit,) = snapshot.find_values("test", "in ötztal")
    assert (hit.table, hit.column, hit.value, hit.span) == ("valley", "name", "Ötztal", (3, 9))


# --- databases


def test_the_database_that_a_question_is_about_comes_first(make: Make) -> None:
    snapshot = make(
        {
            "mountains": DatabaseSchema("sqlite", "mountains", BIG),
            "clinic": DatabaseSchema("sqlite", "clinic", CLINIC),
        }
    )

    def first(text: str) -> str:
        return snapshot.rank_databases(text)[0][0]

    assert first("How many nights is a stay in a hut?") == "mountains"
    assert first("visits of each patient") == "clinic"
    assert snapshot.rank_databases("photosynthesis") == ()
    scores = [score for _, score in snapshot.rank_databases("name of the patient in a hut")]
    assert scores == sorted(scores, reverse=True)


def test_databases_that_are_alike_tie(make: Make) -> None:
    twins = {name: DatabaseSchema("sqlite", name, CLINIC) for name in ("one", "two")}
    (one, first), (two, second) = make(twins).rank_databases("visits of each patient")
    assert {one, two} == {"one", "two"}
    assert first == second


def test_some_of_the_databases(make: Make) -> None:
    schemas = {name: DatabaseSchema("sqlite", name, CLINIC) for name in ("one", "two")}
    snapshot = make(schemas)
    one = snapshot.narrowed(("one",))
    assert one is snapshot.narrowed(("one",))
    assert snapshot.narrowed(("one", "two")) is snapshot
    assert [name for name, _ in one.rank_databases("visits of each patient")] == ["one"]
    assert one.schema("one") is snapshot.schema("one")
    assert one.version == snapshot.version


# --- what was told, by business area

STAY = (
    table("stay", Column("night", "DATE", "date"), Column("guest", "TEXT", "text"), Column("paid", "REAL", "number")),
)  # fmt: skip


@pytest.fixture
def told(make: Make) -> Snapshot:
    return make(only(STAY), told=TOLD)


@pytest.mark.parametrize(
    ("text", "area", "found"),
    [
        ("what did guests pay", (), ["takings"]),
        ("上个月的营收", (), ["takings"]),
        ("revenue", ("sales",), ["takings"]),
        ("revenue", ("sales", "huts", "alps"), ["takings"]),
        ("revenue", ("sales", "online"), []),
    ],
)
def test_metrics(told: Snapshot, text: str, area: Area, found: list[str]) -> None:
    catalogue = told.find_metrics(text, area, 1)
    assert [each.name for each in catalogue.metrics] == found
    assert set(catalogue.dimensions) == {
        name for each in catalogue.metrics for name in each.dimensions
    }


def test_no_metric_of_another_area_is_found(told: Snapshot) -> None:
    found = told.find_metrics("takings and revenue", ("service",), 9).metrics
    assert {each.name for each in found} <= {"nights"}


def test_metrics_of_an_area(told: Snapshot) -> None:
    assert [each.name for each in within(told.catalogue, ("service",)).metrics] == ["nights"]
    assert len(within(told.catalogue, ()).metrics) == 2
    assert len(told.find_metrics("nights and revenue", (), 5).metrics) == 2


@pytest.mark.parametrize(
    ("text", "area", "first"),
    [
        ("What did the guests pay?", (), "SELECT 1"),
        ("How many guests?", ("service",), "SELECT 2"),
        ("What did the guests pay?", ("service", "desk"), "SELECT 2"),
        ("每个山谷的小屋", ("sales",), "SELECT 3"),
    ],
)
def test_references(told: Snapshot, text: str, area: Area, first: str) -> None:
    found = told.find_references(text, area, 2)
    assert found[0].sql == first
    assert len(found) <= 2


def test_passages(told: Snapshot) -> None:
    assert [each.title for each in told.find_passages("when do guests pay?", ("sales",), 9)] == [
        "Paying"
    ]
    assert {each.title for each in told.find_passages("guests pay in June", (), 9)} == {
        "Paying", "Paying back", "Season",
    }  # fmt: skip
    assert told.find_passages("photosynthesis", (), 9) == ()


def test_terms(told: Snapshot) -> None:
    assert [each.meaning for each in told.find_terms("guests", ("service", "desk"))] == [
        "Who called."
    ]
    assert len(told.find_terms("guests", ())) == 2
    assert len(told.find_terms("客人", ())) == 1


def test_a_question_is_never_query_syntax(told: Snapshot) -> None:
    for text in (
        '"',
        "guest AND",
        "NEAR(",
        "*",
        "names:guest",
        "'; DROP TABLE part; --",
        "-guest",
        "^",
    ):
        told.find_references(text, (), 3)
        told.find_passages(text, ("'); --",), 3)
        told.find_metrics(text, (), 3)


def test_nothing_told_finds_nothing(make: Make) -> None:
    snapshot = make(only(STAY))
    assert snapshot.catalogue == MetricCatalogue()
    assert snapshot.find_metrics("guests", (), 3).metrics == ()
    assert snapshot.find_references("guests", (), 3) == ()
    assert snapshot.find_passages("guests", (), 3) == ()
    assert snapshot.find_terms("guests", ()) == ()
