"""The one interface of all generators, hosted or offline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from datus.errors import RefusalCode, RefusalError
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
        generator: Name of what made it, ``offline`` or ``hosted``.
        model, degraded: As in ``Candidate``.
        confidence: How likely it is what is asked for; None where its generator cannot tell.
        left_out: As in ``Candidate``.
    """

    query: MetricQuery
    score: float
    words: tuple[WordUse, ...]
    times: tuple[TimeRange, ...]
    ordered: bool
    generator: str = "offline"
    model: str = ""
    degraded: tuple[str, ...] = ()
    confidence: float | None = None
    left_out: tuple[str, ...] = ()


class UnsureError(RefusalError):
    """A refusal that rows may overrule: no candidate is sure enough by itself, some may be together.

    Attributes:
        candidates: What could be answered, best first, each with its confidence.
        needed: The confidence that an answer needs, in [0, 1].
    """

    def __init__(
        self, refusal: RefusalError, candidates: Sequence[Candidate], needed: float
    ) -> None:
        code = cast(RefusalCode, refusal.code)
        super().__init__(refusal.message, code=code, details=refusal.details)
        self.candidates = tuple(candidates)
        self.needed = needed


class Generator(Protocol):
    """Turns a question and what the nodes gathered for it into ranked SQL, or into metric queries.

    Attributes:
        version: Says by which models and prompts it answers, so that a cache can tell; empty where it has none.
    """

    name: str

    @property
    def version(self) -> str: ...

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        """Return candidates, best first, none of them among ``context.attempts``; none where it knows no other.

        Raises:
            UnsureError: A refusal, but candidates whose rows agree may be sure enough together.
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
