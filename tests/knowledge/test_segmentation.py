"""Terms: what is indexed and what is asked are cut alike, in English, Chinese and names of code."""

from collections.abc import Collection

import pytest

from datus.knowledge.segmentation import Segmenter, chinese_names


def segmenter(*known: str) -> Segmenter:
    def among(names: Collection[str]) -> list[str]:
        return [name for name in names if name in known]

    return Segmenter(among)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a city of students", ("a", "city", "of", "student")),
        ("dwd_trd_ord_di", ("dwd", "trd", "ord", "order", "di")),
        ("sbCustName", ("sb", "cust", "customer", "name")),
        ("the student's grades", ("the", "student", "grade")),
        ("café Zürich", ("cafe", "zurich")),
        ("ＧＭＶ　２０２４", ("gmv", "2024")),
        ("Москва", ("москва",)),
        ("", ()),
        ('NEAR("x" names:*) ^', ("near", "x", "name")),
    ],
)
def test_terms_of_english_and_names(text: str, terms: tuple[str, ...]) -> None:
    assert segmenter().terms(text) == terms


def test_a_name_that_is_run_together_is_also_cut() -> None:
    assert {"stuid", "student", "id"} <= set(segmenter().terms("stuid"))


def test_chinese_is_cut_into_words() -> None:
    words = [word.word for word in segmenter().words("各地区的订单金额是多少")]
    assert words == ["地区", "订单", "金额"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What are the names of all shows?", ["names", "shows"]),
        ("Show the list of shows", ["list", "shows"]),
        ("Please list each show", ["show"]),
        ("请列出所有订单", ["订单"]),
    ],
)
def test_what_only_holds_a_question_together_is_left_out(text: str, words: list[str]) -> None:
    assert [word.word for word in segmenter().words(text)] == words


def test_a_known_name_is_kept_whole_and_its_words_too() -> None:
    terms = segmenter("退货率", "订单金额").terms("按地区看退货率和订单金额")
    assert {"地区", "退货率", "退货", "订单金额", "订单", "金额"} <= set(terms)


def test_the_longest_known_name_wins() -> None:
    cut = segmenter("活跃用户", "月活跃用户数", "用户数")
    assert cut.words("上海月活跃用户数")[1].word == "月活跃用户数"
    assert "活跃用户" not in cut.terms("上海月活跃用户数")


def test_traditional_characters_meet_simplified_names() -> None:
    assert "订单金额" in segmenter("订单金额").terms("訂單金額")


def test_scripts_side_by_side_are_parted() -> None:
    assert segmenter().terms("GMV增长") == ("gmv", "增长")


def test_a_word_keeps_its_alternatives_together() -> None:
    (word,) = segmenter().words("qty")
    assert word.terms == ("qty", "quantity")


def test_names_are_the_short_chinese_strings_of_a_comment() -> None:
    comment = "下单日期：用户提交訂單的日期，以系统记录的服务器时间为准并且不会再改 ok"
    assert list(chinese_names(comment)) == ["下单日期", "用户提交订单的日期"]
