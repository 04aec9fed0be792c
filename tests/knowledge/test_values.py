"""The index of values: which words of a question are data, and in which columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datus.knowledge.values import Place, ValueIndex, said_in_comment

PLACES = (
    Place("hut", "name", "Eagle House"),
    Place("hut", "name", "Eagle"),
    Place("hiker", "city", "Vienna"),
    Place("region", "name", "Vienna"),
    Place("hiker", "city", "北京"),
    Place("patient", "gender", "F"),
    Place("patient", "gender", "M"),
    Place("patient", "gender", "M", said="男性患者"),
    Place("trail", "difficulty", "easy"),
    Place("trail", "title", "A"),
    Place("trail", "title", "the"),
    Place("hut", "code", "AX-204"),
)
INDEX = ValueIndex.build(PLACES)


def found(text: str) -> set[tuple[str, str, str, str]]:
    return {(hit.table, hit.column, hit.value, text[slice(*hit.span)]) for hit in INDEX.find(text)}


def test_a_value_is_found_in_every_column_that_holds_it() -> None:
    assert found("stays in Vienna?") == {
        ("hiker", "city", "Vienna", "Vienna"),
        ("region", "name", "Vienna", "Vienna"),
    }


def test_longer_and_shorter_values_are_both_found() -> None:
    assert {words for *_, words in found("in the Eagle House")} == {"Eagle", "Eagle House"}


@pytest.mark.parametrize(
    "words", ["eagle house", "EAGLE HOUSE", "Eagle  House", "ＥＡＧＬＥ House"]
)
def test_case_width_and_space_do_not_matter(words: str) -> None:
    assert ("hut", "name", "Eagle House", words) in found(f"what of {words}?")


def test_marks_within_a_value_do_not_matter_and_marks_around_it_are_no_part() -> None:
    assert found("(AX 204)") == {("hut", "code", "AX-204", "AX 204")}
    assert found("“AX-204”") == {("hut", "code", "AX-204", "AX-204")}


def test_chinese_values_need_no_spaces() -> None:
    assert found("北京的患者") == {("hiker", "city", "北京", "北京")}


def test_words_without_meaning_are_no_values() -> None:
    assert found("a list of the huts") == set()


@pytest.mark.parametrize(
    ("words", "value"), [("female", "F"), ("women", "F"), ("男", "M"), ("女性", "F")]
)
def test_letters_that_stand_for_words(words: str, value: str) -> None:
    assert ("patient", "gender", value, words) in found(f"{words} patients")


def test_words_of_a_comment_stand_for_the_value() -> None:
    assert ("patient", "gender", "M", "男性患者") in found("有多少男性患者")


def test_the_same_letters_score_highest() -> None:
    def score(text: str) -> float:
        return max(hit.score for hit in INDEX.find(text) if hit.value == "Vienna")

    assert score("hikers of Vienna") > score("hikers of vienna") >= score("hikers of VIENNA") - 0.2
    assert score("hikers of vienna") < 0.85


def test_long_prose_is_left_out() -> None:
    assert not ValueIndex.build([Place("hut", "note", "word " * 40)]).find("word " * 40)
    assert not ValueIndex.build([Place("hut", "note", "?!"), Place("hut", "note", "")]).find("?!")


@given(st.text(max_size=120))
def test_spans_lie_in_the_text(text: str) -> None:
    for hit in INDEX.find(text):
        assert text[slice(*hit.span)].strip()
        assert 0 < hit.score <= 1


@pytest.mark.parametrize(
    ("comment", "values", "said"),
    [
        ("M=male, F=female", ["M", "F"], {("M", "male"), ("F", "female")}),
        ("性别；M=男，F=女", ["F", "M"], {("M", "男"), ("F", "女")}),
        ("状态：1=已支付、2=已取消", ["1", "2", "3"], {("1", "已支付"), ("2", "已取消"), ("1", "支付"), ("2", "取消")}),
        ("状态(1:待支付 2:待发货)", ["1", "2"], {("1", "待支付"), ("2", "待发货")}),
        ("是否有效，0否1是", ["0", "1"], {("0", "否"), ("1", "是")}),
        ("Gender: F female, M male | 性别：F 女，M 男", ["F", "M"], {("F", "female"), ("M", "male"), ("F", "女"), ("M", "男")}),
        ("Status: paid, failed | 状态：paid 成功，failed 失败", ["paid", "failed"], {("paid", "成功"), ("failed", "失败")}),
        ("渠道：门店(store)、线上（online）", ["store", "online"], {("store", "门店"), ("online", "线上")}),
        ("男=M, 女=F", ["F", "M"], {("M", "男"), ("F", "女")}),
        ("order status delivered today", ["delivered"], set()),
        ("level (hi = high season; lo = low season)", ["hi", "lo"], {("hi", "high season"), ("lo", "low season")}),
        ("m=male", ["M"], {("M", "male")}),
        ("x=unused", ["M"], set()),
        ("no values here", ["no", "values"], set()),
        ("", ["M"], set()),
    ],
)  # fmt: skip
def test_values_explained_in_a_comment(
    comment: str, values: list[str], said: set[tuple[str, str]]
) -> None:
    assert set(said_in_comment(comment, values)) == said


OTHERWISE = ValueIndex.build(
    [
        Place("loans", "loan_type", "mortgage"),
        Place("accounts", "account_type", "Savings account"),
        Place("orders", "status", "canceled"),
        Place("orders", "status", "processing"),
        Place("customers", "occupation", "teacher"),
        Place("customers", "city", "Beijing"),
        Place("machines", "dept", "Machining"),
    ]
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("the rate on mortgages", "mortgage"),
        ("all savings accounts", "Savings account"),
        ("orders that were cancelled", "canceled"),
        ("职业是教师的客户", "teacher"),
        ("北京的客户", "Beijing"),
        ("北京市的客户", "Beijing"),
        ("已取消的订单", "canceled"),
        ("处理中的订单", "processing"),
    ],
)
def test_values_said_otherwise(text: str, value: str) -> None:
    hits = OTHERWISE.find(text)
    assert {hit.value for hit in hits} == {value}
    assert max(hit.score for hit in hits) <= 0.75  # below a value that is said as it is written


@pytest.mark.parametrize(
    "text", ["which machines", "the orders process", "已处理的订单", "北极的客户", "cancelling"]
)
def test_what_means_another_state_or_thing_is_no_value(text: str) -> None:
    assert OTHERWISE.find(text) == ()


def test_a_value_that_is_said_as_it_is_written_has_no_other_forms() -> None:
    index = ValueIndex.build([Place("a", "b", "deposit"), Place("a", "b", "deposits")])
    assert [hit.value for hit in index.find("all deposits")] == ["deposits"]
