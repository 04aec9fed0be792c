"""search_metrics: the company's metrics that the question may mean."""

import asyncio
from dataclasses import replace

from datus.errors import RefusalError
from datus.types import MetricCatalogue
from datus.workflow.linking import link
from datus.workflow.node import Node, Report, Tools, known
from datus.workflow.state import RunState


class SearchMetrics(Node):
    """Finds metrics by name, synonym, meaning and business area, and the database they are about."""

    name = "search_metrics"
    description = "Find the metrics that the question may mean"
    needs = ("schema",)
    gives = ("metrics",)

    async def run(self, state: RunState, tools: Tools, report: Report) -> RunState:
        """Find the metrics; all of them are there for a metric query that the caller wrote.

        Raises:
            RefusalError: ``unanswerable``: the namespace, or this business area of it, has no metrics,
                and the configuration does not hand such questions to ``nl2sql``.
            ConfigError: The metric definitions cannot be used.
        """
        snapshot = known(state.linking, "schema").snapshot
        settings = tools.settings.node_settings[self.name]
        found = await asyncio.to_thread(_find, state, int(settings["limit"]))
        if not found.metrics and settings["otherwise"] == "refuse":
            raise _nothing(state)
        about = snapshot.metrics_database
        if found.metrics and about is not None and about != known(state.linking, "schema").database:
            state = replace(state, linking=await asyncio.to_thread(link, state, about, snapshot))
        await report.detail(
            f"Found {len(found.metrics)} metrics",
            metrics_found=[metric.name for metric in found.metrics],
            area="/".join(state.question.area),
        )
        return replace(state, metrics=found)


def _find(state: RunState, limit: int) -> MetricCatalogue:
    snapshot = known(state.linking, "schema").snapshot
    about = snapshot.metrics_database
    if about not in state.databases:
        return MetricCatalogue()
    if state.metric_query is not None:
        return snapshot.catalogue
    told = (f"{term.word} {term.meaning}" for term in known(state.linking, "schema").terms)
    said = "\n".join((state.question.text, state.question.ext_knowledge or "", *told))
    return snapshot.find_metrics(said, state.question.area, limit)


def _nothing(state: RunState) -> RefusalError:
    area = "/".join(state.question.area)
    where = f" in the business area {area!r}" if area else ""
    return RefusalError(
        f"Namespace {state.namespace!r} has no metrics{where} that this question could be about; "
        "ask it with the workflow nl2sql, or define metrics (docs/metrics.md).",
        code="unanswerable",
        details={"area": area},
    )
