"""Competing meanings of the mentions, and which of them fit together."""

from typing import Any

import pytest

from datus.generation.offline.readings import readings


def settled(world: Any, text: str) -> list[str]:
    """Columns and tables of the likeliest reading."""
    best = readings(world.items(text), world.prepared.index, world.prepared.graph)[0]
    nouns = [e for item in best.items for e in item.entries]
    return [f"{e.table}.{e.column}" if e.column else e.table for e in nouns]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the name of each hiker", ["hiker.name", "hiker"]),
        ("hut names", ["hut", "hut.name"]),
        ("names of the regions", ["region.name", "region"]),
        ("the name and country of regions", ["region.name", "region.country", "region"]),
        ("hikers and their names", ["hiker", "hiker.name"]),
    ],
)
def test_a_name_belongs_to_the_table_beside_it(huts: Any, text: str, expected: list[str]) -> None:
    assert settled(huts, text) == expected


def test_a_chinese_name_belongs_to_the_table_before_it(clinic: Any) -> None:
    assert settled(clinic, "药品的名称") == ["drug", "drug.name"]


def test_a_value_in_two_columns_belongs_to_the_one_that_is_named(huts: Any) -> None:
    items = huts.items("wardens whose last name is Moser")
    best = readings(items, huts.prepared.index, huts.prepared.graph)[0]
    (hit,) = [hit for item in best.items for hit in item.hits]
    assert (hit.table, hit.column) == ("warden", "last_name")


def test_every_mention_is_settled_on_one_meaning(huts: Any) -> None:
    items = huts.items("names of hikers and huts in Vienna or Verwall")
    for reading in readings(items, huts.prepared.index, huts.prepared.graph):
        assert len(reading.items) == len(items)
        assert all(len(item.entries) <= 1 and len(item.hits) <= 1 for item in reading.items)


def test_the_likeliest_reading_comes_first_and_there_are_only_a_few(huts: Any) -> None:
    items = huts.items("the name name name name")
    scores = [r.score for r in readings(items, huts.prepared.index, huts.prepared.graph, limit=4)]
    assert scores == sorted(scores, reverse=True)
    assert 1 < len(scores) <= 4
