"""What metrics and dimensions may be called in a question: phrases of normalised words, each with a score."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from datus.generation.offline.metrics.cues import LIGHT_WORDS
from datus.generation.offline.names import SYNONYMS
from datus.identifiers import identifier_words, split_identifier
from datus.text import is_chinese, lemma, tokenize
from datus.types import Dimension, Grain, Metric, MetricCatalogue, Term

Phrase = tuple[str, ...]
Called = tuple[Phrase, float]
Role = Literal["metric", "dimension"]

_ARTICLES = frozenset({"the", "a", "an", "的"})
# Words that a name may have and a question leave out, as they do not narrow what is counted.
_SPARED = frozenset(
    "total overall sum net gross average avg mean monthly daily weekly quarterly yearly annual".split()
)
_AVERAGES = frozenset({"average", "avg", "mean"})
_SPARED_CHINESE = ("平均", "每月", "每日", "每周", "每年", "月", "日", "周", "年", "总", "净", "毛")
_COUNTED = frozenset({"count", "number", "total", "volume", "quantity"})
_COUNTED_CHINESE = (
    "总数量", "总次数", "总人数", "总数", "总量", "总额", "数量", "次数", "人数", "个数", "笔数", "单数", "件数", "金额", "数",
    "量", "额",
)  # fmt: skip
RATES = frozenset({"rate", "ratio", "percentage", "proportion"})
RATES_CHINESE = ("率", "比例", "比率", "百分比")
"""Words for a figure that is a part of a whole, one as good as the other behind a ratio's own name."""
_GENERIC = frozenset({"name", "title", "label", "id", "code", "key", "number", "no"})
_NAMELESS = _GENERIC | _COUNTED | LIGHT_WORDS
NAMING = frozenset({"name", "title", "label", "id", "code"})
"""Attributes that tell which one of its kind a thing is."""
_GENERIC_CHINESE = ("名称", "名字", "姓名", "编号", "代码", "名")
_POINTERS = frozenset(
    """another other word words name names for same as see synonym synonyms alias means mean meaning also called
    short stands abbreviation equal equals to is of our we it metric figure company business use used 即 同 指 等 于
    又 称 别 名 就 是 为 的 指标 我 们 公 司 也 叫 做 简 见 一 样 与 和 相 同 口 径 说""".split()
)  # fmt: skip
_CLAUSE_END = re.compile(r"[,.;:()|/，。；：、（）\n]|\s-\s")
_SHUFFLED = 5
_CLAUSE_ENGLISH = (2, 6)
_CLAUSE_CHINESE = (4, 12)


@dataclass(frozen=True, slots=True)
class Name:
    """What a phrase may mean; higher is surer. ``bare``: a name without its word for counting."""

    role: Role
    name: str
    score: float
    bare: bool = False
    grain: Grain | None = None


@dataclass(frozen=True)
class Names:
    """Every phrase that may name a metric or dimension of a catalogue."""

    phrases: Mapping[Phrase, tuple[Name, ...]]
    longest: int
    abbreviable: Mapping[str, tuple[tuple[str, str], ...]]
    shuffled: Mapping[frozenset[str], tuple[Name, ...]]

    def find(self, phrase: Phrase) -> tuple[Name, ...]:
        """What a phrase may mean, surest first."""
        found = self.phrases.get(phrase, ())
        if not found and 3 <= len(phrase) <= _SHUFFLED and phrase[0].isascii():
            found = self.shuffled.get(frozenset(phrase), ())
        if found or not 4 <= len(phrase) <= 8 or not all(is_chinese(word) for word in phrase):
            return found
        return self._abbreviated("".join(phrase))

    def _abbreviated(self, said: str) -> tuple[Name, ...]:
        """As in 月活用户 for 月活跃用户数: the name's own characters in order, most of them, first and last kept."""
        shares: dict[str, float] = {}
        for whole, metric in self.abbreviable.get(said[0], ()):
            base = next((whole[: -len(c)] for c in _COUNTED_CHINESE if whole.endswith(c)), whole)
            short = said[-1] in (whole[-1], base[-1]) and len(said) < len(whole)
            if short and 3 * len(said) >= 2 * len(whole) and _is_subsequence(said, whole):
                shares[metric] = max(shares.get(metric, 0.0), len(said) / len(whole))
        return tuple(Name("metric", metric, 0.5 + 0.25 * share) for metric, share in shares.items())


