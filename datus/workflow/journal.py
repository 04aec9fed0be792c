"""What a run records after each step, and how another process goes on from there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from datus.errors import DatusError
from datus.knowledge.snapshot import Snapshot
from datus.tasks.encoding import spent_as_json, spent_of
from datus.workflow.meter import TaskMeter
from datus.workflow.record import (
    Changes,
    changed,
    changes,
    error_as_json,
    error_of,
    names_knowledge,
)
from datus.workflow.state import RunState

ROOT = ""
"""The path of a run's own walk; that of a branch begins with its parent's."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands between two steps.

    Attributes:
        position: Number of the next step, from 0.
        sql: The last SQL that the guard let through.
        done: The part of the way that was gone, in [0, 1].
        error: How a branch ended that has no answer.
        timings: What its steps took, and those of its branches that are over.
    """

    position: int
    state: RunState
    sql: str | None = None
    done: float = 0.0
    error: DatusError | None = None
    timings: tuple[Mapping[str, Any], ...] = ()


class Journal:
    """Steps of one run, written and read back. Shared by its walks.

    Attributes:
        broken: Whether a step could not be recorded; those after it say only what they changed since, so
            they are of no use.
        begun: Whether an earlier attempt recorded anything.
        elapsed_s: Seconds that earlier attempts took, up to their last step.

    Args:
        recorded: What earlier attempts recorded, in order.
        meter: Learns what they spent, and says what is spent since the last step.
    """

    def __init__(
        self, recorded: Sequence[Mapping[str, Any]] = (), meter: TaskMeter | None = None
    ) -> None:
        self._recorded = tuple(recorded)
        self._meter = meter
        self._snapshot: Snapshot | None = None
        self.broken = False
        self.begun = bool(recorded)
        self.elapsed_s: float = recorded[-1]["elapsed"] if recorded else 0.0
        for each in recorded:
            if meter is not None and each["spent"] is not None:
                meter.resume(spent_of(each["spent"]))

    @property
    def needs_knowledge(self) -> bool:
        """Whether a snapshot must be given before ``resumed`` is called."""
        return any(names_knowledge(each["state"]) for each in self._recorded)

    def use(self, snapshot: Snapshot) -> None:
        """Give the knowledge that is in use."""
        self._snapshot = snapshot

    def forget(self, path: str = ROOT) -> None:
        """Have a walk, and the branches in it, begin anew; what was spent stays spent.

        Nothing more is recorded: it would be read after the steps that are of no use.
        """
        self.broken = True
        self._recorded = tuple(
            each
            for each in self._recorded
            if each["path"] != path and not each["path"].startswith(f"{path}/")
        )

    def step(
        self, path: str, branch: str | None, before: RunState, place: Place, elapsed_s: float
    ) -> Mapping[str, Any] | None:
        """A step to be recorded; None when an earlier one was not.

        Args:
            path: Whose it is.
            branch: What the events of that walk say whose they are; None for the run's own.
            before: The state at the walk's last record, or at its beginning.
            place: Where the walk stands now, with the timings since that record.
            elapsed_s: Seconds since the run began, those of earlier attempts included.
        """
        if self.broken:
            return None
        spent = self._meter.taken() if self._meter is not None else None
        return {
            "path": path,
            "branch": branch,
            "position": place.position,
            "state": changes(before, place.state),
            "sql": place.sql,
            "done": place.done,
            "error": None if place.error is None else error_as_json(place.error),
            "timings": list(place.timings),
            "elapsed": round(elapsed_s, 6),
            "spent": None if spent is None else spent_as_json(spent),
        }

    def resumed(self, path: str, start: Place) -> Place:
        """Where a walk stands after what was recorded of it; ``start`` where nothing was.

        Raises:
            StaleError: The knowledge has changed since.
        """
        place = start
        for each in self._of(path):
            found: Changes = each["state"]
            place = Place(
                position=each["position"],
                state=changed(place.state, found, self._snapshot),
                sql=each["sql"],
                done=each["done"],
                error=None if each["error"] is None else error_of(each["error"]),
            )
        state = replace(place.state, meter=start.state.meter)
        return replace(place, state=state, timings=self._timings(path))

    def count(self, path: str) -> int:
        """How many steps of a walk were recorded."""
        return len(tuple(self._of(path)))

    def _timings(self, path: str) -> tuple[Mapping[str, Any], ...]:
        """What a walk's steps took, those of its branches that are over among them, in their order.

        The branches of a fork that is still going on read theirs themselves.
        """
        count, below = self.count(path), f"{path}/"
        found: list[Mapping[str, Any]] = []
        for each in self._recorded:
            rest = each["path"].removeprefix(below)
            inside = rest != each["path"] and int(rest.partition(".")[0]) < count
            if inside or each["path"] == path:
                found.extend(each["timings"])
        return tuple(found)

    def _of(self, path: str) -> Iterable[Mapping[str, Any]]:
        return (each for each in self._recorded if each["path"] == path)
