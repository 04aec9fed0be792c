"""How texts are to be compared, where that is told: as part of the value, regardless of case, or exactly."""

import re

from datus.generation.offline.names import SchemaIndex
from datus.generation.offline.plan import ColumnRef
from datus.generation.offline.told.facts import How
from datus.text import lemma, tokenize

_ADVERBS = r"(?:(?:always|please|also|only|you|must|should|need\s+to|have\s+to|remember\s+to)\s+)*"
_VERBS = r"(?:filter|match|compare|search|look\s+up|query)"
_FORMS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"{_ADVERBS}{_VERBS}\s+(?:on\s+|for\s+|by\s+)?(?P<body>.+?)\s+(?:using|with|by|via)\s+(?P<how>.+)",
        rf"{_ADVERBS}{_VERBS}\s+(?P<body>.+?)\s+(?P<how>case[- ]?insensitively.*|regardless\s+of\s+case.*|exactly.*)",
        r"(?P<body>.+?)\s+(?:should|must|can|are|is|may|has\s+to|have\s+to)\s+(?:always\s+)?(?:to\s+)?(?:be\s+)?"
        r"(?:matched|compared|filtered|searched)\s+(?P<how>.+)",
        r"(?P<body>.+?)\s+(?:is|are)\s+(?P<how>(?:not\s+)?case[- ]?(?:in)?sensitive.*)",
        rf"{_ADVERBS}use\s+(?P<how>.+?)\s+(?:for|on|when\s+filtering|to\s+(?:filter|match))\s+(?P<body>.+)",
        r"(?:请|应|应该|一律|总是)?(?:对|按|用)?(?P<body>.+?)(?:请|应该?|都|一律|总是|需要?)*(?:用|使用|按|进行|采用)?"
        r"(?P<how>(?:模糊|包含|部分|精确|完全|通配符).{0,8}|(?:不区分|忽略)大小写.{0,8})",
    )
)
_PART = re.compile(
    r"\b(?:wild\s?cards?|percent|partial|partially|substrings?|fuzzy|fuzzily|contains?)\b|%|模糊|包含|部分|通配符",
    re.IGNORECASE,
)
_EXACT = re.compile(r"\bexact(?:ly)?\b|\bnot\s+case[- ]?insensitive|精确|完全", re.IGNORECASE)
_REGARDLESS = re.compile(
    r"\bcase[- ]?insensitiv|\bnot\s+case[- ]?sensitive|\bilike\b|\b(?:lower|upper)\(|\bignor\w+\s+(?:the\s+)?case"
    r"|\bregardless\s+of\s+(?:the\s+)?case|不区分大小写|忽略大小写",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(
    r"\s*,?\s*[(（]?\b(?:e\.?g\.?|i\.?e\.?|for\s+example|such\s+as)\b.*|\s*[,，]?\s*(?:例如|比如).*",
    re.IGNORECASE | re.DOTALL,
)
_OPENING = re.compile(
    r"^(?:(?:all|any|every|each|the)\s+)*(?:(?:strings?|texts?|values?)\s+(?:of|in|from|for)\s+)?(?:the\s+)?"
    r"|^(?:所有|全部)",
    re.IGNORECASE,
)
_EVERYTHING = re.compile(
    r"(?:strings?|texts?|(?:string|text)\s+(?:fields?|columns?|values?|attributes?)|everything)?|字符串|文本|文字",
    re.IGNORECASE,
)
_OF_TABLE = re.compile(
    r"(?P<table>.+?)(?:'s)?\s+(?:attributes?|fields?|columns?|properties)|(?P<zh>.+?)的?(?:属性|字段|列)",
    re.IGNORECASE,
)
_JOINTS = re.compile(r"\s*(?:[,，、;]|\band\b|\bor\b|和|与|及|或)\s*", re.IGNORECASE)
_NAMES = frozenset({"name", "title"})
_SURE = 0.8
_LONGEST = 300
"""Characters of a statement that may be of this form; the patterns take longer the longer it is."""


def told_how(statement: str) -> tuple[tuple[int, int], How] | None:
    """Of which texts a statement says how they are compared, and how; None where it says no such thing."""
    if len(statement) > _LONGEST:
        return None
    for pattern in _FORMS:
        match = pattern.fullmatch(statement)
        how = _how(match["how"]) if match is not None else None
        if match is not None and how is not None:
            return match.span("body"), how
    return None


def _how(said: str) -> How | None:
    plain = _EXAMPLE.sub("", said)
    if _EXACT.search(plain):
        return "exact"
    if _PART.search(plain):
        return "part"
    return "regardless" if _REGARDLESS.search(said) else None


def compared(said: str, index: SchemaIndex) -> tuple[ColumnRef, ...]:
    """The columns of texts that words name: all of them, those of names, of a table, or one by one."""
    words = _OPENING.sub("", said.strip(), count=1).strip()
    texts = tuple(ref for ref in index.columns if index.column(ref).kind == "text")
    if _EVERYTHING.fullmatch(words):
        return texts
    if words.lower() in ("names", "name", "名称", "名字", "姓名"):
        return tuple(ref for ref in texts if index.words[ref][-1] in _NAMES)
    whole = _OF_TABLE.fullmatch(words)
    if whole is not None and (tables := _tables(whole["table"] or whole["zh"], index)):
        return tuple(ref for ref in texts if ref.table in tables)
    found: list[ColumnRef] = []
    owner: set[str] = set()
    for part in filter(None, _JOINTS.split(words)):
        columns, owner = _part(part, index, owner)
        found.extend(ref for ref in columns if ref in texts)
    return tuple(dict.fromkeys(found))


def _part(part: str, index: SchemaIndex, owner: set[str]) -> tuple[tuple[ColumnRef, ...], set[str]]:
    """One name of a list, and the table it is of, which holds for the names behind it."""
    if "." in part:
        table, _, column = part.rpartition(".")
        return (
            tuple(
                ref
                for ref in index.columns
                if ref.column.casefold() == column.casefold()
                and ref.table.rpartition(".")[2].casefold() == table.rpartition(".")[2].casefold()
            ),
            set(),
        )
    lemmas = _lemmas(part)
    for at in range(1, len(lemmas)):  # "user country"
        tables = _tables(" ".join(lemmas[:at]), index)
        columns = tuple(ref for ref in _columns(lemmas[at:], index) if ref.table in tables)
        if columns:
            return columns, tables
    columns = _columns(lemmas, index)
    own = tuple(ref for ref in columns if ref.table in owner)
    if columns:
        return own or columns, owner
    tables = _tables(part, index)
    return tuple(ref for ref in index.columns if ref.table in tables), tables


def _lemmas(text: str) -> tuple[str, ...]:
    return tuple(lemma(token.text) for token in tokenize(text) if token.kind != "mark")


def _columns(lemmas: tuple[str, ...], index: SchemaIndex) -> tuple[ColumnRef, ...]:
    entries = index.phrases.get(lemmas, ())
    return tuple(each.ref for each in entries if each.column is not None and each.score >= _SURE)


def _tables(text: str, index: SchemaIndex) -> set[str]:
    entries = index.phrases.get(_lemmas(text), ())
    return {each.table for each in entries if each.column is None and each.score >= _SURE}
