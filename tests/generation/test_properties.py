"""Whatever is asked: candidates that the guard passes, or a refusal; never another error."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datus.errors import RefusalError
from datus.generation.offline import chinese, english
from datus.generation.offline.generator import OfflineGenerator
from datus.sql.guard import check

MARKS = "? ! , ; : . ' \" “ ” ( ) % - -- /* * ` \\ 、 ， 。 \n \x00 \u200b 🙂 ½ ² ﬁ İ ß 龍 Ж".split(
    " "
)
NUMBERS = [
    "0",
    "1",
    "5",
    "-3",
    "1,000",
    "3.5",
    "2023",
    "1e9",
    "9" * 40,
    "9" * 320,
    "two",
    "一",
    "2万",
    "5 million",
]
TIMES = [
    "in 2023",
    "last month",
    "after 2020",
    "2023-13-45",
    "去年",
    "3月",
    "2023年第一季度",
    "yesterday",
]
DATA = [
    "huts", "hut", "name", "names", "altitude", "beds", "wardens", "salary", "hikers", "age", "stays", "price",
    "cost", "trail", "Vienna", "Eagle House", "roof", "'x'", "“Pine Hut”", "医生", "患者", "姓名", "月薪", "药品", "单价",
    "诊断", "北京", "感冒", "内科", "女", "科室", "诊疗费", "unknown", "的", "是多少", "what", "the", "of", "and",
]  # fmt: skip
PIECES = st.sampled_from(
    [*DATA, *MARKS, *NUMBERS, *TIMES, "un", "n't", "'s", *english.CUES, *chinese.CUES]
)
QUESTIONS = st.one_of(
    st.lists(PIECES, max_size=25).map(lambda pieces: " ".join(pieces)[:300]),
    st.lists(PIECES, max_size=25).map(lambda pieces: "".join(pieces)[:300]),
    st.text(max_size=300),
)
EAGER = OfflineGenerator(least_confidence=-99)
"""Answers whatever it can plan at all, so that more plans meet the guard."""


@pytest.mark.parametrize("name", ["huts", "clinic"])
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=QUESTIONS)
def test_candidates_pass_the_guard_or_the_question_is_refused(
    worlds: dict[str, Any], name: str, text: str
) -> None:
    world = worlds[name]
    try:
        candidates = EAGER.candidates(world.context(text))
    except RefusalError:
        return
    assert candidates
    for candidate in candidates:
        checked = check(candidate.sql, world.schema)
        assert set(candidate.tables) <= set(checked.tables)
        for use in candidate.words:
            assert text[slice(*use.span)]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    value=st.text(min_size=1, max_size=60),
    before=st.sampled_from(["named", "with the name", "名为"]),
)
def test_quoted_text_stays_text(worlds: dict[str, Any], value: str, before: str) -> None:
    """Whatever stands in quotes can only become a literal."""
    world = worlds["huts"]
    text = f'hikers {before} "{value}"'
    try:
        best = EAGER.candidates(world.context(text))[0]
    except RefusalError:
        return
    assert world.rows(best.sql) is not None
