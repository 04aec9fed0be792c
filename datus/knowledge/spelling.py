"""Typos and short forms: the words of an index that a word of a question was likely meant to be."""

from collections.abc import Iterable, Sequence

_LEAST_LETTERS = 4
_TYPO = 0.8
"""Least Damerau-Levenshtein similarity of a typo: one slip in five letters, two in ten."""

_MOST = 3
_SHORT = 0.75
"""How near a short form counts: it could stand for other words too."""


class Spellings:
    """The Latin words of an index, by their first letter: slips and short forms keep it.

    Args:
        vocabulary: The index's terms.
    """

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._by_letter: dict[str, list[str]] = {}
        for term in vocabulary:
            if term.isascii() and term.isalpha() and len(term) >= _LEAST_LETTERS - 1:
                self._by_letter.setdefault(term[0], []).append(term)

    def near(self, words: Sequence[str]) -> list[list[tuple[str, float]]]:
        """For each word, which is in no entry, the terms it may stand for, each with how near, up to 1."""
        return [self._near(word.lower()) for word in words]

    def _near(self, word: str) -> list[tuple[str, float]]:
        from rapidfuzz import process  # only a word that is not known needs it
        from rapidfuzz.distance import OSA

        if not (word.isascii() and word.isalpha()) or len(word) < _LEAST_LETTERS:
            return []
        terms = self._by_letter.get(word[0], [])
        similar = process.extract(
            word, terms, scorer=OSA.normalized_similarity, score_cutoff=_TYPO, limit=_MOST
        )
        found = [(term, float(score)) for term, score, _ in similar]
        found += [(term, _SHORT) for term in terms if _is_short_form(term, word)]
        return sorted(dict(found).items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST]


def _is_short_form(one: str, other: str) -> bool:
    """Whether the shorter of two words is the other one's letters in order, vowels first to go."""
    short, long = sorted((one, other), key=len)
    if not 3 <= len(short) <= 0.75 * len(long):
        return False
    letters = iter(long)
    return all(letter in letters for letter in short) and (
        long.startswith(short) or not set(short[1:]) & set("aeiou")
    )
