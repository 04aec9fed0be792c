"""What a prompt shows, in parts that can be left out one by one, and what is left out when room is short."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from datus.generation.prompted.marks import one_line
from datus.generation.prompted.tokens import estimate

Section = Literal[
    "schema",
    "left_out",
    "times",
    "comparisons",
    "terms",
    "metrics",
    "dimensions",
    "references",
    "passages",
    "knowledge",
    "attempts",
    "question",
]


class Level(IntEnum):
    """What is left out first where room is short; the lowest goes first, ``KEPT`` never."""

    UNLINKED_COLUMN = 1
    REFERENCE = 2
    PASSAGE = 3
    VALUE = 4
    FAR_TABLE = 5
    DEFINITION = 6
    NEAR_TABLE = 7
    LINKED_COLUMN = 8
    KEPT = 9


TABLES = (Level.FAR_TABLE, Level.NEAR_TABLE)


@dataclass(frozen=True, slots=True)
class Part:
    """A few lines of one section.

    Attributes:
        key: Names it among all parts; ``owner`` is the key of the part without which it has no sense.
        worth: Relevance for the question; the lowest of a level is left out first.
        kind: What it is, for people; empty where it is only a line of its owner.
        label: Which one it is, for people.
    """

    section: Section
    text: str
    level: Level = Level.KEPT
    worth: float = 0.0
    key: str = ""
    owner: str = ""
    kind: str = ""
    label: str = ""


_A_MARK = 2
"""Tokens of a line's ``| `` and its end."""
_LABELS = 8
_LABEL_CHARACTERS = 80


def cost(part: Part) -> int:
    """Tokens that a part takes in a prompt, as an estimate."""
    return estimate(part.text) + _A_MARK * (part.text.count("\n") + 1)


def fit(parts: Sequence[Part], room: int) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """The parts that fit into so many tokens, in their order, and those left out.

    Of tables at least the most relevant one stays. Parts that are never left out may take more.
    """
    below: dict[str, list[int]] = {}
    for at, part in enumerate(parts):
        if part.owner:
            below.setdefault(part.owner, []).append(at)
    costs = list(map(cost, parts))
    total = sum(costs)
    gone: set[int] = set()
    order = sorted(
        (at for at, part in enumerate(parts) if part.level < Level.KEPT),
        key=lambda at: (parts[at].level, parts[at].worth, -at),
    )
    tables = [at for at in order if parts[at].level in TABLES]
    for victim in order:
        if total <= room:
            break
        if victim in gone or victim in tables[-1:]:
            continue
        for at in _with_owned(victim, parts, below):
            if at not in gone:
                gone.add(at)
                total -= costs[at]
    kept = tuple(part for at, part in enumerate(parts) if at not in gone)
    return kept, tuple(parts[at] for at in sorted(gone))


def _with_owned(
    at: int, parts: Sequence[Part], below: Mapping[str, Sequence[int]]
) -> Iterable[int]:
    yield at
    for child in below.get(parts[at].key, ()) if parts[at].key else ():
        yield from _with_owned(child, parts, below)


def text_of(parts: Iterable[Part], section: Section) -> str:
    """The text of one section."""
    return "\n".join(part.text for part in parts if part.section == section)


def summary(gone: Sequence[Part]) -> tuple[str, ...]:
    """What was left out, one line a kind, the least missed first, as ``columns: orders.note, orders.memo``."""
    keys = {part.key for part in gone if part.kind and part.key}
    by_kind: dict[str, list[Part]] = {}
    for part in sorted(gone, key=lambda each: each.level):
        if part.kind and part.owner not in keys:
            by_kind.setdefault(part.kind, []).append(part)
    return tuple(f"{kind}: {_listed(_labels(parts))}" for kind, parts in by_kind.items())


def _labels(parts: Sequence[Part]) -> list[str]:
    """What to call them: many of one owner by the owner and their number."""
    owners = Counter(part.owner for part in parts if part.owner)
    if len(parts) <= _LABELS or not owners:
        return [part.label for part in parts]
    return [f"{owner.removeprefix('table ')} ({count})" for owner, count in owners.items()]


def _listed(labels: Sequence[str]) -> str:
    shown = [one_line(label, _LABEL_CHARACTERS) for label in labels[:_LABELS]]
    more = len(labels) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
