"""Question files: JSON (a list of objects), JSON lines or CSV, with reference SQL or without.

Keys are detected from the names that public sets use and can be given. Of several right queries any
one counts: a list of queries, or one text with ``;`` between them. ``{a, b}`` in a query means that
any non-empty choice of these columns is right, and ``{}`` after it repeats the choice.
"""

import csv
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from datus.errors import InvalidRequestError
from datus.evaluation.hardness import hardness

Expectation = Literal["answer", "refusal"]

MAX_VARIANTS = 128
"""Most queries that the choices of one reference text may stand for."""

HARDNESS = "hardness"
"""Category key that means: Spider's level, computed from the reference, where no such key is."""

_KNOWN: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "task", "query_text"),
    "sql": ("sql", "gold", "query", "gold_sql", "reference_sql", "SQL"),
    "database": ("db_id", "database", "database_name", "db_name"),
    "category": ("category", "query_category", "difficulty"),
    "knowledge": ("ext_knowledge", "instructions", "evidence", "knowledge"),
    "today": ("current_date", "today"),
    "ordered": ("ordered",),
    "expect": ("expect",),
}


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of the fields of a row; None means the first known one that the file has."""

    question: str | None = None
    sql: str | None = None
    database: str | None = None
    category: str | None = None
    knowledge: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One question and what is right.

    Attributes:
        number: Place in the file, from 1.
        question: The text as asked.
        references: Equally right queries, every choice spelt out; empty: right is a refusal.
        database: Database of the namespace, or None where it has one only.
        category: Group in the report; ``all`` where the file has none and no reference.
        knowledge: Business context that goes along with the question.
        ordered: Whether the rows' order matters; None: by the question and the reference.
        today: The day that relative time expressions mean, or None for the real one.
    """

    number: int
    question: str
    references: tuple[str, ...]
    database: str | None = None
    category: str = "all"
    knowledge: str | None = None
    ordered: bool | None = None
    today: date | None = None

    @property
    def expects(self) -> Expectation:
        """What is right: a refusal where the item has no reference."""
        return "answer" if self.references else "refusal"


def load(
    path: Path, keys: Keys | None = None, *, expect: Expectation | None = None
) -> tuple[Item, ...]:
    """Read a question file.

    Args:
        path: ``.json``, ``.jsonl``/``.ndjson`` or ``.csv``, UTF-8.
        keys: Field names; the known ones where absent.
        expect: ``refusal`` takes every question as one that has no answer. By default it is so for
            all when no row has a reference query, and for a row whose ``expect`` says ``refusal``.

    Raises:
        InvalidRequestError: The file cannot be read, or a row lacks its question or reference.
    """
    rows = _rows(path)
    if not rows:
        raise InvalidRequestError(f"{path} holds no questions.")
    names = _field_names(rows, keys or Keys(), path)
    if expect is None and names["sql"] is None:
        expect = "refusal"
    return tuple(_item(number, row, names, expect) for number, row in enumerate(rows, 1))


def select(
    items: Sequence[Item], *, limit: int | None = None, sample: int | None = None, seed: int = 0
) -> tuple[Item, ...]:
    """The first ``limit`` items, or ``sample`` random ones by ``seed`` in the file's order."""
    if sample is not None and sample < len(items):
        items = sorted(random.Random(seed).sample(items, sample), key=lambda item: item.number)
    return tuple(items[:limit])


