"""Names of dialects, ours and sqlglot's."""

from datus.types import Dialect


def sqlglot_name(dialect: Dialect) -> str:
    """Return the name under which sqlglot knows ``dialect``."""
    return "postgres" if dialect == "postgresql" else dialect