def _is_subsequence(short: str, whole: str) -> bool:
    places = iter(whole)
    return all(char in places for char in short)


def word_form(word: str) -> str:
    """A word as phrases hold it: its dictionary form, and no plural that dictionaries keep."""
    return "sale" if word == "sales" else lemma(word)


def phrase_of(words: Iterable[str]) -> Phrase:
    """Words as a phrase: articles left out."""
    return tuple(word_form(word) for word in words if word not in _ARTICLES)


def spoken(text: str) -> Phrase:
    """A label, synonym or clause as a phrase."""
    return phrase_of(token.text for token in tokenize(text) if token.kind != "mark")


def build_names(
    catalogue: MetricCatalogue, terms: Iterable[Term], said: frozenset[str] | None = None
) -> Names:
    """Read the names of all metrics found and of their dimensions; with ``said`` only those made of its words."""
    found: dict[Phrase, dict[tuple[Role, str], Name]] = defaultdict(dict)
    for phrase, name in _all_names(catalogue, terms):
        if said is None or said.issuperset(phrase):
            known = found[phrase].get((name.role, name.name))
            if known is None or known.score < name.score:
                found[phrase][name.role, name.name] = name
    abbreviable: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for metric in catalogue.metrics:
        for label in _abbreviable(metric):
            abbreviable[label[0]].append((label, metric.name))
    phrases = {
        phrase: tuple(sorted(each.values(), key=lambda name: -name.score))
        for phrase, each in found.items()
    }
    return Names(
        phrases,
        max((len(phrase) for phrase in found), default=1),
        {first: tuple(names) for first, names in abbreviable.items()},
        _shuffled(phrases),
    )


def _shuffled(
    phrases: Mapping[Phrase, tuple[Name, ...]],
) -> Mapping[frozenset[str], tuple[Name, ...]]:
    """Whole names of metrics by their words in any order: "yoy revenue growth"; with "per" the order matters."""
    found: dict[frozenset[str], tuple[Name, ...]] = {}
    for phrase, names in phrases.items():
        whole = tuple(name for name in names if name.role == "metric" and name.score >= 0.98)
        if whole and len(phrase) >= 3 and not {"per", "of"} & set(phrase):
            found[frozenset(phrase)] = tuple(replace(name, score=0.93) for name in whole)
    return found


def _all_names(catalogue: MetricCatalogue, terms: Iterable[Term]) -> Iterator[tuple[Phrase, Name]]:
    for metric in catalogue.metrics:
        yield from metric_names(metric)
    used = {name for metric in catalogue.metrics for name in metric.dimensions}
    for dimension in catalogue.dimensions.values():
        if dimension.name in used:
            yield from dimension_names(dimension)
    for term in terms:
        pointed = _pointed(term, catalogue)
        if pointed is not None:
            for said in (term.word, *term.synonyms):
                if (phrase := spoken(said)) and _names_something(phrase):
                    yield phrase, Name("metric", pointed, 0.95)


@lru_cache(maxsize=4_000)
def metric_names(metric: Metric) -> tuple[tuple[Phrase, Name], ...]:
    """The phrases for one metric, ready to be looked up."""
    return tuple(
        (phrase, Name("metric", metric.name, score, bare))
        for phrase, score, bare in metric_phrases(metric)
        if _names_something(phrase) or (score >= 0.98 and not (_GENERIC | _COUNTED) & set(phrase))
    )


