"""All that people wrote down for a namespace."""

from collections.abc import Collection, Mapping

from datus.config import KnowledgeSources
from datus.knowledge.content import Component, Told
from datus.knowledge.reading.documents import read_documents
from datus.knowledge.reading.reference_sql import read_references
from datus.knowledge.reading.terms import read_terms
from datus.semantic import load_texts
from datus.types import DatabaseSchema, ReferenceSql

_TOLD: tuple[Component, ...] = ("reference_sql", "documents", "terms", "metrics")


def read_told(
    sources: KnowledgeSources,
    schemas: Mapping[str, DatabaseSchema],
    *,
    others: Collection[str] = (),
    learned: tuple[ReferenceSql, ...] = (),
    kept: Told | None = None,
    components: Collection[Component] = _TOLD,
) -> Told:
    """Read the files that the configuration names.

    Args:
        schemas: The databases by name that reference SQL may be about.
        others: Databases of the namespace that are not in ``schemas``; rows about them are passed over.
        learned: Reference SQL that a person accepted out of feedback.
        kept: What stands for the components that are not read.
        components: The kinds that are read.

    Raises:
        ConfigError: A file or folder cannot be read, or holds what cannot be used.
    """
    kept = kept or Told()
    references, problems = kept.references, kept.problems
    if "reference_sql" in components:
        references, problems = read_references(
            sources.reference_sql, learned, schemas, sources.database, others=others
        )
    passages, terms, metrics = kept.passages, kept.terms, kept.metrics
    if "documents" in components:
        passages = read_documents(sources.documents) if sources.documents else ()
    if "terms" in components:
        terms = read_terms(sources.terms) if sources.terms else ()
    if "metrics" in components:
        metrics = load_texts(sources.metrics) if sources.metrics else {}
    return Told(references, passages, terms, metrics, problems)
