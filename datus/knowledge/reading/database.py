"""Schema and values of a live database."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from datus.config import KnowledgeSources
from datus.connectors.base import DEFAULT_MAX_BYTES, DISTINCT_SCAN_ROWS, Connector
from datus.connectors.values import json_size
from datus.errors import DatabaseError, DatabaseUnreachableError
from datus.identifiers import split_identifier
from datus.knowledge.content import ColumnName, DatabaseContent
from datus.knowledge.keys import with_inferred_keys
from datus.knowledge.values import Place, may_be_read, said_in_comment
from datus.types import Column, DatabaseSchema, TableSchema

_VALUES_A_DATABASE = 1_000_000
_MORE_NAMES = 25
"""How many times the values of other columns are read of one that names its rows: people ask for each by name."""

_NAMING = frozenset({"name", "title", "fullname", "姓名", "名称", "名字", "标题"})

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def quiet(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


async def read_schema(connector: Connector) -> DatabaseSchema:
    """The database's tables, with keys added where names and types make them clear.

    Raises:
        DatabaseError: The database cannot be read.
    """
    return with_inferred_keys(await connector.introspect())


async def read_values(
    connector: Connector,
    schema: DatabaseSchema,
    sources: KnowledgeSources,
    *,
    kept: DatabaseContent | None = None,
    progress: Progress = quiet,
) -> DatabaseContent:
    """The database's distinct texts, column by column, within the bounds of the configuration.

    A column that takes too long, or that this user may not read, is only not searched for values.

    Args:
        kept: Content whose values stand for columns of tables that look as they did then.

    Raises:
        DatabaseUnreachableError: The database does not answer.
    """
    if not sources.values:
        return DatabaseContent(schema)
    limit = sources.values_per_column
    unchanged = _unchanged(schema, kept) if kept is not None and kept.limit == limit else {}
    places: list[Place] = []
    complete: set[ColumnName] = set()
    for done, table in enumerate(schema.tables):
        name = schema.name_of(table)
        progress(name, done, len(schema.tables))
        for column in _value_columns(table, name, sources):
            if len(places) >= _VALUES_A_DATABASE:
                break
            at = (name, column.name)
            if kept is not None and at in unchanged:
                places += unchanged[at]
                complete |= kept.complete & {at}
                continue
            most = limit * _MORE_NAMES if _names_rows(column) else limit
            found = await _values_of(connector, table, column, most)
            if found is None:
                continue
            places += _places(name, column, found)
            if _is_whole(table, found, most):
                complete.add(at)
    progress("values", len(schema.tables), len(schema.tables))
    return DatabaseContent(schema, tuple(places), frozenset(complete), limit)


def _names_rows(column: Column) -> bool:
    """Whether a column holds names, such as ``full_name`` or 客户名称."""
    last = split_identifier(column.name)[-1]
    return last in _NAMING or column.name.lower().endswith(tuple(_NAMING))


def _is_whole(table: TableSchema, found: tuple[tuple[str, int], ...], limit: int) -> bool:
    """Whether these are all values of a column: none was cut off, by number, size or rows read."""
    rows = table.row_estimate or 0
    read = sum(count for _, count in found)
    size = sum(json_size(value) + json_size(count) for value, count in found)
    whole = len(found) < limit and 2 * size < DEFAULT_MAX_BYTES
    return whole and max(rows, read + 1) <= DISTINCT_SCAN_ROWS


async def _values_of(
    connector: Connector, table: TableSchema, column: Column, limit: int
) -> tuple[tuple[str, int], ...] | None:
    try:
        return await connector.distinct_values(table, column, limit=limit)
    except DatabaseUnreachableError:
        raise
    except DatabaseError:
        return None


def _places(table: str, column: Column, found: tuple[tuple[str, int], ...]) -> Iterator[Place]:
    for value, count in found:
        yield Place(table, column.name, value, count=count)
    for value, said in said_in_comment(column.comment, [value for value, _ in found]):
        yield Place(table, column.name, value, said)


def _value_columns(table: TableSchema, name: str, sources: KnowledgeSources) -> Iterator[Column]:
    """The columns whose values a question may name: those of text that are not excluded."""
    for column in table.columns:
        if column.kind == "text" and may_be_read(sources, name, column.name):
            yield column


def _unchanged(schema: DatabaseSchema, kept: DatabaseContent) -> dict[ColumnName, list[Place]]:
    """The values of tables that are as they were, by column.

    A table counts as unchanged when its columns, comments and row estimate are the same; where the
    database has no estimate nothing can be known, and it is read again. So is a column of which
    nothing is kept: it was left out then, or could not be read.
    """
    before = {kept.schema.name_of(table): table for table in kept.schema.tables}
    tables: set[str] = set()
    for table in schema.tables:
        name = schema.name_of(table)
        old = before.get(name)
        if old is None or table.row_estimate is None:
            continue
        if replace(old, foreign_keys=()) == replace(table, foreign_keys=()):
            tables.add(name)
    same: dict[ColumnName, list[Place]] = {at: [] for at in kept.complete if at[0] in tables}
    for place in kept.places:
        if place.table in tables:
            same.setdefault((place.table, place.column), []).append(place)
    return same
