"""A built version as a file: what went in comes out, and a file that is not whole says so."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from datus.config import KnowledgeSources
from datus.errors import UnavailableError
from datus.knowledge import file
from datus.knowledge.content import Content, DatabaseContent, Told
from datus.knowledge.file import KnowledgeFile
from datus.knowledge.sources import BuiltSource
from datus.knowledge.values import Place, ValueIndex
from datus.types import (
    Column,
    DatabaseSchema,
    Dimension,
    ForeignKey,
    Metric,
    MetricCatalogue,
    Passage,
    ReferenceSql,
    TableSchema,
    Term,
)

TEXT = 'it\'s "all" 资料 \0 \u2028; DROP TABLE part; --'
SCHEMA = DatabaseSchema(
    "postgresql",
    "shop",
    (
        TableSchema(
            "order",
            (Column("id", "int8", "integer", False, TEXT), Column(TEXT, "text", "text")),
            "sales",
            ("id",),
            (ForeignKey(("id",), "customer", ("id",), "public"),),
            TEXT,
            12,
        ),
        TableSchema("v", (Column("id", "int8", "integer"),), "public", is_view=True),
    ),
    "public",
)
PLACES = (
    Place("sales.order", TEXT, "Vienna", count=3),
    Place("sales.order", TEXT, TEXT),
    Place("sales.order", TEXT, "V", said="Vienna"),
    Place("v", "x", "Vienna"),
    Place("v", "x", "the"),
)
TOLD = Told(
    (ReferenceSql("q", "SELECT 1", ("t",), ("t.c",), "shop", ("销售", "b")),),
    (Passage("t", TEXT, "s", ("a",)),),
    (Term("w", TEXT, ("词",), "x = 1", ("a",)),),
    {"m.yml": TEXT},
    ("r.csv:2: no",),
)
CATALOGUE = MetricCatalogue(
    (Metric("m", "ratio", "M", dimensions=("e__d",), area=("a",)),),
    {"e__d": Dimension("e__d", "categorical", "D", table="v", column="x")},
)
CONTENT = Content(
    {
        "shop": DatabaseContent(SCHEMA, PLACES, frozenset({("sales.order", TEXT)}), 7),
        "bare": DatabaseContent(DatabaseSchema("sqlite", "bare", ())),
    },
    TOLD,
)
ALL = KnowledgeSources()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "odd ?#%name.db"
    with closing(sqlite3.connect(path)) as connection:
        file.write(connection, CONTENT, CATALOGUE)
        connection.commit()
    return path


def test_all_comes_back_as_it_was(path: Path) -> None:
    with closing(KnowledgeFile(path)) as known:
        assert known.databases() == ("shop", "bare")
        assert known.schema("shop") == SCHEMA
        assert known.told() == TOLD
        assert known.catalogue() == CATALOGUE
        again = Content({name: known.content(name) for name in known.databases()}, known.told())
    assert again == CONTENT
    assert again.digest == CONTENT.digest


def test_values_are_found_as_in_memory(path: Path) -> None:
    memory = CONTENT.databases["shop"].values
    with closing(KnowledgeFile(path)) as known:
        stored = known.values("shop", ALL)
        for text in ("in Vienna", "the", TEXT, "nothing", "Vienna " * 400):
            assert stored.find(text) == memory.find(text)
        assert stored.complete == memory.complete
        for column in (("sales.order", TEXT), ("v", "x"), ("v", "y")):
            assert stored.places.of_column(*column) == memory.places.of_column(*column)
        assert known.values("bare", ALL).find("Vienna") == ()


@pytest.mark.parametrize("pattern", ["v.x", "V.*", "*.x", "?.X"])
def test_what_was_excluded_since_is_not_found(path: Path, pattern: str) -> None:
    with closing(KnowledgeFile(path)) as known:
        stored = known.values("shop", KnowledgeSources(values_exclude=(pattern,)))
        assert {hit.table for hit in stored.find("Vienna")} == {"sales.order"}
        assert stored.places.of_column("v", "x") == ()


def test_patterns_need_no_schema_and_may_have_one(path: Path) -> None:
    def found(**options: object) -> set[str]:
        with closing(KnowledgeFile(path)) as known:
            stored = known.values("shop", KnowledgeSources(**options))  # type: ignore[arg-type]
            assert not stored.complete or found_in(stored, "sales.order")
            return {hit.table for hit in stored.find("Vienna")}

    assert found(values_exclude=("order.*",)) == {"v"}
    assert found(values_exclude=("sales.*",)) == {"v"}
    assert found(values=False) == set()


def found_in(stored: ValueIndex, table: str) -> bool:
    return bool(stored.places.of_column(table, TEXT))


def refused(path: Path) -> str:
    with pytest.raises(UnavailableError, match="datus knowledge build") as caught:
        KnowledgeFile(path)
    assert str(path) not in caught.value.public
    return caught.value.message


def test_a_file_of_another_release_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE part SET data = X'3939' WHERE name = 'format'")
        connection.commit()
    assert "it has format 99" in refused(path)


def test_a_part_of_another_form_says_so(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE part SET data = X'7B7D' WHERE name = 'schema'")
        connection.commit()
    with closing(KnowledgeFile(path)) as known, pytest.raises(UnavailableError, match="its schema"):
        known.schema("shop")


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100, b"SQLite format 3\0"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "0001-000000000000.db"
    path.write_bytes(content)
    refused(path)
    refused(tmp_path / "absent.db")
    refused(tmp_path)


def test_a_file_whose_end_is_missing_is_refused(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:-4096])
    refused(path)
    path.write_bytes(whole[:-1])
    refused(path)


def test_a_page_that_is_damaged_says_so(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        ((root,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'value'")
        ((size,),) = connection.execute("PRAGMA page_size")
    whole = bytearray(path.read_bytes())
    whole[(root - 1) * size : root * size] = b"\xff" * size
    path.write_bytes(whole)
    with closing(KnowledgeFile(path)) as known:
        assert known.schema("shop") == SCHEMA
        with pytest.raises(UnavailableError, match="malformed"):
            known.values("shop", ALL).find("Vienna")


def test_a_file_without_its_search_index_says_so(path: Path) -> None:
    with pytest.raises(UnavailableError, match="search_meta"):
        BuiltSource(KnowledgeFile(path), None, ALL)
