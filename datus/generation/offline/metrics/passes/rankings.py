"""Passes over order: the top N, the most and the least, and what to sort by."""

from datus.generation.offline.cues import CueKind
from datus.generation.offline.metrics.draft import Draft, Ranking
from datus.text import is_chinese, lemma
from datus.types import MetricOrder, WordUse

_BEFORE_KEY: tuple[CueKind, ...] = ("count", "aggregate", "distinct", "of", "growth", "relative")
_COUNTERS = frozenset("大 强 名 个 家 位 种 类 款 条 座 台 月 天 年 周 季度".split())

_SIZES = tuple("high low large small most least best big few 高 低 大 小 多 少".split())


def rankings(draft: Draft) -> None:
    """As in "top 5", "the highest", 前三名, 最高的5个: which way, and how many."""
    _by_metric(draft)
    for at in list(draft.cues("top", "superlative", "frequent")):
        if at in draft.taken:
            continue
        cue = draft.items[at].cue
        assert cue is not None
        if cue.measure is not None and not _measures(draft, cue.measure.heads):
            continue  # "oldest" is about no metric here: it stays unread, and that is the reason
        if _is_order(draft, at):
            continue
        limit_at = _limit_place(draft, at)
        if cue.kind == "top" and limit_at is None and is_chinese(draft.items[at].text):
            continue
        descending = cue.value != "asc"
        limit = int(draft.items[limit_at].number) if limit_at is not None else None
        if limit is not None and (limit < 1 or limit != draft.items[limit_at or 0].number):
            continue
        known = draft.ranking
        if known is not None and (known.descending != descending or (limit and known.limit)):
            draft.refuse(
                "The question asks for two rankings, and a metric query has one order and one limit."
                " Ask for one of them.",
                at,
            )
            continue
        if limit_at is not None:
            draft.take(limit_at, meaning=f"limit {limit}")
        draft.take(at, meaning="most first" if descending else "least first")
        single = limit is None and cue.kind != "top"
        if known is None:
            draft.ranking = Ranking(at, descending, limit, single)
        else:
            known.limit = known.limit or limit
            known.single = known.limit is None and known.single and single


def _is_order(draft: Draft, at: int) -> bool:
    """As in "highest revenue first": an order of all rows, not the choice of one."""
    key = draft.next(at)
    name = draft.option(key, "metric") if key is not None else None
    first = draft.next(key) if key is not None else None
    if name is None or first is None or draft.items[first].text.lower() != "first":
        return False
    cue = draft.items[at].cue
    draft.order = [MetricOrder(name, cue is None or cue.value != "asc")]
    draft.take(first)
    draft.take(at, meaning=f"sorted by {name}")
    return True


def counted(draft: Draft) -> None:
    """As in "5 stations with the fewest rides": how many rows, said right before what is ranked."""
    ranking = draft.ranking
    if ranking is None or ranking.limit is not None:
        return
    for at, item in enumerate(draft.items):
        place = draft.next(at, "unit", "of", "top", "superlative")
        key = place is not None and (
            draft.option(place, "dimension") is not None or draft.is_cue(place, "period")
        )
        whole = item.number >= 1 and item.number == int(item.number)
        if draft.is_number(at) and key and whole:
            ranking.limit, ranking.single = int(item.number), False
            draft.take(at, meaning=f"limit {ranking.limit}")
            return


def _measures(draft: Draft, heads: tuple[str, ...]) -> bool:
    """Whether a metric's name has a head that a comparing word is about: "longest" and a duration."""
    words = {
        lemma(word)
        for metric in draft.metrics
        for word in f"{metric.name.replace('_', ' ')} {metric.label}".lower().split()
    }
    return bool(words & set(heads))


def _limit_place(draft: Draft, at: int) -> int | None:
    after = draft.next(at, "of", "top", "unit")
    if draft.is_number(after) and after is not None and not _is_bound(draft, after):
        draft.take(*(place for place in range(at + 1, after) if draft.is_cue(place, "top", "unit")))
        behind = after + 1
        counted = behind < len(draft.items) and draft.items[behind].text in _COUNTERS
        if counted and not draft.is_cue(behind, "period"):
            draft.take(behind)
        return after
    before = draft.before(at)
    if draft.is_number(before) and before is not None and not draft.is_cue(before - 1, "compare"):
        return before
    return None


def _is_bound(draft: Draft, number_at: int) -> bool:
    return draft.is_cue(number_at - 1, "compare", "between")


def _by_metric(draft: Draft) -> None:
    """As in "top 5 stations by revenue", 按销售额排名: a metric behind "by" is what ranks."""
    for at in list(draft.cues("group")):
        place = draft.next(at, *_BEFORE_KEY)
        if place is not None and draft.items[place].comparison is not None:
            place = draft.next(place, *_BEFORE_KEY)  # "by yoy revenue growth"
        name = draft.option(place, "metric") if place is not None else None
        if name is None:
            continue
        if draft.has("top", "superlative", "frequent", "order", "direction"):
            draft.key, draft.key_at = name, place
            draft.take(at)
        elif any(dimension < at for dimension in draft.places("dimension")):
            draft.key = name
            draft.take(at, meaning="most first")
            draft.ranking = Ranking(at, descending=True)
        # else it stays unread: "revenue by orders" is no split


