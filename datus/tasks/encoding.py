"""How times, JSON, cursors and what was spent are written, and read back."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from datus.errors import InvalidRequestError
from datus.tasks.store import Spent, TracedCall
from datus.types import Usage


def to_text(time: datetime) -> str:
    """UTC with six digits of a second, so that text order is time order."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def to_time(text: str | None) -> datetime | None:
    """The time that ``to_text`` was given; None stays None."""
    return None if text is None else datetime.fromisoformat(text)


def to_json(value: Mapping[str, Any]) -> str:
    """Compact JSON, readable Chinese. ValueError for NaN or infinity, TypeError for other types."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: no database takes it, but JSON can spell it
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text


def from_json(text: str | None) -> Any:
    """What ``to_json`` was given; None stays None."""
    return None if text is None else json.loads(text)


def to_cursor(key: int) -> str:
    """An opaque word for the place after the task with this key in a list that runs downwards."""
    return base64.urlsafe_b64encode(str(key).encode()).decode().rstrip("=")


def from_cursor(cursor: str) -> int:
    """The key that ``to_cursor`` was given. InvalidRequestError for any other text."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        key = int(text)
    except (binascii.Error, ValueError):
        key = 0
    if not 0 < key < 2**63 or to_cursor(key) != cursor:
        raise InvalidRequestError(
            "cursor is not one that a list of tasks gave: take next_cursor of the page before, "
            "or leave it out for the newest tasks.",
            details={"field": "cursor"},
        )
    return key


def spent_as_json(spent: Spent) -> Any:
    """What a task spent, to be read by ``spent_of``."""
    return _spent().dump_python(spent, mode="json", warnings=False)


def spent_of(value: Any) -> Spent:
    """What ``spent_as_json`` wrote."""
    return _spent().validate_python(value)


def spent_in(steps: Iterable[Mapping[str, Any]]) -> Spent:
    """What the steps that a task left say that it spent (see ``store.Run.emit``)."""
    usage: dict[str, Usage] = {}
    calls: list[TracedCall] = []
    for step in steps:
        if step.get("spent") is None:
            continue
        spent = spent_of(step["spent"])
        calls.extend(spent.calls)
        for model, used in spent.usage.items():
            usage[model] = usage.get(model, Usage()) + used
    return Spent(usage, tuple(calls))


@cache
def _spent() -> TypeAdapter[Spent]:
    return TypeAdapter(Spent)