def expand_gold(text: str) -> tuple[str, ...]:
    """Every query that a reference text stands for: its ``;`` parts, each with all its choices.

    Raises:
        InvalidRequestError: The choices stand for more than ``MAX_VARIANTS`` queries, braces do not
            pair, or ``{}`` stands before any choice.
    """
    try:
        tokens = sqlglot.tokenize(text)
    except SqlglotError:
        return (text.strip(),)  # a text that only its own database can read has no choices either
    parts: list[tuple[str, list[Token]]] = []
    begin = 0
    held: list[Token] = []
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            parts.append((text[begin : token.start], held))
            held = []
            begin = token.end + 1
        elif token.token_type in (TokenType.L_BRACE, TokenType.R_BRACE):
            held.append(token)
    parts.append((text[begin:], held))
    queries: dict[str, None] = {}
    offset = 0
    for part, braces in parts:
        if part.strip():
            kinds = [brace.token_type for brace in braces]
            if kinds != [TokenType.L_BRACE, TokenType.R_BRACE] * (len(kinds) // 2):
                raise InvalidRequestError(f"Every {{ of a choice needs its own }}: {part.strip()}")
            queries.update(dict.fromkeys(_choices(part, [t.start - offset for t in braces])))
        offset += len(part) + 1
    return tuple(queries)


def _choices(query: str, braces: list[int]) -> Iterator[str]:
    """The query with each choice made in all ways; ``braces`` are places of ``{`` and ``}`` in turn."""
    made: list[tuple[str, str]] = [("", "")]  # text so far, last choice
    end = 0
    for opening, closing in zip(braces[::2], braces[1::2], strict=True):
        columns = [name.strip() for name in query[opening + 1 : closing].split(",") if name.strip()]
        between = query[end:opening]
        if columns:
            picks = [
                ", ".join(pick)
                for size in range(1, len(columns) + 1)
                for pick in combinations(columns, size)
            ]
            made = [(text + between + pick, pick) for text, _ in made for pick in picks]
        else:
            made = [(text + between + last, last) for text, last in made]
            if not all(last for _, last in made):
                raise InvalidRequestError(
                    f"{{}} repeats a choice, and none stands before it: {query}"
                )
        if len(made) > MAX_VARIANTS:
            raise InvalidRequestError(
                f"The choices stand for more than {MAX_VARIANTS} queries; name them one by one: {query}"
            )
        end = closing + 1
    for text, _ in made:
        yield (text + query[end:]).strip()


def _rows(path: Path) -> list[Mapping[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"{path} cannot be read as UTF-8 text: {error}") from error
    suffix = path.suffix.lower()
    rows: Any
    if suffix == ".csv":
        rows = list(csv.DictReader(text.splitlines(keepends=True)))
    elif suffix in (".jsonl", ".ndjson"):
        rows = [
            _json(line, f"line {n} of {path}")
            for n, line in enumerate(text.splitlines(), 1)
            if line.strip()
        ]
    elif suffix == ".json":
        rows = _json(text, str(path))
    else:
        raise InvalidRequestError(f"{path} must end in .json, .jsonl, .ndjson or .csv.")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidRequestError(f"{path} must hold a list of objects, one a question.")
    return rows


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidRequestError(f"{where} is not JSON: {error}") from error


def _field_names(
    rows: Sequence[Mapping[str, Any]], keys: Keys, path: Path
) -> dict[str, str | None]:
    present = dict.fromkeys(name for row in rows for name in row)
    names: dict[str, str | None] = {}
    for field, known in _KNOWN.items():
        given = getattr(keys, field, None)
        if given is not None and given not in present and given != HARDNESS:
            raise InvalidRequestError(
                f"No row of {path} has the key {given!r}; it has: {', '.join(present)}."
            )
        names[field] = given or next((name for name in known if name in present), None)
    if names["question"] is None:
        raise InvalidRequestError(
            f"No row of {path} has a question key; name it. It has: {', '.join(present)}."
        )
    return names


def _item(
    number: int, row: Mapping[str, Any], names: Mapping[str, str | None], expect: Expectation | None
) -> Item:
    values = {field: row.get(name) if name else None for field, name in names.items()}
    question = str(values["question"] or "").strip()
    if not question:
        raise InvalidRequestError(f"Row {number} has no question under {names['question']!r}.")
    references: tuple[str, ...] = ()
    if expect != "refusal" and values["expect"] != "refusal":
        references = _references(values["sql"])
        if not references:
            raise InvalidRequestError(
                f"Row {number} has no reference query; set its expect to refusal if that is right."
            )
    return Item(
        number=number,
        question=question,
        references=references,
        database=str(values["database"]) if values["database"] else None,
        category=_category(values["category"], names["category"], references),
        knowledge=str(values["knowledge"]) if values["knowledge"] else None,
        ordered=_flag(values["ordered"], number),
        today=_day(values["today"], number),
    )


def _references(value: Any) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value or ""]
    return tuple(dict.fromkeys(query for text in texts for query in expand_gold(str(text))))


def _category(value: Any, key: str | None, references: Sequence[str]) -> str:
    if value:
        return str(value)
    if references and key in (None, HARDNESS):
        return hardness(references[0])
    return "all"


def _flag(value: Any, number: int) -> bool | None:
    match str(value).strip().lower() if value is not None else "":
        case "":
            return None
        case "true" | "1" | "yes":
            return True
        case "false" | "0" | "no":
            return False
    raise InvalidRequestError(f"Row {number}: ordered must be true or false, not {value!r}.")


def _day(value: Any, number: int) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidRequestError(
            f"Row {number}: the day must be an ISO date such as 2024-01-15, not {value!r}."
        ) from error
