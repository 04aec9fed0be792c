"""Passes over words that are still unread and say again what the answer already holds."""

import re
from collections.abc import Iterator
from functools import lru_cache

from datus.generation.offline.metrics.draft import Draft
from datus.generation.offline.metrics.names import RATES, RATES_CHINESE, phrase_of, spoken
from datus.generation.offline.metrics.passes.figures import is_count, is_count_of_people
from datus.text import is_chinese, lemma
from datus.types import Dimension, Metric

_MONEY = frozenset({"money", "cash", "钱", "款", "多少钱"})
_PAID = frozenset({"paid", "spent"})
_PERSONS = frozenset({"people", "persons", "individuals"})
_VOLUMES = frozenset({"volume", "quantity", "tally"})
_MONEYED = frozenset(
    """revenue sale income profit margin cost expense spend spending amount price fare fee payment refund turnover
    earnings salary wage rent tax budget discount gmv arpu ltv money billed paid""".split()
)
_MONEYED_CHINESE = re.compile(
    r"收入|金额|销售额|营业额|成交额|费用|成本|利润|毛利|营收|价|款|花费|支出|工资|租金|税|客单|钱"
)
_AVERAGING = frozenset({"average", "avg", "mean", "均"})
# Nouns that say no more than the value beside them: "electric items", 高级类.
_GENERIC = frozenset(
    """item thing good product one stuff case piece article unit category type kind class group segment sort
    level tier variety version model variant option side holder""".split()
)
_CLASSES = frozenset("category type kind class group segment level tier".split())
_GENERIC_CHINESE = tuple(
    "方面 那边 这边 商品 产品 物品 东西 货品 货物 类别 类型 级别 款式 品类 类商品 类产品 类的 端 类 型 级 款 版 档 式 货 品 侧".split()
)
_NEGATION = re.compile(
    r"\b(?:not|no|non|never|without|except|unless|but|other than|apart|less|minus|before|after|net of"
    r"|gross of|nor|neither|only|left|leav\w+|filter\w*|remov\w+|drop\w*|discard\w*|skip\w*|deduct\w*"
    r"|omit\w*|ignor\w+|exclu\w+|outside|rather|instead|subtract\w*)\b|n't|[不除非未没无免减扣前后仅只剔]|去掉|过滤"
)
# Begins a clause that takes something away from what was said before it.
_LESS = re.compile(
    r" *(?:(?:except|excluding|without|before|after|net of|minus|less|not counting|not including|other than"
    r"|apart from) \w|(?:不含|不包括|不包含|扣除|剔除)..)"
)
_LISTING = re.compile(
    r"\b(?:and|or|plus|both|either|including|includes|such as|like|eg|e\.g)\b|[和或及与、&+/]|包括|包含|含|例如|加"
)
_SENTENCE = re.compile(r"[.!?。！？\n|]+(?:\s|$|(?<=[。！？\n|]))")
_CLAUSE = re.compile(r"[,;:()，；：（）]")
_SHORTEST = 2  # words or characters of a clause that tells what a figure is


def _free(draft: Draft) -> Iterator[int]:
    """Places of words that nothing explains yet."""
    for at, item in enumerate(draft.items):
        if at not in draft.taken and item.kind == "word" and not item.light:
            yield at


def money(draft: Draft) -> None:
    """As in "how much money", 多少钱, "fares paid by students", beside a metric of money."""
    metric = next((each for each in draft.metrics if _is_money(each)), None)
    if metric is None:
        return
    for at in _free(draft):
        text, before = draft.items[at].text.lower(), draft.before(at, "be", "relative")
        paid = (
            text in _PAID and before is not None and draft.option(before, "metric") == metric.name
        )
        if text in _MONEY or paid:
            draft.take(at)


def _is_money(metric: Metric) -> bool:
    said = " ".join((metric.name.replace("_", " "), metric.label, *metric.synonyms))
    words = set(spoken(said))
    if _AVERAGING & words or metric.kind == "ratio":
        return bool(
            {"price", "fare", "fee", "cost", "revenue", "value", "arpu"} & words or "价" in said
        )
    return bool(_MONEYED & words or _MONEYED_CHINESE.search(said))


def carriers(draft: Draft) -> None:
    """As in 贡献收入最多的渠道: the verb, before the figure or its rank; 贡献率 and 贡献占比 are shares."""
    for at in draft.cues("unplanned"):
        following = draft.next(at)
        ranked = following is not None and (
            draft.is_cue(following, "superlative") or draft.option(following, "metric") is not None
        )
        if draft.items[at].text == "贡献" and ranked and draft.items[at - 1].text != "的":
            draft.take(at)


def volumes(draft: Draft) -> None:
    """As in "ride volume", "how many people are new riders": the metric counts rides, or people."""
    for at in _free(draft):
        if draft.items[at].text.lower() in _PERSONS and draft.follows(at, "count"):
            if any(is_count_of_people(each) for each in draft.metrics):
                draft.take(at)
            continue
        before = draft.before(at)
        name = draft.option(before, "metric") if before is not None else None
        counted = any(each.name == name and is_count(each) for each in draft.metrics)
        if counted and lemma(draft.items[at].text.lower()) in _VOLUMES:
            draft.take(at)


