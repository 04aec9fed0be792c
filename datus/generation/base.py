"""The one interface of all generators, hosted or offline."""

from typing import Protocol

from datus.types import Candidate, GenerationContext


class Generator(Protocol):
    """Turns a question and what the nodes gathered for it into ranked SQL."""

    name: str

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        """Return at least one candidate, best first, none of them among ``context.attempts``.

        Raises:
            RefusalError: ``unanswerable`` when the data cannot answer, ``ambiguous`` when readings
                tie; its details name the words and what would help.
        """
        ...
