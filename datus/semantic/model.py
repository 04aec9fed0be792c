"""What the definitions say, read once: frozen values that the rest of the room works on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from datus.semantic.source import Document, Path, Problem
from datus.types import Area

Target = Literal[
    "sqlite",
    "duckdb",
    "postgresql",
    "mysql",
    "snowflake",
    "bigquery",
    "databricks",
    "redshift",
    "trino",
]
"""Databases that metric queries are written for. The first four also run; the others are text only."""

RUNNING: tuple[Target, ...] = ("sqlite", "duckdb", "postgresql", "mysql")


@dataclass(frozen=True, slots=True)
class Relation:
    """The table behind a semantic model, as the definitions name it."""

    name: str
    schema: str | None = None
    database: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One semantic model or metric in MetricFlow's own shape, and where it was written.

    ``paths`` leads from a part of ``data`` to the part of the document that it was made from, where
    the two differ.
    """

    kind: Literal["semantic_model", "metric"]
    data: dict[str, Any]
    document: Document
    path: Path
    paths: Mapping[Path, Path] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.data.get("name", ""))

    def problem(self, inner: Path, message: str) -> Problem:
        for length in range(len(inner), -1, -1):
            if (moved := self.paths.get(inner[:length])) is not None:
                return self.document.problem((*moved, *inner[length:]), message)
        return self.document.problem((*self.path, *inner), message)


@dataclass(frozen=True, slots=True)
class Business:
    """What ``meta`` of a metric or dimension adds for people."""

    synonyms: tuple[str, ...] = ()
    owner: str | None = None
    area: Area = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Definitions:
    """Semantic models and metrics, checked.

    Attributes:
        manifest: MetricFlow's form of them.
        entries: The entries by kind and name, for messages that name a line.
        relations: The table of each semantic model.
        metrics: Business additions by metric.
        dimensions: Business additions by semantic model and dimension.
    """

    manifest: Any
    entries: Mapping[tuple[str, str], Entry]
    relations: Mapping[str, Relation]
    metrics: Mapping[str, Business]
    dimensions: Mapping[tuple[str, str], Business]
