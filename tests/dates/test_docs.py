"""docs/time.md stays true: its examples, and a row for every setting."""

import re
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path

import pytest

import datus
from datus.dates import DateSettings, read_times

TODAY = date(2024, 1, 15)
PAGE = (Path(datus.__file__).parent.parent / "docs" / "time.md").read_text(encoding="utf-8")
_EXAMPLE = re.compile(r"(?P<text>.+): (?P<first>[\d-]*)(?P<open> ?\.\. ?)?(?P<last>[\d-]*)")


def rows(heading: str) -> list[list[str]]:
    """The rows of the table under a heading."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


EXAMPLES = [row[2] for row in rows("Conventions") if _EXAMPLE.fullmatch(row[2])]
UNREAD = [text for row in rows("What is not read") for text in row[1].split(", ")]


def test_most_conventions_have_an_example() -> None:
    assert len(EXAMPLES) >= 35


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_read_so(example: str) -> None:
    match = _EXAMPLE.fullmatch(example)
    assert match is not None
    start = date.fromisoformat(match["first"]) if match["first"] else None
    last = date.fromisoformat(match["last"]) if match["last"] else None
    if not match["open"]:
        last = start
    expected = start, last and last + timedelta(days=1)

    def spans(text: str) -> list[tuple[date | None, date | None]]:
        return [(r.start, r.end) for r in read_times(text, today=TODAY).ranges]

    whole = spans(match["text"])
    parts = [spans(text) for text in match["text"].split(", ")]
    assert whole == [expected] or all(part == [expected] for part in parts)


@pytest.mark.parametrize("text", [text for text in UNREAD if text != "only their day is known"])
def test_an_example_is_not_read(text: str) -> None:
    assert read_times(text, today=TODAY).ranges == ()


def test_every_setting_has_a_row() -> None:
    named = {row[1].strip("`") for row in rows("Settings")}
    assert named == {field.name for field in fields(DateSettings)}
