"""Ratios, differences and growth: two figures, or one figure of two kinds of rows, made one number."""

from dataclasses import replace
from datetime import date

from datus.generation.offline.cues import Cue, CueKind
from datus.generation.offline.draft import Draft, Placed, Ranking, is_additive
from datus.generation.offline.filters import alternative_pairs, is_chinese_ratio, signed
from datus.generation.offline.passes.shares import of_the_same_rows
from datus.generation.offline.plan import (
    Aggregate,
    Arithmetic,
    ColumnRef,
    Condition,
    During,
    Expression,
    expression_columns,
    is_figure,
)
from datus.types import Grain

_KINDS: tuple[CueKind, ...] = ("ratio", "difference", "growth")


def calculates(draft: Draft) -> bool:
    """Whether the question asks for a ratio, a difference or growth, whose sides then are no groups."""
    return bool(_said(draft))


def _said(draft: Draft) -> list[int]:
    ratios = [at for at in draft.cues("share") if is_chinese_ratio(draft, at)]
    return [*draft.cues(*_KINDS), *ratios]


def settle_periods(draft: Draft) -> None:
    """The two periods that growth or a difference is between: the first and the last of a span, or with 同比 and
    "year over year" the one that is named and the one before it."""
    if len(draft.times) != 1 or not draft.is_cue_anywhere("growth", "difference"):
        return
    ((at, time, column),) = draft.times
    if time.start is None or time.end is None:
        return
    if draft.is_cue_anywhere("growth") and _backwards(draft):
        start = _moved(time.start, -12 if "year" in _backwards(draft) else -_MONTHS[time.grain])
        first = replace(time, start=start, end=_after(start, time.grain))
        if time.end == _after(time.start, time.grain) and time.grain in _MONTHS:
            draft.times[:] = [(at, first, column), (at, time, column)]
        return
    last = _moved(time.end, -_MONTHS[time.grain]) if time.grain in _MONTHS else None
    if last is not None and last > time.start:
        first = replace(time, end=_after(time.start, time.grain))
        draft.times[:] = [(at, first, column), (at, replace(time, start=last), column)]


_MONTHS: dict[Grain, int] = {"month": 1, "quarter": 3, "year": 12}


def _backwards(draft: Draft) -> list[str]:
    values = (item.cue.value for item in draft.items if item.cue and item.cue.kind == "growth")
    return [value for value in values if value in ("year", "before")]


def _moved(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=1)


def _after(start: date, grain: Grain) -> date:
    return _moved(start, _MONTHS.get(grain, 0))


def settle_operation(draft: Draft) -> None:
    """As in "ratio of X to Y", "difference between the highest and lowest price", 增长率; what cannot be calculated
    leaves its words unread."""
    said = _said(draft)
    if not said:
        return
    if _is_trend(draft, said):
        draft.take(*said)
        return
    if draft.excluded or draft.having or draft.bare_each:
        return
    made = _by_sides(draft, said) or _by_part(draft, said) or _by_figures(draft, said)
    if made is None:
        return
    draft.take(*said, *draft.cues("between", "share", "contrast"), meaning="calculated")
    draft.take(
        *(at for at in draft.cues("aggregate") if draft.items[at].text.lower() == "how much")
    )
    parts = (made.left, made.right)
    plain = not is_figure(made)
    draft.select[:] = [p for p in draft.select if plain and p.expression not in parts]
    ranking_at = next((at for at in draft.cues("superlative") if 0 < said[0] - at <= 2), None)
    if ranking_at is not None and plain:
        cue = draft.items[ranking_at].cue
        draft.ranking = Ranking(ranking_at, cue is not None and cue.value == "desc", None, made)
        draft.take(ranking_at)
        if any(draft.is_cue(at, "rows", "who") for at in range(ranking_at)):
            return
    draft.select.append(Placed(said[0], made))


def _is_trend(draft: Draft, said: list[int]) -> bool:
    """As in "how has revenue grown by month": the figures of the periods tell."""
    return bool(draft.grains) and all(draft.items[at].cue == Cue("growth") for at in said)


def _by_sides(draft: Draft, said: list[int]) -> Arithmetic | None:
    """One figure of two kinds of rows: "ratio of open to closed shops", "revenue growth from 2022 to 2023"."""
    pairs = alternative_pairs(draft)
    figure = _figure(draft)
    if len(pairs) != 1 or figure is None:
        return None
    (one, other), (at, whole) = pairs[0], figure
    if whole.argument is None:
        draft.counted = draft.counted or draft.table(at)
    if not of_the_same_rows(draft, whole, (one.condition, other.condition)):
        return None
    first, second = (replace(whole, only=(signed(each),)) for each in (one, other))
    growing = any(draft.is_cue(each, "growth") for each in said)
    if isinstance(one.condition, During) and (growing or not _than(draft, said)):
        if _start(one.condition) < _start(other.condition):  # from the earlier to the later
            first, second = second, first
    elif growing:
        return None
    draft.filters[:] = [each for each in draft.filters if each not in (one, other)]
    return _calculated(draft, said, first, second)


