"""Names of tables and columns as the words that people say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datus.identifiers import ABBREVIATIONS, identifier_words, shared_prefix, split_identifier


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("trail_stop", "trail stop"),
        ("openedYear", "opened year"),
        ("sbCustName", "sb cust name"),
        ("HTTPServer", "http server"),
        ("APIKey", "api key"),
        ("T2Score", "t 2 score"),
        ("name_客户", "name 客户"),
        ("__x__", "x"),
        ("", ""),
    ],
)
def test_split(name: str, parts: str) -> None:
    assert split_identifier(name) == tuple(parts.split())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("order_items", "order item"),
        ("no_of_beds", "number of bed"),
        ("stuid", "student id"),
        ("fname", "first name"),
        ("l_name", "last name"),
        ("cname", "name"),
        ("deptno", "department number"),
        ("dob", "birth date"),
        ("CustAddr", "customer address"),
        ("studentname", "student name"),
        ("xyzzyq", "xyzzyq"),
        ("homepage", "homepage"),
        ("客户名称", "客户名称"),
    ],
)
def test_words(name: str, words: str) -> None:
    assert identifier_words(name) == tuple(words.split())


@pytest.mark.parametrize("short", sorted(ABBREVIATIONS))
def test_short_forms_are_written_out(short: str) -> None:
    assert identifier_words(f"x_{short}")[1:] == ABBREVIATIONS[short]


@pytest.mark.parametrize(
    ("names", "length"),
    [
        (["sbCustId", "sbCustName", "sbCustPhone"], 6),
        (["tbl_hut", "tbl_trail", "tbl_stay"], 4),
        (["custid", "custname", "custcity"], 4),
        (["bookid", "bookname", "booktitle", "bookyear"], 4),
        (["id", "name", "city"], 0),
        (["sbCustId", "sbCustName"], 0),  # two names may share a word by chance
        (["id", "id_x", "id_y"], 0),  # nothing would be left of the first
        (["name", "named", "names_x"], 0),
        ([], 0),
    ],
)
def test_shared_prefix(names: list[str], length: int) -> None:
    assert shared_prefix(names) == length


@given(st.lists(st.text(max_size=12), max_size=6))
def test_a_shared_prefix_leaves_something_of_every_name(names: list[str]) -> None:
    cut = shared_prefix(names)
    assert cut == 0 or all(name[cut:] for name in names)


@given(st.text(max_size=40))
def test_any_name_can_be_read(name: str) -> None:
    assert all(identifier_words(name))
    assert all(split_identifier(name))
