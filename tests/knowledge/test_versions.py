"""Versions on disk: immutable files, one pointer, one builder at a time, nothing outside their folder."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from datus.errors import ConflictError, DatusError, NotFoundError, UnavailableError
from datus.knowledge.versions import Versions


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "knowledge", "alps")


def add(versions: Versions, digest: str = "0" * 12, *, use: bool = True) -> str:
    with versions.building() as draft:
        draft.write_text(digest)
        name = versions.add(draft, digest)
    if use:
        versions.use(name)
    return name


def names(versions: Versions) -> list[str]:
    return [each.name for each in versions.all()]


def test_nothing_is_built_at_first(versions: Versions) -> None:
    assert versions.current() is None
    assert versions.all() == ()
    assert versions.older() is None
    assert versions.prune(1) == ()
    assert not versions.folder.exists()


def test_a_version_is_in_use_only_when_that_is_said(versions: Versions) -> None:
    first = add(versions, "a" * 12)
    second = add(versions, "b" * 12, use=False)
    assert (first, second) == ("0001-" + "a" * 12, "0002-" + "b" * 12)
    assert versions.current() == first
    assert [(each.name, each.current, each.size) for each in versions.all()] == [
        (second, False, 12),
        (first, True, 12),
    ]
    versions.use(second)
    assert versions.current() == second


def test_a_version_is_for_its_owner_to_read_only(versions: Versions) -> None:
    path = versions.path(add(versions))
    assert path.stat().st_mode & 0o777 == 0o400
    assert versions.folder.stat().st_mode & 0o777 == 0o700


def test_going_back(versions: Versions) -> None:
    made = [add(versions) for _ in range(3)]
    assert versions.older() == made[1]
    versions.use(made[1])
    assert versions.older() == made[0]
    versions.use(made[0])
    assert versions.older() is None


@pytest.mark.parametrize(
    "name", ["0009-000000000000", "../0001-000000000000", "", "current", "٠٠٠١-000000000000"]
)
def test_only_versions_that_are_there_can_be_used(versions: Versions, name: str) -> None:
    there = add(versions)
    with pytest.raises(NotFoundError, match=there):
        versions.use(name)
    assert versions.current() == there


def test_old_versions_are_removed_but_never_one_in_use(versions: Versions) -> None:
    made = [add(versions) for _ in range(6)]
    versions.use(made[1])
    assert versions.prune(2, besides=made[0]) == (made[3], made[2])
    assert names(versions) == [made[5], made[4], made[1], made[0]]
    assert versions.prune(2) == (made[0],)
    assert versions.current() == made[1]


def test_numbers_go_on_beyond_four_digits(versions: Versions) -> None:
    add(versions)
    versions.folder.joinpath("9999-000000000000.db").touch()
    newest = add(versions)
    assert newest.startswith("10000-")
    assert names(versions)[0] == newest
    assert versions.prune(1) == ("9999-000000000000", "0001-000000000000")


def test_a_number_is_not_given_twice_after_going_back(versions: Versions) -> None:
    first = add(versions)
    add(versions)
    versions.use(first)
    assert add(versions).startswith("0003-")


@pytest.mark.parametrize("said", [b"0007-000000000000\n", b"", b"\xff\xfe", b"../../etc/passwd"])
def test_a_pointer_to_nothing_says_so_and_can_be_mended(versions: Versions, said: bytes) -> None:
    made = [add(versions), add(versions)]
    pointer = versions.folder / "current"
    pointer.write_bytes(said)
    with pytest.raises(UnavailableError, match="datus knowledge rollback"):
        versions.current()
    assert names(versions) == made[::-1]
    assert versions.older() == made[1]
    versions.use(made[1])
    assert versions.current() == made[1]


def test_a_pointer_that_cannot_be_read_is_told_without_its_place(versions: Versions) -> None:
    add(versions)
    (versions.folder / "current").unlink()
    (versions.folder / "current").mkdir()
    with pytest.raises(UnavailableError, match="Is a directory") as caught:
        versions.current()
    assert str(versions.folder) not in caught.value.public


def test_only_one_builds_at_a_time(versions: Versions) -> None:
    with versions.building(), pytest.raises(ConflictError, match="'alps'"), versions.building():
        pass
    with versions.building():
        pass
    with versions.building(), Versions(versions.folder.parent, "lakes").building():
        pass


def test_a_draft_goes_whatever_happens(versions: Versions) -> None:
    with contextlib.suppress(ZeroDivisionError), versions.building() as draft:
        draft.write_text("half")
        raise ZeroDivisionError
    assert not draft.exists()
    (versions.folder / ".draft-0badcafe.db").write_text("left by a crash")
    add(versions)
    assert sorted(path.name for path in versions.folder.iterdir()) == [
        ".lock",
        "0001-000000000000.db",
        "current",
    ]


KILLED = """
import os, signal, sys
from pathlib import Path
from datus.knowledge.versions import Versions
with Versions(Path(sys.argv[1]), "alps").building() as draft:
    draft.write_text("half")
    print("building", flush=True)
    signal.pause()
"""


def test_a_builder_that_is_killed_holds_nobody_up(versions: Versions) -> None:
    there = add(versions)
    command = [sys.executable, "-c", KILLED, str(versions.folder.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "building\n"
        with pytest.raises(ConflictError), versions.building():
            pass
        assert list(versions.folder.glob(".draft-*"))
        other.kill()
    assert versions.current() == there
    assert add(versions).startswith("0002-")
    assert not list(versions.folder.glob(".draft-*"))


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(UnavailableError, match=r"agent\.knowledge\.path") as caught,
        Versions(tmp_path / "file", "alps").building(),
    ):
        pass
    assert str(tmp_path) not in caught.value.public


def test_a_disk_that_is_full_leaves_the_pointer_as_it_was(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = add(versions), add(versions, use=False)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(UnavailableError, match="No space left"):
            versions.use(second)
        with pytest.raises(UnavailableError, match="No space left"):
            add(versions)
    assert versions.current() == first
    assert names(versions) == [second, first]
    assert {path.suffix for path in versions.folder.iterdir()} == {"", ".db"}


ODD = [
    "..",
    ".",
    "a/b",
    "a" * 64,
    "销" * 64,
    "Sales",
    "sales",
    "sales.",
    "SALES",
    "a\0b",
    "\ud800",
    "",
]


def test_every_namespace_has_a_folder_of_its_own_below_the_root(tmp_path: Path) -> None:
    folders = [Versions(tmp_path, name).folder for name in ODD]
    assert all(folder.parent == tmp_path for folder in folders)
    assert all(folder.name.strip(".") and len(os.fsencode(folder.name)) < 200 for folder in folders)
    assert len({folder.name.casefold() for folder in folders}) == len(ODD)
    assert Versions(tmp_path, "demo").folder == tmp_path / "demo"


@pytest.mark.parametrize("name", ODD)
def test_any_name_of_a_namespace_can_be_built(tmp_path: Path, name: str) -> None:
    try:
        assert add(Versions(tmp_path, name)).startswith("0001-")
    except DatusError as error:
        pytest.fail(error.message)
