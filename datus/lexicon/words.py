"""Where Chinese text falls into words."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from datus.text import Token, is_chinese


@lru_cache(maxsize=10_000)
def cut(run: str) -> tuple[str, ...]:
    """The words of a run of simplified Chinese."""
    import rjieba  # loads its dictionary, so only once Chinese is seen

    return tuple(rjieba.cut(run))


def chinese_words(tokens: Sequence[Token]) -> tuple[tuple[int, int], ...]:
    """The Chinese words of a text, as places ``[start, end)`` among its tokens."""
    found: list[tuple[int, int]] = []
    start = 0
    for at in range(len(tokens) + 1):
        if at < len(tokens) and tokens[at].kind == "chinese":
            continue
        for word in cut("".join(token.text for token in tokens[start:at])) if start < at else ():
            found.append((start, start + len(word)))
            start += len(word)
        start = at + 1
    return tuple(found)


def joined_words(parts: Iterable[tuple[str, tuple[int, int]]]) -> list[str]:
    """Words with their spans as phrases: single Chinese characters that stand together as the words they
    are (年, 龄 -> 年龄)."""
    found: list[str] = []
    run, ended = "", -1
    for text, (start, end) in parts:
        single = len(text) == 1 and is_chinese(text)
        if run and not (single and ended == start):
            found += cut(run)
            run = ""
        if single:
            run, ended = run + text, end
        else:
            found.append(text)
    return [*found, *cut(run)]
