"""Schema linking: which words of the question name tables, columns, values, numbers, times and cues.

The best cover of the question by such mentions is found by dynamic programming; mentions keep all
their competing meanings, and ``readings`` chooses among these by how well they fit together.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from datus.generation.offline import chinese, english
from datus.generation.offline.cues import Cue, CueKind
from datus.generation.offline.events import LONGEST, event_tables
from datus.generation.offline.lookup import entries_of
from datus.generation.offline.names import Entry, SchemaIndex
from datus.generation.offline.plan import ColumnRef
from datus.generation.offline.told.facts import Fact
from datus.lexicon.words import chinese_words
from datus.text import Token, is_chinese, is_known, lemma, tokenize
from datus.types import GenerationContext, TimeRange, ValueHit

ItemKind = Literal["noun", "value", "quote", "number", "time", "cue", "word", "mark", "told"]

# How much a mention is worth to the cover, a token; chosen so that a longer name beats two shorter
# ones, and data beats cue words of the same length.
_CUE_WORTH = 0.8
_GLUE_WORTH = 0.3
_GLUE: frozenset[CueKind] = frozenset({"of", "be", "relative", "also", "than", "rows", "who"})
_NUMBER_WORTH = 0.85
_QUOTE_WORTH = 1.6
_TIME_WORTH = 1.2
_UNKNOWN_WORTH = -0.6
_HALF_NAMED = 0.75
_LIKE_A_NAME = 0.85  # of its cosine
_EVENT_WORTH = 0.1  # a word; less than any name or cue. Of Chinese ones, which have several characters, four times as much
# A Chinese word of several tokens: above its characters, of which one is not known, whatever the others are.
_UNKNOWN_WHOLE_WORTH = -0.1
_FIXED_WORTH = 9.0  # a token; no cover by names, values and cues is worth as much
_GROWTH = 1.15  # worth of n tokens is n ** _GROWTH
_LONGEST_NUMBER = 38  # digits of the widest decimals that databases have; an id must not lose one
_NUMBER_WORDS = {**english.NUMBERS, **chinese.NUMBERS}
_SCALES = {**english.SCALES, **chinese.SCALES}
_LONGEST_CHINESE = 8  # characters of a name that may stand in the schema in English
_OPTIONS = 6
_AUXILIARY = frozenset({"have", "be", "do"})
_BEING = frozenset({"is", "are", "was", "were", "been", "be"})
_SUPPORT = 0.45  # as much as readings grant a column whose table is named beside it


@dataclass(frozen=True, slots=True)
class Item:
    """A mention: tokens ``[start, end)`` and what they may mean."""

    kind: ItemKind
    start: int
    end: int
    text: str
    span: tuple[int, int]
    cue: Cue | None = None
    entries: tuple[Entry, ...] = ()
    hits: tuple[ValueHit, ...] = ()
    number: float | None = None
    time: TimeRange | None = None
    light: bool = False
    verb: bool = False
    events: tuple[str, ...] = ()  # tables of what a verb says was done, the nearest first
    told: Fact | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """What the words at a span are known to mean before the question is linked."""

    span: tuple[int, int]
    kind: ItemKind
    entries: tuple[Entry, ...] = ()
    cue: Cue | None = None
    told: Fact | None = None


def link(
    context: GenerationContext, index: SchemaIndex, fixed: tuple[Fixed, ...] = ()
) -> tuple[Item, ...]:
    """The best cover of the question by mentions, in the order of the question; ``fixed`` ones stay."""
    tokens = _spread(_as_written(tokenize(context.question.text)), index)
    spans = _Spans(context, tokens, index, fixed)
    best: list[tuple[float, Item | None]] = [(0.0, None)]
    starts = spans.by_end()
    for end in range(1, len(tokens) + 1):
        best.append(
            max(
                ((best[item.start][0] + worth, item) for worth, item in starts[end]),
                key=lambda each: each[0],
            )
        )
    chosen: list[Item] = []
    at = len(tokens)
    while at > 0:
        item = best[at][1]
        assert item is not None
        chosen.append(item)
        at = item.start
    return _narrowed(tuple(reversed(chosen)))


def _narrowed(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Leave each mention its likeliest meanings: of a name that many tables have, those in the tables
    that the rest of the question speaks of."""
    shares: dict[str, float] = {}
    for item in items:
        for table in _tables_of(item):
            shares[table] = shares.get(table, 0.0) + 1 / len(_tables_of(item))
    narrowed = []
    for item in items:
        own = 1 / max(1, len(_tables_of(item)))
        support = {table: min(1.0, shares[table] - own) for table in _tables_of(item)}
        entries = sorted(item.entries, key=lambda e: -e.score - _SUPPORT * support[e.table])
        hits = sorted(item.hits, key=lambda h: -h.score - _SUPPORT * support[h.table])
        entries, hits = entries[:_OPTIONS], hits[: 2 * _OPTIONS]
        narrowed.append(replace(item, entries=tuple(entries), hits=tuple(hits)))
    return tuple(narrowed)


