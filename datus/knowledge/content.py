"""All that is known of a namespace, as plain values: what a build writes and a search reads."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from datus.knowledge.values import Place, ValueIndex
from datus.types import DatabaseSchema, Passage, ReferenceSql, Term

Component = Literal["schema", "values", "reference_sql", "documents", "terms", "metrics"]
"""A kind of knowledge that can be built by itself."""

COMPONENTS: tuple[Component, ...] = (
    "schema",
    "values",
    "reference_sql",
    "documents",
    "terms",
    "metrics",
)

ColumnName = tuple[str, str]
"""A table's name as ``DatabaseSchema.name_of`` gives it, and a column's."""


@dataclass(frozen=True)
class DatabaseContent:
    """One database: its tables with inferred keys, its values, and the columns all of whose are here.

    ``limit`` is how many values of a column were read at most.
    """

    schema: DatabaseSchema
    places: tuple[Place, ...] = ()
    complete: frozenset[ColumnName] = frozenset()
    limit: int = 0

    @cached_property
    def digest(self) -> str:
        """Equal content, equal digest."""
        return digest_of(self.schema, self.places, sorted(self.complete), self.limit)

    @cached_property
    def values(self) -> ValueIndex:
        """The values, searched in memory."""
        return ValueIndex.build(self.places, self.complete)


@dataclass(frozen=True)
class Told:
    """What people wrote down, from the files that the configuration names.

    Attributes:
        metrics: Texts of metric definitions by file name.
        problems: What was left out and why, one line each, with file and line.
    """

    references: tuple[ReferenceSql, ...] = ()
    passages: tuple[Passage, ...] = ()
    terms: tuple[Term, ...] = ()
    metrics: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Equal content, equal digest."""
        return digest_of(self.references, self.passages, self.terms, sorted(self.metrics.items()))


@dataclass(frozen=True)
class Content:
    """A namespace at one moment."""

    databases: Mapping[str, DatabaseContent]
    told: Told

    @property
    def digest(self) -> str:
        """The first 12 hexadecimal digits of a hash of everything here; equal content, equal digest."""
        known = [(name, self.databases[name].digest) for name in sorted(self.databases)]
        return digest_of(known, self.told.digest)


def digest_of(*parts: object) -> str:
    """The first 12 hexadecimal digits of a hash of values that ``repr`` shows whole."""
    found = hashlib.sha256()
    for part in parts:
        found.update(repr(part).encode())
    return found.hexdigest()[:12]
