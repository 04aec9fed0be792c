"""What the targets write differently, as sqlglot trees. Only names, dates and numbers of our own go in."""

from datetime import date

import sqlglot
from sqlglot import exp

from datus.semantic.model import Target
from datus.semantic.names import RESERVED
from datus.semantic.shifting import sqlite_shift
from datus.types import Grain

_SQLGLOT: dict[Target, str] = {"postgresql": "postgres"}

MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "year": 12}
DAYS: dict[str, int] = {"day": 1, "week": 7}


def sqlglot_name(target: Target) -> str:
    """The name under which sqlglot knows ``target``."""
    return _SQLGLOT.get(target, target)


def name(word: str) -> exp.Identifier:
    """A name of the definitions; quoted where databases would take it for syntax."""
    return exp.to_identifier(word, quoted=word in RESERVED)


def column(word: str, table: str) -> exp.Column:
    """The column ``word`` of the subquery ``table``."""
    return exp.column(name(word), table=table)


def text(node: exp.Expr, target: Target) -> str:
    """Write ``node`` for ``target``, without comments."""
    return node.sql(dialect=sqlglot_name(target), comments=False)


def read(sql: str, target: Target) -> exp.Expr:
    """Read SQL of ``target``."""
    return sqlglot.parse_one(sql, dialect=sqlglot_name(target))


def moment(day: date, target: Target) -> exp.Expr:
    """A day to compare a time column with, whatever its type."""
    literal = exp.Literal.string(day.isoformat())
    if target == "trino":  # the only one that does not read a text as the time it is compared with
        return exp.cast(literal, "TIMESTAMP")
    return literal


def day_value(day: date, target: Target) -> exp.Expr:
    """A day as a value that can be counted on from."""
    literal = exp.Literal.string(day.isoformat())
    return literal if target == "sqlite" else exp.cast(literal, "DATE")


def as_date(node: exp.Expr, target: Target) -> exp.Expr:
    """``node``, a time or a date, as a date; ISO text in SQLite, which has no dates."""
    if target == "sqlite":
        return exp.Anonymous(this="DATE", expressions=[node])
    return exp.cast(node, "DATE")


def plus_days(day: exp.Expr, count: exp.Expr, target: Target) -> exp.Expr:
    """The date ``count`` days after the date ``day``, ``count`` being a column."""
    d, n = text(day, target), text(count, target)
    written = {
        "sqlite": f"DATE({d}, {n} || ' days')",
        "duckdb": f"{d} + CAST({n} AS INTEGER)",
        "postgresql": f"{d} + CAST({n} AS INTEGER)",
        "mysql": f"DATE_ADD({d}, INTERVAL {n} DAY)",
        "snowflake": f"DATEADD(DAY, {n}, {d})",
        "bigquery": f"DATE_ADD({d}, INTERVAL {n} DAY)",
        "databricks": f"DATE_ADD({d}, {n})",
        "redshift": f"CAST(DATEADD(DAY, {n}, {d}) AS DATE)",
        "trino": f"DATE_ADD('DAY', {n}, {d})",
    }[target]
    return read(written, target)


def earlier(day: exp.Expr, count: int, unit: str, target: Target) -> exp.Expr:
    """The date ``count`` months or days before the date ``day``, as a date.

    A month that is too short ends at its last day, in every database.
    """
    d = text(day, target)
    if target == "sqlite":
        return read(sqlite_shift(d, -count, unit), target)
    written = {
        "duckdb": f"CAST({d} - INTERVAL '{count}' {unit} AS DATE)",
        "postgresql": f"CAST({d} - INTERVAL '{count} {unit}' AS DATE)",
        "mysql": f"DATE_SUB({d}, INTERVAL {count} {unit})",
        "snowflake": f"DATEADD({unit}, -{count}, {d})",
        "bigquery": f"DATE_SUB({d}, INTERVAL {count} {unit})",
        "databricks": f"CAST({d} - INTERVAL '{count}' {unit} AS DATE)",
        "redshift": f"CAST(DATEADD({unit}, -{count}, {d}) AS DATE)",
        "trino": f"DATE_ADD('{unit}', -{count}, {d})",
    }[target]
    return read(written, target)


def literal(value: str | int | float | bool, target: Target) -> exp.Expr:
    """A value of a filter as a constant; text is escaped when the tree is written."""
    if isinstance(value, bool):
        if target == "sqlite":
            return exp.Literal.number(int(value))
        return exp.Boolean(this=value)
    if isinstance(value, int | float):
        number = exp.Literal.number(repr(abs(value)))
        return exp.Neg(this=number) if value < 0 else number
    if target == "postgresql" and "\\" in value:
        return _without_backslashes(value)
    return exp.Literal.string(value)


def _without_backslashes(value: str) -> exp.Expr:
    """A text whose backslashes PostgreSQL cannot take for escapes, whatever its settings."""
    parts: list[exp.Expr] = []
    for index, part in enumerate(value.split("\\")):
        if index:
            parts.append(exp.Anonymous(this="CHR", expressions=[exp.Literal.number(92)]))
        parts.append(exp.Literal.string(part))
    joined = parts[0]
    for each in parts[1:]:
        joined = exp.DPipe(this=joined, expression=each)
    return exp.Paren(this=joined)


def same(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Equal, or both NULL."""
    return exp.NullSafeEQ(this=left, expression=right)


def at_least(grain: Grain, other: str) -> bool:
    """Whether ``grain`` is as coarse as ``other`` or coarser."""
    order = ("day", "week", "month", "quarter", "year")
    return other in order and order.index(grain) >= order.index(other)
