"""The tables as statements see them. What creates them is ``migrations``; a test holds the two equal.

Times are UTC, ISO 8601 with microseconds and ``Z``, so that they sort as text. JSON is text, so that
both engines store and return the same characters.
"""

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

METADATA = MetaData()

# SQLite gives ascending keys only to a column of the exact type INTEGER.
_KEY = BigInteger().with_variant(Integer, "sqlite")
_COUNT = BigInteger().with_variant(Integer, "sqlite")
_NUMBER: TypeEngine[float] = Double().with_variant(REAL, "sqlite")

TASK = Table(
    "task",
    METADATA,
    Column("id", _KEY, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("task_id", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("workflow", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("losses", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("answer", Text),
    Column("error", Text),
    Column("created_at", Text, nullable=False),
    Column("started_at", Text),
    Column("finished_at", Text),
    Column("cancel_requested_at", Text),
    UniqueConstraint("client_id", "task_id", name="task_name"),
    Index("task_newest", "client_id", "id"),
    Index("task_owner", "status", "owner"),
    Index("task_count", "status", "workflow"),
    Index("task_finished", "status", "finished_at"),
    sqlite_autoincrement=True,
)

EVENT = Table(
    "event",
    METADATA,
    Column("task", _KEY, ForeignKey("task.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("type", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("time", Text, nullable=False),
)

# What nodes gave, for whoever takes the task over; gone with the task's end.
STEP = Table(
    "step",
    METADATA,
    Column("task", _KEY, ForeignKey("task.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("data", Text, nullable=False),
)

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("id", _KEY, primary_key=True),
    Column("task", _KEY, ForeignKey("task.id", ondelete="CASCADE"), nullable=False),
    Column("status", Text, nullable=False),
    Column("comment", Text),
    Column("corrected_sql", Text),
    Column("recorded_at", Text, nullable=False),
    Index("feedback_task", "task", "id"),
    sqlite_autoincrement=True,
)

# It names its task by words, not by key: what was spent stays known when the task is deleted.
USAGE = Table(
    "usage",
    METADATA,
    Column("id", _KEY, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("task_id", Text, nullable=False),
    Column("workflow", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("requests", _COUNT, nullable=False),
    Column("input_tokens", _COUNT, nullable=False),
    Column("output_tokens", _COUNT, nullable=False),
    Column("cached_tokens", _COUNT, nullable=False),
    Column("cost_usd", _NUMBER),
    Index("usage_day", "day", "client_id"),
    sqlite_autoincrement=True,
)

TRACE = Table(
    "trace",
    METADATA,
    Column("task", _KEY, ForeignKey("task.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("time", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("prompt_version", Text, nullable=False),
    Column("system", Text),
    Column("prompt", Text),
    Column("answer", Text),
    Column("cut", Boolean, nullable=False),
    Column("error", Text),
    Column("requests", _COUNT, nullable=False),
    Column("input_tokens", _COUNT, nullable=False),
    Column("output_tokens", _COUNT, nullable=False),
    Column("cached_tokens", _COUNT, nullable=False),
    Column("cost_usd", _NUMBER),
    Column("seconds", _NUMBER, nullable=False),
    Index("trace_time", "time"),
)

# How many tasks were deleted, so that counters go on from where they were.
PURGED = Table(
    "purged",
    METADATA,
    Column("workflow", Text, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("tasks", _COUNT, nullable=False),
)

# Requests and failed sign-ins counted for all processes: see ``rates``.
RATE = Table(
    "rate",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("count", _COUNT, nullable=False),
    Column("expires_at", _NUMBER, nullable=False),
    Index("rate_expiry", "expires_at"),
)

SCHEMA_VERSION = Table(
    "schema_version",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", Text, nullable=False),
)
