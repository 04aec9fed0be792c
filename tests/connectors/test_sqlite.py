"""What only SQLite has: types by affinity, odd bytes, comments in the CREATE text, its authorizer."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from datus.config import DatabaseConfig
from datus.connectors.base import Connector
from datus.connectors.sqlite import open_sqlite
from datus.connectors.sqlite_schema import comments
from datus.errors import DatabaseError
from datus.types import ForeignKey

SCHEMA = """
CREATE TABLE parents (Id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE children (
    id INTEGER PRIMARY KEY, -- number of the child
    parent REFERENCES PARENTS, -- 父
    lost INTEGER REFERENCES nowhere (id),
    odd VARCHAR2(20) /* of old */
);
CREATE TABLE compact (a TEXT, b INT, twice INT AS (b * 2), PRIMARY KEY (b, a)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(body);
CREATE VIEW broken AS SELECT * FROM compact;
CREATE VIEW fine AS SELECT name FROM parents;
INSERT INTO parents VALUES (1, 'a'), (7, CAST(x'61ff62' AS TEXT));
INSERT INTO words VALUES ('hello world');
INSERT INTO compact (a, b) VALUES ('x', 1), (2.5, 2);
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "odd name?#.db"
    connection = sqlite3.connect(file)
    connection.executescript(SCHEMA)
    connection.execute("PRAGMA writable_schema=ON")
    connection.execute(
        "UPDATE sqlite_master SET sql = replace(sql, 'compact', 'gone') WHERE name = 'broken'"
    )
    connection.commit()
    connection.close()
    return file


@pytest.fixture
async def connector(path: Path) -> AsyncIterator[Connector]:
    config = DatabaseConfig("db", "sqlite", path)
    made = open_sqlite(config, "ns", max_connections=2, timezone="UTC")
    yield made
    await made.close()


async def test_schema(connector: Connector) -> None:
    schema = await connector.introspect()
    tables = {table.name: table for table in schema.tables}
    assert sorted(tables) == ["children", "compact", "fine", "parents", "words"]
    children = tables["children"]
    assert children.foreign_keys == (ForeignKey(("parent",), "parents", ("Id",)),)
    assert [(c.name, c.kind, c.comment) for c in children.columns] == [
        ("id", "integer", "number of the child"),
        ("parent", "other", "父"),
        ("lost", "integer", ""),
        ("odd", "text", "of old"),
    ]
    assert tables["compact"].primary_key == ("b", "a")
    assert [column.name for column in tables["compact"].columns] == ["a", "b", "twice"]
    assert tables["compact"].row_estimate is None
    assert tables["parents"].row_estimate == 7
    assert tables["fine"].is_view


async def test_analyze_gives_row_counts(path: Path, connector: Connector) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE INDEX i ON parents (name)")
    connection.execute("ANALYZE")
    connection.close()
    schema = await connector.introspect()
    assert {table.name: table.row_estimate for table in schema.tables}["parents"] == 2


async def test_bytes_that_are_no_utf8_do_not_break_a_query(connector: Connector) -> None:
    result = await connector.execute("SELECT name FROM parents", max_rows=9, timeout_s=5)
    assert result.rows == (("a",), ("a\N{REPLACEMENT CHARACTER}b",))


async def test_full_text_tables_can_be_read(connector: Connector) -> None:
    sql = "SELECT body FROM words WHERE words MATCH 'world'"
    assert (await connector.execute(sql, max_rows=9, timeout_s=5)).rows == (("hello world",),)


async def test_mixed_values_keep_their_types(connector: Connector) -> None:
    result = await connector.execute(
        "SELECT b, a, 2.0, x'00' FROM compact", max_rows=9, timeout_s=5
    )
    assert result.rows == ((1, "x", 2.0, "AA=="), (2, "2.5", 2.0, "AA=="))
    assert [column.type for column in result.columns] == ["integer", "text", "number", "binary"]


@pytest.mark.parametrize(
    "sql",
    [
        "PRAGMA journal_mode = WAL",
        "PRAGMA user_version",
        "ATTACH ':memory:' AS m",
        "CREATE TEMP TABLE t (i)",
        "UPDATE sqlite_master SET sql = ''",
        "PRAGMA page_size = 512",
        "SELECT fts3_tokenizer('x')",
        "INSERT INTO words (words) VALUES ('optimize')",
        "BEGIN",
        "SELECT length(zeroblob(100000000))",
    ],
)
async def test_only_reading_passes(connector: Connector, sql: str) -> None:
    with pytest.raises(DatabaseError):
        await connector.execute(sql, max_rows=9, timeout_s=5)


async def test_a_refusal_says_why(connector: Connector) -> None:
    with pytest.raises(DatabaseError, match="nothing through here but reading"):
        await connector.execute("DELETE FROM parents", max_rows=9, timeout_s=5)


@pytest.fixture
def untouched(path: Path) -> Iterator[None]:
    before = path.read_bytes()
    yield
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.iterdir()] == [path.name]


@pytest.mark.usefixtures("untouched")
async def test_the_file_is_not_touched(connector: Connector) -> None:
    await connector.introspect()
    await connector.execute("SELECT * FROM parents ORDER BY name", max_rows=9, timeout_s=5)


def test_comments_only_where_there_are_some() -> None:
    assert comments("CREATE TABLE t (a INT)") == ("", {})
    assert comments("CREATE TABLE t (a INT -- first\n, b TEXT)") == ("", {"a": "first"})
    assert comments("CREATE TABLE t ( -- all of it\n a INT -- first\n)") == (
        "all of it",
        {"a": "first"},
    )
    assert comments("CREATE TABLE t -- all of it\n(a INT, b TEXT -- next\n)") == (
        "all of it",
        {"b": "next"},
    )
    assert comments("CREATE TABLE t (a '-- no comment' ((((") == ("", {})
