"""Names, labels and synonyms of proposed metrics."""

import re
from collections.abc import Iterable, Iterator

from datus.semantic.suggest.columns import Aggregation
from datus.semantic.suggest.comments import one_line, read_comment
from datus.semantic.suggest.evidence import Aggregate, Condition
from datus.semantic.suggest.models import Model
from datus.semantic.suggest.names import slug
from datus.types import Column

# Names that a query gives to a figure without saying what it is.
_EMPTY_ALIASES = frozenset(
    "n cnt num count total sum avg average val value result res x y ratio rate share percent pct percentage "
    "amount number max min diff difference days hours minutes seconds weeks months years".split()
)
_MOST_COLUMNS = 3
_PREFIX: dict[Aggregation, str] = {
    "sum": "total",
    "average": "average",
    "count": "number of",
    "count_distinct": "distinct",
    "min": "lowest",
    "max": "highest",
}


def column_of(model: Model, aggregate: Aggregate) -> Column | None:
    """The one column that an aggregate is of, or None."""
    name = aggregate.column
    return next((each for each in model.table.columns if name and each.name == name), None)


def _points_to(model: Model, aggregate: Aggregate) -> Model | None:
    """The model whose rows are counted where a foreign key is."""
    found = (each for each in model.entities if each.columns == (aggregate.column,))
    return next((each.target for each in found if each.target is not None), None)


def names(model: Model, aggregate: Aggregate) -> tuple[str, ...]:
    """Names for the metric of an aggregate, best first."""
    if aggregate.expr == "1":
        return (f"{model.thing}_count", f"{model.name}_row_count")
    thing = _thing(model, aggregate)
    has = set(thing.split("_"))
    match aggregate.aggregation:
        case "sum":
            name = thing if "total" in has else f"total_{thing}"
        case "average":
            name = thing if has & {"average", "avg"} else f"average_{thing}"
        case "count_distinct":
            name = f"distinct_{thing}_count"
        case "count":
            name = f"{thing}_filled_count"
        case "min":
            name = f"lowest_{thing}"
        case "max":
            name = f"highest_{thing}"
    return (name, f"{model.thing}_{name}")


def _thing(model: Model, aggregate: Aggregate) -> str:
    """A slug for what is aggregated."""
    column = column_of(model, aggregate)
    if column is None:  # an expression: no better name than the columns in it
        words = set(re.findall(r"\w+", aggregate.expr.lower()))
        inside = [slug(each.name) for each in model.table.columns if each.name.lower() in words]
        known = [name for name in inside if name][:_MOST_COLUMNS]
        return f"of_{'_and_'.join(known)}" if known else f"of_{model.thing}_expression"
    if (target := _points_to(model, aggregate)) is not None:
        return target.thing
    if (dimension := model.dimension_of(column.name)) is not None:
        return dimension.name
    english = (*read_comment(column.comment).english, "")[0]
    number = model.table.columns.index(column) + 1
    return slug(column.name) or slug("_".join(english.split())) or f"column_{number}"


def label(model: Model, aggregate: Aggregate) -> str:
    """A short name for people; a sum is called as its column is."""
    if aggregate.expr == "1":
        return f"{model.label} count"
    prefix = _PREFIX[aggregate.aggregation]
    column = column_of(model, aggregate)
    if column is None:
        return f"{prefix} {one_line(aggregate.expr, 60)}"
    said = read_comment(column.comment)
    name = said.first or " ".join(slug(column.name).split("_")) or column.name
    if aggregate.aggregation == "count_distinct":
        target = _points_to(model, aggregate)
        return f"{prefix} {target.label if target is not None else name} count"
    if aggregate.aggregation == "sum" and said.first:
        return name
    return name if name.startswith(prefix) else f"{prefix} {name}"


def synonyms(model: Model, aggregate: Aggregate) -> Iterator[str]:
    """Other words for the metric of an aggregate, from the comments."""
    counted = model if aggregate.expr == "1" else None
    if aggregate.aggregation == "count_distinct":
        counted = _points_to(model, aggregate)
    if counted is not None:
        how = "different " if aggregate.expr != "1" else ""
        for name in counted.said.english:
            yield f"number of {how}{name}"
        for name in counted.said.chinese:
            yield f"{name.removesuffix('记录')}{'去重' if how else ''}数量"
        return
    column = column_of(model, aggregate)
    said = read_comment(column.comment if column is not None else "")
    if aggregate.aggregation == "sum":
        yield from said.all[1:]
        yield from (f"total {name}" for name in said.english[:1])
        yield from (f"总{name}" for name in said.chinese[:1])
    elif aggregate.aggregation == "average":
        yield from (f"average {name}" for name in said.english[1:])
        yield from (f"平均{name.removeprefix('平均')}" for name in said.chinese)


def alias_words(alias: str) -> str:
    """The name that a query gives a figure, as words; empty where it says nothing."""
    name = slug(alias)
    if name in _EMPTY_ALIASES:
        return ""
    return " ".join(name.split("_")) or one_line(alias, 30)


def condition_words(condition: Condition) -> str:
    """A condition as a few words: the values, or the column where these are true or false."""
    values = plain(condition.values).lower()
    column = " ".join(slug(condition.column).split("_")) or condition.column
    if values in ("true", "false", "1", "0"):
        negated = condition.negated != (values in ("false", "0"))
        return f"{'not ' if negated else ''}{column.removeprefix('is ')}"
    if not any(char.isalpha() for char in values):
        values = f"{column} {values}"
    return f"{'not ' if condition.negated else ''}{values}"


def condition_label(condition: Condition) -> str:
    """A condition for people: its column and values."""
    how = "not " if condition.negated else ""
    return f"{condition.column} {how}{plain(condition.values)}"


def plain(values: Iterable[str]) -> str:
    """SQL literals as words."""
    return " or ".join(value.strip("'").replace("''", "'") for value in values)
