"""SQL that hosted models wrote, used again for the same client, question and context.

It is kept in the memory of each process, not in a table: questions and SQL stay out of files, nothing has to
be purged, and with a new process begin new prompts and models. Rows are never kept: the SQL runs again.
"""

from collections import OrderedDict
from collections.abc import Callable

from datus.types import Candidate

Candidates = tuple[Candidate, ...]


class AnswerCache:
    """The SQL of at most ``entries`` questions, each for ``ttl_s`` seconds; those not asked for longest go.

    Args:
        clock: Counts seconds and never falls.
    """

    def __init__(self, *, ttl_s: float, entries: int, clock: Callable[[], float]) -> None:
        self._ttl_s = ttl_s
        self._entries = entries
        self._clock = clock
        self._held: OrderedDict[str, tuple[float, Candidates]] = OrderedDict()

    def __len__(self) -> int:
        """How many questions it has SQL of."""
        return len(self._held)

    def get(self, key: str) -> Candidates | None:
        """What is kept under a key and not too old."""
        made_at, candidates = self._held.get(key, (0.0, None))
        if candidates is None:
            return None
        if self._clock() - made_at > self._ttl_s:
            del self._held[key]
            return None
        self._held.move_to_end(key)
        return candidates

    def keep(self, key: str, candidates: Candidates) -> None:
        """Keep candidates under a key, in the place of what was there."""
        self._held[key] = (self._clock(), candidates)
        self._held.move_to_end(key)
        if len(self._held) > self._entries:
            self._held.popitem(last=False)
