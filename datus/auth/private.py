"""Files that only their owner may read, written whole or not at all."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from datus.errors import ConfigError


def private_folder(path: Path) -> None:
    """Make a folder, and those above it that are absent, for its owner alone.

    A folder that exists is left as it is, for others may share it; only one named ``.datus`` is
    datus's own and is closed to others.

    Raises:
        ConfigError: It cannot be made.
    """
    try:
        for folder in (*reversed(path.parents), path):
            if not folder.is_dir():
                folder.mkdir(mode=0o700, exist_ok=True)
        stat = path.stat()
        if path.name == ".datus" and stat.st_mode & 0o077 and stat.st_uid == os.getuid():
            path.chmod(0o700)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be made: {error.strerror}.") from error


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the right to make or change a file, among all processes of this host.

    It is the folder that is locked, so that no lock file is left behind; the folder is made when absent.

    Raises:
        ConfigError: The folder cannot be made or opened.
    """
    private_folder(path.parent)
    try:
        handle = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise ConfigError(f"{path.parent}: cannot be opened: {error.strerror}.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write_private(path: Path, text: str) -> None:
    """Put a file in place with mode 600: a reader sees the old one or the new one, never a part.

    Raises:
        ConfigError: It cannot be written.
    """
    target = Path(os.path.realpath(path))
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                # An administrator's change must leave the file to the service's own user.
                with contextlib.suppress(FileNotFoundError, PermissionError):
                    owner = target.stat()
                    os.fchown(handle, owner.st_uid, owner.st_gid)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}.") from error
