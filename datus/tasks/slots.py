"""Liveness on one host: each process holds ``flock`` on a file named by an id that it made up.

The kernel frees the lock when the process ends, however it ends, and a blocked event loop or a reused
process id changes nothing. No file means dead: ids are never used twice.
"""

import asyncio
import errno
import fcntl
import os
import weakref
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from datus.tasks.state_errors import from_system

_SUFFIX = ".lock"


class SlotLiveness:
    """Holds one slot in ``directory``, which is made with mode 700.

    Args:
        new_id: Gives ids of letters and digits that no process had before.

    Raises:
        UnavailableError: The directory cannot be made or written, or too many files are open.
    """

    def __init__(self, directory: Path, new_id: Callable[[], str]) -> None:
        self._directory = directory
        try:
            directory.mkdir(mode=0o700, exist_ok=True)
            self._owner, self._lock = _take_slot(directory, new_id)
        except OSError as error:
            raise from_system(directory, error) from error
        # A forked child would share the lock and so outlive its parent as the owner.
        reference = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _release(reference()))

    @property
    def owner(self) -> str:
        return self._owner

    def on_lost(self, told: Callable[[], None]) -> None:
        """The kernel takes the lock from no process that lives."""

    async def dead(self, owners: Collection[str]) -> tuple[str, ...]:
        others = [owner for owner in owners if owner != self._owner]
        if not others:
            return ()
        held = await asyncio.to_thread(self._probe, map(self._path_of, others))
        return tuple(owner for owner, is_held in zip(others, held, strict=True) if not is_held)

    async def sweep(self) -> None:
        slots = self._directory.glob(f"*{_SUFFIX}")
        await asyncio.to_thread(self._probe, slots, remove=True)

    def _path_of(self, owner: str) -> Path:
        return self._directory / f"{owner}{_SUFFIX}"

    def _probe(self, slots: Iterable[Path], *, remove: bool = False) -> list[bool]:
        """Which of the slots are held; removes those that are not when told so."""
        try:
            return [_is_held(slot, remove=remove) for slot in slots]
        except OSError as error:
            raise from_system(self._directory, error) from error

    async def close(self) -> None:
        if self._lock is not None:
            self._path_of(self._owner).unlink(missing_ok=True)
            _release(self)


def _take_slot(directory: Path, new_id: Callable[[], str]) -> tuple[str, int | None]:
    while True:
        owner = new_id()
        path = directory / f"{owner}{_SUFFIX}"
        try:
            lock = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        except FileExistsError:
            continue
        # A sweep may have found the file before it was locked and be removing it: take another.
        if _try_lock(lock, fcntl.LOCK_EX) and _is_same_file(lock, path):
            return owner, lock
        os.close(lock)


def _release(slot: SlotLiveness | None) -> None:
    if slot is not None and slot._lock is not None:
        os.close(slot._lock)
        slot._lock = None


def _is_held(path: Path, *, remove: bool = False) -> bool:
    try:
        probe = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        held = not _try_lock(probe, fcntl.LOCK_SH)  # shared, so that two probes do not meet
        if remove and not held:
            path.unlink(missing_ok=True)
        fcntl.flock(probe, fcntl.LOCK_UN)  # closing is not enough where a fork copied the file
        return held
    finally:
        os.close(probe)


def _try_lock(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN):
            raise
        return False
    return True


def _is_same_file(lock: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), path.stat())
    except FileNotFoundError:
        return False
