"""Business terms, found where a text says them."""

from collections.abc import Iterable, Iterator

from datus.text import Token, lemma, tokenize
from datus.types import Area, Term, in_area

_LONGEST = 16  # tokens; a Chinese character is one


class TermIndex:
    """Terms by the dictionary forms of their word and synonyms; immutable."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._terms: dict[tuple[str, ...], list[Term]] = {}
        for term in terms:
            for said in dict.fromkeys((term.word, *term.synonyms)):
                if key := _forms(tokenize(said)):
                    self._terms.setdefault(key, []).append(term)

    def find(self, text: str, area: Area) -> tuple[Term, ...]:
        """The terms of an area that a text says, in its order; of two that overlap the longer one."""
        if not self._terms:
            return ()
        found: dict[Term, None] = {}
        for terms in self._runs(_forms(tokenize(text)), area):
            found.update(dict.fromkeys(terms))
        return tuple(found)

    def _runs(self, forms: tuple[str, ...], area: Area) -> Iterator[list[Term]]:
        start = 0
        while start < len(forms):
            for end in range(min(start + _LONGEST, len(forms)), start, -1):
                known = self._terms.get(forms[start:end], ())
                if terms := [term for term in known if in_area(term.area, area)]:
                    yield terms
                    start = end - 1
                    break
            start += 1


def _forms(tokens: Iterable[Token]) -> tuple[str, ...]:
    return tuple(lemma(token.text) for token in tokens if token.kind != "mark")
