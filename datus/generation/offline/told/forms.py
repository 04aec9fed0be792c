"""The forms in which people tell what a phrase means, in English and Chinese. Texts only, no schema."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from datus.generation.offline.told.comparing import told_how
from datus.generation.offline.told.facts import How
from datus.text import is_chinese

Kind = Literal["meaning", "column", "choice", "time", "compared"]
"""``meaning``: a phrase and what it means. ``column``: a phrase and the column that holds it. ``choice``:
what an earlier question meant. ``time``: the column that tells when. ``compared``: how texts are compared."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing told.

    Attributes:
        kind: Which form it has.
        names: The phrases that it is about; none for a choice, a time or how texts are compared.
        body: Where in the text it says what they mean.
        said: The telling in its author's words.
        firm: Whether its form leaves no doubt that it defines; "X is Y" may only state something.
        sql: SQL for the phrases, where the author gave some.
        how: How texts are compared, where that is told.
    """

    kind: Kind
    names: tuple[str, ...]
    body: tuple[int, int]
    said: str
    firm: bool = True
    sql: str = ""
    how: How | None = None


_QUOTED = re.compile(r"(?<!\w)'[^'\n]*'(?!\w)|\"[^\"\n]*\"|“[^”\n]*”|‘[^’\n]*’|「[^」\n]*」")
_WORDED = (
    r"(?:\s(?:means?|refers?\s+to|stands?\s+for)\s|是指|指的是|指(?![标数定南出])|意思是|的意思是)"
)
# Ends of a statement; a comma only where another definition follows it.
_ENDS = re.compile(
    r"[\n;；。]+|(?<=[.!?])\s+(?=[A-Z\"'“「0-9])|[,，]\s*(?:and\s+|而)?(?=[^,，]{1,40}?"
    + _WORDED
    + ")"
)
_NAME = r"[\"'“‘「]?(?P<name>[^\"'“”‘’「」=:：,，]{1,60}?)[\"'”’」]?"
_ALSO = r"(?:\s*[(（](?P<also>[^()（）]{1,60})[)）])?"
_THE = r"(?:an?\s+|the\s+|any\s+)?"
_TIMES = re.compile(
    r"(?:the\s+)?(?:date|time|period|day)s?(?:\s+(?:range|filter)s?)?|日期|时间|时间范围",
    re.IGNORECASE,
)

_ENGLISH: tuple[tuple[Kind, bool, str], ...] = (
    (
        "meaning",
        True,
        rf"(?:by|when\s+(?:i|we)\s+say)\s+{_NAME},?\s+(?:i|we)\s+meant?\s+(?P<body>.+)",
    ),
    (
        "choice",
        True,
        r"(?:no,?\s+)?(?:(?:i|we)\s+(?:mean|meant|am\s+referring\s+to|refer\s+to)|meaning)\s+(?P<body>.+)",
    ),
    (
        "meaning",
        True,
        rf"{_THE}(?P<noun>[\w -]{{1,40}}?)\s+(?:is|are|counts?\s+as|is\s+considered|are\s+considered)\s+"
        rf"(?:an?\s+)?{_NAME}\s+(?:only\s+)?(?:if|when|whenever|where|once|as\s+long\s+as)\s+"
        r"(?:(?:it|they|he|she|its|their|his|her)\s+)?(?P<body>.+)",
    ),
    (
        "meaning",
        True,
        r"(?P<body>.+?)\s+(?:(?:is|are)\s+(?:called|known\s+as|named|referred\s+to\s+as|considered|treated\s+as|"
        rf"counted\s+as)|counts?\s+as)\s+(?:an?\s+)?{_NAME}",
    ),
    (
        "column",
        True,
        rf"(?:always\s+|please\s+)*use\s+(?P<body>.+?)\s+(?:for|as|to\s+(?:get|measure|compute))\s+{_THE}{_NAME}",
    ),
    (
        "column",
        True,
        rf"{_THE}{_NAME}\s+(?:is|are)\s+(?:(?:stored|kept|held|found|recorded)\s+(?:in|as)|in\s+(?=(?:the\s+)?"
        r"(?:column|field)))\s*(?P<body>.+)",
    ),
    (
        "meaning",
        True,
        rf"(?:note(?:\s+that)?:?\s+)?(?:the\s+(?:term|word|phrase|abbreviation)\s+)?{_THE}{_NAME}{_ALSO}\s*,?\s*"
        r"(?:\b(?:means?|refers?\s+to|(?:is|are)\s+defined\s+(?:as|by|to\s+be)|(?:is|are)\s+(?:an?\s+|the\s+)?"
        r"(?:short|abbreviation|acronym|shorthand|another\s+(?:word|name|term)|synonym|same)\s+(?:for|of|as)|"
        r"stands?\s+for|denotes?|signif(?:y|ies))\s+|:=|==?|：|:(?=\s)|->|→|—|–)\s*(?P<body>.+)",
    ),
    ("meaning", False, rf"{_THE}{_NAME}\s+(?:is|are)\s+(?P<body>.+)"),
    ("meaning", False, rf"{_THE}{_NAME}\s+(?=(?:have|has)\s)(?P<body>.+)"),
)
_CHINESE: tuple[tuple[Kind, bool, str], ...] = (
    (
        "choice",
        True,
        r"(?:我|我们)(?:指的是|是指|的意思是|说的是|想要的是|要的是|指)\s*(?P<body>.+)",
    ),
    ("meaning", True, rf"{_NAME}\s*是\s*(?P<body>.+?)的?(?:缩写|简称|别名|同义词|另一种说法)"),
    (
        "column",
        True,
        rf"(?:请)?(?:用|使用|按|按照|以)\s*(?P<body>.+?)\s*(?:作为|表示|当作|来计算|计算)\s*{_NAME}",
    ),
    ("time", True, r"(?:日期|时间)(?:请)?(?:用|使用|按|按照|以|取|看)\s*(?P<body>.+?)\s*(?:为准)?"),
    (
        "column",
        True,
        rf"{_NAME}\s*(?:保存在|存储在|记录在|存在|放在)\s*(?P<body>.+?(?:字段|列))(?:中|里)?",
    ),
    (
        "meaning",
        True,
        rf"(?:所谓的?)?{_NAME}{_ALSO}\s*[,，]?\s*(?:是指|指的是|指代|指(?![标数定南出])|即为|即是|即|意思是|意为|"
        r"表示|代表|意味着|被?定义为|的定义[是为]|的意思是|就是|等同于|等于|相当于|也就是|:=|=|：|:)\s*(?P<body>.+)",
    ),
    (
        "meaning",
        True,
        rf"(?P<body>.+?)被?(?:称为|叫做|叫作|称作|简称为|简称|视为|算作|记为|记作){_NAME}",
    ),
    ("meaning", False, rf"{_NAME}[是为](?P<body>.+)"),
)
# What a missing value says of a row: told of the rows that have not done it, it tells those that have.
_MISSING = (
    re.compile(
        r"(?P<column>[\w.\"`]+)\s+is\s+(?:null|empty|blank|missing|not\s+set|unset)\s+(?:for|when|if|where|means?(?:\s+that)?)\s+"
        r"[^,.]{1,40}?\b(?:have|has|had|did|do|does|is|are|was|were)(?:\s+(?:not|never)|n't)\s+(?:yet\s+)?(?:been\s+)?(?P<name>.+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<column>[\w.]+)\s*为(?:空|NULL|null)(?:值)?(?:时|则|就)?(?:表示|代表|说明|意味着|是指)[^，。]{0,12}?(?:还|尚)?(?:未|没有|没|不)(?P<name>.+)"
    ),
)
_AS_ASKED = re.compile(
    r"\s*[(（]?\s*(?:for|in|within|over|during)\s+(?:the|a|any)\s+(?:given|specified|selected|requested|relevant|chosen)\s+"
    r"(?:time\s*)?(?:period|duration|range|frame|timeframe|interval|window)\s*[)）]?\s*$|\s*[(（]?(?:在)?(?:给定|指定|所选|所问)的?(?:时间段|时间范围|时间|期间)(?:内)?[)）]?\s*$",
    re.IGNORECASE,
)
_ENGLISH_FORMS = tuple((k, f, re.compile(p, re.IGNORECASE | re.DOTALL)) for k, f, p in _ENGLISH)
_CHINESE_FORMS = tuple((k, f, re.compile(p, re.DOTALL)) for k, f, p in _CHINESE)


def tellings(text: str) -> Iterator[Telling]:
    """Everything that a text tells in a form known here, in its order; other statements are passed over."""
    for start, end in _statements(text):
        found = _telling(text, start, end)
        if found is not None:
            yield found


def _statements(text: str) -> Iterator[tuple[int, int]]:
    masked = _QUOTED.sub(lambda quoted: "x" * len(quoted[0]), text)
    at = 0
    for match in (*_ENDS.finditer(masked), None):
        start, end = at, match.start() if match is not None else len(text)
        at = match.end() if match is not None else at
        start += len(text[start:end]) - len(text[start:end].lstrip(" \t-*•"))
        end = start + len(text[start:end].rstrip(" \t.!,，"))
        if start < end:
            yield start, end


def _telling(text: str, start: int, end: int) -> Telling | None:
    statement = text[start:end]
    if (told := told_how(statement)) is not None:
        (first, last), how = told
        return Telling("compared", (), (start + first, start + last), statement, how=how)
    for missing in _MISSING:
        if (match := missing.fullmatch(statement)) is not None:
            body = start + match.start("column"), start + match.end("column")
            sql = f"{match['column']} IS NOT NULL"
            return Telling("meaning", (match["name"].strip(),), body, statement, sql=sql)
    chinese = _CHINESE_FORMS if is_chinese(statement) else ()
    for kind, firm, pattern in (*chinese, *_ENGLISH_FORMS):
        match = pattern.fullmatch(statement)
        if match is None:
            continue
        body = _body(text, start + match.start("body"), start + match.end("body"))
        names = _names(match)
        if kind == "choice" or kind == "time":
            return Telling(kind, (), body, statement, firm)
        if all(_TIMES.fullmatch(name) for name in names):
            return Telling("time", (), body, statement, firm)
        if max(len(name.split()) for name in names) <= 6:
            return Telling(kind, names, body, statement, firm)
    return None


def _names(match: re.Match[str]) -> tuple[str, ...]:
    parts = match.groupdict()
    names = [parts[key].strip() for key in ("name", "also") if parts.get(key)]
    if parts.get("noun"):  # "a user is active if ...": an active user
        names = [f"{name} {parts['noun'].strip()}" for name in names]
    return tuple(name for name in names if name)


_OPENING = re.compile(
    r"(?:that\s+|the\s+sum\s+of\s+(?=the\s))?(?:an?|the|any|all)\s+", re.IGNORECASE
)


def _body(text: str, start: int, end: int) -> tuple[int, int]:
    """A meaning without its article and without marks at its end."""
    opening = _OPENING.match(text[start:end])
    if opening is not None and opening.end() < end - start:
        start += opening.end()
    asked = _AS_ASKED.search(text[start:end])  # "... for the given period" says nothing more
    if asked is not None and asked.start() > 0:
        end = start + asked.start()
    return start, start + len(text[start:end].rstrip(" .。!,，"))
