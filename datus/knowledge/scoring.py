"""How well entries fit a text: the signals that speak for each, and how they are weighed."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import chain
from operator import attrgetter

from datus.knowledge.entries import Kind
from datus.knowledge.index import IndexReader, Row
from datus.knowledge.segmentation import Terms
from datus.types import ValueHit

Allowed = Collection[int] | None
"""The entries that may be found; None is all."""

_MEANING = 0.5  # what a term of near meaning counts, times its cosine
_SPELLING = 0.8  # what a term of near spelling counts, times how near it is
_LIKE = 0.8  # what a term counts that only means the same, times its share
_SAID = 0.55  # terms that count at least this much are as good as said
_OF_DETAILS = 0.7  # what a database's details count beside its names
_FULL = 4  # columns said whole that count; more of them say no more


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each signal of an entry counts. Words count by rarity unless it says otherwise.

    Attributes:
        names: Words of the text among its names, as a share of all words.
        details: BM25 of its details, as a share of what all words together could reach.
        explained: Words among its names or details, as a share of all words, each counted alike.
        named: Share of its names' terms that the text says, in the saying that fits best.
        columns: Lines of its details that the text says whole.
        values: Words of the text that are values of it, those of few tables more.
        vector: Cosine of its vector and the text's.
        company_words: Words of the text that it and its database's other entries explain together: one
            query reads one database.
        company_columns: The database's best in ``columns``.
        company_values: The words that are values anywhere in its database.
        company_vector: The database's best cosine.
    """

    names: float
    details: float
    explained: float
    named: float
    columns: float
    values: float
    vector: float
    company_words: float
    company_columns: float
    company_values: float
    company_vector: float


SIGNALS = tuple(each.name for each in fields(Weights))
_NUMBERS = attrgetter(*SIGNALS)

# Learned by ``bench/linking.py --learn`` on the Spider training databases, the mean of what each half of
# them taught, but for ``names``: it came out as 0 beside ``named`` and is set by hand, for long names.
TABLE_WEIGHTS = Weights(
    names=0.5, details=0.2, explained=2.8, named=1.6, columns=1.5, values=1.7, vector=3.7,
    company_words=7.7, company_columns=3.2, company_values=3.0, company_vector=6.8,
)  # fmt: skip
# What is no table stands alone, and there is nothing to learn its weights from.
OTHER_WEIGHTS = Weights(
    names=4.0, details=1.0, explained=1.0, named=2.0, columns=0.0, values=0.0, vector=4.0,
    company_words=0.0, company_columns=0.0, company_values=0.0, company_vector=0.0,
)  # fmt: skip
NEAR = 0.1
"""The share that an entry takes over from its best neighbour, where that one is better."""


@dataclass(slots=True)
class Word:
    """A word of the text: how rare it is, and how strongly entries hold it in names and details.

    ``terms`` are those it may stand under, each with what it counts; 1 is the word itself.
    """

    word: str
    terms: Mapping[str, float]
    rarity: float = 0.0
    names: dict[int, float] = field(default_factory=dict)
    details: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vectors:
    """Cosines of the entries from number ``first`` on, and the numbers of the nearest."""

    first: int = 0
    cosines: Sequence[float] = ()
    nearest: tuple[int, ...] = ()

    def cosine(self, at: int) -> float:
        """An entry's cosine; 0 where there are no vectors."""
        return self.cosines[at - self.first] if self.cosines else 0.0


Values = Mapping[int, Mapping[tuple[int, int], float]]
"""For each entry and span of the text, how sure it is that the span is a value of the entry."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that was found of one text."""

    words: Sequence[Word]
    values: Values
    vectors: Vectors

    def why(self, at: int) -> tuple[str, ...]:
        """The words of the text that an entry holds."""
        return tuple(word.word for word in self.words if at in word.names or at in word.details)


Meanings = Callable[[Sequence[str]], Sequence[Sequence[tuple[str, float]]]]
"""For each of some words, the index's terms of nearest meaning or spelling, each with how near it is."""


