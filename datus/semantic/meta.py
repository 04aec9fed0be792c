"""Business additions in ``meta``: synonyms, owner, area, examples."""

from collections.abc import Mapping
from typing import Any

from datus.semantic.model import Business


def read_business(meta: Mapping[str, Any]) -> Business:
    """Read what ``meta`` says of a metric or dimension; other keys are the author's own.

    ``synonyms`` and ``examples`` may be a list or one text, ``area`` a path ``sales/retail`` or a list.
    """
    owner = meta.get("owner")
    area = meta.get("area")
    path = area.split("/") if isinstance(area, str) else _texts(area)
    return Business(
        synonyms=_texts(meta.get("synonyms")),
        owner=str(owner) if owner else None,
        area=tuple(part.strip() for part in path if part.strip()),
        examples=_texts(meta.get("examples")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(text for item in items if (text := str(item).strip()))