def _tables_of(item: Item) -> set[str]:
    return {entry.table for entry in item.entries} | {hit.table for hit in item.hits}


def _as_written(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """As in "split by device_type": the words of a name as a schema writes it, without what joins them."""
    kept = []
    for at, token in enumerate(tokens):
        if token.text == "_" and 0 < at < len(tokens) - 1:
            before, after = tokens[at - 1], tokens[at + 1]
            if before.kind == after.kind == "word" and before.span[1] + 1 == after.span[0]:
                continue
        kept.append(token)
    return tuple(kept)


def _spread(tokens: tuple[Token, ...], index: SchemaIndex) -> tuple[Token, ...]:
    """As in "first and last name" as "first name and last name", where both are names of the schema."""
    spread: list[Token] = []
    for at, token in enumerate(tokens):
        spread.append(token)
        joined = tokens[at + 1 : at + 4]
        if len(joined) == 3 and joined[0].text in ("and", "or", ",", "&"):
            head = lemma(joined[2].text)
            one, other = (lemma(token.text), head), (lemma(joined[1].text), head)
            if _sure(index, one) and _sure(index, other) and not _sure(index, one[:1]):
                spread.append(joined[2])
    return tuple(spread)


def _sure(index: SchemaIndex, phrase: tuple[str, ...]) -> bool:
    return any(entry.score >= 0.9 for entry in index.phrases.get(phrase, ()))


def _is_verb(word: str) -> bool:
    """Whether a word only says how rows relate ("registered", "bought"); told by its form."""
    if word.startswith("un") and is_known(word[2:]):
        return False  # "unaffected": a negation
    return word in english.VERB_FORMS or (
        len(word) > 4 and word.endswith(("ed", "ing")) and is_known(word)
    )


_COMMANDS = frozenset("return list show report name count display order select state sort".split())
_CURRENCIES = frozenset("$€£¥")
_LISTING = frozenset({"of", "and", "or", ","})
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # no database holds a NUL or half a character
_SOURCE_WORDS = frozenset({"from", "via", "through", "来", "自"})


@dataclass(frozen=True)
class _Spans:
    """All mentions that the tokens could be, with their worth to the cover."""

    context: GenerationContext
    tokens: tuple[Token, ...]
    index: SchemaIndex
    fixed: tuple[Fixed, ...] = ()

    def by_end(self) -> dict[int, list[tuple[float, Item]]]:
        found: dict[int, list[tuple[float, Item]]] = {n + 1: [] for n in range(len(self.tokens))}
        for worth, item in self._all():
            found[item.end].append((worth, item))
        return found

    def _all(self) -> Iterator[tuple[float, Item]]:
        yield from self._singles()
        yield from self._cues()
        yield from self._nouns()
        yield from self._events()
        yield from self._values()
        yield from self._times()
        yield from self._quotes()
        yield from self._fixed()
        yield from self._similar()

    def _similar(self) -> Iterator[tuple[float, Item]]:
        """Words that only sentence vectors explain; surer names and cues go before them."""
        text = self.context.question.text
        by_words: dict[str, list[Entry]] = {}
        for each in self.context.similar:
            entry = Entry(each.table, each.column, _LIKE_A_NAME * each.score)
            by_words.setdefault(each.words, []).append(entry)
        for words, entries in by_words.items():
            at = text.find(words)
            place = self._place((at, at + len(words))) if at >= 0 else None
            if place is not None:
                worth = entries[0].score * (place[1] - place[0]) ** _GROWTH
                yield worth, replace(self._item("noun", *place), entries=tuple(entries))

    def _fixed(self) -> Iterator[tuple[float, Item]]:
        for each in self.fixed:
            place = self._place(each.span)
            if place is not None:
                item = replace(
                    self._item(each.kind, *place),
                    entries=each.entries,
                    cue=each.cue,
                    light=each.kind == "told",
                    told=each.told,
                )
                yield _FIXED_WORTH * (place[1] - place[0]), item

    def _item(self, kind: ItemKind, start: int, end: int) -> Item:
        span = (self.tokens[start].span[0], self.tokens[end - 1].span[1])
        return Item(kind, start, end, self.context.question.text[span[0] : span[1]], span)

    def _singles(self) -> Iterator[tuple[float, Item]]:
        for at, token in enumerate(self.tokens):
            item = self._item("word", at, at + 1)
            if token.kind == "mark":
                light = token.text in _CURRENCIES
                yield 0.0, replace(item, kind="mark", text=token.text, light=light)
            elif token.kind == "number" and len(token.text) <= _LONGEST_NUMBER:
                number = int(token.text) if token.text.isdecimal() else float(token.text)
                yield _NUMBER_WORTH, replace(item, kind="number", number=number)
                yield from self._scaled(at, number)
            elif token.text in _NUMBER_WORDS:
                number = _NUMBER_WORDS[token.text]
                yield from self._scaled(at, number)
                yield (
                    _NUMBER_WORTH - 0.2,
                    replace(item, kind="number", number=number, light=number == 1),
                )
            elif token.text in english.IGNORED or lemma(token.text) in english.IGNORED:
                yield 0.1, replace(item, light=True)
            elif self._ends_a_name(at):
                yield 0.0, replace(item, light=True)
            elif self._predicates(at):
                yield _UNKNOWN_WORTH, item
            elif _is_verb(token.text) or self._is_our_doing(at):
                yield _UNKNOWN_WORTH / 2, replace(item, light=True, verb=True)
            else:
                yield _UNKNOWN_WORTH, item
        yield from self._ignored_chinese()
        for start, end in chinese_words(self.tokens):
            if end - start > 1:
                yield _UNKNOWN_WHOLE_WORTH, self._item("word", start, end)

    def _predicates(self, at: int) -> bool:
        """As in "which products have been discontinued?": a participle that says all there is to say."""
        if at == 0 or self.tokens[at - 1].text not in _BEING or not _is_verb(self.tokens[at].text):
            return False
        last = at + 1 == len(self.tokens) or self.tokens[at + 1].kind == "mark"
        return last and self.tokens[at].text.endswith("ed")

    def _is_our_doing(self, at: int) -> bool:
        """As in "which brands do we carry": what the asker's house does with its data tells no data apart."""
        return at > 0 and self.tokens[at - 1].text == "we"

    def _events(self) -> Iterator[tuple[float, Item]]:
        """As in "bought", "came back", 退过货: verbs of events that the schema has a table of."""
        words = [token.text for token in self.tokens]
        for start in range(len(words)):
            for end in range(start + 1, min(start + LONGEST, len(words)) + 1):
                tables = event_tables(self.index, tuple(words[start:end]))
                if tables and (end - start > 1 or words[start] not in english.IGNORED):
                    item = replace(self._item("word", start, end), light=True, verb=True)
                    known = end - start == 1 and _is_verb(words[start])
                    each = _EVENT_WORTH * (4 if is_chinese(words[start]) else 1)
                    worth = _UNKNOWN_WORTH / 2 if known else each * (end - start)
                    yield worth + _EVENT_WORTH, replace(item, events=tables)

    def _scaled(self, at: int, number: float) -> Iterator[tuple[float, Item]]:
        """As in "2 million", 200万: a number with the word for its scale."""
        for end in (at + 2, at + 3):
            scale = _SCALES.get("".join(token.text for token in self.tokens[at + 1 : end]))
            if scale is not None and end <= len(self.tokens):
                worth = _NUMBER_WORTH * (end - at) ** _GROWTH
                yield worth, replace(self._item("number", at, end), number=number * scale)

    def _ignored_chinese(self) -> Iterator[tuple[float, Item]]:
        text = "".join(t.text if len(t.text) == 1 else "\0" for t in self.tokens)
        for word in chinese.IGNORED:
            at = text.find(word)
            while at >= 0:
                yield 0.1 * len(word), replace(self._item("word", at, at + len(word)), light=True)
                at = text.find(word, at + 1)

    def _cues(self) -> Iterator[tuple[float, Item]]:
        for start in range(len(self.tokens)):
            if self.tokens[start].kind == "mark" and self.tokens[start].text != "、":
                continue
            if self._ends_a_name(start):
                continue
            for end in range(start + 1, min(start + 6, len(self.tokens)) + 1):
                cue = lookup_cue(self.tokens[start:end])
                if cue is not None and not self._opens_a_bound(start, end):
                    phrase = self.tokens[start].kind == "chinese" and end - start > 1
                    base = _GLUE_WORTH if cue.kind in _GLUE and not phrase else _CUE_WORTH
                    worth = base * (end - start) ** _GROWTH
                    if self.tokens[start].kind == "chinese" and end - start == 1:
                        worth *= 0.5  # one character is often part of a longer word
                    if cue.kind == "count" and phrase and self._after_table(start):
                        worth += 1.0  # 客户数量 counts customers, whatever column is called 数量
                    yield worth, replace(self._item("cue", start, end), cue=cue)

    def _opens_a_bound(self, start: int, end: int) -> bool:
        """As in "under 10 or over 1,000": "or over" closes no bound where a number of its own follows."""
        after = [token for token in self.tokens[end : end + 2] if token.text not in _CURRENCIES]
        number = bool(after) and (after[0].kind == "number" or after[0].text in _NUMBER_WORDS)
        return end - start > 1 and self.tokens[start].text == "or" and number

    def _after_table(self, at: int) -> bool:
        """Whether the words right before a place name a table."""
        for start in range(max(0, at - self.index.longest), at):
            phrase = tuple(token.text for token in self.tokens[start:at])
            entries = entries_of(self.index, phrase, phrase)
            if any(entry.column is None and entry.score >= 0.8 for entry in entries):
                return True
        return False

    def _compares(self, at: int) -> bool:
        """Whether a word is a comparing one that only its dictionary form makes a name: "best", ``good``."""
        cue = lookup_cue(self.tokens[at : at + 1])
        comparing = cue is not None and cue.kind in ("superlative", "compare", "frequent")
        return comparing and (self.tokens[at].text,) not in self.index.phrases

    def _ends_a_name(self, at: int) -> bool:
        """As in "phone number", "room count": the word belongs to the one before and counts nothing."""
        if self.tokens[at].text not in ("number", "numbers", "count") or at == 0:
            return False
        before = self.tokens[at - 1]
        named = (lemma(before.text),) in self.index.phrases
        return before.kind == "word" and named and before.text not in english.IGNORED

    def _nouns(self) -> Iterator[tuple[float, Item]]:
        lemmas = [lemma(token.text) for token in self.tokens]
        yield from self._joined()
        for start in range(len(self.tokens)):
            if self._commands(start) or self._is_our_doing(start):
                continue
            reach = self.index.longest + 2
            if self.tokens[start].kind == "chinese":  # may be called in fewer words of English
                reach = max(reach, _LONGEST_CHINESE)
            for end in range(start + 1, min(start + reach, len(lemmas)) + 1):
                phrase = tuple(lemmas[start:end])
                if end == start + 1 and (self._compares(start) or lemmas[start] in _AUXILIARY):
                    continue
                raw = tuple(token.text for token in self.tokens[start:end])
                entries = entries_of(self.index, phrase, raw) or self._separated(raw)
                if entries and not self._is_done(raw, entries):
                    tokens = sum(0.7 if word in ("of", "the", "in") else 1.0 for word in phrase)
                    worth = entries[0].score * tokens**_GROWTH
                    yield worth, replace(self._item("noun", start, end), entries=entries)

    def _is_done(self, raw: tuple[str, ...], entries: tuple[Entry, ...]) -> bool:
        """As in "which bikes were sold" beside ``sold_at``: a verb of an event that only names its date by half."""
        tables = event_tables(self.index, raw)
        own = {each.table for each in entries if each.column is not None}
        return (
            bool(tables)
            and own <= {*tables}
            and entries[0].score < _HALF_NAMED
            and all(each.column in self.index.tables[each.table].time for each in entries)
        )

    def _separated(self, raw: tuple[str, ...]) -> tuple[Entry, ...]:
        """退过货 for 退货, 下了单 for 下单: a particle between a verb and its object."""
        if len(raw) != 3 or raw[1] not in ("过", "了"):
            return ()
        phrase = (raw[0], raw[2])
        if not all(len(each) == 1 and not each.isascii() for each in phrase):
            return ()
        found = entries_of(self.index, phrase, phrase)
        return tuple(replace(each, score=0.95 * each.score) for each in found if each.score >= 0.8)

    def _commands(self, at: int) -> bool:
        """Whether a word that is also a name begins an order: "Name the huts", not "Name of the huts"."""
        first = at == 0 or self.tokens[at - 1].kind == "mark"
        listed = at + 1 < len(self.tokens) and self.tokens[at + 1].text in _LISTING
        return first and not listed and self.tokens[at].text in _COMMANDS

    def _joined(self) -> Iterator[tuple[float, Item]]:
        """As in "check-ins" for ``checkin`` or ``check_in``, "signed up" for ``signup``."""
        for at in range(len(self.tokens) - 1):
            hyphen = self.tokens[at + 1].text == "-" and at + 2 < len(self.tokens)
            end = at + 2 if hyphen else at + 1
            one, other = self.tokens[at], self.tokens[end]
            if one.kind != "word" or other.kind != "word":
                continue
            if hyphen and (one.span[1] + 1 != other.span[0]):
                continue
            phrases: list[tuple[str, ...]] = [(lemma(one.text) + lemma(other.text),)]
            phrases += [(one.text, lemma(other.text))] if hyphen else []
            for phrase in phrases:
                entries = (
                    entries_of(self.index, phrase, phrase) if phrase in self.index.phrases else ()
                )
                if entries:
                    worth = entries[0].score * (end - at + 1) ** _GROWTH
                    yield worth, replace(self._item("noun", at, end + 1), entries=entries)

    def _values(self) -> Iterator[tuple[float, Item]]:
        by_span: dict[tuple[int, int], list[ValueHit]] = {}
        said = self.context.question.text
        for hit in self.context.values:
            words = said[slice(*hit.span)]
            capitals = (
                words.isupper() and not said.isupper() and hit.span[0] > 0
            )  # "a grade of A", "the US"
            if capitals or not (
                words.isdigit()
                or {words.lower()} & (_NUMBER_WORDS.keys() | english.IGNORED | english.CUES.keys())
            ):
                by_span.setdefault(hit.span, []).append(hit)
        for span, hits in by_span.items():
            place = self._place(span)
            if place is not None:
                start, end = place
                worth = max(hit.score for hit in hits) * (end - start) ** _GROWTH
                if start > 0 and self.tokens[start - 1].text in _SOURCE_WORDS:
                    worth += 0.25
                ranked = tuple(sorted(hits, key=lambda hit: -hit.score))
                yield worth, replace(self._item("value", start, end), hits=ranked)

    def _times(self) -> Iterator[tuple[float, Item]]:
        for time in self.context.times:
            place = self._place(time.span)
            if place is not None:
                start, end = place
                yield (
                    _TIME_WORTH * (end - start) ** _GROWTH,
                    replace(self._item("time", start, end), time=time, hits=self._named(time.span)),
                )

    def _named(self, span: tuple[int, int]) -> tuple[ValueHit, ...]:
        """The values of columns of months and weekdays that words of time are: "April" of "April 2021"."""
        return tuple(
            hit
            for hit in self.context.values
            if span[0] <= hit.span[0]
            and hit.span[1] <= span[1]
            and self.index.words[ColumnRef(hit.table, hit.column)][-1]
            in ("month", "weekday", "day")
        )

    def _quotes(self) -> Iterator[tuple[float, Item]]:
        text = self.context.question.text
        for open_at, token in enumerate(self.tokens):
            if token.text not in ("'", '"') or not self._opens(open_at):
                continue
            for close_at in range(open_at + 2, len(self.tokens)):
                if self.tokens[close_at].text == token.text and self._closes(close_at):
                    inner = (token.span[1], self.tokens[close_at].span[0])
                    if _UNSTORABLE.search(text[slice(*inner)]):
                        break
                    item = replace(
                        self._item("quote", open_at, close_at + 1),
                        text=text[inner[0] : inner[1]].strip(),
                        hits=tuple(h for h in self.context.values if _same(h, inner, text)),
                    )
                    yield _QUOTE_WORTH * (close_at - open_at + 1) ** _GROWTH, item
                    break

    def _opens(self, at: int) -> bool:
        """A quote opens where it does not touch the word before."""
        before = at > 0 and self.tokens[at - 1].span[1] == self.tokens[at].span[0]
        return not (before and self.tokens[at - 1].kind in ("word", "number"))

    def _closes(self, at: int) -> bool:
        after = at + 1 < len(self.tokens) and self.tokens[at + 1].span[0] == self.tokens[at].span[1]
        return not (after and self.tokens[at + 1].kind in ("word", "number"))

    def _place(self, span: tuple[int, int]) -> tuple[int, int] | None:
        inside = [
            at for at, t in enumerate(self.tokens) if t.span[0] >= span[0] and t.span[1] <= span[1]
        ]
        return (inside[0], inside[-1] + 1) if inside else None


def _same(hit: ValueHit, inner: tuple[int, int], text: str) -> bool:
    return text[hit.span[0] : hit.span[1]].strip() == text[inner[0] : inner[1]].strip()


def lookup_cue(tokens: tuple[Token, ...]) -> Cue | None:
    """The cue that exactly these tokens spell, or None."""
    if all(token.kind in ("chinese", "mark") for token in tokens):
        return chinese.CUES.get("".join(token.text for token in tokens))
    return english.CUES.get(" ".join(token.text for token in tokens))


def is_content(item: Item) -> bool:
    """Whether an unexplained word carries meaning that an answer must not drop."""
    return item.kind == "word" and not item.light
