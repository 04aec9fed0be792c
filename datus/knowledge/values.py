"""An index of the text values in a database, so that words of a question are found as data."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Protocol

from datus.config import KnowledgeSources
from datus.knowledge.otherwise import said_otherwise
from datus.knowledge.wording import other_words
from datus.text import Token, normal_form, tokenize
from datus.types import ValueHit

_LONGEST = 8  # tokens; longer values are found only by their quoted text
_CHINESE_LONGEST = 16
_BY_OTHER_WORD = 0.75
# Words that are values somewhere and yet say nothing when they stand in a question.
_NEVER = frozenset(
    "a an the all any no i is in of on or and to for by at as it be me do not who what which with how "
    "name id number many much each more most less than from that are was show list".split()
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value occurs, as the database spells it, and in how many rows if that was counted.

    ``said`` is another word people have for it.
    """

    table: str
    column: str
    value: str
    said: str | None = None
    count: int = 0


class Places(Protocol):
    """Values by their normal form, wherever they are kept."""

    def lookup(self, keys: Collection[str]) -> Mapping[str, tuple[Place, ...]]:
        """The places of each key that is the normal form of a value."""

    def of_column(self, table: str, column: str) -> tuple[Place, ...]:
        """Every place of a column, those of other words for a value too."""


class MemoryPlaces:
    """Places of a database whose values fit into memory."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = tuple(places)
        keyed: dict[str, list[Place]] = {}
        for place in self._places:
            if key := spoken_key(place):
                keyed.setdefault(key, []).append(place)
        self._by_key = {key: tuple(each) for key, each in keyed.items()}

    def lookup(self, keys: Collection[str]) -> Mapping[str, tuple[Place, ...]]:
        return {key: self._by_key[key] for key in keys if key in self._by_key}

    def of_column(self, table: str, column: str) -> tuple[Place, ...]:
        return self._by_column.get((table, column), ())

    @cached_property
    def _by_column(self) -> Mapping[tuple[str, str], tuple[Place, ...]]:
        found: dict[tuple[str, str], list[Place]] = {}
        for place in self._places:
            found.setdefault((place.table, place.column), []).append(place)
        return {column: tuple(each) for column, each in found.items()}


def may_be_read(sources: KnowledgeSources, table: str, column: str) -> bool:
    """Whether the configuration lets values of a column be read.

    Patterns are held against ``table.column`` with and without the table's schema, in lower case.
    """
    full = f"{table}.{column}".lower()
    bare = f"{table.rpartition('.')[2]}.{column}".lower()
    patterns = [pattern.lower() for pattern in sources.values_exclude]
    return sources.values and not any(
        fnmatchcase(name, pattern) for pattern in patterns for name in (full, bare)
    )


def spoken_key(place: Place) -> str | None:
    """The normal form in which a question would say a place's value; None for what nobody says."""
    said = place.said or place.value
    key = normal_form(said) if len(said) <= 80 else ""
    return key if key and key not in _NEVER else None


@dataclass(frozen=True)
class ValueIndex:
    """The values of one database; immutable. ``complete`` are the columns all of whose values are here."""

    places: Places
    complete: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def build(
        cls, places: Iterable[Place], complete: frozenset[tuple[str, str]] = frozenset()
    ) -> "ValueIndex":
        """Index places by the tokens of their values, in memory."""
        return cls(MemoryPlaces(places), complete)

    def find(self, text: str) -> tuple[ValueHit, ...]:
        """Every run of words of the text that is a value, with all the columns that hold it.

        A run that is none is looked for in its other forms and, where it is Chinese, in English.
        """
        tokens = tokenize(text)
        runs = tuple(_runs(tokens))
        others = said_otherwise(tokens)
        said = [text[run.span[0] : run.span[1]] for run in runs]
        keys = {run.key for run in runs}
        keys.update(other for run in runs for other in other_words(run.key))
        keys.update(key for each in others.values() for key in each)
        known = self.places.lookup(keys)
        hits: list[ValueHit] = []
        for run, words in zip(runs, said, strict=True):
            for place in known.get(run.key, ()):
                score = _score(words, place.said or place.value, run.start)
                hits.append(ValueHit(place.table, place.column, place.value, run.span, score))
            for other in other_words(run.key):
                for place in known.get(other, ()):
                    hits.append(
                        ValueHit(place.table, place.column, place.value, run.span, _BY_OTHER_WORD)
                    )
            if run.key not in known:
                hits += _otherwise(run.span, others.get((run.start, run.end), {}), known)
        return tuple(hits)


def _otherwise(
    span: tuple[int, int],
    others: Mapping[str, float],
    known: Mapping[str, tuple[Place, ...]],
) -> Iterator[ValueHit]:
    """The places of what a run may be called otherwise, each once and as sure as it gets."""
    best: dict[tuple[str, str, str], float] = {}
    for key, score in others.items():
        for place in known.get(key, ()):
            at = (place.table, place.column, place.value)
            best[at] = max(score, best.get(at, 0.0))
    for at, score in best.items():
        yield ValueHit(*at, span, score)


@dataclass(frozen=True, slots=True)
class _Run:
    key: str
    start: int
    end: int
    span: tuple[int, int]


def _runs(tokens: tuple[Token, ...]) -> Iterator[_Run]:
    """Every run of tokens, without a mark at its ends, that is short enough to be a value."""
    for start, token in enumerate(tokens):
        if token.kind == "mark":
            continue
        longest = _CHINESE_LONGEST if token.kind == "chinese" else _LONGEST
        for end in range(start + 1, min(start + longest, len(tokens)) + 1):
            if tokens[end - 1].kind != "mark":
                span = (token.span[0], tokens[end - 1].span[1])
                yield _Run(_key(tokens[start:end]), start, end, span)


def said_in_comment(comment: str, values: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Values that a comment explains, each with its words, as in ``M=male``, ``1: 已支付``, ``paid 已付款`` and ``门店(store)``.

    What is done is said without 已 too: 已取消, 取消的订单.
    """
    folded = comment.lower()
    known = {value.lower(): value for value in values if value.strip() and value.lower() in folded}
    if not known:
        return
    longest_first = sorted(map(re.escape, known), key=len, reverse=True)
    places = list(re.finditer(_WHOLE.format("|".join(longest_first)), folded))
    for at, place in enumerate(places):
        following = places[at + 1].start() if at + 1 < len(places) else len(comment)
        words = _words_of(comment, place, following)
        if words and words.lower() not in known:
            yield known[place[0]], words
            if words.startswith("已") and len(words) > 2:
                yield known[place[0]], words[1:]


_WHOLE = "(?<![a-z0-9_])(?:{})(?![a-z0-9_])"
_BEHIND = re.compile(r"(\s*[=:：–—-]\s*|\s+|(?=[\u3400-\u9fff]))([^,;|=:/\n，；：、。（）()]+)")
_BEFORE = re.compile(r"([^\s,;|=:/，；：、（）()]+)\s*([(（=])\s*$")


def _words_of(comment: str, place: re.Match[str], following: int) -> str:
    """The words for the value at a place: behind it, before it with ``=``, or before its brackets."""
    if before := _BEFORE.search(comment[: place.start()]):
        closed = comment[place.end() : place.end() + 1] in tuple(")）")
        if before[2] == "=" or closed:
            return before[1]
    behind = _BEHIND.match(comment, place.end(), following)
    if behind is None:
        return ""
    words = behind[2].strip()
    told = bool(behind[1].strip()) or len(place[0]) <= 2 or not words.isascii()
    return words if told else ""  # "delivered today" explains nothing


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
