"""The semantic layer: what can be asked, and SQL for what is asked."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from datus.errors import RefusalError
from datus.semantic.definitions import config_error
from datus.semantic.model import Definitions, Target
from datus.types import DatabaseSchema, MetricCatalogue, MetricQuery

if TYPE_CHECKING:
    from datus.semantic.catalogue import Catalogue
    from datus.semantic.compile import Compiler

CACHED = 512
"""Compiled queries that a layer keeps; the one that was not asked for longest goes first."""


@dataclass(frozen=True, slots=True)
class CompiledMetric:
    """SQL of a metric query and the names of its columns, in order."""

    sql: str
    columns: tuple[str, ...]


class SemanticLayer:
    """Metrics over checked definitions. Calls may come from any thread.

    MetricFlow is loaded at the first call that needs it, which takes a second or more; call
    ``catalogue`` early where that matters.
    """

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self._lock = Lock()
        self._built: tuple[Catalogue, Compiler] | None = None
        self._cache: OrderedDict[object, CompiledMetric] = OrderedDict()

    def _parts(self) -> "tuple[Catalogue, Compiler]":
        from datus.semantic import catalogue, compile, engine

        with self._lock:
            if self._built is None:
                worker = engine.Engine(self.definitions.manifest)
                listed = catalogue.build(self.definitions, worker)
                self._built = (listed, compile.Compiler(self.definitions, listed, worker))
            return self._built

    def catalogue(self) -> MetricCatalogue:
        """All metrics by name, and the dimensions that they can be grouped and filtered by."""
        return self._parts()[0].public

    def compile(
        self, query: MetricQuery, target: Target, *, schema: DatabaseSchema | None = None
    ) -> CompiledMetric:
        """Write ``query`` as one read-only statement.

        Equal queries over the same tables give the same text, in every process. Its columns are
        ``metric_time`` where a grain is asked for, the dimensions, and each metric, with a
        comparison followed by ``<metric>_previous`` and ``<metric>_growth``.

        Args:
            target: The database that it is written for.
            schema: The database's tables, to name them as it does; as the definitions name them
                when absent.

        Raises:
            InvalidRequestError: A name, grain, range, value or limit that does not fit.
            RefusalError: Code ``unanswerable``: a metric cannot be split so without counting rows
                twice, or the database cannot compute it.
            ConfigError: ``schema`` lacks a table of the definitions.
        """
        from datus.semantic.tables import table_names

        names = table_names(self.definitions, schema, target)
        key = (repr(query), target, names)  # its values True and 1 are equal, their texts are not
        with self._lock:
            if (known := self._cache.get(key)) is not None:
                self._cache.move_to_end(key)
                return known
        sql, columns = self._parts()[1].compile(query, target, dict(names))
        compiled = CompiledMetric(sql, columns)
        with self._lock:
            self._cache[key] = compiled
            while len(self._cache) > CACHED:
                self._cache.popitem(last=False)
        return compiled

    def check(self, schema: DatabaseSchema) -> None:
        """Check that the database has all tables and columns of the definitions, and every metric its SQL.

        Raises:
            ConfigError: Something is not there, such as a column, or the dimension of a metric's
                filter; the message names file, line and the nearest names.
        """
        from datus.semantic.inputs import Metrics
        from datus.semantic.tables import check

        check(self.definitions, schema)
        problems = []
        failed: set[str] = set()
        made_of = Metrics(self.definitions.manifest)
        listed = self.catalogue().metrics
        for metric in sorted(listed, key=lambda one: len(list(made_of.tree(one.name)))):
            if failed & {one.name for one in made_of.tree(metric.name)}:
                continue
            try:
                self._parts()[1].try_metric(metric)
            except RefusalError as error:
                entry = self.definitions.entries.get(("metric", metric.name))
                if entry is None:  # made from a measure, which MetricFlow has checked
                    raise
                failed.add(metric.name)
                problems.append(entry.problem(("filter",), error.message))
        if problems:
            raise config_error(problems)
