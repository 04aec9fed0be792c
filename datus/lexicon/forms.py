"""The forms in which data and people write one English word: ``cancel``, ``cancels``, ``cancelled``."""

from collections.abc import Iterator
from functools import lru_cache

from datus.text import lemma

_VOWELS = frozenset("aeiou")
# Verbs whose forms no rule makes, each with its past and its participle.
_IRREGULAR = {
    first: frozenset(others)
    for first, *others in map(
        str.split,
        (
            "freeze froze frozen", "sell sold", "buy bought", "break broke broken", "lose lost", "pay paid", "steal stole stolen",
            "withdraw withdrew withdrawn", "hold held", "send sent", "lend lent", "win won", "write wrote written", "take took taken",
            "give gave given", "grow grew grown", "leave left", "spend spent", "build built", "run ran", "hide hid hidden",
            "choose chose chosen", "drive drove driven", "fall fell fallen", "fly flew flown", "forget forgot forgotten", "get got gotten",
            "know knew known", "make made", "meet met", "show shown", "speak spoke spoken", "teach taught", "tear tore torn",
            "wear wore worn", "begin began begun", "bind bound", "catch caught", "find found", "draw drew drawn", "eat ate eaten",
            "keep kept", "lead led", "leap leapt", "lie lay lain", "rise rose risen", "stick stuck", "swear swore sworn", "throw threw thrown",
            "person people", "man men", "woman women", "child children", "foot feet", "tooth teeth", "half halves",
        ),
    )
}  # fmt: skip


@lru_cache(maxsize=20_000)
def past_forms(verb: str) -> frozenset[str]:
    """The past and the participle of a verb in dictionary form, in every spelling that could be one."""
    return frozenset((*_ended(verb, "ed"), *_IRREGULAR.get(verb, ())))


@lru_cache(maxsize=20_000)
def ing_forms(verb: str) -> frozenset[str]:
    """As ``past_forms``, for what is going on: ``processing``."""
    return frozenset(_ended(verb, "ing"))


def _ended(verb: str, end: str) -> Iterator[str]:
    if verb.endswith("e"):
        yield verb[:-1] + end
    elif verb.endswith("y") and verb[-2:-1] not in _VOWELS and end == "ed":
        yield verb[:-1] + "ied"
    else:
        yield verb + end
        if verb[-1:] not in _VOWELS | set("wy") and verb[-2:-1] in _VOWELS:
            yield verb + verb[-1] + end


def number_forms(words: tuple[str, ...]) -> frozenset[str]:
    """A name of one or more words with its last word in the singular and the plural."""
    last = words[-1]
    plural = next((each for each in _plurals(last) if lemma(each) == lemma(last)), last)
    return frozenset(" ".join((*words[:-1], each)) for each in (last, lemma(last), plural))


def _plurals(word: str) -> tuple[str, ...]:
    return (f"{word[:-1]}ies", f"{word}es", f"{word}s", *_IRREGULAR.get(word, ()))


@lru_cache(maxsize=20_000)
def dictionary_form(word: str) -> str:
    """The dictionary form of a word, where British spelling doubles a letter too: ``cancelled``."""
    form = lemma(word)
    if form == word or len(form) < 4 or form[-1:] != form[-2:-1]:
        return form
    single = form[:-1]  # "cancell"
    doubled = word in past_forms(single) | ing_forms(single)
    return single if doubled and lemma(single) == single else form


def same_forms(word: str) -> frozenset[str]:
    """The other spellings of a word and of its dictionary form that mean no other state of a thing: what was
    ``cancelled`` is ``canceled`` and has had a ``cancel``, and is not ``canceling``."""
    form = dictionary_form(word)
    for alike in (past_forms(form), ing_forms(form)):
        if word in alike:
            return alike | {form}
    return frozenset()
