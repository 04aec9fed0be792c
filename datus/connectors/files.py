"""What SQLite and DuckDB share: a database that is a file, which may be absent or replaced."""

import os
from pathlib import Path

from datus.config import DatabaseConfig
from datus.connectors.base import Target
from datus.errors import ConfigError

Identity = tuple[int, int]


def file_target(config: DatabaseConfig, namespace: str) -> tuple[Path, Target]:
    """The database's path and how messages name it."""
    if config.path is None:
        raise ConfigError(f"Database {namespace}/{config.name} ({config.type}) needs a file.")
    return config.path, Target(f"{namespace}/{config.name}", str(config.path))


def file_identity(path: Path, target: Target) -> Identity:
    """Device and inode: they change when another file is put in this one's place.

    Raises:
        DatabaseUnreachableError: There is no such file, or it may not be read.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise target.unreachable(
            f"{error.strerror}.",
            "Correct its path in agent.yml, or create the file; datus never creates one.",
        ) from None
    return status.st_dev, status.st_ino
