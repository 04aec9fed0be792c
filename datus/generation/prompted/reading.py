"""From typed answers to what generators return: candidates, metric choices, refusals. Nothing said is trusted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from datus.errors import RefusalError
from datus.generation.prompted.answers import SaidRefusal, SaidWords, SqlAnswer
from datus.generation.prompted.gathering import times_of
from datus.generation.prompted.marks import one_line
from datus.llm.base import Reply
from datus.sql.guard import CheckedSql, check
from datus.types import Candidate, DatabaseSchema, GenerationContext, TimeRange, WordUse

_SENTENCE = 600
_MOST_WORDS = 40
_MOST_ASSUMPTIONS = 8
_MOST_READINGS = 4


@dataclass(frozen=True, slots=True)
class _Same:
    """Answers with the same SQL; ``checked`` is None where the guard will refuse it."""

    sql: str
    checked: CheckedSql | None
    replies: tuple[Reply[SqlAnswer], ...]

    @property
    def sure(self) -> float:
        return sum(each.output.confidence for each in self.replies) / len(self.replies)


def candidates_of(
    replies: Sequence[Reply[SqlAnswer]],
    context: GenerationContext,
    *,
    generator: str,
    left_out: tuple[str, ...],
) -> tuple[Candidate, ...]:
    """The candidates of a model's answers, those first that most of its answers agree on.

    A candidate is as sure as its answers say, times the part of all answers that agree on it.

    Returns:
        No candidate where the model only says again what was tried.

    Raises:
        RefusalError: Most answers refuse.
    """
    refused = [each for each in replies if each.output.refusal is not None]
    if 2 * len(refused) > len(replies) or len(refused) == len(replies):
        raise refusal_of(refused[0], refused[0].output.refusal, context, refused[0].output)
    tried = {attempt.sql for attempt in context.attempts}
    groups = [each for each in _grouped(replies, context.schema) if each.sql not in tried]
    found = [_candidate(each, len(replies), context, generator, left_out) for each in groups]
    return tuple(sorted(found, key=lambda each: -each.score))


def _grouped(replies: Sequence[Reply[SqlAnswer]], schema: DatabaseSchema) -> list[_Same]:
    found: dict[str, _Same] = {}
    for reply in replies:
        if reply.output.refusal is not None or reply.output.sql is None:
            continue
        sql = reply.output.sql.strip()
        checked = _checked(sql, schema)
        key = " ".join((checked.sql if checked else sql).casefold().split())
        same = found.get(key)
        earlier = same.replies if same else ()
        found[key] = _Same(same.sql if same else sql, checked, (*earlier, reply))
    return list(found.values())


def _checked(sql: str, schema: DatabaseSchema) -> CheckedSql | None:
    """What the guard reads in SQL. Whether it may run is decided by the workflow, not here."""
    try:
        return check(sql, schema)
    except RefusalError:
        return None


def _candidate(
    same: _Same,
    all_answers: int,
    context: GenerationContext,
    generator: str,
    left_out: tuple[str, ...],
) -> Candidate:
    best = max(same.replies, key=lambda each: each.output.confidence)
    said, share = best.output, len(same.replies) / all_answers
    tables, columns = known_names(said, context.schema)
    if same.checked is not None:
        tables, columns = same.checked.tables, same.checked.columns
    numbers = {n for n in said.references if 0 < n <= len(context.references)}
    return Candidate(
        sql=same.sql,
        score=round(share + same.sure / 100, 6),
        tables=tables,
        columns=columns,
        words=words_of(said.words, context.question.text),
        times=used_times(said.times, context),
        ordered=said.ordered,
        generator=generator,
        references=tuple(context.references[n - 1] for n in sorted(numbers)),
        explanation=one_line(said.explanation, _SENTENCE),
        confidence=round(same.sure * share, 3),
        model=best.model,
        degraded=tuple(dict.fromkeys(why for each in same.replies for why in each.degraded)),
        assumptions=_sentences(said.assumptions, _MOST_ASSUMPTIONS),
        left_out=left_out,
    )


def known_names(said: SqlAnswer, schema: DatabaseSchema) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tables and columns that an answer names and the schema has, as the schema spells them."""
    tables = {schema.name_of(table).casefold(): schema.name_of(table) for table in schema.tables}
    columns = {
        f"{schema.name_of(table)}.{column.name}".casefold(): f"{schema.name_of(table)}.{column.name}"
        for table in schema.tables
        for column in table.columns
    }
    return (
        tuple(sorted({tables[each.casefold()] for each in said.tables if each.casefold() in tables})),
        tuple(
            sorted({columns[each.casefold()] for each in said.columns if each.casefold() in columns})
        ),
    )  # fmt: skip


def words_of(said: Iterable[SaidWords], text: str) -> tuple[WordUse, ...]:
    """The words that stand in the question as they were said, with their places."""
    found: dict[tuple[int, int], WordUse] = {}
    for each in list(said)[:_MOST_WORDS]:
        start = text.casefold().find(each.words.casefold()) if each.words.strip() else -1
        if start < 0 or len(text.casefold()) != len(text):
            continue
        span = start, start + len(each.words)
        meaning = one_line(each.meaning, _SENTENCE)
        found.setdefault(span, WordUse(text[span[0] : span[1]], span, meaning))
    return tuple(found[span] for span in sorted(found))


def used_times(numbers: Iterable[int], context: GenerationContext) -> tuple[TimeRange, ...]:
    """The question's times of these numbers; a time told beside the question is none of its own."""
    shown = times_of(context)
    used = [shown[n - 1] for n in sorted(set(numbers)) if 0 < n <= len(shown)]
    return tuple(time for time in used if time in context.times)


def refusal_of(
    reply: Reply[Any], said: SaidRefusal | None, context: GenerationContext, answer: object
) -> RefusalError:
    """A model's refusal as the offline generator would give it, with the words and what would help."""
    assert said is not None
    text = context.question.text.casefold()
    details: dict[str, Any] = {
        "words": [one_line(word, 80) for word in said.words if word.casefold() in text][:20],
        "generator": "hosted",
        "model": reply.model,
    }
    reason = one_line(said.reason, _SENTENCE)
    readings = [
        {"reading": one_line(each.reading, _SENTENCE), "sql": _harmless(each.sql, context.schema)}
        for each in said.readings[:_MOST_READINGS]
    ]
    if said.code == "ambiguous" and len(readings) > 1:
        listed = " / ".join(f"({at}) {each['reading']}" for at, each in enumerate(readings, 1))
        return RefusalError(
            f"The question can be read in more than one way: {listed} "
            "Ask again with the one you mean as ext_knowledge, or name the table or column.",
            code="ambiguous",
            details={**details, "readings": readings, "reason": reason},
        )
    if isinstance(answer, SqlAnswer):
        details["columns"] = list(known_names(answer, context.schema)[1])
        if nearest := _harmless(answer.sql or "", context.schema):
            details["nearest"] = nearest
    return RefusalError(
        reason or "The model found no answer in the data.", code=said.code, details=details
    )


def _harmless(sql: str, schema: DatabaseSchema) -> str:
    """SQL as the guard writes it, nothing where it lets it not through: a caller may run what is shown."""
    checked = _checked(sql.strip(), schema)
    return checked.sql if checked else ""


def _sentences(said: Iterable[str], most: int) -> tuple[str, ...]:
    lines = (one_line(each, _SENTENCE) for each in said)
    return tuple(dict.fromkeys(filter(None, lines)))[:most]