def known_words(
    reader: IndexReader,
    kind: Kind,
    words: Sequence[Terms],
    meanings: Meanings,
    spellings: Meanings,
    *,
    all_meanings: bool,
) -> tuple[list[Word], dict[str, tuple[int, int]]]:
    """The text's words that the index can know, each once, and in how many entries their terms stand.

    A word that no entry holds stands for terms of near spelling and of near meaning; with
    ``all_meanings`` every word stands for those of near meaning.
    """
    counts = reader.frequencies(kind, {term for word in words for term in word.terms})
    counted: dict[tuple[str, ...], tuple[str, dict[str, float]]] = {}
    for word in words:
        counted.setdefault(word.terms, (word.word, dict.fromkeys(word.terms, 1.0)))
    asked = [
        one
        for one in counted.values()
        if all_meanings or not any(term in counts for term in one[1])
    ]
    for (_, terms), near in zip(asked, meanings([word for word, _ in asked]), strict=True):
        for term, cosine in near:
            terms.setdefault(term, _MEANING * cosine)
    strange = [one for one in counted.values() if not any(term in counts for term in one[1])]
    for (_, terms), near in zip(strange, spellings([word for word, _ in strange]), strict=True):
        for term, closeness in near:
            terms[term] = max(terms.get(term, 0.0), _SPELLING * closeness)
    likes = reader.likes(kind, {term for _, terms in counted.values() for term in terms})
    for _, terms in counted.values():
        for term, weight in list(terms.items()):
            for other, share in likes.get(term, ()):
                terms[other] = max(terms.get(other, 0.0), _LIKE * share * weight)
    counts = reader.frequencies(kind, {term for _, terms in counted.values() for term in terms})
    found = []
    for said, terms in counted.values():
        held = {term: weight for term, weight in terms.items() if term in counts}
        if held:
            found.append(Word(said, held))
    return found, counts


def hold(
    reader: IndexReader,
    kind: Kind,
    words: Sequence[Word],
    counts: Mapping[str, tuple[int, int]],
    allowed: Allowed,
    most: int,
) -> list[tuple[Word, str]]:
    """Look up which entries hold each word, rare terms first, until ``most`` places were read.

    Returns:
        The words and terms that were left over.
    """
    size = reader.size(kind)
    for word in words:
        best = max(word.terms.values())
        own = [counts[term] for term, weight in word.terms.items() if weight == best]
        word.rarity = _rarity(size, min(size, max(max(names, details) for names, details in own)))
    jobs = [
        (count, at, term, place)
        for at, word in enumerate(words)
        for term in word.terms
        for place, count in enumerate(counts[term])
        if count
    ]
    left: list[tuple[Word, str]] = []
    for count, at, term, place in sorted(jobs):
        word = words[at]
        most -= count
        if most < 0:
            left.append((word, term))
        elif place == 0:
            for entry in reader.named(kind, term):
                if allowed is None or entry in allowed:
                    word.names[entry] = max(word.names.get(entry, 0.0), word.terms[term])
        else:
            scale = 1.0 / _fts_rarity(size, count)
            _detail(word, term, reader.detailed(kind, term), scale, allowed)
    return left


def _detail(
    word: Word, term: str, found: Mapping[int, float], scale: float, allowed: Allowed
) -> None:
    scale *= word.terms[term]
    if not word.details and allowed is None:
        word.details = {at: score * scale for at, score in found.items()}
        return
    for at, score in found.items():
        if allowed is None or at in allowed:
            word.details[at] = max(word.details.get(at, 0.0), score * scale)


def hold_left(left: Sequence[tuple[Word, str]], rows: Mapping[int, Row]) -> None:
    """Look for the terms that were left over, among the chosen entries only."""
    for at, row in rows.items():
        names = frozenset(chain.from_iterable(row.names))
        details = f" {row.details} ".replace("\n", " ")
        for word, term in left:
            if term in names:
                word.names[at] = max(word.names.get(at, 0.0), word.terms[term])
            if f" {term} " in details:
                word.details[at] = max(word.details.get(at, 0.0), word.terms[term])


def _rarity(size: int, count: int) -> float:
    """BM25's inverse document frequency, in the form that stays above zero."""
    return math.log(1.0 + (size - count + 0.5) / (count + 0.5))


def _fts_rarity(size: int, count: int) -> float:
    """FTS5's own, which falls to a millionth for terms in half of all entries; taken out of its scores."""
    rarity = math.log((size - count + 0.5) / (count + 0.5))
    return rarity if rarity > 0 else 1e-6


