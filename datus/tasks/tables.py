"""The tables as statements see them. What creates them is ``migrations``; a test holds the two equal.

Times are UTC, ISO 8601 with microseconds and ``Z``, so that they sort as text. JSON is text, so that
both engines store and return the same characters.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()

# SQLite gives ascending keys only to a column of the exact type INTEGER.
_KEY = BigInteger().with_variant(Integer, "sqlite")

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

SCHEMA_VERSION = Table(
    "schema_version",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_at", Text, nullable=False),
)
