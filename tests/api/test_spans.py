"""Spans: one a run, a node and a statement, below the caller's; sent to a collector; nothing where none is set."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from datus.api.process import prepare
from datus.config import TelemetryConfig
from datus.errors import ConfigError
from datus.telemetry import opening
from datus.telemetry.opening import check_telemetry, endpoint_of, open_spans
from tests.api.conftest import GatedGenerator

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADERS = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "r1"}
EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


@pytest.fixture
def sdk() -> None:
    """Skips where what sends spans is not installed."""
    pytest.importorskip(EXPORTER, reason="the extra telemetry is not installed")


class Kept:
    """Spans that stay here."""

    def __init__(self, *, texts: bool) -> None:
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        from datus.telemetry.spans import Spans

        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.spans = Spans(provider.get_tracer("tests"), provider.shutdown, texts=texts)

    def of(self, name: str):
        return [each for each in self._exporter.get_finished_spans() if each.name == name]

    def all(self):
        return self._exporter.get_finished_spans()


async def test_a_run_its_nodes_and_its_statements(sdk, open_world, settings):
    kept = Kept(texts=False)
    async with open_world(settings, GatedGenerator(), spans=kept.spans) as world:
        answer = await world.run("How many orders?", task_id="t1", headers=HEADERS)
        assert answer.json()["status"] == "completed"
    (task,) = kept.of("task")
    assert f"{task.context.trace_id:032x}" == TRACE
    assert f"{task.parent.span_id:016x}" == PARENT
    assert dict(task.attributes) == {
        "datus.task_id": "t1",
        "datus.request_id": "r1",
        "datus.workflow": "fixed",
        "datus.namespace": "shop",
        "datus.status": "completed",
    }
    (node,) = kept.of("execute_sql")
    assert node.parent.span_id == task.context.span_id
    ran = [each for each in kept.of("statement") if each.parent.span_id == node.context.span_id]
    assert [each.attributes["db.operation.name"] for each in ran][-1] == "execute"
    assert all(each.context.trace_id == task.context.trace_id for each in kept.all())
    told = repr([each.to_json() for each in kept.all()])
    assert "orders" not in told
    assert "SELECT" not in told


async def test_a_run_that_fails_and_texts_where_they_are_allowed(sdk, open_world, settings):
    kept = Kept(texts=True)
    async with open_world(settings, GatedGenerator(), spans=kept.spans) as world:
        await world.run("Crash", headers={"traceparent": "nonsense"})
        await world.run("What is unknown?")
        await world.run("How many orders?")
    crashed, refused, answered = kept.of("task")
    assert crashed.parent is None
    assert (crashed.status.is_ok, crashed.attributes["error.type"]) == (False, "internal")
    assert (refused.status.is_ok, refused.attributes["datus.code"]) == (True, "unanswerable")
    assert answered.attributes["datus.question"] == "How many orders?"
    assert kept.of("statement")[-1].attributes["db.query.text"].startswith("SELECT")
    assert "hunter2" not in repr([each.to_json() for each in kept.all()])


class Collector(HTTPServer):
    """Takes what is sent, as a collector does."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, bytes]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                server.bodies.append((self.path, self.rfile.read(length)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_what_a_collector_gets(sdk, collector, monkeypatch):
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    address = f"http://127.0.0.1:{collector.server_port}"
    spans = open_spans(TelemetryConfig(otlp_endpoint=address), {}, version="9.8")
    with spans.of_task({"datus.workflow": "fixed"}, "Never sent?") as ended:
        with spans.of_node("output"):
            pass
        ended("completed", None)
    spans.close()
    ((path, body),) = collector.bodies
    assert path == "/v1/traces"
    assert b"Never sent" not in body
    (sent,) = ExportTraceServiceRequest.FromString(body).resource_spans
    about = {each.key: each.value.string_value for each in sent.resource.attributes}
    assert (about["service.name"], about["service.version"]) == ("datus", "9.8")
    assert {span.name for span in sent.scope_spans[0].spans} == {"task", "output"}


def test_a_collector_that_does_not_answer_holds_up_no_stop(sdk, monkeypatch):
    monkeypatch.setattr(opening, "_CLOSE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        spans = open_spans(TelemetryConfig(otlp_endpoint=address), {}, version="1")
        with spans.of_node("output"):
            pass
        began = time.monotonic()
        spans.close()
        assert time.monotonic() - began < 5  # of the 30 that the library would take


@pytest.mark.parametrize(
    ("setting", "variable", "endpoint"),
    [
        (None, None, None),
        (None, "", None),
        (None, "http://c:4318", "http://c:4318/v1/traces"),
        ("http://own:4318/", "http://c:4318", "http://own:4318/v1/traces"),
        ("https://own/v1/traces", None, "https://own/v1/traces"),
    ],
)
def test_where_spans_go(setting, variable, endpoint):
    env = {} if variable is None else {"OTEL_EXPORTER_OTLP_ENDPOINT": variable}
    assert endpoint_of(TelemetryConfig(otlp_endpoint=setting), env) == endpoint


def test_without_an_endpoint_nothing_is_loaded():
    assert open_spans(TelemetryConfig(), {}, version="1") is None
    look = "import datus.telemetry.opening, sys; sys.exit('opentelemetry' in sys.modules)"
    subprocess.run([sys.executable, "-c", look], check=True, timeout=30)


def test_a_server_says_what_is_not_installed(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, EXPORTER, None)
    told = replace(settings, telemetry=TelemetryConfig(otlp_endpoint="http://127.0.0.1:1"))
    with pytest.raises(ConfigError, match=r"pip install 'datus\[telemetry\]'"):
        prepare(told, host="127.0.0.1", env={}, say=print)
    check_telemetry(TelemetryConfig(), {})


def test_an_address_of_no_collector_is_refused():
    with pytest.raises(ConfigError, match="OTEL_EXPORTER_OTLP_ENDPOINT is to be the address"):
        check_telemetry(TelemetryConfig(), {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"})
