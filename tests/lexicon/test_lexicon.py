"""The dictionary that ships, forms of English words, and where Chinese falls into words."""

import pytest

from datus.lexicon.dictionary import meanings
from datus.lexicon.forms import number_forms, past_forms, same_forms
from datus.lexicon.translation import in_english
from datus.lexicon.words import chinese_words
from datus.text import tokenize


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("利率", "interest rates"),
        ("护士", "nurse"),
        ("北京", "beijing"),
        ("四川", "sichuan"),
        ("冻结", "to freeze"),
        ("微信", "wechat"),
        ("取款", "to withdraw"),
    ],
)
def test_the_dictionary_has_words_that_name_data(word: str, meaning: str) -> None:
    assert meaning in meanings(word)


@pytest.mark.parametrize("word", ["", "鑫淼", "利率利率利率利率", "rate", "一二三\n", "\ud800"])
def test_what_is_no_word_has_no_meaning(word: str) -> None:
    assert meanings(word) == ()


def test_the_table_of_everyday_names_comes_before_the_dictionary() -> None:
    found = in_english("客户")
    assert found[0].words == ("customer",)
    assert all(each.rank >= 3 for each in found if each.said)


@pytest.mark.parametrize(
    ("word", "form"),
    [("cancelled", "canceled"), ("canceled", "cancelled"), ("cancelled", "cancel"), ("withdrawn", "withdraw")],
)  # fmt: skip
def test_other_spellings_of_a_participle(word: str, form: str) -> None:
    assert form in same_forms(word)


@pytest.mark.parametrize(
    ("word", "form"), [("shipped", "shipping"), ("processing", "processed"), ("order", "ordering")]
)
def test_what_is_done_is_not_what_goes_on(word: str, form: str) -> None:
    assert form not in same_forms(word)


def test_numbers_of_a_name() -> None:
    assert {"credit card", "credit cards"} <= number_forms(("credit", "cards"))
    assert "cities" in number_forms(("city",))
    assert "frozen" in past_forms("freeze")


def test_chinese_words_are_places_among_the_tokens() -> None:
    tokens = tokenize("5张信用卡 的 limit")
    words = [
        "".join(token.text for token in tokens[start:end]) for start, end in chinese_words(tokens)
    ]
    assert "信用卡" in words
    assert words[-1] == "的"
