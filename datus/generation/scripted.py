"""A generator that answers by a script: for tests, and for measuring everything but generation."""

from collections.abc import Callable, Sequence

from datus.errors import RefusalError
from datus.generation.base import MetricChoice
from datus.types import Candidate, GenerationContext, MetricQuery

Script = Callable[[GenerationContext], Sequence[str | Candidate]]
MetricScript = Callable[[GenerationContext], Sequence[MetricQuery | MetricChoice]]


class ScriptedGenerator:
    """Answers each question with what its scripts return for it, best first, and raises what they raise.

    Args:
        script: SQL or whole candidates for a context; SQL becomes a candidate with a falling score.
        metrics: Metric queries or whole choices for a context, scored likewise; a generator without
            it covers no metric.
    """

    name = "scripted"
    version = ""

    def __init__(self, script: Script, metrics: MetricScript | None = None) -> None:
        self._script = script
        self._metrics = metrics

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        """Return the script's candidates, those that were attempted before left out."""
        tried = {attempt.sql for attempt in context.attempts}
        candidates = (
            _candidate(answer, place) for place, answer in enumerate(self._script(context))
        )
        return tuple(candidate for candidate in candidates if candidate.sql not in tried)

    async def choose_metrics(self, context: GenerationContext) -> tuple[MetricChoice, ...]:
        """Return the second script's choices.

        Raises:
            RefusalError: ``unanswerable``, where there is no such script.
        """
        if self._metrics is None:
            raise RefusalError(
                "This generator has no script for metrics. Give it one as its second argument.",
                code="unanswerable",
            )
        return tuple(_choice(answer, place) for place, answer in enumerate(self._metrics(context)))


def _candidate(answer: str | Candidate, place: int) -> Candidate:
    if isinstance(answer, Candidate):
        return answer
    return Candidate(
        sql=answer, score=1 / (1 + place), tables=(), columns=(), generator=ScriptedGenerator.name
    )


def _choice(answer: MetricQuery | MetricChoice, place: int) -> MetricChoice:
    if isinstance(answer, MetricChoice):
        return answer
    return MetricChoice(
        query=answer,
        score=1 / (1 + place),
        words=(),
        times=(),
        ordered=bool(answer.order),
        generator=ScriptedGenerator.name,
    )
