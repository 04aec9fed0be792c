"""The text before it is parsed: bounds, characters, comments, and the spelling of a statement."""

import unicodedata
from collections.abc import Iterator

from sqlglot import Token, TokenType
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.errors import TokenError

from datus.sql.refusal import refuse

MAX_CHARACTERS = 20_000
MAX_TOKENS = 4_000
MAX_DEPTH = 40
"""Bounds on a statement. At the bounds reading it takes well under a second; see ``docs/guard.md``."""

_OPEN = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSE = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_SIGNS = frozenset("_()[],.;+-*/%<>=!|&^~#@:\"'`\\? \t\r\n")
_FIRST_WORDS = frozenset({"SELECT", "WITH", "VALUES", "("})
_COMMENT_STARTS = ("--", "/*", "#", "{#")


def read_tokens(sql: str, dialect: SqlglotDialect) -> list[Token]:
    """Split ``sql`` into tokens, without the semicolons at its end.

    Raises:
        RefusalError: The text is no query, empty, too long or too deep, holds a comment, a control or format
            character outside a string, or more than one statement.
    """
    if len(sql) > MAX_CHARACTERS:
        raise refuse("too_long", f"The statement is longer than {MAX_CHARACTERS:,} characters.")
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in sql):
        raise refuse("character", "The statement holds a NUL or half a character.")
    try:
        tokens = dialect.tokenize(sql)
    except TokenError as error:
        raise refuse("syntax", "A quote, name or number in the statement has no end.") from error
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if tokens and (first := tokens[0].text.upper()) not in _FIRST_WORDS:
        raise refuse(
            "statement", f"{first[:40]!r} begins no query; only SELECT may run.", name=first
        )
    _check_characters(sql, tokens)
    if not tokens:
        raise refuse("syntax", "There is no statement.")
    if len(tokens) > MAX_TOKENS:
        raise refuse("too_long", f"The statement has more than {MAX_TOKENS:,} words and signs.")
    if any(token.token_type == TokenType.SEMICOLON for token in tokens):
        raise refuse("statements", "More than one statement; only one query may run.")
    _check_depth(tokens)
    return tokens


def _check_characters(sql: str, tokens: list[Token]) -> None:
    position = 0
    for start, end, token in [*((t.start, t.end, t) for t in tokens), (len(sql), 0, None)]:
        gap = sql[position:start].strip(" \t\r\n;" if token is None else " \t\r\n")
        if gap:
            if gap.startswith(_COMMENT_STARTS):
                raise refuse("comment", "Comments are not allowed; remove them and send again.")
            raise _bad_character(gap[0])
        if token is not None:
            if token.comments:
                raise refuse("comment", "Comments are not allowed; remove them and send again.")
            _check_token(token, sql[start : end + 1])
        position = end + 1


def _check_token(token: Token, text: str) -> None:
    if token.token_type == TokenType.STRING:
        return
    quoted = token.token_type == TokenType.IDENTIFIER
    for character in text:
        kind = unicodedata.category(character)[0]
        if character.isascii():
            known = character.isalnum() or character in _SIGNS or (quoted and kind != "C")
        else:
            known = kind not in "CZ" if quoted else kind in "LN"
        if not known:
            raise _bad_character(character)


def _bad_character(character: str) -> Exception:
    name = unicodedata.name(character, f"U+{ord(character):04X}")
    return refuse("character", f"The character {name} may stand only inside a string.", name=name)


def _check_depth(tokens: list[Token]) -> None:
    depth = 0
    for token in tokens:
        depth += (token.token_type in _OPEN) - (token.token_type in _CLOSE)
        if depth > MAX_DEPTH:
            raise refuse("too_complex", f"The statement is nested deeper than {MAX_DEPTH} levels.")


def spelling(tokens: list[Token]) -> list[str]:
    """Return what a statement says, in order, without the freedom of how it is written.

    Two statements with one spelling differ only in white space, the case of words, the way names are
    quoted, ``AS`` before an alias, the zero of ``0.5`` and the two forms of ``<>``, ``=`` and ``LIMIT``.
    """
    words = list(_words(tokens))
    for index, word in enumerate(words):
        if word == "LIMIT" and words[index + 2 : index + 3] == [","]:
            offset, limit = words[index + 1], words[index + 3]
            words[index + 1 : index + 4] = [limit, "OFFSET", offset]
    return words


_SAME = {"!=": "<>", "==": "="}


def _words(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            yield f"'{token.text}"
        elif token.token_type == TokenType.NUMBER and token.text.startswith("0."):
            yield from (".", token.text[2:])
        elif token.token_type != TokenType.ALIAS:
            yield from (_SAME.get(word, word) for word in token.text.upper().split())
