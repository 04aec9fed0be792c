"""The cover of a question by mentions of tables, columns, values, numbers, times and cues."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from datus.generation.offline.linking import Item, link
from datus.generation.offline.names import build_index
from datus.types import (
    Column,
    DatabaseSchema,
    GenerationContext,
    Question,
    TableSchema,
    ValueHit,
)


def told(items: tuple[Item, ...]) -> list[str]:
    """Items that say something, as ``kind:text``."""
    return [f"{item.kind}:{item.text}" for item in items if not item.light and item.kind != "mark"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How many huts are there?", ["cue:How many", "noun:huts", "cue:are"]),
        ("hut names in Verwall", ["noun:hut", "noun:names", "cue:in", "value:Verwall"]),
        ("huts with more than 40 beds", ["noun:huts", "cue:with", "cue:more than", "number:40", "noun:beds"]),
        ("stays in August 2023", ["noun:stays", "cue:in", "time:August 2023"]),
        ("title of the longest trail", ["noun:title", "cue:of", "cue:longest", "noun:trail"]),
        ("the 'solar panel' repairs", ["quote:solar panel", "noun:repairs"]),
        ("huts in the Eagle House", ["noun:huts", "cue:in", "value:Eagle House"]),
        ("2 million", ["number:2 million"]),
    ],
)  # fmt: skip
def test_cover_in_english(huts: Any, text: str, expected: list[str]) -> None:
    assert told(huts.items(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("有多少位医生", ["cue:有多少位", "noun:医生"]),
        ("月薪最高的医生", ["noun:月薪", "cue:最高的", "noun:医生"]),
        ("诊疗费超过2万", ["noun:诊疗费", "cue:超过", "number:2万"]),
        ("内科的主任医师", ["value:内科", "cue:的", "value:主任医师"]),
        ("2023年的就诊", ["time:2023年", "cue:的", "noun:就诊"]),
        ("女患者", ["value:女", "noun:患者"]),
        ("藥品的單價", ["noun:藥品", "cue:的", "noun:單價"]),
    ],
)
def test_cover_in_chinese(clinic: Any, text: str, expected: list[str]) -> None:
    assert told(clinic.items(text)) == expected


def test_the_items_cover_the_question_without_a_gap(huts: Any) -> None:
    text = "Show me, please, the names of huts that aren't in Verwall & cost < 5!"
    items = huts.items(text)
    assert items[0].start == 0
    assert all(one.end == other.start for one, other in pairwise(items))
    assert all(text[slice(*item.span)] for item in items)


def test_words_that_mean_nothing_known_stay_words(huts: Any) -> None:
    unknown = [
        i.text for i in huts.items("huts with a helipad") if i.kind == "word" and not i.light
    ]
    assert unknown == ["helipad"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,250 beds", 1250), ("3.5 km", 3.5), ("twenty beds", 20), ("2 million beds", 2_000_000)],
)
def test_numbers(huts: Any, text: str, number: float) -> None:
    assert [i.number for i in huts.items(text) if i.kind == "number"] == [number]


def test_ids_with_many_digits_keep_every_one(huts: Any) -> None:
    (item,) = [i for i in huts.items("hut 9007199254740993") if i.kind == "number"]
    assert item.number == 9007199254740993
    assert isinstance(item.number, int)


def test_a_number_no_database_holds_is_only_a_word(huts: Any) -> None:
    assert [i.kind for i in huts.items("9" * 400)] == ["word"]


def test_a_noun_keeps_all_its_meanings_for_the_readings(huts: Any) -> None:
    (noun,) = [i for i in huts.items("the name") if i.kind == "noun"]
    assert {entry.table for entry in noun.entries} >= {"region", "hut", "hiker"}


def test_a_value_keeps_all_its_columns(huts: Any) -> None:
    (value,) = [i for i in huts.items("the Moser wardens") if i.kind == "value"]
    assert [(hit.table, hit.column) for hit in value.hits] == [("warden", "last_name")]


def test_one_head_for_two_names(huts: Any) -> None:
    nouns = [
        i.entries[0].column
        for i in huts.items("first and last name of wardens")
        if i.kind == "noun"
    ]
    assert nouns[:2] == ["first_name", "last_name"]


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("named 'Pine Hut'", ["Pine Hut"]),
        ("named “Pine Hut”", ["Pine Hut"]),
        ('named "Pine Hut" or "Rifugio Alba"', ["Pine Hut", "Rifugio Alba"]),
        ("the hut's name and the wardens' pay", []),
        ("an 'open quote", []),
        ("''", []),
    ],
)
def test_quotes(huts: Any, text: str, quotes: list[str]) -> None:
    assert [item.text for item in huts.items(text) if item.kind == "quote"] == quotes


@pytest.mark.parametrize("many", [3, 12, 80])
def test_a_name_that_many_tables_have_is_that_of_the_table_spoken_of(many: int) -> None:
    columns = (
        Column("id", "INTEGER", "integer"),
        Column("name", "TEXT", "text"),
        Column("status", "TEXT", "text"),
    )
    tables = [
        TableSchema(f"part{chr(97 + n // 26)}{chr(97 + n % 26)}", columns) for n in range(many)
    ]
    schema = DatabaseSchema("sqlite", "test", (*tables, TableSchema("sail", columns)), "main")
    hits = tuple(ValueHit(table.name, "status", "torn", (19, 23), 0.8) for table in schema.tables)
    context = GenerationContext(Question("the names of sails torn", date(2024, 1, 1)), schema, hits)
    items = link(context, build_index(schema))
    for item in items:
        if item.kind in ("noun", "value"):
            meant = [each.table for each in (*item.entries, *item.hits)]
            assert meant[0] == "sail"
            assert len(meant) <= 12
