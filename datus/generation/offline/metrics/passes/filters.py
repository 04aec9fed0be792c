"""Passes over what the figures are narrowed to: values, numbers, flags of dimensions."""

from collections.abc import Iterator

from datus.generation.offline.cues import CueKind
from datus.generation.offline.metrics.draft import Draft
from datus.generation.offline.metrics.names import NAMING, Phrase, phrase_of, spoken
from datus.generation.offline.names import comment_names
from datus.identifiers import identifier_words
from datus.text import is_chinese
from datus.types import Dimension, FilterOperator, MetricFilter, TableSchema, TypeKind

_LISTED = frozenset("、,，/&;；")
_FRAMING: tuple[CueKind, ...] = ("of", "be", "named", "relative")
_TO = frozenset({"to", "and", "-", "~", "到", "至", "和", "与"})
# What people are called in general, and words for them as things of a database.
_PERSONS = frozenset(
    "user rider customer client member person patient employee student buyer guest subscriber staff".split()
)
_CALLED = ("people", "user", "customer", "用户", "客户", "顾客", "人", "人群")
_DONE = frozenset("made paid spent brought taken done".split())
_OPERATORS: dict[str, FilterOperator] = {">": ">", "<": "<", ">=": ">=", "<=": "<="}


def values(draft: Draft) -> None:
    """Values of dimensions: one is equality, several of one dimension are a list, "not" turns both."""
    kept: dict[tuple[str, bool], list[str]] = {}
    compared: dict[str, int] = {}
    for at in draft.places("value"):
        name = draft.option(at, "value")
        chosen = draft.reading.chosen[at]
        assert name is not None
        assert chosen is not None
        if not name or any(name not in metric.dimensions for metric in draft.metrics):
            _refuse_homeless(draft, at, name)
            continue
        negated = _negated(draft, at)
        for value in chosen.values:
            kept.setdefault((name, negated), []).append(value)
        compared[name] = compared.get(name, 0) + 1
        sign = "!=" if negated else "="
        draft.take(at, meaning=f"{name} {sign} {', '.join(chosen.values)}")
        _take_name(draft, at, name)
    for (name, negated), found in kept.items():
        unique = tuple(dict.fromkeys(found))
        signs: tuple[FilterOperator, FilterOperator]
        signs = ("=", "!=") if len(unique) == 1 else ("in", "not in")
        operator = signs[negated]
        draft.filters.append(MetricFilter(name, operator, unique))
    _joined(draft)
    _compared(draft, [name for name, count in compared.items() if count > 1])


def _refuse_homeless(draft: Draft, at: int, name: str) -> None:
    value = draft.items[at].text
    called = " and ".join(metric.label or metric.name for metric in draft.metrics)
    held = f"of {draft.label(name)}, " if name else "in the data, but "
    draft.refuse(
        f"“{value}” is a value {held}which {called or 'the metrics'} cannot be narrowed to."
        " Leave it out, or name one of the metric's dimensions.",
        at,
    )


def _negated(draft: Draft, at: int) -> bool:
    """Whether "not" stands before a value, its list or its dimension's name, or 以外 after it."""
    before = draft.before(at, *_FRAMING)
    while before is not None and _is_listed(draft, before, at):
        before = draft.before(before, *_FRAMING)
    after = draft.next(at, "of")
    while after is not None and _is_listed(draft, after, at):
        after = draft.next(after, "of")
    outside = after is not None and draft.is_cue(after, "outside")
    if before is not None and draft.is_cue(before, "negate"):
        draft.take(before, meaning="not")
        if after is not None and (outside or draft.items[after].text == "后"):  # 剔除...后
            draft.take(after)
        return True
    if after is not None and outside:
        draft.take(after, meaning="not")
    return outside


def _is_listed(draft: Draft, place: int, at: int) -> bool:
    """Whether a place belongs to the list that a value stands in: other values, their dimension, joints."""
    mark = draft.items[place].kind == "mark" and draft.items[place].text in _LISTED
    named = draft.option(place, "dimension") == draft.option(at, "value")
    return (
        mark
        or named
        or draft.option(place, "value") is not None
        or draft.is_cue(place, "also", "or")
    )


def _take_name(draft: Draft, at: int, name: str) -> None:
    """What is named beside a value is explained by it: its dimension ("the Northeast region"), or the
    thing it is of ("Riverside stations") where that is not what the question ranks or splits by."""
    before = draft.before(at, "of", "be", "named", "negate", "relative")
    for place in (draft.next(at, "of", "outside"), before):
        if place is None or place in draft.taken:
            continue
        other = draft.option(place, "dimension")
        between = range(min(at, place) + 1, max(at, place))
        split = any(draft.is_cue(each, "group", "each") for each in between)
        if other is None or split or (place < at and draft.follows(place, "group", "each", "rows")):
            continue
        if other == name or (_is_thing(other, name) and not _is_ranked(draft, place)):
            draft.take(place, meaning=name)
            return


