"""Names by sentence vectors for the Chinese words of a question that nothing else explained."""

from datus.errors import RefusalError
from datus.generation.offline import chinese
from datus.knowledge.embeddings import EmbeddingError
from datus.text import is_chinese
from datus.types import SimilarName
from datus.workflow.state import Linking

_SHORTEST = 2
_MOST = 4
MOST_SIMILAR = 8
"""After so many guessed names a question is not read again."""


def similar_names(refusal: RefusalError, linking: Linking) -> tuple[SimilarName, ...]:
    """What the words that a refusal names may mean, so that the question can be read once more.

    Only these are looked for: a question that is understood costs nothing, and a name goes before a guess.
    A hosted model is not asked again: it needs no such help, and each time it is asked costs.
    """
    if refusal.details.keys() & {"model", "degraded"}:
        return ()
    said = refusal.details.get("words", ()) if refusal.code == "unanswerable" else ()
    words = [_core(word) for word in said if isinstance(word, str) and is_chinese(word)]
    wanted = [word for word in dict.fromkeys(words) if len(word) >= _SHORTEST][:_MOST]
    if not wanted:
        return ()
    try:
        return linking.snapshot.find_similar(linking.linked, wanted)
    except EmbeddingError:
        return ()


def _core(word: str) -> str:
    """A word without what only asks: 平均停留 -> 停留."""
    for known in sorted((*chinese.CUES, *chinese.IGNORED), key=len, reverse=True):
        if len(known) > 1 and len(word) > len(known):
            word = word.removeprefix(known).removesuffix(known)
    return word
