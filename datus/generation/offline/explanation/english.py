"""A plan in English."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import assert_never

from datus.generation.offline.explanation.scope import (
    Match,
    Names,
    Scale,
    Scope,
    alternatives,
    as_number,
    matched,
)
from datus.generation.offline.plan import (
    Aggregate,
    AnyPlan,
    Arithmetic,
    ColumnRef,
    Compare,
    Condition,
    DatePart,
    During,
    Either,
    Elapsed,
    Expression,
    Intersection,
    IsNull,
    Like,
    Literal_,
    Member,
    Operator,
    Part,
    Plan,
    Share,
    Star,
    TimeBucket,
)
from datus.text import lemma

_COMPARED: Mapping[Operator, str] = {
    "=": "is", "!=": "is not", "<": "is less than", ">": "is more than", "<=": "is at most",
    ">=": "is at least",
}  # fmt: skip
_COMPARED_TIMES: Mapping[Operator, str] = {
    "=": "is", "!=": "is not", "<": "is before", ">": "is after", "<=": "is on or before",
    ">=": "is on or after",
}  # fmt: skip
_MATCHES: Mapping[Match, tuple[str, str]] = {
    "contains": ("contains", "does not contain"),
    "starts": ("starts with", "does not start with"),
    "ends": ("ends with", "does not end with"),
    "pattern": ("matches the pattern", "does not match the pattern"),
}
_EXTREMES: Mapping[Scale, tuple[str, str]] = {
    "number": ("lowest", "highest"), "time": ("earliest", "latest"), "text": ("alphabetically first", "alphabetically last"),
}  # fmt: skip
_SORTED: Mapping[Scale, tuple[str, str]] = {
    "number": ("lowest first", "highest first"),
    "time": ("earliest first", "latest first"),
    "text": ("in alphabetical order", "in reverse alphabetical order"),
}
_PARTS: Mapping[Part, str] = {
    "hour": "hour", "weekday": "weekday (1 is Monday)", "day": "day of the month", "month": "month (1 to 12)",
}  # fmt: skip
_VERBS: Mapping[str, str] = {
    "is": "are", "does": "do", "contains": "contain", "starts": "start", "ends": "end", "matches": "match",
}  # fmt: skip
# Words whose plural no rule makes; of those with None it is the word itself.
_PLURALS: Mapping[str, str | None] = {
    "person": "people", "child": "children", "man": "men", "woman": "women", "datum": "data", "staff": None,
    "aircraft": None, "series": None, "species": None, "data": None, "information": None, "equipment": None,
    "inventory": None, "people": None, "mouse": "mice", "foot": "feet", "criterion": "criteria",
}  # fmt: skip


def sentence(plan: AnyPlan, names: Names) -> str:
    """What a plan gives, as a sentence."""
    match plan:
        case Plan():
            said = _clauses(Scope.of(plan, names))
        case Intersection(left=left, right=right):
            one, other = (_clauses(Scope.of(each, names)) for each in (left, right))
            said = f"what both of these give, each once: (1) {one}; (2) {other}"
        case _:
            assert_never(plan)
    return f"{said[0].upper()}{said[1:]}."


def listed(parts: Sequence[str], joint: str = "and") -> str:
    """Several phrases as one: ``a, b and c``."""
    *before, last = parts
    return f"{', '.join(before)} {joint} {last}" if before else last


def quoted(value: Literal_, *, bare: bool = False) -> str:
    """A value: texts in quotes unless ``bare``, days as ISO dates."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value if bare else f"“{value}”"
        case date():
            return value.isoformat()
        case _:
            return as_number(value)


def span(start: date | None, end: date | None) -> str:
    """The days of ``[start, end)``, the last one included in what is said."""
    if start is None or end is None:
        if start is not None:
            return f"on or after {start.isoformat()}"
        return f"before {end.isoformat()}" if end is not None else "at any time"
    last = end - timedelta(days=1)
    if start == last:
        return f"on {start.isoformat()}"
    return f"from {start.isoformat()} to {last.isoformat()}"


