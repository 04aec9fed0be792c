"""Which engine a state URL means: how to prepare it, how to open it.

A state URL is a path, ``sqlite:///`` and an absolute path, or ``postgresql://user:password@host/database``.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from datus.errors import ConfigError
from datus.tasks import postgresql, sqlite
from datus.tasks.store import TaskStore

_POSTGRESQL = ("postgresql", "postgres")


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
        UnavailableError: The store cannot be written; the message names it and says why.
    """
    place = _place(url)
    if isinstance(place, Path):
        return sqlite.migrate(place, clock())
    return postgresql.migrate(place, clock())


def prepare(url: str | Path, *, clock: Callable[[], datetime] = utc_now) -> None:
    """Make sure that the store can be opened: a file that is not there yet is made, nothing else is changed.

    Raises:
        ConfigError: An unknown kind of URL, or tables older or newer than this version's; the message has
            the command that brings older ones up to date.
        UnavailableError: The store cannot be read; the message names it and says why.
    """
    place = _place(url)
    if isinstance(place, Path):
        sqlite.prepare(place, clock())
    else:
        postgresql.prepare(place)


def version(url: str | Path) -> int:
    """The number of the newest migration applied; 0 for a store without tables, or that does not exist.

    Raises:
        ConfigError: An unknown kind of URL.
        UnavailableError: The store cannot be read; the message names it and says why.
    """
    place = _place(url)
    return sqlite.version(place) if isinstance(place, Path) else postgresql.version(place)


def named(url: str | Path) -> str:
    """What a store is called where people read it, without a secret."""
    place = _place(url)
    return f"The state file {place}" if isinstance(place, Path) else postgresql.named(place)


async def open_store(
    url: str | Path,
    *,
    clock: Callable[[], datetime] = utc_now,
    new_id: Callable[[], str] = random_id,
) -> TaskStore:
    """Open a migrated store for the running event loop, as a new owner of tasks.

    Args:
        new_id: Makes owner ids: hexadecimal digits, 15 or more, never the same twice in any process.

    Raises:
        ConfigError: An unknown kind of URL, tables older or newer than this version's, or a pooler that
            changes sessions between transactions.
        UnavailableError: The store cannot be opened; the message names it and says why.
    """
    place = _place(url)
    if isinstance(place, Path):
        return await sqlite.open_store(place, clock, new_id)
    return await postgresql.open_store(place, clock, new_id)


def _place(url: str | Path) -> Path | URL:
    if isinstance(url, Path):
        return url
    scheme, mark, rest = url.partition("://")
    if not mark:
        return Path(url)
    if scheme == "sqlite" and rest.startswith("/"):
        return Path(rest.removeprefix("/") if rest.startswith("//") else rest)
    if scheme in _POSTGRESQL:
        try:
            return make_url(url).set(drivername="postgresql+psycopg")
        except (ArgumentError, ValueError):
            raise _unusable("it cannot be read") from None
    raise _unusable(f"it begins with {scheme}://")


def _unusable(why: str) -> ConfigError:
    return ConfigError(
        f"The state URL cannot be used, {why}: set a path, sqlite:/// and an absolute path, or "
        "postgresql://user:password@host:5432/database.",
        code="state_url_invalid",
    )
