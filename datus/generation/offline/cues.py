"""Cue words: what a phrase that names no data asks to be done. The tables stand in ``english`` and ``chinese``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

CueKind = Literal[
    "aggregate",  # value: function
    "alphabetical",
    "also",  # "and", "as well as"
    "be",
    "between",
    "both",
    "compare",  # value: operator; measure where the word implies one
    "contain",
    "contrast",  # compares the groups that are named
    "count",
    "cumulative",
    "details",  # every column
    "difference",  # value: more | less where it says which side is the larger one; than
    "direction",  # value: asc | desc
    "distinct",
    "elapsed",  # how long something took
    "each",  # a group key follows
    "end",
    "grain",  # value: grain; groups by time
    "group",  # "grouped by": a group key follows
    "growth",  # value: percent, by (how much), year and before for the period it starts from
    "measure",  # the measure itself is asked for: "how old"
    "named",
    "negate",
    "null",
    "of",
    "or",
    "order",
    "outside",  # negates what stands before it: 以外
    "period",  # a period without "by": groups only beside another key
    "ratio",
    "relative",  # a clause about the noun before it begins
    "part",  # value: part; groups by a place within a longer period: "day of the week"
    "rows",  # the noun itself is asked for: "which", "list"
    "share",  # value: percent, or none for a part of 1
    "start",
    "superlative",  # value: asc | desc; measure where the word implies one
    "frequent",  # value: asc | desc; most or least common
    "than",
    "top",
    "trend",
    "unplanned",  # an operation that no plan has: its word is the reason to refuse
    "unit",
    "weekend",
    "when",
    "where",
    "who",
    "wise",  # "region-wise": a group key stands before it
]


@dataclass(frozen=True, slots=True)
class Measure:
    """Heads of column names that a comparing word is about: "older" is about an age.

    ``inverse`` heads run the other way: who is older was born earlier.
    """

    heads: tuple[str, ...]
    inverse: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cue:
    """The meaning of a cue phrase."""

    kind: CueKind
    value: str = ""
    measure: Measure | None = None
    rank: int = 1  # of a superlative: 2 for "second highest"


_BIRTH = (
    "birth",
    "birthday",
    "birthdate",
    "dob",
    "founded",
    "formed",
    "established",
    "built",
    "opened",
    "open",
    "start",
)
AGE = Measure(("age",), _BIRTH)
MEASURES: Mapping[str, Measure] = {
    "age": AGE,
    "time": Measure(("date", "year", "time", "day", "since", "at")),
    "money": Measure(("price", "cost", "fee", "amount", "charge", "rate", "rent", "fare")),
    "spend": Measure(("amount", "spending", "spend", "total", "payment", "cost")),
    "pay": Measure(("salary", "wage", "income", "pay", "earning", "compensation")),
    "length": Measure(("length", "duration", "distance", "time", "minute", "mile", "running")),
    "height": Measure(("height", "elevation", "altitude", "tall")),
    "weight": Measure(("weight", "mass")),
    "size": Measure(
        (
            "size",
            "area",
            "population",
            "capacity",
            "square",
            "acre",
            "number",
            "enrollment",
            "amount",
        )
    ),
    "speed": Measure(("speed", "velocity", "mph", "pace"), ("time", "lap", "millisecond")),
    "wealth": Measure(("money", "wealth", "worth", "income", "profit", "asset", "balance", "sale")),
    "rating": Measure(("rating", "score", "star", "grade", "rate", "point")),
    "rank": Measure((), ("rank", "ranking", "position")),
    "temperature": Measure(("temperature", "temp")),
}


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|"))


def table(rows: Mapping[Cue, str]) -> dict[str, Cue]:
    """A lexicon from rows of a cue and its phrases, parted by ``|``."""
    return {phrase: cue for cue, phrases in rows.items() for phrase in _phrases(phrases)}


def ranked(rows: Mapping[str, Cue], ordinals: Mapping[str, int]) -> dict[str, Cue]:
    """A lexicon with "second highest", 第二高 beside each superlative that can be counted down from."""
    more = dict(rows)
    for phrase, cue in rows.items():
        if cue.kind != "superlative" or phrase in _ALONE:
            continue
        for word, rank in ordinals.items():
            spelt = (
                (phrase.replace("最", word),)
                if "最" in phrase
                else (f"{word} {phrase}", f"{word} - {phrase}")
            )
            more |= {each: replace(cue, rank=rank) for each in spelt if each not in rows}
    return more


_ALONE = frozenset(
    {"first", "last", "top", "leading", "recently", "most recently", "least recently"}
)


def measured(kind: CueKind, value: str, words: Mapping[str, str]) -> dict[Cue, str]:
    """Rows of one kind, a row for each named measure."""
    return {Cue(kind, value, MEASURES[name]): phrases for name, phrases in words.items()}
