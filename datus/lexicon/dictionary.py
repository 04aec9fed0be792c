"""A Chinese-English dictionary: the words of CC-CEDICT that can name data, with a few meanings each.

CC-CEDICT is under CC BY-SA 4.0, and so is ``chinese.txt.gz``, which ``training/lexicon.py`` makes from it:
a line a word, sorted, with its meanings after a tab. It is kept as one block of bytes.
"""

import gzip
from array import array
from bisect import bisect_left
from functools import cache, lru_cache
from pathlib import Path

LONGEST = 6
"""Characters of the longest word."""


class _Lines:
    """Sorted lines, found by what stands before their tabs."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._starts = array("I")
        at = 0
        while at < len(content):
            self._starts.append(at)
            at = content.index(b"\n", at) + 1

    def find(self, word: str) -> tuple[str, ...]:
        wanted = word.encode("utf-8", "replace")
        at = bisect_left(self._starts, wanted, key=self._word)
        if at == len(self._starts) or self._word(self._starts[at]) != wanted:
            return ()
        start = self._starts[at] + len(wanted) + 1
        line = self._content[start : self._content.index(b"\n", start)]
        return tuple(line.decode().split("/"))

    def _word(self, start: int) -> bytes:
        return self._content[start : self._content.index(b"\t", start)]


@cache
def _lines() -> _Lines:
    # Read only once a word in Chinese is looked up.
    return _Lines(gzip.decompress(Path(__file__).with_name("chinese.txt.gz").read_bytes()))


@lru_cache(maxsize=20_000)
def meanings(word: str) -> tuple[str, ...]:
    """The English meanings of a simplified Chinese word, the commonest first; those of verbs begin with "to"."""
    return _lines().find(word) if 0 < len(word) <= LONGEST else ()
