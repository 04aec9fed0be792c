"""What is known of a namespace at one moment, immutable, and search in it."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Protocol

from datus.knowledge.content import Told
from datus.knowledge.entries import Kind
from datus.knowledge.search import Index, LinkingRate
from datus.knowledge.similar import SimilarNames
from datus.knowledge.terms import TermIndex
from datus.knowledge.values import ValueIndex
from datus.semantic import SemanticLayer
from datus.text import normal_form
from datus.types import (
    Area,
    DatabaseSchema,
    Metric,
    MetricCatalogue,
    Passage,
    ReferenceSql,
    SimilarName,
    TableSchema,
    Term,
    ValueHit,
    in_area,
)

TABLES_AT_RATE: Mapping[LinkingRate, int] = {"fast": 30, "medium": 60, "slow": 120}
"""Tables handed on at most; a schema with no more tables than this is handed on whole."""


class Source(Protocol):
    """Where a snapshot's parts come from: a live database, or a built version's file.

    What it returns never changes; equal calls may return the same object.
    """

    def schema(self, database: str) -> DatabaseSchema: ...

    def values(self, database: str) -> ValueIndex: ...

    def told(self) -> Told: ...

    def layer(self) -> SemanticLayer: ...

    def catalogue(self) -> MetricCatalogue: ...

    def index(self, kind: Kind) -> Index: ...

    def similar(self) -> SimilarNames | None: ...

    def close(self) -> None: ...


class Snapshot:
    """A namespace as datus knows it; ``version`` names this state in every answer that rests on it.

    May be used from many threads.

    Args:
        databases: The databases that it covers, by name.
        metrics_database: The one that metrics are about, if any.
    """

    def __init__(
        self,
        version: str,
        databases: tuple[str, ...],
        source: Source,
        *,
        metrics_database: str | None = None,
    ) -> None:
        self.version = version
        self.databases = databases
        self.metrics_database = metrics_database
        self._source = source
        self._schemas: dict[str, DatabaseSchema] = {}
        self._values: dict[str, ValueIndex] = {}
        self._narrowed: dict[tuple[str, ...], Snapshot] = {databases: self}

    def narrowed(self, databases: tuple[str, ...]) -> "Snapshot":
        """The same knowledge of some of its databases only; the same object at every call."""
        if databases not in self._narrowed:
            part = copy(self)
            part.databases = databases
            self._narrowed.setdefault(databases, part)
        return self._narrowed[databases]

    def schema(self, database: str) -> DatabaseSchema:
        """The tables of a database; the same object at every call, so others can keep what they derive."""
        if database not in self._schemas:
            # Two threads may both read it; the first one's stays.
            self._schemas.setdefault(database, self._source.schema(database))
        return self._schemas[database]

    def values(self, database: str) -> ValueIndex:
        """The values of a database's text columns."""
        if database not in self._values:
            self._values.setdefault(database, self._source.values(database))
        return self._values[database]

    @cached_property
    def told(self) -> Told:
        """What people wrote down: terms, reference SQL, documents."""
        return self._source.told()

    @cached_property
    def layer(self) -> SemanticLayer:
        """The metrics, ready to be compiled.

        Raises:
            ConfigError: The definitions cannot be used; it names file and line.
        """
        return self._source.layer()

    @cached_property
    def catalogue(self) -> MetricCatalogue:
        """All metrics of the namespace, and the dimensions that they name.

        Raises:
            ConfigError: As for ``layer``.
        """
        return self._source.catalogue()

    def find_values(self, database: str, text: str) -> tuple[ValueHit, ...]:
        """The words of a text that occur as values, with every column that holds them."""
        return self.values(database).find(text)

    def find_similar(self, schema: DatabaseSchema, words: Sequence[str]) -> tuple[SimilarName, ...]:
        """The names of a schema that words mean nearly, by sentence vectors; none where there are no vectors."""
        similar = self._source.similar()
        return similar.find(schema, words) if similar is not None else ()

    def link(self, database: str, text: str, rate: LinkingRate = "fast") -> tuple[TableSchema, ...]:
        """The tables that matter to a question, best first, with those that join them.

        Args:
            text: The question.
            rate: How widely to look; see ``TABLES_AT_RATE``.
        """
        schema = self.schema(database)
        if len(schema.tables) <= TABLES_AT_RATE[rate]:
            return schema.tables
        found = self._source.index("table").search(
            text,
            "table",
            databases=(database,),
            limit=TABLES_AT_RATE[rate],
            values=self._hits(text, (database,)),
            rate=rate,
        )
        tables = {schema.name_of(table): table for table in schema.tables}
        return tuple(tables[each.key] for each in found)

    def rank_databases(self, text: str) -> tuple[tuple[str, float], ...]:
        """The databases whose tables fit a question, best first, each with how well they do."""
        return self._source.index("table").rank_databases(
            text, databases=self.databases, values=self._hits(text, self.databases)
        )

    def find_metrics(self, text: str, area: Area, limit: int) -> MetricCatalogue:
        """The metrics of a business area that a text may mean, best first, and what they are split by.

        No more than ``limit``; where the area has no more than that, all of them.
        """
        there = within(self.catalogue, area).metrics
        by_name = {metric.name: metric for metric in there}
        names = self._found("metric", text, area, limit)
        if len(there) <= limit:
            names += [name for name in by_name if name not in names]
        return _of(self.catalogue, (by_name[name] for name in names))

    def find_terms(self, text: str, area: Area) -> tuple[Term, ...]:
        """The business terms of an area that a text says, in the order of the text."""
        return self._terms.find(text, area)

    def same_questions(self, text: str, area: Area) -> tuple[ReferenceSql, ...]:
        """The vouched-for questions of an area that ask in the very same words as a text."""
        same = self._references.get(normal_form(text), ())
        return tuple(each for each in same if in_area(each.area, area))

    def find_references(self, text: str, area: Area, limit: int) -> tuple[ReferenceSql, ...]:
        """The vouched-for questions most like a text, best first."""
        if not self.told.references:
            return ()
        keys = self._found("reference", text, area, limit)
        return tuple(self.told.references[int(key)] for key in keys)

    def find_passages(self, text: str, area: Area, limit: int) -> tuple[Passage, ...]:
        """The parts of documents that a text is about, best first."""
        if not self.told.passages:
            return ()
        return tuple(
            self.told.passages[int(key)] for key in self._found("passage", text, area, limit)
        )

    def _found(self, kind: Kind, text: str, area: Area, limit: int) -> list[str]:
        found = self._source.index(kind).search(text, kind, area=area, limit=limit)
        return [each.key for each in found]

    def _hits(self, text: str, databases: tuple[str, ...]) -> Mapping[str, tuple[ValueHit, ...]]:
        return {name: self.find_values(name, text) for name in databases}

    @cached_property
    def _references(self) -> Mapping[str, tuple[ReferenceSql, ...]]:
        found: dict[str, list[ReferenceSql]] = {}
        for each in self.told.references:
            found.setdefault(normal_form(each.question), []).append(each)
        return {words: tuple(same) for words, same in found.items()}

    @cached_property
    def _terms(self) -> TermIndex:
        return TermIndex(self.told.terms)

    def close(self) -> None:
        """Free what the snapshot holds; no question may use it any more."""
        self._source.close()


def within(catalogue: MetricCatalogue, area: Area) -> MetricCatalogue:
    """The metrics of a business area, and the dimensions that they name."""
    return _of(catalogue, (each for each in catalogue.metrics if in_area(each.area, area)))


def _of(catalogue: MetricCatalogue, metrics: Iterable[Metric]) -> MetricCatalogue:
    kept = tuple(metrics)
    wanted = sorted({name for metric in kept for name in metric.dimensions})
    return MetricCatalogue(kept, {name: catalogue.dimensions[name] for name in wanted})
