"""Typos and short forms lead to the words that were meant, and to no others."""

import pytest

from datus.knowledge.entries import Entry
from datus.knowledge.search import Index
from datus.knowledge.spelling import Spellings

WORDS = ("customer", "customs", "employee", "department", "dept", "shipment", "qty", "order")


def near(word: str) -> list[str]:
    (found,) = Spellings(WORDS).near([word])
    return [term for term, _ in found]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("custmer", "customer"),
        ("cutsomer", "customer"),
        ("employe", "employee"),
        ("shipmnet", "shipment"),
        ("cust", "customer"),
        ("shpmnt", "shipment"),
        ("quantity", "qty"),
    ],
)
def test_what_was_meant_is_found(said: str, meant: str) -> None:
    assert meant in near(said)


@pytest.mark.parametrize("said", ["weather", "oar", "dep-1", "客户", "rodero", "cus"])
def test_other_words_stay_strange(said: str) -> None:
    assert near(said) == []


def test_a_search_forgives_a_typo_only_where_the_word_is_unknown() -> None:
    entries = [
        Entry("table", "d", "a", "customer orders"),
        Entry("table", "d", "b", "customs duty"),
        Entry("table", "d", "c", "staff"),
    ]
    index = Index.of(entries)
    try:
        assert next(iter(index.search("custmer", "table", limit=3))).key == "a"
        assert [one.key for one in index.search("customs", "table", limit=3)] == ["b"]
        assert index.search("weather", "table", limit=3) == ()
    finally:
        index.close()
