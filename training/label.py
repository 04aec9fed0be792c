"""Candidates of every question, each judged by running it: what the ranking learns from."""

import itertools
import sqlite3
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

from datus.evaluation.compare import Reference, matches
from datus.evaluation.datasets import Item as Question
from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.candidates.search import EDITED, READINGS, Proposal, edited
from datus.generation.offline.generator import OfflineGenerator
from datus.generation.offline.linking import Item
from datus.generation.offline.plan import signature
from datus.generation.offline.rendering import Renderer, UnreachableTablesError
from datus.types import GenerationContext, QueryResult, ResultColumn
from datus.workflow.agreement import rows_of

_MOST_ROWS = 5_000
_MOST_STEPS = 10_000_000  # of SQLite's machine, some tenths of a second; counted, so that every run ends alike
_STEPS = 10_000


@dataclass(frozen=True)
class Asked:
    """A question, what the workflow gathered for it, and what is right."""

    question: Question
    context: GenerationContext
    references: tuple[Reference, ...]


@dataclass(frozen=True)
class Labelled:
    """A question's candidates, which of them give the rows of a reference, and which give the same rows: those
    of equal ``outcomes``; None says nothing (see ``workflow.agreement.rows_of``) or does not run."""

    number: int
    database: str
    items: tuple[Item, ...]
    proposals: tuple[Proposal, ...]
    right: tuple[bool, ...]
    outcomes: tuple[int | None, ...]


class Databases:
    """Runs SQL on SQLite files, within a number of steps and of rows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, sqlite3.Connection] = {}

    def run(self, database: str, sql: str) -> QueryResult | None:
        """The rows; None where it fails or takes too many steps."""
        connection = self._open.get(database)
        if connection is None:
            path = self._folder / database / f"{database}.sqlite"
            connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
            connection.text_factory = lambda content: content.decode("utf-8", "replace")
            self._open[database] = connection
        asked = itertools.count(1)
        connection.set_progress_handler(lambda: next(asked) * _STEPS > _MOST_STEPS, _STEPS)
        try:
            cursor = connection.execute(sql)
            rows = tuple(cursor.fetchmany(_MOST_ROWS + 1))
        except (sqlite3.Error, sqlite3.Warning):
            return None
        columns = tuple(ResultColumn(each[0], "text") for each in cursor.description)
        return QueryResult(columns, rows, len(rows) > _MOST_ROWS, 0.0)


_generator = OfflineGenerator()
_asked: Sequence[Asked] = ()
_databases: Databases


def _begin(asked: Sequence[Asked], folder: Path) -> None:
    global _asked, _databases
    _asked, _databases = asked, Databases(folder)


def label(asked: Sequence[Asked], folder: Path, processes: int) -> Iterator[Labelled]:
    """The labelled candidates of all questions, in their order.

    Args:
        folder: Of the databases, ``<name>/<name>.sqlite``.
        processes: At work at once.
    """
    with Pool(processes, _begin, (asked, folder)) as pool:
        yield from pool.imap(_label, range(len(asked)), chunksize=20)


def _label(number: int) -> Labelled:
    asked = _asked[number]
    database = asked.question.database or ""
    prepared = _generator.prepare(asked.context.schema)
    read = _generator.read(asked.context)
    scene = Scene(read.items, prepared.index, prepared.graph, asked.context.values)
    seen = {signature(each.plan) for each in read.proposals}
    again = edited(read.proposals[:EDITED], scene, seen)
    proposals = [*read.proposals[:READINGS], *again]
    renderer = Renderer(prepared.index, prepared.graph)
    kept: list[Proposal] = []
    known: dict[str, tuple[bool, int | None]] = {}
    judged: list[tuple[bool, int | None]] = []
    numbers: dict[Hashable, int] = {}
    for proposal in proposals:
        try:
            sql = renderer.sql(proposal.plan)
        except UnreachableTablesError:
            continue
        if sql not in known:
            result = _databases.run(database, sql)
            right = result is not None and any(matches(result, each) for each in asked.references)
            rows = None if result is None else rows_of(result)
            outcome = None if rows is None else numbers.setdefault(rows, len(numbers))
            known[sql] = right, outcome
        kept.append(proposal)
        judged.append(known[sql])
    right_ones = tuple(right for right, _ in judged)
    outcomes = tuple(outcome for _, outcome in judged)
    return Labelled(number, database, read.items, tuple(kept), right_ones, outcomes)
