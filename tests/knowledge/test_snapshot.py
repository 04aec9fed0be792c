"""Search in one database: the tables that matter and their neighbours, and which database fits best."""

from dataclasses import replace

import pytest

from datus.knowledge.snapshot import TABLES_AT_RATE, LinkingRate, Snapshot
from datus.knowledge.values import Place, ValueIndex
from datus.types import Column, DatabaseSchema, ForeignKey, TableSchema

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


def snapshot(tables: tuple[TableSchema, ...], *places: Place) -> Snapshot:
    return Snapshot("v1", DatabaseSchema("sqlite", "test", tables), ValueIndex.build(places))


def names(tables: tuple[TableSchema, ...]) -> list[str]:
    return [each.name for each in tables]


def test_a_small_schema_is_handed_on_whole() -> None:
    tables = BIG[95:110]
    assert snapshot(tables).link("nothing of it") == tables


def test_tables_that_are_named_come_first_and_their_neighbours_with_them() -> None:
    linked = names(snapshot(BIG).link("What is the altitude of the highest hut?"))
    assert linked[0] == "hut"
    assert {"hut", "valley", "stay"} <= set(linked)
    assert len(linked) <= TABLES_AT_RATE["fast"]


def test_columns_and_comments_are_searched() -> None:
    assert names(snapshot(BIG).link("how many nights"))[0] == "stay"
    assert names(snapshot(BIG).link("费用是多少"))[0] == "invoice"


def test_values_are_searched() -> None:
    found = snapshot(BIG, Place("valley", "name", "Ötztal")).link("What is known of Ötztal?")
    assert names(found)[0] == "valley"


def test_rare_words_count_more_than_common_ones() -> None:
    linked = names(snapshot(BIG).link("name of the log of the hut"))
    assert linked[0] == "hut"


@pytest.mark.parametrize("rate", ["fast", "medium", "slow"])
def test_a_rate_bounds_the_tables(rate: LinkingRate) -> None:
    linked = snapshot(BIG).link("audit log id and name of a hut", rate)
    assert len(linked) <= TABLES_AT_RATE[rate]
    assert len(set(names(linked))) == len(linked)
    assert "hut" in names(linked)


def test_a_wider_rate_finds_at_least_as_much() -> None:
    snap = snapshot(BIG)
    found = [set(names(snap.link("audit log of a hut", rate))) for rate in TABLES_AT_RATE]
    assert len(found[0]) < len(found[1]) < len(found[2])


def test_nothing_is_found_of_foreign_words() -> None:
    assert snapshot(BIG).link("photosynthesis") == ()
    assert snapshot(BIG).score("photosynthesis") == 0


def test_the_score_tells_which_database_a_question_is_about() -> None:
    mountains, clinic = (
        snapshot(BIG),
        snapshot((table("patient"), table("visit", points_to="patient"))),
    )
    question = "How many nights is a stay in a hut?"
    assert mountains.score(question) > clinic.score(question)
    assert clinic.score("visits of each patient") > mountains.score("visits of each patient")


def test_values_are_found_with_their_place() -> None:
    (hit,) = snapshot(BIG, Place("valley", "name", "Ötztal")).find_values("in ötztal")
    assert (hit.table, hit.column, hit.value, hit.span) == ("valley", "name", "Ötztal", (3, 9))


def test_linking_is_the_same_every_time() -> None:
    assert snapshot(BIG).link("audit log") == snapshot(BIG).link("audit log")


def test_tables_of_one_name_in_two_schemas_stay_apart() -> None:
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
    snap = Snapshot(
        "v1",
        DatabaseSchema("postgresql", "test", tables, "public"),
        ValueIndex.build([Place("old.valley", "name", "Ötztal")]),
    )
    linked = [(each.schema, each.name) for each in snap.link("Ötztal")]
    assert linked == [("old", "valley"), ("old", "hut")]