@lru_cache(maxsize=4_000)
def dimension_names(dimension: Dimension) -> tuple[tuple[Phrase, Name], ...]:
    """The phrases for one dimension, ready to be looked up."""
    plain = [
        (phrase, Name("dimension", dimension.name, score))
        for phrase, score in dimension_phrases(dimension)
    ]
    grained = [
        (phrase, Name("dimension", dimension.name, 0.97, grain=grain))
        for phrase, grain in grained_phrases(dimension)
    ]
    return tuple((phrase, name) for phrase, name in (*plain, *grained) if _names_something(phrase))


@lru_cache(maxsize=4_000)
def _abbreviable(metric: Metric) -> tuple[str, ...]:
    labels = [said for text in (metric.label, *metric.synonyms) for said in _said(text)]
    return tuple(
        label for label in labels if len(label) >= 5 and all(is_chinese(char) for char in label)
    )


def _names_something(phrase: Phrase) -> bool:
    return bool(phrase) and "".join(phrase) not in _NAMELESS


@lru_cache(maxsize=4_000)
def metric_phrases(metric: Metric) -> tuple[tuple[Phrase, float, bool], ...]:
    """The phrases for one metric: whether it is whole, and whether its word for counting is left out."""
    return tuple(_metric_phrases(metric))


def _metric_phrases(metric: Metric) -> Iterator[tuple[Phrase, float, bool]]:
    spelled = phrase_of(split_identifier(metric.name))
    for phrase, score in (
        (spelled, 1.0),
        (phrase_of(identifier_words(metric.name)), 1.0),
        *((spoken(said), 1.0) for said in _said(metric.label)),
        *((spoken(said), 0.98) for synonym in metric.synonyms for said in _said(synonym)),
    ):
        if not phrase:
            continue
        yield phrase, score, False
        if metric.kind == "ratio":
            yield from ((rated, score * 0.95, False) for rated in _rated(phrase))
        if is_chinese("".join(phrase)):
            yield from _chinese_parts(phrase, score)
        else:
            yield from _english_parts(phrase, score)
    for phrase in _clauses(metric.description):
        yield phrase, 0.8, False


def _rated(phrase: Phrase) -> Iterator[Phrase]:
    """A rate by its other words: "cancellation percentage", "ratio of cancellation", 取消比例."""
    ending = 1 + (phrase[-1] in ("率", "比") and phrase[-2:-1] in (("比",), ("占",)))
    stem = phrase[:-ending]
    if len(stem) < 1 + is_chinese("".join(phrase)):
        return
    if phrase[-1] in RATES:
        for word in sorted(RATES - {phrase[-1]}):
            yield (*stem, word)
            yield (word, "of", *stem)
    elif phrase[-1] == "率":
        yield from ((*stem, *word) for word in RATES_CHINESE if word != "率")


def _said(label: str) -> tuple[str, ...]:
    """A label's names, one for each language where ``|`` parts them: "Revenue | 销售额"."""
    return tuple(part.strip() for part in re.split(r"[|\n]", label) if part.strip())


def _english_parts(phrase: Phrase, score: float) -> Iterator[tuple[Phrase, float, bool]]:
    if len(phrase) == 1:
        return
    if phrase[:2] in (("number", "of"), ("count", "of"), ("sum", "of"), ("total", "of")):
        yield phrase[2:], score * 0.95, True
    elif phrase[-1] in _COUNTED:
        yield phrase[:-1], score * 0.93, True
        yield (phrase[-1], "of", *phrase[:-1]), score * 0.97, False
    elif phrase[0] in _COUNTED:
        yield phrase[1:], score * 0.93, True
    if phrase[-1] in ("rate", "ratio") and len(phrase) > 2:
        yield phrase[:-1], score * 0.87, False
    if "per" in phrase[1:-1]:
        at = phrase.index("per")
        yield (*phrase[at:], *phrase[:at]), score * 0.95, False
    elif len(phrase) <= 4 and "of" not in phrase:
        yield (phrase[-1], "of", *phrase[:-1]), score * 0.93, False
    elif phrase.count("of") == 1 and phrase[0] not in _COUNTED | {"of"} and phrase[-1] != "of":
        at = phrase.index("of")
        yield (*phrase[at + 1 :], *phrase[:at]), score * 0.93, False
    start = next((at for at, word in enumerate(phrase) if word not in _SPARED), len(phrase))
    left = phrase[start:]
    if start and left and (len(left) > 1 or not _AVERAGES & set(phrase[:start])):
        yield left, score * (0.6 + 0.25 * len(left) / len(phrase)), False


