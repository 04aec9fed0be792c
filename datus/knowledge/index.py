"""The search index as tables of a SQLite file: how it is written, and how its parts are read.

Each kind of entry has two FTS5 tables, one of names and one of details, so that the length of a long
list of columns does not weigh on a table's name. They hold terms that ``segmentation`` made, joined
by spaces, and no text. Everything else is in plain tables whose names start with ``search_``.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from typing import TYPE_CHECKING, Literal

from datus.identifiers import identifier_words
from datus.knowledge.embeddings import Embedder
from datus.knowledge.entries import KINDS, Entry, Kind
from datus.knowledge.likes import learn
from datus.knowledge.segmentation import STOP_WORDS, Segmenter, chinese_names, is_chinese_run
from datus.text import is_known
from datus.types import Area, in_area

if TYPE_CHECKING:
    from datus.knowledge.embeddings import Matrix

Field = Literal["names", "details"]
FIELDS: tuple[Field, ...] = ("names", "details")
Progress = Callable[[int, int], None]

_FORMAT = "1"
_EMBEDDED_AT_ONCE = 256
_EMBEDDED_CHARS = 300
_MEANINGS = 30_000  # terms of a kind that have a vector at most, those of most entries
_TABLE: Mapping[tuple[Field, Kind], str] = {
    (field, kind): f"search_{kind}_{field}" for kind in KINDS for field in FIELDS
}
_TABLES = """
CREATE TABLE search_meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE search_entry (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, "database" TEXT, key TEXT NOT NULL, area TEXT NOT NULL,
    names TEXT NOT NULL, details TEXT NOT NULL, near TEXT NOT NULL
);
CREATE INDEX search_place ON search_entry (kind, key);
CREATE TABLE search_like (
    kind TEXT NOT NULL, term TEXT NOT NULL, other TEXT NOT NULL, share REAL NOT NULL,
    PRIMARY KEY (kind, term, other)
) WITHOUT ROWID;
CREATE TABLE search_known (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE search_term (
    kind TEXT NOT NULL, term TEXT NOT NULL, names INTEGER NOT NULL, details INTEGER NOT NULL,
    PRIMARY KEY (kind, term)
) WITHOUT ROWID;
CREATE TABLE search_vector (kind TEXT PRIMARY KEY, first INTEGER NOT NULL, vectors BLOB NOT NULL);
CREATE TABLE search_meaning (kind TEXT PRIMARY KEY, terms TEXT NOT NULL, vectors BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as the index keeps it.

    Attributes:
        names: The terms of each saying of its names.
        details: The same of its details, as it is kept: terms parted by spaces, sayings by line ends.
    """

    id: int
    database: str | None
    key: str
    area: Area
    names: tuple[tuple[str, ...], ...]
    details: str
    near: tuple[int, ...]


def write_index(
    connection: sqlite3.Connection,
    entries: Iterable[Entry],
    embedder: Embedder | None,
    progress: Progress | None = None,
) -> None:
    """Write the index's tables into a database that has none of them, within the caller's transaction.

    Args:
        progress: Called with the steps done and all of them, now and then; how many words need a vector
            shows only on the way, so that all of them may grow.
    """
    ordered = sorted(entries, key=lambda one: KINDS.index(one.kind))
    steps = len(ordered) * (2 if embedder else 1)
    report = progress or (lambda done, total: None)
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    for name in _TABLE.values():
        connection.execute(
            f"CREATE VIRTUAL TABLE {name} USING fts5(terms, content='', tokenize='unicode61 remove_diacritics 0')"
        )
    known = {name for one in ordered for name in chinese_names(f"{one.names}\n{one.details}")}
    connection.executemany(
        "INSERT INTO search_known VALUES (?)", ((name,) for name in sorted(known))
    )
    _write_entries(connection, ordered, known, lambda done: report(done, steps))
    if embedder is not None:
        _write_vectors(connection, ordered, embedder, report)
    connection.executemany(
        "INSERT INTO search_meta VALUES (?, ?)",
        [
            ("format", _FORMAT),
            ("embedder", embedder.name if embedder else None),
            ("dimension", str(embedder.dimension) if embedder else None),
        ],
    )


def _write_entries(
    connection: sqlite3.Connection,
    entries: Sequence[Entry],
    known: Collection[str],
    report: Callable[[int], None],
) -> None:
    cut = Segmenter(lambda asked: [name for name in asked if name in known])
    ids = {(one.kind, one.database, one.key): at for at, one in enumerate(entries)}
    counts: dict[tuple[Kind, str], list[int]] = {}
    lines: dict[Kind, dict[str, _Line]] = {kind: {} for kind in KINDS}
    for at, one in enumerate(entries):
        seen = lines[one.kind]
        parts = {
            "names": _cut_lines(cut, one.names, seen),
            "details": _cut_lines(cut, one.details, seen),
        }
        near = [(one.kind, one.database, key) for key in one.near]
        connection.execute(
            "INSERT INTO search_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                at, one.kind, one.database, one.key, json.dumps(one.area),
                _kept(parts["names"]), _kept(parts["details"]),
                json.dumps([ids[place] for place in near if place in ids]),
            ),
        )  # fmt: skip
        for place, field in enumerate(FIELDS):
            terms = [term for line in parts[field] for saying in line for term in saying]
            for term in set(terms):
                counts.setdefault((one.kind, term), [0, 0])[place] += 1
            connection.execute(
                f"INSERT INTO {_TABLE[field, one.kind]} (rowid, terms) VALUES (?, ?)",
                (at, " ".join(terms)),
            )
        if at % 100 == 99 or at + 1 == len(entries):
            report(at + 1)
    connection.executemany(
        "INSERT INTO search_term VALUES (?, ?, ?, ?)",
        ((kind, term, *pair) for (kind, term), pair in sorted(counts.items())),
    )
    for kind, each in lines.items():
        connection.executemany(
            "INSERT INTO search_like VALUES (?, ?, ?, ?)",
            ((kind, *pair) for pair in learn(each.values())),
        )


_Line = tuple[tuple[str, ...], ...]


def _cut_lines(cut: Segmenter, text: str, seen: dict[str, _Line]) -> list[_Line]:
    """Each line as the terms of its sayings; equal lines, of which there are many, are cut once."""
    for line in text.splitlines():
        if line not in seen:
            seen[line] = tuple(cut.terms(saying) for saying in line.split("\t"))
    return [seen[line] for line in text.splitlines()]


def _kept(lines: Iterable[_Line]) -> str:
    """Sayings as they are kept: terms parted by spaces, sayings by line ends."""
    sayings = (
        [term for term in saying if term not in STOP_WORDS] for line in lines for saying in line
    )
    return "\n".join(" ".join(dict.fromkeys(terms)) for terms in sayings if terms)


def _write_vectors(
    connection: sqlite3.Connection,
    entries: Sequence[Entry],
    embedder: Embedder,
    report: Progress,
) -> None:
    groups = {kind: list(each) for kind, each in groupby(entries, key=lambda one: one.kind)}
    words = {kind: _with_meaning(connection, kind) for kind in groups}
    steps = 2 * len(entries) + sum(map(len, words.values()))
    done, first = len(entries), 0
    for kind, group in groups.items():
        texts = [spoken(one) for one in group]
        vectors = _embedded(embedder, texts, partial(_report_from, report, done, steps))
        connection.execute("INSERT INTO search_vector VALUES (?, ?, ?)", (kind, first, vectors))
        first += len(texts)
        done += len(texts)
        vectors = _embedded(embedder, words[kind], partial(_report_from, report, done, steps))
        connection.execute(
            "INSERT INTO search_meaning VALUES (?, ?, ?)", (kind, " ".join(words[kind]), vectors)
        )
        done += len(words[kind])


def _report_from(report: Progress, before: int, steps: int, more: int) -> None:
    report(before + more, steps)


def _embedded(embedder: Embedder, texts: Sequence[str], report: Callable[[int], None]) -> bytes:
    import numpy as np

    parts = []
    for start in range(0, len(texts), _EMBEDDED_AT_ONCE):
        vectors = embedder.embed(texts[start : start + _EMBEDDED_AT_ONCE])
        parts.append(vectors.astype(np.float16).tobytes())
        report(start + len(vectors))
    return b"".join(parts)


def _with_meaning(connection: sqlite3.Connection, kind: Kind) -> list[str]:
    """The terms of a kind that are words: short forms and numbers mean nothing to a model."""
    rows = connection.execute(
        "SELECT term FROM search_term WHERE kind = ? ORDER BY names + details DESC, term", (kind,)
    )
    words = (term for (term,) in rows if len(term) > 1 and (is_chinese_run(term) or is_known(term)))
    return list(islice(words, _MEANINGS))


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'


_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def spoken(entry: Entry) -> str:
    """An entry as a sentence for a model: names of code are written as the words people say."""
    text = f"{entry.names}. {entry.details}".replace("\n", ", ").replace("\t", ", ")[
        :_EMBEDDED_CHARS
    ]
    return _LATIN_NAME.sub(lambda match: " ".join(identifier_words(match[0])) or match[0], text)


class IndexReader:
    """Reads the parts of an index over one connection, which it does not close."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def meta(self) -> Mapping[str, str | None]:
        """What was noted when the index was written."""
        return dict(self._connection.execute("SELECT key, value FROM search_meta"))

    def known(self, names: Collection[str]) -> frozenset[str]:
        """Those of some Chinese strings that are names in this index."""
        rows = self._connection.execute(
            "SELECT name FROM search_known WHERE name IN (SELECT value FROM json_each(?))",
            (json.dumps(list(names)),),
        )
        return frozenset(name for (name,) in rows)

    def size(self, kind: Kind) -> int:
        """How many entries of a kind there are."""
        row = self._connection.execute("SELECT count(*) FROM search_entry WHERE kind = ?", (kind,))
        return int(row.fetchone()[0])

    def allowed(
        self, kind: Kind, databases: Collection[str] | None, area: Area
    ) -> frozenset[int] | None:
        """Entries of some databases (or of none) whose area agrees with one; None means all of the kind."""
        if databases is None and not area:
            return None
        areas = self._connection.execute(
            "SELECT DISTINCT area FROM search_entry WHERE kind = ?", (kind,)
        ).fetchall()
        rows = self._connection.execute(
            "SELECT id FROM search_entry WHERE kind = ? "
            "AND area IN (SELECT value FROM json_each(?)) "
            'AND (? OR "database" IS NULL OR "database" IN (SELECT value FROM json_each(?)))',
            (
                kind,
                json.dumps([text for (text,) in areas if in_area(tuple(json.loads(text)), area)]),
                databases is None,
                json.dumps(list(databases or ())),
            ),
        )
        return frozenset(at for (at,) in rows)

    def frequencies(self, kind: Kind, terms: Collection[str]) -> dict[str, tuple[int, int]]:
        """In how many entries' names and details each of some terms stands; unknown ones are left out."""
        rows = self._connection.execute(
            "SELECT term, names, details FROM search_term "
            "WHERE kind = ? AND term IN (SELECT value FROM json_each(?))",
            (kind, json.dumps(list(terms))),
        )
        return {term: (names, details) for term, names, details in rows}

    def vocabulary(self, kind: Kind) -> list[str]:
        """Every term of a kind, in order."""
        rows = self._connection.execute("SELECT term FROM search_term WHERE kind = ?", (kind,))
        return [term for (term,) in rows]

    def likes(self, kind: Kind, terms: Collection[str]) -> dict[str, list[tuple[str, float]]]:
        """For each of some terms, those that mean the same here, with their share (see ``likes``)."""
        rows = self._connection.execute(
            "SELECT term, other, share FROM search_like "
            "WHERE kind = ? AND term IN (SELECT value FROM json_each(?))",
            (kind, json.dumps(list(terms))),
        )
        found: dict[str, list[tuple[str, float]]] = {}
        for term, other, share in rows:
            found.setdefault(term, []).append((other, share))
        return found

    def named(self, kind: Kind, term: str) -> list[int]:
        """Entries whose names hold a term."""
        table = _TABLE["names", kind]
        rows = self._connection.execute(
            f"SELECT rowid FROM {table} WHERE {table} MATCH ?", (_quoted(term),)
        )
        return [at for (at,) in rows]

    def detailed(self, kind: Kind, term: str) -> dict[int, float]:
        """Entries whose details hold a term, each with FTS5's BM25 (positive, higher is better)."""
        table = _TABLE["details", kind]
        return dict(
            self._connection.execute(
                f"SELECT rowid, -bm25({table}) FROM {table} WHERE {table} MATCH ?",
                (_quoted(term),),
            )
        )

    def rows(self, ids: Collection[int]) -> dict[int, Row]:
        """Some entries by their numbers."""
        found = self._connection.execute(
            'SELECT id, "database", key, area, names, details, near FROM search_entry '
            "WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return {
            row[0]: Row(
                row[0], row[1], row[2], tuple(json.loads(row[3])),
                tuple(tuple(line.split(" ")) for line in row[4].split("\n") if line),
                row[5],
                tuple(json.loads(row[6])),
            )
            for row in found
        }  # fmt: skip

    def ids_of(self, kind: Kind, places: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Numbers of entries by database and key."""
        rows = self._connection.execute(
            'SELECT "database", key, id FROM search_entry WHERE kind = ? '
            "AND key IN (SELECT value FROM json_each(?))",
            (kind, json.dumps([key for _, key in places])),
        )
        return {(database, key): at for database, key, at in rows if (database, key) in places}

    def vectors(self, kind: Kind, dimension: int) -> "tuple[int, Matrix] | None":
        """The number of a kind's first entry and one row of numbers an entry; None where none are kept."""
        row = self._connection.execute(
            "SELECT first, vectors FROM search_vector WHERE kind = ?", (kind,)
        ).fetchone()
        return (int(row[0]), _matrix(row[1], dimension)) if row else None

    def meanings(self, kind: Kind, dimension: int) -> "tuple[list[str], Matrix] | None":
        """Terms of a kind and one row of numbers for each; None where none are kept."""
        row = self._connection.execute(
            "SELECT terms, vectors FROM search_meaning WHERE kind = ?", (kind,)
        ).fetchone()
        return (row[0].split(), _matrix(row[1], dimension)) if row else None


def _matrix(content: bytes, dimension: int) -> "Matrix":
    import numpy as np

    return np.frombuffer(content, dtype=np.float16).reshape(-1, dimension).astype(np.float32)
