"""Copy the demo shop into an empty PostgreSQL database, for measuring there.

    python bench/demo_postgres.py shop.duckdb postgresql://user@127.0.0.1:5432/shop

``shop.duckdb`` is what ``python -m datus.demo`` writes. Tables, keys, comments and rows are the same.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import psycopg
from psycopg import sql

from datus.demo.schema import TABLES

_CHUNK = 1 << 20


def copy(source: Path, target: "psycopg.Connection[Any]") -> None:
    """Make the shop's tables in ``target`` with the rows of ``source``, all or nothing.

    The tables' statements are DuckDB's, in words that PostgreSQL reads the same way. Rows go as CSV from
    one engine to the other, in which an unquoted nothing is NULL for both.

    Args:
        source: A demo database.
        target: A database that has none of these tables.
    """
    with (
        TemporaryDirectory() as folder,
        duckdb.connect(source, read_only=True) as shop,
        target.transaction(),
        target.cursor() as cursor,
    ):
        for table in TABLES:
            for statement in table.statements():
                cursor.execute(statement.encode())
            file = Path(folder, f"{table.name}.csv")
            shop.table(table.name).write_csv(str(file), header=False)
            command = sql.SQL("COPY {} FROM STDIN (FORMAT csv)")
            with (
                cursor.copy(command.format(sql.Identifier(table.name))) as rows,
                file.open("rb") as content,
            ):
                while chunk := content.read(_CHUNK):
                    rows.write(chunk)
            file.unlink()
        cursor.execute("ANALYZE")


def main() -> None:
    """Copy and say how many tables there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="the demo database, a DuckDB file")
    parser.add_argument("url", help="the PostgreSQL database to fill")
    arguments = parser.parse_args()
    with psycopg.connect(arguments.url) as target:
        copy(arguments.source, target)
    print(f"{len(TABLES)} tables copied")


if __name__ == "__main__":
    main()