def _chinese_parts(phrase: Phrase, score: float) -> Iterator[tuple[Phrase, float, bool]]:
    whole = "".join(phrase)
    for ending in _COUNTED_CHINESE:
        if whole.endswith(ending) and len(phrase) - len(ending) >= 2:
            yield phrase[: -len(ending)], score * 0.85, True  # 订单数 ends in 单数 too
    for start in _SPARED_CHINESE:
        if whole.startswith(start) and len(phrase) - len(start) >= (4 if start == "平均" else 2):
            left = phrase[len(start) :]
            yield left, score * (0.6 + 0.25 * len(left) / len(phrase)), False
            break


def _clauses(description: str) -> Iterator[Phrase]:
    """The first clause of a description, in each language it has, where it is short and closed: a clause
    that goes on to narrow itself ("orders that ...") is a name only as a whole."""
    for text in re.split(r"[|\n/]", description):
        clause = _CLAUSE_END.split(text.strip(), maxsplit=1)[0].strip()
        phrase = spoken(clause)
        low, high = _CLAUSE_CHINESE if is_chinese(clause) else _CLAUSE_ENGLISH
        if low <= len(phrase) <= high:
            yield phrase


@lru_cache(maxsize=4_000)
def dimension_phrases(dimension: Dimension) -> tuple[Called, ...]:
    """The phrases for one dimension, with the entities it is reached by and without."""
    return tuple(_dimension_phrases(dimension))


def _dimension_phrases(dimension: Dimension) -> Iterator[Called]:
    parts = [phrase_of(identifier_words(part)) for part in dimension.name.split("__") if part]
    path = tuple(word for part in parts for word in part)
    yield path, 1.0
    attribute = parts[-1] if parts else ()
    entity = parts[-2] if len(parts) > 1 else ()
    if entity and attribute[: len(entity)] == entity and len(attribute) > len(entity):
        yield attribute, 0.98
        attribute = attribute[len(entity) :]
    if attribute and attribute[0] in ("is", "has") and len(attribute) > 1:
        attribute = attribute[1:]
    yield from _named(attribute, 0.9)
    if entity:
        yield from _named((*entity, *attribute), 1.0)
        if attribute and attribute[-1] in _GENERIC:
            yield from _with_synonyms(entity, 0.92 if attribute[-1] in ("name", "title") else 0.75)
    if len(parts) > 2:
        yield from _named((*parts[0], *attribute), 0.97)
        if attribute and attribute[-1] in _GENERIC:
            yield (*parts[0], *entity), 0.97
    for text, score in ((dimension.label, 1.0), *((each, 0.98) for each in dimension.synonyms)):
        for said in _said(text):
            yield from _labelled(spoken(said), score)


@lru_cache(maxsize=4_000)
def initials(dimension: Dimension) -> frozenset[str]:
    """The one character that a dimension may be called by behind 各 or 按: 店 of 门店, 国 of 国家.

    It begins or ends the name's noun, which of four characters is the last two: 区 of 站点区域.
    """
    texts = (said for text in (dimension.label, *dimension.synonyms) for said in _said(text))
    short = (said for said in texts if 2 <= len(said) <= 4 and all(map(is_chinese, said)))
    nouns = (said[-2:] if len(said) == 4 else said for said in short)
    return frozenset(char for noun in nouns for char in (noun[0], noun[-1])) - _COUNTERS


