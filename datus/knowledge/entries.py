"""What can be found by search, each as one entry: tables, metrics, reference SQL, passages, terms."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from datus.types import Area, DatabaseSchema, Metric, Passage, ReferenceSql, Term

Kind = Literal["table", "metric", "reference", "passage", "term"]

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be found.

    Attributes:
        kind: What it is; a search is for one kind.
        database: The database it belongs to; None belongs to all.
        key: What its owner finds it by: a table's name as ``DatabaseSchema.name_of`` gives it, a
            metric's name, a number.
        names: What it is called. Weighs more. A line is one thing; a line's sayings of it, such as
            name, comment and synonyms, are parted by tabs.
        details: The rest of its words in the same form: a line for a column, a definition, a text.
        area: Its business area; empty belongs to all.
        near: Keys of entries of the same kind and database that belong with it, as tables do that a
            foreign key joins.
    """

    kind: Kind
    database: str | None
    key: str
    names: str
    details: str = ""
    area: Area = ()
    near: tuple[str, ...] = ()


def table_entries(schema: DatabaseSchema, database: str) -> Iterator[Entry]:
    """The tables of a database, each near those that a foreign key joins it to, either way.

    Args:
        schema: Its tables.
        database: The name by which a search narrows to it.
    """
    known = {(table.schema, table.name.lower()): schema.name_of(table) for table in schema.tables}
    near: dict[str, list[str]] = {name: [] for name in known.values()}
    for table in schema.tables:
        name = schema.name_of(table)
        for key in table.foreign_keys:
            place = (key.ref_schema or table.schema, key.ref_table.lower())
            other = known.get(place) or known.get((key.ref_schema, key.ref_table.lower()))
            if other is not None and other != name:
                near[name].append(other)
                near[other].append(name)
    for table in schema.tables:
        name = schema.name_of(table)
        yield Entry(
            "table",
            database,
            name,
            names=_line(table.name, *_sayings(table.comment)),
            details="\n".join(
                _line(column.name, *_sayings(column.comment)) for column in table.columns
            ),
            near=tuple(dict.fromkeys(near[name])),
        )


_BETWEEN_SAYINGS = re.compile(r"[|｜、，,；;/\n]+")


def _sayings(comment: str) -> list[str]:
    """The parts of a comment, as in ``Order date | 下单日期、订单日期``."""
    return _BETWEEN_SAYINGS.split(comment)


def metric_entries(metrics: Iterable[Metric]) -> Iterator[Entry]:
    """Metrics, found by name, label and synonyms, and less so by their meaning and examples."""
    for metric in metrics:
        yield Entry(
            "metric",
            None,
            metric.name,
            names=_line(metric.name, metric.label, *metric.synonyms),
            details=_lines(metric.description, *metric.examples, *metric.dimensions),
            area=metric.area,
        )


def term_entries(terms: Iterable[Term]) -> Iterator[Entry]:
    """Business terms; the key is a term's place in the sequence."""
    for number, term in enumerate(terms):
        names = _line(term.word, *term.synonyms)
        yield Entry("term", None, str(number), names, term.meaning, term.area)


def reference_entries(references: Iterable[ReferenceSql]) -> Iterator[Entry]:
    """Reference SQL, found by its question and less so by what it reads; the key is its place."""
    for number, one in enumerate(references):
        details = _lines(*one.tables, *one.columns)
        yield Entry("reference", one.database, str(number), one.question, details, one.area)


def passage_entries(passages: Iterable[Passage]) -> Iterator[Entry]:
    """Passages of documents, found by title and text; the key is a passage's place."""
    for number, one in enumerate(passages):
        yield Entry("passage", None, str(number), one.title, one.text, one.area)


def _line(*sayings: str) -> str:
    return "\t".join(text for saying in sayings if (text := " ".join(saying.split())))


def _lines(*parts: str) -> str:
    return "\n".join(line for part in parts if (line := _line(part)))
