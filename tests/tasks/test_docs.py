"""docs/tasks.md names every table, column, state and error code that a reader may meet."""

from pathlib import Path
from typing import get_args

import pytest

from datus.tasks.tables import METADATA
from datus.types import TaskStatus

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"


@pytest.mark.parametrize("table", list(METADATA.tables))
def test_every_column_is_explained(table: str) -> None:
    _, found, section = PAGE.read_text().partition(f"### `{table}`\n")
    assert found
    section = section.partition("\n#")[0]
    columns = [column.name for column in METADATA.tables[table].columns]
    assert [name for name in columns if f"`{name}`" not in section] == []


def test_every_state_is_explained() -> None:
    rows = PAGE.read_text().partition("## States")[2].partition("\n## ")[0].splitlines()
    states = [row.split("`")[1] for row in rows if row.startswith("| `")]
    assert states == list(get_args(TaskStatus))