def places(draft: Draft) -> None:
    """As in "where was revenue highest, by station": what it is split by answers where."""
    if draft.dimensions:
        draft.take(*list(draft.cues("where")))


def generics(draft: Draft) -> None:
    """As in "electric items", "of type electric", 手机端: a noun that only frames the value beside it."""
    free = list(_free(draft))
    for at in free:
        noun = lemma(draft.items[at].text.lower())
        behind, ahead = draft.before(at), draft.next(at, "of")
        frames = noun in _GENERIC and behind is not None
        names = noun in _CLASSES and ahead is not None
        if (frames and draft.option(behind or 0, "value") is not None) or (
            names and draft.option(ahead or 0, "value") is not None
        ):
            draft.take(at)
    for run in _runs([at for at in free if is_chinese(draft.items[at].text)]):
        said = "".join(draft.items[at].text for at in run)
        if draft.option(run[0] - 1, "value") is not None and said in _GENERIC_CHINESE:
            draft.take(*run)


def rates(draft: Draft) -> None:
    """As in "web conversion rate" where the ratio is called "conversion"; of an average it is no word."""
    for at in range(len(draft.items)):
        text = draft.items[at].text.lower()
        chinese = text in RATES_CHINESE
        if at in draft.taken or not (chinese or lemma(text) in RATES or text == "%"):
            continue
        places = (draft.before(at), None if chinese else draft.next(at, "of"))
        if any(place is not None and _is_share(draft, place) for place in places):
            draft.take(at)


def _is_share(draft: Draft, at: int) -> bool:
    """Whether a place names a ratio that is no average, by a name without a word for a ratio."""
    name = draft.option(at, "metric")
    metric = next((each for each in draft.metrics if each.name == name), None)
    if metric is None or metric.kind != "ratio":
        return False
    said = {word for text in (metric.label, *metric.synonyms) for word in spoken(text)}
    own = spoken(draft.items[at].text)
    rated = bool(RATES & set(own)) or own[-1:] in (("率",), ("比",))
    return not (_AVERAGING & said or rated)


def own_words(draft: Draft) -> None:
    """As in "visits to the website", where the description of visits says so.

    A sentence that excludes ("not cancelled", 不含) or lists parts ("web and app orders") explains none of
    its words, nor is a word explained that is part of another name.
    """
    free = list(_free(draft))
    told = [clause for metric in draft.metrics for clause in told_by(metric)] if free else []
    for at in free:
        word = phrase_of([draft.items[at].text.lower()])
        plain = not is_chinese(draft.items[at].text) and len(word) == 1
        if plain and any(word[0] in clause for clause in told) and not _is_named(draft, word[0]):
            draft.take(at, meaning=_told_of(draft, word))
    for run in _runs([at for at in free if is_chinese(draft.items[at].text)]):
        said = tuple("".join(draft.items[at].text for at in run))
        known = len(said) >= _SHORTEST and any(_within(said, clause) for clause in told)
        if known and not _is_named(draft, "".join(said)):
            draft.take(*run, meaning=_told_of(draft, said))


def _told_of(draft: Draft, said: tuple[str, ...]) -> str:
    whose = (each for each in draft.metrics if any(_within(said, told) for told in told_by(each)))
    return f"said of {next(whose).name}"


@lru_cache(maxsize=4_000)
def told_by(metric: Metric) -> tuple[tuple[str, ...], ...]:
    """The words of each clause of a metric's names and description that says plainly what it is."""
    found: list[tuple[str, ...]] = []
    for text in (metric.label, *metric.synonyms, metric.description):
        for sentence in _SENTENCE.split(text):
            for clause in _plain(_CLAUSE.split(sentence.lower())):
                words = spoken(clause)
                if len(words) >= _SHORTEST and not _LISTING.search(clause):
                    found.append(words)
    return tuple(found)


def _plain(clauses: list[str]) -> list[str]:
    """The clauses of a sentence that excludes nothing; else those before ", excluding ...", if that is how."""
    at = next((i for i, clause in enumerate(clauses) if _NEGATION.search(clause)), len(clauses))
    takes_away = at == len(clauses) or _LESS.match(clauses[at])
    return clauses[:at] if takes_away else []


def _is_named(draft: Draft, word: str) -> bool:
    """Whether a word is part of another metric's name or of a dimension's: it may mean that."""
    known = draft.context.metrics
    own = {metric.name for metric in draft.metrics}
    others = [metric for metric in known.metrics if metric.name not in own]
    return any(word in said for each in (*others, *known.dimensions.values()) for said in _names_of(each))  # fmt: skip


@lru_cache(maxsize=8_000)
def _names_of(each: Metric | Dimension) -> tuple[str | frozenset[str], ...]:
    """Names to look for a word in: by words in English, by characters in Chinese."""
    texts = (each.name.replace("_", " "), each.label, *each.synonyms)
    return tuple(text if is_chinese(text) else frozenset(spoken(text)) for text in texts)


def _runs(places: list[int]) -> Iterator[list[int]]:
    """Neighbours as one word each."""
    run: list[int] = []
    for at in places:
        if run and at != run[-1] + 1:
            yield run
            run = []
        run.append(at)
    if run:
        yield run


def _within(said: tuple[str, ...], clause: tuple[str, ...]) -> bool:
    size = len(said)
    return any(clause[at : at + size] == said for at in range(len(clause) - size + 1))
