"""Built-in types that a cast may name. A user's type can carry code, so any other is refused."""

from datus.types import Dialect

_NUMBERS = {"INTEGER", "INT", "BIGINT", "SMALLINT", "DECIMAL", "NUMERIC", "REAL", "FLOAT"}
_TIMES = {"DATE", "TIME", "TIMESTAMP"}

TYPES: dict[Dialect, frozenset[str]] = {
    "sqlite": frozenset(
        _NUMBERS
        | _TIMES
        | {"TINYINT", "DOUBLE", "DOUBLE PRECISION", "TEXT", "CHAR", "VARCHAR", "NVARCHAR"}
        | {"DATETIME", "BOOLEAN", "NUMBER", "STRING"}
    ),
    "duckdb": frozenset(
        _NUMBERS
        | _TIMES
        | {"TINYINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "DOUBLE"}
        | {"DOUBLE PRECISION", "INT4", "INT8", "FLOAT4", "FLOAT8", "TEXT", "CHAR", "VARCHAR"}
        | {"STRING", "BOOLEAN", "BOOL", "DATETIME", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"}
        | {"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "INTERVAL", "JSON", "UUID"}
    ),
    "postgresql": frozenset(
        _NUMBERS
        | _TIMES
        | {"INT2", "INT4", "INT8", "FLOAT4", "FLOAT8", "DOUBLE PRECISION", "MONEY"}
        | {"TEXT", "CHAR", "VARCHAR", "CHARACTER", "CHARACTER VARYING", "BOOLEAN", "BOOL"}
        | {"TIMESTAMPTZ", "TIMETZ", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITHOUT TIME ZONE"}
        | {"TIME WITH TIME ZONE", "TIME WITHOUT TIME ZONE", "INTERVAL", "JSON", "JSONB", "UUID"}
    ),
    "mysql": frozenset(
        {"SIGNED", "SIGNED INTEGER", "UNSIGNED", "UNSIGNED INTEGER", "INTEGER", "INT", "DECIMAL"}
        | {"DOUBLE", "FLOAT", "CHAR", "VARCHAR", "DATE", "TIME", "DATETIME", "JSON", "YEAR"}
    ),
}

LITERAL_TYPES: dict[Dialect, frozenset[str]] = {
    "sqlite": frozenset(),
    "duckdb": frozenset({"DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ"}),
    "postgresql": frozenset({"DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ"}),
    "mysql": frozenset({"DATE", "TIME", "TIMESTAMP"}),
}
"""Types that may stand before a string to make a constant: ``DATE '2024-01-15'``."""
