"""Spans for OpenTelemetry. Only ``opening.py`` imports this, where an endpoint is set.

No text of a question, a statement or an error goes into a span unless the setting allows it: what a collector
keeps is out of this service's hands.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from datus.errors import DatusError
from datus.telemetry.ids import TRACE_PARENT

_MOST_CHARACTERS = 8_192


class Spans:
    """Makes spans; those that are begun inside another one are its children.

    Args:
        tracer: Of a provider whose exporter is running.
        close: Sends what is left and ends the exporter.
        texts: Whether questions and SQL go into spans.
    """

    def __init__(self, tracer: Tracer, close: Callable[[], None], *, texts: bool) -> None:
        self._tracer = tracer
        self._texts = texts
        self.close = close

    @contextmanager
    def of_task(
        self, attributes: Mapping[str, str], question: str
    ) -> Iterator[Callable[[str, str | None], None]]:
        """The span of a run, below the caller's own where its request named one.

        Call what it gives with the run's status and the code of its error.
        """
        came = TRACE_PARENT.get()
        header = {"traceparent": came} if came else {}
        parent = TraceContextTextMapPropagator().extract(header, context=Context())
        told = {**attributes, **({"datus.question": question} if self._texts else {})}
        with self._span("task", told, SpanKind.SERVER, parent) as span:
            yield partial(ended, span)

    @contextmanager
    def of_node(self, node: str) -> Iterator[Span]:
        """The span of a node."""
        with self._span(node, {"datus.node": node}, SpanKind.INTERNAL) as span:
            yield span

    @contextmanager
    def of_statement(self, attributes: Mapping[str, str], sql: str) -> Iterator[Span]:
        """The span of a statement in a database."""
        told = {**attributes, **({"db.query.text": sql} if self._texts else {})}
        with self._span("statement", told, SpanKind.CLIENT) as span:
            yield span

    @contextmanager
    def _span(
        self,
        name: str,
        attributes: Mapping[str, str],
        kind: SpanKind,
        parent: Context | None = None,
    ) -> Iterator[Span]:
        told = {key: value[:_MOST_CHARACTERS] for key, value in attributes.items()}
        with self._tracer.start_as_current_span(
            name,
            context=parent,
            kind=kind,
            attributes=told,
            record_exception=False,  # an engine's words hold parts of the SQL and of the data
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                code = error.code if isinstance(error, DatusError) else type(error).__name__
                failed(span, code)
                raise


def ended(span: Span, status: str, code: str | None) -> None:
    """Note how a run ended. A refusal or a cancellation is an end in order, with a code."""
    span.set_attribute("datus.status", status)
    if status == "failed":
        failed(span, code or "internal")
    elif code:
        span.set_attribute("datus.code", code)


def failed(span: Span, code: str) -> None:
    """Mark a span as failed, by a code that holds nothing of the data."""
    span.set_attribute("error.type", code)
    span.set_status(Status(StatusCode.ERROR))
