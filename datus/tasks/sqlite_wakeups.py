"""Wake-up on a SQLite file: one thread per process asks every 25 ms whether anybody wrote.

The question (``PRAGMA data_version``) costs microseconds and is asked only while somebody waits. On a
yes, one query finds which of the watched tasks have news, however many wait for them.
"""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

from datus.tasks.sqlite_database import open_file

POLL_S = 0.025
"""Longest delay, in seconds, of news from another process."""

_NEWS = """SELECT id, last_seq, cancel_requested_at IS NOT NULL, finished_at IS NOT NULL FROM task
    WHERE id IN (SELECT value FROM json_each(?))"""
_UNKNOWN = -1


class SqliteWatch:
    """See ``parts.Watch``. Used on the store's event loop only."""

    def __init__(self, registry: "_Registry", task: int) -> None:
        self._registry = registry
        self._task = task
        self._news = asyncio.Event()
        registry.add(task, self)

    def clear(self) -> None:
        self._news.clear()

    async def wait(self) -> None:
        await self._news.wait()

    def notify(self) -> None:
        self._news.set()

    def close(self) -> None:
        self._registry.remove(self._task, self)


class _Registry:
    """Watches by task. The poller reads the tasks; all else happens on the event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watches: dict[int, set[SqliteWatch]] = {}

    def add(self, task: int, watch: SqliteWatch) -> None:
        with self._lock:
            self._watches.setdefault(task, set()).add(watch)

    def remove(self, task: int, watch: SqliteWatch) -> None:
        with self._lock:
            watches = self._watches.get(task, set())
            watches.discard(watch)
            if not watches:
                self._watches.pop(task, None)

    def tasks(self) -> tuple[int, ...]:
        with self._lock:
            return tuple(self._watches)

    def notify(self, task: int) -> None:
        for watch in self._watches.get(task, ()):
            watch.notify()


class SqliteWakeups:
    """See ``parts.Wakeups``. Made, used and closed on one event loop; the thread only asks."""

    def __init__(self, path: Path) -> None:
        self._connection = open_file(path, writes=False)
        self._loop = asyncio.get_running_loop()
        self._events = _Registry()
        self._ends = _Registry()
        self._cancels = _Registry()
        self._registries = (self._events, self._ends, self._cancels)
        self._seen: dict[int, int] = {}
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="datus-state-poll", daemon=True)
        self._poller.start()

    def watch_events(self, task: int) -> SqliteWatch:
        return self._watch(self._events, task)

    def watch_end(self, task: int) -> SqliteWatch:
        return self._watch(self._ends, task)

    def watch_cancel(self, task: int) -> SqliteWatch:
        return self._watch(self._cancels, task)

    def announce_event(self, task: int) -> None:
        self._events.notify(task)

    def announce_end(self, task: int) -> None:
        self._events.notify(task)
        self._ends.notify(task)

    def announce_cancel(self, task: int) -> None:
        self._cancels.notify(task)

    async def close(self) -> None:
        self._stopping.set()
        self._wanted.set()
        await asyncio.to_thread(self._poller.join)
        for registry in self._registries:
            for task in registry.tasks():
                registry.notify(task)  # their next read says that the server is stopping

    def _watch(self, registry: _Registry, task: int) -> SqliteWatch:
        watch = SqliteWatch(registry, task)
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
                tasks = self._watched()
                news = connection.execute(_NEWS, (json.dumps(tasks),)).fetchall()
                version = now
            except sqlite3.Error:  # let the readers meet it, where there is somebody to tell
                news = [(task, _UNKNOWN, False, True) for task in self._watched()]
            self._loop.call_soon_threadsafe(self._wake, news)
        connection.close()

    def _idle(self) -> bool:
        return not self._watched()

    def _watched(self) -> tuple[int, ...]:
        return tuple(task for registry in self._registries for task in registry.tasks())

    def _sleep_until_wanted(self) -> None:
        # Cleared before looking, so that neither a watch nor the end made meanwhile is slept through.
        self._wanted.clear()
        if self._idle() and not self._stopping.is_set():
            self._wanted.wait()

    def _wake(self, news: Iterable[tuple[int, int, int, int]]) -> None:
        """On the event loop: notify those whose task has events, an end or a cancel new to them."""
        seen: dict[int, int] = {}
        for task, last, cancel, over in news:
            seen[task] = last
            if self._seen.get(task) != last:
                self._events.notify(task)
            if over:
                self._ends.notify(task)
            if cancel:
                self._cancels.notify(task)
        self._seen = seen
