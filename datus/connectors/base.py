"""What a database is to the rest of datus, and what every connector shares.

A connector runs statements that ``datus.sql.guard`` has checked and rendered. It does not parse SQL: it
makes the engine itself refuse to write, stops statements that take too long or are no longer wanted, and
brings back JSON-typed rows within a cap.
"""

from dataclasses import dataclass, field
from typing import Protocol

from datus.errors import DatabaseError, DatabaseUnreachableError, StatementTimeoutError
from datus.types import Column, DatabaseSchema, Dialect, QueryResult, TableSchema

DEFAULT_MAX_BYTES = 32 * 2**20
"""Cap of one result's size in bytes, about: enough for 10,000 rows of 3 kB, small beside a worker."""

CONNECT_TIMEOUT_S = 5
"""Seconds to wait for a network database to accept a connection."""

PING_TIMEOUT_S = 10.0
INTROSPECT_TIMEOUT_S = 60.0
DISTINCT_TIMEOUT_S = 10.0
DISTINCT_SCAN_ROWS = 1_000_000
"""Rows of a table that are read for its distinct values; counts of a larger table are those of this part."""

DISTINCT_MAX_CHARS = 200
"""Longer texts are prose, not values that a question names."""


_MAX_MESSAGE = 2000


class Connector(Protocol):
    """One database of one namespace. Every method may be awaited by many tasks at once."""

    @property
    def dialect(self) -> Dialect:
        """The language its SQL is written in."""

    @property
    def database(self) -> str:
        """Name of the database within its namespace."""

    async def introspect(self) -> DatabaseSchema:
        """Tables and views that the connection's user can read, without system catalogs.

        Raises:
            DatabaseUnreachableError: No connection could be made.
            DatabaseError: The database refused.
        """

    async def distinct_values(
        self, table: TableSchema, column: Column, *, limit: int
    ) -> tuple[tuple[str, int], ...]:
        """Distinct texts of a column with their counts, most frequent first, at most ``limit``.

        Empty texts and those over ``DISTINCT_MAX_CHARS`` are left out. Of a table with more than
        ``DISTINCT_SCAN_ROWS`` rows only that many are read.

        Raises:
            StatementTimeoutError: It took longer than ``DISTINCT_TIMEOUT_S``.
            DatabaseUnreachableError, DatabaseError: As ``execute``.
        """

    async def execute(
        self, sql: str, *, max_rows: int, timeout_s: float, max_bytes: int = DEFAULT_MAX_BYTES
    ) -> QueryResult:
        """Run one query read-only and fetch at most ``max_rows`` rows and about ``max_bytes`` bytes.

        Cancelling the awaiting task stops the statement in the database first; ``CancelledError`` leaves
        when it is over, or after about ``pool.STOP_S`` seconds, when its connection is cut. Every method
        is cancelled so. While there is no connection yet it leaves at once.

        Args:
            sql: One statement that the guard has checked, in the connector's dialect.
            max_rows: Row cap; ``truncated`` says that there were more, ``truncated_by`` which cap was met.
            timeout_s: Seconds until the statement is stopped.
            max_bytes: Cap of the rows' size as JSON objects; a first row over it leaves none.

        Raises:
            StatementTimeoutError: The statement was stopped after ``timeout_s``.
            DatabaseError: The database refused it; the message is the database's own.
            DatabaseUnreachableError: No connection could be made, or none became free in time.
        """

    async def explain(self, sql: str, *, timeout_s: float) -> None:
        """Have the engine plan one query without running it, as read-only as ``execute`` and stopped alike.

        Args:
            sql: One statement that the guard has checked, in the connector's dialect.
            timeout_s: Seconds until planning is stopped.

        Raises:
            DatabaseError: The engine would refuse the query; the message is its own.
            StatementTimeoutError, DatabaseUnreachableError: As ``execute``.
        """

    async def ping(self) -> None:
        """Raise DatabaseUnreachableError unless the database answers."""

    async def close(self) -> None:
        """Close every connection; running statements close theirs when they end."""


@dataclass(frozen=True, slots=True)
class Target:
    """Which database a message is about, and what must not be in it.

    Attributes:
        label: ``namespace/database``.
        place: ``host:port`` or the file's path.
        secrets: Texts that are cut out of a failed connection's message.
    """

    label: str
    place: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def refused(self, message: object) -> DatabaseError:
        """The engine's own words about a statement, at most 2,000 characters of them."""
        return DatabaseError(str(message).strip()[:_MAX_MESSAGE])

    def unreachable(self, reason: object, advice: str) -> DatabaseUnreachableError:
        """Why no connection could be made, without secrets, and what to do."""
        text = str(reason).strip()[:_MAX_MESSAGE]
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return DatabaseUnreachableError(
            f"Database {self.label} at {self.place} cannot be reached: {text} {advice}",
            public=f"Database {self.label} cannot be reached now. Ask again later; "
            "the server's log has the cause.",
        )

    def timed_out(self, timeout_s: float) -> StatementTimeoutError:
        """That a statement was stopped after its time."""
        return StatementTimeoutError(
            f"The statement ran longer than {timeout_s:g} s on {self.label} and was stopped. "
            "Narrow it, for example to a shorter time range, or raise the statement timeout."
        )


def distinct_sql(
    table: str, column: str, text: str, length: str, *, text_only: str = "", limit: int
) -> str:
    """The statement behind ``Connector.distinct_values``.

    Args:
        table, column: Quoted names.
        text: The column as text, e.g. ``CAST("c" AS VARCHAR)``.
        length: The engine's function for a text's length in characters.
        text_only: A further condition on the column, for engines whose values have types of their own.
        limit: How many values.
    """
    return (
        f"SELECT v, count(*) AS n FROM (SELECT {text} AS v FROM {table} "
        f"WHERE {column} IS NOT NULL{text_only} LIMIT {DISTINCT_SCAN_ROWS}) AS s "
        f"WHERE {length}(v) BETWEEN 1 AND {DISTINCT_MAX_CHARS} "
        f"GROUP BY v ORDER BY n DESC, v LIMIT {limit}"
    )


def quoted(*names: str | None, mark: str = '"') -> str:
    """A dotted name with every part quoted; parts that are None are left out."""
    return ".".join(f"{mark}{name.replace(mark, mark * 2)}{mark}" for name in names if name)
