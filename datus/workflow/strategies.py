"""The ways in which ``reflect`` tries for a better answer, as data: where each goes back to, and when it helps."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, cast

from datus.connectors.base import Connector
from datus.errors import DatabaseError
from datus.types import Column, DatabaseSchema, Passage, TableSchema
from datus.workflow.node import known
from datus.workflow.state import Finding, RunState

Strategy = Literal[
    "simple_regenerate", "schema_linking", "doc_search", "reasoning", "column_exploration"
]

STRATEGIES: Mapping[Strategy, tuple[str, ...]] = MappingProxyType(
    {
        "simple_regenerate": ("generate_sql", "execute_sql"),
        "schema_linking": ("schema_linking", "generate_sql", "execute_sql"),
        "doc_search": ("generate_sql", "execute_sql"),
        "reasoning": ("generate_sql", "execute_sql"),
        "column_exploration": ("generate_sql", "execute_sql"),
    }
)
"""By strategy, the nodes that it goes back through; those of the workflow between them run too."""

_PASSAGES = 6
_VALUES = 12
_COLUMNS = 3
_VALUE_WIDTH = 60


def configured(text: str) -> tuple[Strategy, ...]:
    """The strategies of the setting, in order."""
    return tuple(cast(Strategy, name) for name in text.split())


def next_strategy(
    order: Sequence[Strategy], finding: Finding | None, state: RunState
) -> Strategy | None:
    """The first strategy that may still help: the free one while candidates are left, then each once, then
    asking again."""
    if "simple_regenerate" in order and state.candidates[1:]:
        return "simple_regenerate"
    for each in order:
        if _may_help(each, finding, state):
            return each
    again: tuple[Strategy, ...] = ("reasoning", "simple_regenerate")
    return next((each for each in again if each in order), None)


def _may_help(strategy: Strategy, finding: Finding | None, state: RunState) -> bool:
    linking = known(state.linking, "schema")
    if strategy == "schema_linking":
        return state.rate != "slow" and len(linking.linked.tables) < len(linking.schema.tables)
    if strategy in state.strategies:
        return False
    if strategy == "doc_search":
        return bool(linking.snapshot.told.passages)
    if strategy == "column_exploration":
        return finding is not None and bool(finding.columns)
    return strategy == "reasoning"


def passages_for(state: RunState, reason: str) -> tuple[Passage, ...]:
    """The parts of documents that the question, and what is wrong with its answer, are about."""
    snapshot, area = known(state.linking, "schema").snapshot, state.question.area
    found = snapshot.find_passages(f"{state.question.text}\n{reason}", area, _PASSAGES)
    return tuple(dict.fromkeys((*state.passages, *found)))


async def explored(finding: Finding, schema: DatabaseSchema, connector: Connector) -> str:
    """What the columns of a finding hold, for whoever writes the SQL again: few values, the most frequent.

    A column that cannot be read in time is left out.
    """
    told = []
    for name in finding.columns[:_COLUMNS]:
        found = _column(name, schema)
        if found is None:
            continue
        try:
            values = await connector.distinct_values(*found, limit=_VALUES + 1)
        except DatabaseError:
            continue
        shown = ", ".join(repr(value[:_VALUE_WIDTH]) for value, _ in values[:_VALUES])
        more = ", ..." if len(values) > _VALUES else ""
        told.append(f"{name} holds {shown or 'nothing but nulls'}{more}")
    return "; ".join(told)


def _column(name: str, schema: DatabaseSchema) -> tuple[TableSchema, Column] | None:
    table_name, _, column_name = name.rpartition(".")
    for table in schema.tables:
        if schema.name_of(table) == table_name:
            for column in table.columns:
                if column.name == column_name:
                    return table, column
    return None
