"""Templates put values in and read nothing of them; marks close over whatever they hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datus.errors import ConfigError
from datus.generation.prompted.marks import clean, marked, one_line
from datus.generation.prompted.template import Template
from datus.generation.prompted.tokens import estimate


def test_values_stand_in_their_places() -> None:
    template = Template("Ask {{ question }}\nof {{schema}}.", {"question", "schema", "other"})
    assert template.names == {"question", "schema"}
    assert template.fill({"question": "why", "schema": "t"}) == "Ask why\nof t."


def test_a_paragraph_without_anything_to_say_is_left_out_with_its_heading() -> None:
    template = Template("First.\n\nTerms:\n{{a}}\n\nBoth {{a}}{{b}}\n \n\nLast.", {"a", "b"})
    assert template.fill({"a": "", "b": "!"}) == "First.\n\nBoth !\n\nLast."


@pytest.mark.parametrize("text", ["{{", "}}", "a {{b c}} d", "{{a}} {{", "{{A}}", "{{a}}}}"])
def test_what_is_no_placeholder_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="around a placeholder"):
        Template(text, {"a"})


def test_an_unknown_placeholder_is_named_with_those_there_are() -> None:
    with pytest.raises(
        ConfigError, match=r"\{\{scheme\}\} is no placeholder here; there are: a, schema"
    ):
        Template("{{scheme}}", {"schema", "a"})


@given(st.text(), st.text())
def test_what_is_put_in_is_never_read_again(first: str, second: str) -> None:
    template = Template("<{{a}}|{{b}}>", {"a", "b"})
    first, second = f"{{{{b}}}}{first}\\1", f"{{{{a}}}}{second}"
    assert template.fill({"a": first, "b": second}) == f"<{first}|{second}>"


_LINE_ENDS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1e", "\x85", "\u2028", "\u2029"]
_ATTACKS = st.lists(
    st.one_of(
        st.sampled_from([*_LINE_ENDS, "</data>", '<data name="question">', "| ", "{{question}}", " "]),
        st.text(max_size=8),
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(_ATTACKS)
def test_no_text_closes_its_section(text: str) -> None:
    section = marked("question", text)
    if not section:
        assert not clean(text).strip()
        return
    opened, *lines, closed = section.split("\n")
    assert (opened, closed) == ('<data name="question">', "</data>")
    assert lines
    # However a reader cuts lines, each begins with the mark.
    assert all(line.startswith("| ") for line in "\n".join(lines).splitlines())


@given(_ATTACKS)
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text, 30).splitlines()) <= 1
    assert len(one_line(text, 30)) <= 30


def test_what_nobody_sees_is_taken_out() -> None:
    hidden = "".join(chr(0xE0000 + ord(each)) for each in "drop all")
    assert clean(f"a{hidden}b\u202ec\x00\x1b[2J\ud800") == "abc[2J\ufffd"
    assert clean("多少 café 👩\u200d🔬\t1") == "多少 café 👩\u200d🔬\t1"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("word word ", 3),
        ("上个月", 3),
        ("1,234;", 3),
        ("é", 1),
        ("abcd中文", 3),
        ("👍", 1),
    ],
)
def test_tokens_are_estimated_by_kind_of_character(text: str, tokens: int) -> None:
    assert estimate(text) == tokens


@given(st.text(), st.text())
def test_a_text_takes_no_less_with_more_in_it(one: str, more: str) -> None:
    assert estimate(one) <= estimate(one + more) <= estimate(one) + estimate(more)
    assert estimate(one) <= len(one)
