"""Answers over a size limit: stored cut off, and the same in the answer, the event and the stored task."""

from dataclasses import replace
from typing import Any

import pytest

from tests.api.conftest import GatedGenerator

WHICH = "Which orders?"
ROW_BYTES = (
    52  # of the first row as JSON, about: {"id":1,"day":"2024-01-01","amount":1.5,"note":"中文"}
)


async def told(world: Any) -> tuple[Any, Any, Any]:
    """What the sync caller, a stream and a later reader are told of one task."""
    answer = (await world.run(WHICH, task_id="cut")).json()
    events = world.events(await world.call("GET", "/workflows/cut/events"))
    (ready,) = (data for _, name, data in events if name == "output_ready")
    later = (await world.call("GET", "/workflows/cut")).json()
    return answer, ready, later


@pytest.mark.parametrize(
    ("limits", "rows", "cut"),
    [
        ({"max_result_bytes": 2 * ROW_BYTES + 60}, 2, None),
        ({"max_result_bytes": 2 * ROW_BYTES}, 1, "bytes"),
        ({"max_result_bytes": 20}, 0, "bytes"),
        ({"max_rows": 1}, 1, "rows"),
    ],
)
async def test_what_is_over_the_limit_is_left_out_and_said(
    settings, open_world, limits: dict[str, int], rows: int, cut: str | None
) -> None:
    limited = replace(settings, server=replace(settings.server, **limits))
    if "max_rows" in limits:
        execute = {**settings.node_settings["execute_sql"], **limits}
        nodes = {**settings.node_settings, "execute_sql": execute}
        limited = replace(limited, node_settings=nodes)
    async with open_world(limited, GatedGenerator()) as world:
        answer, ready, later = await told(world)
    assert answer == later
    assert (ready["result"], ready["metadata"]) == (answer["result"], answer["metadata"])
    assert answer["status"] == "completed"
    assert [row["id"] for row in answer["result"]] == list(range(1, rows + 1))
    metadata = answer["metadata"]
    assert metadata["row_count"] == rows
    assert (metadata["truncated"], metadata["truncated_by"]) == (cut is not None, cut)
    assert [column["name"] for column in metadata["columns"]] == ["id", "day", "amount", "note"]
