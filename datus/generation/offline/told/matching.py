"""Where a text says a phrase that something was told of."""

from collections.abc import Iterator
from dataclasses import dataclass

from datus.generation.offline import english
from datus.generation.offline.linking import lookup_cue
from datus.generation.offline.names import Entry, SchemaIndex
from datus.generation.offline.told.forms import Telling
from datus.generation.offline.told.said import Said, Span
from datus.text import Token, lemma, tokenize

_SURE = 0.8  # as surely as passes take a word for a table
_SHORTEST_PART = 2  # characters of a modifier that may stand alone
# Words between a modifier and the noun that it is said of: "customers who are churned", 流失的客户.
_BETWEEN = frozenset(
    "who that which are is were was have has been not the of 的 是 不 没 有".split()
)
_REACH = 5


@dataclass(frozen=True, slots=True)
class Definition:
    """A telling with what its meaning says, ready to be put where a phrase of its names stands."""

    telling: Telling
    body: Said
    term: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase of a definition at a span of a text.

    ``head`` are the tables that the phrase's last words name and ``head_text`` these words; where only the
    words before them are said ("customers who are VIP"), ``modifier`` is true.
    """

    definition: Definition
    span: Span
    name: str
    head: tuple[Entry, ...] = ()
    head_text: str = ""
    modifier: bool = False


def matches(said: Said, definitions: tuple[Definition, ...], index: SchemaIndex) -> list[Match]:
    """The phrases of the definitions that a text says, none over another, the last one first."""
    tokens = tokenize(said.text)
    found: list[Match] = []
    for definition in definitions:
        for name in definition.telling.names:
            found.extend(_of_name(said, tokens, definition, name, index))
    found.sort(key=lambda each: (each.modifier, each.span[0] - each.span[1]))
    chosen: list[Match] = []
    taken = [each.span for each in said.fixed]
    for match in found:
        if not any(match.span[0] < end and start < match.span[1] for start, end in taken):
            chosen.append(match)
            taken.append(match.span)
    return sorted(chosen, key=lambda each: -each.span[0])


def _of_name(
    said: Said, tokens: tuple[Token, ...], definition: Definition, name: str, index: SchemaIndex
) -> Iterator[Match]:
    words = tuple(token for token in tokenize(name) if token.kind != "mark")
    at, head = head_of(words, index)
    head_text = name[words[at].span[0] :].strip() if at < len(words) else ""
    whole = list(_occurrences(said.text, tokens, words, name))
    for span in whole:
        yield Match(definition, span, name, head, head_text)
    part = words[:at]
    part_text = name[: part[-1].span[1]] if part else ""
    if head and not whole and _stands_alone(part, part_text, index):
        for span in _occurrences(said.text, tokens, part, part_text):
            yield Match(definition, span, name, head, head_text, modifier=True)


def _stands_alone(part: tuple[Token, ...], text: str, index: SchemaIndex) -> bool:
    """Whether the words before a head tell on their own what is meant."""
    if len(text) < _SHORTEST_PART or lookup_cue(part) is not None:
        return False
    forms = tuple(lemma(token.text) for token in part)
    return forms not in index.phrases and not set(forms) <= english.IGNORED


def _occurrences(
    text: str, tokens: tuple[Token, ...], words: tuple[Token, ...], name: str
) -> Iterator[Span]:
    wanted = [lemma(token.text) for token in words]
    size = len(wanted)
    for start in range(len(tokens) - size + 1 if size else 0):
        run = tokens[start : start + size]
        span = run[0].span[0], run[-1].span[1]
        pronoun = wanted[0] in english.IGNORED and size == 1  # "IT" is not "it"
        if [lemma(token.text) for token in run] == wanted and not (
            pronoun and text[slice(*span)] != name.strip()
        ):
            yield span


def head_of(words: tuple[Token, ...], index: SchemaIndex) -> tuple[int, tuple[Entry, ...]]:
    """The place from which words name a table, the longest such end of them, and what it may name."""
    for at in range(len(words)):
        entries = _tables(tuple(words[at:]), index)
        if entries:
            return at, entries
    return len(words), ()


def neighbour(said: Said, span: Span, index: SchemaIndex) -> tuple[str, tuple[Entry, ...]]:
    """The words beside a span that name the table whose rows it is said of, and the table."""
    tokens = tokenize(said.text)
    after = [token for token in tokens if token.span[0] >= span[1]]
    while after and after[0].text in _BETWEEN:
        after = after[1:]
    for size in range(min(_REACH, len(after)), 0, -1):
        entries = _tables(tuple(after[:size]), index)
        if entries:
            return said.text[after[0].span[0] : after[size - 1].span[1]], entries
    before = [token for token in tokens if token.span[1] <= span[0]]
    while before and before[-1].text in _BETWEEN:
        before = before[:-1]
    for size in range(min(_REACH, len(before)), 0, -1):
        entries = _tables(tuple(before[-size:]), index)
        if entries:
            return said.text[before[-size].span[0] : before[-1].span[1]], entries
    return "", ()


def _tables(words: tuple[Token, ...], index: SchemaIndex) -> tuple[Entry, ...]:
    lemmas = tuple(lemma(token.text) for token in words)
    raw = tuple(token.text for token in words)
    entries = index.phrases.get(lemmas, ()) or index.phrases.get(raw, ())
    return tuple(each for each in entries if each.column is None and each.score >= _SURE)
