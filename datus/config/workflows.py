"""The user's own workflows: lists of nodes, with branches that run at once and other workflows in them."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from datus.config.reader import Source, check, make_tree, unknown
from datus.config.table import SETTINGS
from datus.config.values import (
    Entry,
    ModelConfig,
    NodeSettings,
    NodeValue,
    Parallel,
    Part,
    WorkflowConfig,
)

_NODES = "agent.nodes."
_BRANCH_KEYS = ("name", "nodes", "workflow", "settings")
_INLINE_KEYS = ("parallel", "workflow", "settings")


def make_workflow(
    name: str, section: Mapping[str, Any], models: Mapping[str, ModelConfig], source: Source
) -> WorkflowConfig:
    """A workflow of its checked section; which nodes and workflows there are is not checked here.

    Raises:
        ConfigError: An entry of its nodes, or a setting of a part, cannot be used.
    """
    at = f"agent.workflow.{name}"
    read = _Reader(models, source)
    return WorkflowConfig(
        name,
        read.entries(section["nodes"], f"{at}.nodes"),
        section["description"],
        read.settings(section["settings"], f"{at}.settings"),
    )


def with_settings(base: NodeSettings, own: NodeSettings) -> NodeSettings:
    """The settings of the nodes where some of them are set anew; the newer value wins."""
    if not own:
        return base
    nodes = {*base, *own}
    return MappingProxyType(
        {node: MappingProxyType({**base.get(node, {}), **own.get(node, {})}) for node in nodes}
    )


class _Reader:
    """Reads the nodes of workflows out of YAML data."""

    def __init__(self, models: Mapping[str, ModelConfig], source: Source) -> None:
        self._models = models
        self._source = source
        self._tree = make_tree(each for each in SETTINGS if each.name.startswith(_NODES))

    def entries(self, raw: object, at: str) -> tuple[Entry, ...]:
        if not isinstance(raw, list) or not raw:
            raise self._source.error(
                at, f"{raw!r} is not usable; expected a list of names of nodes."
            )
        return tuple(self._entry(each, f"{at}[{n}]") for n, each in enumerate(raw))

    def _entry(self, raw: object, at: str) -> Entry:
        if not isinstance(raw, dict):
            return self._name(raw, at, "the name of a node, {parallel: [...]} or {workflow: name}")
        self._known(raw, _INLINE_KEYS, at)
        if "parallel" in raw:
            if len(raw) > 1:
                raise self._source.error(
                    at,
                    "'parallel' takes its branches and nothing beside; settings go into a branch.",
                )
            return self._parallel(raw["parallel"], f"{at}.parallel")
        if "workflow" not in raw:
            raise self._source.error(at, "expected one of the keys 'parallel' and 'workflow'.")
        return self._part(raw, at)

    def _parallel(self, raw: object, at: str) -> Parallel:
        if not isinstance(raw, list) or len(raw) < 2:
            raise self._source.error(
                at,
                "expected a list of at least two branches, each a list of nodes, the name of a "
                "workflow, or keys: " + ", ".join(_BRANCH_KEYS) + ".",
            )
        branches = [self._branch(each, f"{at}[{n}]") for n, each in enumerate(raw)]
        return Parallel(tuple(self._named(branches, at)))

    def _branch(self, raw: object, at: str) -> Part:
        if isinstance(raw, list):
            return Part(nodes=self.entries(raw, at))
        if not isinstance(raw, dict):
            return Part(workflow=self._name(raw, at, "a list of nodes, or the name of a workflow"))
        self._known(raw, _BRANCH_KEYS, at)
        if ("nodes" in raw) == ("workflow" in raw):
            raise self._source.error(at, "a branch has either 'nodes' or 'workflow'; give one.")
        return self._part(raw, at)

    def _part(self, raw: Mapping[str, Any], at: str) -> Part:
        return Part(
            name=self._name(raw["name"], f"{at}.name", "a name") if "name" in raw else "",
            workflow=self._name(raw["workflow"], f"{at}.workflow", "the name of a workflow")
            if "workflow" in raw
            else None,
            nodes=self.entries(raw["nodes"], f"{at}.nodes") if "nodes" in raw else (),
            settings=self.settings(raw.get("settings"), f"{at}.settings"),
        )

    def settings(self, raw: object, at: str) -> NodeSettings:
        """What is set of the nodes, and only that: the rest is as outside of the part."""
        below = self._tree["agent"]
        assert isinstance(below, dict)
        nodes = below["nodes"]
        assert isinstance(nodes, dict)
        checked = check(raw, nodes, self._source, at)
        given: dict[str, Mapping[str, NodeValue]] = {}
        for node, section in raw.items() if isinstance(raw, dict) else ():
            keys = [key for key, value in (section or {}).items() if value is not None]
            given[node] = MappingProxyType({key: checked[node][key] for key in keys})
            model = given[node].get("model")
            if model is not None and model not in self._models:
                raise self._source.error(
                    f"{at}.{node}.model",
                    f"there is no model {model!r} in agent.models; "
                    f"{unknown(str(model), self._models)}",
                )
        return MappingProxyType(given)

    def _named(self, branches: Iterable[Part], at: str) -> Iterable[Part]:
        """Branches with a name each: its own, else its workflow's, else its place."""
        names: set[str] = set()
        for place, branch in enumerate(branches, 1):
            name = branch.name or branch.workflow or str(place)
            if name in names and not branch.name:
                name = f"{name} {place}"
            if name in names:
                raise self._source.error(at, f"two branches are named {name!r}; rename one.")
            names.add(name)
            yield Part(name, branch.workflow, branch.nodes, branch.settings)

    def _name(self, raw: object, at: str, expected: str) -> str:
        name = self._source.expand(raw, at) if isinstance(raw, str) else ""
        if not name:
            raise self._source.error(at, f"{raw!r} is not usable; expected {expected}.")
        return name

    def _known(self, raw: Mapping[object, object], keys: tuple[str, ...], at: str) -> None:
        for key in raw:
            if key not in keys:
                raise self._source.error(f"{at}.{key}", f"unknown key; {unknown(str(key), keys)}")