def plural(name: str) -> str:
    """The plural of a name, by its last word."""
    *before, last = name.split(" ")
    return " ".join((*before, _plural(last)))


def _plural(word: str) -> str:
    low = word.lower()
    if low in _PLURALS:
        return _PLURALS[low] or word
    if not low.isascii() or not low[-1:].isalpha():
        return word
    if low.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if low.endswith("y") and low[-2:-1] not in ("a", "e", "i", "o", "u", ""):
        return f"{word[:-1]}ies"
    return f"{word}s"


def _clauses(scope: Scope) -> str:
    """One SELECT: what for each group, of which rows, which groups, in which order, how many."""
    plan = scope.plan
    said = _groups(scope) + _rows(scope)
    if plan.distinct:
        said += ", each different one once"
    if plan.having:
        said += f", only where {_all(plan.having, scope)}"
    return said + _order(scope)


def _groups(scope: Scope) -> str:
    """What is shown, for each group where there are groups."""
    keys = _keys(scope.keys, scope)
    if not keys:
        return listed([_noun(each, scope) for each in scope.plan.select])
    if not scope.shown:
        return f"each {listed(keys)}"
    return f"for each {listed(keys)}: {listed([_noun(each, scope) for each in scope.shown])}"


def _keys(keys: Sequence[Expression | str], scope: Scope) -> list[str]:
    return [
        scope.names.table(each) if isinstance(each, str) else _bare(each, scope) for each in keys
    ]


def _rows(scope: Scope) -> str:
    """Of which rows that is, and which of them are left out."""
    plan, names = scope.plan, scope.names
    conditions = [f"there is a matching {names.table(each)}" for each in scope.joined]
    conditions += [_condition(each, scope) for each in plan.where]
    where = f" where {' and '.join(conditions)}" if conditions else ""
    if not scope.aggregates and not plan.group:
        return f" of each {_unit(scope)}{where}"
    whole = f"{'the' if where else 'all'} {_units(scope)}{where}"
    if not scope.aggregates:
        keys = (*(each.left for each in plan.having), *(each.key for each in plan.order))
        told = Aggregate("count") in keys and not where
        return "" if told else f", over {whole}"
    counting = [_names_units(each) for each in scope.aggregates]
    if all(counting):
        return where
    return f", over {whole}" if any(counting) else f" of {whole}"


def _names_units(aggregate: Aggregate) -> bool:
    return aggregate.function == "count" and not (aggregate.distinct or aggregate.only)


def _unit(scope: Scope) -> str:
    said = [scope.names.table(each) for each in scope.units]
    return said[0] if len(said) == 1 else f"combination of {listed(said)}"


def _units(scope: Scope) -> str:
    said = [scope.names.table(each) for each in scope.units]
    return plural(said[0]) if len(said) == 1 else f"combinations of {listed(said)}"


def _order(scope: Scope) -> str:
    plan = scope.plan
    keys = [
        f"{_bare(each.key, scope)}, {_SORTED[scope.scale(each.key)][each.descending]}"
        for each in plan.order
    ]
    by = f"sorted by {', then by '.join(keys)}" if keys else ""
    if plan.limit is None:
        return f", {by}" if by else ""
    count = "one" if plan.limit == 1 else str(plan.limit)
    if plan.offset:
        return f", {by}, only {_placed(plan.offset + 1, plan.offset + plan.limit)}"
    if len(plan.order) == 1:
        (order,) = plan.order
        extreme = _EXTREMES[scope.scale(order.key)][order.descending]
        within = listed(_keys(scope.within, scope)) if plan.within else ""
        each = f" for each {within}" if within else ""
        return f", only the {count} with the {extreme} {_bare(order.key, scope)}{each}"
    first = "the first one" if plan.limit == 1 else f"the first {count}"
    return f", only {first}{f' when {by}' if by else ''}"


