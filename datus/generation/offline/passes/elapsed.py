"""The pass that finds how long something took: the time between two columns, or from one of them until today."""

from dataclasses import dataclass

from datus.generation.offline.cues import CueKind
from datus.generation.offline.draft import Draft, Filter, Placed, Ranking
from datus.generation.offline.filters import number
from datus.generation.offline.passes.moments import is_edge, measured_by, moment, moments_of
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    Elapsed,
    Expression,
    Function,
    Operator,
    Unit,
)

_UNITS: dict[str, Unit] = {
    "second": "second", "minute": "minute", "hour": "hour", "day": "day", "week": "week",
    "秒": "second", "分钟": "minute", "小时": "hour", "天": "day", "日": "day", "周": "week",
}  # fmt: skip
# What a span of time is called, beside the cue "duration".
_SPANS = frozenset(
    "time times gap interval difference lag span delay long 时间 相差 间隔 差".split()
)
_TAKES = frozenset(
    "take takes took taken taking last lasts lasted spend spends spent 用 花 耗 历".split()
)
_FROM = frozenset({"from", "since", "between", "after", "从", "自"})
_UNTIL = frozenset({"to", "until", "till", "and", "到", "至", "与", "和", "跟", "before"})
# Pairs of words by which the columns of a start and of an end are told apart.
_STARTS = frozenset(
    "start started begin began begun open opened from in order ordered create created place placed submit submitted"
    " request requested receive received hire hired admit admission admitted depart departure entry join joined 开始".split()
)
_ENDS = frozenset(
    "end ended finish finished close closed to out complete completed resolve resolved deliver delivery delivered"
    " ship shipped arrive arrival arrived leave left return returned discharge discharged exit 结束".split()
)
_PASSED: frozenset[CueKind] = frozenset(
    {
        "of",
        "be",
        "relative",
        "superlative",
        "order",
        "also",
        "distinct",
        "count",
        "unit",
        "rows",
        "period",
        "compare",
    }
)
_REACH = 7
_UNSAID_UNIT = 0.5  # the time between two points in time could be told in any unit


@dataclass(frozen=True, slots=True)
class _Span:
    """A start and an end with the places that say them, and what is made of several."""

    start: ColumnRef
    end: ColumnRef | None
    places: tuple[int, ...]
    function: Function | None = None


def elapsed(draft: Draft) -> None:
    """As in "average days between order and delivery", "call duration in minutes", 从下单到送达用了几天."""
    signals = [
        at for at in range(len(draft.items)) if at not in draft.taken and _signals(draft, at)
    ]
    if not signals:
        return
    span = _between(draft, signals) or _until_today(draft, signals) or _of_rows(draft, signals)
    if span is None:
        return
    signals, again = _first_said(draft, span, signals)
    said = [at for at in signals if _unit_of(draft, at) is not None]
    unit = _unit_of(draft, said[0]) if said else None
    ends = [c for c in (span.start, span.end) if c is not None]
    if unit is None and not any(draft.index.column(each).kind == "date" for each in ends):
        draft.suspect(_UNSAID_UNIT, "the question does not say in which unit of time")
    end = span.end if span.end is not None else draft.today
    assert end is not None
    expression = Elapsed(span.start, end, unit or "day")
    draft.spans.append(expression)
    draft.mentions.append((min((*span.places, *signals)), span.start.table))
    shown = _place(draft, expression, span, signals)
    draft.take(*span.places, *signals, meaning=f"from {span.start} to {end}")
    draft.take(*_around(draft, min(signals), max((*span.places, *signals))))
    if shown is not None:
        _said_again(draft, shown, again)


def _first_said(draft: Draft, span: _Span, signals: list[int]) -> tuple[list[int], list[int]]:
    """The words for the span where it is first said, and those that repeat it later."""
    near = [
        at
        for at in signals
        if not span.places or min(abs(at - place) for place in span.places) <= _REACH + 2
    ]
    first = next(
        (at for at in near if draft.is_cue(at, "elapsed")), near[0] if near else signals[0]
    )
    kept = [first]
    for at in sorted(near or signals, key=lambda each: abs(each - first)):
        apart = range(min(at, first) + 1, max(at, first))
        near_by = len(apart) <= _REACH and not any(_ends_clause(draft, p) for p in apart)
        repeated = draft.is_cue(at, "elapsed") and draft.is_cue(first, "elapsed")
        if at != first and near_by and not repeated:
            kept.append(at)
    kept.sort()
    return kept, [at for at in signals if at > kept[-1]]


