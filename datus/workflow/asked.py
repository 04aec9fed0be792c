"""How many rows a question asks for, and at which grain: the few words that say so, in English and Chinese."""

import re
from dataclasses import dataclass

from datus.types import Grain

_EACH = re.compile(
    r"\b(?:each|every|respective(?:ly)?)\b|\bper\s+(?!cent\b|se\b)\w+"
    r"|每(?:一)?(?:个|家|位|名|种|类|天|日|周|月|年|季|款|条|张|座|部|门|位|省|市)|各(?:个|家|类|种|地|月|年|部门|省|市|门店|自)"
    r"|按\S{1,8}?(?:统计|分组|汇总|划分|计算|列出)|分别",
    re.IGNORECASE,
)
_MEAN = re.compile(r"\b(?:average|mean|avg)\b|平均|人均|均", re.IGNORECASE)
_HOW_MANY = re.compile(
    r"^\W*how (?:many|much)\b|(?:有|共|总共|一共)\S{0,8}(?:多少|几)(?:个|位|名|家|种|条|笔|张|人|件|次|款)?",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:each|every|per|by|different|various|respective(?:ly)?|list|show|which|group(?:ed)?|monthly|weekly|daily|yearly|annually|quarterly)\b"
    r"|每|各|按|分别|不同|列出|哪些|哪个|哪几|逐",
    re.IGNORECASE,
)
_TOP = re.compile(
    r"\b(?:top|bottom)\s+(\d{1,4})\b|前\s*(\d{1,4}|[一二三五十])\s*(?:名|个|位|家|大|条|款|种|的)",
    re.IGNORECASE,
)
_DIGITS = {"一": 1, "二": 2, "三": 3, "五": 5, "十": 10}
_GRAIN_WORDS: tuple[tuple[Grain, str], ...] = (
    ("day", r"\b(?:by|per|each|every) (?:day|date)\b|\bdaily\b|每天|每日|按[天日]|逐日"),
    ("week", r"\b(?:by|per|each|every) week\b|\bweekly\b|每周|每星期|按周|逐周"),
    ("month", r"\b(?:by|per|each|every) month\b|\bmonthly\b|每个?月|各月|按月|逐月"),
    ("quarter", r"\b(?:by|per|each|every) quarter\b|\bquarterly\b|每个?季度?|各季度?|按季度?"),
    ("year", r"\b(?:by|per|each|every) year\b|\b(?:yearly|annually)\b|每年|各年|按年|逐年"),
)
GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")
"""From the finest to the widest."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question's words say of its answer's rows.

    Attributes:
        each: A row for each of something.
        one: A single figure.
        most: No more rows than this.
        grain: The finest grain of time to have rows for.
    """

    each: bool = False
    one: bool = False
    most: int | None = None
    grain: Grain | None = None


def asked_of(question: str) -> Asked:
    """Read a question's words; what they do not say stays open."""
    grains = [grain for grain, words in _GRAIN_WORDS if re.search(words, question, re.IGNORECASE)]
    each = bool(_EACH.search(question)) and not _MEAN.search(question)
    one = bool(_HOW_MANY.search(question)) and not _SEVERAL.search(question)
    top = _TOP.search(question)
    most = None
    if top is not None and not _EACH.search(question):
        number = top[1] or top[2]
        most = int(number) if number.isdigit() else _DIGITS[number]
    return Asked(each, one, most, grains[0] if grains else None)
