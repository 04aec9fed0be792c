"""Verbs of events, answers of yes and no, and other words for values: where they lead, and what stays refused."""

from typing import Any

import pytest

from datus.errors import RefusalError
from datus.generation.offline.events import event_tables
from datus.generation.offline.poles import says_no
from datus.knowledge.wording import other_words


@pytest.mark.parametrize(
    "question",
    [
        "How many bikes did we sell in 2023?",  # kinds, or pieces
        "Which client bought the most bikes?",
        "How many bikes were sold per month?",
        "Which clients donated in 2023?",  # no such event
        "哪些客户捐过款？",
        "Which clients rented a red bike?",
    ],
)
def test_what_an_event_does_not_say_is_refused(shop: Any, question: str) -> None:
    with pytest.raises(RefusalError):
        shop.ask(question)


@pytest.mark.parametrize(
    ("words", "tables"),
    [
        (("bought",), ("sales",)),
        (("sold",), ("sales",)),
        (("came", "back"), ("bike_return",)),
        (("reviewed",), ("review",)),
        (tuple("买"), ("sales",)),
        (tuple("退过货"), ("bike_return",)),
        (("donated",), ()),
        (("lived",), ()),
    ],
)
def test_a_verb_leads_to_the_tables_of_its_events(
    shop: Any, words: tuple[str, ...], tables: tuple[str, ...]
) -> None:
    assert event_tables(shop.prepared.index, words) == tables


@pytest.mark.parametrize(
    ("said", "column", "no"),
    [
        ("inactive", ("is", "active"), True),
        ("discontinued", ("is", "active"), True),
        ("active", ("discontinued",), True),
        ("discontinued", ("discontinued",), False),
        ("unpaid", ("is", "paid"), True),
        ("settled", ("is", "paid"), False),
        ("non-refundable", ("refundable",), True),
        ("未婚", ("married",), True),
        ("active", ("is", "active"), False),
    ],
)
def test_words_for_the_answer_no(said: str, column: tuple[str, ...], *, no: bool) -> None:
    assert says_no(said, column) is no


def test_other_words_for_values() -> None:
    assert "mobile" in other_words("phone")
    assert {"cancelled", "canceled"} & set(other_words("cancellations"))
    assert "credit card" in other_words("信 用 卡")
    assert other_words("the") == ()
