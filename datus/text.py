"""Words: normal forms, tokens and lemmas for questions, names and values, in English and Chinese.

Every span is counted in characters of the caller's own text, whatever normalisation did to it.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

TokenKind = Literal["word", "number", "chinese", "mark"]

_TOKEN = re.compile(
    r"""(?P<number>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?![a-z0-9]))
      | (?P<chinese>[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])
      | (?P<word>(?:[a-z0-9]|(?![\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[^\W\d_])+(?:['\u2019][a-z]+)?)
      | (?P<mark>\S)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number, one Chinese character or a mark; ``text`` is its normal form."""

    text: str
    kind: TokenKind
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text in its normal form, and for each of its characters the place in the original."""

    text: str
    places: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original's span behind ``text[start:end]``."""
        if start >= end:
            return (self.places[start],) * 2
        return self.places[start], self.places[end - 1] + 1


_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of a surrogate pair, which are no characters and which no library takes."""


@cache
def _simplifier() -> Any:
    import opencc  # loads dictionaries, so only once Chinese is seen

    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Traditional characters to simplified ones, never changing the number of characters."""
    if text.isascii():
        return text
    text = _HALVES.sub("\ufffd", text)
    whole: str = _simplifier().convert(text)
    if len(whole) == len(text):
        return whole
    return "".join((_simplifier().convert(char) or char)[0] for char in text)


def normalise(text: str) -> Normalised:
    """Unicode NFKC, simplified Chinese, lower case and plain quotes, with every place kept."""
    chars: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        folded = unicodedata.normalize("NFKC", char).lower() if not char.isascii() else char.lower()
        for part in folded:
            chars.append(_QUOTES.get(part, part))
            places.append(place)
    return Normalised(simplify("".join(chars)), (*places, len(text)))


_QUOTES = dict.fromkeys("\u2018\u2019\u02bc\u0060\u00b4", "'") | dict.fromkeys(
    "\u201c\u201d\u300c\u300d\u300e\u300f\u00ab\u00bb", '"'
)


def tokenize(text: str) -> tuple[Token, ...]:
    """The tokens of a text in order; white space is dropped, Chinese is one token a character."""
    return tuple(_tokens(normalise(text)))


def _tokens(normal: Normalised) -> Iterator[Token]:
    for match in _TOKEN.finditer(normal.text):
        kind: TokenKind = match.lastgroup  # type: ignore[assignment]
        word, start, end = match[0], match.start(), match.end()
        if kind == "word" and "'" in word:  # "student's": the owner is the word; "don't": do, not
            apostrophe = word.index("'")
            if word.endswith("n't") and word != "n't":
                whole = _SHORTENED.get(word[:-3], word[:-3])
                yield Token(whole, kind, normal.span(start, end - 3))
                yield Token("not", kind, normal.span(end - 3, end))
                continue
            end = start + apostrophe
            word = word[:apostrophe]
        yield Token(
            word.replace(",", "") if kind == "number" else word, kind, normal.span(start, end)
        )


_SHORTENED = {"ca": "can", "wo": "will", "sha": "shall"}


def normal_form(text: str) -> str:
    """What two texts share that differ only in case, width, spaces, marks or traditional characters."""
    return " ".join(token.text for token in tokenize(text) if token.kind != "mark")


def is_chinese(text: str) -> bool:
    """Whether a text has at least one Chinese character."""
    return any("\u3400" <= char <= "\u9fff" for char in text)


@lru_cache(maxsize=20_000)
def lemma(word: str) -> str:
    """The dictionary form of an English word in lower case: ``cities`` -> ``city``."""
    if not word.isascii() or len(word) < 3 or word.isdigit():
        return word
    import simplemma  # loads its dictionary, so only once a word is seen

    if word.endswith("s") and word[:-1] in _PLURALS_KEPT:
        return word[:-1]
    return str(simplemma.lemmatize(word, lang="en", low_memory=True)).lower()


# Plurals whose dictionary form is a verb's or another word's, or is taken for a word of its own.
_PLURALS_KEPT = frozenset({"datum", "rating", "sale", "building", "meeting", "setting", "spelling"})


@lru_cache(maxsize=20_000)
def is_known(word: str) -> bool:
    """Whether an English dictionary has the word."""
    import simplemma

    return bool(word) and bool(simplemma.is_known(word, lang="en", low_memory=True))


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A rough common part of derived words: ``nationality`` and ``nation`` both give ``nat``."""
    return _stripped(lemma(word))


def _stripped(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return _stripped(word[: -len(suffix)])
    return word


_SUFFIXES = ("ality", "ation", "ement", "ment", "ness", "ship", "ions", "ion", "ity", "ing", "ers",
             "ies", "al", "er", "or", "ed", "es", "ly", "e", "y", "s")  # fmt: skip
