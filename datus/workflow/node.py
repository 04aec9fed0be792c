"""What a node is, what it may use, and how it tells what it does."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeVar

from datus.config import Settings
from datus.connectors.registry import Connectors
from datus.errors import DatusError
from datus.generation.base import Generator
from datus.knowledge.library import Knowledge
from datus.llm.base import Model
from datus.sql.guard import CheckedSql
from datus.telemetry import SILENT, Telemetry
from datus.types import DatabaseSchema, EventType
from datus.workflow.cache import AnswerCache
from datus.workflow.generators import GeneratorOf
from datus.workflow.state import Back, RunState

Fact = Literal["schema", "metrics", "times", "candidates", "results", "result", "answer"]
"""What nodes hand on. A node needs facts that an earlier node gives."""

Emit = Callable[[EventType, Mapping[str, Any]], Awaitable[None]]
"""Appends one event to the task's log."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tools:
    """All that nodes work with. Shared by every run, so nothing in it keeps a run's state.

    ``settings`` are those of the step that runs: a branch of a workflow may have its own.
    ``generator_of`` has each generator made once. ``guard`` raises RefusalError ``unsafe_sql``;
    ``clock`` counts seconds and never falls. ``cache`` has SQL that hosted models wrote before; None: it is
    not used again. ``judge_of`` gives the model of a name, which ``reflect`` asks where its setting ``judge``
    says ``model``. ``telemetry`` is told of runs and nodes.
    """

    settings: Settings
    connectors: Connectors
    knowledge: Knowledge
    generator_of: GeneratorOf
    guard: Callable[[str, DatabaseSchema], CheckedSql]
    clock: Callable[[], float]
    cache: AnswerCache | None = None
    judge_of: Callable[[str], Model] | None = None
    telemetry: Telemetry = SILENT

    @property
    def generator(self) -> Generator:
        """The generator for the settings of the step that runs."""
        return self.generator_of(self.settings.node_settings)


@dataclass(frozen=True, slots=True)
class Report:
    """A node's voice in the event log."""

    node: str
    emit: Emit

    async def detail(self, description: str, **details: Any) -> None:
        """Say in one sentence what was found, with JSON-typed details."""
        data = {"node": self.node, "description": description, "details": details}
        await self.emit("node_detail", data)


class Node(ABC):
    """One step of a workflow. It keeps no state of its own: one instance serves every run.

    Attributes:
        name: What workflows call it.
        description: One line for people.
        needs: Facts that an earlier node of the workflow must give.
        uses: Facts that it reads when there are any, so whoever gives them must come before.
        gives: Facts that later nodes may rely on.
        back_to: Nodes that it may send the run back to.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    needs: ClassVar[tuple[Fact, ...]] = ()
    uses: ClassVar[tuple[Fact, ...]] = ()
    gives: ClassVar[tuple[Fact, ...]] = ()
    back_to: ClassVar[tuple[str, ...]] = ()

    def due(self, state: RunState) -> bool:
        """Say whether there is anything to do; a node that is not due is skipped."""
        return True

    def catches(self, error: DatusError, state: RunState, tools: Tools) -> bool:
        """Say whether this node can go on from an error of an earlier node.

        The engine then runs it with ``state.failure`` set to the error; else the run ends with it.
        """
        return False

    @abstractmethod
    async def run(self, state: RunState, tools: Tools, report: Report) -> RunState | Back:
        """Do the step and return the extended state, or go back to an earlier node.

        Raises:
            DatusError: The step could not be done; RefusalError when it must not be.
        """


def known(value: T | None, fact: Fact) -> T:
    """Return ``value``; the definitions' order rules make sure that it is there."""
    if value is None:
        raise LookupError(f"no earlier node gave: {fact}")
    return value