def value_signals(
    reader: IndexReader, kind: Kind, values: Mapping[str, Sequence[ValueHit]], allowed: Allowed
) -> Values:
    """How sure spans of the text are values of tables; a value of few tables says more."""
    if kind != "table":
        return {}
    said: dict[tuple[int, int], dict[tuple[str, str], float]] = {}
    for database, hits in values.items():
        for hit in hits:
            tables = said.setdefault(hit.span, {})
            place = (database, hit.table)
            tables[place] = max(tables.get(place, 0.0), hit.score)
    ids = reader.ids_of(kind, {place for tables in said.values() for place in tables})
    size = reader.size(kind)
    found: dict[int, dict[tuple[int, int], float]] = {}
    for span, tables in said.items():
        rarity = math.log(1.0 + size / len(tables)) / math.log(1.0 + size)
        for place, score in tables.items():
            if place in ids and (allowed is None or ids[place] in allowed):
                found.setdefault(ids[place], {})[span] = score * rarity
    return found


def first_choice(gathered: Gathered, count: int) -> set[int]:
    """The entries worth weighing: the best by words, the nearest by vector, all with a value."""
    scores: dict[int, float] = {}
    for word in gathered.words:
        for holding in (word.names, word.details):
            for at, score in holding.items():
                scores[at] = scores.get(at, 0.0) + score * word.rarity
    best = sorted(((-score, at) for at, score in scores.items()))[:count]
    return {at for _, at in best} | set(gathered.vectors.nearest[:count]) | gathered.values.keys()


def signals(gathered: Gathered, rows: Mapping[int, Row]) -> dict[int, Weights]:
    """What speaks for each entry, in the place of its weight."""
    said = {
        term for word in gathered.words for term, counted in word.terms.items() if counted >= _SAID
    }
    columns = {at: min(_said_whole(row.details, said), _FULL) / _FULL for at, row in rows.items()}
    companies: dict[str | None, list[int]] = {}
    for at, row in rows.items():
        companies.setdefault(row.database, []).append(at)
    found = {}
    for members in companies.values():
        shared = _company(gathered, members, columns)
        for at in members:
            own = _own(gathered, at)
            named = max((_share(saying, said) for saying in rows[at].names), default=0.0)
            values = max(gathered.values.get(at, {}).values(), default=0.0)
            vector = gathered.vectors.cosine(at)
            found[at] = Weights(*own, named, columns[at], values, vector, *shared)
    return found


def weigh(
    found: Mapping[int, Weights], rows: Mapping[int, Row], weights: Weights
) -> dict[int, float]:
    """Each entry's score: its signals by their weights, and a share of its best neighbour's score."""
    by = _NUMBERS(weights)
    scores = {
        at: sum(one * weight for one, weight in zip(_NUMBERS(each), by, strict=True))
        for at, each in found.items()
    }
    raised = {}
    for at, score in scores.items():
        best = max((scores[other] for other in rows[at].near if other in scores), default=score)
        raised[at] = score + NEAR * max(best - score, 0.0)
    return raised


def _own(gathered: Gathered, at: int) -> tuple[float, float, float]:
    names = details = explained = whole = 0.0
    for word in gathered.words:
        in_names, in_details = word.names.get(at, 0.0), word.details.get(at, 0.0)
        whole += word.rarity
        names += word.rarity * in_names
        details += word.rarity * in_details
        explained += min(max(in_names, in_details), 1.0)
    whole = whole or 1.0
    return names / whole, details / whole, explained / (len(gathered.words) or 1)


def _company(
    gathered: Gathered, members: Sequence[int], columns: Mapping[int, float]
) -> tuple[float, float, float, float]:
    whole = sum(word.rarity for word in gathered.words) or 1.0
    words = sum(word.rarity * max(_best_of(word, members)) for word in gathered.words)
    spans: dict[tuple[int, int], float] = {}
    for at in members:
        for span, score in gathered.values.get(at, {}).items():
            spans[span] = max(spans.get(span, 0.0), score)
    vector = max(map(gathered.vectors.cosine, members))
    return words / whole, max(columns[at] for at in members), sum(spans.values()), vector


def _best_of(word: Word, members: Sequence[int]) -> Iterator[float]:
    for at in members:
        yield max(word.names.get(at, 0.0), _OF_DETAILS * word.details.get(at, 0.0))


def _share(saying: Sequence[str], said: Collection[str]) -> float:
    return sum(term in said for term in saying) / len(saying)


def _said_whole(details: str, said: Collection[str]) -> int:
    """How many sayings of details have no term that is not said."""
    whole = 0
    for saying in details.split("\n"):
        first = saying.partition(" ")[0]
        whole += first in said and all(term in said for term in saying.split(" "))
    return whole
