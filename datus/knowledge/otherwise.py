"""What a value may be called in the data where a question has another word for it: its other forms, its English."""

from collections.abc import Iterator, Mapping, Sequence

from datus.lexicon.forms import ing_forms, number_forms, past_forms, same_forms
from datus.lexicon.translation import Meaning, in_english, name_in_english
from datus.lexicon.words import chinese_words
from datus.text import Token

# How sure a value is that has another form; below every value that is said as it is written.
_IN_ANOTHER_NUMBER = 0.64
_IN_ANOTHER_FORM = 0.62
_IN_ENGLISH = 0.64
_IN_NEXT_ENGLISH = 0.005  # less for each meaning that is less likely
_LEAST_LETTERS = 4
_LONGEST = 3  # words of an English value whose number is changed
_LONGEST_CHINESE = 3
_BEFORE = ("已经", "已", "被")
_DONE = frozenset({"已", "经", "被"})  # what may stand right before; 已经 ends so
_AFTER = ("中", "市", "省", "型", "类", "性")


def said_otherwise(tokens: Sequence[Token]) -> Mapping[tuple[int, int], Mapping[str, float]]:
    """For runs of tokens, as places ``[start, end)``, normal forms of values that they may stand for, with how sure."""
    found: dict[tuple[int, int], dict[str, float]] = {}
    for at, token in enumerate(tokens):
        if token.kind == "word" and len(token.text) >= _LEAST_LETTERS and token.text.isascii():
            found |= _latin(tokens, at)
    words = chinese_words(tokens)
    for at, (start, _) in enumerate(words):
        reached = start
        for begin, end in words[at : at + _LONGEST_CHINESE]:
            if begin != reached:
                break
            reached = end
            said = "".join(token.text for token in tokens[start:end])
            done = start > 0 and tokens[start - 1].text in _DONE
            if english := _translated(said, one=start == begin, done=done):
                found[start, end] = english
    return found


def _latin(tokens: Sequence[Token], end: int) -> dict[tuple[int, int], dict[str, float]]:
    """The runs that end with a word, this one in its other forms."""
    word = tokens[end].text
    own = dict.fromkeys(same_forms(word), _IN_ANOTHER_FORM)
    own |= dict.fromkeys(number_forms((word,)), _IN_ANOTHER_NUMBER)
    found = {(end, end + 1): own}
    for start in range(end - 1, max(-1, end - _LONGEST), -1):
        if tokens[start].kind != "word":
            break
        words = tuple(token.text for token in tokens[start : end + 1])
        found[start, end + 1] = dict.fromkeys(number_forms(words), _IN_ANOTHER_NUMBER)
    return found


def _translated(said: str, *, one: bool, done: bool) -> dict[str, float]:
    """What one word, or a name of several, may be in English; no value is made of several words' meanings."""
    found: dict[str, float] = {}
    for name, is_done in _bare(said, done=done):
        for meaning in in_english(name) if one else name_in_english(name):
            sure = _IN_ENGLISH - _IN_NEXT_ENGLISH * meaning.rank
            for key in _written(meaning, done=is_done):
                found.setdefault(key, sure)
    return found


def _written(meaning: Meaning, *, done: bool) -> Iterator[str]:
    """How data writes a meaning; of what is ``done`` not what is still going on."""
    words = tuple(meaning.said.split(" ")) if meaning.said else meaning.words
    if not meaning.verb:
        yield from number_forms(words)
        return
    first, *rest = words
    yield " ".join(words)
    for form in past_forms(first) | (frozenset() if done else ing_forms(first)):
        yield " ".join((form, *rest))


def _bare(said: str, *, done: bool) -> Iterator[tuple[str, bool]]:
    """A Chinese word, and it without what says how it stands to the rest: 已冻结, 处理中; each with whether
    it says that something is done."""
    yield said, done
    before = next((each for each in _BEFORE if said.startswith(each)), "")
    rest = said.removeprefix(before)
    if before and len(rest) > 1:
        yield rest, True
    for after in _AFTER:
        if rest.endswith(after) and len(rest) - len(after) > 1:
            yield rest.removesuffix(after), done or bool(before)