def _placed(first: int, last: int) -> str:
    """Places in an order: the third one, places 3 to 5."""
    if first != last:
        return f"places {first} to {last}"
    return f"the {_ORDINALS[first]} one" if first < len(_ORDINALS) else f"place {first}"


_ORDINALS = ("", "first", "second", "third", "fourth", "fifth")


def _noun(expression: Expression, scope: Scope) -> str:
    said = _bare(expression, scope)
    return said if isinstance(expression, Star) else f"the {said}"


def _bare(expression: Expression, scope: Scope) -> str:
    match expression:
        case ColumnRef():
            return scope.column(expression)
        case Star(table=table):
            own = (table,) == scope.units
            return "all columns" if own else f"all columns of the {scope.names.table(table)}"
        case Aggregate():
            return _aggregate(expression, scope)
        case Arithmetic():
            return _arithmetic(expression, scope)
        case TimeBucket(column=column, grain=grain):
            return f"{grain} of the {scope.column(column)}"
        case DatePart(column=column, part=part):
            return f"{_PARTS[part]} of the {scope.column(column)}"
        case Elapsed():
            return _elapsed(expression, scope)
        case _:
            assert_never(expression)


def _elapsed(elapsed: Elapsed, scope: Scope) -> str:
    end = elapsed.end
    last = f"the {scope.column(end)}" if isinstance(end, ColumnRef) else quoted(end)
    return f"{elapsed.unit}s from the {scope.column(elapsed.start)} to {last}"


def _share(aggregate: Aggregate, share: Share, scope: Scope) -> str:
    counted = aggregate.function == "count" and aggregate.argument is None
    whole = _aggregate(replace(aggregate, share=None), scope)
    of = _units(scope) if counted else f"the {whole}"
    said = f"{'percentage' if share.percent else 'share'} of {of}"
    if not share.part:
        return f"{said} of all groups"
    return f"{said} where {_all(share.part, scope)}"


def _arithmetic(arithmetic: Arithmetic, scope: Scope) -> str:
    left, right = arithmetic.left, arithmetic.right
    if arithmetic.operator == "-":
        return f"{_bare(left, scope)} minus {_noun(right, scope)}"
    unit = ", as a percentage" if arithmetic.percent else ""
    if isinstance(left, Arithmetic):  # how much something grew
        return f"change from {_noun(right, scope)} to {_noun(left.left, scope)}{unit or ' as a part of it'}"
    return f"{_bare(left, scope)} divided by {_noun(right, scope)}{unit}"


def _aggregate(aggregate: Aggregate, scope: Scope) -> str:
    if aggregate.share is not None:
        return _share(aggregate, aggregate.share, scope)
    if aggregate.only:
        whole = _aggregate(replace(aggregate, only=()), scope)
        return f"{whole} (only where {_all(aggregate.only, scope)})"
    argument = aggregate.argument
    if argument is None:
        return f"number of {_units(scope)}"
    column = _bare(argument, scope)
    match aggregate.function:
        case "count" if aggregate.distinct:
            table = scope.counted_table(argument) if isinstance(argument, ColumnRef) else None
            counted = plural(scope.names.table(table)) if table else f"{column} values"
            return f"number of different {counted}"
        case "count":
            return f"number of {_units(scope)} whose {column} is not missing"
        case "sum":
            return f"total {column}"
        case "avg":
            return f"average {column}"
        case "median":
            return f"median {column}"
        case "min" | "max" as function:
            return f"{_EXTREMES[scope.scale(argument)][function == 'max']} {column}"
        case _:
            assert_never(aggregate.function)


def _all(conditions: Sequence[Condition], scope: Scope) -> str:
    return " and ".join(_condition(each, scope) for each in conditions)


