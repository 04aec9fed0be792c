"""A generator that answers by a script: for tests, and for measuring everything but generation."""

from collections.abc import Callable, Sequence

from datus.types import Candidate, GenerationContext

Script = Callable[[GenerationContext], Sequence[str | Candidate]]


class ScriptedGenerator:
    """Answers each question with what ``script`` returns for it, best first, and raises what it raises.

    Args:
        script: SQL or whole candidates for a context; SQL becomes a candidate with a falling score.
    """

    name = "scripted"

    def __init__(self, script: Script) -> None:
        self._script = script

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        """Return the script's candidates, those that were attempted before left out."""
        tried = {attempt.sql for attempt in context.attempts}
        candidates = (
            _candidate(answer, place) for place, answer in enumerate(self._script(context))
        )
        return tuple(candidate for candidate in candidates if candidate.sql not in tried)


def _candidate(answer: str | Candidate, place: int) -> Candidate:
    if isinstance(answer, Candidate):
        return answer
    return Candidate(
        sql=answer, score=1 / (1 + place), tables=(), columns=(), generator=ScriptedGenerator.name
    )
