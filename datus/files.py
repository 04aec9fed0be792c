"""Text files of people, read in one way."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from datus.errors import ConfigError

MAX_FILE_BYTES = 4 * 2**20
"""Larger files are no texts that a person wrote for this."""

MAX_FILES = 10_000
"""A folder with more was hardly meant."""

_HALF = re.compile("[\ud800-\udfff]")


def read_text(path: Path) -> str:
    """The text of a file, its line ends as ``\\n``.

    Raises:
        ConfigError: It cannot be read, is not UTF-8 or is over ``MAX_FILE_BYTES``.
    """
    shown = shown_name(path)
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{shown}: is no file.")
        with path.open("rb") as opened:
            read = opened.read(MAX_FILE_BYTES + 1)
        if len(read) > MAX_FILE_BYTES:
            raise ConfigError(f"{shown}: is over {MAX_FILE_BYTES // 2**20} MB; split it.")
        text = read.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{shown}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{shown}: is not UTF-8 text; save it as UTF-8.") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def files_of(folder: Path, *endings: str) -> tuple[Path, ...]:
    """The files of a folder, at any depth, with one of these endings, in order of their names.

    Hidden files and folders are passed over. No link to a folder is followed.

    Raises:
        ConfigError: There is no such folder, it holds more than ``MAX_FILES``, or a link in it leads out.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such folder; make it or change the setting.")
    found: list[Path] = []
    for path in _walk(folder):
        if path.suffix.lower() not in endings or not path.is_file():
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            raise ConfigError(
                f"{shown_name(path)}: is a link that leads out of {folder}; put the file itself there."
            )
        found.append(path)
        if len(found) > MAX_FILES:
            raise ConfigError(
                f"{folder}: has more than {MAX_FILES:,} files; name a folder of its own in the setting."
            )
    return tuple(sorted(found))


def _walk(folder: Path) -> Iterator[Path]:
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(at, name) for name in files if not name.startswith("."))


def shown_name(path: Path) -> str:
    """A path as text that can be stored and sent, whatever bytes it has."""
    return _HALF.sub("\ufffd", path.as_posix())