def sorts(draft: Draft) -> None:
    """As in "sorted by revenue descending", 从高到低, 排名, "in alphabetical order"."""
    directions = list(draft.cues("direction"))
    sorts_ = list(draft.cues("order"))
    alphabetical = list(draft.cues("alphabetical"))
    if not (directions or sorts_ or alphabetical):
        return
    cue = draft.items[directions[0]].cue if directions else None
    descending = cue.value == "desc" if cue is not None else None
    key_at = next((key for at in sorts_ if (key := _sort_key(draft, at)) is not None), None)
    if any(_tells_size(draft.items[at].text) for at in directions) and not _is_metric(
        draft, key_at
    ):
        key_at = None  # from high to low: figures, not the names that they are split by
    ranks = any((c := draft.items[at].cue) is not None and c.value == "desc" for at in sorts_)
    by = draft.key or _key_name(draft, key_at)
    if alphabetical and key_at is None:
        by = next(iter(draft.dimensions), None)
    if by is None:
        by = draft.metrics[0].name if draft.metrics else None
    if by is None:
        return
    metric = any(each.name == by for each in draft.metrics)
    if descending is None:
        descending = ranks or metric
    draft.take(*directions, *sorts_, *alphabetical, meaning=f"sorted by {by}")
    if draft.ranking is None:
        draft.order = [MetricOrder(by, descending)]
    elif not metric:
        draft.refuse("A query with a limit is ordered by its metric. Ask for one order.", *sorts_)


def _tells_size(direction: str) -> bool:
    """Whether a direction is one of figures: "highest first", 从多到少."""
    return any(word in direction.lower() for word in _SIZES)


def _is_metric(draft: Draft, at: int | None) -> bool:
    return at is not None and draft.option(at, "metric") is not None


def _sort_key(draft: Draft, at: int) -> int | None:
    """Where a sorting word's key stands: behind it in English, before or behind it in Chinese."""
    after = draft.next(at, "group", "each", "of")
    cue = draft.items[at].cue
    chinese = is_chinese(draft.items[at].text)
    if not chinese and cue is not None and cue.value and not draft.items[at].text.endswith("by"):
        return None  # "rank the stations": what is ranked is not what ranks it
    if after is not None and not chinese and _key_name(draft, after) is not None:
        return after
    if chinese:
        before = draft.before(at, "of", "direction", "superlative", "relative")
        if before is not None and draft.option(before, "metric") is not None:
            return before
        if before is not None and cue is not None and cue.value != "desc":
            return before if _key_name(draft, before) is not None else None
    return None


def _key_name(draft: Draft, at: int | None) -> str | None:
    if at is None:
        return None
    cue = draft.items[at].cue
    if cue is not None and cue.kind in ("period", "grain"):
        return "metric_time"
    return draft.option(at, "metric") or draft.option(at, "dimension")


def settle(draft: Draft) -> None:
    """Once it is known what the figures are split by: the order and the limit of a ranking."""
    ranking = draft.ranking
    for order in draft.order:
        if order.by == "metric_time" and draft.grain is None:
            draft.refuse(
                "The question sorts by time and does not split by time. Say by what grain."
            )
    if ranking is None or not draft.metrics:
        return
    keys = len(draft.dimensions) + (draft.grain is not None)
    if keys == 0:
        draft.refuse(
            "The question asks for the most or the least and does not say of what."
            " Name what to rank: a dimension, or a period.",
            ranking.at,
        )
        return
    listed = bool(draft.listed) or draft.grain_listed
    if ranking.single and not (keys == 1 and listed and draft.listed) and not _several(draft):
        ranking.limit = 1
        item = draft.items[ranking.at]
        draft.words.append(WordUse(item.text, item.span, "limit 1; of several that tie, one"))
    if ranking.limit is not None and keys > 1 and listed:
        draft.refuse(
            "The question asks for the first of each group, which a metric query cannot do."
            " Ask for the ranking over all, or for one group.",
            ranking.at,
        )
        return
    by = draft.key or _nearest_metric(draft, ranking.at)
    column = f"{by}_growth" if ranking.by_growth else by
    draft.order = [MetricOrder(column, ranking.descending)]


def _several(draft: Draft) -> bool:
    """Whether several rows are asked for: "which stations", 哪些地区."""
    for at in range(len(draft.items)):
        cue = draft.items[at].cue
        if cue is not None and cue.value == "which several":
            return True
        key = draft.option(at, "dimension") or draft.is_cue(at, "period")
        if at in draft.taken and key and draft.is_plural(at):
            return True
    return False


def _nearest_metric(draft: Draft, at: int) -> str:
    """The metric that a ranking word is about: the one behind it, in Chinese the one before it."""
    if len(draft.metrics) == 1:
        return draft.metrics[0].name
    chinese = is_chinese(draft.items[at].text)
    places = [p for p in range(len(draft.items)) if draft.option(p, "metric") is not None]
    best = min(places, key=lambda p: (abs(p - at), (p < at) != chinese))
    name = draft.option(best, "metric")
    assert name is not None
    return name
