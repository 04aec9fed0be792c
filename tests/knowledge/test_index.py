"""The index's tables: what stands in the file, and entries made from what is known."""

import sqlite3
from collections.abc import Iterator

import pytest

from datus.knowledge.entries import (
    Entry,
    metric_entries,
    passage_entries,
    reference_entries,
    table_entries,
    term_entries,
)
from datus.knowledge.index import IndexReader, spoken, write_index
from datus.types import (
    Area,
    Column,
    DatabaseSchema,
    ForeignKey,
    Metric,
    Passage,
    ReferenceSql,
    TableSchema,
    Term,
    in_area,
)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    yield connection
    connection.close()


def test_tables_are_near_those_that_a_key_joins_in_their_own_schema() -> None:
    ids = Column("id", "INTEGER", "integer")
    key = ForeignKey(("hut_id",), "Hut", ("id",), "alps")
    schema = DatabaseSchema(
        "postgresql",
        "tours",
        (
            TableSchema("hut", (ids,), "alps", comment="a place to sleep"),
            TableSchema("hut", (ids,), "public"),
            TableSchema("stay", (ids, Column("nights", "INTEGER", "integer", comment="夜数")),
                        "alps", foreign_keys=(key,)),
        ),
        "public",
    )  # fmt: skip
    hut, other, stay = table_entries(schema, "first")
    assert (hut.key, other.key, stay.key) == ("alps.hut", "hut", "alps.stay")
    assert (hut.near, other.near, stay.near) == (("alps.stay",), (), ("alps.hut",))
    assert hut.names == "hut\ta place to sleep"
    assert "nights\t夜数" in stay.details
    assert {each.database for each in (hut, other, stay)} == {"first"}


def test_what_people_wrote_is_found_by_number() -> None:
    terms = list(term_entries([Term("GMV", "gross", ("成交额",)), Term("AOV", "per order")]))
    assert [(each.key, each.names) for each in terms] == [("0", "GMV\t成交额"), ("1", "AOV")]
    (reference,) = reference_entries([ReferenceSql("How many?", "SELECT 1", ("t",), database="d")])
    assert (reference.database, reference.names, reference.details) == ("d", "How many?", "t")
    (passage,) = passage_entries([Passage("Returns", "within 30 days", "r.md", ("trade",))])
    assert (passage.names, passage.details, passage.area) == (
        "Returns",
        "within 30 days",
        ("trade",),
    )
    (metric,) = metric_entries([Metric("mau", "simple", "Active users", synonyms=("月活",))])
    assert (metric.key, metric.names) == ("mau", "mau\tActive users\t月活")


@pytest.mark.parametrize(
    ("own", "asked", "agree"),
    [
        ((), ("trade",), True),
        (("trade",), (), True),
        (("trade",), ("trade", "orders"), True),
        (("trade", "orders"), ("trade",), True),
        (("trade", "orders"), ("trade", "returns"), False),
        (("users",), ("trade",), False),
    ],
)
def test_areas_agree_as_far_as_both_go(own: Area, asked: Area, agree: bool) -> None:
    assert in_area(own, asked) is agree


def test_frequencies_count_entries_by_field(connection: sqlite3.Connection) -> None:
    entries = [
        Entry("table", "d", "a", "order order", "day"),
        Entry("table", "d", "b", "item", "order"),
        Entry("metric", None, "m", "order"),
    ]
    write_index(connection, entries, None)
    reader = IndexReader(connection)
    assert reader.frequencies("table", ["order", "day", "none"]) == {"order": (1, 1), "day": (0, 1)}
    assert reader.named("table", "order") == [0]
    assert list(reader.detailed("table", "order")) == [1]
    assert reader.size("table") == 2


def test_progress_ends_with_all_steps(connection: sqlite3.Connection) -> None:
    steps: list[tuple[int, int]] = []
    entries = [Entry("table", "d", str(at), f"t{at}") for at in range(250)]
    write_index(connection, entries, None, lambda done, total: steps.append((done, total)))
    assert steps[-1] == (250, 250)
    assert len(steps) > 2


def test_an_entry_is_spoken_in_words() -> None:
    entry = Entry("table", "d", "k", "dwd_ord_cust\n订单", "amt\nqty")
    assert spoken(entry) == "dwd order customer, 订单. amount, quantity"