def _is_thing(other: str, name: str) -> bool:
    """Whether a dimension is the name of the thing that another dimension is of: a station, its district."""
    path, _, attribute = other.rpartition("__")
    return bool(path) and name.rpartition("__")[0] == path and attribute in NAMING


def _is_ranked(draft: Draft, at: int) -> bool:
    ranks = draft.has("top", "superlative", "frequent", "order", "direction")
    asked = any(draft.follows(at, "rows") for at in (at, at - 1))
    others = [place for place in draft.places("dimension") if place != at]
    return (ranks or asked) and not others and not draft.has("period", "grain")


def tallies(draft: Draft) -> None:
    """As in "the two channels web and app", web和app两个渠道: how many values were listed."""
    listed = {each.dimension: len(each.values) for each in draft.filters if "in" in each.operator}
    for at, item in enumerate(draft.items):
        before, after = draft.before(at, "of"), draft.next(at, "unit", "of")
        places = [place for place in (before, after) if place is not None]
        named = [draft.option(p, "value") or draft.option(p, "dimension") for p in places]
        counted = any(listed.get(name or "") == item.number for name in named)
        ranked = draft.follows(at, "top", "superlative")
        if draft.is_number(at) and counted and not ranked:
            draft.take(at)
            if after is not None and draft.option(after, "dimension") in listed:
                draft.take(after)


def _joined(draft: Draft) -> None:
    """ "or" between values of one dimension is a list; between two dimensions it stays unread."""
    for at in draft.cues("or"):
        one, other = draft.before(at, "of"), draft.next(at, "of", "be", "named", "relative")
        if one is None or other is None:
            continue
        while one is not None and draft.option(one, "dimension") is not None:
            one = draft.before(one, "of")
        name = draft.option(other, "value")
        if name is not None and one is not None and draft.option(one, "value") == name:
            draft.take(at)


def _compared(draft: Draft, names: list[str]) -> None:
    """As in "web versus app", "compare web and app", 分别: values of one dimension to be told apart."""
    if not names:
        return
    draft.take(*draft.cues("both"))
    between = [at for at in draft.cues("between") if _before_value(draft, at)]
    draft.take(*between)
    others = len(draft.metrics) > 1 or sum(item.time is not None for item in draft.items) > 1
    for at in [*draft.cues("contrast"), *between]:
        if _before_value(draft, at) or not others:
            draft.group(names[0], at, listed=True)


def _before_value(draft: Draft, at: int) -> bool:
    place = draft.next(at, "of", "relative")
    return place is not None and draft.option(place, "value") is not None


def numbers(draft: Draft) -> None:
    """A dimension of numbers beside a bound, as in "age over 30", "age 30 or above", 年龄在20到30之间."""
    for at in draft.places("dimension"):
        name = draft.option(at, "dimension")
        assert name is not None
        if _kind(draft, name) not in ("integer", "number"):
            continue
        place = draft.next(at, "be", "of", "relative", "between")
        if place is None or draft.follows(at, "top", "group", "each"):
            continue
        if draft.is_cue(place, "compare"):
            _bound(draft, (at, place), draft.next(place, "than"), name)
        elif draft.is_number(place):
            behind = draft.next(place, "unit")
            high = draft.next(behind) if behind is not None else None
            if behind is not None and draft.is_cue(behind, "compare"):
                _bound(draft, (at, behind), place, name)
            elif behind is not None and high is not None and draft.is_number(high) and draft.items[behind].text in _TO:  # fmt: skip
                _between(draft, (at, place, behind, high), name)
            else:
                _narrow(draft, name, "=", place)
                draft.take(at)


def _narrow(draft: Draft, name: str, operator: FilterOperator, number_at: int) -> None:
    number = draft.items[number_at].number
    draft.filters.append(MetricFilter(name, operator, (number,)))
    draft.take(number_at, meaning=f"{name} {operator} {number}")
    if draft.is_cue(number_at + 1, "unit"):
        draft.take(number_at + 1)


def _bound(draft: Draft, places: tuple[int, int], number_at: int | None, name: str) -> None:
    at, cue_at = places
    cue = draft.items[cue_at].cue
    if (
        number_at is None
        or not draft.is_number(number_at)
        or cue is None
        or cue.value not in _OPERATORS
    ):
        return
    _narrow(draft, name, _OPERATORS[cue.value], number_at)
    draft.take(at, *range(cue_at, number_at))
    draft.take(cue_at)


