"""Who holds a slot is alive, who does not is dead, whatever its process id."""

import fcntl
from itertools import cycle
from pathlib import Path

from datus.tasks.slots import SlotLiveness


async def test_a_holder_is_alive_until_it_closes(tmp_path: Path) -> None:
    first = SlotLiveness(tmp_path / "owners", iter(["a"]).__next__)
    second = SlotLiveness(tmp_path / "owners", iter(["b"]).__next__)
    assert await first.dead(["a"]) == ()
    assert await first.dead(["b"]) == ()
    assert await second.dead(["a"]) == ()
    await first.close()
    assert await second.dead(["a"]) == ("a",)
    assert [path.name for path in (tmp_path / "owners").iterdir()] == ["b.lock"]
    await first.close()
    await second.close()


async def test_an_id_that_never_was_is_dead(tmp_path: Path) -> None:
    slot = SlotLiveness(tmp_path / "owners", iter(["a"]).__next__)
    assert await slot.dead(["nobody"]) == ("nobody",)
    await slot.close()


async def test_a_sweep_removes_the_dead_alone(tmp_path: Path) -> None:
    owners = tmp_path / "owners"
    slot = SlotLiveness(owners, iter(["a"]).__next__)
    other = SlotLiveness(owners, iter(["b"]).__next__)
    (owners / "dead.lock").touch()
    (owners / "note.txt").touch()
    assert await slot.dead(["dead"]) == ("dead",)
    await slot.sweep()
    assert {path.name for path in owners.iterdir()} == {"a.lock", "b.lock", "note.txt"}
    await slot.close()
    await other.close()


async def test_an_id_in_use_is_not_taken_again(tmp_path: Path) -> None:
    first = SlotLiveness(tmp_path / "owners", iter(["a"]).__next__)
    second = SlotLiveness(tmp_path / "owners", cycle(["a", "b"]).__next__)
    assert (first.owner, second.owner) == ("a", "b")
    await first.close()
    await second.close()


async def test_two_who_look_at_once_do_not_mislead_each_other(tmp_path: Path) -> None:
    slot = SlotLiveness(tmp_path / "owners", iter(["a"]).__next__)
    with (tmp_path / "owners" / "dead.lock").open("w") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert await slot.dead(["dead"]) == ("dead",)
    await slot.close()
