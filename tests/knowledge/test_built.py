"""A worker over built versions: swapped while it answers, whole every time, live where there is none."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from datus.errors import ConfigError, NotFoundError, UnavailableError
from datus.knowledge.build import KEPT_VERSIONS
from datus.knowledge.library import Knowledge
from datus.knowledge.snapshot import Snapshot
from tests.knowledge.conftest import METRICS, Open, World, write

BOTH = ("huts", "buses")


class Clock:
    """Seconds that a test turns forward."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_the_version_in_use_answers(world: World, open_knowledge: Open) -> None:
    built = await world.build()
    (world.folder / "terms.yml").unlink()  # a build needs its files, a question does not
    snapshot = await open_knowledge().snapshot("alps", BOTH)
    assert snapshot.version == built.version
    assert {hit.value for hit in snapshot.find_values("huts", "Eagle House")} == {"Eagle House"}
    assert [term.meaning for term in snapshot.find_terms("regular guests", ())] == [
        "A guest of three stays or more."
    ]


async def test_the_next_version_is_taken_at_once_and_the_old_one_reads_on(
    world: World, open_knowledge: Open
) -> None:
    await world.build()
    knowledge = open_knowledge()
    first = await knowledge.snapshot("alps", BOTH)
    assert await knowledge.snapshot("alps", BOTH) is first
    write(world.folder / "huts.sqlite", "INSERT INTO hut VALUES (3, 'Fox Den', 'alpine')")
    built = await world.build()
    second = await knowledge.snapshot("alps", BOTH)
    assert (second.version, second is first) == (built.version, False)
    assert second.find_values("huts", "Fox Den")
    assert not first.find_values("huts", "Fox Den")
    assert first.find_values("huts", "Pine Hut")
    assert first.find_references("paid in all", (), 1)


async def test_a_snapshot_reads_on_though_its_version_is_removed(
    world: World, open_knowledge: Open
) -> None:
    await world.build()
    knowledge = open_knowledge()
    first = await knowledge.snapshot("alps", BOTH)
    assert first.rank_databases("huts")
    for _ in range(KEPT_VERSIONS + 1):
        await world.build(update="overwrite")
    assert not world.versions.path(first.version).exists()
    assert first.schema("huts").tables
    assert first.find_values("huts", "Pine Hut")
    assert first.find_references("paid in all", (), 1)
    assert first.catalogue.metrics == ()


async def test_a_snapshot_is_closed_when_no_question_can_still_use_it(
    world: World, open_knowledge: Open
) -> None:
    clock = Clock()
    knowledge = open_knowledge(clock)
    await world.build()
    first = await knowledge.snapshot("alps", BOTH)
    for wait in (world.settings.server.task_timeout_s, 0.0):
        await world.build(update="overwrite")
        await knowledge.snapshot("alps", BOTH)
        clock.now += wait
    assert first.find_values("huts", "Pine Hut")
    clock.now += 2 * world.settings.server.task_timeout_s
    await world.build(update="overwrite")
    await knowledge.snapshot("alps", BOTH)
    with pytest.raises(UnavailableError):
        first.find_values("huts", "Pine Hut")


async def test_going_back_answers_from_the_old_version(world: World, open_knowledge: Open) -> None:
    first = await world.build()
    write(world.folder / "huts.sqlite", "INSERT INTO hut VALUES (3, 'Fox Den', 'alpine')")
    await world.build()
    knowledge = open_knowledge()
    assert (await knowledge.snapshot("alps", BOTH)).find_values("huts", "Fox Den")
    world.versions.use(str(first.version))
    back = await knowledge.snapshot("alps", BOTH)
    assert back.version == first.version
    assert not back.find_values("huts", "Fox Den")


async def test_a_snapshot_covers_the_databases_that_were_asked_for(
    world: World, open_knowledge: Open
) -> None:
    await world.build()
    knowledge = open_knowledge()
    both = await knowledge.snapshot("alps", BOTH)
    buses = await knowledge.snapshot("alps", ("buses",))
    assert buses is await knowledge.snapshot("alps", ("buses",))
    assert buses.version == both.version
    assert [name for name, _ in both.rank_databases("hut stay guest")] == ["huts"]
    assert buses.rank_databases("hut stay guest") == ()
    assert buses.schema("buses") is both.schema("buses")
    with pytest.raises(NotFoundError):
        await knowledge.snapshot("alps", ("lakes",))


