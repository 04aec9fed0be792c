"""Conditions from the plan of a small question, and their opposite."""

from dataclasses import replace

from datus.generation.offline.filters import FLIPPED
from datus.generation.offline.names import SchemaIndex
from datus.generation.offline.plan import (
    AnyPlan,
    ColumnRef,
    Compare,
    Condition,
    Either,
    Member,
    Plan,
    condition_columns,
    plan_tables,
)


class NoConditionError(Exception):
    """A plan that cannot be held as a condition on rows; the message says why, for people."""


def rows_of(plan: AnyPlan, table: str, index: SchemaIndex) -> tuple[Condition, ...]:
    """What holds for the rows of a table that a plan asks for.

    Conditions on the table's own columns stand as they are; any other plan becomes the set of keys of
    the rows that it finds, so that it never changes how often a row is counted.

    Raises:
        NoConditionError: The plan has no condition, keeps only a first few rows, or the table has no key.
    """
    if not isinstance(plan, Plan) or plan.limit is not None:
        raise NoConditionError("a ranking cannot be a condition yet")
    others = [other for other in plan_tables(plan) if other != table]
    if not plan.where and not plan.having and not others:
        raise NoConditionError("it sets no condition")
    plain = not plan.having and not others
    if plain:
        return plan.where
    key = _key(table, index)
    inner = Plan(
        select=(key,),
        tables=plan_tables(plan),
        where=plan.where,
        group=(key,) if plan.having else (),
        having=plan.having,
    )
    if not plan.having and _only_members(plan.where, table) and not _joined(plan, table):
        return plan.where
    return (Member(key, inner),)


def _only_members(conditions: tuple[Condition, ...], table: str) -> bool:
    columns = [column for each in conditions for column in condition_columns(each)]
    return bool(columns) and all(column.table == table for column in columns)


def _joined(plan: Plan, table: str) -> bool:
    """Whether a plan asks for partners by naming their table alone."""
    return any(each != table for each in plan.tables)


def _key(table: str, index: SchemaIndex) -> ColumnRef:
    roles = index.tables[table]
    if len(roles.key) != 1:
        raise NoConditionError(f"{table} has no key of one column")
    return ColumnRef(table, roles.key[0])


def as_one(conditions: tuple[Condition, ...], table: str, index: SchemaIndex) -> Condition:
    """Several conditions as a single one, for where "or" stands beside them.

    Raises:
        NoConditionError: The table has no key of one column.
    """
    if len(conditions) == 1:
        return conditions[0]
    key = _key(table, index)
    return Member(key, Plan(select=(key,), tables=(table,), where=conditions))


def opposite(conditions: tuple[Condition, ...]) -> tuple[Condition, ...] | None:
    """What holds for the rows for which not all of the conditions hold; None where no plan says it."""
    turned = [_opposite(each) for each in conditions]
    if len(turned) == 1:
        return turned[0]
    if any(len(each) != 1 for each in turned):
        return None
    return (Either(tuple(each[0] for each in turned)),)


def _opposite(condition: Condition) -> tuple[Condition, ...]:
    match condition:
        case Compare(operator=operator):
            return (replace(condition, operator=FLIPPED[operator]),)
        case Either(conditions=conditions):
            return tuple(part for each in conditions for part in _opposite(each))
        case _:
            return (replace(condition, negated=not condition.negated),)
