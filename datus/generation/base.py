"""The one interface of all generators, hosted or offline."""

from dataclasses import dataclass
from typing import Protocol

from datus.types import Candidate, GenerationContext, MetricQuery, TimeRange, WordUse


@dataclass(frozen=True, slots=True)
class MetricChoice:
    """One reading of a question as a metric query, best first in a generator's list.

    Attributes:
        query: What is asked of the metrics, complete; SQL comes from the compiler alone.
        score: Higher is more likely; comparable only within one list.
        words: The words it rests on.
        times: The time ranges it used, a subset of the context's.
        ordered: Whether the question asks for an order of the rows.
        generator: Name of what made it, ``offline`` or a model's.
    """

    query: MetricQuery
    score: float
    words: tuple[WordUse, ...]
    times: tuple[TimeRange, ...]
    ordered: bool
    generator: str = "offline"


class Generator(Protocol):
    """Turns a question and what the nodes gathered for it into ranked SQL, or into metric queries."""

    name: str

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        """Return at least one candidate, best first, none of them among ``context.attempts``.

        Raises:
            RefusalError: ``unanswerable`` when the data cannot answer, ``ambiguous`` when readings
                tie; its details name the words and what would help.
        """
        ...

    async def choose_metrics(self, context: GenerationContext) -> tuple[MetricChoice, ...]:
        """Return at least one metric query over ``context.metrics``, best first.

        Raises:
            RefusalError: ``unanswerable`` when no metric covers the question, ``ambiguous`` when
                readings tie; its details name the words and the nearest metrics.
        """
        ...