def _ends_clause(draft: Draft, at: int) -> bool:
    return draft.items[at].kind == "mark" and draft.items[at].text in "?.!;。？；，"


def _text(draft: Draft, at: int) -> str:
    return draft.items[at].text.lower() if 0 <= at < len(draft.items) else ""


def _signals(draft: Draft, at: int) -> bool:
    """Whether a word may tell of a span of time: a unit, a word for one, or "how long"."""
    text = _text(draft, at)
    if draft.is_cue(at, "elapsed") or _unit_of(draft, at) is not None:
        return True
    if _is_length(draft, at) or (
        text == "last" and not draft.is_noun(min(at + 1, len(draft.items) - 1))
    ):
        return any(
            _text(draft, p) in _TAKES | {"did", "does", "do"} for p in range(max(0, at - 4), at)
        )
    return text in _SPANS or (draft.is_cue(at, "measure") and text.startswith("how long"))


def _unit_of(draft: Draft, at: int) -> Unit | None:
    text = _text(draft, at)
    return _UNITS.get(text) or _UNITS.get(text.removesuffix("s").removesuffix("数"))


def _next_moment(draft: Draft, at: int) -> int | None:
    for place in range(at + 1, min(at + _REACH, len(draft.items))):
        if moment(draft, place) is not None:
            return place
        item = draft.items[place]
        known = item.light or item.kind in ("noun", "number") or draft.is_cue(place, *_PASSED)
        known = known or _text(draft, place) in ("since", "after")
        if not known or item.kind == "mark":
            return None
    return None


def _between(draft: Draft, signals: list[int]) -> _Span | None:
    """As in "between A and B", "from A to B", "time to B since A", A到B: both ends are named."""
    for one in range(len(draft.items)):
        if moment(draft, one) is None:
            continue
        other = _next_moment(draft, one)
        if other is None:
            continue
        inner = {_text(draft, p) for p in range(one + 1, other)}
        before = {_text(draft, p) for p in range(max(0, one - 4), one)}
        if "since" in inner and before & {"to", "until"}:
            return _ends(draft, other, one)
        if inner & {"after", "of"} and any(one < at < other for at in signals):
            return _ends(draft, other, one)  # "delivered within 3 days of the order"
        joined = inner & _UNTIL and (before & _FROM or draft.chinese)
        near = any(abs(at - one) <= _REACH + 2 or abs(at - other) <= _REACH + 2 for at in signals)
        if joined and near:
            return _ends(draft, one, other)
    return None


def _ends(draft: Draft, start_at: int, end_at: int) -> _Span | None:
    start, end = moment(draft, start_at), moment(draft, end_at)
    assert start is not None
    assert end is not None
    places, function = [start_at, end_at], None
    for at in (start_at, end_at):
        for before in (at - 1, at - 2):
            cue = draft.items[before].cue if before >= 0 else None
            if cue is not None and is_edge(draft, before):
                if at == start_at and start.table == end.table:
                    return None
                function = _FUNCTIONS[(cue.value, at == end_at)]
                places.append(before)
    return None if start == end else _Span(start, end, tuple(places), function)


# The earliest end is the shortest span, the earliest start the longest.
_FUNCTIONS: dict[tuple[str, bool], Function] = {
    ("asc", True): "min", ("desc", True): "max", ("asc", False): "max", ("desc", False): "min",
}  # fmt: skip


def _until_today(draft: Draft, signals: list[int]) -> _Span | None:
    """As in "how many days since the last order", 距离最近一次下单多少天: until the day that is asked on."""
    if draft.today is None:
        return None
    for at in range(len(draft.items)):
        said = _text(draft, at)
        if said not in ("since", "ago", "距离", "距今"):
            continue
        if not any(draft.is_cue(p, "count", "measure") for p in range(len(draft.items))):
            continue
        last = next(
            (p for p in range(at + 1, min(at + 5, len(draft.items))) if is_edge(draft, p)),
            None,
        )
        noun_at = _next_moment(draft, last if last is not None else at)
        column = moment(draft, noun_at) if noun_at is not None else None
        if column is None and last is not None:
            tables = [
                t for p in range(last, min(last + 4, len(draft.items))) if (t := draft.table(p))
            ]
            column = draft.time_column(tuple(tables)) if tables else None
        if column is None:
            continue
        cue = draft.items[last].cue if last is not None else None
        function: Function | None = None
        if cue is not None:
            function = "min" if cue.value == "desc" else "max"
        places = [p for p in (at, last, noun_at) if p is not None]
        return _Span(column, None, tuple(places), function)
    return None


