"""Builds: what is read and what stays, whole versions or none, and who may build when."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from datus.config import KnowledgeSources, load_settings
from datus.connectors.base import DEFAULT_MAX_BYTES, DISTINCT_SCAN_ROWS
from datus.connectors.registry import Connectors
from datus.errors import ConfigError, ConflictError, DatabaseUnreachableError, UnavailableError
from datus.knowledge.build import KEPT_VERSIONS, build
from datus.knowledge.content import Content
from datus.knowledge.embeddings import EmbeddingError
from datus.knowledge.file import KnowledgeFile
from datus.knowledge.reading import read_schema, read_values
from datus.types import ReferenceSql
from tests.knowledge.conftest import METRICS, World, write


def content_of(world: World, name: str | None = None) -> Content:
    file = KnowledgeFile(world.versions.path(name or str(world.versions.current())))
    try:
        return Content({each: file.content(each) for each in file.databases()}, file.told())
    finally:
        file.close()


def values_of(world: World, database: str = "huts") -> set[str]:
    return {place.value for place in content_of(world).databases[database].places}


async def test_a_build_holds_everything(world: World) -> None:
    built = await world.build()
    assert built.fresh
    assert built.version == world.versions.current()
    assert built.counts == {
        "databases": 2, "tables": 4, "columns": 12, "keys": 2, "values": 8,
        "reference SQL": 2, "passages": 1, "terms": 2, "metrics": 0,
    }  # fmt: skip
    assert (built.changes, built.problems, built.removed) == ((), (), ())
    known = content_of(world)
    assert known.databases["huts"].complete == {("hut", "name"), ("hut", "kind"), ("stay", "guest")}
    assert values_of(world, "buses") == {"Valley Express", "Station Square"}
    assert [each.area for each in known.told.terms] == [("huts", "guests"), ("buses",)]


async def test_a_check_says_what_would_change_and_builds_nothing(world: World) -> None:
    first = await world.build(update="check")
    assert (first.version, first.fresh, first.counts["tables"]) == (None, False, 4)
    assert world.versions.all() == ()
    await world.build()
    write(world.folder / "huts.sqlite", "CREATE TABLE lake (lake_id INTEGER, name TEXT)")
    write(world.folder / "huts.sqlite", "INSERT INTO stay VALUES (3, 1, 'Cy', 1)")
    write(world.folder / "buses.sqlite", "DROP TABLE stop")
    (world.folder / "terms.yml").write_text("terms: [{word: a, meaning: b}]")
    (world.folder / "notes" / "new.md").write_text("More.")
    check = await world.build(update="check")
    assert check.changes == (
        "buses: table stop is gone",
        "buses: values: 0 new, 1 gone",
        "huts: table lake is new",
        "huts: table stay changed",
        "huts: values: 1 new, 0 gone",
        "passages: 1 new, 0 gone",
        "terms: 1 new, 2 gone",
    )
    assert len(world.versions.all()) == 1
    assert (await world.build()).changes == check.changes


async def test_where_nothing_changed_the_version_stays(world: World) -> None:
    first = await world.build()
    again = await world.build()
    assert (again.version, again.fresh) == (first.version, False)
    anew = await world.build(update="overwrite")
    assert anew.fresh
    assert str(anew.version)[5:] == str(first.version)[5:]  # equal content, equal digest


async def test_values_of_tables_that_look_as_they_did_are_kept(world: World) -> None:
    await world.build()
    write(world.folder / "huts.sqlite", "UPDATE hut SET name = 'Ibex House' WHERE hut_id = 1")
    assert not (await world.build()).fresh
    assert "Eagle House" in values_of(world)
    await world.build(update="overwrite")
    assert "Ibex House" in values_of(world)
    write(world.folder / "huts.sqlite", "INSERT INTO hut VALUES (3, 'Fox Den', 'alpine')")
    assert (await world.build()).fresh
    assert {"Fox Den", "Amelie Stark"} <= values_of(world)


async def test_columns_excluded_since_lose_their_values_at_any_build(world: World) -> None:
    await world.build()
    assert "Amelie Stark" in values_of(world)
    world.configure("values_exclude: ['*.guest']")
    await world.build()
    assert values_of(world) == {"Eagle House", "Pine Hut", "alpine", "forest"}
    world.configure()
    await world.build()
    assert "Amelie Stark" in values_of(world)
    world.configure("values_exclude: ['STAY.*']")
    await world.build(components=("terms",))
    assert "Amelie Stark" not in values_of(world)
    world.configure("values: false")
    await world.build(components=("schema",))
    assert values_of(world) == set()
    assert content_of(world).databases["huts"].complete == frozenset()
    world.configure()
    await world.build()
    assert "Amelie Stark" in values_of(world)


async def test_another_limit_reads_the_values_anew(world: World) -> None:
    world.configure("values_per_column: 1")
    await world.build()
    known = content_of(world).databases["huts"]
    assert values_of(world) == {"Eagle House", "Pine Hut", "alpine", "Amelie Stark"}
    # Where a limit was met nobody knows whether there is more; of names 25 times as many are read.
    assert known.complete == {("hut", "name")}
    world.configure("values_per_column: 3")
    await world.build()
    assert "Bo Lind" in values_of(world)


async def test_only_the_components_that_are_named_are_read(world: World) -> None:
    await world.build()
    write(world.folder / "huts.sqlite", "INSERT INTO hut VALUES (3, 'Fox Den', 'alpine')")
    write(world.folder / "huts.sqlite", "ALTER TABLE stay DROP COLUMN guest")
    (world.folder / "terms.yml").write_text("terms: []")
    (world.folder / "notes" / "season.md").write_text("Closed.")
    built = await world.build(components=("terms",))
    assert built.changes == ("terms: 0 new, 2 gone",)
    built = await world.build(components=("schema",))
    assert "Fox Den" not in values_of(world)
    assert "Amelie Stark" not in values_of(world)  # its column is gone
    built = await world.build(components=("values", "documents"))
    assert "Fox Den" in values_of(world)
    assert "passages: 1 new, 1 gone" in built.changes


async def test_the_first_build_reads_everything(world: World) -> None:
    built = await world.build(components=("terms",))
    assert built.counts["values"] == 8
    assert built.counts["passages"] == 1


async def test_references_that_cannot_run_are_told(world: World) -> None:
    with (world.folder / "reference.csv").open("a") as file:
        file.write("Bad,DELETE FROM stay,huts,\n")
    built = await world.build()
    (problem,) = built.problems
    assert "reference.csv:4" in problem
    assert built.counts["reference SQL"] == 2
    learned = ReferenceSql("Learned?", "SELECT 1", database="huts")
    assert (await world.build(learned=lambda: (learned,))).counts["reference SQL"] == 3


async def test_metrics_are_compiled_and_checked(world: World) -> None:
    metrics = world.folder / "metrics"
    metrics.mkdir()
    (metrics / "stays.yml").write_text(METRICS)
    world.configure("metrics: metrics", "database: huts")
    with pytest.raises(ConfigError, match="night"):
        await world.build()  # no such column
    write(world.folder / "huts.sqlite", "ALTER TABLE stay ADD COLUMN night DATE")
    built = await world.build()
    assert built.counts["metrics"] == 1
    (metrics / "stays.yml").write_text(METRICS.replace("What guests paid.", "Cash."))
    assert (await world.build()).changes == ("metrics: changed in stays.yml",)
    version = world.versions.current()
    (metrics / "stays.yml").write_text(METRICS.replace("measure: paid", "measure: pad"))
    with pytest.raises(ConfigError, match=r"stays\.yml"):
        await world.build()
    assert world.versions.current() == version


class Constant:
    """An embedder for which all texts are alike."""

    name = "constant"
    dimension: int | None = 2

    def embed(self, texts: Any) -> Any:
        return np.full((len(texts), 2), 0.5**0.5, dtype=np.float32)


async def test_another_embedder_makes_another_version(world: World) -> None:
    plain = await world.build()
    vectors = await world.build(embedder=Constant())
    assert vectors.fresh
    assert vectors.changes == ()
    assert str(plain.version)[5:] != str(vectors.version)[5:]
    assert not (await world.build(embedder=Constant())).fresh


async def test_progress_is_told_and_reaches_its_end(world: World) -> None:
    told: list[tuple[str, int, int]] = []
    await world.build(progress=lambda *step: told.append(step))
    assert {"schema of huts", "huts: hut", "buses: stop", "search index"} <= {
        step[0] for step in told
    }
    assert all(0 <= done <= total for _, done, total in told)


async def test_old_versions_go_and_the_one_just_replaced_stays(world: World) -> None:
    first = (await world.build()).version
    for _ in range(KEPT_VERSIONS):
        built = await world.build(update="overwrite")
    assert built.removed == (first,)
    oldest = world.versions.all()[-1].name
    world.versions.use(oldest)
    built = await world.build(update="overwrite")
    assert oldest in [each.name for each in world.versions.all()]  # questions may still read it
    assert built.removed == ()


async def test_a_version_may_be_made_without_being_used(world: World) -> None:
    first = await world.build()
    other = await world.build(update="overwrite", use=False)
    assert other.version != first.version
    assert world.versions.current() == first.version


# --- what stands in the way


async def test_a_file_that_cannot_be_used_leaves_the_version_in_use(world: World) -> None:
    built = await world.build()
    (world.folder / "terms.yml").write_text("terms: [{word: a}]")
    with pytest.raises(ConfigError, match=r"terms\.yml"):
        await world.build()
    assert world.versions.current() == built.version
    assert not list(world.versions.folder.glob(".draft-*"))


async def test_a_database_that_is_gone_leaves_the_version_in_use(world: World) -> None:
    built = await world.build()
    (world.folder / "buses.sqlite").rename(world.folder / "away.sqlite")
    with pytest.raises(DatabaseUnreachableError):
        await world.build(update="overwrite")
    assert world.versions.current() == built.version


class Broken(Constant):
    """An embedder whose endpoint is down."""

    def embed(self, texts: Any) -> Any:
        raise EmbeddingError("The endpoint does not answer.")


async def test_an_embedder_that_fails_leaves_the_version_in_use(world: World) -> None:
    built = await world.build()
    with pytest.raises(EmbeddingError):
        await world.build(embedder=Broken())
    assert world.versions.current() == built.version
    assert not list(world.versions.folder.glob(".draft-*"))


async def test_a_pattern_that_hides_nothing_is_told(world: World) -> None:
    world.configure("values_exclude: [stay.guest, sty.guest, '*.nothing']")
    built = await world.build()
    assert built.problems == (
        "values_exclude: 'sty.guest' matches no column",
        "values_exclude: '*.nothing' matches no column",
    )


async def test_a_second_build_meanwhile_is_refused(world: World) -> None:
    with world.versions.building():
        with pytest.raises(ConflictError, match="alps"):
            await world.build()
        with pytest.raises(ConflictError, match="alps"):
            await world.build(update="check")
    await world.build()


@pytest.mark.parametrize("damage", [b"", b"SQLite format 3\0 and then nothing", None])
async def test_a_damaged_version_is_built_again(world: World, damage: bytes | None) -> None:
    first = (await world.build()).version
    path = world.versions.path(str(first))
    path.chmod(0o600)
    path.unlink() if damage is None else path.write_bytes(damage)
    with pytest.raises(UnavailableError):
        await world.build(components=("terms",))  # the rest would have to come from it
    again = await world.build()
    assert again.fresh
    assert world.versions.current() == again.version
    assert "Eagle House" in values_of(world)


async def test_a_cancelled_build_leaves_nothing(world: World) -> None:
    first = (await world.build()).version
    task = asyncio.ensure_future(world.build(update="overwrite"))
    await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.versions.current() == first
    with world.versions.building():
        assert not list(world.versions.folder.glob(".draft-*"))


# --- real processes

CHILD = """
import asyncio, resource, signal, sys
from pathlib import Path
from datus.config import load_settings
from datus.connectors.registry import Connectors
from datus.errors import DatusError
from datus.knowledge.build import build

