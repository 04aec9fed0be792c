"""One built version as one SQLite file: written once, then only read, by any number of processes."""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from datus.config import KnowledgeSources
from datus.errors import UnavailableError
from datus.knowledge.content import ColumnName, Content, DatabaseContent, Told
from datus.knowledge.values import Place, ValueIndex, may_be_read, spoken_key
from datus.types import DatabaseSchema, MetricCatalogue

FORMAT = 1
"""Goes up when the file's tables change; older files are then built again."""

_TABLES = """
CREATE TABLE part (name TEXT NOT NULL, key TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (name, key));
CREATE TABLE value (database TEXT NOT NULL, "table" TEXT NOT NULL, "column" TEXT NOT NULL,
                    value TEXT NOT NULL, said TEXT, count INTEGER NOT NULL, spoken TEXT);
CREATE TABLE complete (database TEXT NOT NULL, "table" TEXT NOT NULL, "column" TEXT NOT NULL);
"""
_INDEXES = """
CREATE INDEX value_spoken ON value (database, spoken) WHERE spoken IS NOT NULL;
CREATE INDEX value_column ON value (database, "table", "column");
"""
_KEYS_AT_ONCE = 500

T = TypeVar("T")


def write(connection: sqlite3.Connection, content: Content, catalogue: MetricCatalogue) -> None:
    """Write everything but the search index into an empty database."""
    connection.executescript(_TABLES)
    parts: list[tuple[str, str, bytes]] = [("format", "", str(FORMAT).encode())]
    for name, known in content.databases.items():
        parts.append(("schema", name, _adapter(DatabaseSchema).dump_json(known.schema)))
        parts.append(("limit", name, str(known.limit).encode()))
        connection.executemany(
            "INSERT INTO value VALUES (?, ?, ?, ?, ?, ?, ?)", _value_rows(name, known.places)
        )
        connection.executemany(
            "INSERT INTO complete VALUES (?, ?, ?)",
            ((name, *column) for column in sorted(known.complete)),
        )
    parts.append(("told", "", _adapter(Told).dump_json(content.told)))
    parts.append(("catalogue", "", _adapter(MetricCatalogue).dump_json(catalogue)))
    connection.executemany("INSERT INTO part VALUES (?, ?, ?)", parts)
    connection.executescript(_INDEXES)


def _value_rows(database: str, places: Iterable[Place]) -> Iterator[tuple[Any, ...]]:
    for each in places:
        yield (
            database, each.table, each.column, each.value, each.said, each.count, spoken_key(each)
        )  # fmt: skip


class KnowledgeFile:
    """A built version, open for reading; may be used from many threads.

    Raises:
        UnavailableError: The file cannot be read, or another release wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise unreadable(path, str(error)) from error
        try:
            self._check()
        except UnavailableError:
            self._connection.close()
            raise

    def _check(self) -> None:
        found = bytes(self._part("format", ""))
        if found != str(FORMAT).encode():
            said = found[:20].decode("ascii", "replace")
            raise unreadable(self.path, f"it has format {said}, and this release reads {FORMAT}")
        ((pages, size),) = self.rows("SELECT * FROM pragma_page_count, pragma_page_size", ())
        if self.path.stat().st_size < pages * size:
            raise unreadable(self.path, "its end is missing")

    def schema(self, database: str) -> DatabaseSchema:
        """The tables of a database."""
        return self._read(DatabaseSchema, "schema", database)

    def databases(self) -> tuple[str, ...]:
        """The databases that were built, by name."""
        rows = self.rows("SELECT key FROM part WHERE name = 'schema' ORDER BY rowid", ())
        return tuple(name for (name,) in rows)

    def told(self) -> Told:
        """What people wrote down."""
        return self._read(Told, "told", "")

    def catalogue(self) -> MetricCatalogue:
        """The metrics, as they were compiled when the version was built."""
        return self._read(MetricCatalogue, "catalogue", "")

    def values(self, database: str, sources: KnowledgeSources) -> ValueIndex:
        """The values of a database that may be read, searched in the file."""
        places = _StoredPlaces(self, database, sources)
        return ValueIndex(places, frozenset(filter(places.readable, self._complete(database))))

    def _complete(self, database: str) -> frozenset[ColumnName]:
        rows = self.rows('SELECT "table", "column" FROM complete WHERE database = ?', (database,))
        return frozenset(rows)

    def content(self, database: str) -> DatabaseContent:
        """Everything of a database, to build the next version from."""
        rows = self.rows(
            'SELECT "table", "column", value, said, count FROM value WHERE database = ? ORDER BY rowid',
            (database,),
        )
        places = tuple(Place(*row) for row in rows)
        complete = self._complete(database)
        limit = int(self._part("limit", database))
        return DatabaseContent(self.schema(database), places, complete, limit)

    def rows(self, sql: str, parameters: Iterable[Any]) -> list[Any]:
        """The rows of a query on the file.

        Raises:
            UnavailableError: The file is damaged.
        """
        try:
            with self._lock:
                return self._connection.execute(sql, tuple(parameters)).fetchall()
        except sqlite3.DatabaseError as error:
            raise unreadable(self.path, str(error)) from error

    def close(self) -> None:
        """Close the file; questions that still read it must be over."""
        with self._lock:
            self._connection.close()

    def _read(self, kind: type[T], name: str, key: str) -> T:
        adapter: TypeAdapter[T] = _adapter(cast("Any", kind))
        try:
            return adapter.validate_json(self._part(name, key))
        except ValidationError as error:
            raise unreadable(self.path, f"its {name} has another form") from error

    def _part(self, name: str, key: str) -> bytes:
        rows = self.rows("SELECT data FROM part WHERE name = ? AND key = ?", (name, key))
        if not rows:
            raise unreadable(self.path, f"it has no {name} {key}".rstrip())
        return bytes(rows[0][0])


class _StoredPlaces:
    """The values of one database in the file."""

    def __init__(self, file: KnowledgeFile, database: str, sources: KnowledgeSources) -> None:
        self._file = file
        self._database = database
        self._sources = sources

    def readable(self, column: ColumnName) -> bool:
        return may_be_read(self._sources, *column)

    def lookup(self, keys: Collection[str]) -> Mapping[str, tuple[Place, ...]]:
        found: dict[str, list[Place]] = {}
        wanted = sorted(keys)
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            some = wanted[start : start + _KEYS_AT_ONCE]
            marks = ", ".join("?" * len(some))
            rows = self._file.rows(
                f'SELECT spoken, "table", "column", value, said, count FROM value '
                f"WHERE database = ? AND spoken IN ({marks}) ORDER BY rowid",
                (self._database, *some),
            )
            for spoken, *row in rows:
                place = Place(*row)
                if self.readable((place.table, place.column)):
                    found.setdefault(spoken, []).append(place)
        return {key: tuple(places) for key, places in found.items()}

    def of_column(self, table: str, column: str) -> tuple[Place, ...]:
        if not self.readable((table, column)):
            return ()
        rows = self._file.rows(
            'SELECT "table", "column", value, said, count FROM value '
            'WHERE database = ? AND "table" = ? AND "column" = ? ORDER BY rowid',
            (self._database, table, column),
        )
        return tuple(Place(*row) for row in rows)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def unreadable(path: Path, reason: str) -> UnavailableError:
    """That a built version cannot be read, and what to do."""
    return UnavailableError(
        f"The knowledge file {path} cannot be used: {reason}. Build it again: datus knowledge build.",
        public="The knowledge of this namespace cannot be read now.",
    )
