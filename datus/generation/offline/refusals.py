"""Why a question is not answered, in words that help to ask again."""

from collections.abc import Iterable

from rapidfuzz import fuzz

from datus.errors import RefusalError
from datus.generation.offline.confidence import weakest_words
from datus.generation.offline.exploration import Ranked
from datus.generation.offline.linking import is_content
from datus.generation.offline.names import SchemaIndex
from datus.generation.offline.parsing import Read
from datus.identifiers import split_identifier
from datus.lexicon.words import joined_words

_MOST_READINGS = 4
_A_RIVAL = 0.5
"""A candidate is a rival of the best one from this part of its confidence on."""
_TIE_BY_RULES = 0.05
"""Readings whose scores differ by less are equally good by the rules."""
_MOST_COLUMNS = 8
_ALIKE = 60.0
"""Likeness of spelling, 0 to 100, from which a column is worth naming beside a word."""


def unsure(ranked: list[Ranked], least: float) -> RefusalError:
    """The refusal of a question whose best candidate is not sure enough.

    Args:
        ranked: Its candidates, the best first, at least one.
        least: The confidence that an answer needs.

    Returns:
        ``unanswerable`` with the words that nothing explains and the nearest columns; ``ambiguous`` with
        the readings in words where one of several is surely meant; else ``unanswerable`` with what is doubted.
    """
    best = ranked[0]
    draft = best.parsed.draft
    if best.parsed.unread:
        words = joined_words((item.text, item.span) for item in best.parsed.unread)
        return RefusalError(
            "These words are not explained by the data: "
            + ", ".join(f"“{word}”" for word in words)
            + ". Say them as the tables, columns or values are called, or leave them out.",
            code="unanswerable",
            details={
                "words": words,
                "columns": nearest_columns(draft.index, words, _tables(best)),
                "nearest": best.sql,
            },
        )
    rivals = _rivals(ranked, least)
    if rivals:
        said = [each.in_words() for each in rivals]
        return RefusalError(
            "The question can be read in more than one way: "
            + " / ".join(f"({at}) {reading}" for at, reading in enumerate(said, 1))
            + " Ask again with the one you mean as ext_knowledge, or name the table or column.",
            code="ambiguous",
            details={
                "readings": [
                    {"reading": reading, "sql": each.sql}
                    for reading, each in zip(said, rivals, strict=True)
                ],
                "words": list(weakest_words(draft)),
            },
        )
    reasons = list(dict.fromkeys(reason for _, reason in draft.doubts))
    words = list(weakest_words(draft))
    return RefusalError(
        "What the question asks is not clear enough from the names and values of the data"
        + (f" ({'; '.join(reasons)})" if reasons else "")
        + ". Say it with the words of the tables and columns. "
        + f"The nearest that can be answered: {best.in_words()}",
        code="unanswerable",
        details={
            "words": words,
            "reasons": reasons,
            "columns": nearest_columns(draft.index, words, _tables(best)),
            "nearest": best.sql,
            "reading": best.in_words(),
        },
    )


def nothing_asked(read: Read) -> RefusalError:
    """The refusal of a question that asks for nothing that the tables hold."""
    index = read.prepared.index
    words = joined_words((item.text, item.span) for item in read.items if is_content(item))
    return RefusalError(
        "The question asks for nothing that the tables hold. Name a table or a column: "
        + ", ".join(sorted(index.tables)[:10]),
        code="unanswerable",
        details={
            "words": words,
            "columns": nearest_columns(index, words, ()),
            "tables": sorted(index.tables)[:50],
        },
    )


def nearest_columns(index: SchemaIndex, words: Iterable[str], tables: Iterable[str]) -> list[str]:
    """Columns that are spelt like words, else those of the tables that the question is about, ``table.column``."""
    names = {ref: " ".join(split_identifier(ref.column)) for ref in index.words}
    scored = sorted(
        (
            (-fuzz.WRatio(word.casefold(), name), str(ref))
            for word in words
            for ref, name in names.items()
        ),
    )
    alike = [ref for score, ref in scored if -score >= _ALIKE]
    own = [str(ref) for table in tables for ref in names if ref.table == table]
    return list(dict.fromkeys(alike or own))[:_MOST_COLUMNS]


def _tables(best: Ranked) -> tuple[str, ...]:
    return best.candidate().tables


def _rivals(ranked: list[Ranked], least: float) -> list[Ranked]:
    """The readings of which one is surely meant, none of them sure enough alone; else none."""
    best = ranked[0]
    shown = ranked[:_MOST_READINGS]
    if best.by_rules:
        rivals = [e for e in shown if best.proposal.score - e.proposal.score < _TIE_BY_RULES]
    else:
        rivals = [each for each in shown if each.confidence >= _A_RIVAL * best.confidence]
        if sum(each.confidence for each in rivals) < least:
            return []
    unlike = {each.in_words(): each for each in reversed(rivals)}
    distinct = [each for each in rivals if unlike[each.in_words()] is each]
    return distinct if len(distinct) > 1 else []
