"""Passes that find values as filters: data values, quoted text, bare numbers, text matches, missing values, times."""

from datus.generation.offline.cues import Cue
from datus.generation.offline.draft import Draft, Filter
from datus.generation.offline.filters import (
    BETWEEN_NOUN_AND_TEST,
    ends_clause,
    negation_before,
    number,
)
from datus.generation.offline.linking import Item
from datus.generation.offline.plan import (
    Aggregate,
    ColumnRef,
    Compare,
    IsNull,
    Like,
    Literal_,
)
from datus.text import lemma
from datus.types import TimeRange


def matches(draft: Draft) -> None:
    """As in "contain 'x'", "starts with 'A'": a text match on the noun before."""
    for at in list(draft.cues("contain", "start", "end")):
        cue = draft.items[at].cue
        assert cue is not None
        text_at = draft.following(
            at, lambda p: _is_text(draft, p), skip=frozenset({"contain", "be", "relative"}), reach=4
        )
        if draft.chinese and text_at is None:
            text_at = draft.preceding(at, lambda p: _is_text(draft, p), reach=3)
        first = (
            at if text_at is None else min(at, text_at)
        )  # 以“王”开头: the noun stands before both
        noun_at = draft.preceding(
            first,
            draft.is_column,
            skip=BETWEEN_NOUN_AND_TEST | {"contain", "start", "end"},
            reach=5,
        )
        if noun_at is None and text_at is not None:
            noun_at = draft.following(
                text_at, draft.is_column, skip=frozenset({"of", "relative"}), reach=4
            )
        if noun_at is None:  # "huts that start with 'A'": the label of the table
            noun_at = draft.preceding(first, draft.is_noun, skip=BETWEEN_NOUN_AND_TEST, reach=4)
        column = _tested_text(draft, noun_at)
        if column is None:
            column = _matched_before(draft, at)
        told = text_at is not None and draft.items[text_at].kind == "value"
        if text_at is None or column is None or (told and cue.kind == "contain"):
            continue
        text = _literal_text(draft.items[text_at])
        pattern = {"contain": f"%{text}%", "start": f"{text}%", "end": f"%{text}"}[cue.kind]
        negated = negation_before(draft, at, noun_at if noun_at is not None else at)
        draft.filters.append(Filter(at, Like(column, pattern, negated)))
        draft.take(text_at)
        if noun_at is not None and draft.column(noun_at) is not None:
            draft.take(noun_at)
            draft.tested.append(noun_at)
        draft.take(at, meaning=f"{column} like {pattern}")
        _more_matches(draft, text_at, column, cue.kind, negated)
        for other in range(at + 1, text_at):
            if draft.is_cue(other, "contain", "start", "end"):
                draft.take(other)


def _matched_before(draft: Draft, at: int) -> ColumnRef | None:
    """As in "starts with J or ends with ez": the column of the match right before."""
    last = draft.filters[-1] if draft.filters else None
    if last is None or not isinstance(last.condition, Like) or not at - 4 <= last.at < at:
        return None
    joined = any(draft.is_cue(p, "or", "also") for p in range(last.at, at))
    return last.condition.column if joined else None


def _tested_text(draft: Draft, noun_at: int | None) -> ColumnRef | None:
    column = draft.column(noun_at) if noun_at is not None else None
    table = draft.table(noun_at) if noun_at is not None else None
    label = draft.index.label(table) if table is not None else ()
    return column or (label[0] if label else None)


def _more_matches(draft: Draft, text_at: int, column: ColumnRef, kind: str, negated: bool) -> None:
    """As in "contains 'a' or 'b'": further texts are matched in the same way."""
    nxt = draft.following(
        text_at, lambda p: _is_text(draft, p), skip=frozenset({"or", "also"}), reach=2
    )
    while nxt is not None and draft.is_cue(nxt - 1, "or"):
        text = _literal_text(draft.items[nxt])
        pattern = {"contain": f"%{text}%", "start": f"{text}%", "end": f"%{text}"}[kind]
        draft.filters.append(Filter(nxt, Like(column, pattern, negated)))
        draft.take(nxt, meaning=f"{column} like {pattern}")
        at = nxt
        nxt = draft.following(at, lambda p: _is_text(draft, p), skip=frozenset({"or"}), reach=2)


