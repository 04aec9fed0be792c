"""Makes the demo shop's database file, whole or not at all."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from datus.demo.rows import big_tables, helpers, small_tables
from datus.demo.schema import TABLES
from datus.errors import UnavailableError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DATA_VERSION = 1
"""Goes up with every change of a table, a comment or a row; older files are then built again."""

Progress = Callable[[str, int, int], None]
"""Called with the name of the table just filled, how many are, and how many there will be."""

_PROGRESS_LINE = re.compile(r"(\d+)/(\d+) (\w+)")


def build(path: Path, progress: Progress) -> None:
    """Write the demo database to ``path`` (about one second, 23 MB), replacing what is there.

    It is built in a directory of its own beside ``path`` and moved into place when it is complete, so
    readers never see half of it and several builders at once end well.

    Raises:
        UnavailableError: The file cannot be written there.
    """
    import duckdb  # here, so that those who only serve do not carry it

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".demo-", dir=path.parent) as scratch:
            draft = Path(scratch, path.name)
            with duckdb.connect(draft) as connection:
                _fill(connection, progress)
            marker = Path(scratch, "version")
            marker.write_text(f"{DATA_VERSION}\n", encoding="ascii")
            os.replace(draft, path)
            os.replace(marker, _marker(path))
    except (OSError, duckdb.Error) as error:
        raise _unwritable(path, str(error)) from error


def ensure(path: Path, progress: Progress) -> None:
    """Build the demo database in a process of its own unless ``path`` already holds this version.

    The process takes the memory of the build with it: the caller may be a server that stays.

    Raises:
        UnavailableError: The file cannot be written there.
    """
    if is_current(path):
        return
    command = [sys.executable, "-m", "datus.demo", str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if match := _PROGRESS_LINE.fullmatch(line.strip()):
                progress(match[3], int(match[1]), int(match[2]))
        reason = process.stderr.read().strip()
    if process.returncode != 0:
        raise _unwritable(path, reason)


def is_current(path: Path) -> bool:
    """Whether ``path`` holds the demo database of this version."""
    try:
        return path.is_file() and _marker(path).read_text(encoding="ascii") == f"{DATA_VERSION}\n"
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def _marker(path: Path) -> Path:
    """The small file beside the database that says its version."""
    return path.with_name(f"{path.name}.version")


def _fill(connection: "DuckDBPyConnection", progress: Progress) -> None:
    for table in TABLES:
        for statement in table.statements():
            connection.execute(statement)
    done = 0
    for name, rows in small_tables():
        row = f"({', '.join('?' * len(rows[0]))})"
        values = [value for each in rows for value in each]
        connection.execute(f"INSERT INTO {name} VALUES {', '.join([row] * len(rows))}", values)
        progress(name, done := done + 1, len(TABLES))
    for statement in helpers():
        connection.execute(statement)
    for name, query in big_tables():
        connection.execute(f"INSERT INTO {name} {query}")
        progress(name, done := done + 1, len(TABLES))


def _unwritable(path: Path, reason: str) -> UnavailableError:
    return UnavailableError(
        f"The demo database could not be written to {path}: {reason.splitlines()[-1] if reason else 'unknown reason'}. "
        "Free some space or point DATUS_HOME to a directory that can be written.",
        code="demo_unavailable",
        details={"path": str(path)},
    )