def _condition(condition: Condition, scope: Scope) -> str:
    match condition:
        case Compare():
            return _compare(condition, scope)
        case Like(column=column, negated=negated):
            how, text = matched(condition)
            verb = _agreeing(_MATCHES[how][negated], column, scope)
            return f"the {scope.column(column)} {verb} {quoted(text)}"
        case IsNull(column=column, negated=negated):
            verb = _agreeing("is not" if negated else "is", column, scope)
            return f"the {scope.column(column)} {verb} missing"
        case During():
            return _during(condition, scope)
        case Member():
            return _member(condition, scope)
        case Either(conditions=conditions):
            return _either(conditions, scope)
        case _:
            assert_never(condition)


def _compare(condition: Compare, scope: Scope) -> str:
    left = condition.left
    is_time = scope.scale(left) == "time" or isinstance(condition.right, date)
    words = _COMPARED_TIMES if is_time else _COMPARED
    verb = _agreeing(words[condition.operator], left, scope)
    return f"{_noun(left, scope)} {verb} {_right(condition, scope)}"


def _agreeing(verb: str, subject: Expression, scope: Scope) -> str:
    """A verb as its subject needs it: columns may be called beds or details."""
    if not isinstance(subject, ColumnRef):
        return verb
    last = scope.column(subject).rsplit(" ", 1)[-1].lower()
    first, _, rest = verb.partition(" ")
    many = last.endswith("s") and lemma(last) != last
    return " ".join(filter(None, (_VERBS[first], rest))) if many else verb


def _right(condition: Compare, scope: Scope) -> str:
    match condition.right:
        case Plan() as plan:
            return _inside(plan, scope)
        case ColumnRef() as column:
            return f"the {scope.column(column)}"
        case value:
            return quoted(value, bare=scope.is_bare(value, condition.left))


def _inside(plan: Plan, scope: Scope) -> str:
    """A plan inside a condition, in brackets where it has conditions of its own."""
    inner = scope.inner(plan)
    said = _clauses(inner)
    return said if inner.is_plain and not plan.where else f"({said})"


def _during(condition: During, scope: Scope) -> str:
    column, start, end = condition.column, condition.start, condition.end
    verb = "is"
    if condition.negated and (start is None) != (end is None):
        start, end = end, start  # not before a day is on or after it
    elif condition.negated:
        verb = "is not"
    return f"the {scope.column(column)} {_agreeing(verb, column, scope)} {span(start, end)}"


def _member(condition: Member, scope: Scope) -> str:
    partner, column = scope.partner(condition), condition.column
    if condition.plan.group == (column,) == condition.plan.select:
        return _group_kept(condition, scope)
    if partner is None:
        among = _agreeing("is not among" if condition.negated else "is among", column, scope)
        return f"the {scope.column(column)} {among} {_inside(condition.plan, scope)}"
    how = "no" if condition.negated else "at least one"
    unit, own = _unit(partner), scope.names.table(column.table)
    said = f"the {own} has {how} {unit}"
    where = _all(condition.plan.where, partner)
    return f"{said} (where {where})" if where else said


def _group_kept(condition: Member, scope: Scope) -> str:
    """As in "the number of stays is more than 2 for the hiker": rows chosen by a figure of their group."""
    inner = scope.inner(condition.plan)
    (key,) = inner.keys
    own = scope.names.table(key) if isinstance(key, str) else _bare(key, inner)
    where = " and ".join(_condition(each, inner) for each in inner.plan.where)
    over = f", over the {_units(inner)} where {where}" if where else ""
    said = f"{_all(inner.plan.having, inner)} for the {own}{over}"
    return f"it is not so that {said}" if condition.negated else said


def _either(conditions: tuple[Condition, ...], scope: Scope) -> str:
    left = alternatives(conditions)
    if left is None:
        return f"({' or '.join(_condition(each, scope) for each in conditions)})"
    values = [_right(each, scope) for each in conditions if isinstance(each, Compare)]
    return f"{_noun(left, scope)} {_agreeing('is', left, scope)} {listed(values, 'or')}"