def _is_text(draft: Draft, at: int) -> bool:
    if at in draft.taken:
        return False
    return draft.items[at].kind in ("quote", "value", "number") or _is_bare_text(draft, at)


def _is_bare_text(draft: Draft, at: int) -> bool:
    """As in "starts with J", "ends in ez": a word that names nothing, right behind the word for the match."""
    item = draft.items[at]
    if item.kind != "word" or not draft.is_cue(at - 1, "contain", "start", "end"):
        return False
    return not item.light or (len(item.text) == 1 and item.text.isupper())


def _literal_text(item: Item) -> str:
    return item.text.strip("\"'“”‘’ %")


def nulls(draft: Draft) -> None:
    """As in "whose phone is missing", 电话为空."""
    for at in list(draft.cues("null")):
        noun_at = draft.preceding(at, draft.is_column, skip=BETWEEN_NOUN_AND_TEST, reach=4)
        if noun_at is None:
            noun_at = draft.following(at, draft.is_column, reach=3)
        column = draft.column(noun_at) if noun_at is not None else None
        if column is None or noun_at is None:
            continue
        negated = negation_before(draft, at, noun_at)
        draft.filters.append(Filter(at, IsNull(column, negated)))
        draft.take(noun_at)
        draft.take(at, meaning=f"{column} is {'not ' if negated else ''}missing")
    _possessions(draft)


_HAVING = frozenset({"have", "has", "had", "with", "without"})


def _possessions(draft: Draft) -> None:
    """As in "have a phone", "without an email", 没有电话: a value that is there, or is not."""
    for at, item in enumerate(draft.items):
        absent = draft.is_cue(at, "negate")
        if at in draft.taken or not (absent or item.text.lower() in _HAVING):
            continue
        noun_at = draft.following(
            at, draft.is_column, skip=frozenset({"relative", "negate"}), reach=4
        )
        column = draft.column(noun_at) if noun_at is not None else None
        if column is None or noun_at is None or noun_at in draft.taken:
            continue
        said = {each.text.lower() for each in draft.items[at:noun_at]}
        if not (said & {"a", "an", "any", "no", "without"} or (draft.chinese and absent)):
            continue
        if draft.items[noun_at].entries[0].score < 0.85 or not _stands_alone(draft, noun_at):
            continue
        negates = [p for p in range(at, noun_at) if draft.is_cue(p, "negate")]
        before = draft.is_cue(at - 1, "negate") and at - 1 not in draft.taken
        missing = bool(negates) or before
        draft.filters.append(Filter(at, IsNull(column, not missing)))
        draft.take(noun_at, *negates, *((at - 1,) if before else ()))
        draft.take(at, meaning=f"{column} is {'' if missing else 'not '}missing")


def _stands_alone(draft: Draft, noun_at: int) -> bool:
    """Whether nothing behind a column says which of its values is meant."""
    column = draft.column(noun_at)
    if column is None or draft.index.is_key(column) or not draft.index.column(column).nullable:
        return False
    after = draft.items[noun_at + 1 : noun_at + 5]
    other = ("value", "quote", "number", "time", *(() if draft.chinese else ("noun",)))
    return not any(
        each.kind in other
        or (
            each.cue is not None
            and each.cue.kind in ("compare", "between", "contain", "start", "end")
        )
        for each in after
    )


def values(draft: Draft) -> None:
    """Values of the data, and quoted text or bare numbers beside a column."""
    for at, item in enumerate(draft.items):
        if at in draft.taken:
            continue
        if item.kind in ("value", "quote") and item.hits:
            _value(
                draft, at, ColumnRef(item.hits[0].table, item.hits[0].column), item.hits[0].value
            )
        elif item.kind == "quote":
            _unlinked_text(draft, at)
        elif item.kind == "number":
            _bare_number(draft, at)


