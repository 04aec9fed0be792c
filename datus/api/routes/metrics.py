"""The company's metrics: what there is, and a metric query run as it is."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query, Request, Response
from starlette.responses import JSONResponse

from datus.api.answers import AnswerResponse
from datus.api.context import Context, Read, Run, client_router
from datus.api.routes.workflows import EVENTS, require_event_stream
from datus.api.schemas import MetricList, MetricRunBody
from datus.api.sse import MEDIA_TYPE, EventStream
from datus.service import RunRequest
from datus.types import Metric, area_of

router = client_router("metrics")

SCRAPED: dict[str, dict[str, Any]] = {"text/plain": {}, "application/openmetrics-text": {}}


@router.get(
    "/metrics",
    summary="List the metrics",
    responses={200: {"model": MetricList, "content": SCRAPED}},
)
async def list_metrics(
    client: Read,
    context: Context,
    namespace: Annotated[
        str | None, Query(description="may be absent where the client may use only one")
    ] = None,
    domain: str | None = None,
    layer1: str | None = None,
    layer2: str | None = None,
) -> Response:
    """The metrics of a namespace, or of a business area of it, and what they can be grouped by.

    Who asks for `text/plain` or `application/openmetrics-text`, as Prometheus does, gets the service's
    own counters instead; that needs the scope `metrics:scrape`, or comes from the machine itself.
    """
    area = area_of(domain, layer1, layer2)
    listing = await context.service.metrics(client, namespace, area)
    found = listing.catalogue
    dimensions = [
        {
            "name": each.name,
            "kind": each.kind,
            "label": each.label,
            "description": each.description,
            "synonyms": list(each.synonyms),
        }
        for each in found.dimensions.values()
    ]
    return JSONResponse(
        {
            "namespace": listing.namespace,
            "knowledge_version": listing.version,
            "metrics": [_line(metric) for metric in found.metrics],
            "dimensions": dimensions,
        }
    )


@router.post(
    "/metrics/query",
    summary="Run a metric query",
    responses={200: EVENTS | {"content": {MEDIA_TYPE: {}}}},
)
async def query(body: MetricRunBody, request: Request, client: Run, context: Context) -> Response:
    """Run a metric query, such as the `metadata.metric_query` of an answer, edited.

    It is a task like any other: under a `task_id` it runs once, and its answer and events stay.
    """
    if body.mode == "async":
        require_event_stream(request)
    asked = RunRequest.of_metrics(body.namespace, body.query.query(), body.task_id, body.timeout_s)
    task = await context.service.submit(client, asked)
    request.state.task_id = task.task_id
    if body.mode == "async":
        return EventStream(context.service.events(client, task.task_id))
    return AnswerResponse(await context.service.wait(client, task.task_id))


def _line(metric: Metric) -> dict[str, Any]:
    example = {"metrics": [metric.name], "dimensions": list(metric.dimensions[:1])}
    return {**asdict(metric), "query": example}