folder, what = Path(sys.argv[1]), sys.argv[2]
settings = load_settings(folder / "agent.yml", env={}, home=folder / "home", cwd=folder)

def progress(step, done, total):
    if what == "stop" and step == "search index" or what == "stop early" and "hut" in step:
        print("there", flush=True)
        signal.pause()

async def main():
    if what == "full":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    connectors = Connectors(settings)
    try:
        built = await build(connectors, settings, settings.namespaces["alps"], embedder=None,
                            update="overwrite", progress=progress)
        print(built.version, flush=True)
    except DatusError as error:
        print(type(error).__name__, error.message, flush=True)
    finally:
        await connectors.close()

asyncio.run(main())
"""


def child(world: World, what: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", CHILD, str(world.folder), what]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("what", ["stop", "stop early"])
async def test_a_build_that_is_killed_changes_nothing(world: World, what: str) -> None:
    first = (await world.build()).version
    with child(world, what) as process:
        assert await asyncio.to_thread(line_of, process) == "there"
        with pytest.raises(ConflictError):
            await world.build()
        os.kill(process.pid, signal.SIGKILL)
    assert world.versions.current() == first
    again = await world.build(update="overwrite")
    assert again.fresh
    assert not list(world.versions.folder.glob(".draft-*"))
    assert len(world.versions.all()) == 2


async def test_two_processes_never_build_at_once(world: World) -> None:
    with child(world, "go") as one, child(world, "go") as other:
        said = sorted(
            await asyncio.gather(*(asyncio.to_thread(line_of, each) for each in (one, other)))
        )
    made = [line for line in said if line.startswith("000")]
    refused = [line for line in said if line.startswith("ConflictError")]
    assert made
    assert len(made) + len(refused) == 2
    assert [each.name for each in world.versions.all()] == made[::-1]


async def test_a_full_disk_is_told_and_changes_nothing(world: World) -> None:
    first = (await world.build()).version
    with child(world, "full") as process:
        said = await asyncio.to_thread(line_of, process)
    assert said.startswith("UnavailableError The new version cannot be written")
    assert "agent.knowledge.path" in said
    assert world.versions.current() == first
    assert not list(world.versions.folder.glob(".draft-*"))


# --- values of real databases


async def test_values_of_odd_bytes_are_built(world: World) -> None:
    write(
        world.folder / "huts.sqlite",
        "INSERT INTO hut VALUES (3, CAST(X'ff41' AS TEXT), 'a' || char(0) || 'b'), (4, '''; DROP TABLE hut; --', '')",
    )
    await world.build()
    assert {"\ufffdA", "'; DROP TABLE hut; --"} <= values_of(world)


async def test_a_column_of_many_values_is_cut_at_its_limit(world: World) -> None:
    write(
        world.folder / "huts.sqlite",
        "CREATE TABLE big (word TEXT);"
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"
        " INSERT INTO big SELECT 'value ' || i FROM n;"
        "INSERT INTO big VALUES ('often'), ('often');",
    )
    await world.build()
    known = content_of(world).databases["huts"]
    values = [place.value for place in known.places if place.table == "big"]
    assert len(values) == 2_000
    assert values[0] == "often"
    assert ("big", "word") not in known.complete


@pytest.mark.parametrize(
    ("estimate", "counts", "length", "whole"),
    [
        ("known", (3, 2), 1, True),
        ("none", (3, 2), 1, True),
        ("none", (DISTINCT_SCAN_ROWS - 1, 1), 1, False),  # the scan may have ended there
        ("known", (DISTINCT_SCAN_ROWS,), 1, False),  # an estimate that was too low
        ("known", (1, 1), DEFAULT_MAX_BYTES // 4, False),  # the reading may have ended there
    ],
)
async def test_a_column_counts_as_whole_only_where_all_of_it_was_read(
    world: World, estimate: str, counts: tuple[int, ...], length: int, whole: bool
) -> None:
    connector = world.connectors.get("alps", "huts")
    schema = await read_schema(connector)
    if estimate == "none":
        tables = tuple(replace(table, row_estimate=None) for table in schema.tables)
        schema = replace(schema, tables=tables)

    class Counted:
        async def distinct_values(self, *_: object, limit: int) -> tuple[tuple[str, int], ...]:
            return tuple((f"{n}" * length, count) for n, count in enumerate(counts))

    stub: Any = Counted()
    found = await read_values(stub, schema, KnowledgeSources())
    assert (("hut", "name") in found.complete) is whole


async def test_duckdb_is_built_too(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE city (city_id INTEGER PRIMARY KEY, name VARCHAR)")
        connection.execute("INSERT INTO city VALUES (1, '北京'), (2, 'Vienna')")
        connection.execute("COMMENT ON TABLE city IS 'City | 城市'")
    (tmp_path / "agent.yml").write_text(
        f"agent: {{namespace: {{shop: {{type: duckdb, uri: {path}}}}}}}"
    )
    settings = load_settings(tmp_path / "agent.yml", env={}, home=tmp_path, cwd=tmp_path)
    connectors = Connectors(settings)
    try:
        built = await build(connectors, settings, settings.namespaces["shop"], embedder=None)
        assert not (
            await build(connectors, settings, settings.namespaces["shop"], embedder=None)
        ).fresh
    finally:
        await connectors.close()
    assert built.counts["values"] == 2
