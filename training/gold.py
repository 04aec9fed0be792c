"""Traits and column roles of a reference query, under the names that the ranking uses for plans."""

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp

Columns = Mapping[str, tuple[str, ...]]
"""Column names of each table, all in lower case."""
Ref = tuple[str, str]


def parse(sql: str) -> exp.Query:
    """A SQLite reference query as a tree."""
    return sqlglot.parse_one(sql, read="sqlite")  # type: ignore[return-value]


def traits(tree: exp.Query) -> dict[str, bool]:
    """The reference's value of every trait in ``ranking.traits.TRAITS``."""
    select = tree.find(exp.Select)
    assert select is not None
    shown = select.expressions
    functions = {
        name: any(select_only(select, kind))
        for name, kind in (
            ("count", exp.Count), ("sum", exp.Sum), ("avg", exp.Avg), ("min", exp.Min), ("max", exp.Max),
        )
    }  # fmt: skip
    conditions = list(row_conditions(select))
    equal = sum(isinstance(c, exp.EQ) and not c.find(exp.Select) for c in conditions)
    order, ordered = select.args.get("order"), select.args.get("order") is not None
    where = select.args.get("where")
    tables = {t.name.lower() for t in select.find_all(exp.Table) if t.parent_select is select}
    return {
        **functions,
        "one column": len(shown) == 1,
        "two columns": len(shown) == 2,
        "three columns": len(shown) >= 3,
        "star": any(isinstance(each, exp.Star) for each in shown),
        "distinct": bool(select.args.get("distinct"))
        or any(isinstance(c.this, exp.Distinct) for c in select.find_all(exp.Count)),
        "group": select.args.get("group") is not None,
        "having": select.args.get("having") is not None,
        "order": ordered,
        "descending": ordered and bool(order.expressions[0].args.get("desc")),
        "limit": select.args.get("limit") is not None,
        "equal": equal == 1,
        "two equal": equal > 1,
        "unequal": any(
            isinstance(c, exp.GT | exp.GTE | exp.LT | exp.LTE | exp.NEQ | exp.Between)
            for c in conditions
        ),
        "like": any(isinstance(c, exp.Like) for c in conditions),
        "either": where is not None
        and any(o.parent_select is select for o in where.find_all(exp.Or)),
        "without": isinstance(tree, exp.Except)
        or any(isinstance(i.parent, exp.Not) for i in tree.find_all(exp.In)),
        "both": isinstance(tree, exp.Intersect),
        "subquery": any(
            isinstance(c, exp.Binary) and c.find(exp.Subquery) is not None for c in conditions
        ),
        "two tables": len(tables) == 2,
        "three tables": len(tables) >= 3,
    }


def select_only(select: exp.Select, kind: type[exp.Expr]) -> Iterator[exp.Expr]:
    """Nodes of a kind in a SELECT's projection and order."""
    order = select.args.get("order")
    for each in (*select.expressions, *((order,) if order is not None else ())):
        for found in each.find_all(kind):
            if found.parent_select is select:
                yield found


def row_conditions(select: exp.Select) -> Iterator[exp.Expr]:
    """The tests of a SELECT's WHERE, one by one."""
    where = select.args.get("where")
    if where is None:
        return
    pending = [where.this]
    while pending:
        each = pending.pop()
        if isinstance(each, exp.And | exp.Or):
            pending += [each.left, each.right]
        elif isinstance(each, exp.Paren):
            pending.append(each.this)
        else:
            yield each


def roles(tree: exp.Query, columns: Columns) -> dict[Ref, set[str]]:
    """What the reference does with each column, by the names in ``ranking.wording.ROLES``."""
    found: dict[Ref, set[str]] = {}
    outer = {id(each) for each in _outer(tree)}
    for select in tree.find_all(exp.Select):
        names = {
            (t.alias or t.name).lower(): t.name.lower()
            for t in select.find_all(exp.Table)
            if t.parent_select is select
        }
        for part, role in (
            ("expressions", "shown"), ("where", "filtered"), ("group", "grouped"),
            ("having", "filtered"), ("order", "sorted"),
        ):  # fmt: skip
            if part == "expressions" and id(select) not in outer:
                continue
            held = select.args.get(part)
            for each in held if isinstance(held, list) else [held] if held is not None else []:
                for column in each.find_all(exp.Column):
                    if column.parent_select is not select:
                        continue
                    ref = _resolve(column, names, columns)
                    inside = column.find_ancestor(exp.AggFunc) is not None and role == "shown"
                    if ref is not None:
                        found.setdefault(ref, set()).add("measured" if inside else role)
    return found


def _outer(tree: exp.Query) -> Iterator[exp.Select]:
    if isinstance(tree, exp.Select):
        yield tree
    elif isinstance(tree, exp.SetOperation):
        yield from _outer(tree.left)
        yield from _outer(tree.right)


def _resolve(column: exp.Column, names: Mapping[str, str], columns: Columns) -> Ref | None:
    name = column.name.lower()
    if column.table:
        table = names.get(column.table.lower())
        return (table, name) if table is not None else None
    return next(((t, name) for t in names.values() if name in columns.get(t, ())), None)
