"""Snapshots of every database, made from the live one at first use and kept for a while."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from datus.connectors.base import Connector
from datus.connectors.registry import Connectors
from datus.errors import DatabaseError, DatabaseUnreachableError
from datus.knowledge.keys import with_inferred_keys
from datus.knowledge.snapshot import Snapshot
from datus.knowledge.values import Place, ValueIndex, said_in_comment
from datus.types import Column, DatabaseSchema, TableSchema

_VALUES_A_COLUMN = 2_000
_VALUES_A_DATABASE = 100_000


@dataclass
class _Shelf:
    """One database's current snapshot and the lock under which it is renewed."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    snapshot: Snapshot | None = None
    made_at: float = 0.0


class Knowledge:
    """Hands out snapshots; a snapshot never changes, a newer one replaces it for later questions.

    Args:
        connectors: Where the databases are.
        schema_ttl_s: Seconds after which a schema is read again.
        clock: Seconds that never go back.
    """

    def __init__(
        self, connectors: Connectors, *, schema_ttl_s: float, clock: Callable[[], float]
    ) -> None:
        self._connectors = connectors
        self._ttl = schema_ttl_s
        self._clock = clock
        self._shelves: dict[tuple[str, str], _Shelf] = {}

    async def snapshot(self, namespace: str, database: str) -> Snapshot:
        """The current snapshot of a database, made from the live database if there is none yet.

        Raises:
            NotFoundError: The namespace has no such database.
            DatabaseError: The database cannot be read.
        """
        connector = self._connectors.get(namespace, database)
        shelf = self._shelves.setdefault((namespace, database), _Shelf())
        async with shelf.lock:
            old = shelf.snapshot
            if old is None or self._clock() - shelf.made_at > self._ttl:
                shelf.snapshot = await _take_snapshot(connector)
                shelf.made_at = self._clock()
                if old is not None and old.version == shelf.snapshot.version:
                    shelf.snapshot = old  # keeps what others derived from it
            return shelf.snapshot  # type: ignore[return-value]


async def _take_snapshot(connector: Connector) -> Snapshot:
    schema = await connector.introspect()
    places: list[Place] = []
    for table in schema.tables:
        for column in _value_columns(table):
            if len(places) >= _VALUES_A_DATABASE:
                break
            try:
                values = await connector.distinct_values(table, column, limit=_VALUES_A_COLUMN)
            except DatabaseUnreachableError:
                raise
            except DatabaseError:
                continue  # too large, or not for this user: the column is only not searched for values
            name = schema.name_of(table)
            texts = [value for value, _ in values]
            places.extend(Place(name, column.name, text) for text in texts)
            places.extend(
                Place(name, column.name, value, said)
                for value, said in said_in_comment(column.comment, texts)
            )
    return await asyncio.to_thread(_assemble, schema, places)


def _assemble(schema: DatabaseSchema, places: list[Place]) -> Snapshot:
    digest = hashlib.sha256(repr((schema, places)).encode()).hexdigest()[:12]
    return Snapshot(f"live-{digest}", with_inferred_keys(schema), ValueIndex.build(places))


def _value_columns(table: TableSchema) -> Iterator[Column]:
    """The columns whose values a question may name: those of text."""
    for column in table.columns:
        if column.kind == "text":
            yield column
