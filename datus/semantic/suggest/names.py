"""Names for what is proposed: ASCII snake case, no word that SQL reserves, each with one meaning."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import chain, count
from typing import Literal

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.mysql import MySQL

from datus.identifiers import split_identifier
from datus.sql.dialects import sqlglot_name
from datus.text import lemma
from datus.types import Dialect

Use = Literal["entity", "time", "categorical", "measure"]
"""What a name stands for. MetricFlow wants it to be the same in all semantic models."""

_PLAIN = re.compile(r"[a-z](?:_?[a-z0-9])+")
_UNQUOTED = re.compile(r"[a-z_][a-z0-9_]*")
# MetricFlow reads these as grains of time or as its own, YAML as no text.
_TAKEN = frozenset(
    "nanosecond microsecond millisecond second minute hour day week month quarter year "
    "metric_time mf_internal_uuid yes no on off true false null".split()
)
# What a warehouse puts before the name proper of a table.
_PREFIXES = frozenset("dim fact fct tbl tb ods dwd dws dwm ads stg vw".split())


@cache
def _reserved() -> frozenset[str]:
    """Words that some engine does not take as a bare name; MySQL's and DuckDB's lists are the longest."""
    words = MySQL.Generator.RESERVED_KEYWORDS | DuckDB.Generator.RESERVED_KEYWORDS
    return frozenset(word.lower() for word in words)


def slug(name: str) -> str:
    """A name in ASCII snake case, or "" where it has parts that cannot be written so.

    ``sbCustName`` -> ``sb_cust_name``, ``Número`` -> ``numero``, ``订单ID`` -> "".
    """
    bare = unicodedata.normalize("NFKD", name)
    bare = "".join(char for char in bare if not unicodedata.combining(char))
    if any(char.isalpha() and not char.isascii() for char in bare):
        return ""
    if _PLAIN.fullmatch(bare):
        return bare
    whole = "_".join(split_identifier(bare))
    return f"n_{whole}" if whole[:1].isdigit() else whole


def singular(name: str) -> str:
    """A table's slug as the name of one of its rows: ``dim_customers`` -> ``customer``."""
    parts = name.split("_")
    if len(parts) > 1 and parts[0] in _PREFIXES:
        parts = parts[1:]
    last = parts[-1]  # only a plural is changed: one row of "screening" is no screen
    return "_".join((*parts[:-1], lemma(last) if last.endswith("s") else last))


def is_free(name: str) -> bool:
    """Whether a name can stand unquoted in every engine and in YAML, and means nothing to MetricFlow."""
    return is_name(name) and name not in _reserved()


def is_name(name: str) -> bool:
    """Whether MetricFlow takes a name, whatever it is to SQL."""
    return bool(_PLAIN.fullmatch(name)) and name not in _TAKEN


def quoted(name: str, dialect: Dialect) -> str:
    """A column's or table's name as SQL of ``dialect``, in quotes where it needs them."""
    shape = name if dialect == "postgresql" else name.lower()
    needs = not _UNQUOTED.fullmatch(shape) or shape.lower() in _reserved()
    return exp.to_identifier(name, quoted=needs).sql(dialect=sqlglot_name(dialect))


class Names:
    """Hands out names of entities, dimensions and measures, one use a name over all models.

    Two models may share a name of the same use; within one model, and for measures everywhere, a
    name is given once.
    """

    def __init__(self) -> None:
        self._uses: dict[str, Use] = {}
        self._of_model: dict[str, set[str]] = {}

    def give(self, use: Use, model: str, wanted: Iterable[str], *, new: bool = False) -> str:
        """The first name of ``wanted`` that is free for this use in this model, else the last, numbered.

        ``new`` asks for one that no model has yet.
        """
        names = [name for name in wanted if name]
        number = 1
        while True:
            for name in names:
                if self._fits(use, model, name) and not (new and name in self._uses):
                    self._uses[name] = use
                    self._of_model.setdefault(model, set()).add(name)
                    return name
            number += 1
            names = [f"{names[-1].removesuffix(f'_{number - 1}')}_{number}"]

    def _fits(self, use: Use, model: str, name: str) -> bool:
        known = self._uses.get(name)
        if not is_free(name) or name in self._of_model.get(model, ()):
            return False
        return known is None or (known == use and use != "measure")


class Once:
    """Hands out texts that must differ from each other: names of metrics, labels."""

    def __init__(self, between: str) -> None:
        self._between = between
        self._given: set[str] = set()

    def give(self, *wanted: str) -> str:
        """The first of ``wanted`` not given yet, else the last with a number behind it."""
        numbered = (f"{wanted[-1]}{self._between}{number}" for number in count(2))
        text = next(each for each in chain(wanted, numbered) if each not in self._given)
        self._given.add(text)
        return text
