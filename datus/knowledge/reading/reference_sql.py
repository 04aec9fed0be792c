"""Vouched-for SQL: a CSV file with a header, or a folder of ``.sql`` files.

The CSV has the columns ``question`` and ``sql``, and may have ``database`` and ``area``. A ``.sql`` file
holds one query below comment lines ``-- question: ...``, ``-- database: ...`` and ``-- area: ...``.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from datus.errors import ConfigError, RefusalError
from datus.files import files_of, read_text, shown_name
from datus.sql.guard import check
from datus.types import DatabaseSchema, ReferenceSql, area_of

MAX_QUESTION = 4_000
"""Characters of a question; nobody asks a longer one."""

_SAID = re.compile(r"--\s*(question|database|area)\s*:\s*(.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    question: str
    sql: str
    database: str
    area: str
    too_long: bool = False


def read_references(
    path: Path | None,
    learned: Iterable[ReferenceSql],
    schemas: Mapping[str, DatabaseSchema],
    about: str | None,
    *,
    others: Collection[str] = (),
) -> tuple[tuple[ReferenceSql, ...], tuple[str, ...]]:
    """The references of a file or folder, and those learned, that are harmless queries over the databases.

    Args:
        learned: Pairs that a person accepted out of feedback; the tables may have changed since.
        schemas: The databases by name.
        about: Database of rows that name none; None: the only one.
        others: Databases whose rows are passed over.

    Returns:
        The references, with the tables and columns that they read, and for each row that was left
        out one line with its place and the reason.

    Raises:
        ConfigError: The file or folder cannot be read, or the CSV lacks a column.
    """
    rows = [
        _Row(
            "accepted from feedback", one.question, one.sql, one.database or "", "/".join(one.area)
        )
        for one in learned
    ]
    if path is not None:
        rows = [*(_of_folder(path) if path.is_dir() else _of_csv(path)), *rows]
    about = about or (next(iter(schemas)) if len(schemas) == 1 else None)
    found: list[ReferenceSql] = []
    problems: list[str] = []
    for row in rows:
        if (row.database or about) in others:
            continue
        try:
            found.append(_checked(row, schemas, about))
        except ConfigError as error:
            problems.append(f"{row.place}: {error.message}")
    return tuple(found), tuple(problems)


def _checked(row: _Row, schemas: Mapping[str, DatabaseSchema], about: str | None) -> ReferenceSql:
    database = row.database or about
    if row.too_long:
        raise ConfigError(
            "the row has more fields than the header; put a field with commas in double quotes."
        )
    if not row.question or not row.sql:
        raise ConfigError("a question and its SQL are needed; one of them is empty.")
    if len(row.question) > MAX_QUESTION:
        raise ConfigError(f"the question has more than {MAX_QUESTION:,} characters.")
    if database is None or database not in schemas:
        said = f"there is no database {database!r}" if database else "the row names no database"
        raise ConfigError(f"{said}; there are: {', '.join(schemas)}.")
    try:
        checked = check(row.sql, schemas[database])
    except RefusalError as error:
        raise ConfigError(error.message) from error
    return ReferenceSql(
        row.question, checked.sql, checked.tables, checked.columns, database, area_of(row.area)
    )


def _of_csv(path: Path) -> Iterator[_Row]:
    rows = _csv_rows(path)
    header = [name.strip().lower() for name in next(rows, (1, []))[1]]
    missing = {"question", "sql"} - set(header)
    if missing:
        raise ConfigError(
            f"{path}: the header lacks {' and '.join(sorted(missing))}; "
            "it needs question and sql, and may have database and area, with commas between them."
        )
    for line, fields in rows:
        said = dict(zip(header, (field.strip() for field in fields), strict=False))
        yield _Row(
            f"{path}:{line}",
            said.get("question", ""),
            said.get("sql", ""),
            said.get("database", ""),
            said.get("area", ""),
            too_long=len(fields) > len(header),
        )


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with its first line's number."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise ConfigError(
            f"{path}:{line}: is not CSV: {error}. A field with commas, quotes or line ends stands in "
            "double quotes, and a double quote in it is doubled."
        ) from error


def _of_folder(folder: Path) -> Iterator[_Row]:
    for path in files_of(folder, ".sql"):
        said: dict[str, str] = {}
        text = read_text(path)
        lines = [line.strip() for line in text.split("\n")]
        start = 0
        while start < len(lines) and (not lines[start] or lines[start].startswith("--")):
            if match := _SAID.fullmatch(lines[start]):
                said[match[1].lower()] = match[2]
            start += 1
        name = shown_name(path)
        question = said.get("question") or PurePosixPath(name).stem.replace("_", " ")
        sql = text.split("\n", start)[-1].strip() if start < len(lines) else ""
        yield _Row(name, question, sql, said.get("database", ""), said.get("area", ""))
