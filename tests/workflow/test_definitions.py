"""The workflows are checked data, and the docs have a row for each."""

import re
from pathlib import Path
from typing import get_args

import pytest

from datus.errors import ConfigError
from datus.types import EventType, TaskStatus
from datus.workflow.definitions import BUILT_IN, METRIC_QUERY, definitions
from datus.workflow.nodes import NODES
from datus.workflow.rules import check
from datus.workflow.steps import Workflow

DOCS = Path(__file__).parents[2] / "docs" / "workflows.md"


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its two first lines."""
    section = DOCS.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


NAMES = ["fixed", "nl2sql", "reflection", "metric_to_sql"]


def test_built_in_workflows_are_those_of_the_contract() -> None:
    assert [workflow.name for workflow in BUILT_IN] == NAMES
    for workflow in (*BUILT_IN, METRIC_QUERY):
        check(workflow)
    assert BUILT_IN[0].nodes == ("schema_linking", "generate_sql", "execute_sql", "output")


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        (
            ("schema_linkin", "generate_sql", "execute_sql", "output"),
            "Did you mean 'schema_linking'?",
        ),
        (
            ("schema_linking", "execute_sql", "output"),
            "'execute_sql' needs 'generate_sql' before it",
        ),
        (
            ("generate_sql", "schema_linking", "execute_sql", "output"),
            "needs 'schema_linking' before",
        ),
        (("schema_linking", "generate_sql", "output"), "'output' needs 'execute_sql' before it"),
        (
            ("schema_linking", "generate_sql", "fix", "execute_sql", "output"),
            "'fix' needs 'execute_sql'",
        ),
        (
            ("schema_linking", "generate_sql", "date_parser", "execute_sql", "output"),
            "'date_parser' must come before 'generate_sql'",
        ),
        (("schema_linking", "generate_sql", "execute_sql"), "the last node must be 'output'"),
        (
            ("schema_linking", "generate_sql", "output", "execute_sql"),
            "the last node must be 'output'",
        ),
        (("schema_linking", "schema_linking", "output"), "occurs more than once"),
        ((), "the last node must be 'output'"),
    ],
)
def test_broken_workflow_is_refused_with_what_to_change(nodes: tuple[str, ...], says: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(says)) as refused:
        check(Workflow("mine", "", nodes))
    assert "agent.workflow.mine" in refused.value.message


async def test_configuration_adds_workflows(make_lab) -> None:
    lab = make_lab("  workflow:\n    quick: [schema_linking, generate_sql, execute_sql, output]\n")
    workflows = definitions(lab.settings)
    assert list(workflows) == [*NAMES, "quick"]
    assert workflows["quick"].nodes[-1] == "output"
    outcome = await lab.ask("quick", lambda context: ["SELECT count(*) AS n FROM customers"])
    assert (outcome.status, outcome.answer["workflow"]) == ("completed", "quick")
    await lab.connectors.close()


BRANCH = "[generate_sql, execute_sql]"


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        ("[parallel, selection, output]", "'parallel' takes branches: {parallel: [[...], [...]]}."),
        (
            f"[schema_linking, {{parallel: [{BRANCH}, {BRANCH}]}}, output]",
            "'selection' must stand right after 'parallel'",
        ),
        (
            f"[schema_linking, {{parallel: [{BRANCH}, {BRANCH}]}}, date_parser, selection, output]",
            "'selection' must stand right after 'parallel'",
        ),
        (
            "[schema_linking, generate_sql, execute_sql, selection, output]",
            "'selection' needs 'parallel' before it",
        ),
        (
            f"[schema_linking, {{parallel: [{BRANCH}, [generate_sql]]}}, selection, output]",
            "branch '2': it gives no result; let it run its SQL with 'execute_sql'",
        ),
        (
            f"[{{parallel: [{BRANCH}, {BRANCH}]}}, selection, output]",
            "branch '1': 'generate_sql' needs 'schema_linking' before it",
        ),
        (
            "[schema_linking, {parallel: [fixed, [generate_sql, execute_sql, output]]}, selection, output]",
            "branch '2': leave 'output' out",
        ),
        (
            "[schema_linking, {parallel: [fixed, {name: odd, nodes: [generate, execute_sql]}]}, selection, output]",
            "branch 'odd': there is no node 'generate'. Did you mean 'generate_sql'?",
        ),
        (
            "[schema_linking, {parallel: [fixed, [generate_sql, execute_sql, reflect]]}, selection, output]",
            "branch '2': 'reflect' goes back to 'schema_linking', which must stand before it in the same list",
        ),
        ("[{parallel: [fixed, nl2sq]}, selection, output]", "Did you mean 'nl2sql'?"),
        (
            "[{parallel: [fixed, generate_sql]}, selection, output]",
            "there is no workflow 'generate_sql'. 'generate_sql' is a node: write [generate_sql].",
        ),
        ("[{workflow: mine}, output]", "a workflow cannot be a part of itself: mine -> mine."),
        (
            "[{parallel: [fixed, other]}, selection, output]\n    other: [{workflow: mine}, output]",
            "a workflow cannot be a part of itself: mine -> other -> mine.",
        ),
        ("[{workflow: fixed}, {workflow: nl2sql}, output]", "occurs more than once"),
        ("[{workflow: fixed}]", "the last node must be 'output'"),
    ],
)
async def test_broken_parts_are_refused_with_what_to_change(make_lab, nodes, says) -> None:
    lab = make_lab(f"  workflow:\n    mine: {nodes}\n")
    with pytest.raises(ConfigError, match=re.escape(says)) as refused:
        definitions(lab.settings)
    assert "agent.workflow.mine" in refused.value.message


async def test_the_examples_of_the_page_are_good(make_lab) -> None:
    blocks = re.findall(r"```yaml\nagent:\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
    names = [name for block in blocks for name in definitions(make_lab(block).settings)]
    assert {"quick", "careful"} <= {*names}


@pytest.mark.parametrize("name", ["fixed", "metric_query"])
async def test_configuration_cannot_replace_a_built_in_workflow(make_lab, name: str) -> None:
    nodes = "[schema_linking, generate_sql, execute_sql, output]"
    lab = make_lab(f"  workflow:\n    {name}: {nodes}\n")
    with pytest.raises(ConfigError, match="built in"):
        definitions(lab.settings)


def test_docs_list_every_workflow_with_its_nodes() -> None:
    documented = {row[0]: row[1] for row in rows("Workflows")}
    built_in = {
        f"`{flow.name}`": ", ".join(f"`{node}`" for node in flow.nodes) for flow in BUILT_IN
    }
    assert documented == built_in


def test_docs_list_every_node_with_what_it_needs_and_gives() -> None:
    documented = {row[0]: row[2:4] for row in rows("Nodes")}
    nodes = {
        f"`{node.name}`": [", ".join(node.needs), ", ".join(node.gives)] for node in NODES.values()
    }
    assert documented == nodes


def test_docs_list_every_event_and_last_status() -> None:
    assert [row[0] for row in rows("Events")] == [f"`{event}`" for event in get_args(EventType)]
    last = {f"`{status}`" for status in get_args(TaskStatus)} - {"`queued`", "`running`"}
    assert {row[0] for row in rows("How a run ends")} == last
