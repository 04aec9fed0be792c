"""What is known of one database at one moment, immutable: its schema, its values, and search in both."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

from datus.identifiers import split_identifier
from datus.knowledge.values import ValueIndex
from datus.text import lemma, tokenize
from datus.types import DatabaseSchema, TableSchema, ValueHit

LinkingRate = Literal["fast", "medium", "slow"]

# Tables handed on at most; a schema with no more tables than this is handed on whole.
TABLES_AT_RATE: Mapping[LinkingRate, int] = {"fast": 30, "medium": 60, "slow": 120}


@dataclass(frozen=True)
class Snapshot:
    """A database as datus knows it; ``version`` names this state in every answer that rests on it."""

    version: str
    schema: DatabaseSchema
    values: ValueIndex

    def find_values(self, text: str) -> tuple[ValueHit, ...]:
        """The words of a text that occur as values, with every column that holds them."""
        return self.values.find(text)

    def link(self, text: str, rate: LinkingRate = "fast") -> tuple[TableSchema, ...]:
        """The tables that matter to a question, best first, with those that join them.

        Args:
            text: The question.
            rate: How widely to look; see ``TABLES_AT_RATE``.
        """
        limit = TABLES_AT_RATE[rate]
        tables = self.schema.tables
        if len(tables) <= limit:
            return tables
        scores = self._scores(text)
        ranked = sorted(range(len(tables)), key=lambda at: (-scores[at], at))
        chosen = [at for at in ranked[: limit * 2 // 3] if scores[at] > 0]
        near = [at for at in self._neighbours(chosen) if at not in chosen]
        return tuple(tables[at] for at in (*chosen, *near[: limit - len(chosen)]))

    def score(self, text: str) -> float:
        """How much of a question this database can explain, to choose among several databases."""
        scores = sorted(self._scores(text), reverse=True)
        return sum(scores[:3])

    def _scores(self, text: str) -> list[float]:
        """Words shared with names and comments, rarer words first (inverse document frequency)."""
        said = _words(text)
        hits: dict[str, float] = {}
        for hit in self.values.find(text):
            hits[hit.table] = max(hits.get(hit.table, 0.0), hit.score)
        size = len(self.schema.tables)
        scores: list[float] = []
        for table, words in zip(self.schema.tables, self._table_words, strict=True):
            names, rest = words
            score = 0.0
            for word in said & (names | rest):
                rarity = 1.0 - self._frequency[word] / (size + 1)
                score += rarity * (2.0 if word in names else 1.0)
            scores.append(score + hits.get(self.schema.name_of(table), 0.0))
        return scores

    @cached_property
    def _table_words(self) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
        found = []
        for table in self.schema.tables:
            names = _name_words(table.name) | _words(table.comment)
            rest: frozenset[str] = frozenset()
            for column in table.columns:
                rest |= _name_words(column.name) | _words(column.comment)
            found.append((names, rest - names))
        return tuple(found)

    @cached_property
    def _frequency(self) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for names, rest in self._table_words:
            for word in names | rest:
                counts[word] = counts.get(word, 0) + 1
        return counts

    def _neighbours(self, chosen: list[int]) -> list[int]:
        """Tables one foreign key away from the chosen ones, either way."""
        names = [(table.schema, table.name.lower()) for table in self.schema.tables]
        places = {name: at for at, name in enumerate(names)}
        wanted = {names[at] for at in chosen}
        near: list[int] = []
        for at, table in enumerate(self.schema.tables):
            targets = {(key.ref_schema, key.ref_table.lower()) for key in table.foreign_keys}
            if at in chosen:
                near.extend(sorted(places[target] for target in targets if target in places))
            elif targets & wanted:
                near.append(at)
        return list(dict.fromkeys(near))


def _name_words(name: str) -> frozenset[str]:
    return frozenset(lemma(word) for word in split_identifier(name))


def _words(text: str) -> frozenset[str]:
    """Words of a text; Chinese counts by pairs of characters, which needs no dictionary."""
    tokens = tokenize(text)
    words = {lemma(token.text) for token in tokens if token.kind == "word"}
    for one, other in pairwise(tokens):
        if one.kind == other.kind == "chinese":
            words.add(one.text + other.text)
    return frozenset(words)
