"""How many rows a question asks for, and at which grain: the few words that say so, in English and Chinese."""

import re
from dataclasses import dataclass
from typing import Literal

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
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])\d+(?:\.\d+)?")
_COUNTED = "one two three four five six seven eight nine ten".split()
_DISTINCT = re.compile(r"\b(?:different|distinct|unique)\b|不同的|去重|不重复", re.IGNORECASE)
_LEAST = re.compile(
    r"\b(?:min(?:imum)?|lowest|least|smallest|fewest|cheapest|youngest|earliest|shortest|lightest)\b"
    r"|最[低少小早短轻]|最便宜",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"\b(?:max(?:imum)?|highest|most|largest|biggest|greatest|oldest|latest|longest|heaviest|top)\b"
    r"|最[高多大晚长重新]|最贵",
    re.IGNORECASE,
)
_BEYOND: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        ">",
        re.compile(
            r"(?<!no )(?<!not )\b(?:more than|greater than|larger than|older than|higher than)\s+(\d+)\b(?! or equal)|(?<!不)(?:超过|大于|高于|多于)\s*(\d+)",
            re.IGNORECASE,
        ),
    ),
    (
        ">=",
        re.compile(
            r"\b(?:at least|no less than|not less than)\s+(\d+)\b|(?:至少|不少于|不低于|不小于)\s*(\d+)",
            re.IGNORECASE,
        ),
    ),
    (
        "<",
        re.compile(
            r"(?<!no )(?<!not )\b(?:less than|fewer than|smaller than|younger than|lower than)\s+(\d+)\b(?! or equal)|(?<!不)(?:低于|小于|少于|不足)\s*(\d+)",
            re.IGNORECASE,
        ),
    ),
    (
        "<=",
        re.compile(
            r"\b(?:at most|no more than|not more than)\s+(\d+)\b|(?:至多|最多|不超过|不多于|不高于)\s*(\d+)",
            re.IGNORECASE,
        ),
    ),
)
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
        distinct: Each thing once.
        average: An average is asked for.
        extreme: ``min`` or ``max``, where it asks for the one and not for the other.
        beyond: Numbers that must be passed, by the operator that says so.
        numbers: All numbers that it names.
    """

    each: bool = False
    one: bool = False
    most: int | None = None
    grain: Grain | None = None
    distinct: bool = False
    average: bool = False
    extreme: Literal["min", "max"] | None = None
    beyond: tuple[tuple[str, str], ...] = ()
    numbers: frozenset[str] = frozenset()


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
    low, high = bool(_LEAST.search(question)), bool(_MOST.search(question))
    return Asked(
        each,
        one,
        most,
        grains[0] if grains else None,
        distinct=bool(_DISTINCT.search(question)),
        average=bool(_MEAN.search(question)),
        extreme=None if low == high else "min" if low else "max",
        beyond=tuple(
            (sign, found[1] or found[2])
            for sign, words in _BEYOND
            for found in words.finditer(question)
        ),
        numbers=frozenset(_NUMBER.findall(question)) | _spelt(question),
    )


def _spelt(question: str) -> frozenset[str]:
    """Numbers that are written as words."""
    said = question.lower()
    english = {str(at) for at, word in enumerate(_COUNTED, 1) if re.search(rf"\b{word}\b", said)}
    chinese = {str(at) for at, sign in enumerate("一二三四五六七八九十", 1) if sign in said}
    return frozenset(english | chinese | ({"2"} if "两" in said else set()))