def _value(draft: Draft, at: int, column: ColumnRef, value: Literal_) -> None:
    letter_at = _listed_letter(draft, at)
    first = at if letter_at is None else letter_at
    for noun_at in (
        draft.preceding(first, draft.is_column, skip=BETWEEN_NOUN_AND_TEST, reach=4),
        draft.following(at, draft.is_column, skip=frozenset({"of"}), reach=2),
    ):
        if (
            noun_at is not None
            and draft.column(noun_at) == column
            and _only_names_value(draft, noun_at, at)
        ):
            draft.take(noun_at)
            break
    negated = _outside(draft, at) or negation_before(draft, at, max(0, at - 7))
    negated = negated or _listed_as_absent(draft, at, column)
    within = _within_text(draft, at) if draft.items[at].kind == "quote" else None
    if within is not None:
        draft.filters.append(
            Filter(at, Like(within, f"%{_literal_text(draft.items[at])}%", negated))
        )
        draft.take(at, meaning=f"{within} contains {_literal_text(draft.items[at])}")
        return
    condition = _as_told(draft, at, column, value) or Compare(column, "=", value)
    only = None if negated or letter_at is not None else _only_before(draft, at)
    if letter_at is not None:
        letter = draft.items[letter_at].text
        other = _as_told(draft, at, column, letter) or Compare(column, "=", letter)
        draft.filters.append(Filter(letter_at, other, negated))
        draft.take(letter_at, meaning=f"{column} = {letter}")
    draft.filters.append(Filter(at, condition, negated, only=only is not None))
    if only is not None:
        draft.take(only)
    draft.take(at, meaning=f"{column} {'!=' if negated else '='} {value}")


def _listed_letter(draft: Draft, at: int) -> int | None:
    """As in "a grade of A or C": a capital before a value of one letter is no article but another value."""
    one_letter = len(draft.items[at].text) == 1
    if not one_letter or at < 2 or not draft.is_cue(at - 1, "or", "also"):
        return None
    before = draft.items[at - 2]
    capital = len(before.text) == 1 and before.text.isupper() and before.kind == "word"
    return at - 2 if capital and at - 2 not in draft.taken else None


def _as_told(draft: Draft, at: int, column: ColumnRef, value: Literal_) -> Like | None:
    """A text compared as the caller told: as a part of the column's value, or regardless of case."""
    fact = draft.items[at].told
    how = dict(fact.compared).get(column) if fact is not None else None
    if not isinstance(value, str) or set(value) & set("%_\\"):
        return None  # a pattern would read these as wildcards
    if how == "part":
        return Like(column, f"%{value}%")
    return Like(column, value) if how == "regardless" else None


def _outside(draft: Draft, at: int) -> bool:
    """北京以外, 除了北京（以外）其他: what is said behind the value leaves it out, too."""
    if not draft.chinese:
        return False
    except_at = draft.preceding(
        at, lambda p: draft.is_cue(p, "negate") and draft.items[p].text[0] == "除", reach=3
    )
    after = at + 1
    outside = draft.is_cue(after, "outside") and draft.items[after].cue == Cue("outside")
    if outside:
        draft.take(after)
    if except_at is None or except_at in draft.taken:
        return outside
    draft.take(except_at)
    rest = next((p for p in draft.cues("outside") if p > at), None)
    if rest is not None and draft.items[rest].cue == Cue("outside", "other"):
        draft.take(rest)
    return True


def _listed_as_absent(draft: Draft, at: int, column: ColumnRef) -> bool:
    """As in "except Munich and Vienna", 除了内科和外科: what is listed beside a value left out is left out."""
    last = draft.filters[-1] if draft.filters else None
    if last is None or not last.negated or not isinstance(last.condition, Compare) or last.at > at:
        return False
    between = range(last.at + 1, at)
    linked = all(draft.is_cue(p, "also", "or") or draft.items[p].text == "," for p in between)
    return bool(between) and linked and last.condition.left == column


def _only_before(draft: Draft, at: int) -> int | None:
    """As in "stayed only in Austria", 只看过内科: no row of another value may be there."""
    for place in range(at - 1, max(at - 6, -1), -1):
        if ends_clause(draft.items[place]):
            return None
        if draft.items[place].text.lower() in ("only", "只", "仅"):
            said = draft.chinese or any(map(draft.is_noun, range(place)))
            return place if said else None
    return None


