"""Connections to the PostgreSQL database of the state, and how its write transactions begin."""

import psycopg
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine
from sqlalchemy.exc import DBAPIError

from datus.errors import UnavailableError
from datus.tasks.state_errors import from_postgresql

_READERS = 4
_CONNECT_S = 5

# A peer that is gone without a word (power, a cut network) is noticed within about three seconds, by both
# sides. The kernels answer for a process whose event loop is blocked, so that one is never taken for gone.
_ALIVE = {
    "keepalives": "1",
    "keepalives_idle": "1",
    "keepalives_interval": "1",
    "keepalives_count": "2",
    "tcp_user_timeout": "3000",
}
_ALIVE_OF_SERVER = (
    "SET tcp_keepalives_idle = 1",
    "SET tcp_keepalives_interval = 1",
    "SET tcp_keepalives_count = 2",
    "SET tcp_user_timeout = 3000",
)

# Another was first, a deadlock was broken, the server stops or starts, it has no connection left just now.
_PASSING = ("23505", "40001", "40P01", "57P01", "57P02", "57P03", "53300")


def connect_session(url: URL, name: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection of its own, in autocommit, that both sides give up soon when the other is gone."""
    arguments = {**url.translate_connect_args(username="user", database="dbname"), **url.query}
    connection = psycopg.connect(
        **{**_ALIVE, **arguments},
        application_name=name,
        connect_timeout=_CONNECT_S,
        autocommit=True,
    )
    for setting in _ALIVE_OF_SERVER:
        connection.execute(setting)
    return connection


def connect(url: URL, *, writes: bool) -> Engine:
    """An engine without transactions of its own: say BEGIN and COMMIT."""
    name = "datus state " + ("write" if writes else "read")
    return create_engine(
        url,
        connect_args={**_ALIVE, "application_name": name, "connect_timeout": _CONNECT_S},
        poolclass=QueuePool,
        pool_size=1 if writes else _READERS,
        max_overflow=0,
        isolation_level="AUTOCOMMIT",
    )


class PostgresqlBackend:
    """See ``database.Backend``: a migrated database."""

    readers = _READERS

    def __init__(self, url: URL) -> None:
        self._url = url
        self.writing = connect(url, writes=True)
        self.reading = connect(url, writes=False)

    def begin(self, connection: Connection, *, durable: bool) -> None:
        # The others wait for the disk too, unless the server's own setting says otherwise: groups are so
        # large that it costs nothing that could be measured, and then no event that was read is ever gone.
        connection.exec_driver_sql(
            "BEGIN; SET LOCAL synchronous_commit = on" if durable else "BEGIN"
        )

    def passes(self, error: DBAPIError) -> bool:
        return self.lost(error) or getattr(error.orig, "sqlstate", None) in _PASSING

    def lost(self, error: DBAPIError) -> bool:
        return error.connection_invalidated or (
            isinstance(error.orig, psycopg.OperationalError) and error.orig.sqlstate is None
        )

    def told(self, error: DBAPIError) -> UnavailableError:
        return from_postgresql(self._url, error.orig)