async def test_a_database_that_was_not_built_is_read_live(
    world: World, open_knowledge: Open
) -> None:
    config = (world.folder / "agent.yml").read_text()
    (world.folder / "agent.yml").write_text(config.replace(", {uri: buses.sqlite}", ""))
    built = await world.build()
    (world.folder / "agent.yml").write_text(config)
    knowledge = open_knowledge()
    assert (await knowledge.snapshot("alps", ("huts",))).version == built.version
    live = await knowledge.snapshot("alps", BOTH)
    assert live.version.startswith("live-")
    assert live.find_values("buses", "Valley Express")


async def test_what_was_excluded_since_is_hidden_at_once(
    world: World, open_knowledge: Open
) -> None:
    await world.build()
    world.configure("values_exclude: [stay.guest]")
    snapshot = await open_knowledge().snapshot("alps", BOTH)
    assert not snapshot.find_values("huts", "Amelie Stark")
    assert snapshot.find_values("huts", "Pine Hut")


@pytest.mark.parametrize("content", [b"", b"no database", None])
async def test_a_damaged_version_is_told_and_the_one_before_can_be_used(
    world: World, open_knowledge: Open, content: bytes | None
) -> None:
    first = await world.build()
    second = await world.build(update="overwrite")
    path = world.versions.path(str(second.version))
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    knowledge = open_knowledge()
    with pytest.raises(UnavailableError, match="again") as caught:
        await knowledge.snapshot("alps", BOTH)
    assert str(world.folder) not in caught.value.public
    world.versions.use(str(world.versions.older()))
    assert (await knowledge.snapshot("alps", BOTH)).version == first.version


async def test_metrics_come_from_the_version(world: World, open_knowledge: Open) -> None:
    (world.folder / "metrics").mkdir()
    (world.folder / "metrics" / "stays.yml").write_text(METRICS)
    world.configure("metrics: metrics", "database: huts")
    write(world.folder / "huts.sqlite", "ALTER TABLE stay ADD COLUMN night DATE")
    await world.build()
    (world.folder / "metrics" / "stays.yml").unlink()
    snapshot = await open_knowledge().snapshot("alps", ("huts",))
    (metric,) = snapshot.find_metrics("what did guests pay", (), 3).metrics
    assert (metric.name, snapshot.metrics_database) == ("takings", "huts")
    assert snapshot.layer is snapshot.layer
    assert [each.name for each in snapshot.layer.catalogue().metrics] == ["takings"]


async def test_live_files_are_read_again_after_a_while(world: World, open_knowledge: Open) -> None:
    clock = Clock()
    knowledge = open_knowledge(clock)
    first = await knowledge.snapshot("alps", BOTH)
    assert first.version.startswith("live-")
    assert first.find_terms("a regular guest", ())
    assert first.find_passages("when do huts open", (), 1)
    (world.folder / "terms.yml").write_text("terms: []")
    assert await knowledge.snapshot("alps", BOTH) is first
    clock.now += world.settings.server.schema_ttl_s + 1
    second = await knowledge.snapshot("alps", BOTH)
    assert second.version != first.version
    assert second.find_terms("a regular guest", ()) == ()


