"""The disk of the state file is full for a while."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from datus.tasks.engines import migrate
from tests.faults.judge import diary, judge
from tests.faults.servers import Nursery, Place, until

SIZE = 4 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "none", str(folder)]
    try:
        made = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        pytest.skip(f"no small disk can be made here: {error}")
    if made.returncode:
        pytest.skip(f"no small disk can be made here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_full_disk_stops_tasks_and_loses_none(
    small_disk: Path, tmp_path: Path, processes: Nursery
) -> None:
    state = small_disk / "state.db"
    migrate(state)
    place = Place(tmp_path / "place", state, "max_running: 2")
    (server,) = await processes.servers(place, 1)
    names = {"held", "working", "waiting", "waiting-too"}
    await server.submit("held", "Hold it")
    await server.submit("working", "Hold it")
    for name in ("waiting", "waiting-too"):  # they begin while the disk is full
        await server.submit(name)
    await until(lambda: len(diary(place, "begin")) == 4)

    filler = small_disk / "filler"
    fill(filler)
    answer = await server.run("refused")
    assert (answer.status_code, answer.json()["code"]) == (503, "state_unavailable")
    ready = await server.http.get("/ready")
    assert (ready.status_code, ready.json()["details"]["reasons"]["store"]) == (503, "full")
    place.gate.touch()  # those that run come to an end that cannot be stored
    await until(lambda: "cannot be stored" in server.output)
    await asyncio.sleep(1)
    assert (await server.get("held"))["status"] == "running"  # it can still be read
    assert diary(place, "ended") == []

    filler.unlink()
    for name in names:
        assert (await server.over(name))["status"] == "completed", name
    assert (await server.run("refused")).json()["status"] == "completed"
    assert (await server.http.get("/ready")).status_code == 200
    verdict = judge(place, names | {"refused"})
    assert verdict.problems == []
    assert {(task.attempt, task.losses) for task in verdict.tasks.values()} == {(1, 0)}


def fill(path: Path) -> None:
    """Write until the disk takes no more, and the last byte is gone."""
    with path.open("wb", buffering=0) as filler:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while filler.write(bytes(size)):
                    pass
            except OSError:
                os.fsync(filler.fileno())
