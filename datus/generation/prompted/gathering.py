"""What the nodes gathered, as parts of a prompt. Its wording is names, dates and SQL, the same in every language."""

from collections.abc import Iterable
from datetime import date

from datus.generation.prompted.ddl import literal, table_parts
from datus.generation.prompted.marks import one_line
from datus.generation.prompted.parts import Level, Part, Section
from datus.generation.prompted.relevance import relevance
from datus.types import Comparison, Dimension, GenerationContext, Metric, Term, TimeRange, ValueHit

_LINE = 400
_SQL = 4_000
_PASSAGE = 1_500
_ERROR = 500
_ATTEMPTS = 4


def sql_parts(context: GenerationContext) -> list[Part]:
    """The parts of a prompt that asks for SQL."""
    return [
        *table_parts(context, relevance(context)),
        *_metrics(context, with_dimensions=False),
        *_references(context),
        *_passages(context),
        *_common(context),
    ]


def metric_parts(context: GenerationContext) -> list[Part]:
    """The parts of a prompt that asks for a metric query."""
    return [
        *_metrics(context, with_dimensions=True),
        *_dimensions(context),
        *_common(context),
    ]


def _common(context: GenerationContext) -> Iterable[Part]:
    yield from (
        _falling("terms", _term(term), Level.DEFINITION, place, "terms", term.word)
        for place, term in enumerate(context.terms)
    )
    for number, time in enumerate(times_of(context), 1):
        yield Part("times", f"{number}. {_time(time)}")
    for each in context.comparisons:
        yield Part("comparisons", _comparison(each))
    if context.question.ext_knowledge:
        yield Part("knowledge", context.question.ext_knowledge)
    for attempt in context.attempts[-_ATTEMPTS:]:
        sql, error = one_line(attempt.sql, _SQL), one_line(attempt.error, _ERROR)
        yield Part("attempts", f"SQL: {sql}\nError: {error}")
    yield Part("question", context.question.text)


def times_of(context: GenerationContext) -> tuple[TimeRange, ...]:
    """The times that a prompt numbers, from 1: the question's, then those told beside it."""
    told = (time for gloss in context.glosses for time in gloss.times)
    return tuple(dict.fromkeys((*context.times, *told)))


def _time(time: TimeRange) -> str:
    start = f"{_day(time.start)} <= " if time.start else ""
    end = f" < {_day(time.end)}" if time.end else ""
    return f'"{one_line(time.words, _LINE)}": {start}t{end} ({time.grain})'


def _day(day: date) -> str:
    return f"'{day.isoformat()}'"


def _comparison(each: Comparison) -> str:
    return f'"{one_line(each.words, _LINE)}": {each.offset or "previous"}'


def _term(term: Term) -> str:
    names = " = ".join(one_line(word, _LINE) for word in (term.word, *term.synonyms))
    sql = f" | SQL: {one_line(term.sql, _SQL)}" if term.sql else ""
    return f"{names}: {one_line(term.meaning, _LINE)}{sql}"


def _metrics(context: GenerationContext, *, with_dimensions: bool) -> Iterable[Part]:
    for place, metric in enumerate(context.metrics.metrics):
        line = _metric(metric)
        if with_dimensions:
            line += f" | grain: {metric.grain} | dimensions: {', '.join(metric.dimensions)}"
        yield _falling("metrics", line, Level.DEFINITION, place, "metrics", metric.name)


def _metric(metric: Metric) -> str:
    names = " = ".join(one_line(word, _LINE) for word in (metric.label, *metric.synonyms) if word)
    told = [names, one_line(metric.description, _LINE), one_line(metric.definition, _LINE)]
    return " | ".join((metric.name, *filter(None, told)))


def _dimensions(context: GenerationContext) -> Iterable[Part]:
    for place, each in enumerate(context.metrics.dimensions.values()):
        key = f"dimension {each.name}"
        names = " = ".join(one_line(word, _LINE) for word in (each.label, *each.synonyms) if word)
        told = [names, one_line(each.description, _LINE), each.kind]
        line = " | ".join((each.name, *filter(None, told)))
        worth = -place + (1_000.0 if any(_is_of(hit, each) for hit in context.values) else 0.0)
        yield Part(
            "dimensions", line, Level.UNLINKED_COLUMN, worth, key, "", "dimensions", each.name
        )
        for hit in context.values:
            if _is_of(hit, each):
                words = one_line(context.question.text[slice(*hit.span)], _LINE)
                yield Part(
                    "dimensions",
                    f'  {literal(hit.value)} <- "{words}"',
                    Level.VALUE,
                    hit.score,
                    f"{key} value {hit.value}",
                    key,
                    "values",
                    f"{each.name} = {literal(hit.value)}",
                )


def _is_of(hit: ValueHit, dimension: Dimension) -> bool:
    place = hit.table, hit.column
    return dimension.table is not None and place == (dimension.table, dimension.column)


def _references(context: GenerationContext) -> Iterable[Part]:
    for place, each in enumerate(context.references):
        asked = one_line(each.question, _LINE)
        text = f"{place + 1}. {asked}\n   SQL: {one_line(each.sql, _SQL)}"
        yield _falling("references", text, Level.REFERENCE, place, "references", asked)


def _passages(context: GenerationContext) -> Iterable[Part]:
    for place, each in enumerate(context.passages):
        title = one_line(f"{each.title} ({each.source})", _LINE)
        text = f"{title}: {one_line(each.text, _PASSAGE)}"
        yield _falling("passages", text, Level.PASSAGE, place, "passages", title)


def _falling(section: Section, text: str, level: Level, place: int, kind: str, label: str) -> Part:
    """A part of a list whose best stands first."""
    return Part(section, text, level, -float(place), f"{section} {place}", "", kind, label)
