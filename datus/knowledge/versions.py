"""The built versions of one namespace on disk: immutable files, and a pointer to the one in use.

A version is a file ``<number>-<digest>.db`` that never changes once it stands there. ``current`` holds
the name of the one in use and is replaced in one step, so a worker sees the old or the new one, whole.
"""

import fcntl
import hashlib
import math
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from datus.errors import ConflictError, NotFoundError, UnavailableError

_NAME = re.compile(r"([0-9]{4,})-([0-9a-f]{12})")
_PLAIN_FOLDER = re.compile(r"[a-z0-9_-][a-z0-9_.-]{0,63}")
_POINTER = "current"
_PUBLIC = "The knowledge of this namespace cannot be read now."


@dataclass(frozen=True, slots=True)
class Version:
    """One built state: its name in answers, when it was made, its size in bytes, whether it is in use."""

    name: str
    made_at: datetime
    size: int
    current: bool


class Versions:
    """The versions of a namespace.

    Args:
        root: Folder of built knowledge; each namespace has one of its own below it.
    """

    def __init__(self, root: Path, namespace: str) -> None:
        self._namespace = namespace
        self.folder = root / _folder_name(namespace)

    def current(self) -> str | None:
        """The name of the version in use; None when nothing is built.

        Raises:
            UnavailableError: The pointer cannot be read, or names a version that is not there.
        """
        name = self._pointed()
        if name is not None and not self._has(name):
            raise UnavailableError(
                f"The knowledge of {self._namespace!r} points to version {name[:40]!r}, which is not in "
                f"{self.folder}; build it again or roll back: datus knowledge rollback "
                f"--namespace {self._namespace}.",
                public=_PUBLIC,
            )
        return name

    def _pointed(self) -> str | None:
        """What stands in the pointer, whether or not there is such a version."""
        try:
            return (self.folder / _POINTER).read_bytes()[:100].decode("ascii", "replace").strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UnavailableError(
                f"{self.folder / _POINTER} cannot be read: {error.strerror}.", public=_PUBLIC
            ) from error

    def _has(self, name: str) -> bool:
        return bool(_NAME.fullmatch(name)) and self.path(name).is_file()

    def path(self, name: str) -> Path:
        """The file of a version."""
        return self.folder / f"{name}.db"

    def all(self) -> tuple[Version, ...]:
        """Every version, the newest first."""
        current = self._pointed()
        found = []
        for path in self.folder.glob("*.db"):
            # One that is removed meanwhile is no version any more.
            with suppress(FileNotFoundError):
                if _NAME.fullmatch(path.stem):
                    stat = path.stat()
                    made = datetime.fromtimestamp(stat.st_mtime, UTC)
                    found.append(Version(path.stem, made, stat.st_size, path.stem == current))
        return tuple(sorted(found, key=lambda each: _number(each.name), reverse=True))

    def older(self) -> str | None:
        """The newest version older than the one in use, or than the one that should be and is gone."""
        pointed = self._pointed()
        if pointed is None:
            return None
        limit = _number(pointed) or math.inf
        return next((each.name for each in self.all() if _number(each.name) < limit), None)

    @contextmanager
    def building(self) -> Iterator[Path]:
        """A path for a draft, while no other process builds this namespace; a draft left over is removed.

        Raises:
            ConflictError: Another process builds it now.
            UnavailableError: The folder cannot be written.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise ConflictError(
                f"Another process builds the knowledge of {self._namespace!r} now; wait for it to end."
            ) from error
        try:
            for left in self.folder.glob(".draft-*"):
                left.unlink(missing_ok=True)
            draft = self.folder / f".draft-{secrets.token_hex(4)}.db"
            try:
                yield draft
            finally:
                draft.unlink(missing_ok=True)
        finally:
            os.close(lock)

    def add(self, draft: Path, digest: str) -> str:
        """Make a draft the newest version, not yet in use, and return its name."""
        numbers = [_number(version.name) for version in self.all()]
        name = f"{max(numbers, default=0) + 1:04d}-{digest}"
        try:
            _sync(draft)
            draft.chmod(0o400)
            draft.rename(self.path(name))
        except OSError as error:
            raise self._unwritable(error) from error
        return name

    def use(self, name: str) -> None:
        """Answer with this version from now on; running questions end with the one they began with.

        Raises:
            NotFoundError: There is no such version.
            UnavailableError: The folder cannot be written.
        """
        if not self._has(name):
            known = ", ".join(version.name for version in self.all()) or "none"
            raise NotFoundError(f"There is no version {name!r}; there are: {known}.")
        scratch = self.folder / f".{_POINTER}-{secrets.token_hex(4)}"
        try:
            scratch.write_text(f"{name}\n", encoding="ascii")
            _sync(scratch)
            scratch.replace(self.folder / _POINTER)
            _sync(self.folder)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            scratch.unlink(missing_ok=True)

    def prune(self, keep: int, besides: str | None = None) -> tuple[str, ...]:
        """Remove old versions and return their names.

        Args:
            keep: So many of the newest stay, and so does the one in use.
            besides: One more that stays: questions that still run may read the one just replaced.
        """
        old = [version.name for version in self.all()[keep:] if version.name != besides]
        removed: list[str] = []
        for name in old:
            if name != self._pointed():  # read each time: someone may roll back meanwhile
                self.path(name).unlink(missing_ok=True)
                removed.append(name)
        return tuple(removed)

    def _unwritable(self, error: OSError) -> UnavailableError:
        return UnavailableError(
            f"{self.folder} cannot be written: {error.strerror}. Make room there, or set "
            "agent.knowledge.path to a folder that can be written.",
            public="The knowledge of this namespace cannot be written now.",
        )


def _folder_name(namespace: str) -> str:
    """A plain name as it stands, any other short, safe and unlike that of each other namespace."""
    if _PLAIN_FOLDER.fullmatch(namespace) and not namespace.endswith("."):
        return namespace
    digest = hashlib.sha256(namespace.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{quote(namespace, safe='', errors='replace')[:60]}.{digest}."


def _number(name: str) -> int:
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else 0


def _sync(path: Path) -> None:
    """Wait until a file or folder is on the disk, so that no power cut leaves half of it."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
