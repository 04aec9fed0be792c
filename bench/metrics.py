"""Print what compiling a metric query costs: cold in a process of its own, warm, kept, and in memory.

Beside each figure that holds MetricFlow's work stands MetricFlow's plain ``explain`` in the same run. The
definitions are the demo's, or those of a folder. Usage: python bench/metrics.py [FOLDER] [--rounds 5]
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from datus.types import Metric, MetricCatalogue, MetricQuery

DEMO = Path(__file__).parent.parent / "datus" / "demo" / "knowledge" / "metrics"
START, END = date(2023, 1, 1), date(2024, 1, 1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=DEMO)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--part", choices=["ours", "plain"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        print(json.dumps(_cold(arguments.folder, arguments.part == "ours")))
        return
    _print_cold(arguments.folder, arguments.rounds)
    _print_warm(arguments.folder)


def _cold(folder: Path, ours: bool) -> dict[str, float]:
    """One fresh process: import, read and check, first query; seconds and megabytes."""
    before = _megabytes()
    begin = time.perf_counter()
    from datus.semantic import SemanticLayer, load_texts, read_definitions

    definitions = read_definitions(load_texts(folder))
    layer = SemanticLayer(definitions)
    if ours:
        listed = layer.catalogue()
        layer.compile(_queries(listed)[0], "duckdb")
    else:
        name = next(metric.name for metric in definitions.manifest.metrics)
        _plain(definitions.manifest)(MetricQuery((name,), grain="month", start=START, end=END))
    return {"seconds": time.perf_counter() - begin, "megabytes": _megabytes() - before}


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _print_cold(folder: Path, rounds: int) -> None:
    found: dict[str, list[dict[str, float]]] = {"ours": [], "plain": []}
    for _ in range(rounds):
        for part, results in found.items():
            command = [sys.executable, __file__, str(folder), "--part", part]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            results.append(json.loads(done.stdout))
    seconds = {part: median(one["seconds"] for one in runs) for part, runs in found.items()}
    memory = {part: median(one["megabytes"] for one in runs) for part, runs in found.items()}
    ratio = seconds["ours"] / seconds["plain"]
    print(
        f"cold, a fresh process: import, read, check, catalogue, first query: {seconds['ours']:.2f} s"
    )
    print(
        f"  plain: import, read, check, first explain: {seconds['plain']:.2f} s (ratio {ratio:.2f})"
    )
    print(f"memory added: {memory['ours']:.0f} MB; plain {memory['plain']:.0f} MB")


def _print_warm(folder: Path) -> None:
    from datus.semantic import SemanticLayer, load_texts, read_definitions

    definitions = read_definitions(load_texts(folder))
    layer = SemanticLayer(definitions)
    queries = _queries(layer.catalogue())
    layer.compile(queries[0], "duckdb")
    explain = _plain(definitions.manifest)
    explain(queries[0])
    ours = [_ms(lambda q=query: layer.compile(q, "duckdb")) for query in queries[1:]]  # type: ignore[misc]
    plain = [_ms(lambda q=query: explain(q)) for query in queries[1:]]  # type: ignore[misc]
    kept = [_ms(lambda q=query: layer.compile(q, "duckdb")) for query in queries[1:]]  # type: ignore[misc]
    ratio = median(ours) / median(plain)
    print(
        f"warm, {len(ours)} queries of new shapes: median {median(ours):.1f} ms, most {max(ours):.1f} ms"
    )
    print(
        f"  plain explain: median {median(plain):.1f} ms, most {max(plain):.1f} ms (ratio {ratio:.2f})"
    )
    print(f"asked before: median {median(kept) * 1000:.0f} us")


def _queries(listed: MetricCatalogue) -> list[MetricQuery]:
    """Each metric by month, with and without its first dimension."""
    return [
        MetricQuery((metric.name,), dimensions, grain="month", start=START, end=END)
        for metric in listed.metrics
        for dimensions in _splits(metric)
    ]


def _splits(metric: Metric) -> list[tuple[str, ...]]:
    return [(), metric.dimensions[:1]] if metric.dimensions else [()]


def _ms(call: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1000


def _plain(manifest: Any) -> Callable[[MetricQuery], str]:
    """MetricFlow alone, as a program without datus would ask it."""
    from datetime import datetime

    from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

    from datus.semantic.renderers import client

    engine = MetricFlowEngine(SemanticManifestLookup(manifest), client("duckdb"))

    def explain(query: MetricQuery) -> str:
        request = MetricFlowQueryRequest.create(
            metric_names=list(query.metrics),
            group_by_names=["metric_time__month", *query.dimensions],
            time_constraint_start=datetime(START.year, 1, 1),
            time_constraint_end=datetime(START.year, 12, 31),
        )
        return str(engine.explain(request).sql_statement.sql)

    return explain


if __name__ == "__main__":
    main()
