"""The texts that are told beside a question, in the form in which their words are looked up."""

import re

from datus.text import is_chinese
from datus.types import Question, Term

# "Logged in within 30 days" in a definition means the days before today.
_WITHIN = re.compile(r"\bwithin\s+(?=\d+\s+(?:day|week|month|quarter|year)s?\b)", re.IGNORECASE)
_WITHIN_CHINESE = re.compile(r"(?<![近\d])(?:最近|过去)?(\d+)\s*(个?(?:天|日|周|月|年))之?以?内")
_SECTIONS = re.compile(r"[|\n]")
_SENTENCE = re.compile(r"[。;；]|\.(?:\s|$)")


def told_texts(question: Question, terms: tuple[Term, ...]) -> tuple[str, ...]:
    """Every text whose values and times a reader of the question has to know: see ``Gloss``."""
    known = question.ext_knowledge or ""
    meanings = (meaning_of(term, question.text) for term in terms)
    return tuple(dict.fromkeys(filter(None, (plain_times(known), *meanings))))


def plain_times(text: str) -> str:
    """A text in which spans of time before today are said as questions say them."""
    said = _WITHIN.sub("within the last ", text)
    return _WITHIN_CHINESE.sub(r"近\1\2", said)


def meaning_of(term: Term, question: str) -> str:
    """The first sentence of a term's meaning, in the language of the question where it has it."""
    sections = [part.strip() for part in _SECTIONS.split(term.meaning) if part.strip()]
    same = [part for part in sections if is_chinese(part) == is_chinese(question)]
    chosen = (*same, *sections, "")[0]
    return plain_times(_SENTENCE.split(chosen, maxsplit=1)[0].strip())
