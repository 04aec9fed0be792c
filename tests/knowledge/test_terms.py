"""Business terms where a text says them."""

import pytest

from datus.knowledge.terms import TermIndex
from datus.types import Term

ACTIVE = Term("active customer", "Ordered.", ("活跃客户", "MAU"), area=("sales",))
CUSTOMER = Term("customer", "Has an account.", ("客户",))
WEB = Term("Active Customer", "Logged in.", area=("web", "shop"))
LONG = Term("new active customer", "Ordered for the first time.", area=("web",))
TERMS = TermIndex((ACTIVE, CUSTOMER, WEB, LONG))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("How many active customers are there?", [ACTIVE]),
        ("ACTIVE  CUSTOMERS", [ACTIVE]),
        ("how active is a customer", [CUSTOMER]),
        ("上个月的活跃客户数", [ACTIVE]),
        ("上個月的活躍客戶數", [ACTIVE]),  # traditional characters
        ("每个客户的ＭＡＵ", [CUSTOMER, ACTIVE]),
        ("customers and active customers and customers", [CUSTOMER, ACTIVE]),
        ("customerly reactive", []),
        ("", []),
    ],
)
def test_terms_are_found_in_the_order_of_the_text(text: str, found: list[Term]) -> None:
    assert list(TERMS.find(text, ("sales", "retail"))) == found


def test_the_area_chooses_between_terms_of_one_word() -> None:
    assert TERMS.find("active customers", ("web",)) == (WEB,)
    assert TERMS.find("active customers", ("WEB", "shop")) == (WEB,)
    assert TERMS.find("active customers", ("web", "app")) == (CUSTOMER,)
    assert TERMS.find("active customers", ()) == (ACTIVE, WEB)


def test_a_longer_term_of_another_area_hides_none_of_this_one() -> None:
    assert TERMS.find("new active customers", ("sales",)) == (ACTIVE,)
    assert TERMS.find("new active customers", ("web",)) == (LONG,)


def test_marks_are_no_part_of_a_term() -> None:
    terms = TermIndex((Term("'; DROP TABLE x; --", "data"), Term("!?", "nothing to say")))
    assert [term.meaning for term in terms.find("do drop table X?", ())] == ["data"]
    assert terms.find("!? ;", ()) == ()
    assert TermIndex(()).find("anything", ()) == ()
