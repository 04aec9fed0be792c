"""Reading what is known: one file for each source."""

from datus.knowledge.reading.database import Progress, quiet, read_schema, read_values
from datus.knowledge.reading.told import read_told

__all__ = ["Progress", "quiet", "read_schema", "read_told", "read_values"]
