"""Who in this process waits for news of which task."""

import asyncio
import threading
from collections.abc import Iterable

News = tuple[int, int, bool, bool]
"""A task's key, the number of its newest event, whether a cancel was asked for, whether it is over."""


class TaskWatch:
    """See ``parts.Watch``. Used on the store's event loop only."""

    def __init__(self, registry: "Registry", task: int) -> None:
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


class Registry:
    """Watches by task. Other threads may ask for the tasks; all else happens on the event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watches: dict[int, set[TaskWatch]] = {}

    def add(self, task: int, watch: TaskWatch) -> None:
        with self._lock:
            self._watches.setdefault(task, set()).add(watch)

    def remove(self, task: int, watch: TaskWatch) -> None:
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


class Registries:
    """All watches of a process: for events, for ends, for cancels."""

    def __init__(self) -> None:
        self.events = Registry()
        self.ends = Registry()
        self.cancels = Registry()
        self._seen: dict[int, int] = {}

    def event(self, task: int) -> None:
        """There is an event."""
        self.events.notify(task)

    def end(self, task: int) -> None:
        """There is an end, its last events included."""
        self.events.notify(task)
        self.ends.notify(task)

    def cancel(self, task: int) -> None:
        """A cancel was asked for."""
        self.cancels.notify(task)

    def watched(self) -> tuple[int, ...]:
        """Tasks of which somebody waits for news."""
        every = (self.events, self.ends, self.cancels)
        return tuple(task for registry in every for task in registry.tasks())

    def wake(self, news: Iterable[News]) -> None:
        """Notify those whose task has events, an end or a cancel new to them."""
        seen: dict[int, int] = {}
        for task, last, cancel, over in news:
            seen[task] = last
            if self._seen.get(task) != last:
                self.event(task)
            if over:
                self.ends.notify(task)
            if cancel:
                self.cancel(task)
        self._seen = seen

    def wake_all(self) -> None:
        """Have every waiter read again: it meets what there is to tell."""
        for registry in (self.events, self.ends, self.cancels):
            for task in registry.tasks():
                registry.notify(task)
