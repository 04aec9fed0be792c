"""A question without its data, as features of a linear model: what is left when names become symbols."""

from collections.abc import Iterator
from itertools import pairwise

from datus.generation.offline.linking import Item

_LONGEST = 3
_NEAR = 3


def symbol(item: Item) -> str:
    """An item in every language: its kind, and for a cue what it asks to be done."""
    if item.cue is not None:
        return f"<{item.cue.kind}:{item.cue.value}>" if item.cue.value else f"<{item.cue.kind}>"
    if item.kind == "noun":
        return "<column>" if item.entries[0].column is not None else "<table>"
    if item.kind in ("value", "quote"):
        return "<value>"
    return f"<{item.kind}>"


def spoken(item: Item) -> tuple[str, ...]:
    """An item as its words, data as symbols."""
    if item.kind in ("noun", "value", "quote", "number", "time"):
        return (symbol(item),)
    return tuple(item.text.lower().split())


def phrases(items: tuple[Item, ...]) -> tuple[str, ...]:
    """The question's runs of one to three words, each once."""
    words = ["^", *(word for item in items for word in spoken(item)), "$"]
    found = (
        " ".join(words[at : at + size])
        for size in range(1, _LONGEST + 1)
        for at in range(len(words) - size + 1)
    )
    return tuple(dict.fromkeys(found))


def signs(items: tuple[Item, ...]) -> tuple[str, ...]:
    """The question's cues and kinds of names, alone and in neighbouring pairs, in no language."""
    kept = [symbol(item) for item in items if item.kind not in ("word", "mark") and not item.light]
    pairs = (f"{one} {other}" for one, other in pairwise(kept))
    counted = (f"{each} x{min(kept.count(each), 3)}" for each in dict.fromkeys(kept))
    return tuple(dict.fromkeys((*kept, *pairs, *counted)))


def surroundings(items: tuple[Item, ...], at: int) -> Iterator[str]:
    """What stands around the item at a place, as features of the role it plays."""
    before = [word for item in items[max(0, at - 6) : at] for word in spoken(item)][-_NEAR:]
    after = [word for item in items[at + 1 : at + 7] for word in spoken(item)][:_NEAR]
    before = ["^"] * (_NEAR - len(before)) + before
    after = after + ["$"] * (_NEAR - len(after))
    for offset, word in enumerate(reversed(before), 1):
        yield f"-{offset} {word}"
        yield f"- {word}"
    for offset, word in enumerate(after, 1):
        yield f"+{offset} {word}"
        yield f"+ {word}"
    yield f"-2-1 {before[-2]} {before[-1]}"
    yield f"-3-2-1 {' '.join(before)}"
    yield f"+1+2 {after[0]} {after[1]}"
    yield f"-1+1 {before[-1]} {after[0]}"
    yield from _position(items, at)
    seen = {item.text.lower() for item in items[:at]}
    yield from (f"after {word}" for word in _CLAUSES if word in seen)


_CLAUSES = ("with", "whose", "that", "who", "which", "by", "per", "for", "where", "have", "has")
_HEADS = frozenset(
    "relative negate each group order superlative count aggregate frequent compare rows".split()
)


def _position(items: tuple[Item, ...], at: int) -> Iterator[str]:
    nouns = [place for place, item in enumerate(items) if item.kind == "noun"]
    yield f"noun {min(nouns.index(at), 4) if at in nouns else 'none'}"
    yield f"last {bool(nouns) and at == nouns[-1]}"
    heads = (
        p for p in range(at - 1, -1, -1) if (c := items[p].cue) is not None and c.kind in _HEADS
    )
    head = next(heads, None)
    if head is None:
        yield "under ^"
        return
    between = sum(items[place].kind == "noun" for place in range(head + 1, at))
    yield f"under {symbol(items[head])}"
    yield f"under {symbol(items[head])} {min(between, 3)}"


ROLES = ("none", "shown", "measured", "filtered", "grouped", "sorted")
"""What a plan does with a column that the question names."""
