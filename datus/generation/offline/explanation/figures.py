"""A metric query as a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from datus.generation.offline.explanation import chinese as in_chinese
from datus.generation.offline.explanation import english as in_english
from datus.generation.offline.explanation.chinese import GRAINS as CHINESE_GRAINS
from datus.generation.offline.metrics.draft import without_grain
from datus.text import is_chinese
from datus.types import (
    Dimension,
    FilterOperator,
    Grain,
    Metric,
    MetricCatalogue,
    MetricFilter,
    MetricQuery,
)

_ENGLISH: Mapping[FilterOperator, str] = {
    "=": "is", "!=": "is not", "in": "is", "not in": "is none of", "<": "is less than", "<=": "is at most",
    ">": "is more than", ">=": "is at least",
}  # fmt: skip
_CHINESE: Mapping[FilterOperator, str] = {
    "=": "为", "!=": "不为", "in": "为", "not in": "不为", "<": "小于", "<=": "不大于", ">": "大于", ">=": "不小于",
}  # fmt: skip


_ENGLISH_BEFORE: Mapping[Grain | Literal["previous"], str] = {
    "day": "a day before", "week": "a week before", "month": "a month before", "quarter": "a quarter before",
    "year": "a year before", "previous": "the period just before",
}  # fmt: skip
_CHINESE_BEFORE: Mapping[Grain | Literal["previous"], str] = {
    "day": "前一日", "week": "上周同期", "month": "上月同期", "quarter": "上季度同期", "year": "上年同期", "previous": "前一个周期",
}  # fmt: skip
# What a comparison adds to a metric's column, in English and Chinese.
_ADDED: Mapping[str, tuple[str, str]] = {
    "_previous": ("earlier {}", "对比期的{}"), "_growth": ("growth of {}", "{}的增长率"),
}  # fmt: skip


def explain_metrics(query: MetricQuery, catalogue: MetricCatalogue, *, chinese: bool) -> str:
    """What the SQL that is compiled from a metric query computes, in Chinese or English.

    Args:
        query: As it was compiled; its filters' values as the database spells them.
        catalogue: Holds the metrics and dimensions of the query. They are called by their labels, or
            by their first synonym in the asker's language where the label is in the other.
        chinese: The asker's language.
    """
    words = _Words(catalogue, chinese)
    return _in_chinese(query, words) if chinese else _in_english(query, words)


@dataclass(frozen=True, slots=True)
class _Words:
    """What the columns of a metric query are called."""

    catalogue: MetricCatalogue
    chinese: bool

    def metric(self, name: str) -> str | None:
        """A metric, or what a comparison adds to one; None where there is none of that name."""
        for metric in self.catalogue.metrics:
            if metric.name == name:
                return self._called(metric) or name
        for suffix, forms in _ADDED.items():
            metric_said = self.metric(name.removesuffix(suffix)) if name.endswith(suffix) else None
            if metric_said is not None:
                return forms[self.chinese].format(metric_said)
        return None

    def column(self, name: str) -> str:
        """Any column of a metric query."""
        if name == "metric_time":
            return "时间" if self.chinese else "time"
        dimension = self.catalogue.dimensions.get(without_grain(name))
        if dimension is None:
            return self.metric(name) or name
        said = self._called(dimension) or dimension.name
        grain = next((each for each in CHINESE_GRAINS if name == f"{dimension.name}__{each}"), None)
        if grain is None:
            return said
        return f"{said}所在的{CHINESE_GRAINS[grain]}" if self.chinese else f"{grain} of the {said}"

    def _called(self, one: Metric | Dimension) -> str:
        own = (each for each in (one.label, *one.synonyms) if is_chinese(each) == self.chinese)
        return next((each for each in own if each), one.label)

    def filter(self, condition: MetricFilter) -> str:
        """A condition on a dimension."""
        column = self.column(condition.dimension)
        if self.chinese:
            values = in_chinese.listed([in_chinese.quoted(v) for v in condition.values], "或")
            return f"{column}{_CHINESE[condition.operator]}{values}"
        values = in_english.listed([in_english.quoted(v) for v in condition.values], "or")
        return f"{column} {_ENGLISH[condition.operator]} {values}"


def _in_english(query: MetricQuery, words: _Words) -> str:
    keys = [words.column(each) for each in query.dimensions]
    keys += [query.grain] if query.grain else []
    said = in_english.listed([words.column(each) for each in query.metrics])
    said += f" for each {in_english.listed(keys)}" if keys else ""
    if query.filters:
        said += f", only where {' and '.join(words.filter(each) for each in query.filters)}"
    if query.start or query.end:
        said += f", {in_english.span(query.start, query.end)}"
    if query.compare:
        said += f", beside the figures of {_ENGLISH_BEFORE[query.compare]}, with the growth"
    count = "one" if query.limit == 1 else str(query.limit)
    if query.limit is not None and _is_ranking(query, words):
        (order,) = query.order
        extreme = "highest" if order.descending else "lowest"
        return f"{said}, only the {count} with the {extreme} {words.column(order.by)}."
    if query.order:
        ways = [
            f"{words.column(o.by)}, {'descending' if o.descending else 'ascending'}"
            for o in query.order
        ]
        said += f", sorted by {', then by '.join(ways)}"
    if query.limit is not None:
        said += f", only the first {count}"
    return f"{said}."


def _in_chinese(query: MetricQuery, words: _Words) -> str:
    keys = [words.column(each) for each in query.dimensions]
    keys += [CHINESE_GRAINS[query.grain]] if query.grain else []
    narrowed = [words.filter(each) for each in query.filters]
    if query.start or query.end:
        narrowed.insert(0, f"时间{in_chinese.span(query.start, query.end)}")
    said = f"在{'且'.join(narrowed)}的范围内，" if narrowed else ""
    said += f"按{'、'.join(keys)}分组，" if keys else ""
    said += f"计算{in_chinese.listed([words.column(each) for each in query.metrics])}"
    if query.compare:
        said += f"，与{_CHINESE_BEFORE[query.compare]}对比并计算增长率"
    if query.limit is not None and _is_ranking(query, words):
        (order,) = query.order
        extreme = "最高" if order.descending else "最低"
        return f"{said}，取{words.column(order.by)}{extreme}的{query.limit}条。"
    if query.order:
        ways = [f"{words.column(o.by)}{'降序' if o.descending else '升序'}" for o in query.order]
        said += f"，按{'、'.join(ways)}排序"
    if query.limit is not None:
        said += f"，取前{query.limit}条"
    return f"{said}。"


def _is_ranking(query: MetricQuery, words: _Words) -> bool:
    """Whether the rows that a limit keeps are those with the most or least of a figure."""
    return len(query.order) == 1 and words.metric(query.order[0].by) is not None