def _of_rows(draft: Draft, signals: list[int]) -> _Span | None:
    """As in "call duration", "delivery time", "how long did it take to deliver": the table has a start and an end."""
    asked = [at for at in signals if draft.is_cue(at, "elapsed") or _takes(draft, at)]
    named = [at for at in range(len(draft.items)) if moment(draft, at) is not None]
    for at in named:  # "delivery time"
        beside = [
            p for p in (at + 1, at + 2) if p in signals and _text(draft, p) in ("time", "times")
        ]
        if beside or (asked and draft.is_cue(at - 1, "relative")) or (asked and draft.chinese):
            end = moment(draft, at)
            assert end is not None
            start = _start_of(draft, end)
            if start is not None and (beside or asked):
                return _Span(start, end, (at,))
    if not asked or named:
        return None
    for table in draft.near_tables(asked[0]):
        pair = _pair(draft, table)
        if pair is not None:
            return _Span(*pair, ())
    return None


def _takes(draft: Draft, at: int) -> bool:
    """As in "took more than 5 days", "how many days did it take": a unit beside a verb of taking time."""
    near = range(max(0, at - 5), min(at + 4, len(draft.items)))
    return any(_text(draft, p) in _TAKES for p in near)


def _start_of(draft: Draft, end: ColumnRef) -> ColumnRef | None:
    """The column of the table that says when what ends at ``end`` began; None where that is not clear."""
    words = set(draft.index.words[end])
    if not words & _ENDS and not _same_but(draft, end):
        return None
    others = [each for each in moments_of(draft, end.table) if each != end]
    starts = [each for each in others if set(draft.index.words[each]) & _STARTS]
    exact = [each for each in starts if _stem(draft, each, _STARTS) == _stem(draft, end, _ENDS)]
    chosen = exact or starts
    return chosen[0] if len(chosen) == 1 else None


def _same_but(draft: Draft, end: ColumnRef) -> bool:
    return any(
        _stem(draft, each, _STARTS) == _stem(draft, end, _ENDS)
        for each in moments_of(draft, end.table)
        if each != end
    )


def _pair(draft: Draft, table: str) -> tuple[ColumnRef, ColumnRef] | None:
    """A table's only start and end that are called alike but for these words."""
    found = [
        (one, other)
        for one in moments_of(draft, table)
        for other in moments_of(draft, table)
        if one != other
        and set(draft.index.words[one]) & _STARTS
        and set(draft.index.words[other]) & _ENDS
        and _stem(draft, one, _STARTS) == _stem(draft, other, _ENDS)
    ]
    return found[0] if len(found) == 1 else None


def _stem(draft: Draft, column: ColumnRef, said: frozenset[str]) -> tuple[str, ...]:
    return tuple(word for word in draft.index.words[column] if word not in said)


def _place(draft: Draft, expression: Elapsed, span: _Span, signals: list[int]) -> Expression | None:
    """Make of the span what the words around it ask for: a condition, an order, or what is then shown: an aggregate
    of it, or the span itself."""
    if _compared(draft, expression, signals) or _sorts(
        draft, expression, min((*span.places, *signals))
    ):
        return None
    whole = (*span.places, *signals)
    first, last = max(0, min(whole) - 4), min(len(draft.items), max(whole) + 3)
    longest = next(
        (p for p in range(first, last) if p not in draft.taken and _is_length(draft, p)), None
    )
    if longest is not None and span.function is None and not _extreme_asked(draft, longest):
        cue = draft.items[longest].cue
        assert cue is not None
        draft.ranking = Ranking(longest, cue.value == "desc", None, expression)
        draft.take(longest, meaning=f"{cue.value} {expression.unit}s")
        return None
    shown: Expression = expression
    cue_at = next(
        (p for p in range(first, last) if p not in draft.taken and draft.is_cue(p, "aggregate")),
        None,
    )
    function = span.function
    if cue_at is not None and function is None:
        cue = draft.items[cue_at].cue
        assert cue is not None
        function = cue.value  # type: ignore[assignment]
        draft.take(cue_at, meaning=function or "")
    elif longest is not None and function is None:
        cue = draft.items[longest].cue
        assert cue is not None
        function = "max" if cue.value == "desc" else "min"
        draft.take(longest)
    if function is not None:
        shown = Aggregate(function, expression)
    draft.select.append(Placed(min(whole), shown))
    return shown


