"""What the service tells of itself: durations and counts for Prometheus, spans for OpenTelemetry, ids for logs."""

from datus.telemetry.ids import REQUEST_ID, TASK_ID, TRACE_PARENT
from datus.telemetry.measures import Measures
from datus.telemetry.telemetry import SILENT, Telemetry

__all__ = ["REQUEST_ID", "SILENT", "TASK_ID", "TRACE_PARENT", "Measures", "Telemetry"]
