"""The store in a PostgreSQL database: its migration, its three parts put together."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from datus.tasks.database import GroupDatabase
from datus.tasks.migrations import apply_migrations, check_version, current_version
from datus.tasks.parts import Work
from datus.tasks.postgresql_database import PostgresqlBackend, connect
from datus.tasks.postgresql_session import PostgresqlSession
from datus.tasks.postgresql_wakeups import PostgresqlWakeups
from datus.tasks.sqlstore import SqlStore
from datus.tasks.state_errors import from_postgresql, without_secrets

T = TypeVar("T")

_MIGRATING = 0x64617475  # one lock for all who migrate: "datu"


def migrate(url: URL, now: datetime) -> int:
    """See ``engines.migrate``."""
    engine = connect(url, writes=True)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
            applied = apply_migrations(connection, named(url), now)
            connection.exec_driver_sql("COMMIT")  # closing without it rolls back
    except DBAPIError as error:
        raise from_postgresql(url, error.orig) from error
    finally:
        engine.dispose()
    return applied


def version(url: URL) -> int:
    """See ``engines.version``."""
    return _read(url, current_version)


def prepare(url: URL) -> None:
    """See ``engines.prepare``."""
    _read(url, lambda connection: check_version(connection, named(url)))


async def open_store(
    url: URL, clock: Callable[[], datetime], new_id: Callable[[], str]
) -> SqlStore:
    """See ``engines.open_store``."""
    await asyncio.to_thread(prepare, url)
    database = GroupDatabase(PostgresqlBackend(url))
    wakeups = PostgresqlWakeups(database, new_id())
    session = PostgresqlSession(url, new_id, wakeups.hear, database)
    try:
        await session.open()
    except BaseException:
        await database.close()
        await wakeups.close()
        raise
    return SqlStore(database, wakeups, session, clock=clock)


def _read(url: URL, work: Work[T]) -> T:
    engine = connect(url, writes=False)
    try:
        with engine.connect() as connection:
            return work(connection)
    except DBAPIError as error:
        raise from_postgresql(url, error.orig) from error
    finally:
        engine.dispose()


def named(url: URL) -> str:
    """See ``engines.named``."""
    return f"The state database {without_secrets(url)}"
