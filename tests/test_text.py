"""Tokens, normal forms and lemmas; every span points into the caller's own text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datus.text import is_chinese, is_known, lemma, normalise, simplify, stem, tokenize


def kinds(text: str) -> list[tuple[str, str]]:
    return [(token.text, token.kind) for token in tokenize(text)]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Show the Huts", ["show", "the", "huts"]),
        ("1,234.5 and 1,23", ["1234.5", "and", "1", ",", "23"]),
        ("3rd 5kg 12", ["3rd", "5kg", "12"]),
        ("Don't", ["do", "not"]),
        ("can't won't n't", ["can", "not", "will", "not", "n"]),
        ("the warden's pay", ["the", "warden", "pay"]),
        ("wardens' pay", ["wardens", "'", "pay"]),
        ("北京 A区", ["北", "京", "a", "区"]),
        ("“x” ‘y’「z」", ['"', "x", '"', "'", "y", "'", '"', "z", '"']),
        ("a_b-c", ["a", "_", "b", "-", "c"]),
        ("", []),
        (" \t\n", []),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert [token.text for token in tokenize(text)] == tokens


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("５月", [("5", "number"), ("月", "chinese")]),
        ("數據庫", [("数", "chinese"), ("据", "chinese"), ("库", "chinese")]),
        ("naïve", [("naïve", "word")]),
        ("Сколько 한국", [("сколько", "word"), ("한국", "word")]),
        ("𠮷", [("𠮷", "chinese")]),
        ("×%€🙂", [("×", "mark"), ("%", "mark"), ("€", "mark"), ("🙂", "mark")]),
    ],
)
def test_no_letter_of_any_script_is_a_mark(text: str, found: list[tuple[str, str]]) -> None:
    assert kinds(text) == found


def test_spans_are_of_the_text_as_given() -> None:
    text = "Ⅷ号ﬁne don't 「客戶」"
    spans = {token.text: text[slice(*token.span)] for token in tokenize(text)}
    assert spans["viii"] == "Ⅷ"
    assert spans["fine"] == "ﬁne"
    assert spans["not"] == "n't"
    assert spans["户"] == "戶"


@given(st.text(max_size=80) | st.text("un't' don.", max_size=12))
def test_spans_never_overlap_or_leave_the_text(text: str) -> None:
    at = 0
    for token in tokenize(text):
        start, end = token.span
        assert token.text
        assert 0 <= start < end <= len(text)
        assert start >= at - 1  # parts of one character that unfolded share its place
        at = max(at, end)


@given(st.text(max_size=80))
def test_normal_form_has_a_place_for_every_character(text: str) -> None:
    normal = normalise(text)
    assert len(normal.places) == len(normal.text) + 1
    assert list(normal.places) == sorted(normal.places)
    assert normal.places[-1] == len(text)


def test_an_empty_piece_of_a_normal_form_has_a_place() -> None:
    assert normalise("abc").span(1, 1) == (1, 1)
    assert normalise("abc").span(1, 3) == (1, 3)


@pytest.mark.parametrize(
    ("given_", "simple"), [("客戶訂單資料", "客户订单资料"), ("臺灣", "台湾"), ("plain", "plain")]
)
def test_traditional_characters_become_simplified_ones(given_: str, simple: str) -> None:
    assert simplify(given_) == simple


@given(st.text(max_size=60))
def test_simplifying_keeps_the_length(text: str) -> None:
    assert len(simplify(text)) == len(text)


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("cities", "city"), ("children", "child"), ("huts", "hut"), ("studies", "study"), ("women", "woman"),
        ("ratings", "rating"), ("buildings", "building"), ("data", "data"),
        ("id", "id"), ("2023", "2023"), ("数", "数"), ("naïve", "naïve"),
    ],
)  # fmt: skip
def test_lemma(word: str, base: str) -> None:
    assert lemma(word) == base


def test_known_words() -> None:
    assert is_known("mountain")
    assert not is_known("qzxv")
    assert not is_known("")


def test_derived_words_share_a_stem() -> None:
    assert stem("nationality") == stem("nation")
    assert stem("departments") == stem("department")
    assert stem("hut") != stem("hunt")


@pytest.mark.parametrize(("text", "chinese"), [("患者 huts", True), ("huts", False), ("", False)])
def test_is_chinese(text: str, chinese: bool) -> None:
    assert is_chinese(text) is chinese
