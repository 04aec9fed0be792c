"""Wake-up on PostgreSQL: who wrote notifies, each process's session listens.

A notification is a hint and may get lost with a connection, so one query a second looks for news of the
tasks that are waited for.
"""

import asyncio
from contextlib import suppress
from functools import partial

from sqlalchemy import Connection, select, text

from datus.errors import UnavailableError
from datus.tasks.parts import Database
from datus.tasks.postgresql_session import CHANNEL
from datus.tasks.tables import TASK
from datus.tasks.watches import News, Registries, TaskWatch

LOOK_EVERY_S = 1.0

# The server takes 8,000 bytes; a word is a letter and a key.
_WORDS = 300

_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
_EVENT, _END, _CANCEL = "e", "x", "c"


class PostgresqlWakeups:
    """See ``parts.Wakeups``. Made, used and closed on one event loop.

    Args:
        sender: A word without blanks that no other process has: its own notifications come back to it.
    """

    def __init__(self, database: Database, sender: str) -> None:
        self._database = database
        self._sender = sender
        self._watches = Registries()
        self._words: dict[str, None] = {}
        self._sending: asyncio.Task[None] | None = None
        self._looking = asyncio.create_task(self._look_forever())

    def watch_events(self, task: int) -> TaskWatch:
        return TaskWatch(self._watches.events, task)

    def watch_end(self, task: int) -> TaskWatch:
        return TaskWatch(self._watches.ends, task)

    def watch_cancel(self, task: int) -> TaskWatch:
        return TaskWatch(self._watches.cancels, task)

    def announce_event(self, task: int) -> None:
        self._watches.event(task)
        self._send(_EVENT, task)

    def announce_end(self, task: int) -> None:
        self._watches.end(task)
        self._send(_END, task)

    def announce_cancel(self, task: int) -> None:
        self._watches.cancel(task)
        self._send(_CANCEL, task)

    def hear(self, payload: str) -> None:
        """Take what a process told; anybody with access to the database can, so it is only a hint."""
        words = payload.split()
        if words[:1] == [self._sender]:
            return
        kinds = {
            _EVENT: self._watches.event,
            _END: self._watches.end,
            _CANCEL: self._watches.cancel,
        }
        for word in words[1:]:
            kind, key = word[:1], word[1:]
            if kind in kinds and key.isascii() and key.isdigit():
                kinds[kind](int(key[:18]))

    async def close(self) -> None:
        for each in (self._looking, self._sending):
            if each is not None:
                each.cancel()
                with suppress(asyncio.CancelledError):
                    await each
        self._watches.wake_all()  # their next read says that the server is stopping

    def _send(self, kind: str, task: int) -> None:
        self._words[f"{kind}{task}"] = None
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_words())

    async def _send_words(self) -> None:
        while self._words:
            words = list(self._words)[:_WORDS]
            for word in words:
                del self._words[word]
            with suppress(UnavailableError):
                await self._database.write(
                    partial(_notify, payload=" ".join((self._sender, *words)))
                )
        self._sending = None

    async def _look_forever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            watched = self._watches.watched()
            if not watched:
                continue
            try:
                news = await self._database.read(partial(_news, tasks=frozenset(watched)))
            except UnavailableError:  # let the readers meet it, where there is somebody to tell
                self._watches.wake_all()
            else:
                self._watches.wake(news)


def _notify(connection: Connection, payload: str) -> None:
    connection.execute(_NOTIFY, {"channel": CHANNEL, "payload": payload})


def _news(connection: Connection, tasks: frozenset[int]) -> tuple[News, ...]:
    found = select(
        TASK.c.id,
        TASK.c.last_seq,
        TASK.c.cancel_requested_at.is_not(None),
        TASK.c.finished_at.is_not(None),
    )
    rows = connection.execute(found.where(TASK.c.id.in_(tasks)))
    return tuple((key, last, cancel, over) for key, last, cancel, over in rows)
