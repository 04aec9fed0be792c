"""What a phrase of the question names: tables and columns called so, or by another form of its words."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from datus.generation.offline import chinese, english
from datus.generation.offline.kinship import is_kindred, is_short_for, is_slip, plain_spelling
from datus.generation.offline.names import SYNONYMS, Entry, SchemaIndex
from datus.generation.offline.plan import ColumnRef
from datus.lexicon.translation import in_english
from datus.text import is_chinese

_LEAST_SCORE = 0.5
_SPREAD = 0.35
_LABELS = (("name",), ("full", "name"))
_LINKS = ("of", "the", "in")

# How much less sure a name is that was found by another form of the word.
_BY_SYNONYM = 0.85
_BY_TRANSLATION = 0.85
_BY_NEXT_TRANSLATION = 0.03  # less for each name that is less likely
_A_SHORT_FORM = 3  # as much less as three translations that are likelier
_BY_KIN = 0.75
_BY_SHORT_FORM = 0.7
_BY_SLIP = 0.75
_WEAKEST_PART = 0.3  # a word of a long name, such as the first of three
_KEY_OF_NAMED = 0.7
_A_KEYS_NAME = 0.02  # less sure than a table that is itself called so


def entries_of(
    index: SchemaIndex, phrase: tuple[str, ...], raw: tuple[str, ...]
) -> tuple[Entry, ...]:
    """The tables and columns that a phrase may name, the likeliest first.

    Args:
        index: The names of the schema.
        phrase: The words in dictionary form.
        raw: The same words as the question has them.
    """
    found = list(index.phrases.get(phrase, ()) or index.phrases.get(raw, ()))
    found += _swapped(index, phrase)
    if not _is_sure(found):
        found = _otherwise(index, phrase, raw, found)
    if phrase in _LABELS or phrase == ("id",):
        found += _implied(index, phrase[-1])
    found = _tables_first(index, phrase, found)
    best = max((each.score for each in found), default=0.0)
    if best < _LEAST_SCORE:
        return ()
    kept = [each for each in found if each.score >= max(_LEAST_SCORE - 0.05, best - _SPREAD)]
    surest: dict[tuple[str, str | None], Entry] = {}
    for each in sorted(kept, key=lambda each: -each.score):
        surest.setdefault((each.table, each.column), each)
    return tuple(surest.values())


def _swapped(index: SchemaIndex, phrase: tuple[str, ...]) -> list[Entry]:
    """As in "names of huts" for ``hut_name``."""
    content = tuple(word for word in phrase if word not in _LINKS)
    if len(content) == len(phrase) or len(content) != 2 or phrase[-1] != content[1]:
        return []
    if phrase[0] != content[0] or content[0] == "number":
        return []
    swapped = index.phrases.get((content[1], content[0]), ())
    return [replace(each, score=each.score * 0.95) for each in swapped if each.score > 0.6]


def _otherwise(
    index: SchemaIndex, phrase: tuple[str, ...], raw: tuple[str, ...], weak: list[Entry]
) -> list[Entry]:
    """What is called so in another spelling, by a synonym, or by a word of the same root; else the long
    names that the word is a small part of, and what it shortens or mistypes."""
    plain = tuple(plain_spelling(word) for word in phrase)
    if plain != phrase and _is_sure(found := list(index.phrases.get(plain, ()))):
        return found
    if _is_sure(found := _lowered(_by_synonyms(index, phrase), _BY_SYNONYM)):
        return found
    if is_chinese(phrase[0]):
        return _translated(index, phrase) or weak
    if len(phrase) != 1 or _says_no_name(phrase[0], raw[0]):
        return weak
    (word,) = phrase
    if _is_sure(found := _lowered(_by_form(index, word, is_kindred), _BY_KIN)):
        return found
    if raw[0].endswith(("ed", "ing")):  # a relation between rows more often than a name
        return weak
    if found := [_raised(each) for each in weak if each.score >= _WEAKEST_PART]:
        return found
    if _is_sure(found := _lowered(_by_form(index, word, _is_shortened_to), _BY_SHORT_FORM)):
        return found
    return _lowered(_by_slip(index, word), _BY_SLIP)


def _is_sure(found: list[Entry]) -> bool:
    return any(each.score >= _LEAST_SCORE for each in found)


def _translated(index: SchemaIndex, phrase: tuple[str, ...]) -> list[Entry]:
    """What a Chinese name is called in English, where no comment says it in Chinese."""
    found: list[Entry] = []
    name = "".join(phrase)
    for meaning in in_english(name):
        if meaning.said and _says_no_chinese_name(name):
            continue  # 到现在: "to date"
        factor = _BY_TRANSLATION - meaning.rank * _BY_NEXT_TRANSLATION
        found += _lowered(index.phrases.get(meaning.words, ()), factor)
        if meaning.rank == 0 and (meaning.words in _LABELS or meaning.words == ("id",)):
            found += _implied(index, meaning.words[-1])
    found = found if _is_sure(found) else found + _translated_short(index, name)
    return [each for each in found if not (name.endswith("额") and _counts(index, each))]


def _counts(index: SchemaIndex, entry: Entry) -> bool:
    """Whether a column is a number of things, which the English "amount" says too and 金额 does not."""
    return entry.column is not None and "quantity" in index.words[entry.ref]


def _translated_short(index: SchemaIndex, name: str) -> list[Entry]:
    """As in 供应商 for ``supp``: the likeliest meaning that one name of the schema shortens."""
    for meaning in in_english(name):
        if meaning.said and _says_no_chinese_name(name):
            continue
        near = [
            phrase
            for phrase in index.phrases
            if len(phrase) == len(meaning.words) and _shortens(phrase, meaning.words)
        ]
        if len(near) == 1:
            factor = _BY_TRANSLATION - (meaning.rank + _A_SHORT_FORM) * _BY_NEXT_TRANSLATION
            return _lowered(index.phrases[near[0]], factor)
    return []


def _shortens(phrase: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return all(
        part == word or _is_shortened_to(word, part)
        for part, word in zip(phrase, words, strict=True)
    )


@lru_cache(maxsize=20_000)
def _says_no_chinese_name(text: str) -> bool:
    """Whether a text is made of cues and of words that say nothing of their own."""
    return not text or any(
        _says_no_chinese_name(text[size:])
        for size in range(1, len(text) + 1)
        if text[:size] in _CHINESE_CUES
    )


_CHINESE_CUES = chinese.CUES.keys() | set(chinese.IGNORED)


def _says_no_name(word: str, raw: str) -> bool:
    return (
        len(word) < 3
        or not word.isalpha()
        or not word.isascii()
        or bool({word, raw} & (english.IGNORED | english.CUES.keys() | english.NUMBERS.keys()))
    )


def _lowered(entries: Iterable[Entry], factor: float) -> list[Entry]:
    return [replace(each, score=each.score * factor) for each in entries if each.score >= 0.45]


def _raised(entry: Entry) -> Entry:
    """A small part of a long name, just sure enough to be kept where nothing else is called so."""
    return replace(entry, score=_LEAST_SCORE + 0.2 * (entry.score - _WEAKEST_PART))


def _by_synonyms(index: SchemaIndex, phrase: tuple[str, ...]) -> Iterator[Entry]:
    for other in _synonyms(phrase):
        yield from index.phrases.get(other, ())


def _synonyms(phrase: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    english_name = phrase[0].isascii()
    joined = "_".join(phrase) if english_name else "".join(phrase)
    for group in SYNONYMS if english_name else chinese.SYNONYMS:
        if joined in group:
            for other in sorted(group - {joined}):
                yield tuple(other.split("_")) if english_name else tuple(other)


def _is_shortened_to(word: str, part: str) -> bool:
    return is_short_for(part, word)


def _by_form(index: SchemaIndex, word: str, alike: Callable[[str, str], bool]) -> Iterator[Entry]:
    for part in index.words_by_letter.get(word[0], ()):
        if alike(word, part):
            yield from index.phrases[part,]


def _by_slip(index: SchemaIndex, word: str) -> tuple[Entry, ...]:
    """What is called almost so, where that is one name only."""
    near = [part for part in index.words_by_letter.get(word[0], ()) if is_slip(word, part)]
    return index.phrases[near[0],] if len(near) == 1 else ()


def _tables_first(index: SchemaIndex, phrase: tuple[str, ...], found: list[Entry]) -> list[Entry]:
    """Where a word names a table, its own label says the same less well, and so does a key that points to
    it; a key whose very name it is stays as a second meaning."""
    found = [*found, *_pointed_to(index, found)]
    named = {e.table: e.score for e in found if e.column is None and e.score >= 0.8}
    kept = []
    for each in found:
        if each.column is None:
            kept.append(each)
        elif index.points_to(each.ref) in named:
            if each.score >= 0.95 and set(phrase) <= set(index.words[each.ref]):
                kept.append(replace(each, score=_KEY_OF_NAMED))
        elif each.score > named.get(each.table, 0.0) + 0.03:
            kept.append(each)
    return kept


def _pointed_to(index: SchemaIndex, found: list[Entry]) -> Iterator[Entry]:
    """A key whose comment is 顾客, no number or code, is called as the rows that it points to are, where no
    other key of its table points there too and plays another part."""
    for each in found:
        target = (
            index.points_to(each.ref)
            if each.column is not None and 0.8 <= each.score < 1.0
            else None
        )
        if target is not None and target != each.table:
            keys = index.tables[each.table].schema.foreign_keys
            last = target.rpartition(".")[2].lower()
            if sum(key.ref_table.lower() == last for key in keys) == 1:
                yield Entry(target, None, each.score - _A_KEYS_NAME)


def _implied(index: SchemaIndex, word: str) -> list[Entry]:
    """As in "name" and "id" where no column is called so: a table's label or key stands for them."""
    found = []
    for table, roles in index.tables.items():
        own = tuple(ColumnRef(table, key) for key in roles.key)
        columns = own[:1] if word == "id" else index.label(table)[:1]
        found += [Entry(ref.table, ref.column, 0.75) for ref in columns]
    return found
