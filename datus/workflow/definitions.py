"""The workflows, as data, and the rules that every workflow keeps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from datus.config import Settings
from datus.errors import ConfigError
from datus.workflow.nodes import NODES


@dataclass(frozen=True, slots=True)
class Workflow:
    """A name for a tuple of nodes, run in this order.

    How a workflow adapts is said by its nodes alone: ``fix`` and ``reflect`` catch what went wrong
    before them and send the run back; a workflow without them never adapts.
    """

    name: str
    description: str
    nodes: tuple[str, ...]


BUILT_IN = (
    Workflow(
        "fixed",
        "One straight pass that never adapts; for clear questions.",
        ("schema_linking", "generate_sql", "execute_sql", "output"),
    ),
    Workflow(
        "nl2sql",
        "Reads time expressions too, and mends SQL that fails once; the usual choice.",
        ("schema_linking", "date_parser", "generate_sql", "execute_sql", "fix", "output"),
    ),
    Workflow(
        "reflection",
        "Judges the result against the question and tries again; for complex or unclear questions.",
        (
            "schema_linking",
            "date_parser",
            "generate_sql",
            "execute_sql",
            "fix",
            "reflect",
            "output",
        ),
    ),
    Workflow(
        "metric_to_sql",
        "Answers from the company's metrics: one definition, equal questions, equal SQL.",
        (
            "schema_linking",
            "search_metrics",
            "date_parser",
            "generate_sql",
            "execute_sql",
            "output",
        ),
    ),
)

METRIC_QUERY = Workflow(
    "metric_query",
    "Runs a metric query as it is; `POST /metrics/query` takes one.",
    ("schema_linking", "search_metrics", "generate_sql", "execute_sql", "output"),
)
"""The way of a metric query that the caller wrote: no question is read, so no request can name it."""


def definitions(settings: Settings) -> Mapping[str, Workflow]:
    """Return every workflow by name: the built-in ones, then those of the configuration.

    Raises:
        ConfigError: A workflow of the configuration has a built-in name or breaks a rule.
    """
    workflows = {workflow.name: workflow for workflow in BUILT_IN}
    for name, custom in settings.workflows.items():
        if name in workflows or name == METRIC_QUERY.name:
            raise ConfigError(
                f"agent.workflow.{name}: this name is built in; give your workflow another one."
            )
        workflows[name] = Workflow(name, custom.description, custom.nodes)
    for workflow in workflows.values():
        check(workflow)
    return workflows


def check(workflow: Workflow) -> None:
    """Hold one workflow to the rules.

    Every node exists and occurs once, stands after the nodes that give what it needs or uses, and
    ``output`` is the last.

    Raises:
        ConfigError: Naming the workflow, the node and what to change.
    """
    where = f"agent.workflow.{workflow.name}"
    for name in workflow.nodes:
        if name not in NODES:
            raise ConfigError(f"{where}: there is no node {name!r}.{_nearest(name)}")
        if workflow.nodes.count(name) > 1:
            raise ConfigError(f"{where}: the node {name!r} occurs more than once; name it once.")
    if workflow.nodes[-1:] != ("output",):
        raise ConfigError(f"{where}: the last node must be 'output', which makes the answer.")
    for position, name in enumerate(workflow.nodes):
        node, before, after = NODES[name], workflow.nodes[:position], workflow.nodes[position:]
        for fact in node.needs:
            if fact not in _given(before):
                raise ConfigError(f"{where}: {name!r} needs {_giver(fact)!r} before it.")
        for fact in node.uses:
            if fact in _given(after):
                raise ConfigError(f"{where}: {_giver(fact)!r} must come before {name!r}.")


def _given(nodes: Iterable[str]) -> set[str]:
    return {fact for name in nodes for fact in NODES[name].gives}


def _giver(fact: str) -> str:
    return next(name for name, node in NODES.items() if fact in node.gives)


def _nearest(name: str) -> str:
    near = get_close_matches(name, NODES, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{hint} The nodes are: {', '.join(NODES)}."
