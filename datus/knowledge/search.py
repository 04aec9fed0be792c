"""Search in what is known: BM25, values, sentence vectors and keys between tables, fused into one order."""

import sqlite3
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from datus.errors import UnavailableError
from datus.knowledge.embeddings import Embedder, EmbeddingError
from datus.knowledge.entries import Entry, Kind
from datus.knowledge.index import IndexReader, Progress, Row, write_index
from datus.knowledge.scoring import (
    OTHER_WEIGHTS,
    TABLE_WEIGHTS,
    Allowed,
    Gathered,
    Meanings,
    Vectors,
    Weights,
    first_choice,
    hold,
    hold_left,
    known_words,
    signals,
    value_signals,
    weigh,
)
from datus.knowledge.segmentation import Segmenter
from datus.knowledge.spelling import Spellings
from datus.types import Area, ValueHit

if TYPE_CHECKING:
    from datus.knowledge.embeddings import Matrix

LinkingRate = Literal["fast", "medium", "slow"]

# Entries that are weighed closely, at each rate: so many by their words, and as many by their vectors.
_WEIGHED: Mapping[LinkingRate, int] = {"fast": 100, "medium": 200, "slow": 400}
# Places of terms that are read to choose them; the most frequent terms are read for the chosen only.
_READ: Mapping[LinkingRate, int] = {"fast": 6_000, "medium": 20_000, "slow": 60_000}
# Vectors of texts kept, so that the searches for one question need only one.
_ASKED = 1_000
# Terms that a word may stand for by meaning alone, and how near they must be (cosine).
_MEANINGS = 5
_NEAR_MEANING = 0.6


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that was found; ``score`` is comparable only within one search.

    ``why`` are the words of the text that it was found by, as far as words did it.
    """

    kind: Kind
    database: str | None
    key: str
    score: float
    why: tuple[str, ...] = ()


class Index:
    """A search index, usable from many threads at once; close it when it is no longer needed.

    ``build`` writes one into a file, ``open`` reads it there, ``of`` makes one in memory.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        embedder: Embedder | None,
    ) -> None:
        self._connect = connect
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        # An index that nobody holds any more has nobody to close it.
        weakref.finalize(self, _close, self._idle)
        self._embedder = embedder
        self._lock = Lock()
        self._failure: str | None = None
        self._asked: dict[str, Matrix] = {}
        self._matrices: dict[Kind, tuple[int, Matrix] | None] = {}
        self._meanings: dict[Kind, tuple[list[str], Matrix] | None] = {}
        self._spellings: dict[Kind, Spellings] = {}
        with self._reader() as reader:
            self._meta = reader.meta()

    @staticmethod
    def build(
        connection: sqlite3.Connection,
        entries: Iterable[Entry],
        embedder: Embedder | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Write an index's tables (``search_*``) within the caller's transaction.

        Args:
            connection: A database that has none of them yet.
            entries: All that is to be found; keys are unique within kind and database.
            embedder: Makes the vectors; None keeps none.
            progress: Called with the steps done and all steps, now and then.

        Raises:
            ConfigError: The embedder's package is missing.
            EmbeddingError: The embedder's endpoint failed.
        """
        write_index(connection, entries, embedder, progress)

    @classmethod
    def open(cls, path: Path, embedder: Embedder | None = None) -> "Index":
        """The index in a file that no longer changes; it is opened read-only."""
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        return cls(partial(sqlite3.connect, uri, uri=True, check_same_thread=False), embedder)

    @classmethod
    def of(cls, entries: Iterable[Entry], embedder: Embedder | None = None) -> "Index":
        """An index in memory."""
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        write_index(connection, entries, embedder)
        connection.commit()
        copy = connection.serialize()
        connection.close()
        return cls(partial(_copied, copy), embedder)

    def close(self) -> None:
        """Close what it has opened; no search may run any more."""
        _close(self._idle)

    @property
    def problem(self) -> str | None:
        """Why vectors are not used, for people to read; None where they are."""
        return self._mismatch() or self._failure

    def _mismatch(self) -> str | None:
        made = self._meta.get("embedder")
        if made is None:
            return "This index was built without sentence vectors."
        if self._embedder is None:
            return f"Sentence vectors of {made} are in the index and no embedder is configured."
        if self._embedder.name != made:
            return (
                f"The index has sentence vectors of {made} and the configured embedder is "
                f"{self._embedder.name}; build the knowledge again to use them."
            )
        dimension = self._embedder.dimension
        if dimension is not None and str(dimension) != self._meta["dimension"]:
            return (
                f"The index has sentence vectors of {self._meta['dimension']} numbers and {made} now "
                f"makes them of {dimension}; build the knowledge again to use them."
            )
        return None

    def search(
        self,
        text: str,
        kind: Kind,
        *,
        limit: int,
        databases: Collection[str] | None = None,
        area: Area = (),
        values: Mapping[str, Sequence[ValueHit]] = MappingProxyType({}),
        rate: LinkingRate = "fast",
    ) -> tuple[Found, ...]:
        """The entries that matter to a text, best first; those that nothing speaks for are left out.

        An embedder that fails is no error here: the search goes by words, and ``problem`` says why.

        Args:
            text: A question, in any language; never read as query syntax.
            kind: What is looked for.
            limit: Most entries.
            databases: Only entries of these and of no database; None is all.
            area: Only entries whose area agrees with this one as far as both go.
            values: By database, the values that the text says.
            rate: How many entries are weighed closely.
        """
        gathered, rows = self._weighed(text, kind, limit, databases, area, values, rate)
        weights = TABLE_WEIGHTS if kind == "table" else OTHER_WEIGHTS
        scores = weigh(signals(gathered, rows), rows, weights)
        best = sorted(scores, key=lambda at: (-scores[at], at))[:limit]
        return tuple(
            Found(kind, rows[at].database, rows[at].key, scores[at], gathered.why(at))
            for at in best
        )

    def table_signals(
        self, text: str, values: Mapping[str, Sequence[ValueHit]]
    ) -> dict[tuple[str | None, str], Weights]:
        """By database and key, what speaks for the tables that a search would weigh; to learn weights from."""
        gathered, rows = self._weighed(text, "table", 0, None, (), values, "fast")
        found = signals(gathered, rows)
        return {(rows[at].database, rows[at].key): each for at, each in found.items()}

    def _weighed(
        self,
        text: str,
        kind: Kind,
        limit: int,
        databases: Collection[str] | None,
        area: Area,
        values: Mapping[str, Sequence[ValueHit]],
        rate: LinkingRate,
    ) -> tuple[Gathered, Mapping[int, Row]]:
        """All that was found of a text, and the entries worth weighing."""
        count = max(_WEIGHED[rate], limit)
        with self._reader() as reader:
            allowed = reader.allowed(kind, databases, area)
            said = Segmenter(reader.known).words(text)
            meanings = partial(self._near_meanings, reader, kind)
            words, counts = known_words(
                reader,
                kind,
                said,
                meanings,
                self._near_spellings(reader, kind),
                all_meanings=rate != "fast",
            )
            left = hold(reader, kind, words, counts, allowed, _READ[rate])
            gathered = Gathered(
                words,
                value_signals(reader, kind, values, allowed),
                self._vectors(reader, kind, text, allowed, count),
            )
            chosen = first_choice(gathered, count)
            rows = reader.rows(chosen)
        hold_left(left, rows)
        return gathered, rows

    def rank_databases(
        self,
        text: str,
        *,
        databases: Collection[str] | None = None,
        values: Mapping[str, Sequence[ValueHit]] = MappingProxyType({}),
    ) -> tuple[tuple[str, float], ...]:
        """The databases whose tables matter to a text, each with its best table's score, best first."""
        found = self.search(
            text, "table", limit=_WEIGHED["slow"], databases=databases, values=values, rate="slow"
        )
        best: dict[str, float] = {}
        for one in found:
            if one.database is not None:
                best.setdefault(one.database, one.score)
        return tuple(best.items())

    def _vectors(
        self, reader: IndexReader, kind: Kind, text: str, allowed: Allowed, count: int
    ) -> Vectors:
        vectors = self._vectors_of([text])
        if not vectors:
            return Vectors()
        (query,) = vectors
        with self._lock:
            if kind not in self._matrices:
                self._matrices[kind] = reader.vectors(kind, len(query))
            kept = self._matrices[kind]
        if kept is None:
            return Vectors()
        import numpy as np

        first, matrix = kept
        # Not by BLAS, whose threads wait for each other where cores are busy.
        cosines = np.einsum("ij,j->i", matrix, query)
        if allowed is not None:
            out = np.ones(len(matrix), dtype=bool)
            out[[at - first for at in allowed]] = False
            ranked = np.where(out, -2.0, cosines)
            count = min(count, len(allowed))
        else:
            ranked = cosines
        nearest = np.argsort(-ranked, kind="stable")[:count] + first
        return Vectors(first, cosines.tolist(), tuple(nearest.tolist()))

    def _near_meanings(
        self, reader: IndexReader, kind: Kind, words: Sequence[str]
    ) -> list[list[tuple[str, float]]]:
        """For each word, the terms of nearest meaning; none where vectors are not used."""
        found: list[list[tuple[str, float]]] = [[] for _ in words]
        vectors = self._vectors_of([word.lower() for word in words])
        if not vectors:
            return found
        with self._lock:
            if kind not in self._meanings:
                self._meanings[kind] = reader.meanings(kind, int(self._meta["dimension"] or 0))
            kept = self._meanings[kind]
        if kept is None:
            return found
        import numpy as np

        terms, matrix = kept
        for near, vector in zip(found, vectors, strict=True):
            cosines = np.einsum("ij,j->i", matrix, vector)
            for at in np.flatnonzero(cosines > _NEAR_MEANING).tolist():
                near.append((terms[at], float(cosines[at])))
            near.sort(key=lambda pair: (-pair[1], pair[0]))
            del near[_MEANINGS:]
        return found

    def _near_spellings(self, reader: IndexReader, kind: Kind) -> Meanings:
        with self._lock:
            if kind not in self._spellings:
                self._spellings[kind] = Spellings(reader.vocabulary(kind))
            return self._spellings[kind].near

    def _vectors_of(self, texts: Sequence[str]) -> "list[Matrix]":
        """The texts' vectors, kept for a while: one question is searched for in several kinds.

        Empty where vectors are not used, and where the embedder fails: a question is better answered
        by words alone than not.
        """
        if self._embedder is None or self._mismatch() is not None:
            return []
        with self._lock:
            kept = {text: self._asked[text] for text in texts if text in self._asked}
        missing = [text for text in dict.fromkeys(texts) if text not in kept]
        if missing:
            try:
                made = self._embedder.embed(missing)
            except EmbeddingError as error:
                self._failure = error.message
                return []
            self._failure = self._mismatch()  # some tell their dimension only now
            if self._failure is not None:
                return []
            kept.update(zip(missing, made, strict=True))
            with self._lock:
                self._asked.update((text, kept[text]) for text in missing)
                for text in list(self._asked)[: max(len(self._asked) - _ASKED, 0)]:
                    del self._asked[text]
        return [kept[text] for text in texts]

    @contextmanager
    def _reader(self) -> Iterator[IndexReader]:
        try:
            connection = self._taken()
            try:
                yield IndexReader(connection)
            finally:
                self._idle.put(connection)
        except sqlite3.DatabaseError as error:
            raise UnavailableError(
                f"The search index cannot be read: {error}. Build it again: datus knowledge build.",
                public="The knowledge of this namespace cannot be read now.",
            ) from error

    def _taken(self) -> sqlite3.Connection:
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._connect()


def _close(idle: LifoQueue[sqlite3.Connection]) -> None:
    while True:
        try:
            idle.get_nowait().close()
        except Empty:
            return


def _copied(content: bytes) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.deserialize(content)
    return connection
