"""Wake-up on a SQLite file: one thread per process asks every 25 ms whether anybody wrote.

The question (``PRAGMA data_version``) costs microseconds and is asked only while somebody waits. On a
yes, one query finds which of the watched tasks have news, however many wait for them.
"""

import asyncio
import json
import sqlite3
import threading
from pathlib import Path

from datus.tasks.sqlite_database import open_file
from datus.tasks.watches import News, Registries, Registry, TaskWatch

POLL_S = 0.025
"""Longest delay, in seconds, of news from another process."""

_NEWS = """SELECT id, last_seq, cancel_requested_at IS NOT NULL, finished_at IS NOT NULL FROM task
    WHERE id IN (SELECT value FROM json_each(?))"""
_UNKNOWN = -1


class SqliteWakeups:
    """See ``parts.Wakeups``. Made, used and closed on one event loop; the thread only asks."""

    def __init__(self, path: Path) -> None:
        self._connection = open_file(path, writes=False)
        self._loop = asyncio.get_running_loop()
        self._watches = Registries()
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="datus-state-poll", daemon=True)
        self._poller.start()

    def watch_events(self, task: int) -> TaskWatch:
        return self._watch(self._watches.events, task)

    def watch_end(self, task: int) -> TaskWatch:
        return self._watch(self._watches.ends, task)

    def watch_cancel(self, task: int) -> TaskWatch:
        return self._watch(self._watches.cancels, task)

    def announce_event(self, task: int) -> None:
        self._watches.event(task)

    def announce_end(self, task: int) -> None:
        self._watches.end(task)

    def announce_cancel(self, task: int) -> None:
        self._watches.cancel(task)

    async def close(self) -> None:
        self._stopping.set()
        self._wanted.set()
        await asyncio.to_thread(self._poller.join)
        self._watches.wake_all()  # their next read says that the server is stopping

    def _watch(self, registry: Registry, task: int) -> TaskWatch:
        watch = TaskWatch(registry, task)
        self._wanted.set()
        return watch

    def _poll(self) -> None:
        connection = self._connection
        version: int | None = None
        while not self._stopping.wait(POLL_S):
            if self._idle():
                self._sleep_until_wanted()
                continue
            try:
                (now,) = connection.execute("PRAGMA data_version").fetchone()
                if now == version:
                    continue
                # Asked after the version: who watches only later reads later than these writes.
                tasks = self._watches.watched()
                news: list[News] = connection.execute(_NEWS, (json.dumps(tasks),)).fetchall()
                version = now
            except sqlite3.Error:  # let the readers meet it, where there is somebody to tell
                news = [(task, _UNKNOWN, False, True) for task in self._watches.watched()]
            self._loop.call_soon_threadsafe(self._watches.wake, news)
        connection.close()

    def _idle(self) -> bool:
        return not self._watches.watched()

    def _sleep_until_wanted(self) -> None:
        # Cleared before looking, so that neither a watch nor the end made meanwhile is slept through.
        self._wanted.clear()
        if self._idle() and not self._stopping.is_set():
            self._wanted.wait()
