"""Frozen values that cross rooms. They carry no behaviour beyond names for their own parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol

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

Cut = Literal["rows", "bytes"]
"""Which cap a result met: that of its rows, or that of its size."""


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

    ``truncated`` says that a cap cut the rest off, ``truncated_by`` which one, None where that is not
    known. ``elapsed_s`` is wall time in seconds.
    """

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    elapsed_s: float
    truncated_by: Cut | None = None


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
class Comparison:
    """A wish to see figures beside those of an earlier period (同比, YoY, "vs last month").

    ``offset`` is how far back the other period lies; None is the one just before (环比), whose length
    is that of the range or grain asked for. ``words`` stand at ``text[span[0]:span[1]]``.
    """

    offset: Grain | None
    words: str
    span: tuple[int, int]


Area = tuple[str, ...]
"""A business area as a path: domain, layer1, layer2 and deeper; empty is everywhere."""


def area_of(*steps: str | None) -> Area:
    """The area of these steps, absent ones left out; a step may be a path itself: ``sales/retail``."""
    parts = [part.strip() for step in steps if step for part in step.split("/")]
    return tuple(part for part in parts if part)


def in_area(own: Area, asked: Area) -> bool:
    """Whether something of an area matters in another: as far as both paths go, they are the same."""
    return all(one.casefold() == other.casefold() for one, other in zip(own, asked, strict=False))


@dataclass(frozen=True, slots=True)
class Question:
    """What the caller asks: the text and all that narrows its meaning."""

    text: str
    today: date
    timezone: str = "UTC"
    area: Area = ()
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


MetricKind = Literal["simple", "ratio", "derived", "cumulative", "conversion"]

DimensionKind = Literal["categorical", "time"]


@dataclass(frozen=True, slots=True)
class Dimension:
    """Something that metrics can be grouped and filtered by.

    Attributes:
        name: Its name in a metric query: ``entity__dimension``, as in ``product__category``.
        kind: Whether it is a time; times are asked for at a grain.
        label: Short name for people.
        description: What it means.
        synonyms: Other words for it, in any language.
        table, column: The column that holds it, where it is one as it stands, else None. Values
            are looked up there.
    """

    name: str
    kind: DimensionKind
    label: str
    description: str = ""
    synonyms: tuple[str, ...] = ()
    table: str | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure with one definition for the whole company.

    Attributes:
        name: Its name in a metric query, ASCII.
        kind: How it is made.
        label: Short name for people.
        description: What it means, in the words of its owner.
        definition: How it is computed, one line made from the definition itself.
        synonyms: Other words for it, in any language.
        owner: Who answers for it, where the definition says so.
        area: The business area it belongs to; empty belongs to all.
        dimensions: Names of the dimensions that it can be grouped and filtered by.
        grain: The finest grain of its time.
        examples: Questions that it answers.
    """

    name: str
    kind: MetricKind
    label: str
    description: str = ""
    definition: str = ""
    synonyms: tuple[str, ...] = ()
    owner: str | None = None
    area: Area = ()
    dimensions: tuple[str, ...] = ()
    grain: Grain = "day"
    examples: tuple[str, ...] = ()


FilterOperator = Literal["=", "!=", "in", "not in", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """A condition on a dimension. ``values`` has one value but for ``in`` and ``not in``."""

    dimension: str
    operator: FilterOperator
    values: tuple[str | int | float | bool, ...]


@dataclass(frozen=True, slots=True)
class MetricOrder:
    """``by`` is a metric or dimension of the query, or ``metric_time``."""

    by: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """A question over metrics, complete: equal queries give equal SQL.

    Attributes:
        metrics: Names of metrics, at least one.
        dimensions: Names of dimensions to group by.
        grain: Time is a column, ``metric_time`` at this grain; None: no such column.
        start, end: The days it covers, ``[start, end)``; None leaves a side open.
        filters: Conditions, all of which hold.
        order: Order of the rows; by default time, then dimensions.
        limit: Most rows.
        compare: Put the figures of an earlier period beside each metric: so far back, or
            ``previous`` for the period just before. Adds ``<metric>_previous`` and
            ``<metric>_growth``, a fraction: (now - previous) / previous.
    """

    metrics: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    grain: Grain | None = None
    start: date | None = None
    end: date | None = None
    filters: tuple[MetricFilter, ...] = ()
    order: tuple[MetricOrder, ...] = ()
    limit: int | None = None
    compare: Grain | Literal["previous"] | None = None


@dataclass(frozen=True, slots=True)
class MetricCatalogue:
    """Metrics and the dimensions that they name, by name and best first where a search made it."""

    metrics: tuple[Metric, ...] = ()
    dimensions: Mapping[str, Dimension] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the business: what it means, and SQL for it where its author gave some."""

    word: str
    meaning: str
    synonyms: tuple[str, ...] = ()
    sql: str = ""
    area: Area = ()