def _between(draft: Draft, places: tuple[int, int, int, int], name: str) -> None:
    at, low, joint, high = places
    _narrow(draft, name, ">=", low)
    _narrow(draft, name, "<=", high)
    behind = draft.next(high, "unit")
    if behind is not None and draft.is_cue(behind, "between"):
        draft.take(behind)
    draft.take(*range(at, low), joint)


def flags(draft: Draft) -> None:
    """A dimension that is true or false, named without "by": "for members", 非会员."""
    for at in draft.places("dimension"):
        name = draft.option(at, "dimension")
        assert name is not None
        before = draft.before(at, "relative", "be", "of")
        grouped = before is not None and draft.is_cue(before, "group", "each", "rows", "also")
        grouped = grouped and before not in draft.taken
        if _kind(draft, name) != "boolean" or grouped or draft.is_cue(at + 1, "wise"):
            continue
        negated = before is not None and draft.is_cue(before, "negate")
        if negated and before is not None:
            draft.take(before)
        draft.filters.append(MetricFilter(name, "=", (not negated,)))
        draft.take(at, meaning=f"{name} = {'false' if negated else 'true'}")


def entities(draft: Draft) -> None:
    """What a condition is about, named beside it: "electric bikes", "riders over 30", 城西的骑手.

    It is the entity of the dimension in a condition, by the name of its path, table or table's comment.
    """
    conditions = {condition.dimension for condition in draft.filters}
    known = {word for name in conditions for word in _entity_phrases(draft, name)}
    if not known:
        return
    at = 0
    while at < len(draft.items):
        end = _entity_end(draft, at, known)
        if end is not None:
            draft.take(*range(at, end))
        at = end or at + 1


def _entity_end(draft: Draft, at: int, known: set[Phrase]) -> int | None:
    """Where words from a place on name an entity; a key to split by ("per bike") is none."""
    before = draft.before(at)
    if before is not None and draft.is_cue(before, "group", "each") and before not in draft.taken:
        return None
    for end in range(min(at + 4, len(draft.items)), at, -1):
        items = draft.items[at:end]
        said = "".join(item.text for item in items) if is_chinese(items[0].text) else items[0].text
        free = all(place not in draft.taken for place in range(at, end))
        words = [item for item in items if item.kind == "word" and not item.light]
        if free and words and spoken(said) in known and (end == at + 1 or said != items[0].text):
            return end
    return None


def _entity_phrases(draft: Draft, name: str) -> Iterator[Phrase]:
    *path, _ = name.split("__")
    for part in path:
        yield spoken(part.replace("_", " "))
    dimension = draft.context.metrics.dimensions.get(name)
    table = _table_of(draft, dimension) if dimension is not None else None
    if table is not None:
        yield phrase_of(identifier_words(table.name))
        for phrase, _ in comment_names(table.comment):
            yield phrase
            yield phrase[:-1] if phrase[-1] in ("表", "table") else phrase
    if _PERSONS & {*path, *(identifier_words(table.name) if table is not None else ())}:
        yield from (spoken(word) for word in _CALLED)


def agents(draft: Draft) -> None:
    """As in "rides by electric bikes": "by" right before a value says whose, not how to split.

    Before a flag it does behind a verb: "revenue contributed by students".
    """
    for at in list(draft.cues("group")):
        place = draft.next(at)
        if place is None:
            continue
        flag = _kind(draft, draft.option(place, "dimension") or "") == "boolean"
        verb = at > 0 and draft.items[at - 1].text.lower()
        done = verb and (verb.endswith("ed") or verb in _DONE) and draft.is_plural(place)
        agent = draft.option(place, "value") is not None or (flag and done)
        if agent and draft.items[at].text.lower() == "by":
            draft.take(at)


def _table_of(draft: Draft, dimension: Dimension) -> TableSchema | None:
    bare = (dimension.table or "").split(".")[-1].lower()
    tables = draft.context.schema.tables
    return next((table for table in tables if table.name.lower() == bare), None)


def _kind(draft: Draft, name: str) -> TypeKind | None:
    dimension = draft.context.metrics.dimensions.get(name)
    return column_kind(draft, dimension) if dimension is not None else None


def column_kind(draft: Draft, dimension: Dimension) -> TypeKind | None:
    """The kind of the column behind a dimension, where it is one that the schema knows."""
    table = _table_of(draft, dimension)
    wanted = (dimension.column or "").lower()
    columns = table.columns if table is not None else ()
    return next((column.kind for column in columns if column.name.lower() == wanted), None)
