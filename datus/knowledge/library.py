"""Hands out what is known of a namespace: the built version in use, else the live databases."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from datus.config import NamespaceConfig, Settings
from datus.connectors.registry import Connectors
from datus.errors import ConfigError, NotFoundError
from datus.knowledge.content import Content, DatabaseContent, Told
from datus.knowledge.embeddings import Embedder
from datus.knowledge.file import KnowledgeFile
from datus.knowledge.reading import read_schema, read_told, read_values
from datus.knowledge.snapshot import Snapshot
from datus.knowledge.sources import BuiltSource, LiveSource
from datus.knowledge.versions import Versions

T = TypeVar("T", DatabaseContent, Told)

_log = logging.getLogger(__name__)

# Databases read at a time when a namespace has many: the first reading of each costs an introspection,
# and one question must not take every connection.
_AT_A_TIME = 4


@dataclass
class _Shelf(Generic[T]):
    """Something that is read again after a while, and the lock under which it is."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    held: T | None = None
    made_at: float = 0.0


class Knowledge:
    """Hands out snapshots; a snapshot never changes, a newer one replaces it for later questions.

    Args:
        connectors: Where the databases are.
        settings: Which namespaces there are, and where built knowledge is kept.
        embedder: Makes the vectors of questions, where built knowledge has vectors, and of words that name
            nothing; None: no vectors.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        connectors: Connectors,
        settings: Settings,
        *,
        embedder: Embedder | None,
        clock: Callable[[], float],
    ) -> None:
        self._connectors = connectors
        self._settings = settings
        self._embedder = embedder
        self._clock = clock
        self._databases: dict[tuple[str, str], _Shelf[DatabaseContent]] = {}
        self._told: dict[tuple[str, tuple[str, ...]], _Shelf[Told]] = {}
        self._live: dict[tuple[str, tuple[str, ...]], Snapshot] = {}
        self._built: dict[str, Snapshot] = {}
        self._opening = asyncio.Lock()
        self._superseded: list[tuple[float, Snapshot]] = []

    async def snapshot(self, namespace: str, databases: tuple[str, ...]) -> Snapshot:
        """The knowledge in use of these databases of a namespace.

        That is the built version, where one is in use that has them all, else the live databases,
        which are read at the first question and again after ``schema_ttl_s`` seconds.

        Raises:
            NotFoundError: The namespace has no such database.
            DatabaseError: A database cannot be read.
            ConfigError: A file of knowledge cannot be used.
            UnavailableError: The built version cannot be read.
        """
        space = self._settings.namespaces.get(namespace)
        for database in databases:
            self._connectors.get(namespace, database)
        if space is None:
            raise NotFoundError(f"There is no namespace {namespace!r}.", code="namespace_not_found")
        built = await self._built_snapshot(space)
        if built is not None and set(databases) <= set(built.databases):
            return built.narrowed(databases)
        return await self._live_snapshot(space, databases)

    def close(self) -> None:
        """Free every snapshot; no question may run any more."""
        held = [*self._live.values(), *self._built.values()]
        for snapshot in (*held, *(old for _, old in self._superseded)):
            snapshot.close()
        self._live.clear()
        self._built.clear()
        self._superseded.clear()

    async def _built_snapshot(self, space: NamespaceConfig) -> Snapshot | None:
        versions = Versions(self._settings.knowledge_path, space.name)
        name = await asyncio.to_thread(versions.current)
        if name is None:
            return None
        held = self._built.get(space.name)
        if held is not None and held.version == name:
            return held
        async with self._opening:
            held = self._built.get(space.name)
            if held is None or held.version != name:
                fresh = await asyncio.to_thread(self._open, versions, name, space)
                self._supersede(held)
                self._built[space.name] = held = fresh
        return held

    def _open(self, versions: Versions, name: str, space: NamespaceConfig) -> Snapshot:
        file = KnowledgeFile(versions.path(name))
        source = BuiltSource(file, self._embedder, space.knowledge)
        return Snapshot(name, file.databases(), source, metrics_database=metrics_database(space))

    async def _live_snapshot(self, space: NamespaceConfig, databases: tuple[str, ...]) -> Snapshot:
        gate = asyncio.Semaphore(_AT_A_TIME)

        async def read(database: str) -> DatabaseContent:
            shelf = self._databases.setdefault((space.name, database), _Shelf())
            async with gate:
                return await self._fresh(shelf, lambda: self._read_database(space, database))

        known = dict(zip(databases, await asyncio.gather(*map(read, databases)), strict=True))
        shelf = self._told.setdefault((space.name, databases), _Shelf())
        told = await self._fresh(shelf, lambda: self._read_told(space, known, shelf.held))
        content = Content(known, told)
        version = f"live-{content.digest}"
        held = self._live.get((space.name, databases))
        if held is None or held.version != version:
            self._supersede(held)
            held = Snapshot(
                version,
                databases,
                LiveSource(content, self._embedder),
                metrics_database=metrics_database(space),
            )
            self._live[space.name, databases] = held
        return held

    async def _fresh(self, shelf: _Shelf[T], read: Callable[[], Awaitable[T]]) -> T:
        """What is on a shelf, read again when it is too old; equal content stays the same object."""
        async with shelf.lock:
            age = self._clock() - shelf.made_at
            if shelf.held is None or age > self._settings.server.schema_ttl_s:
                fresh = await read()
                # Of a million values a digest takes seconds.
                digest = await asyncio.to_thread(getattr, fresh, "digest")
                if shelf.held is None or shelf.held.digest != digest:
                    shelf.held = fresh
                shelf.made_at = self._clock()
            return shelf.held

    async def _read_database(self, space: NamespaceConfig, database: str) -> DatabaseContent:
        connector = self._connectors.get(space.name, database)
        schema = await read_schema(connector)
        return await read_values(connector, schema, space.knowledge)

    async def _read_told(
        self, space: NamespaceConfig, known: dict[str, DatabaseContent], held: Told | None
    ) -> Told:
        schemas = {name: content.schema for name, content in known.items()}
        others = {each.name for each in space.databases} - set(schemas)
        try:
            told = await asyncio.to_thread(read_told, space.knowledge, schemas, others=others)
        except ConfigError as error:
            if held is None:
                raise
            _log.warning(
                "knowledge of %s: what was read before stays: %s", space.name, error.message
            )
            return held
        for problem in told.problems:
            _log.warning("knowledge of %s: left out: %s", space.name, problem)
        return told

    def _supersede(self, snapshot: Snapshot | None) -> None:
        """Close a snapshot when no question can still use it, and those that waited for that."""
        now = self._clock()
        over = [old for since, old in self._superseded if now - since > 2 * self._longest_s]
        self._superseded = [each for each in self._superseded if each[1] not in over]
        for old in over:
            old.close()
        if snapshot is not None:
            self._superseded.append((now, snapshot))

    @property
    def _longest_s(self) -> float:
        return self._settings.server.task_timeout_s


def metrics_database(space: NamespaceConfig) -> str | None:
    """The database that metrics are about: the one the configuration names, else the only one."""
    names = [database.name for database in space.databases]
    return space.knowledge.database or (names[0] if len(names) == 1 else None)
