"""Names of tables and columns, read as the words that people say for them."""

import re
from collections.abc import Iterable
from functools import lru_cache
from os.path import commonprefix

from datus.text import is_known, lemma

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[\u3400-\u9fff]+")

# Common short forms in database names; the long forms are what people say.
ABBREVIATIONS: dict[str, tuple[str, ...]] = {
    key: tuple(long.split())
    for key, long in {
        "num": "number", "bal": "balance", "no": "number", "nbr": "number", "cnt": "count", "dept": "department",
        "dep": "department", "qty": "quantity", "amt": "amount", "addr": "address", "desc": "description",
        "descr": "description", "stu": "student", "stud": "student", "emp": "employee", "prof": "professor",
        "cust": "customer", "prod": "product", "cat": "category", "yr": "year", "mon": "month",
        "avg": "average", "pct": "percent", "tel": "telephone", "dob": "birth date", "mgr": "manager",
        "org": "organization", "loc": "location", "lang": "language", "max": "maximum",
        "min": "minimum", "tot": "total", "acct": "account", "acc": "account", "trans": "transaction",
        "tx": "transaction", "txn": "transaction", "inv": "invoice", "ord": "order", "crs": "course",
        "fac": "faculty", "bldg": "building", "sem": "semester", "temp": "temperature", "pos": "position",
        "lat": "latitude", "lon": "longitude", "long": "longitude", "lng": "longitude", "std": "standard",
        "info": "information", "pic": "picture", "img": "image", "ccy": "currency", "curr": "currency",
        "mfr": "manufacturer", "manf": "manufacturer", "fname": "first name", "lname": "last name",
        "mname": "middle name", "firstname": "first name", "lastname": "last name", "sal": "salary",
        "tckt": "ticket", "perc": "percent", "apt": "apartment", "dest": "destination", "src": "source",
        "arr": "arrival", "enr": "enrollment", "asst": "assistant", "lvl": "level", "cd": "code",
        "dt": "date", "ts": "time", "ref": "reference", "act": "activity", "doc": "document",
        "hs": "high school", "pop": "population", "gov": "government", "ctry": "country", "spec": "specialty",
    }.items()
}  # fmt: skip


def split_identifier(name: str) -> tuple[str, ...]:
    """The parts of a table's or column's name in lower case: ``sbCustName`` -> ``sb cust name``."""
    return tuple(part.lower() for part in _PART.findall(name))


@lru_cache(maxsize=20_000)
def identifier_words(name: str) -> tuple[str, ...]:
    """A name as the words people say: split, short forms written out, in dictionary form."""
    pieces = [piece for part in split_identifier(name) for piece in _segment(part)]
    spoken: list[str] = []
    for at, piece in enumerate(pieces):
        before_name = pieces[at + 1 : at + 2] == ["name"]
        long = _INITIALS.get(piece) if before_name else ABBREVIATIONS.get(piece)
        spoken.extend(long or ABBREVIATIONS.get(piece) or (lemma(piece),))
    return tuple(spoken)


_INITIALS = {"f": ("first",), "l": ("last",), "m": ("middle",)}


def _segment(word: str) -> tuple[str, ...]:
    """Cut a run-together name: ``stuid`` -> ``stu id``; unknown words stay whole."""
    if len(word) in (3, 5) and word[1:] in ("id", "name") and not is_known(word):
        initial = _INITIALS.get(word[0], ()) if word.endswith("name") else ()
        return (*initial, word[1:])
    if len(word) < 5 or word in ABBREVIATIONS or is_known(word) or not word.isalpha():
        return (word,)
    for cut in sorted(range(2, len(word) - 1), key=lambda at: abs(at - len(word) / 2)):
        left, right = word[:cut], word[cut:]
        if _is_part(left) and _is_part(right):
            return (left, right)
    return (word,)


def _is_part(word: str) -> bool:
    return word in ABBREVIATIONS or word == "id" or (len(word) > 2 and is_known(word))


def shared_prefix(names: Iterable[str]) -> int:
    """How many leading characters all names share that say nothing of any one of them.

    ``sbCustId``, ``sbCustName`` -> 6. Counted only for at least three names, where something is left
    of each, and where the cut falls between words or the names are run together.
    """
    lowered = [name.lower() for name in names]
    prefix = commonprefix(lowered)  # noqa: RUF071 - these are names, character by character, no paths
    if len(lowered) < 3 or len(prefix) < 2 or any(len(name) - len(prefix) < 2 for name in lowered):
        return 0
    if "_" in prefix:
        return prefix.rindex("_") + 1
    if any("_" in name for name in lowered):
        return 0
    return len(prefix) if len(lowered) > 3 or not is_known(prefix) else 0
