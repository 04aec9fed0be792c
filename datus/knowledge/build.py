"""Building the next version of a namespace's knowledge, whole or not at all."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from datus.config import KnowledgeSources, NamespaceConfig, Settings
from datus.connectors.registry import Connectors
from datus.errors import UnavailableError
from datus.knowledge import file
from datus.knowledge.content import (
    COMPONENTS,
    ColumnName,
    Component,
    Content,
    DatabaseContent,
    digest_of,
)
from datus.knowledge.embeddings import Embedder
from datus.knowledge.file import KnowledgeFile
from datus.knowledge.reading import Progress, quiet, read_schema, read_told, read_values
from datus.knowledge.search import Index
from datus.knowledge.sources import all_entries
from datus.knowledge.values import may_be_read
from datus.knowledge.versions import Versions
from datus.semantic import SemanticLayer, read_definitions
from datus.types import DatabaseSchema, MetricCatalogue, ReferenceSql

Update = Literal["check", "overwrite", "incremental"]
"""How a build treats what is there.

``check`` says what would change and builds nothing; ``overwrite`` reads everything anew;
``incremental`` keeps the values of tables that look as they did, and the version where nothing changed.
"""

T = TypeVar("T")

KEPT_VERSIONS = 5
"""How many versions stay on disk, to roll back to; the one in use always does."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did.

    Attributes:
        version: The version that holds this content; None for a check.
        fresh: Whether it is a new version.
        counts: How much of everything there is now, by what it is.
        changes: What is different from the version before, one line each.
        problems: What was left out and why, one line each.
        removed: Old versions that were removed from disk.
    """

    version: str | None
    fresh: bool
    counts: Mapping[str, int]
    changes: tuple[str, ...]
    problems: tuple[str, ...]
    removed: tuple[str, ...] = ()


async def build(
    connectors: Connectors,
    settings: Settings,
    space: NamespaceConfig,
    *,
    embedder: Embedder | None,
    components: Collection[Component] = COMPONENTS,
    update: Update = "incremental",
    learned: Callable[[], tuple[ReferenceSql, ...]] = tuple,
    use: bool = True,
    progress: Progress = quiet,
) -> Built:
    """Read a namespace's databases and files, and make the next version of its knowledge.

    Nothing changes for questions until the version is complete; then it is swapped in at once.

    Args:
        embedder: Makes sentence vectors for search; None: search goes by words.
        components: What is read; the rest stays as in the version in use.
        learned: Gives the reference SQL that a person accepted; called when no other build can run.
        use: Whether questions are answered from the new version at once.

    Raises:
        ConfigError: A file of knowledge cannot be used; it names file and line.
        DatabaseError: A database cannot be read.
        ConflictError: Another process builds this namespace.
        UnavailableError: The folder of built knowledge cannot be written.
    """
    versions = Versions(settings.knowledge_path, space.name)
    with versions.building() as draft:
        name, before = await asyncio.to_thread(_before, versions, components)
        content = await _read(connectors, space, before, components, update, learned(), progress)
        catalogue = await asyncio.to_thread(_catalogue, space, content)
        counts = _counts(content, catalogue)
        changes = _changes(before, content)
        problems = (*content.told.problems, *_idle_patterns(space.knowledge, content))
        if update == "check":
            return Built(None, False, counts, changes, problems)
        digest = digest_of(content.digest, embedder.name if embedder else "", file.FORMAT)
        if update == "incremental" and name is not None and name.endswith(digest):
            return Built(name, False, counts, changes, problems)
        await asyncio.to_thread(_write, draft, content, catalogue, embedder, progress)
        replaced, name = name, versions.add(draft, digest)
        if use:
            versions.use(name)
        removed = versions.prune(KEPT_VERSIONS, replaced) if use else ()
        return Built(name, True, counts, changes, problems, removed)


def _before(
    versions: Versions, components: Collection[Component]
) -> tuple[str | None, Content | None]:
    """The version in use and what is in it; neither where it cannot be read and nothing of it is needed."""
    try:
        name = versions.current()
        if name is None:
            return None, None
        with closing(KnowledgeFile(versions.path(name))) as known:
            databases = {database: known.content(database) for database in known.databases()}
            return name, Content(databases, known.told())
    except UnavailableError:
        if set(components) < set(COMPONENTS):
            raise
        return None, None


async def _read(
    connectors: Connectors,
    space: NamespaceConfig,
    before: Content | None,
    components: Collection[Component],
    update: Update,
    learned: tuple[ReferenceSql, ...],
    progress: Progress,
) -> Content:
    databases: dict[str, DatabaseContent] = {}
    for database in space.databases:
        name = database.name
        connector = connectors.get(space.name, name)
        old = before.databases.get(name) if before else None
        progress(f"schema of {name}", 0, 1)
        if old is None or "schema" in components:
            schema = await read_schema(connector)
        else:
            schema = old.schema
        if old is not None and "values" not in components:
            databases[name] = _with_schema(old, schema, space.knowledge)
            continue
        kept = old if update != "overwrite" else None
        databases[name] = await read_values(
            connector,
            schema,
            space.knowledge,
            kept=kept,
            progress=_named(progress, name),
        )
    schemas = {name: known.schema for name, known in databases.items()}
    told = await asyncio.to_thread(
        read_told,
        space.knowledge,
        schemas,
        learned=learned,
        kept=before.told if before else None,
        components=components if before else COMPONENTS,
    )
    return Content(databases, told)


def _named(progress: Progress, database: str) -> Progress:
    def report(what: str, done: int, total: int) -> None:
        progress(f"{database}: {what}", done, total)

    return report


def _with_schema(
    old: DatabaseContent, schema: DatabaseSchema, sources: KnowledgeSources
) -> DatabaseContent:
    """The old values of columns that are still there and may still be read.

    Where tables do not look as they did, the next reading of values trusts none of them.
    """
    there = {
        (name, column.name)
        for table in schema.tables
        for name in (schema.name_of(table),)
        for column in table.columns
        if may_be_read(sources, name, column.name)
    }
    places = tuple(place for place in old.places if (place.table, place.column) in there)
    same = schema == old.schema
    complete = old.complete & there if same else frozenset[ColumnName]()
    return DatabaseContent(schema, places, complete, old.limit if same else 0)


def _catalogue(space: NamespaceConfig, content: Content) -> MetricCatalogue:
    """The metrics, checked against the database that they are about."""
    if not content.told.metrics:
        return MetricCatalogue()
    layer = SemanticLayer(read_definitions(content.told.metrics))
    about = space.knowledge.database or next(iter(content.databases))
    layer.check(content.databases[about].schema)
    return layer.catalogue()


def _write(
    draft: Path,
    content: Content,
    catalogue: MetricCatalogue,
    embedder: Embedder | None,
    progress: Progress,
) -> None:
    try:
        with closing(sqlite3.connect(draft)) as connection:
            # Nobody reads a draft, and one that a crash left behind is thrown away.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            file.write(connection, content, catalogue)
            Index.build(
                connection,
                all_entries(content, catalogue),
                embedder,
                lambda done, total: progress("search index", done, total),
            )
            connection.commit()
    except sqlite3.OperationalError as error:
        raise UnavailableError(
            f"The new version cannot be written to {draft.parent}: {error}. The one in use stays. Make "
            "room there, or set agent.knowledge.path to a folder that can be written."
        ) from error


def _idle_patterns(sources: KnowledgeSources, content: Content) -> Iterator[str]:
    """Patterns that hide no column: most likely one was to be hidden and is not."""
    columns = [
        (known.schema.name_of(table), column.name)
        for known in content.databases.values()
        for table in known.schema.tables
        for column in table.columns
    ]
    for pattern in sources.values_exclude:
        one = KnowledgeSources(values_exclude=(pattern,))
        if all(may_be_read(one, *column) for column in columns):
            yield f"values_exclude: {pattern!r} matches no column"


def _counts(content: Content, catalogue: MetricCatalogue) -> dict[str, int]:
    known = content.databases.values()
    told = content.told
    return {
        "databases": len(content.databases),
        "tables": sum(len(each.schema.tables) for each in known),
        "columns": sum(len(table.columns) for each in known for table in each.schema.tables),
        "keys": sum(len(table.foreign_keys) for each in known for table in each.schema.tables),
        "values": sum(len(each.places) for each in known),
        "reference SQL": len(told.references),
        "passages": len(told.passages),
        "terms": len(told.terms),
        "metrics": len(catalogue.metrics),
    }


def _changes(before: Content | None, now: Content) -> tuple[str, ...]:
    if before is None:
        return ()
    lines: list[str] = []
    for name in sorted({*before.databases, *now.databases}):
        old, new = before.databases.get(name), now.databases.get(name)
        lines += (f"{name}: {line}" for line in _table_changes(old, new))
    was, told = before.told, now.told
    for what, old_part, new_part in (
        ("reference SQL", was.references, told.references),
        ("passages", was.passages, told.passages),
        ("terms", was.terms, told.terms),
    ):
        if old_part != new_part:
            lines.append(f"{what}: {_set_change(set(old_part), set(new_part))}")
    if was.metrics != told.metrics:
        files = {*was.metrics.items()} ^ {*told.metrics.items()}
        lines.append(f"metrics: changed in {', '.join(sorted({name for name, _ in files}))}")
    return tuple(lines)


def _table_changes(old: DatabaseContent | None, new: DatabaseContent | None) -> list[str]:
    was = {old.schema.name_of(table): table for table in old.schema.tables} if old else {}
    now = {new.schema.name_of(table): table for table in new.schema.tables} if new else {}
    lines = [f"table {name} is new" for name in sorted(now.keys() - was.keys())]
    lines += [f"table {name} is gone" for name in sorted(was.keys() - now.keys())]
    lines += [
        f"table {name} changed"
        for name in sorted(now.keys() & was.keys())
        if was[name] != now[name]
    ]
    old_values, new_values = set(old.places if old else ()), set(new.places if new else ())
    if old_values != new_values:
        lines.append(f"values: {_set_change(old_values, new_values)}")
    return lines


def _set_change(old: set[T], new: set[T]) -> str:
    return f"{len(new - old)} new, {len(old - new)} gone"
