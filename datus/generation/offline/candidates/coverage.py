"""How much of a question a plan leaves out, and how much it adds that nobody named."""

from collections.abc import Iterator

from datus.generation.offline.candidates.scene import Scene
from datus.generation.offline.linking import Item
from datus.generation.offline.plan import (
    AnyPlan,
    ColumnRef,
    Compare,
    Condition,
    During,
    Either,
    Like,
    Plan,
    all_plans,
    condition_columns,
    expression_columns,
    plan_columns,
    plan_tables,
)

_NAMED = 0.6
_SURE = 0.75
_TIME = "a time"


def unexplained(plan: AnyPlan, scene: Scene) -> float:
    """How many values, numbers, times, columns and tables of the question a plan does nothing with, and half as
    much for each column that it shows unasked."""
    plans = tuple(all_plans(plan))
    literals = {each for one in plans for each in _literals(one)}
    columns = {column for one in plans for column in plan_columns(one)}
    tables = {table for one in plans for table in plan_tables(one)}
    missed = sum(_missed(item, literals, columns, tables) for item in scene.items)
    return missed + 0.5 * _unasked(plans[0], scene) + 0.25 * len(tables - _spoken(scene))


def _literals(plan: Plan) -> Iterator[str]:
    if plan.limit is not None:
        yield str(plan.limit)
    pending: list[Condition] = [*plan.where, *plan.having]
    while pending:
        match pending.pop():
            case Either(conditions=conditions):
                pending.extend(conditions)
            case Like(pattern=pattern):
                yield pattern.strip("%").lower()
            case During():
                yield _TIME
            case Compare(right=right) if not isinstance(right, Plan | ColumnRef):
                yield str(right).lower()
            case _:
                continue


def _missed(item: Item, literals: set[str], columns: set[ColumnRef], tables: set[str]) -> float:
    if item.kind in ("value", "quote"):
        said = {str(hit.value).lower() for hit in item.hits} or {item.text.strip("\"' %").lower()}
        return float(said.isdisjoint(literals))
    if item.number is not None:
        number = int(item.number) if item.number == int(item.number) else item.number
        return float(str(number) not in literals)
    if item.time is not None:
        return float(_TIME not in literals)
    named = {e.ref for e in item.entries if e.column is not None and e.score >= _NAMED}
    of_tables = {e.table for e in item.entries if e.column is None}
    if of_tables:
        return 0.5 * of_tables.isdisjoint(tables)
    sure = any(entry.score >= _SURE for entry in item.entries)
    return float(sure and named.isdisjoint(columns))


def _unasked(plan: Plan, scene: Scene) -> int:
    """Columns that are shown and not named, or shown though they are named as what is filtered by."""
    named = {ref for ref, score in scene.column_scores.items() if score >= _NAMED}
    named |= {ref for table in scene.table_scores for ref in scene.index.label(table)}
    shown = [column for each in plan.select for column in expression_columns(each)]
    held = {column for condition in plan.where for column in condition_columns(condition)}
    return sum(column not in named for column in shown) + sum(column in held for column in shown)


def _spoken(scene: Scene) -> set[str]:
    tables = {entry.table for item in scene.items for entry in item.entries}
    return tables | {hit.table for item in scene.items for hit in item.hits}
