"""How times, JSON and cursors are written as text, and read back."""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from datus.errors import InvalidRequestError


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