def _sorts(draft: Draft, expression: Elapsed, first: int) -> bool:
    """As in "list calls by duration", "sorted by delivery time": the span is the sort key and not shown."""
    by = next((p for p in (first - 1, first - 2, first - 3) if draft.is_cue(p, "group")), None)
    order = next((p for p in range(max(0, first - 4), first) if draft.is_cue(p, "order")), None)
    if by is None and order is None:
        return False
    ways = [
        p
        for p in range(first, len(draft.items))
        if draft.is_cue(p, "direction") or _is_length(draft, p)
    ]
    cue = draft.items[ways[0]].cue if ways else None
    draft.orders.append((expression, cue is not None and cue.value == "desc", first))
    draft.take(*(p for p in (by, order, *ways[:1]) if p is not None))
    return True


def _is_length(draft: Draft, at: int) -> bool:
    cue = draft.items[at].cue
    return cue is not None and cue.kind == "superlative" and "duration" in measured_by(cue)


def _extreme_asked(draft: Draft, at: int) -> bool:
    """As in "what is the longest delivery time": the figure itself is asked for."""
    return not any(draft.is_cue(p, "rows", "who") or draft.table(p) for p in range(at))


def _compared(draft: Draft, expression: Elapsed, signals: list[int]) -> bool:
    for at in signals:
        number_at = at - 1
        if _unit_of(draft, at) is None or number_at < 0 or not draft.is_number(number_at):
            continue
        operator: Operator | None = None
        for place in (number_at - 1, number_at - 2, at + 1):
            cue = draft.items[place].cue if 0 <= place < len(draft.items) else None
            if cue is not None and cue.kind == "compare":
                operator = cue.value  # type: ignore[assignment]
                draft.take(place)
                break
        if operator is None and _text(draft, number_at - 1) in ("within", "在"):
            operator = "<="
            draft.take(number_at - 1)
        if operator is None:
            operator = "="
        value = number(draft.items[number_at])
        draft.filters.append(Filter(at, Compare(expression, operator, value)))
        draft.take(number_at)
        return True
    return False


def _said_again(draft: Draft, shown: Expression, again: list[int]) -> None:
    """As in "... and their total duration sorted by total duration, longest first": repeated, or the sort key."""
    for at in again:
        before = range(max(0, at - 4), at)
        order = next((p for p in before if draft.is_cue(p, "order") and p not in draft.taken), None)
        if not (draft.is_cue(at, "elapsed") or _is_length(draft, at)):
            continue
        draft.take(at, *(p for p in before if draft.is_cue(p, "aggregate", "also", "group")))
        if order is None:
            continue
        descending = False
        for place in range(at, len(draft.items)):
            cue = draft.items[place].cue
            if cue is not None and (cue.kind == "direction" or _is_length(draft, place)):
                descending = cue.value == "desc"
                draft.take(place)
            elif is_edge(draft, place) or draft.is_cue(place, "elapsed"):
                draft.take(place)  # "... first"
        draft.orders.append((shown, descending, order))
        draft.take(order)
    whole = isinstance(shown, Elapsed) or (isinstance(shown, Aggregate) and shown.function != "avg")
    for at in range(len(draft.items)):
        if _text(draft, at) in ("integer", "integers", "整数") and whole:
            draft.take(at)


def _around(draft: Draft, first: int, last: int) -> list[int]:
    """Small words within and right before the phrase: "number of", "between", "in"."""
    kinds: tuple[CueKind, ...] = (
        "count",
        "between",
        "relative",
        "unit",
        "also",
        "order",
        "of",
        "measure",
        "than",
        "period",
    )
    found = [p for p in range(first, last) if draft.is_cue(p, *kinds) and p not in draft.taken]
    for place in range(first - 1, max(first - 4, -1), -1):
        if draft.is_cue(place, "count", "of", "measure", "relative", "between"):
            found.append(place)
        elif not draft.items[place].light:
            break
    for place in range(last + 1, min(last + 5, len(draft.items))):
        if draft.chinese and draft.is_cue(place, "count", "unit", "between", "relative"):
            found.append(place)
        elif not draft.items[place].light:
            break
    return found
