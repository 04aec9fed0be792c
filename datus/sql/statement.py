"""What a generator wrote, as the one statement it is meant to be: the only place where wrapping comes off."""

import re

from sqlglot import TokenType
from sqlglot.errors import TokenError

from datus.sql.strict import strict
from datus.types import Dialect

_FENCE = re.compile(
    r"\s*```[ \t]*(?:sql|sqlite|sqlite3|duckdb|postgres|postgresql|mysql|mariadb)?[ \t]*\r?\n(.*?)\r?\n?[ \t]*```\s*",
    re.IGNORECASE | re.DOTALL,
)
_OPEN = (TokenType.L_PAREN, TokenType.L_BRACKET)
_CLOSE = (TokenType.R_PAREN, TokenType.R_BRACKET)
_UNFINISHED = frozenset(
    "select distinct from where and or not on join inner left right cross using group order by having in like "
    "between as is case when then else limit offset union except intersect with over partition all".split()
)


def statement_of(text: str) -> str:
    """The text without the Markdown fence around all of it and without the one semicolon at its end.

    Nothing else is taken off: what stands beside a fence, comments and further statements are for the guard
    to refuse.
    """
    fenced = _FENCE.fullmatch(text)
    inside = fenced[1] if fenced is not None and "```" not in fenced[1] else text
    return inside.strip().removesuffix(";").rstrip()


def is_cut_off(sql: str, dialect: Dialect) -> bool:
    """Whether a statement that cannot be read lacks its end: an open quote or bracket, or a word that needs more."""
    try:
        tokens = strict(dialect).tokenize(sql)
    except TokenError:
        return True
    depth = sum((one.token_type in _OPEN) - (one.token_type in _CLOSE) for one in tokens)
    if depth > 0 or not tokens:
        return bool(tokens)
    last = tokens[-1]
    quoted = last.token_type in (TokenType.STRING, TokenType.IDENTIFIER, TokenType.NUMBER)
    if quoted:
        return False
    return last.text.lower() in _UNFINISHED or not (last.text[-1:].isalnum() or last.text in ")]*_")
