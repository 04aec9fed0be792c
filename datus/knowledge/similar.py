"""Names of a schema that mean nearly what a word of another language means, by sentence vectors."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from datus.identifiers import identifier_words
from datus.knowledge.embeddings import Embedder
from datus.text import is_chinese
from datus.types import DatabaseSchema, SimilarName

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAST = 0.6
"""Least cosine of a name that a word may mean; unrelated words reach 0.55."""
_LEAD = 0.1
"""How far it must be ahead of the next name that is called otherwise."""


class SimilarNames:
    """The vectors of names, made when a table is first linked and kept.

    May be used from many threads.

    Args:
        embedder: Makes the vectors.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._known: dict[str, NDArray[np.float32]] = {}

    def find(self, schema: DatabaseSchema, words: Sequence[str]) -> tuple[SimilarName, ...]:
        """For each word the tables and columns that are called most nearly so, where one name stands out."""
        places = dict[str, list[tuple[str, str | None]]]()
        for name, table, column in _names(schema):
            places.setdefault(name, []).append((table, column))
        if not places or not words:
            return ()
        names = sorted(places)
        vectors = self._vectors((*names, *words))
        found: list[SimilarName] = []
        for word in words:
            scored = sorted(
                ((float(vectors[word] @ vectors[name]), name) for name in names), reverse=True
            )
            best, name = scored[0]
            if best >= _LEAST and all(best - other >= _LEAD for other, _ in scored[1:2]):
                found += (SimilarName(word, *place, best) for place in places[name])
        return tuple(found)

    def _vectors(self, texts: Iterable[str]) -> "dict[str, NDArray[np.float32]]":
        with self._lock:
            fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
            made = dict(zip(fresh, self._embedder.embed(fresh), strict=True)) if fresh else {}
            self._known |= {text: row for text, row in made.items() if not is_chinese(text)}
            return self._known | made


def _names(schema: DatabaseSchema) -> Iterator[tuple[str, str, str | None]]:
    """Every table and every column that is no key, as people would say it in English."""
    for table in schema.tables:
        key = schema.name_of(table)
        keys = {*table.primary_key, *(name for each in table.foreign_keys for name in each.columns)}
        if not is_chinese(table.name):
            yield " ".join(identifier_words(table.name)), key, None
        for column in table.columns:
            if column.name not in keys and not is_chinese(column.name):
                yield " ".join(identifier_words(column.name)), key, column.name
