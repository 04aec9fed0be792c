"""The best cover of a question by mentions of metrics, dimensions, values, times, numbers and cues."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from datus.generation.offline.cues import Cue
from datus.generation.offline.metrics.apart import said_apart
from datus.generation.offline.metrics.cues import (
    LIGHT_CHINESE,
    LIGHT_WORDS,
    NUMBERS,
    SCALES,
    SOFT,
    find_cue,
)
from datus.generation.offline.metrics.names import Names, Phrase, build_names, initials, word_form
from datus.text import Token, is_chinese, is_known, tokenize
from datus.types import Comparison, GenerationContext, Grain, TimeRange, ValueHit

ItemKind = Literal["noun", "time", "comparison", "number", "cue", "word", "mark"]

# Worth of a mention to the cover, a token: a longer name beats two shorter ones, data beats cue words.
_GROWTH = 1.15  # worth of n tokens is n ** _GROWTH, as in schema linking
_TIME_WORTH = 1.2
_TIMED = 1.12  # more than a time and the rest of a name are worth apart
_DATED = 0.6
_WHOLE = 0.95
_CUE_WORTH = 0.8
_SOFT_WORTH = 0.3
_NUMBER_WORTH = 0.85
_LIGHT_WORTH = 0.1
_UNKNOWN_WORTH = -0.6
_LONGEST_CUE = 7
_LONGEST_NUMBER = 18
_INITIAL = 0.8
_SPELLING = 0.8  # least similarity of a word that no dictionary has to a name's, to be read as it
_RANKED = re.compile(r"(top|bottom|前|后)(\d{1,4})")


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that a mention may be. A value's ``name`` is its dimension, empty where no metric has one."""

    role: Literal["metric", "dimension", "value"]
    name: str
    score: float
    values: tuple[str, ...] = ()
    bare: bool = False
    grain: Grain | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A mention: tokens ``[start, end)`` and what they may mean, surest first."""

    kind: ItemKind
    start: int
    end: int
    text: str
    span: tuple[int, int]
    options: tuple[Option, ...] = ()
    cue: Cue | None = None
    number: int | float = 0
    time: TimeRange | None = None
    comparison: Comparison | None = None
    light: bool = False


def cover(context: GenerationContext) -> tuple[Item, ...]:
    """The cover of the question with the most worth, by dynamic programming, in its order."""
    tokens = _corrected(_split_ranks(tokenize(context.question.text)), context)
    names = build_names(context.metrics, context.terms, _words_of(tokens))
    ends: list[list[tuple[float, Item]]] = [[] for _ in range(len(tokens) + 1)]
    for worth, item in _Mentions(context, tokens, names).all():
        ends[item.end].append((worth, item))
    best: list[tuple[float, Item | None]] = [(0.0, None)]
    for arriving in ends[1:]:
        best.append(
            max(
                ((best[item.start][0] + worth, item) for worth, item in arriving),
                key=lambda each: each[0],
            )
        )
    chosen: list[Item] = []
    at = len(tokens)
    while at > 0:
        mention = best[at][1]
        assert mention is not None  # every token is at least a word
        chosen.append(mention)
        at = mention.start
    return tuple(reversed(chosen))


def _split_ranks(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """As in "top5": a word and a number."""
    split: list[Token] = []
    for token in tokens:
        match = _RANKED.fullmatch(token.text)
        if match is None or token.span[1] - token.span[0] != len(token.text):
            split.append(token)
            continue
        cut = token.span[0] + len(match[1])
        split.append(Token(match[1], "word", (token.span[0], cut)))
        split.append(Token(match[2], "number", (cut, token.span[1])))
    return tuple(split)


def _words_of(tokens: tuple[Token, ...]) -> frozenset[str]:
    """Every word that a phrase of the question may hold: neighbours written as one too ("e-bike")."""
    words = [token.text for token in tokens if token.kind != "mark"]
    joined = (one + other for one, other in pairwise(words) if one.isascii())
    return frozenset(word_form(word) for word in (*words, *joined))


def _corrected(tokens: tuple[Token, ...], context: GenerationContext) -> tuple[Token, ...]:
    """Words that no dictionary has, read as the word of a name that is spelled nearly so."""
    strange = [token for token in tokens if _is_strange(token, context)]
    if not strange:
        return tokens
    phrases = build_names(context.metrics, context.terms).phrases
    known = sorted({word for phrase in phrases for word in phrase if word.isascii()})
    read = {token: _nearest(token.text, known) for token in strange if word_form(token.text) not in known}  # fmt: skip
    return tuple(replace(token, text=read.get(token, token.text)) for token in tokens)


def _is_strange(token: Token, context: GenerationContext) -> bool:
    """Whether a word may be misspelled: no dictionary, lexicon or value has it."""
    text = token.text
    return (
        token.kind == "word"
        and len(text) >= 5
        and text.isascii()
        and text.isalpha()
        and text not in LIGHT_WORDS
        and not is_known(text)
        and find_cue((token,)) is None
        and not any(
            hit.span[0] <= token.span[0] and token.span[1] <= hit.span[1] for hit in context.values
        )
    )


def _nearest(word: str, known: list[str]) -> str:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    scorer = OSA.normalized_similarity
    found = process.extract(word, known, scorer=scorer, score_cutoff=_SPELLING, limit=2)
    if not found or (len(found) > 1 and found[0][1] == found[1][1]) or len(found[0][0]) < 5:
        return word
    return str(found[0][0])


@dataclass(frozen=True)
class _Mentions:
    """All mentions that the tokens could be, with their worth to the cover."""

    context: GenerationContext
    tokens: tuple[Token, ...]
    names: Names

    def all(self) -> Iterator[tuple[float, Item]]:
        yield from self._words()
        yield from self._light_chinese()
        yield from self._cues()
        yield from self._nouns()
        for time in self.context.times:
            yield from self._placed("time", time.span, time=time)
        for comparison in self.context.comparisons:
            yield from self._placed("comparison", comparison.span, comparison=comparison)

    def _item(self, kind: ItemKind, start: int, end: int) -> Item:
        span = (self.tokens[start].span[0], self.tokens[end - 1].span[1])
        return Item(kind, start, end, self.context.question.text[span[0] : span[1]], span)

    def _placed(
        self,
        kind: ItemKind,
        span: tuple[int, int],
        *,
        time: TimeRange | None = None,
        comparison: Comparison | None = None,
    ) -> Iterator[tuple[float, Item]]:
        place = self._place(span)
        if place is not None:
            item = replace(self._item(kind, *place), time=time, comparison=comparison)
            yield _TIME_WORTH * (place[1] - place[0]) ** _GROWTH, item

    def _words(self) -> Iterator[tuple[float, Item]]:
        for at, token in enumerate(self.tokens):
            item = self._item("word", at, at + 1)
            if token.kind == "mark":
                yield 0.0, replace(item, kind="mark", text=token.text)
            elif token.kind == "number" and len(token.text) <= _LONGEST_NUMBER:
                number = int(token.text) if token.text.isdecimal() else float(token.text)
                yield _NUMBER_WORTH, replace(item, kind="number", number=number)
                yield from self._scaled(at, number)
            elif token.text in NUMBERS:
                number = NUMBERS[token.text]
                light = number == 1
                yield _NUMBER_WORTH - 0.4, replace(item, kind="number", number=number, light=light)
                yield from self._scaled(at, number)
            elif token.text in LIGHT_WORDS:
                yield _LIGHT_WORTH, replace(item, light=True)
            else:
                yield _UNKNOWN_WORTH, item

    def _scaled(self, at: int, number: float) -> Iterator[tuple[float, Item]]:
        for end in (at + 2, at + 3):
            scale = SCALES.get("".join(token.text for token in self.tokens[at + 1 : end]))
            if scale is not None and end <= len(self.tokens):
                item = replace(self._item("number", at, end), number=number * scale)
                yield _NUMBER_WORTH * (end - at) ** _GROWTH, item

    def _light_chinese(self) -> Iterator[tuple[float, Item]]:
        text = "".join(t.text if len(t.text) == 1 else "\0" for t in self.tokens)
        if not is_chinese(text):
            return
        for word in LIGHT_CHINESE:
            at = text.find(word)
            while at >= 0:
                item = replace(self._item("word", at, at + len(word)), light=True)
                yield _LIGHT_WORTH * len(word) ** _GROWTH, item
                at = text.find(word, at + 1)

    def _cues(self) -> Iterator[tuple[float, Item]]:
        for start in range(len(self.tokens)):
            for end in range(start + 1, min(start + _LONGEST_CUE, len(self.tokens)) + 1):
                cue = find_cue(self.tokens[start:end])
                if cue is not None:
                    worth = _SOFT_WORTH if _is_soft(cue) and end - start == 1 else _CUE_WORTH
                    if self.tokens[start].kind == "chinese" and end - start == 1:
                        worth *= 0.5  # one character is often part of a longer word
                    item = replace(self._item("cue", start, end), cue=cue)
                    yield worth * (end - start) ** _GROWTH, item

    def _nouns(self) -> Iterator[tuple[float, Item]]:
        found: dict[tuple[int, int], list[Option]] = {}
        forms = [word_form(token.text) for token in self.tokens]
        for start, token in enumerate(self.tokens):
            if token.kind == "mark" or self._is_glue(start):
                continue
            for end in range(start + 1, min(start + self.names.longest + 5, len(forms)) + 1):
                if not (self.tokens[end - 1].kind == "mark" or self._is_glue(end - 1)):
                    options = self._named(start, end, forms)
                    if options:
                        found.setdefault((start, end), []).extend(options)
        for span, hits in self._hits().items():
            values = list(self._values(hits))
            if values[0].name or span not in found:
                found.setdefault(span, []).extend(values)
        spans = [time.span for time in self.context.times]
        spans += [comparison.span for comparison in self.context.comparisons]
        timed = [place for span in spans if (place := self._place(span)) is not None]
        for (start, end), options in found.items():
            best = max(option.score for option in options)
            ranked = tuple(sorted(options, key=lambda each: (-each.score, each.role, each.name)))
            item = replace(self._item("noun", start, end), options=ranked)
            homeless = all(option.role == "value" and not option.name for option in options)
            worth = _UNKNOWN_WORTH * 0.9 if homeless else best
            if best >= _WHOLE and any(start <= low < high <= end for low, high in timed):
                worth *= self._timed(ranked[0])
            yield worth * self._length(start, end) ** _GROWTH, item

    def _timed(self, option: Option) -> float:
        """How much surer or less sure a name is that holds a time of its own.

        "Revenue year to date" is a running total's name; "revenue last year" is a range, even where a
        metric that looks one year back has that name.
        """
        found = next((m for m in self.context.metrics.metrics if m.name == option.name), None)
        looks_back = found is not None and found.kind == "derived" and not self.context.comparisons
        return _DATED if looks_back else _TIMED

    def _is_glue(self, at: int) -> bool:
        return self.tokens[at].text in ("the", "a", "an", "of", "的")

    def _length(self, start: int, end: int) -> float:
        return sum(0.5 if self._is_glue(at) else 1.0 for at in range(start, end))

    def _named(self, start: int, end: int, forms: list[str]) -> list[Option]:
        inside = range(start, end)
        marks = {self.tokens[at].text for at in inside if self.tokens[at].kind == "mark"}
        if not marks <= {"-", "_", "/", "&"}:
            return []
        phrase: Phrase = tuple(
            forms[at]
            for at in inside
            if self.tokens[at].kind != "mark"
            and self.tokens[at].text not in ("the", "a", "an", "的")
        )
        names = self.names.find(phrase)
        if not names and end - start > 1 and self._is_joined(start, end):
            names = self.names.find((word_form("".join(self.tokens[at].text for at in inside if self.tokens[at].kind == "word")),))  # fmt: skip
        names = names or said_apart([t.text for t in self.tokens[start:end]], forms[start:end], self.names)  # fmt: skip
        options = [
            Option(each.role, each.name, each.score, bare=each.bare, grain=each.grain)
            for each in names
        ]
        if not options and end == start + 1 and self.tokens[start].kind == "chinese":
            return list(self._initial(start))
        return options

    def _initial(self, at: int) -> Iterator[Option]:
        """A dimension by one character behind what splits: 各国, 按店, 哪个省."""
        cues = (find_cue(self.tokens[start:at]) for start in range(max(0, at - 3), at))
        if any(cue and (cue.kind in ("group", "each") or (cue.kind == "rows" and cue.value)) for cue in cues):  # fmt: skip
            used = {name for metric in self.context.metrics.metrics for name in metric.dimensions}
            for dimension in self.context.metrics.dimensions.values():
                if dimension.name in used and self.tokens[at].text in initials(dimension):
                    yield Option("dimension", dimension.name, _INITIAL)

    def _is_joined(self, start: int, end: int) -> bool:
        """Whether tokens could be one word in a name: "e-bike", "check ins"."""
        words = [token for token in self.tokens[start:end] if token.kind != "mark"]
        return len(words) == 2 and all(token.kind == "word" for token in words)

    def _hits(self) -> dict[tuple[int, int], list[ValueHit]]:
        found: dict[tuple[int, int], list[ValueHit]] = {}
        for hit in self.context.values:
            place = self._place(hit.span)
            if place is None:
                continue
            tokens = self.tokens[slice(*place)]
            quoted = self._is_quoted(place)
            single = len(tokens) == 1 and tokens[0]
            plain = all(
                t.kind == "number" or t.text in LIGHT_WORDS or t.text in NUMBERS for t in tokens
            )
            cue = find_cue(tokens)
            if quoted or not (plain or (cue is not None and (single or not _is_soft(cue)))):
                found.setdefault(place, []).append(hit)
        return found

    def _is_quoted(self, place: tuple[int, int]) -> bool:
        before, after = place[0] - 1, place[1]
        quotes = "'\""
        return (
            before >= 0
            and after < len(self.tokens)
            and self.tokens[before].text in quotes
            and self.tokens[after].text in quotes
        )

    def _values(self, hits: list[ValueHit]) -> Iterator[Option]:
        """The dimensions that hold the words as a value; of several spellings the likeliest."""
        dimensions = self.context.metrics.dimensions.values()
        homeless = True
        for dimension in dimensions:
            own = [
                hit
                for hit in hits
                if dimension.column is not None
                and dimension.table is not None
                and _same_column((hit.table, hit.column), (dimension.table, dimension.column))
            ]
            if own:
                homeless = False
                best = max(hit.score for hit in own)
                values = tuple(dict.fromkeys(hit.value for hit in own if hit.score == best))
                yield Option("value", dimension.name, 0.1 + 0.9 * best, values)
        if homeless:
            best_hit = max(hits, key=lambda hit: hit.score)
            yield Option("value", "", 0.9 * best_hit.score, (best_hit.value,))

    def _place(self, span: tuple[int, int]) -> tuple[int, int] | None:
        inside = [
            at for at, t in enumerate(self.tokens) if t.span[0] >= span[0] and t.span[1] <= span[1]
        ]
        return (inside[0], inside[-1] + 1) if inside else None


def _is_soft(cue: Cue) -> bool:
    return cue.kind in SOFT


def _same_column(hit: tuple[str, str], dimension: tuple[str, str]) -> bool:
    """Whether two names mean one column, whichever of the two is written with its schema."""
    (one, column), (other, own) = hit, dimension
    if column.lower() != own.lower():
        return False
    left, right = one.lower().split("."), other.lower().split(".")
    size = min(len(left), len(right))
    return left[-size:] == right[-size:]
