"""A workflow as it is run: its nodes in order, each with what is set differently for it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, cast

from datus.config import Entry, NodeSettings, Parallel, Part, Settings, with_settings
from datus.knowledge.search import LinkingRate
from datus.workflow.state import RunState

PARALLEL = "parallel"
"""What events and answers call the step that runs branches at once."""

OUTPUT = "output"

NOTHING: NodeSettings = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Workflow:
    """A name for a list of nodes, run in this order, with branches and other workflows among them.

    How a workflow adapts is said by its nodes alone: ``fix`` and ``reflect`` catch what went wrong
    before them and send the run back; a workflow without them never adapts.

    Attributes:
        settings: What is set differently for its nodes.
    """

    name: str
    description: str
    nodes: tuple[Entry, ...]
    settings: NodeSettings = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a run, or the branches that run at once in its place.

    Attributes:
        node: Name of the node; ``parallel`` where there are branches.
        settings: All that is set differently for it, by the workflow and the parts around it.
    """

    node: str
    settings: NodeSettings = field(default_factory=lambda: NOTHING)
    branches: "tuple[Branch, ...]" = ()

    def holds(self, node: str) -> bool:
        """Say whether going back to a node means going back to this step."""
        return self.node == node or any(
            step.holds(node) for branch in self.branches for step in branch.steps
        )


@dataclass(frozen=True, slots=True)
class Branch:
    """Steps that run at once with those of other branches."""

    name: str
    steps: tuple[Step, ...]


def steps_of(workflow: Workflow) -> tuple[Step, ...]:
    """The steps of a workflow whose parts are put in (see ``definitions``)."""
    return tuple(_steps(workflow.nodes, workflow.settings))


def every_step(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps and those inside their branches."""
    for step in steps:
        yield step
        for branch in step.branches:
            yield from every_step(branch.steps)


def _steps(nodes: Iterable[Entry], settings: NodeSettings) -> Iterator[Step]:
    for entry in nodes:
        if isinstance(entry, str):
            yield Step(entry, settings)
        elif isinstance(entry, Part):
            yield from _steps(entry.nodes, with_settings(settings, entry.settings))
        else:
            branches = (
                Branch(
                    branch.name,
                    tuple(_steps(branch.nodes, with_settings(settings, branch.settings))),
                )
                for branch in entry.branches
            )
            yield Step(PARALLEL, settings, tuple(branches))


def settings_for(step: Step, settings: Settings) -> Settings:
    """All settings as the step sees them."""
    if not step.settings:
        return settings
    return replace(settings, node_settings=with_settings(settings.node_settings, step.settings))


def at_own_rate(state: RunState, step: Step) -> RunState:
    """The state at the linking rate that is set for the step; a run that went back keeps its wider one."""
    rate = step.settings.get(step.node, NOTHING).get("rate")
    if step.node != "schema_linking" or rate is None or state.reflection_rounds:
        return state
    return replace(state, rate=cast(LinkingRate, rate))


def every_settings(workflows: Iterable[Workflow], settings: Settings) -> Iterator[NodeSettings]:
    """The settings of the nodes, then each way in which a workflow sets them differently."""
    yield settings.node_settings
    for workflow in workflows:
        for step in every_step(steps_of(workflow)):
            if step.settings:
                yield with_settings(settings.node_settings, step.settings)


def as_json(workflow: Workflow) -> dict[str, Any]:
    """A workflow as callers see it: names of nodes, branches and parts with what is set for them."""
    shown: dict[str, Any] = {
        "name": workflow.name,
        "description": workflow.description,
        "nodes": [_entry(each) for each in workflow.nodes],
    }
    return {**shown, **_set(workflow.settings)}


def _entry(entry: Entry) -> Any:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, Parallel):
        return {PARALLEL: [{"name": branch.name, **_part(branch)} for branch in entry.branches]}
    return _part(entry)


def _part(part: Part) -> dict[str, Any]:
    name = {"workflow": part.workflow} if part.workflow is not None else {}
    return {**name, "nodes": [_entry(each) for each in part.nodes], **_set(part.settings)}


def _set(settings: NodeSettings) -> Mapping[str, Any]:
    if not settings:
        return {}
    return {"settings": {node: dict(values) for node, values in settings.items()}}