async def test_a_live_file_that_is_spoilt_later_leaves_what_was_read(
    world: World, open_knowledge: Open, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    knowledge = open_knowledge(clock)
    first = await knowledge.snapshot("alps", BOTH)
    (world.folder / "terms.yml").write_text("terms: [{word: half")
    clock.now += world.settings.server.schema_ttl_s + 1
    assert await knowledge.snapshot("alps", BOTH) is first
    assert "terms.yml: is not YAML" in caplog.text
    with pytest.raises(ConfigError, match=r"terms\.yml"):
        await open_knowledge(clock).snapshot("alps", BOTH)
    (world.folder / "terms.yml").write_text("terms: []")
    clock.now += world.settings.server.schema_ttl_s + 1
    assert not (await knowledge.snapshot("alps", BOTH)).find_terms("a regular guest", ())


async def test_rows_about_other_databases_are_passed_over(
    world: World, open_knowledge: Open, caplog: pytest.LogCaptureFixture
) -> None:
    snapshot = await open_knowledge().snapshot("alps", ("huts",))
    assert [each.database for each in snapshot.told.references] == ["huts"]
    assert not caplog.records


# --- many readers, and builds meanwhile


def whole(snapshot: Snapshot) -> int:
    """The number of the build that a snapshot is of; every part of it says the same one."""
    (term,) = snapshot.find_terms("the build", ())
    (passage,) = snapshot.find_passages("which build", (), 1)
    (reference,) = snapshot.find_references("which build", (), 1)
    (hit,) = [each for each in snapshot.find_values("huts", "Build Hut") if each.column == "name"]
    marks = {each.name for each in snapshot.schema("huts").tables if each.name.startswith("mark_")}
    numbers = {
        int(term.meaning),
        int(passage.text.split()[-1]),
        int(reference.sql.split()[-1]),
        *(int(name.removeprefix("mark_")) for name in marks),
    }
    assert hit.value == "Build Hut"
    assert len(numbers) == 1, f"parts of several builds: {numbers}"
    return numbers.pop()


def mark(folder: Path, number: int) -> None:
    (folder / "terms.yml").write_text(f"terms: [{{word: build, meaning: '{number}'}}]")
    (folder / "notes" / "season.md").write_text(f"Which build: {number}")
    (folder / "reference.csv").write_text(
        f"question,sql,database\nWhich build?,SELECT {number},huts\n"
    )
    last = f"DROP TABLE IF EXISTS mark_{number - 1};"
    write(folder / "huts.sqlite", f"{last} CREATE TABLE mark_{number} (a INTEGER)")


READER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from datus.config import load_settings
from datus.connectors.registry import Connectors
from datus.knowledge.library import Knowledge
from tests.knowledge.test_built import whole

folder, last = Path(sys.argv[1]), int(sys.argv[2])

async def main():
    settings = load_settings(folder / "agent.yml", env={}, home=folder / "home", cwd=folder)
    connectors = Connectors(settings)
    knowledge = Knowledge(connectors, settings, embedder=None, clock=lambda: 0.0)
    seen = []
    while not seen or seen[-1] != last:
        snapshot = await knowledge.snapshot("alps", ("huts", "buses"))
        seen.append(await asyncio.to_thread(whole, snapshot))
        if len(seen) == 1:
            print("reading", flush=True)
    knowledge.close()
    await connectors.close()
    print(len(seen), seen == sorted(seen), flush=True)

asyncio.run(main())
"""


def started(command: list[str], folder: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)


async def test_readers_in_other_processes_see_old_or_new_and_always_whole(world: World) -> None:
    last = 4
    write(world.folder / "huts.sqlite", "INSERT INTO hut VALUES (9, 'Build Hut', 'x')")
    mark(world.folder, 1)
    await world.build()
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", READER, str(world.folder), str(last), root]
    readers = [started(command, root) for _ in range(1)]
    try:
        for each in readers:
            assert each.stdout is not None
            assert await asyncio.to_thread(each.stdout.readline) == "reading\n"
        for number in range(2, last + 1):
            mark(world.folder, number)
            assert (await world.build()).fresh
        for each in readers:
            out, _ = await asyncio.to_thread(each.communicate, timeout=60)
            count, in_order = out.split()
            assert int(count) > 1
            assert in_order == "True"
    finally:
        for each in readers:
            each.kill()
            each.wait()
            assert each.stdout is not None
            each.stdout.close()


async def test_builds_while_threads_search(world: World, open_knowledge: Open) -> None:
    last = 5
    write(world.folder / "huts.sqlite", "INSERT INTO hut VALUES (9, 'Build Hut', 'x')")
    mark(world.folder, 1)
    await world.build()
    knowledge = open_knowledge()

    async def search(knowledge: Knowledge) -> list[int]:
        seen: list[int] = []
        while seen[-1:] != [last]:
            snapshot = await knowledge.snapshot("alps", BOTH)
            seen.append(await asyncio.to_thread(whole, snapshot))
        return seen

    threads = [asyncio.ensure_future(search(knowledge)) for _ in range(4)]
    for number in range(2, last + 1):
        mark(world.folder, number)
        await world.build()
    for seen in await asyncio.gather(*threads):
        assert seen == sorted(seen)
