"""Which engine a state URL means: how to prepare it, how to open it. SQLite is the one there is.

A state URL is a path, or ``sqlite:///`` and an absolute path.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from datus.errors import ConfigError
from datus.tasks import sqlite
from datus.tasks.store import TaskStore

REAP_EVERY_S = 5.0


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def random_id() -> str:
    """Letters and digits that nobody had before."""
    return uuid4().hex


def migrate(url: str | Path, *, clock: Callable[[], datetime] = utc_now) -> int:
    """Create or update the tables. Call it once before workers start; parallel calls do no harm.

    Returns:
        How many migrations were applied, 0 when the store was up to date.

    Raises:
        ConfigError: An unknown kind of URL, or a store written by a newer datus.
        UnavailableError: The file cannot be written; the message names it and says why.
    """
    return sqlite.migrate(_path(url), clock())


def version(url: str | Path) -> int:
    """The number of the newest migration applied; 0 for a store without tables, or that does not exist.

    Raises:
        ConfigError: An unknown kind of URL.
        UnavailableError: The store cannot be read; the message names it and says why.
    """
    return sqlite.version(_path(url))


def named(url: str | Path) -> str:
    """What a store is called where people read it, without a secret."""
    return f"The state file {_path(url)}"


async def open_store(
    url: str | Path,
    *,
    clock: Callable[[], datetime] = utc_now,
    new_id: Callable[[], str] = random_id,
    reap_every_s: float | None = REAP_EVERY_S,
) -> TaskStore:
    """Open a migrated store for the running event loop, as a new owner of tasks.

    Args:
        new_id: Makes owner ids: letters and digits, never the same twice in any process.
        reap_every_s: Seconds between two looks for dead processes; None: only when asked.

    Raises:
        ConfigError: An unknown kind of URL, or tables older or newer than this version's.
        UnavailableError: The file cannot be opened; the message names it and says why.
    """
    return await sqlite.open_store(_path(url), clock, new_id, reap_every_s)


def _path(url: str | Path) -> Path:
    if isinstance(url, Path):
        return url
    scheme, mark, rest = url.partition("://")
    if not mark:
        return Path(url)
    if scheme != "sqlite" or not rest.startswith("/"):
        raise ConfigError(
            f"The state URL begins with {scheme}://, which is not supported: set a path, or "
            "sqlite:/// and an absolute path.",
            code="state_url_invalid",
        )
    return Path(rest.removeprefix("/") if rest.startswith("//") else rest)
