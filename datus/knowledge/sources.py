"""The two places a snapshot's parts come from: content that was just read, and a built version's file."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain

from datus.config import KnowledgeSources
from datus.errors import UnavailableError
from datus.knowledge.content import Content, Told
from datus.knowledge.embeddings import Embedder
from datus.knowledge.entries import (
    Entry,
    Kind,
    metric_entries,
    passage_entries,
    reference_entries,
    table_entries,
    term_entries,
)
from datus.knowledge.file import KnowledgeFile
from datus.knowledge.search import Index
from datus.knowledge.similar import SimilarNames
from datus.knowledge.values import ValueIndex
from datus.semantic import SemanticLayer, read_definitions
from datus.types import DatabaseSchema, MetricCatalogue


def entries_of(
    content: Content, catalogue: Callable[[], MetricCatalogue]
) -> Mapping[Kind, Callable[[], Iterator[Entry]]]:
    """What can be found in content, by kind, made when it is called for."""
    told = content.told
    return {
        "table": lambda: chain.from_iterable(
            table_entries(known.schema, name) for name, known in content.databases.items()
        ),
        "metric": lambda: metric_entries(catalogue().metrics),
        "term": partial(term_entries, told.terms),
        "reference": partial(reference_entries, told.references),
        "passage": partial(passage_entries, told.passages),
    }


class LiveSource:
    """Content in memory. Search is without vectors: making them would hold up the first question.

    Args:
        content: What was read.
        embedder: Makes the vectors of names where words of a question name nothing.
    """

    def __init__(self, content: Content, embedder: Embedder | None = None) -> None:
        self._content = content
        self._similar = SimilarNames(embedder) if embedder is not None else None
        self._lock = threading.Lock()
        self._layer: SemanticLayer | None = None
        self._indexes: dict[Kind, Index] = {}

    def schema(self, database: str) -> DatabaseSchema:
        return self._content.databases[database].schema

    def values(self, database: str) -> ValueIndex:
        return self._content.databases[database].values

    def told(self) -> Told:
        return self._content.told

    def layer(self) -> SemanticLayer:
        with self._lock:
            return self._made_layer()

    def catalogue(self) -> MetricCatalogue:
        return self.layer().catalogue()

    def index(self, kind: Kind) -> Index:
        with self._lock:
            if kind not in self._indexes:
                entries = entries_of(self._content, lambda: self._made_layer().catalogue())
                self._indexes[kind] = Index.of(entries[kind]())
            return self._indexes[kind]

    def similar(self) -> SimilarNames | None:
        return self._similar

    def close(self) -> None:
        """Close the indexes; no question may use them any more."""
        with self._lock:
            for index in self._indexes.values():
                index.close()
            self._indexes.clear()

    def _made_layer(self) -> SemanticLayer:
        if self._layer is None:
            self._layer = SemanticLayer(read_definitions(self._content.told.metrics))
        return self._layer


class BuiltSource:
    """A built version's file.

    Args:
        file: The file; the source closes it.
        embedder: Makes the vectors of questions.
        sources: What may be read now; a column that was excluded since the build is not searched.

    Raises:
        UnavailableError: The search index in the file cannot be read.
    """

    def __init__(
        self, file: KnowledgeFile, embedder: Embedder | None, sources: KnowledgeSources
    ) -> None:
        self._file = file
        self._sources = sources
        try:
            self._index = Index.open(file.path, embedder)
        except UnavailableError:
            file.close()
            raise
        self._similar = SimilarNames(embedder) if embedder is not None else None
        self._lock = threading.Lock()
        self._layer: SemanticLayer | None = None

    def schema(self, database: str) -> DatabaseSchema:
        return self._file.schema(database)

    def values(self, database: str) -> ValueIndex:
        return self._file.values(database, self._sources)

    def told(self) -> Told:
        return self._file.told()

    def layer(self) -> SemanticLayer:
        with self._lock:
            if self._layer is None:
                self._layer = SemanticLayer(read_definitions(self._file.told().metrics))
            return self._layer

    def catalogue(self) -> MetricCatalogue:
        return self._file.catalogue()

    def index(self, kind: Kind) -> Index:
        return self._index

    def similar(self) -> SimilarNames | None:
        return self._similar

    def close(self) -> None:
        """Close the file; no question may use it any more."""
        self._index.close()
        self._file.close()


def all_entries(content: Content, catalogue: MetricCatalogue) -> Iterable[Entry]:
    """Everything that can be found in content."""
    made = entries_of(content, lambda: catalogue)
    return chain.from_iterable(make() for make in made.values())
