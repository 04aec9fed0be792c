"""The store on a SQLite file: its private files, its migration, its three parts put together."""

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from datus.errors import ConfigError
from datus.tasks.database import GroupDatabase
from datus.tasks.migrations import apply_migrations, check_version, current_version
from datus.tasks.slots import SlotLiveness
from datus.tasks.sqlite_database import SqliteBackend, connect, execute_waiting
from datus.tasks.sqlite_wakeups import SqliteWakeups
from datus.tasks.sqlstore import SqlStore
from datus.tasks.state_errors import from_sqlite, from_system

_OLDEST_SQLITE = (3, 35, 0)  # RETURNING
_OWNERS = "owners"


def migrate(path: Path, now: datetime) -> int:
    """See ``engines.migrate``. Makes the file with mode 600 and its directory with mode 700."""
    _make_private(path)
    engine = connect(path, writes=True)
    try:
        with engine.connect() as connection:
            execute_waiting(connection, "PRAGMA journal_mode=WAL")
            execute_waiting(connection, "BEGIN IMMEDIATE")
            applied = apply_migrations(connection, f"The state file {path}", now)
            connection.exec_driver_sql("COMMIT")  # closing without it rolls back
    except DBAPIError as error:
        raise from_sqlite(path, error) from error
    finally:
        engine.dispose()
    return applied


def prepare(path: Path, now: datetime) -> None:
    """See ``engines.prepare``."""
    if not path.exists() or path.stat().st_size == 0:
        migrate(path, now)
    else:
        _check(path)


def version(path: Path) -> int:
    """See ``engines.version``."""
    if not path.exists():
        return 0
    engine = connect(path, writes=False)
    try:
        with engine.connect() as connection:
            return current_version(connection)
    except DBAPIError as error:
        raise from_sqlite(path, error) from error
    finally:
        engine.dispose()


async def open_store(
    path: Path, clock: Callable[[], datetime], new_id: Callable[[], str]
) -> SqlStore:
    """See ``engines.open_store``."""
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise ConfigError(
            f"Python's SQLite is {sqlite3.sqlite_version}, the state file needs 3.35 or newer: use a "
            "Python built with a newer one.",
            code="sqlite_too_old",
        )
    await asyncio.to_thread(_check, path)
    liveness = await asyncio.to_thread(SlotLiveness, path.parent / _OWNERS, new_id)
    return SqlStore(GroupDatabase(SqliteBackend(path)), SqliteWakeups(path), liveness, clock=clock)


def _check(path: Path) -> None:
    if not path.exists():
        raise ConfigError(
            f"There is no state file {path}: start the server with `python -m datus.api.server`, "
            "which makes it before its workers start, or run `datus state migrate`.",
            code="state_too_old",
        )
    engine = connect(path, writes=False)
    try:
        with engine.connect() as connection:
            check_version(connection, f"The state file {path}")
    except DBAPIError as error:
        raise from_sqlite(path, error) from error
    finally:
        engine.dispose()


def _make_private(path: Path) -> None:
    """SQLite gives its own files beside the state file the state file's mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
    except OSError as error:
        raise from_system(path, error) from error
