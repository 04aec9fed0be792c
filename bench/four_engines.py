"""One database with the same tables, keys, comments and rows on SQLite, DuckDB, PostgreSQL and MariaDB.

`read_sqlite` and `read_duckdb` read a file into `Table`s that all four can hold, and say what they had to
leave out; `write` makes them on one engine. What cannot be held by the strictest engine is left out of
every copy, so that the copies differ in nothing but their engine.
"""

import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql

from datus.connectors import duckdb_schema, sqlite_schema
from datus.types import Column, Dialect, ForeignKey, TableSchema, TypeKind

ENGINES: tuple[Dialect, ...] = ("sqlite", "duckdb", "postgresql", "mysql")
HOST = "127.0.0.1"
_MOST_DECIMALS = 10
_DIGITS = 38

_TYPES: Mapping[Dialect, Mapping[str, str]] = {
    "sqlite": {"integer": "INTEGER", "number": "NUMERIC", "double": "NUMERIC", "text": "TEXT", "date": "DATE",
               "datetime": "DATETIME", "boolean": "BOOLEAN"},
    "duckdb": {"integer": "BIGINT", "number": "DECIMAL({digits},{scale})", "double": "DOUBLE", "text": "VARCHAR",
               "date": "DATE", "datetime": "TIMESTAMP", "boolean": "BOOLEAN"},
    "postgresql": {"integer": "BIGINT", "number": "NUMERIC", "double": "DOUBLE PRECISION", "text": "TEXT",
                   "date": "DATE", "datetime": "TIMESTAMP", "boolean": "BOOLEAN"},
    "mysql": {"integer": "BIGINT", "number": "DECIMAL({digits},{scale})", "double": "DOUBLE",
              "text": "VARCHAR({length})", "date": "DATE", "datetime": "DATETIME(6)", "boolean": "BOOLEAN"},
}  # fmt: skip


class MisfitError(ValueError):
    """A value that a column of its type cannot hold on every engine."""


@dataclass(frozen=True)
class Table:
    """A table that every engine can hold; ``types`` are keys of ``_TYPES`` by column, rows in their order."""

    schema: TableSchema
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    @property
    def name(self) -> str:
        return self.schema.name

    def values(self, row: Sequence[Any], names: Iterable[str]) -> tuple[Any, ...]:
        return tuple(row[self.place(name)] for name in names)

    def place(self, name: str) -> int:
        return [column.name for column in self.schema.columns].index(name)


@dataclass
class LeftOut:
    """What the copies lack: rows by reason, and one line for each key and each column of another type."""

    rows: Counter[str] = field(default_factory=Counter)
    keys: list[str] = field(default_factory=list)
    retyped: list[str] = field(default_factory=list)


# reading


