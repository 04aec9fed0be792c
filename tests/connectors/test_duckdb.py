"""What only DuckDB has: types its driver bends, schemas in a file, a file that one writer may hold."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import duckdb
import pytest

from datus.config import DatabaseConfig
from datus.connectors import duckdb_child
from datus.connectors.base import Connector
from datus.connectors.duckdb import open_duckdb
from datus.connectors.duckdb_query import iso_interval
from datus.errors import DatabaseUnreachableError
from datus.types import ForeignKey

SCHEMA = """
CREATE TABLE t (
    moment TIMESTAMPTZ, span INTERVAL, tags VARCHAR[], made STRUCT(a DATE, b DECIMAL(4,1)),
    seen TIMESTAMPTZ[], pairs MAP(INTEGER, VARCHAR), huge HUGEINT, id UUID, doc JSON
);
INSERT INTO t VALUES (
    '2024-01-01 10:00:00+02', INTERVAL '1 month 2 days 90 seconds', ['x', NULL],
    {'a': '2024-01-01', 'b': 2.5}, ['2024-01-01 10:00:00+02'], MAP {1: 'one'},
    170141183460469231731687303715884105727, '00000000-0000-0000-0000-000000000001', '{"k": 1.50}'
);
CREATE SCHEMA more;
CREATE TABLE more.parent (a INTEGER, b INTEGER, PRIMARY KEY (a, b));
CREATE TABLE more.child (x INTEGER, y INTEGER, FOREIGN KEY (x, y) REFERENCES more.parent (a, b));
COMMENT ON TABLE more.parent IS 'there';
"""

Open = Callable[..., Connector]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "shop.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(SCHEMA)
    return file


@pytest.fixture
async def open_one(path: Path) -> AsyncIterator[Open]:
    opened: list[Connector] = []

    def make(schema: str | None = None, timezone: str = "UTC") -> Connector:
        config = DatabaseConfig("db", "duckdb", path, schema=schema)
        opened.append(open_duckdb(config, "ns", max_connections=2, timezone=timezone))
        return opened[-1]

    yield make
    for connector in opened:
        await connector.close()


async def test_types_that_the_driver_bends(open_one: Open) -> None:
    result = await open_one(timezone="Asia/Shanghai").execute(
        "SELECT *, moment AS doc FROM t ORDER BY moment;", max_rows=9, timeout_s=5
    )
    names = [column.name for column in result.columns]
    assert names[-2:] == ["doc", "doc_2"]
    assert result.rows == (
        (
            "2024-01-01T16:00:00+08:00",
            "P1M2DT1M30S",
            ["x", None],
            {"a": "2024-01-01", "b": 2.5},
            ["2024-01-01 16:00:00+08"],
            {"1": "one"},
            170141183460469231731687303715884105727,
            "00000000-0000-0000-0000-000000000001",
            {"k": 1.5},
            "2024-01-01T16:00:00+08:00",
        ),
    )
    kinds = [column.type for column in result.columns]
    assert kinds == [
        "datetime",
        "other",
        "json",
        "json",
        "json",
        "json",
        "integer",
        "other",
        "json",
        "datetime",
    ]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("00:00:00", "PT0S"),
        ("1 month", "P1M"),
        ("1 year 2 months 3 days 04:05:06.5", "P1Y2M3DT4H5M6.5S"),
        ("-3 days", "P-3D"),
        ("-00:01:30", "PT-1M-30S"),
        ("00:00:00.25", "PT0.25S"),
        ("100:00:00", "PT100H"),
    ],
)
def test_iso_interval(text: str, iso: str) -> None:
    with duckdb.connect() as connection:  # it must be DuckDB's own spelling
        shown = connection.execute("SELECT CAST(CAST(? AS INTERVAL) AS VARCHAR)", [text]).fetchone()
    assert shown == (text,)
    assert iso_interval(text) == iso


async def test_schemas(open_one: Open) -> None:
    schema = await open_one().introspect()
    assert schema.default_schema == "main"
    found = {(table.schema, table.name): table for table in schema.tables}
    assert sorted(found, key=str) == [("more", "child"), ("more", "parent"), (None, "t")]
    assert found["more", "parent"].comment == "there"
    assert found["more", "child"].foreign_keys == (
        ForeignKey(("x", "y"), "parent", ("a", "b"), "more"),
    )


async def test_one_schema(open_one: Open) -> None:
    connector = open_one(schema="more")
    schema = await connector.introspect()
    assert schema.default_schema == "more"
    assert [(table.schema, table.name) for table in schema.tables] == [
        (None, "child"),
        (None, "parent"),
    ]
    result = await connector.execute("SELECT count(*) FROM parent", max_rows=1, timeout_s=5)
    assert result.rows == ((0,),)


def test_python_variables_are_no_tables(path: Path) -> None:
    frame = [1, 2, 3]  # noqa: F841
    with duckdb_child.open_file(str(path), "UTC") as connection, pytest.raises(duckdb.Error):
        connection.execute("SELECT * FROM frame")


async def test_settings_hold(open_one: Open) -> None:
    names = "enable_external_access autoload_known_extensions autoinstall_known_extensions lock_configuration"
    shown = ", ".join(f"current_setting('{name}')" for name in names.split())
    result = await open_one().execute(f"SELECT {shown}", max_rows=1, timeout_s=5)
    assert result.rows == ((False, False, False, True),)


async def test_two_namespaces_on_a_file_have_their_own_time_zones(open_one: Open) -> None:
    for timezone, hour in (("UTC", "08:00:00+00:00"), ("Asia/Tokyo", "17:00:00+09:00")):
        result = await open_one(timezone=timezone).execute(
            "SELECT moment FROM t", max_rows=1, timeout_s=5
        )
        assert result.rows == ((f"2024-01-01T{hour}",),)


async def test_a_new_file_in_its_place_is_seen(path: Path, open_one: Open) -> None:
    connector = open_one()
    await connector.ping()
    fresh = path.with_suffix(".fresh")
    with duckdb.connect(str(fresh)) as connection:
        connection.execute("CREATE TABLE fresh AS SELECT 1 AS one")
    os.replace(fresh, path)
    schema = await connector.introspect()
    assert [table.name for table in schema.tables] == ["fresh"]


async def test_close_lets_go_of_the_file(path: Path, open_one: Open) -> None:
    connector = open_one()
    await connector.ping()
    with pytest.raises(duckdb.Error):
        duckdb.connect(str(path))
    await connector.close()
    duckdb.connect(str(path)).close()


async def test_a_file_in_the_hands_of_a_writer_is_said(path: Path, open_one: Open) -> None:
    script = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print('open', flush=True); sys.stdin.read()"
    writer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert writer.stdout is not None
    await writer.stdout.readline()
    with pytest.raises(DatabaseUnreachableError, match="no process is writing"):
        await open_one().ping()
    await writer.communicate(b"")
    await open_one().ping()
