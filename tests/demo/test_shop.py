"""The file is there whole or not at all, whoever builds it and whenever."""

import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from datus.demo import shop as demo
from datus.errors import UnavailableError


class Calls:
    def __init__(self) -> None:
        self.seen: list[tuple[str, int, int]] = []

    def __call__(self, name: str, done: int, total: int) -> None:
        self.seen.append((name, done, total))


def orders(path: Path) -> int:
    with duckdb.connect(path, read_only=True) as connection:
        (count,) = connection.execute("SELECT count(*) FROM orders").fetchone() or (0,)
        return int(count)


def test_build_is_quick_and_says_how_far_it_is(tmp_path: Path) -> None:
    calls = Calls()
    started = time.perf_counter()
    demo.build(tmp_path / "new" / "shop.duckdb", calls)
    assert time.perf_counter() - started < 10
    assert [done for _, done, _ in calls.seen] == list(range(1, 11))
    assert {total for _, _, total in calls.seen} == {10}
    assert calls.seen[0][0] == "regions"
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == [
        "shop.duckdb",
        "shop.duckdb.version",
    ]


def test_ensure_builds_in_another_process_once(tmp_path: Path) -> None:
    path, calls = tmp_path / "shop.duckdb", Calls()
    demo.ensure(path, calls)
    assert calls.seen[-1] == ("web_visits", 10, 10)
    first = path.stat()
    demo.ensure(path, calls)
    assert len(calls.seen) == 10
    assert path.stat().st_mtime_ns == first.st_mtime_ns
    assert orders(path) == 80_000


@pytest.mark.parametrize("marker", [None, "0\n", "1", "\xff"])
def test_ensure_builds_again_over_another_version(tmp_path: Path, marker: str | None) -> None:
    path, calls = tmp_path / "shop.duckdb", Calls()
    path.write_bytes(b"of another version")
    if marker is not None:
        Path(f"{path}.version").write_text(marker, encoding="latin-1")
    demo.ensure(path, calls)
    assert len(calls.seen) == 10
    assert orders(path) == 80_000
    assert demo.is_current(path)


def test_a_marker_alone_is_not_a_database(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    Path(f"{path}.version").write_text(f"{demo.DATA_VERSION}\n", encoding="ascii")
    assert not demo.is_current(path)


def test_builders_at_once_and_a_reader_all_end_well(tmp_path: Path, shop: Path) -> None:
    path = tmp_path / "shop.duckdb"
    path.write_bytes(shop.read_bytes())
    with duckdb.connect(path, read_only=True) as reader:
        builders = [
            subprocess.Popen(
                [sys.executable, "-m", "datus.demo", str(path)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for _ in range(3)
        ]
        for builder in builders:
            out, err = builder.communicate(timeout=60)
            assert (builder.returncode, err) == (0, b"")
            assert out.decode().splitlines()[-1] == "10/10 web_visits"
        assert reader.execute("SELECT count(*) FROM orders").fetchone() == (80_000,)
    assert orders(path) == 80_000
    assert demo.is_current(path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    path = tmp_path / "file" / "shop.duckdb"
    for make in (demo.build, demo.ensure):
        with pytest.raises(UnavailableError, match="could not be written to") as caught:
            make(path, Calls())
        assert str(path) in caught.value.message
        assert "DATUS_HOME" in caught.value.message
        assert caught.value.code == "demo_unavailable"


def test_a_build_that_breaks_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    path.write_bytes(b"before")

    def stop(name: str, done: int, total: int) -> None:
        if name == "orders":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo.build(path, stop)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_importing_the_room_does_not_load_the_engine() -> None:
    code = "import sys, datus.demo; sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
