"""Which tables and columns a question is about, as far as names and what was found tell."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from datus.generation.offline.joins import JoinGraph
from datus.identifiers import identifier_words
from datus.lexicon.translation import name_in_english
from datus.lexicon.words import chinese_words
from datus.text import is_chinese, lemma, normal_form, tokenize
from datus.types import Column, GenerationContext, TableSchema

_FOUND = 3.0
_WHOLE_NAME = 2.0
_SOME_WORD = 1.0
_A_TIME = 0.5
_NEIGHBOUR = 0.5
_BY_PLACE = 0.001
_NAMES = re.compile(r"\w+")

NEAR = 1.0
"""Worth from which a table is likely to be needed: more than a neighbour's or a time's."""
_LIKELY = 3
"""A Chinese word stands for so many of its likeliest English meanings."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """How much tables and columns have to do with a question; 0 is nothing that is known."""

    tables: Mapping[str, float]
    columns: Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class _Said:
    """The words of everything said: dictionary forms, pairs of Chinese characters, and found names."""

    words: frozenset[str]
    pairs: frozenset[str]
    named: frozenset[str]


def relevance(context: GenerationContext) -> Relevance:
    """Weigh tables and columns by values found in them, by names and comments, by told SQL, by keys."""
    said = _said(context)
    found = {(hit.table, hit.column) for hit in context.values}
    found |= {(hit.table, hit.column) for gloss in context.glosses for hit in gloss.values}
    found |= {(each.table, each.column) for each in context.similar if each.column is not None}
    tables: dict[str, float] = {}
    columns: dict[tuple[str, str], float] = {}
    for place, table in enumerate(context.schema.tables):
        name = context.schema.name_of(table)
        for column in table.columns:
            worth = _column(column, table, said) + _FOUND * ((name, column.name) in found)
            if context.times and column.kind in ("date", "datetime"):
                worth += _A_TIME
            columns[name, column.name] = worth
        best = max((columns[name, column.name] for column in table.columns), default=0.0)
        near = _FOUND * any(each.table == name for each in context.similar)
        tables[name] = best + near + 2 * _named(table, said) - _BY_PLACE * place
    return Relevance(_with_neighbours(context, tables), columns)


def _said(context: GenerationContext) -> _Said:
    question = context.question
    texts = [question.text, question.ext_knowledge or ""]
    texts += [f"{term.word} {term.meaning}" for term in context.terms]
    told = [term.sql for term in context.terms] + [each.sql for each in context.references]
    words: set[str] = set()
    pairs: set[str] = set()
    for text in texts:
        tokens = tokenize(text)
        words |= {lemma(token.text) for token in tokens if token.kind == "word"}
        for start, end in chinese_words(tokens):
            word = "".join(token.text for token in tokens[start:end])
            for meaning in name_in_english(word)[:_LIKELY]:
                words |= set(meaning.words)
        pairs |= _pairs(text)
    named = {name for sql in told for name in _NAMES.findall(sql.lower())}
    return _Said(frozenset(words), frozenset(pairs), frozenset(named))


@lru_cache(maxsize=50_000)
def _pairs(text: str) -> frozenset[str]:
    """The pairs of Chinese characters that stand side by side."""
    if not is_chinese(text):
        return frozenset()
    plain = normal_form(text).replace(" ", "")
    pairs = {plain[at : at + 2] for at in range(len(plain) - 1)}
    return frozenset(pair for pair in pairs if all(map(is_chinese, pair)))


@lru_cache(maxsize=50_000)
def _long_words(comment: str) -> frozenset[str]:
    """The words of a comment that are long enough to mean something."""
    words = (lemma(token.text) for token in tokenize(comment) if token.kind == "word")
    return frozenset(word for word in words if len(word) > 3)


def _column(column: Column, table: TableSchema, said: _Said) -> float:
    """A column that only repeats its table's name says no more than the table does."""
    own = identifier_words(table.name)
    words = frozenset(identifier_words(column.name)).difference(own)
    told = _FOUND * (column.name.lower() in said.named)
    return told + _words(words, column.name, column.comment, said)


def _named(table: TableSchema, said: _Said) -> float:
    words = frozenset(identifier_words(table.name))
    return _words(words, table.name, table.comment, said)


def _words(words: frozenset[str], name: str, comment: str, said: _Said) -> float:
    if words and words <= said.words:
        return _WHOLE_NAME
    common = (words | _long_words(comment)) & said.words
    return _SOME_WORD if common or _pairs(f"{name} {comment}") & said.pairs else 0.0


def _with_neighbours(context: GenerationContext, tables: Mapping[str, float]) -> dict[str, float]:
    """Tables that others of worth are joined to are worth something too."""
    edges = JoinGraph(context.schema).edges
    return {
        name: worth
        + _NEIGHBOUR * max((tables[join.right] for join in edges.get(name, ())), default=0.0)
        for name, worth in tables.items()
    }
