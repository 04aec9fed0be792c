"""The workflows, as data."""

from collections.abc import Mapping

from datus.config import Settings
from datus.errors import ConfigError
from datus.workflow.rules import check, resolve
from datus.workflow.steps import Workflow

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
    """Return every workflow by name, its parts put in: the built-in ones, then those of the configuration.

    Raises:
        ConfigError: A workflow of the configuration has a built-in name or breaks a rule.
    """
    workflows = {workflow.name: workflow for workflow in BUILT_IN}
    for name, custom in settings.workflows.items():
        if name in workflows or name == METRIC_QUERY.name:
            raise ConfigError(
                f"agent.workflow.{name}: this name is built in; give your workflow another one."
            )
        workflows[name] = Workflow(name, custom.description, custom.nodes, custom.settings)
    resolved = {name: resolve(workflow, workflows) for name, workflow in workflows.items()}
    for workflow in resolved.values():
        check(workflow)
    return resolved