def _start(condition: Condition) -> date:
    start = condition.start if isinstance(condition, During) else None
    return start or date.min


def _than(draft: Draft, said: list[int]) -> bool:
    """As in "how much more in A than in B": the first less the second, in the order they are said."""
    values = {cue.value for at in said if (cue := draft.items[at].cue) is not None}
    return bool(values & {"more", "less"})


def _figure(draft: Draft) -> tuple[int, Aggregate] | None:
    """The one figure that the question names, or the one table whose rows then are counted."""
    if len(draft.select) == 1 and _adds_up(draft, draft.select[0]):
        column = draft.select[0].expression
        assert isinstance(column, ColumnRef)
        return draft.select[0].at, Aggregate("sum", column)
    figures = {p.expression: p.at for p in draft.select if is_figure(p.expression)}
    if len(figures) == 1 and len(draft.select) == 1:
        ((whole, at),) = figures.items()
        plain = isinstance(whole, Aggregate) and whole.share is None and not whole.only
        return (at, whole) if isinstance(whole, Aggregate) and plain else None
    tables = {table: at for at, table in draft.mentions}
    if draft.select or len(tables) != 1:
        return None
    return next(iter(tables.values())), Aggregate("count")


def _adds_up(draft: Draft, placed: Placed) -> bool:
    column = placed.expression
    return (
        isinstance(column, ColumnRef) and _is_amount(draft, column) and is_additive(draft, column)
    )


def _by_part(draft: Draft, said: list[int]) -> Arithmetic | None:
    """As in "ratio of cancelled orders to all orders": rows that meet a condition to all of them."""
    to_at = next((at for at in range(said[0], len(draft.items)) if draft.items[at].text == "to"), 0)
    parts = [f for f in draft.filters if said[0] < f.at < to_at and not f.negated]
    places = [at for at, _ in draft.mentions if at > said[0] and draft.table(at)]
    if len(parts) != 1 or not any(at > to_at for at in places) or draft.select:
        return None
    if len({table for _, table in draft.mentions}) != 1 or len(draft.filters) != 1 or draft.times:
        return None
    if not draft.is_cue(said[0], "ratio") or not any(said[0] < at < to_at for at in places):
        return None
    draft.counted = draft.table(places[0])
    condition = signed(parts[0])
    if not of_the_same_rows(draft, Aggregate("count"), (condition,)):
        return None
    draft.filters.clear()
    return _calculated(draft, said, Aggregate("count", only=(condition,)), Aggregate("count"))


def _by_figures(draft: Draft, said: list[int]) -> Arithmetic | None:
    """Two figures, or two columns of each row: "difference between the list price and the cost"."""
    placed = sorted(draft.select, key=lambda each: each.at)
    parts = placed[-2:] if draft.chinese else [each for each in placed if each.at > said[0]]
    if len(parts) != 2 or any(draft.is_cue(at, "growth") for at in said):
        return None
    one, other = parts
    if len(placed) > 2 and any(is_figure(each.expression) for each in placed):
        return None
    tables = {c.table for p in (one, other) for c in expression_columns(p.expression)}
    figures = [is_figure(each.expression) for each in (one, other)]
    between = range(min(one.at, said[0]), other.at)
    if len(tables) != 1 or figures[0] != figures[1] or any(f.at in between for f in draft.filters):
        return None
    counting = any(each.expression == Aggregate("count") for each in (one, other))
    if counting and draft.counted not in (None, *tables):
        return None
    if not figures[0] and not all(_is_amount(draft, each.expression) for each in (one, other)):
        return None
    return _calculated(draft, said, one.expression, other.expression)


def _is_amount(draft: Draft, expression: Expression) -> bool:
    if not isinstance(expression, ColumnRef) or draft.index.is_key(expression):
        return False
    return draft.index.is_number(expression)


def _calculated(
    draft: Draft, said: list[int], first: Expression, second: Expression
) -> Arithmetic | None:
    cues = [cue for at in said if (cue := draft.items[at].cue) is not None]
    values = {cue.value for cue in cues}
    percent = any(
        i.cue == Cue("share", "percent") or i.text.lower() in ("percent", "%") for i in draft.items
    )
    if any(cue.kind == "growth" for cue in cues):
        difference = Arithmetic(first, "-", second)
        if "percent" in values or percent:
            return Arithmetic(difference, "/", second, percent=True)
        asked = "by" in values or draft.is_cue_anywhere("difference") or _how_much(draft)
        return difference if asked and not _backwards(draft) else None
    if any(cue.kind in ("ratio", "share") for cue in cues):
        return Arithmetic(first, "/", second, percent=percent)
    if percent:
        difference = Arithmetic(first, "-", second)
        return Arithmetic(difference, "/", second, percent=True) if "more" in values else None
    if values == {"than"}:
        return None
    return Arithmetic(second, "-", first) if "less" in values else Arithmetic(first, "-", second)


def _how_much(draft: Draft) -> bool:
    return any(item.text.lower() in ("how much", "how many") for item in draft.items)
