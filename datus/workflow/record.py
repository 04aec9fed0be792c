"""What a step of a run changed, as JSON: recorded with the step's last event, read by whoever takes the run over.

Only values are recorded, never code: fields by their types, errors by the name of their class, and what a
run reads of the knowledge by the version that it began with.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any, cast, get_type_hints

from pydantic import TypeAdapter

from datus.errors import DatusError
from datus.generation.base import UnsureError
from datus.knowledge.search import LinkingRate
from datus.knowledge.snapshot import Snapshot
from datus.types import Candidate, DatabaseSchema, QueryResult, ReferenceSql, Term, ValueHit
from datus.workflow.linking import narrowed
from datus.workflow.state import BranchEnd, Executed, Linking, Output, RunState, as_objects

Changes = Mapping[str, Any]


class StaleError(ValueError):
    """What was recorded rests on a version of the knowledge that is no longer in use."""


ASKED = (
    "task_id workflow namespace question databases schema_name metric_query nodes timeout_s meter"
).split()
"""Fields that a run has from the beginning."""

SPECIAL = "linking doubt executed best failure branches output".split()
"""Fields with parts that are named rather than written out."""

_PLAIN = tuple(
    each.name for each in fields(RunState) if each.name not in ASKED and each.name not in SPECIAL
)


def changes(before: RunState, after: RunState) -> dict[str, Any]:
    """The fields in which a state differs from an earlier one of its run, JSON-typed."""
    found: dict[str, Any] = {}
    for name in (*_PLAIN, *SPECIAL):
        value = getattr(after, name)
        if value is not getattr(before, name):
            found[name] = None if value is None else _written(name, value, before, after)
    return found


def changed(state: RunState, found: Changes, snapshot: Snapshot | None) -> RunState:
    """The state with the recorded changes.

    Args:
        snapshot: The knowledge in use; None where nothing of ``found`` names any.

    Raises:
        StaleError: ``found`` rests on another version.
    """
    values: dict[str, Any] = {}
    for name in (*_PLAIN, *SPECIAL):
        if name in found:
            value = found[name]
            values[name] = None if value is None else _read(name, value, state, values, snapshot)
    return replace(state, **values)


def names_knowledge(found: Changes) -> bool:
    """Whether reading these changes needs the knowledge."""
    inner = (each["state"] for each in found.get("branches") or ())
    return found.get("linking") is not None or any(map(names_knowledge, inner))


def error_as_json(error: DatusError) -> dict[str, Any]:
    """An error, to be read by ``error_of``."""
    found: dict[str, Any] = {
        "kind": type(error).__name__,
        "message": error.message,
        "code": error.code,
        "details": error.details,
        "public": error.public,
    }
    if isinstance(error, UnsureError):
        found["candidates"] = _adapter(tuple[Candidate, ...]).dump_python(
            error.candidates, mode="json", warnings=False
        )
        found["needed"] = error.needed
    return found


def error_of(value: Mapping[str, Any]) -> DatusError:
    """What ``error_as_json`` wrote; of a class that there is no longer, a plain DatusError."""
    kind = next((each for each in _kinds(DatusError) if each.__name__ == value["kind"]), DatusError)
    error = kind.__new__(kind)
    DatusError.__init__(
        error,
        value["message"],
        code=value["code"],
        details=value["details"],
        public=value["public"],
    )
    if isinstance(error, UnsureError):
        error.candidates = _adapter(tuple[Candidate, ...]).validate_python(value["candidates"])
        error.needed = value["needed"]
    return error


def _written(name: str, value: Any, before: RunState, after: RunState) -> Any:
    match name:
        case "linking":
            return _linking_as_json(value)
        case "executed":
            return _executed_as_json(value)
        case "best":
            return "executed" if value is after.executed else _executed_as_json(value)
        case "failure" | "doubt":
            return error_as_json(value)
        case "branches":
            return [_branch_as_json(before, each) for each in value]
        case "output":
            return {"metadata": value.metadata}  # its rows are those of what ran
    return _adapter(_hints()[name]).dump_python(value, mode="json", warnings=False)


def _read(
    name: str, value: Any, state: RunState, read: Mapping[str, Any], snapshot: Snapshot | None
) -> Any:
    executed = read.get("executed", state.executed)
    match name:
        case "linking":
            return _linking_of(value, state, snapshot)
        case "executed":
            return _executed_of(value)
        case "best":
            return executed if value == "executed" else _executed_of(value)
        case "failure" | "doubt":
            return error_of(value)
        case "branches":
            return tuple(_branch_of(state, each, snapshot) for each in value)
        case "output":
            return Output(as_objects(executed.result), value["metadata"])
    return _adapter(_hints()[name]).validate_python(value)


def _executed_as_json(executed: Executed) -> dict[str, Any]:
    # The rows are JSON-typed already, and may be many.
    bare = replace(executed, result=replace(executed.result, rows=()))
    return {
        **_adapter(Executed).dump_python(bare, mode="json", warnings=False),
        "rows": executed.result.rows,
    }


def _executed_of(value: Mapping[str, Any]) -> Executed:
    bare: Executed = _adapter(Executed).validate_python(
        {name: each for name, each in value.items() if name != "rows"}
    )
    rows = tuple(tuple(row) for row in value["rows"])
    result: QueryResult = replace(bare.result, rows=rows)
    return replace(bare, result=result)


def _branch_as_json(before: RunState, end: BranchEnd) -> dict[str, Any]:
    return {
        "name": end.name,
        "state": changes(before, end.state),
        "error": None if end.error is None else error_as_json(end.error),
    }


def _branch_of(state: RunState, value: Mapping[str, Any], snapshot: Snapshot | None) -> BranchEnd:
    error = value["error"]
    return BranchEnd(
        value["name"],
        changed(state, value["state"], snapshot),
        None if error is None else error_of(error),
    )


def _linking_as_json(linking: Linking) -> dict[str, Any]:
    whole = linking.linked is linking.schema
    return {
        "version": linking.snapshot.version,
        "database": linking.database,
        "linked": None if whole else [[each.schema, each.name] for each in linking.linked.tables],
        "values": _adapter(tuple[ValueHit, ...]).dump_python(
            linking.values, mode="json", warnings=False
        ),
        "terms": _adapter(tuple[Term, ...]).dump_python(linking.terms, mode="json", warnings=False),
        "references": _adapter(tuple[ReferenceSql, ...]).dump_python(
            linking.references, mode="json", warnings=False
        ),
        "rate": linking.rate,
    }


def _linking_of(value: Mapping[str, Any], state: RunState, snapshot: Snapshot | None) -> Linking:
    if snapshot is None or snapshot.version != value["version"]:
        raise StaleError(f"Knowledge version {value['version']} is no longer in use.")
    schema = narrowed(snapshot.schema(value["database"]), state.schema_name)
    return Linking(
        snapshot=snapshot,
        database=value["database"],
        schema=schema,
        linked=_linked_of(value["linked"], schema),
        values=_adapter(tuple[ValueHit, ...]).validate_python(value["values"]),
        terms=_adapter(tuple[Term, ...]).validate_python(value["terms"]),
        references=_adapter(tuple[ReferenceSql, ...]).validate_python(value["references"]),
        rate=cast(LinkingRate, value["rate"]),
    )


def _linked_of(names: list[list[str | None]] | None, schema: DatabaseSchema) -> DatabaseSchema:
    if names is None:
        return schema
    tables = {(table.schema, table.name): table for table in schema.tables}
    return replace(schema, tables=tuple(tables[of, str(name)] for of, name in names))


def _kinds(kind: type[DatusError]) -> Iterator[type[DatusError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)


@cache
def _hints() -> dict[str, Any]:
    return get_type_hints(RunState)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
