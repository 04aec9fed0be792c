"""How many reference queries of Spider and Defog the guard accepts, and how long it takes for one.

    python bench/guard_acceptance.py --spider FOLDER --defog FOLDER --postgresql DSN

``--spider`` holds ``train.json`` and ``database/<db_id>/<db_id>.sqlite``; ``--defog`` holds
``questions.json`` and ``<db>.sql``, which are loaded into throw-away databases of the PostgreSQL server.
Each accepted query is also run as written and as the guard wrote it, and the rows are compared.
"""

import argparse
import itertools
import json
import secrets
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlglot

from datus.errors import RefusalError
from datus.evaluation.datasets import expand_gold
from datus.sql.dialects import sqlglot_name
from datus.sql.guard import check
from datus.types import Column, DatabaseSchema, TableSchema

Rows = list[Any] | str


def sqlite_schema(connection: sqlite3.Connection) -> DatabaseSchema:
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
    tables = [
        TableSchema(
            name,
            tuple(
                Column(row[1], row[2], "other")
                for row in connection.execute("SELECT * FROM pragma_table_info(?)", (name,))
            ),
        )
        for (name,) in names.fetchall()
        if not name.startswith("sqlite_")
    ]
    return DatabaseSchema("sqlite", "main", tuple(tables), "main")


def postgresql_schema(connection: psycopg.Connection[Any], database: str) -> DatabaseSchema:
    tables: dict[tuple[str, str], list[Column]] = {}
    for schema, table, column, kind in connection.execute(
        "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY ordinal_position"
    ):
        tables.setdefault((schema, table), []).append(Column(column, kind, "other"))
    found = tuple(TableSchema(table, tuple(c), schema) for (schema, table), c in tables.items())
    return DatabaseSchema("postgresql", database, found, "public")


class Tally:
    def __init__(self, title: str, total: int) -> None:
        self.title, self.total = title, total
        self.done = self.different = 0
        self.refused: list[str] = []
        self.guard_ms: list[float] = []
        self.parse_ms: list[float] = []

    def take(self, sql: str, schema: DatabaseSchema, run: Callable[[str], Rows]) -> None:
        self.done += 1
        if self.done % 100 == 0 or self.done == self.total:
            print(f"\r{self.title}: {self.done:,} of {self.total:,}", end="", file=sys.stderr)
        start = time.perf_counter()
        sqlglot.parse_one(sql, read=sqlglot_name(schema.dialect))
        middle = time.perf_counter()
        try:
            checked = check(sql, schema)
        except RefusalError as error:
            self.refused.append(f"{error.message} | {sql}")
            return
        finally:
            self.parse_ms.append(1e3 * (middle - start))
            self.guard_ms.append(1e3 * (time.perf_counter() - middle))
        self.different += run(sql) != run(checked.sql)

    def report(self) -> None:
        print(file=sys.stderr)
        print(
            f"{self.title}: {self.done - len(self.refused):,} of {self.done:,} accepted, ", end=""
        )
        print(f"{self.different} with other rows than as written")
        for name, times in (("guard", self.guard_ms), ("sqlglot parse alone", self.parse_ms)):
            median, p95 = statistics.median(times), statistics.quantiles(times, n=20)[18]
            print(f"  {name}: median {median:.2f} ms, p95 {p95:.2f} ms")
        for line in self.refused:
            print(f"  refused: {line}")


def spider(folder: Path) -> Tally:
    questions = json.loads((folder / "train.json").read_text("utf-8"))
    questions.sort(key=lambda one: one["db_id"])
    tally = Tally("Spider, SQLite", len(questions))
    for name, group in itertools.groupby(questions, key=lambda one: one["db_id"]):
        path = folder / "database" / name / f"{name}.sqlite"
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        connection.text_factory = bytes
        run = _runner(lambda sql, c=connection: c.execute(sql).fetchall(), sqlite3.Error)
        text = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        schema = sqlite_schema(text)
        for question in group:
            tally.take(question["query"], schema, run)
        connection.close()
        text.close()
    return tally


def defog(folder: Path, dsn: str) -> Tally:
    questions = json.loads((folder / "questions.json").read_text("utf-8"))
    queries = [(one["db_id"], sql) for one in questions for sql in expand_gold(one["gold"])]
    tally = Tally("Defog, PostgreSQL", len(queries))
    for name, group in itertools.groupby(sorted(queries), key=lambda one: one[0]):
        with _throwaway(dsn, (folder / f"{name}.sql").read_text("utf-8")) as connection:
            schema = postgresql_schema(connection, connection.info.dbname)
            run = _runner(
                lambda sql, c=connection: c.execute(sql.encode()).fetchall(), psycopg.Error
            )
            for _, sql in group:
                tally.take(sql, schema, run)
    return tally


def _runner(execute: Callable[[str], list[Any]], error: type[Exception]) -> Callable[[str], Rows]:
    def run(sql: str) -> Rows:
        try:
            return execute(sql)
        except error as problem:
            return type(problem).__name__

    return run


@contextmanager
def _throwaway(dsn: str, script: str) -> Iterator[psycopg.Connection[Any]]:
    name = f"datus_test_{secrets.token_hex(6)}"
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            with psycopg.connect(dsn, dbname=name, autocommit=True) as connection:
                connection.execute(script.encode())
                yield connection
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spider", type=Path, help="folder of Spider")
    parser.add_argument("--defog", type=Path, help="folder of Defog")
    parser.add_argument("--postgresql", metavar="DSN", help="server for Defog's databases")
    options = parser.parse_args(list(arguments) if arguments is not None else None)
    if bool(options.defog) != bool(options.postgresql):
        parser.error("--defog and --postgresql need each other")
    if options.spider:
        spider(options.spider).report()
    if options.defog:
        defog(options.defog, options.postgresql).report()


if __name__ == "__main__":
    main()
