"""The tables of ``expressions.py``, for several days as today."""

from itertools import pairwise
from types import ModuleType
from typing import Any

from datus.dates import read_times


def test_an_expression_is_read(row: Any, expressions: ModuleType) -> None:
    text, expected = row
    for today in expressions.TODAYS:
        found = read_times(text, today=today)
        spans = [(r.start, r.end) for r in found.ranges]
        assert spans == [expected(expressions.Almanac(today))], today
        assert found.comparisons == ()


def test_an_expression_is_read_inside_a_question(row: Any, expressions: ModuleType) -> None:
    text, expected = row
    today = expressions.TODAYS[0]
    chinese = not text.isascii() and row in expressions.CHINESE
    question = (
        f"请问{text},各地区的销售额" if chinese else f"Show revenue by region: {text}, please"
    )
    found = read_times(question, today=today).ranges
    assert [(r.start, r.end) for r in found] == [expected(expressions.Almanac(today))]
    assert all(question[slice(*r.span)] == r.words for r in found)


def test_a_comparison_is_read(compared: Any, expressions: ModuleType) -> None:
    text, expected, offsets = compared
    for today in expressions.TODAYS:
        found = read_times(text, today=today)
        spans = tuple((r.start, r.end) for r in found.ranges)
        assert spans == expected(expressions.Almanac(today)), today
        assert tuple(c.offset for c in found.comparisons) == offsets
        assert all(text[slice(*c.span)] == c.words for c in found.comparisons)
        taken = sorted(found.ranges + found.comparisons, key=lambda each: each.span)
        assert all(a.span[1] <= b.span[0] for a, b in pairwise(taken))


def test_nothing_is_guessed(nothing: str, expressions: ModuleType) -> None:
    for today in expressions.TODAYS:
        assert read_times(nothing, today=today).ranges == (), today


def test_the_tables_are_as_large_as_promised(expressions: ModuleType) -> None:
    assert min(len(expressions.ENGLISH), len(expressions.CHINESE)) >= 100
    assert len(expressions.NOTHING) >= 60
    assert len(expressions.TODAYS) >= 5
