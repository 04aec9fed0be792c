"""An index of the text values in a database, so that words of a question are found as data."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from datus.text import Token, tokenize
from datus.types import ValueHit

_LONGEST = 8  # tokens; longer values are found only by their quoted text
_CHINESE_LONGEST = 16
# Words that are values somewhere and yet say nothing when they stand in a question.
_NEVER = frozenset(
    "a an the all any no i is in of on or and to for by at as it be me do not who what which with how "
    "name id number many much each more most less than from that are was show list".split()
)
# Words for values that databases keep as one letter.
_LETTERS: Mapping[str, tuple[str, ...]] = {
    "female": ("f",), "females": ("f",), "male": ("m",), "males": ("m",), "women": ("f", "female"),
    "men": ("m", "male"), "woman": ("f", "female"), "man": ("m", "male"), "girls": ("f", "female"),
    "boys": ("m", "male"), "yes": ("y", "t", "true"), "女": ("f", "female"), "男": ("m", "male"),
    "女性": ("f", "female"), "男性": ("m", "male"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value occurs, as the database spells it; ``said`` is another word people have for it."""

    table: str
    column: str
    value: str
    said: str | None = None


@dataclass(frozen=True)
class ValueIndex:
    """Values by their normal form; immutable after ``build``."""

    places: Mapping[str, tuple[Place, ...]]

    @classmethod
    def build(cls, places: Iterable[Place]) -> "ValueIndex":
        """Index places by the tokens of their values; values longer than a question's words are left out."""
        found: dict[str, list[Place]] = {}
        for place in places:
            said = place.said or place.value
            if len(said) <= 80:
                key = _key(tokenize(said))
                if key and key not in _NEVER:
                    found.setdefault(key, []).append(place)
        return cls({key: tuple(each) for key, each in found.items()})

    def find(self, text: str) -> tuple[ValueHit, ...]:
        """Every run of words of the text that is a value, with all the columns that hold it."""
        return tuple(self._find(text, tokenize(text)))

    def _find(self, text: str, tokens: tuple[Token, ...]) -> Iterator[ValueHit]:
        for start, token in enumerate(tokens):
            if token.kind == "mark":
                continue
            longest = _CHINESE_LONGEST if token.kind == "chinese" else _LONGEST
            for end in range(start + 1, min(start + longest, len(tokens)) + 1):
                if tokens[end - 1].kind == "mark":
                    continue
                span = (token.span[0], tokens[end - 1].span[1])
                key = _key(tokens[start:end])
                said = text[span[0] : span[1]]
                for place in self.places.get(key, ()):
                    score = _score(said, place.said or place.value, start)
                    yield ValueHit(place.table, place.column, place.value, span, score)
                if end - start <= 2:
                    yield from self._letters(said.lower(), span)

    def _letters(self, said: str, span: tuple[int, int]) -> Iterator[ValueHit]:
        for letter in _LETTERS.get(said, ()):
            for place in self.places.get(letter, ()):
                yield ValueHit(place.table, place.column, place.value, span, 0.75)


def said_in_comment(comment: str, values: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Values that a comment explains by ``value=words``, each with its words: ``M=male, F=female``."""
    known = {value.lower(): value for value in values}
    for value, words in _EXPLAINED.findall(comment):
        if value.strip().lower() in known:
            yield known[value.strip().lower()], words.strip()


_EXPLAINED = re.compile(
    r"([^\s,;:|=，；：、（）()]+(?: [^\s,;:|=，；：、（）()]+)*)\s*=\s*([^,;|=，；、（）()]+)"
)


def _key(tokens: tuple[Token, ...]) -> str:
    return " ".join(token.text for token in tokens if token.kind != "mark")


def _score(said: str, value: str, start: int) -> float:
    """How sure it is that words are meant as a value: same letters and capitals say most."""
    if said == value:
        named = not said.islower() and (start > 0 or len(said) > 12)
        return 0.98 if named and not said.isdigit() else 0.8
    if said.lower() == value.lower():
        return 0.85 if said[:1].isupper() and start > 0 else 0.7
    return 0.65
