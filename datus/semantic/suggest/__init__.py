"""Proposes metric definitions from a schema and from reference SQL, by rules, for a person to review."""

from collections.abc import Sequence

from datus.semantic.suggest.evidence import read_references
from datus.semantic.suggest.metrics import Metrics
from datus.semantic.suggest.models import Models
from datus.semantic.suggest.writing import write
from datus.types import DatabaseSchema, ReferenceSql


def suggest(schema: DatabaseSchema, references: Sequence[ReferenceSql]) -> str:
    """Propose semantic models and metrics as YAML, with the reason for each in a comment.

    Args:
        schema: The tables, with keys (declared or inferred) and comments.
        references: Questions with vouched SQL in the schema's dialect; those of other databases are
            passed over.

    Returns:
        A file of definitions as dbt users write them, which is valid as it stands but where no table
        has a date: then it has no metric, and says why. The same input gives the same text.
    """
    models = Models(schema)
    evidence = read_references(schema, references)
    return write(models, Metrics(models, evidence), evidence)