# Behind 各 and 每 they count things, people, money or time, and stand for no dimension.
_COUNTERS = frozenset(
    "单人次件笔位名个家台辆张条款户客天日月年周季时分秒期号额量数率价元块种类项些样大小新总平均间所本份"
)


@lru_cache(maxsize=4_000)
def grained_phrases(dimension: Dimension) -> tuple[tuple[Phrase, Grain], ...]:
    """As in "signup month", 注册月份: a named time at a grain."""
    if dimension.kind != "time":
        return ()
    found: dict[Phrase, Grain] = {}
    for phrase, score in dimension_phrases(dimension):
        ending = next((e for e in _TIMES if len(phrase) > len(e) and phrase[-len(e) :] == e), ())
        stem = phrase[: len(phrase) - len(ending)]
        if score >= 0.9 and ending and "of" not in phrase:
            for grain, words in _PERIODS.items():
                found.update({(*stem, *word): grain for word in words})
    return tuple(found.items())


_TIMES: tuple[Phrase, ...] = (("date",), ("time",), ("at",), ("day",), ("日", "期"), ("时", "间"))
_PERIODS: Mapping[Grain, tuple[Phrase, ...]] = {
    "day": (("day",), ("日",)),
    "week": (("week",), ("周",)),
    "month": (("month",), ("月", "份"), ("月",)),
    "quarter": (("quarter",), ("季", "度")),
    "year": (("year",), ("年", "份"), ("年",)),
}


def _named(phrase: Phrase, score: float) -> Iterator[Called]:
    if not phrase:
        return
    yield from _with_synonyms(phrase, score)
    if 2 <= len(phrase) <= 3:
        yield (phrase[-1], "of", *phrase[:-1]), score * 0.97


def _with_synonyms(phrase: Phrase, score: float) -> Iterator[Called]:
    yield phrase, score
    if len(phrase) == 1:
        for group in SYNONYMS:
            if phrase[0] in group:
                yield from (((other,), score * 0.9) for other in sorted(group - {phrase[0]}))


def _labelled(phrase: Phrase, score: float) -> Iterator[Called]:
    """A label, without a word that only says that it is a name, and its end alone."""
    if not phrase:
        return
    yield from _named(phrase, score)
    whole = "".join(phrase)
    if is_chinese(whole):
        generic = next((g for g in _GENERIC_CHINESE if whole.endswith(g)), "")
        left = phrase[: len(phrase) - len(generic)]
        if generic and len(left) >= 2:
            yield left, score * 0.92
        if len(left) >= 4:
            yield left[-2:], score * 0.85
    elif phrase[-1] in _GENERIC and len(phrase) > 1:
        yield from _with_synonyms(phrase[:-1], score * 0.92)
    elif len(phrase) > 1 and phrase[-1] not in ("date", "time", "type", "status", "group"):
        yield phrase[-1:], score * 0.85


def _pointed(term: Term, catalogue: MetricCatalogue) -> str | None:
    """The metric that a term is another word for; a meaning that says more than its name is none."""
    named = {metric.name for metric in catalogue.metrics}
    if term.sql.strip() in named:
        return term.sql.strip()
    meaning = spoken(_CLAUSE_END.split(term.meaning.strip(), maxsplit=1)[0])
    found: set[str] = set()
    for metric in catalogue.metrics:
        for phrase, score, bare in metric_phrases(metric):
            if score >= 0.98 and not bare and _says_only(meaning, phrase):
                found.add(metric.name)
    return found.pop() if len(found) == 1 else None


def _says_only(meaning: Phrase, phrase: Phrase) -> bool:
    size = len(phrase)
    for start in range(len(meaning) - size + 1):
        if meaning[start : start + size] == phrase:
            rest = (*meaning[:start], *meaning[start + size :])
            return all(word in _POINTERS for word in rest)
    return False
