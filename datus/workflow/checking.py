"""All that SQL is held to before it runs, whoever wrote it: the one way from a candidate to a statement.

In order: the wrapping of generators' output comes off, the guard reads and rewrites it, names and types and
groups and constants are held against the schema and its values, and the engine plans it. What runs is the
guard's text. Each failure is one sentence for whoever writes the SQL again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from datus.errors import InvalidSqlError, RefusalError
from datus.sql.elsewhere import holders_of, instead_of
from datus.sql.faults import Fault, find_faults, multiplied
from datus.sql.guard import CheckedSql
from datus.sql.heldvalues import check_values
from datus.sql.reading import read
from datus.sql.shape import Shape, shape_of
from datus.sql.statement import is_cut_off, statement_of
from datus.text import normal_form
from datus.types import Candidate, DatabaseSchema
from datus.workflow.node import Tools, known
from datus.workflow.state import Linking, RunState

_MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class Examined:
    """What reading a statement shows: faults that are certain, doubts for the judge, and its shape."""

    faults: tuple[Fault, ...] = ()
    doubts: tuple[Fault, ...] = ()
    shape: Shape = field(default_factory=Shape)


async def guarded(candidate: Candidate, state: RunState, tools: Tools) -> CheckedSql:
    """The candidate as the guard wrote it.

    Raises:
        RefusalError: ``unsafe_sql``, with what would help besides what the guard says.
    """
    schema = known(state.linking, "schema").schema
    sql = statement_of(candidate.sql)
    try:
        return await asyncio.to_thread(tools.guard, sql, schema)
    except RefusalError as refusal:
        raise helped(refusal, sql, schema) from refusal


async def held_against(checked: CheckedSql, state: RunState, tools: Tools) -> Examined:
    """Hold a statement against the schema, the values and the engine's planner.

    A doubt that is likely right, as about a value that is spelt otherwise in the data, is raised too while
    ``fix`` can still go back: to write the statement again costs less than to run it and judge. Whoever writes
    the same thing again gets it run.

    Raises:
        InvalidSqlError: It cannot mean what was asked; the message says where and what would be right.
        DatabaseError: The engine would refuse it.
    """
    linking = known(state.linking, "schema")
    examined = await asyncio.to_thread(examine, checked, linking)
    told = list(examined.faults)
    if _can_go_back(state, tools):
        said = " ".join(attempt.error for attempt in state.attempts)
        told += [each for each in examined.doubts if each.is_telling and each.message not in said]
    if told:
        raise InvalidSqlError(
            " ".join(fault.message for fault in told[:_MOST_TOLD]),
            details={"reasons": [fault.reason for fault in told[:_MOST_TOLD]]},
        )
    await tools.connectors.get(state.namespace, linking.database).explain(
        checked.sql, timeout_s=float(tools.settings.node_settings["execute_sql"]["timeout_s"])
    )
    return examined


def examine(checked: CheckedSql, linking: Linking) -> Examined:
    """Read a statement that the guard let through."""
    reading = read(checked.sql, linking.schema)
    if reading is None:
        return Examined()
    index = linking.snapshot.values(linking.database)

    def held(table: str, column: str) -> Sequence[str] | None:
        if (table, column) not in index.complete:
            return None
        return [place.value for place in index.places.of_column(table, column) if not place.said]

    def holds(table: str, column: str, text: str) -> bool:
        key = normal_form(text)
        return any(
            (place.table, place.column, place.value) == (table, column, text)
            for place in index.places.lookup((key,)).get(key, ())
        )

    found = [*find_faults(reading), *check_values(reading, held, holds), *multiplied(reading)]
    faults = tuple(dict.fromkeys(each for each in found if each.certain))
    doubts = tuple(dict.fromkeys(each for each in found if not each.certain))
    return Examined(faults, doubts, shape_of(reading))


def helped(refusal: RefusalError, sql: str, schema: DatabaseSchema) -> RefusalError:
    """The guard's refusal with what would help whoever writes the SQL again."""
    reason, name = refusal.details.get("reason"), str(refusal.details.get("name") or "")
    help = ""
    if reason == "unknown_column":
        column = name.rpartition(".")[2]
        holders = holders_of(column, schema, ())
        help = f"{', '.join(holders[:_MOST_TOLD])} has a column {column!r}." if holders else ""
    elif reason == "function" and (instead := instead_of(name, schema.dialect)):
        help = f"In {schema.dialect} write {instead}."
    elif reason == "syntax" and is_cut_off(sql, schema.dialect):
        help = "The statement has no end; write all of it."
    elif reason == "statement" and "```" in sql:
        help = "Send the statement alone, without text around it."
    if not help:
        return refusal
    return RefusalError(f"{refusal.message} {help}", code="unsafe_sql", details=refusal.details)


def _can_go_back(state: RunState, tools: Tools) -> bool:
    most = int(tools.settings.node_settings["fix"]["max_attempts"])
    return "fix" in state.nodes and state.fixes < most