def read_sqlite(path: Path) -> tuple[list[Table], LeftOut]:
    """The tables of a SQLite file, those that others point to first."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = lambda content: content.decode("utf-8", "replace")
        schemas = [t for t in sqlite_schema.introspect(connection) if not t.is_view]
        rows = {
            t.name: connection.execute(f"SELECT * FROM {_quoted(t.name, 'sqlite')}").fetchall()
            for t in schemas
        }
    return _portable(schemas, rows)


def read_duckdb(path: Path) -> tuple[list[Table], LeftOut]:
    """The tables of a DuckDB file, likewise."""
    with duckdb.connect(str(path), read_only=True) as connection:

        def query(sql: str) -> list[list[Any]]:
            return [list(row) for row in connection.execute(sql).fetchall()]

        schemas = [t for t in duckdb_schema.introspect(query, None, "main") if not t.is_view]
        rows = {
            t.name: connection.execute(f"SELECT * FROM {_quoted(t.name, 'duckdb')}").fetchall()
            for t in schemas
        }
    return _portable(schemas, rows)


def _portable(
    schemas: Sequence[TableSchema], rows: Mapping[str, Sequence[tuple[Any, ...]]]
) -> tuple[list[Table], LeftOut]:
    left = LeftOut()
    typed = {schema.name: _typed(schema, rows[schema.name], left) for schema in schemas}
    made: dict[str, Table] = {}
    waiting = list(typed)
    while waiting:
        ready = [name for name in waiting if _parents(typed[name]) <= made.keys() | {name}]
        name = (ready or waiting)[0]
        waiting.remove(name)
        made[name] = _with_held_keys(typed[name], typed, made, left)
    return list(made.values()), left


def _parents(table: Table) -> set[str]:
    return {key.ref_table for key in table.schema.foreign_keys}


def _typed(schema: TableSchema, rows: Sequence[tuple[Any, ...]], left: LeftOut) -> Table:
    """The table with a type for each column that most of its values have, and only rows that fit."""
    types: list[str] = []
    columns: list[Column] = []
    for place, column in enumerate(schema.columns):
        values = [row[place] for row in rows if row[place] is not None]
        kind = _kind(column.kind, values)
        if kind != column.kind and kind != "double":
            left.retyped.append(f"{schema.name}.{column.name}: {column.kind} as {kind}")
        types.append(kind)
        columns.append(column)
    kept: list[tuple[Any, ...]] = []
    for row in rows:
        try:
            fitted = tuple(_fit(value, kind) for value, kind in zip(row, types, strict=True))
        except MisfitError:
            left.rows["a value of another type"] += 1
            continue
        needed = (not column.nullable for column in columns)
        if any(need and value is None for need, value in zip(needed, fitted, strict=True)):
            left.rows["NULL in a column that takes none"] += 1
            continue
        kept.append(fitted)
    return Table(replace(schema, columns=tuple(columns)), tuple(types), tuple(kept))


def _kind(kind: TypeKind, values: Sequence[Any]) -> str:
    """The declared kind where at least half of the values fit it, else text."""
    known = kind if kind in _TYPES["sqlite"] else "text"
    fitting = sum(_fits(value, known) for value in values)
    if 2 * fitting < len(values):
        return "text"
    if known == "number":
        numbers = [value for value in values if isinstance(value, float | Decimal)]
        if any(_decimals(value) > _MOST_DECIMALS for value in numbers):
            return "double"
    return known


def _fits(value: Any, kind: str) -> bool:
    try:
        _fit(value, kind)
    except MisfitError:
        return False
    return True


def _fit(value: Any, kind: str) -> Any:
    """The value as Python's type for ``kind``; days and times from ISO text.

    Raises:
        MisfitError: It is none.
    """
    if value is None:
        return None
    match kind:
        case "integer" if isinstance(value, int) and abs(value) < 2**63:
            return int(value)
        case "number" if isinstance(value, int | float | Decimal):
            number = Decimal(str(value))
            if number.is_finite() and abs(number) < 10 ** (_DIGITS - _MOST_DECIMALS):
                return number
        case "double" if isinstance(value, int | float | Decimal):
            return float(value)
        case "boolean" if value in (0, 1):
            return bool(value)
        case "text" if not isinstance(value, bytes):
            text = str(value)
            if "\0" not in text:  # PostgreSQL takes none
                return text
        case "date" | "datetime":
            return _moment(value, kind)
    raise MisfitError(f"{value!r} is no {kind}")


def _moment(value: Any, kind: str) -> date:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise MisfitError(str(error)) from error
    if kind == "datetime":
        return moment
    if moment.time() != datetime.min.time():
        raise MisfitError(f"{value!r} is more than a day")
    return moment.date()


def _decimals(value: float | Decimal) -> int:
    exponent = Decimal(str(value)).normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else _DIGITS


def _with_held_keys(
    table: Table, typed: Mapping[str, Table], made: Mapping[str, Table], left: LeftOut
) -> Table:
    """The table with the foreign keys that all engines take, and the rows that keep all its keys."""
    keys: list[ForeignKey] = []
    for key in dict.fromkeys(table.schema.foreign_keys):
        reason = _unheld(key, table, typed, made)
        if reason:
            columns = ", ".join(key.columns)
            left.keys.append(f"{table.name} ({columns}) to {key.ref_table}: {reason}")
        else:
            keys.append(key)
    schema = replace(table.schema, foreign_keys=tuple(keys))
    table = replace(table, schema=schema, rows=_unique(table, left))
    for key in keys:
        while True:  # of a table that points to itself, a row that goes may be another's parent
            target = table if key.ref_table == table.name else made[key.ref_table]
            there = {target.values(row, key.ref_columns) for row in target.rows}
            rows = tuple(
                row
                for row in table.rows
                if None in (own := table.values(row, key.columns)) or own in there
            )
            gone = len(table.rows) - len(rows)
            left.rows["a foreign key to no row"] += gone
            table = replace(table, rows=rows)
            if not gone or target.name != table.name:
                break
    return table


def _unheld(
    key: ForeignKey, table: Table, typed: Mapping[str, Table], made: Mapping[str, Table]
) -> str:
    """Why some engine refuses a foreign key; empty where none does."""
    target = typed[key.ref_table]
    if target.name != table.name and target.name not in made:
        return "tables point to each other"
    if tuple(key.ref_columns) != target.schema.primary_key:
        return "it points to no primary key"
    for own, other in zip(key.columns, key.ref_columns, strict=True):
        if _declared("mysql", table, own) != _declared("mysql", target, other) and (
            table.types[table.place(own)] != "text" or target.types[target.place(other)] != "text"
        ):
            return "the types differ"
    return ""


def _unique(table: Table, left: LeftOut) -> tuple[tuple[Any, ...], ...]:
    """The rows without those whose primary key is there already, to the most lenient collation."""
    if not table.schema.primary_key:
        return table.rows
    seen: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in table.rows:
        key = tuple(map(_collated, table.values(row, table.schema.primary_key)))
        if key in seen:
            left.rows["a primary key that is there already"] += 1
        else:
            seen[key] = row
    return tuple(seen.values())


def _collated(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    plain = unicodedata.normalize("NFKD", value)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold().rstrip()


# writing


def write(tables: Sequence[Table], engine: Dialect, place: str) -> None:
    """Make the tables on one engine.

    Args:
        place: A new file for SQLite and DuckDB, an empty database for PostgreSQL and MariaDB.
    """
    _WRITERS[engine](tables, place)


def _write_sqlite(tables: Sequence[Table], place: str) -> None:
    with closing(sqlite3.connect(place)) as connection, connection:
        for table in tables:
            for statement in statements(table, "sqlite"):
                connection.execute(statement)
            rows = ([_sqlite_value(value) for value in row] for row in table.rows)
            connection.executemany(_insert(table, "sqlite", "?"), rows)


def _sqlite_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value) if isinstance(value, date) else value


def _write_duckdb(tables: Sequence[Table], place: str) -> None:
    with duckdb.connect(place) as connection:
        for table in tables:
            for statement in statements(table, "duckdb"):
                connection.execute(statement)
            for row in table.rows:
                connection.execute(_insert(table, "duckdb", "?"), list(row))


def _write_postgresql(tables: Sequence[Table], place: str) -> None:
    with psycopg.connect(host=HOST, user="postgres", dbname=place) as connection:
        for table in tables:
            for statement in statements(table, "postgresql"):
                connection.execute(statement.encode())
            command = f"COPY {_quoted(table.name, 'postgresql')} FROM STDIN"
            with connection.cursor() as cursor, cursor.copy(command.encode()) as rows:
                for row in table.rows:
                    rows.write_row(row)
        connection.execute("ANALYZE")


def _write_mysql(tables: Sequence[Table], place: str) -> None:
    connection = pymysql.connect(host=HOST, user="root", database=place, charset="utf8mb4")
    with connection, connection.cursor() as cursor:
        for table in tables:
            for statement in statements(table, "mysql"):
                cursor.execute(statement)
            # A table that points to itself: its rows are known to be whole, whatever their order.
            cursor.execute("SET foreign_key_checks = 0")
            cursor.executemany(_insert(table, "mysql", "%s"), table.rows)
            cursor.execute("SET foreign_key_checks = 1")
        connection.commit()
        for table in tables:
            cursor.execute(f"ANALYZE TABLE {_quoted(table.name, 'mysql')}")


_WRITERS: Mapping[Dialect, Callable[[Sequence[Table], str], None]] = {
    "sqlite": _write_sqlite,
    "duckdb": _write_duckdb,
    "postgresql": _write_postgresql,
    "mysql": _write_mysql,
}


def statements(table: Table, engine: Dialect) -> list[str]:
    """What creates the table with its keys and comments."""
    schema = table.schema
    lines: list[str] = []
    for column in schema.columns:
        line = f"{_quoted(column.name, engine)} {_declared(engine, table, column.name)}"
        line += "" if column.nullable else " NOT NULL"
        if engine == "mysql" and column.comment:
            line += f" COMMENT {_literal(column.comment)}"
        lines.append(line)
    notes = [column.comment for column in schema.columns]
    if schema.primary_key:
        lines.append(f"PRIMARY KEY ({_list(schema.primary_key, engine)})")
    for key in schema.foreign_keys:
        lines.append(
            f"FOREIGN KEY ({_list(key.columns, engine)}) REFERENCES {_quoted(key.ref_table, engine)}"
            f" ({_list(key.ref_columns, engine)})"
        )
    if engine == "sqlite":  # there a comment is what stands behind a name
        body = "\n".join(
            line + ("," if at < len(lines) - 1 else "") + (f" -- {note}" if note else "")
            for at, (line, note) in enumerate(
                zip(lines, notes + [""] * (len(lines) - len(notes)), strict=True)
            )
        )
        head = f" -- {schema.comment}\n" if schema.comment else " "
        return [f"CREATE TABLE {_quoted(table.name, engine)}{head}(\n{body}\n)"]
    tail = f" COMMENT {_literal(schema.comment)}" if engine == "mysql" and schema.comment else ""
    created = [f"CREATE TABLE {_quoted(table.name, engine)} ({', '.join(lines)}){tail}"]
    if engine != "mysql":
        name = _quoted(table.name, engine)
        if schema.comment:
            created.append(f"COMMENT ON TABLE {name} IS {_literal(schema.comment)}")
        created += [
            f"COMMENT ON COLUMN {name}.{_quoted(c.name, engine)} IS {_literal(c.comment)}"
            for c in schema.columns
            if c.comment
        ]
    return created


def _declared(engine: Dialect, table: Table, name: str) -> str:
    place = table.place(name)
    values = [row[place] for row in table.rows if row[place] is not None]
    kind = table.types[place]
    if engine == "mysql" and kind == "text" and any(len(value) > 255 for value in values):
        return "TEXT"
    scale = max(map(_decimals, values), default=0) if kind == "number" else 0
    return _TYPES[engine][kind].format(
        digits=_DIGITS,
        scale=max(scale, 0),
        length=max(map(len, values), default=0) or 1 if kind == "text" else 0,
    )


def _insert(table: Table, engine: Dialect, mark: str) -> str:
    marks = ", ".join([mark] * len(table.types))
    return f"INSERT INTO {_quoted(table.name, engine)} VALUES ({marks})"


def _list(names: Iterable[str], engine: Dialect) -> str:
    return ", ".join(_quoted(name, engine) for name in names)


def _quoted(name: str, engine: Dialect) -> str:
    mark = "`" if engine == "mysql" else '"'
    return mark + name.replace(mark, mark * 2) + mark


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
