"""The service's own counters for Prometheus, at the path where scrapers look for them.

``GET /metrics`` lists the company's metrics; who asks for a text format of Prometheus gets these instead.
Tasks and models are read from the store that all processes share, so every server tells the same, and a restart
resets nothing; durations, take-overs, streams and what runs now are those of this server, all its workers together.
None is told by client: ids are the operator's own affair, and a series for each would
grow with their number; ``datus usage --by client`` has them.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope

from datus.api.accept import weight_of, weights
from datus.api.context import Context, authenticate
from datus.auth import is_loopback
from datus.service import Counters
from datus.telemetry import Measures

_JSON = "application/json"
_FORMATS = ("application/openmetrics-text", "text/plain")
# A proxy on this machine makes everybody seem to come from it; these say that there is one.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_OPEN = ("queued", "running")


class ScrapeRoute(APIRoute):
    """A route for those who would rather have a text format of Prometheus than JSON."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Leave to the next route whoever would not."""
        match, child = super().matches(scope)
        if match is Match.NONE or not scrapes(Headers(scope=scope).get("accept", "")):
            return Match.NONE, {}
        return match, child

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler: only the machine itself needs no token."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if not _is_here(request) or "authorization" in request.headers:
                (await authenticate(request)).require("metrics:scrape")
            return await handler(request)

        return handle


router = APIRouter(route_class=ScrapeRoute, include_in_schema=False)


@router.get("/metrics")
async def scrape(request: Request, context: Context) -> Response:
    """The counters, in the format that the scraper asks for."""
    counters = await context.service.counters()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(counters, context.telemetry.measures))
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    text = await asyncio.to_thread(encode, registry)
    return Response(text, headers={"Content-Type": content_type})


def scrapes(accept: str) -> bool:
    """Whether a header names a text format of Prometheus and would rather have it than JSON."""
    found = weights(accept)
    named = max(found.get(each, 0.0) for each in _FORMATS)
    return named > weight_of(_JSON, found)


def _is_here(request: Request) -> bool:
    forwarded = any(name in request.headers for name in _FORWARDED)
    return not forwarded and request.client is not None and is_loopback(request.client.host)


class _Told(Collector):
    """Counters as Prometheus's own library wants them."""

    def __init__(self, counters: Counters, measures: Measures | None) -> None:
        self._counters = counters
        self._measures = measures

    def collect(self) -> Iterator[Metric]:
        """Every family with its samples."""
        over = CounterMetricFamily(
            "datus_tasks", "Tasks that are over.", labels=("workflow", "status")
        )
        still = GaugeMetricFamily(
            "datus_tasks_open", "Tasks that wait or run.", labels=("workflow", "status")
        )
        for count in self._counters.tasks:
            family = still if count.status in _OPEN else over
            family.add_metric((count.workflow, count.status), count.tasks)
        yield over
        yield still
        requests = CounterMetricFamily(
            "datus_model_requests", "Requests to hosted models.", labels=("model",)
        )
        unpriced = CounterMetricFamily(
            "datus_model_unpriced_requests", "Those whose price is not known.", labels=("model",)
        )
        cost = CounterMetricFamily(
            "datus_model_cost_usd", "Known cost of hosted models, in US dollars.", labels=("model",)
        )
        tokens = CounterMetricFamily(
            "datus_model_tokens",
            "Tokens of hosted models; cached_input is a part of input.",
            labels=("model", "kind"),
        )
        for line in self._counters.models:
            usage = line.usage
            requests.add_metric((line.name,), usage.requests)
            unpriced.add_metric((line.name,), line.unpriced)
            cost.add_metric((line.name,), usage.cost or 0.0)
            tokens.add_metric((line.name, "input"), usage.input_tokens)
            tokens.add_metric((line.name, "cached_input"), usage.cached_tokens)
            tokens.add_metric((line.name, "output"), usage.output_tokens)
        yield from (requests, tokens, cost, unpriced)
        if self._measures is not None:
            yield from self._measures.collect()
