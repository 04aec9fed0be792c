"""One query of a DuckDB cursor to JSON-typed rows; runs in the process of ``duckdb_child``."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import duckdb

from datus.connectors.base import quoted
from datus.connectors.kinds import declared_kind
from datus.connectors.values import Fetched, iso_timestamp, read_result
from datus.errors import DatabaseError
from datus.types import TypeKind

_BATCH = 256


def fetch(
    cursor: duckdb.DuckDBPyConnection,
    *,
    sql: str,
    schema: str | None,
    max_rows: int,
    max_bytes: int,
) -> Fetched:
    """Run one query and convert its rows until a cap is met.

    Args:
        schema: What names without a schema mean; None leaves the file's default.

    Raises:
        DatabaseError: It is not one query.
        duckdb.Error: DuckDB refused it, or it was interrupted.
    """
    names, types = _bind(cursor, sql, schema)
    kinds: list[TypeKind | None] = [declared_kind("duckdb", text) for text in types]
    cursor.execute(_with_exact_types(sql, types))
    rows = _rows(cursor, types)
    return read_result(names, kinds, rows, max_rows=max_rows, max_bytes=max_bytes)


def plan(cursor: duckdb.DuckDBPyConnection, *, sql: str, schema: str | None) -> None:
    """Bind and plan one query without running it; raises as ``fetch``."""
    _bind(cursor, sql, schema)  # one query and nothing else: what follows EXPLAIN cannot be more
    cursor.execute(f"EXPLAIN {sql}")


def _bind(
    cursor: duckdb.DuckDBPyConnection, sql: str, schema: str | None
) -> tuple[list[str], list[str]]:
    """Column names and types before the query runs; everything but one query is refused here."""
    if schema is not None:
        cursor.execute(f"USE {quoted(schema)}")
    statements = cursor.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise DatabaseError("DuckDB runs exactly one query here, and nothing but a query.")
    relation = cursor.sql(sql)
    if relation is None:
        raise DatabaseError("The statement returns no rows: only queries are run.")
    return list(relation.columns), [str(kind) for kind in relation.types]


def _rows(cursor: duckdb.DuckDBPyConnection, types: list[str]) -> Iterator[tuple[Any, ...]]:
    readers = [_READERS.get(text) for text in types]
    bent = any(readers)
    while batch := cursor.fetchmany(_BATCH):
        for row in batch:
            yield _read(row, readers) if bent else row


def _with_exact_types(sql: str, types: list[str]) -> str:
    """The query, with columns that the driver would bend handed over as text or JSON.

    The driver needs a package of its own for time zones and turns a month into 30 days. Columns are
    named by position, so names that stand twice do no harm; the order of the rows stays.
    """
    if not any(_bent(text) for text in types):
        return sql
    names = [f"c{n}" for n in range(len(types))]
    shown = ", ".join(
        name if not _bent(text) else f"to_json({name})" if _nested(text) else f"{name}::VARCHAR"
        for name, text in zip(names, types, strict=True)
    )
    return f"SELECT {shown} FROM ({sql.rstrip().rstrip(';')}\n) AS q({', '.join(names)})"


def _bent(text: str) -> bool:
    return "WITH TIME ZONE" in text or "INTERVAL" in text


def _nested(text: str) -> bool:
    return text.endswith("]") or text.startswith(("STRUCT(", "MAP(", "UNION("))


def _read(row: tuple[Any, ...], readers: list[Callable[[str], str] | None]) -> tuple[Any, ...]:
    return tuple(
        value if read is None or value is None else read(value)
        for read, value in zip(readers, row, strict=True)
    )


def iso_interval(text: str) -> str:
    """DuckDB's ``1 year 2 months -3 days 04:05:06.5`` as ``P1Y2M-3DT4H5M6.5S``, as PostgreSQL writes it."""
    words = text.split()
    clock = words.pop() if words and ":" in words[-1] else ""
    days = "".join(
        f"{count}{unit[0].upper()}" for count, unit in zip(words[::2], words[1::2], strict=True)
    )
    if not clock:
        return f"P{days}" if days else "PT0S"
    sign = "-" if clock.startswith("-") else ""
    hours, minutes, seconds = clock.removeprefix("-").split(":")
    parts = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    shown = [(part.lstrip("0"), unit) for part, unit in parts]
    times = "".join(
        f"{sign}{'0' if part.startswith('.') else ''}{part}{unit}" for part, unit in shown if part
    )
    return f"P{days}T{times}" if times else f"P{days}" if days else "PT0S"


_READERS: Mapping[str, Callable[[str], str]] = {
    "TIMESTAMP WITH TIME ZONE": iso_timestamp,
    "INTERVAL": iso_interval,
}