def _within_text(draft: Draft, at: int) -> ColumnRef | None:
    """As in "have 'a' in their names": the text is part of a value."""
    into = at + 1 < len(draft.items) and draft.items[at + 1].text.lower() == "in"
    noun_at = draft.following(at, draft.is_column, skip=frozenset({"relative", "of"}), reach=4)
    if not into or noun_at is None:
        return None
    draft.take(noun_at)
    return draft.column(noun_at)


def _only_names_value(draft: Draft, noun_at: int, at: int) -> bool:
    """Whether a noun beside a value is there to name the value's column, not asked for itself."""
    if noun_at > at:
        return True
    between = draft.items[noun_at + 1 : at]
    linked = any(item.cue and item.cue.kind in ("be", "negate") for item in between)
    return noun_at > 1 or not between or linked


def _unlinked_text(draft: Draft, at: int) -> None:
    """Quoted text that is no known value: it still filters the column or table named before it."""
    noun_at = draft.preceding(at, draft.is_noun, skip=BETWEEN_NOUN_AND_TEST, reach=4)
    if noun_at is None:
        noun_at = draft.following(at, draft.is_noun, skip=frozenset({"of"}), reach=3)
    if noun_at is None:
        return
    column = draft.column(noun_at)
    if column is None:
        table = draft.table(noun_at)
        assert table is not None
        label = draft.index.label(table)
        column = label[0] if label else None
    if column is None:
        return
    draft.suspect(0.3, f"{draft.items[at].text} is not among the values of {column}")
    if draft.column(noun_at) is not None:
        draft.take(noun_at)
    _value(draft, at, column, _literal_text(draft.items[at]))


def _exact_count(draft: Draft, at: int) -> bool:
    """As in "has exactly two friends": rows of another table counted."""
    before = draft.items[at - 1].text.lower() if at else ""
    table = draft.table(at + 1) if at + 1 < len(draft.items) else None
    only = before.split(" ")[-1] == "only"  # also of a column: "locations with only 1 station"
    owned = any(
        draft.table(place) not in (None, table) or (only and draft.column(place) is not None)
        for place in range(at)
    )
    words = ("only",) if draft.items[at].light else ("only", "has", "have", "had")
    if table is None or not owned or before.split(" ")[-1] not in words:
        return False
    draft.having.append(Compare(Aggregate("count"), "=", number(draft.items[at])))
    draft.mentions.append((at + 1, table))
    draft.take(at, at + 1)
    return True


def _bare_number(draft: Draft, at: int) -> None:
    """As in "grade 5", "year is 2012", "id 17": equality with the column beside the number."""
    if _exact_count(draft, at):
        return
    before = draft.preceding(at, draft.is_column, skip=BETWEEN_NOUN_AND_TEST | {"unit"}, reach=4)
    after = draft.following(at, draft.is_column, skip=frozenset({"of", "unit"}), reach=2)
    value = number(draft.items[at])
    if (named := _numbered(draft, at, value)) is not None:
        draft.mentions.append((at - 1, named.table))
        draft.filters.append(Filter(at, Compare(named, "=", value)))
        draft.take(*([at - 1] if draft.table(at - 1) else []), at, meaning=f"{named} = {value}")
        return
    for noun_at in (before, after):
        column = draft.column(noun_at) if noun_at is not None else None
        if column is None or noun_at is None or not _fits_number(draft, column, value):
            continue
        literal: Literal_ = value if draft.index.is_number(column) else draft.items[at].text
        draft.take(noun_at)
        negated = negation_before(draft, at, min(at, noun_at))
        draft.filters.append(Filter(at, Compare(column, "=", literal), negated))
        draft.take(at, meaning=f"{column} = {literal}")
        return
    aged = draft.unit_measure(at)
    if aged is not None:
        negated = negation_before(draft, at, max(0, at - 3))
        draft.filters.append(Filter(at, Compare(aged, "=", value), negated))
        draft.take(at, at + 1, meaning=f"{aged} = {value}")
    elif 1000 <= value <= 2100:
        _bare_year(draft, at, int(value))


