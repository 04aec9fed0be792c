"""Whatever is asked: metric queries that the catalogue can answer, or a refusal; never another error."""

from hypothesis import given, settings
from hypothesis import strategies as st

from datus.errors import RefusalError
from datus.generation.base import MetricChoice
from datus.generation.offline import chinese, english
from datus.generation.offline.metrics import choose
from datus.generation.offline.metrics.cues import LIGHT_CHINESE
from datus.types import GenerationContext

from .conftest import CATALOGUE, METRICS, context

DATA = [
    "revenue", "rides", "new riders", "average fare", "labour cost", "cancellation rate", "cumulative revenue", "channel",
    "station", "district", "age", "student", "signup date", "plan", "app", "kiosk", "Harbour", "Old Mill", "Dutch",
    "收入", "骑行次数", "月活用户", "取消率", "累计收入", "渠道", "站点", "站点区域", "车型", "年龄", "学生", "小程序", "城东", "年卡",
    "takings", "churn", "2023", "in 2023", "last month", "vs last year", "YoY", "同比", "环比", "去年", "2023年3月",
]  # fmt: skip
MARKS = [*"?!,;:.'\"“”()%-*/\\、，。\n\x00\u200b🙂½²ﬁİß龍Ж", "--", "/*", "top5", "9" * 40, "9" * 320, "-3", "1e9"]  # fmt: skip
PIECES = st.sampled_from([*DATA, *DATA, *MARKS, "5", "一", "2万", *english.CUES, *chinese.CUES, *LIGHT_CHINESE])  # fmt: skip
QUESTIONS = st.one_of(
    st.lists(st.sampled_from(DATA), max_size=5).map(" by ".join),
    st.lists(PIECES, max_size=20).map(lambda pieces: " ".join(pieces)[:300]),
    st.lists(PIECES, max_size=20).map(lambda pieces: "".join(pieces)[:300]),
    st.text(max_size=200),
)


@settings(max_examples=400, deadline=None)
@given(QUESTIONS)
def test_a_choice_that_the_catalogue_has_or_a_refusal(text: str) -> None:
    asked = context(text)
    refused, choices = _chosen(asked)
    if refused is not None:
        assert refused.message
        assert refused.code in ("unanswerable", "ambiguous")
        assert {"words", "metrics", "dimensions"} <= refused.details.keys()
        return
    assert choose(asked) == choices
    assert len({choice.query for choice in choices}) == len(choices)
    for choice in choices:
        _check(choice, asked)


def _chosen(asked: GenerationContext) -> tuple[RefusalError | None, tuple[MetricChoice, ...]]:
    try:
        return None, choose(asked)
    except RefusalError as refused:
        return refused, ()


def _check(choice: MetricChoice, asked: GenerationContext) -> None:
    query = choice.query
    metrics = [metric for metric in METRICS if metric.name in query.metrics]
    assert len(metrics) == len(query.metrics) == len(set(query.metrics)) >= 1
    own = [set(metric.dimensions) for metric in metrics]
    for name in query.dimensions:
        plain = name if name in CATALOGUE.dimensions else name.rpartition("__")[0]
        assert all(plain in each for each in own)
    values = {hit.value for hit in asked.values}
    for condition in query.filters:
        assert all(condition.dimension in each for each in own)
        text = CATALOGUE.dimensions[condition.dimension].kind == "categorical"
        said = {value for value in condition.values if isinstance(value, str)}
        assert not text or said <= values
        assert len(condition.values) == 1 or condition.operator in ("in", "not in")
    columns = {*query.dimensions, *query.metrics} | {"metric_time" for _ in [1] if query.grain}
    columns |= {f"{name}_growth" for name in query.metrics if query.compare}
    assert all(order.by in columns for order in query.order)
    assert query.limit is None or query.limit >= 1
    assert query.start is None or query.end is None or query.start < query.end
    assert set(choice.times) <= set(asked.times)
    assert 0 < choice.score <= 1
    text = asked.question.text
    assert all(text[slice(*use.span)] == use.words for use in choice.words)
