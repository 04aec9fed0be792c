"""One session of PostgreSQL per process: it holds the lock that says that the process lives, and listens.

The lock is a session's advisory lock, so the server frees it when the connection ends, however the process
ends. A thread of its own keeps the connection: a blocked event loop changes nothing. When the connection
is lost the same lock is taken again if that goes fast; after that the process has another id, because
others may have taken its tasks.
"""

import asyncio
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Collection
from math import inf

import psycopg
from sqlalchemy import URL, Connection, text

from datus.errors import ConfigError, UnavailableError
from datus.tasks.parts import Database
from datus.tasks.postgresql_database import connect_session
from datus.tasks.state_errors import from_postgresql

CHANNEL = "datus_task"

RETAKE_S = 5.0
"""How long a process that lost its connection goes on with its tasks, to hold its lock again meanwhile."""

SETTLE_S = 1.0
"""After a lost connection a process looks for dead ones only when the others had time to come back too."""

_POLL_S = 0.2
_PING_EVERY_S = 1.0
_RETRY_S = 0.1
_LOOKS = 3

# The two halves of the key, as the server shows them.
_HELD = text(
    """SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
)

logger = logging.getLogger(__name__)

Session = psycopg.Connection[tuple[object, ...]]


def key_of(owner: str) -> int:
    """The key of the advisory lock of an owner: the first 60 bits of its id."""
    return int(owner[:15], 16)


class PostgresqlSession:
    """See ``parts.Liveness``; it also hands on what other processes tell. Made on the event loop.

    Args:
        new_id: Gives ids of hexadecimal digits, 15 or more, that no process had before.
        on_news: Called on the event loop with the payload of each notification.
    """

    def __init__(
        self,
        url: URL,
        new_id: Callable[[], str],
        on_news: Callable[[str], None],
        database: Database,
    ) -> None:
        self._url = url
        self._new_id = new_id
        self._on_news = on_news
        self._database = database
        self._loop = asyncio.get_running_loop()
        self._owner: str | None = new_id()
        self._on_lost: Callable[[], None] = lambda: None
        self._settled_at = 0.0
        self._stopping = threading.Event()
        self._session: Session | None = None
        # A forked child would share the connection and so outlive its parent as the owner.
        reference = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _let_go(reference()))
        self._thread = threading.Thread(target=self._keep, name="datus-state-session", daemon=True)

    async def open(self) -> None:
        """Take the lock and begin to listen.

        Raises:
            UnavailableError: The server cannot be reached.
            ConfigError: ``state_pooled``: a transaction pooler stands between.
        """
        self._session = await asyncio.to_thread(self._open_first)
        self._thread.start()

    @property
    def owner(self) -> str:
        if self._owner is None:
            raise UnavailableError(
                "The connection to the state database was lost, and is not back yet: try again.",
                code="state_unavailable",
            )
        return self._owner

    def on_lost(self, told: Callable[[], None]) -> None:
        self._on_lost = told

    async def dead(self, owners: Collection[str]) -> tuple[str, ...]:
        me = self._owner
        others = [owner for owner in owners if owner != me]
        if not others or me is None:
            return ()
        held = await self._database.read(_held_keys)
        # The locks of all are gone with a server that restarts, which this read may have waited for.
        if key_of(me) not in held or time.monotonic() < self._settled_at:
            return ()
        return tuple(owner for owner in others if not _is_id(owner) or key_of(owner) not in held)

    async def sweep(self) -> None:
        """The server removes what the dead left."""

    async def close(self) -> None:
        self._stopping.set()
        await asyncio.to_thread(self._thread.join)

    def _open_first(self) -> Session:
        assert self._owner is not None
        try:
            check_direct(self._url)
            session = connect_session(self._url, "datus state session")
            if not _take(session, self._owner):  # an id that was never used
                raise LookupError(f"somebody holds the lock of {self._owner}")
        except psycopg.Error as error:
            raise from_postgresql(self._url, error) from error
        return session

    def _keep(self) -> None:
        while self._session is not None:
            try:
                self._listen(self._session)
            except psycopg.Error as error:
                logger.warning("the connection to the state database was lost: %s", error)
            self._settled_at = inf
            self._session.close()
            self._session = None if self._stopping.is_set() else self._again()

    def _listen(self, session: Session) -> None:
        session.execute(f"LISTEN {CHANNEL}")
        pinged = time.monotonic()
        while not self._stopping.is_set():
            for news in session.notifies(timeout=_POLL_S):
                self._loop.call_soon_threadsafe(self._on_news, news.payload)
            if time.monotonic() - pinged >= _PING_EVERY_S:
                session.execute("SELECT 1")
                pinged = time.monotonic()

    def _again(self) -> Session | None:
        """Another session with the lock of this process: the old one, or after ``RETAKE_S`` a new one."""
        deadline = time.monotonic() + RETAKE_S
        while not self._stopping.wait(_RETRY_S):
            if self._owner is not None and time.monotonic() >= deadline:
                logger.error("the state database stays away: what this process runs, it gives up")
                self._owner = None
                self._loop.call_soon_threadsafe(self._on_lost)
            owner = self._owner or self._new_id()
            try:
                session = connect_session(self._url, "datus state session")
            except psycopg.Error:
                continue
            try:
                # The old session may not have noticed yet that it is over.
                taken = _take(session, owner)
            except psycopg.Error:
                taken = False
            if taken:
                self._settled_at = time.monotonic() + SETTLE_S
                self._owner = owner
                logger.warning("the state database is back")
                return session
            session.close()
        return None


def _let_go(session: PostgresqlSession | None) -> None:
    if session is not None and session._session is not None and not session._session.closed:
        os.close(session._session.fileno())


def _is_id(owner: str) -> bool:
    """Whether a process of datus had this id; the table is only data."""
    return len(owner) >= 15 and set(owner[:15]) <= set("0123456789abcdef")


def _take(session: Session, owner: str) -> bool:
    row = session.execute("SELECT pg_try_advisory_lock(%s)", (key_of(owner),)).fetchone()
    return row is not None and row[0] is True


def _held_keys(connection: Connection) -> frozenset[int]:
    return frozenset(connection.scalars(_HELD))


def check_direct(url: URL) -> None:
    """Make sure that a connection is a session of the server's.

    A transaction pooler gives a connection another session for each transaction: while one connection is
    inside a transaction, the other must meet the session that it always meets.

    Raises:
        ConfigError: ``state_pooled``.
        psycopg.Error: The server cannot be reached.
    """
    with (
        connect_session(url, "datus state check") as one,
        connect_session(url, "datus state check") as two,
    ):
        # Some poolers take the free session that was used longest ago: each transaction meets the next.
        sessions = {_backend(one) for _ in range(_LOOKS)}
        pooled = len(sessions) > 1
        if not pooled:
            with two.transaction():
                # Asked first: a pooler with one session would have `one` wait for the end of `two`.
                pooled = _backend(two) in sessions or _backend(one) not in sessions
        if pooled:
            raise ConfigError(
                "The state URL leads to a connection pooler that changes sessions between transactions: "
                "datus needs sessions of its own for locks and notifications. Give the address of the "
                "PostgreSQL server itself, or a pool of the kind `session`.",
                code="state_pooled",
            )


def _backend(session: Session) -> object:
    row = session.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return row[0]