def _numbered(draft: Draft, at: int, value: float) -> ColumnRef | None:
    """As in "order 51234", 订单51234: the column that numbers the rows of the table said right before."""
    table = draft.table(at - 1) if at else None
    column = draft.column(at - 1) if at else None
    if column is not None:  # "status of order 51234"
        owner = draft.items[at - 1].text.lower().rpartition(" of ")[2]
        named = tuple(map(lemma, owner.split())) == draft.index.tables[column.table].words
        table = column.table if named else None
    whole = isinstance(value, int) and not 1900 <= value <= 2100  # which could be a year
    if table is None or not whole or draft.items[at - 1].text.lower().endswith("s"):
        return None
    roles = draft.index.tables[table]
    refs = [ColumnRef(table, column.name) for column in roles.schema.columns]
    numbers = [ref for ref in refs if draft.index.words[ref][-1] in ("number", "no", "num")]
    keys = [ColumnRef(table, name) for name in roles.key] if len(roles.key) == 1 else []
    return next((ref for ref in (*numbers, *keys) if draft.index.is_number(ref)), None)


def _fits_number(draft: Draft, column: ColumnRef, value: float) -> bool:
    if 1900 <= value <= 2100 and draft.index.is_number(column):
        words = set(draft.index.words[column])
        return not words & {"age", "price", "salary", "gpa", "name"}
    return draft.index.is_number(column) or draft.index.column(column).kind in ("other", "text")


def _bare_year(draft: Draft, at: int, year: int) -> None:
    """A year with no date reader in the workflow: it filters a column that holds years."""
    for table in draft.near_tables(at):
        for column in draft.index.tables[table].schema.columns:
            ref = ColumnRef(table, column.name)
            if draft.index.is_number(ref) and draft.index.words[ref][-1] == "year":
                negated = negation_before(draft, at, max(0, at - 4))
                draft.filters.append(Filter(at, Compare(ref, "=", year), negated))
                draft.take(at, meaning=f"{ref} = {year}")
                return


def _is_told_in_brackets(draft: Draft, at: int) -> bool:
    """As in 国庆期间（10月1日到10月7日）: brackets behind a time say which days it is."""
    opened = draft.following(at, lambda p: draft.items[p].text in ("(", "（"), reach=3)
    return opened is not None and any(
        i.kind == "time" for i in draft.items[opened + 1 : opened + 2]
    )


def times(draft: Draft) -> None:
    """Time ranges: on the date column named beside them, else on that of the tables read."""
    for at, item in enumerate(draft.items):
        if item.kind != "time" or at in draft.taken or item.time is None:
            continue
        if _is_told_in_brackets(draft, at):
            draft.take(at)
            continue
        column: ColumnRef | None = None
        for noun_at in (
            draft.preceding(at, draft.is_column, skip=BETWEEN_NOUN_AND_TEST | {"compare"}, reach=4),
            draft.following(at, draft.is_column, skip=frozenset({"of"}), reach=1),
        ):
            named = draft.column(noun_at) if noun_at is not None else None
            if named is not None and noun_at is not None and _tells_time(draft, named):
                column = named
                linked = draft.is_cue(noun_at + 1, "be", "relative", "compare", "of")
                if linked or noun_at > at or noun_at + 1 == at:
                    draft.take(noun_at)
                break
        negate = draft.preceding(
            at, lambda p: draft.is_cue(p, "negate"), skip=frozenset({"relative", "be"}), reach=3
        )
        if negate is not None and negate not in draft.taken:
            draft.times_not.add(at)
            draft.take(negate)
        draft.times.append((at, item.time, column))
        draft.take(at, meaning=_told(item.time))
        each_at = draft.preceding(at, lambda p: draft.is_cue(p, "each"), reach=3)
        if each_at is not None and each_at not in draft.taken and not draft.chinese:
            draft.grains.append((each_at, item.time.grain))  # "in each of the last 8 weeks"
            draft.take(each_at, meaning=f"by {item.time.grain}")


def _tells_time(draft: Draft, column: ColumnRef) -> bool:
    return (
        column.column in draft.index.tables[column.table].time
        or "year" in draft.index.words[column]
    )


def _told(time: TimeRange) -> str:
    """A range in words for the reader; an open side is left out."""
    first = f"from {time.start}" if time.start is not None else ""
    last = f"before {time.end}" if time.end is not None else ""
    return " and ".join(filter(None, (first, last)))
