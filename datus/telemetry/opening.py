"""Opens the way to a collector of spans, where one is set; the packages for it are an extra."""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from datus.config import TelemetryConfig
from datus.errors import ConfigError

if TYPE_CHECKING:
    from datus.telemetry.spans import Spans

EXTRA = "datus[telemetry]"
ENDPOINT_VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PATH = "/v1/traces"
_CLOSE_S = 3.0
_SETTING = "agent.telemetry.otlp_endpoint"


def endpoint_of(config: TelemetryConfig, env: Mapping[str, str]) -> str | None:
    """The address that spans go to; None where none is set. The setting goes before the environment."""
    base = config.otlp_endpoint or env.get(ENDPOINT_VARIABLE) or None
    if base is None or base.rstrip("/").endswith(_PATH):
        return base
    return base.rstrip("/") + _PATH


def check_telemetry(config: TelemetryConfig, env: Mapping[str, str]) -> None:
    """Find at the start what is missing.

    Raises:
        ConfigError: An endpoint is set that cannot be one, or the packages are not installed.
    """
    endpoint = endpoint_of(config, env)
    if endpoint is None:
        return
    where = _SETTING if config.otlp_endpoint else ENDPOINT_VARIABLE
    if not endpoint.startswith(("http://", "https://")):
        raise ConfigError(
            f"{where} is to be the address of an OTLP collector over HTTP, such as "
            "http://127.0.0.1:4318."
        )
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter
        import opentelemetry.sdk.trace  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"{where} is set, but what sends traces is not installed ({error.name}). "
            f"Run `pip install '{EXTRA}'`, or leave the setting out."
        ) from None


def open_spans(config: TelemetryConfig, env: Mapping[str, str], *, version: str) -> "Spans | None":
    """Start sending spans; None where no endpoint is set.

    Headers, certificates, sampling, the service's name and further attributes are the standard
    variables' (``OTEL_EXPORTER_OTLP_HEADERS``, ``OTEL_TRACES_SAMPLER``, ``OTEL_SERVICE_NAME``, ...).

    Args:
        version: Of datus, for the spans' resource.

    Raises:
        ConfigError: As ``check_telemetry``.
    """
    endpoint = endpoint_of(config, env)
    if endpoint is None:
        return None
    check_telemetry(config, env)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from datus.telemetry.spans import Spans

    own = {"service.name": "datus", "service.version": version}
    resource = Resource.create({**own, **OTELResourceDetector().detect().attributes})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))

    def close() -> None:
        # A collector that does not answer would take half a minute: longer than a stopping server has.
        last = threading.Thread(target=provider.shutdown, name="datus-spans-close", daemon=True)
        last.start()
        last.join(_CLOSE_S)

    return Spans(provider.get_tracer("datus", version), close, texts=config.texts)