@dataclass(frozen=True, slots=True)
class ReferenceSql:
    """A question and SQL that someone vouches for, with the tables and columns it reads."""

    question: str
    sql: str
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    database: str | None = None
    area: Area = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document, short enough to read at once. ``source`` is the file's name."""

    title: str
    text: str
    source: str
    area: Area = ()


@dataclass(frozen=True, slots=True)
class Gloss:
    """A text told beside a question, with the values and times that its own words name."""

    text: str
    values: tuple[ValueHit, ...] = ()
    times: tuple[TimeRange, ...] = ()


@dataclass(frozen=True, slots=True)
class SimilarName:
    """A table, or a column of it, that is called nearly what words mean that nothing else explains."""

    words: str
    table: str
    column: str | None
    score: float


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a hosted model is asked.

    Attributes:
        system: The part that is the same for every question of a prompt version; providers may cache it.
        user: The part of this question; what stands in it from users, databases and documents is data.
        version: Name and version of the prompt files it was made from, as ``generate_sql/en/1``.
    """

    system: str
    user: str
    version: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What requests to models took; tokens as the provider counts them.

    Attributes:
        cached_tokens: Of the input tokens, those that the provider had cached.
        cost: US dollars; None where the price of some request is not known.
    """

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost: float | None = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        known = self.cost is not None and other.cost is not None
        return Usage(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            (self.cost or 0.0) + (other.cost or 0.0) if known else None,
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a model, as a trace shows it.

    Attributes:
        purpose: Which node asked, and for what, as ``generate_sql`` or ``reflect``.
        model: Configured name of the model.
        answer: What it said, as text; empty where nothing came.
        error: ``code`` and ``message`` of what went wrong; None where the answer could be used.
        seconds: From the request to its end.
    """

    purpose: str
    model: str
    prompt: Prompt
    answer: str
    error: Mapping[str, Any] | None
    usage: Usage
    seconds: float


class Meter(Protocol):
    """Counts what one task spends on models, keeps its calls, and stops it at the end of a budget."""

    @property
    def deadline(self) -> float:
        """Time of the run's clock at which no further try of a model begins."""
        ...

    def check(self) -> None:
        """Raise BudgetError where a budget of the request, the client or the day is spent."""
        ...

    def record(self, call: Call) -> None:
        """Keep a call that was made, whether or not it gave an answer."""
        ...


@dataclass(frozen=True, slots=True)
class GenerationContext:
    """All that a generator may know of a question. Nodes gather it; a generator only reads it.

    ``meter`` counts what hosted models cost the task; None where none may be asked.
    """

    question: Question
    schema: DatabaseSchema
    values: tuple[ValueHit, ...] = ()
    times: tuple[TimeRange, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    metrics: MetricCatalogue = field(default_factory=MetricCatalogue)
    terms: tuple[Term, ...] = ()
    references: tuple[ReferenceSql, ...] = ()
    passages: tuple[Passage, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    glosses: tuple[Gloss, ...] = ()
    similar: tuple[SimilarName, ...] = ()
    meter: Meter | None = field(default=None, compare=False, repr=False)


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
        generator: Name of what made it, ``offline`` or ``hosted``.
        metric_query: The metric query that the SQL was compiled from, if it was.
        references: The reference SQL that it follows.
        explanation: What the SQL computes, in one or two sentences of the asker's language; empty
            where its generator cannot say it.
        confidence: How likely its answer is right, in [0, 1]; None where its generator cannot tell.
        model: Configured name of the hosted model that wrote it; empty where none did.
        degraded: Why generators or models that were to be asked first did not answer.
        assumptions: What its generator took for granted, in the asker's language.
        left_out: What its generator was not shown for lack of room, as ``columns: orders.note``.
    """

    sql: str
    score: float
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    words: tuple[WordUse, ...] = ()
    times: tuple[TimeRange, ...] = ()
    ordered: bool = False
    generator: str = "offline"
    metric_query: MetricQuery | None = None
    references: tuple[ReferenceSql, ...] = ()
    explanation: str = ""
    confidence: float | None = None
    model: str = ""
    degraded: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a task's log. ``seq`` counts from 1 without a gap within the task."""

    seq: int
    type: EventType
    data: Mapping[str, Any] = field(default_factory=dict)
    time: datetime | None = None
