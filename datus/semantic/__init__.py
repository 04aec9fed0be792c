"""Metric definitions to SQL: MetricFlow behind one adapter.

``read_definitions`` reads and checks what dbt users write, ``SemanticLayer`` lists the metrics and
compiles metric queries. MetricFlow is imported at the first use, not with this package.
"""

from datus.semantic.definitions import load_texts, read_definitions
from datus.semantic.layer import CompiledMetric, SemanticLayer
from datus.semantic.model import RUNNING, Definitions, Target

__all__ = [
    "RUNNING",
    "CompiledMetric",
    "Definitions",
    "SemanticLayer",
    "Target",
    "load_texts",
    "read_definitions",
]
