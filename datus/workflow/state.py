"""What a run knows so far: one frozen value that each node reads and extends."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from datus.errors import DatusError
from datus.generation.base import UnsureError
from datus.knowledge.search import LinkingRate
from datus.knowledge.snapshot import Snapshot
from datus.sql.faults import Fault
from datus.sql.guard import CheckedSql
from datus.sql.shape import Shape
from datus.types import (
    Attempt,
    Candidate,
    Comparison,
    DatabaseSchema,
    MetricCatalogue,
    MetricQuery,
    Passage,
    QueryResult,
    Question,
    ReferenceSql,
    Term,
    TimeRange,
    ValueHit,
)
from datus.workflow.meter import TaskMeter

WIDER: Mapping[LinkingRate, LinkingRate] = MappingProxyType(
    {"fast": "medium", "medium": "slow", "slow": "slow"}
)
"""The next wider rate of schema linking; the widest is its own."""


@dataclass(frozen=True, slots=True)
class Linking:
    """What the question points at in one database of the namespace.

    Attributes:
        snapshot: The knowledge that this was read from; a run ends with the one it began with.
        database: Name of the database in the configuration.
        schema: All that a statement of this run may read; the guard holds to it.
        linked: The part of ``schema`` that matters for the question; the generator sees only this.
        values: Words of the question that occur as values in ``linked``.
        terms: Business terms that the question uses.
        references: Vouched-for questions in the same words.
        rate: How widely the tables were looked for.
    """

    snapshot: Snapshot
    database: str
    schema: DatabaseSchema
    linked: DatabaseSchema
    values: tuple[ValueHit, ...]
    terms: tuple[Term, ...]
    references: tuple[ReferenceSql, ...]
    rate: LinkingRate


@dataclass(frozen=True, slots=True)
class Executed:
    """A candidate that ran: the SQL that the guard let through, and its rows.

    ``doubts`` and ``shape`` are what reading the statement showed before it ran.
    """

    candidate: Candidate
    checked: CheckedSql
    result: QueryResult
    doubts: tuple[Fault, ...] = ()
    shape: Shape = field(default_factory=Shape)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a result that does not fit the question.

    Attributes:
        weight: Compares findings; the higher, the graver.
        text: One sentence for people and for whoever writes the SQL again.
        columns: The columns that it is about, as ``table.column``.
    """

    weight: int
    text: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """The rows as objects, and what the answer rests on; both JSON-typed."""

    rows: tuple[Mapping[str, Any], ...]
    metadata: Mapping[str, Any]


def as_objects(result: QueryResult) -> tuple[Mapping[str, Any], ...]:
    """The rows of a result, each as an object."""
    names = [column.name for column in result.columns]
    return tuple(dict(zip(names, row, strict=True)) for row in result.rows)


@dataclass(frozen=True, slots=True)
class RunState:
    """One run's knowledge. Nodes never change it; they return an evolved copy.

    The first block is what was asked, the rest is what nodes found.

    Attributes:
        databases: Databases of the namespace that may answer, never empty.
        metric_query: What is asked of the metrics, where the caller said it itself.
        schema_name: Narrows the run to one schema of the database.
        timeout_s: Longest time of the run, in seconds; the service's own limit where None.
        nodes: The workflow's nodes; the engine sets them.
        rate: How widely the next schema linking looks.
        times: Time ranges of the question; empty too where the workflow does not read them.
        comparisons: Earlier periods that the question wants to see beside them.
        metrics: Metrics that may be meant, best first; None where the workflow looks for none.
        candidates: SQL not tried yet, best first; the first is the one that runs next.
        doubt: Why the question is refused unless candidates agree; None where the first is sure enough.
        executed: The last candidate, when it ran.
        attempts: SQL that was tried and given up, with the reason.
        failure: The error that is still to be overcome.
        best: The best answer so far, kept by ``reflect``.
        handed_over: Why the metrics did not answer, where the generator wrote SQL in their place.
        fixes: How many times ``fix`` sent the run back.
        reflection_rounds: How many times ``reflect`` did.
        branches: What each branch of ``parallel`` came to, until ``selection`` chooses.
        selection: What the branches gave and which one was chosen, JSON-typed; None without branches.
        output: The answer for the caller.
        meter: Counts what hosted models cost the task; None where none may be asked.
        passages: Parts of documents that ``reflect`` looked up.
        strategies: What ``reflect`` tried, in order.
        verdict: What a model holds against ``best``; None where it was not asked or finds it good.
    """

    task_id: str
    workflow: str
    namespace: str
    question: Question
    databases: tuple[str, ...]
    schema_name: str | None = None
    metric_query: MetricQuery | None = None
    timeout_s: float | None = None
    nodes: tuple[str, ...] = ()

    rate: LinkingRate = "fast"
    linking: Linking | None = None
    times: tuple[TimeRange, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    metrics: MetricCatalogue | None = None
    candidates: tuple[Candidate, ...] = ()
    doubt: UnsureError | None = None
    executed: Executed | None = None
    attempts: tuple[Attempt, ...] = ()
    failure: DatusError | None = None
    best: Executed | None = None
    handed_over: str = ""
    fixes: int = 0
    reflection_rounds: int = 0
    branches: "tuple[BranchEnd, ...]" = ()
    selection: Mapping[str, Any] | None = None
    output: Output | None = None
    meter: TaskMeter | None = field(default=None, compare=False, repr=False)
    passages: tuple[Passage, ...] = ()
    strategies: tuple[str, ...] = ()
    verdict: Finding | None = None

    def given_up(self, reason: str) -> "RunState":
        """Return the state in which the current candidate is an attempt that did not serve."""
        if not self.candidates:
            return self
        attempt = Attempt(sql=self.candidates[0].sql, error=reason)
        return replace(
            self,
            attempts=(*self.attempts, attempt),
            candidates=self.candidates[1:],
            executed=None,
        )


@dataclass(frozen=True, slots=True)
class BranchEnd:
    """How a branch ended: with an answer, or with an error that is a finding and not the end of the run."""

    name: str
    state: RunState
    error: DatusError | None = None

    @property
    def executed(self) -> Executed | None:
        """Its answer, if it has one."""
        return self.state.executed if self.error is None else None


@dataclass(frozen=True, slots=True)
class Back:
    """A node's wish to go on from an earlier node of the workflow, with this state."""

    to: str
    state: RunState
