"""Frozen values that cross rooms. They carry no behaviour beyond names for their own parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

Dialect = Literal["sqlite", "duckdb", "postgresql", "mysql"]
"""Databases that datus speaks to; MariaDB is ``mysql``."""

TypeKind = Literal[
    "integer", "number", "text", "date", "datetime", "time", "boolean", "binary", "json", "other"
]
"""What a column's declared type means, the same word in every database."""

TaskStatus = Literal["queued", "running", "completed", "failed", "refused", "cancelled"]

EventType = Literal[
    "started",
    "progress",
    "node_progress",
    "node_detail",
    "sql_generated",
    "execution_complete",
    "output_ready",
    "error",
    "done",
]

Grain = Literal["day", "week", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table or view, as the database declares it."""

    name: str
    type: str
    kind: TypeKind
    nullable: bool = True
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """``columns`` of one table point to ``ref_columns`` of ``ref_table`` (same database)."""

    columns: tuple[str, ...]
    ref_table: str
    ref_columns: tuple[str, ...]
    ref_schema: str | None = None


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table or view. ``row_estimate`` is None where the database has no cheap figure."""

    name: str
    columns: tuple[Column, ...]
    schema: str | None = None
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    comment: str = ""
    row_estimate: int | None = None
    is_view: bool = False


@dataclass(frozen=True, slots=True)
class DatabaseSchema:
    """All that one database of a namespace lets a question touch. Holds no system catalog.

    ``default_schema`` is the schema that an unqualified name means (``public``, ``main``), or None.
    """

    dialect: Dialect
    database: str
    tables: tuple[TableSchema, ...]
    default_schema: str | None = None

    def name_of(self, table: TableSchema) -> str:
        """A table's name in plans and answers: with its schema only where that is not the default."""
        if table.schema is None or table.schema == self.default_schema:
            return table.name
        return f"{table.schema}.{table.name}"


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result: its name (unique in the result) and the meaning of its type."""

    name: str
    type: TypeKind


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows of a statement, values already JSON-typed (see ``connectors.values``).

    ``truncated`` says that the row cap cut the rest off. ``elapsed_s`` is wall time in seconds.
    """

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A span of days read from a question: ``[start, end)``; an open side is None.

    ``words`` are the question's own, found at ``text[span[0]:span[1]]``.
    """

    start: date | None
    end: date | None
    grain: Grain
    words: str
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Question:
    """What the caller asks: the text and all that narrows its meaning."""

    text: str
    today: date
    timezone: str = "UTC"
    domain: str | None = None
    layer1: str | None = None
    layer2: str | None = None
    ext_knowledge: str | None = None


@dataclass(frozen=True, slots=True)
class ValueHit:
    """Words of the question that occur as a value: ``table.column = value`` at ``span`` of the text."""

    table: str
    column: str
    value: str
    span: tuple[int, int]
    score: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """SQL that was tried before in this run, and what was wrong with it."""

    sql: str
    error: str


@dataclass(frozen=True, slots=True)
class GenerationContext:
    """All that a generator may know of a question. Nodes gather it; a generator only reads it."""

    question: Question
    schema: DatabaseSchema
    values: tuple[ValueHit, ...] = ()
    times: tuple[TimeRange, ...] = ()
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class WordUse:
    """Which words of the question led to which part of the answer (``meaning`` is for people)."""

    words: str
    span: tuple[int, int]
    meaning: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to answer, best first in a generator's list.

    Attributes:
        sql: One statement in the dialect of the context's schema.
        score: Higher is more likely; comparable only within one list.
        tables: Tables it reads, as ``table`` or ``schema.table``.
        columns: Columns it reads, as ``table.column``.
        words: The words it rests on.
        times: The time ranges it used, a subset of the context's.
        ordered: Whether the question asks for an order of the rows.
        generator: Name of what made it, ``offline`` or a model's.
    """

    sql: str
    score: float
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    words: tuple[WordUse, ...] = ()
    times: tuple[TimeRange, ...] = ()
    ordered: bool = False
    generator: str = "offline"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a task's log. ``seq`` counts from 1 without a gap within the task."""

    seq: int
    type: EventType
    data: Mapping[str, Any] = field(default_factory=dict)
    time: datetime | None = None
