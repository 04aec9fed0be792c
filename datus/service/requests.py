"""What a caller may ask for, and the rules that a request keeps."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter

from datus.config import NamespaceConfig
from datus.errors import InvalidRequestError, NotFoundError
from datus.types import MetricQuery

MAX_TASK_CHARACTERS = 8_000
"""Longest question that is taken."""

TASK_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
"""The form of a caller's task id; the whole id must match."""

# Years in which every time expression stays inside the calendar of the databases.
_YEARS = range(1000, 9000)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a caller asks for. The meaning of each field is that of ``POST /workflows/run``."""

    workflow: str
    namespace: str
    task: str
    task_id: str | None = None
    catalog_name: str | None = None
    database_name: str | None = None
    schema_name: str | None = None
    current_date: date | None = None
    domain: str | None = None
    layer1: str | None = None
    layer2: str | None = None
    ext_knowledge: str | None = None
    metric_query: MetricQuery | None = None
    timeout_s: float | None = None

    @classmethod
    def of_metrics(
        cls,
        namespace: str,
        query: MetricQuery,
        task_id: str | None = None,
        timeout_s: float | None = None,
    ) -> "RunRequest":
        """The request that runs a metric query as it is; its task says in words what is asked."""
        words = _in_words(query)
        return cls(
            "metric_query", namespace, words, task_id, metric_query=query, timeout_s=timeout_s
        )


def _in_words(query: MetricQuery) -> str:
    by = [*([query.grain] if query.grain else []), *query.dimensions]
    parts = [", ".join(query.metrics)]
    parts += [f"by {', '.join(by)}"] if by else []
    parts += [f"from {query.start}"] if query.start else []
    parts += [f"before {query.end}"] if query.end else []
    return " ".join(parts)


def check_fields(request: RunRequest, max_timeout_s: float) -> None:
    """Hold a request to the bounds of its fields.

    Args:
        max_timeout_s: Longest time that it may ask for.

    Raises:
        InvalidRequestError: ``details["field"]`` names the field.
    """
    if not request.task.strip():
        raise _invalid("task", "task is empty: write the question.")
    if len(request.task) > MAX_TASK_CHARACTERS:
        raise _invalid(
            "task",
            f"task has {len(request.task)} characters: {MAX_TASK_CHARACTERS} are the most.",
        )
    if request.task_id is not None and not TASK_ID.fullmatch(request.task_id):
        raise _invalid("task_id", "task_id must be 1 to 128 of the characters A-Z a-z 0-9 . _ : -")
    if request.timeout_s is not None and not 0 < request.timeout_s <= max_timeout_s:
        raise _invalid(
            "timeout_s",
            f"timeout_s is {request.timeout_s:g}: it can be above 0 and up to {max_timeout_s:g} seconds.",
        )
    for field, above in (("layer1", "domain"), ("layer2", "layer1")):
        if getattr(request, field) and not getattr(request, above):
            raise _invalid(field, f"{field} is a part of {above}, which is absent; give both.")
    today = request.current_date
    if today is not None and today.year not in _YEARS:
        raise _invalid(
            "current_date",
            f"current_date is {today.isoformat()}: "
            f"years from {_YEARS.start} to {_YEARS.stop - 1} can be reckoned with.",
        )


def _invalid(field: str, message: str) -> InvalidRequestError:
    return InvalidRequestError(message, details={"field": field})


def databases_of(namespace: NamespaceConfig, request: RunRequest) -> tuple[str, ...]:
    """Return the databases that the request leaves, by name.

    The four engines have no catalog above the database, so a catalog is a database by its name in
    the configuration or on its server.
    """
    left = {database.name: database for database in namespace.databases}
    asked = {"catalog_name": request.catalog_name, "database_name": request.database_name}
    for field, wanted in asked.items():
        if wanted is None:
            continue
        matching = {
            name: database
            for name, database in left.items()
            if wanted.casefold() in (name.casefold(), (database.database or "").casefold())
        }
        left = {wanted: matching[wanted]} if wanted in matching else matching
        if not left:
            raise NotFoundError(
                f"Namespace {namespace.name!r} has no {field} {wanted!r}; "
                f"its databases are: {', '.join(database.name for database in namespace.databases)}.",
                code="database_not_found",
                details={
                    "field": field,
                    "databases": [database.name for database in namespace.databases],
                },
            )
    return tuple(left)


def as_json(request: RunRequest) -> dict[str, Any]:
    """Return the request as JSON, as it is stored."""
    return cast(dict[str, Any], _adapter().dump_python(request, mode="json"))


def of_json(value: Mapping[str, Any]) -> RunRequest:
    """Return the request that ``as_json`` was given."""
    return _adapter().validate_python(value)


@cache
def _adapter() -> TypeAdapter[RunRequest]:
    return TypeAdapter(RunRequest)


def fingerprint(request: RunRequest) -> str:
    """Return what two requests share when they ask for the same: all fields but the id."""
    fields = {name: value for name, value in as_json(request).items() if name != "task_id"}
    for later in ("metric_query", "timeout_s"):
        if getattr(request, later) is None:
            del fields[later]  # fingerprints from before there were any stay good
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
