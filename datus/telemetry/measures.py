"""Durations and counts of one server: of this process, or of all its workers together.

A scrape reaches any one worker. Where there are several, each keeps its figures in files that all of them read
(``shared.py``), so that whichever is asked tells the sum. What a label may be is bounded here: names of routes,
nodes, workflows and engines are, while ids, paths and SQL would make a series for each.
"""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric

from datus.telemetry.shared import SharedFigures

_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measures:
    """See the module. Make one for a process; the library under it allows no second set of files.

    Args:
        directory: Where the workers of this server keep their figures; None where this is the only one.

    Raises:
        OSError: The directory cannot be written.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._shared = SharedFigures(directory) if directory is not None else None
        self._registry = CollectorRegistry(auto_describe=False)
        self._requests = self._histogram(
            "datus_request_duration_seconds",
            "Time until an answer or an event stream begins.",
            ("route", "method", "status"),
        )
        self._tasks = self._histogram(
            "datus_task_duration_seconds", "Time of a run.", ("workflow", "status")
        )
        self._nodes = self._histogram(
            "datus_node_duration_seconds", "Time of a node.", ("node", "status")
        )
        self._statements = self._histogram(
            "datus_statement_duration_seconds",
            "Time of a statement in a database, waiting for a connection included.",
            ("dialect", "operation", "outcome"),
        )
        self.running = self._gauge("datus_tasks_running", "Tasks that this server runs.")
        self.waiting = self._gauge("datus_tasks_waiting", "Tasks that wait for a turn here.")
        self.streams = self._gauge("datus_streams_open", "Event streams that are open.")
        self._taken_over = Counter(
            "datus_take_overs",
            "Tasks of dead processes that this server took over.",
            registry=self._registry,
        )

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """One answer began.

        Args:
            route: The route's template; "none" where no route was met.
            status: 0 where the request ended without an answer.
        """
        self._requests.labels(
            route,
            method if method in _METHODS else "other",
            f"{status // 100}xx" if status else "aborted",
        ).observe(seconds)

    def task(self, workflow: str, status: str, seconds: float) -> None:
        """One run ended."""
        self._tasks.labels(workflow, status).observe(seconds)

    def node(self, node: str, status: str, seconds: float) -> None:
        """One node ended, as ``completed`` or ``failed``."""
        self._nodes.labels(node, status).observe(seconds)

    def statement(self, dialect: str, operation: str, outcome: str, seconds: float) -> None:
        """One statement ended."""
        self._statements.labels(dialect, operation, outcome).observe(seconds)

    def taken_over(self, count: int) -> None:
        """So many tasks of a dead process are this one's now."""
        self._taken_over.inc(count)

    def collect(self) -> Iterator[Metric]:
        """Every family with the samples of all workers. Reads files: not for the event loop."""
        for family in self._shared.collect() if self._shared else self._registry.collect():
            # Half the families would come twice otherwise: with the time at which each series began.
            family.samples = [each for each in family.samples if not each.name.endswith("_created")]
            yield family

    def close(self) -> None:
        """This process ends: its gauges no longer count, while its counters do."""
        if self._shared is not None:
            self._shared.close()

    def _histogram(self, name: str, meaning: str, labels: tuple[str, ...]) -> Histogram:
        return Histogram(name, meaning, labels, buckets=_BUCKETS_S, registry=self._registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, registry=self._registry, multiprocess_mode="livesum")
