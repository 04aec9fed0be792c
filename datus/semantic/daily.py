"""Figures summed up by day before they are joined to the days of a window.

MetricFlow joins every row of a table to every day whose window it lies in, which for a running total
of some hundred thousand rows are millions of pairs. Sums, smallest and largest values come to the same
when the rows of a day are one row first; and so do counts of distinct values when equal rows are one.
"""

from collections.abc import Iterator

from sqlglot import exp


def sum_by_day(tree: exp.Expr, days: str) -> None:
    """Rewrite the joins of ``tree`` to windows over the table ``days``, where that changes no figure."""
    for select in list(tree.find_all(exp.Select)):
        for join in select.args.get("joins") or []:
            on = join.args.get("on")
            if on is not None and on.find(exp.LTE) is not None and _is_days(select, days):
                _rewrite(select, join)
                break


def _is_days(select: exp.Select, days: str) -> bool:
    source = select.args["from_"].this
    inner = source.this if isinstance(source, exp.Subquery) else None
    if isinstance(inner, exp.Select) and not inner.args.get("joins"):
        source = inner.args["from_"].this
    return isinstance(source, exp.Table) and source.name == days


def _rewrite(select: exp.Select, join: exp.Join) -> None:
    alias = join.this.alias_or_name
    figures = [one for part in select.expressions for one in part.find_all(exp.AggFunc)]
    if not figures or not all(_can_sum(one, alias) for one in figures):
        return
    values = [one for one in figures if not isinstance(one, exp.Count)]
    inside = {id(node) for one in values for node in one.walk()}
    keys = [one for one in _keys(select, alias) if id(one) not in inside]
    names = {
        key.sql(): f"key_{at}" for at, key in enumerate({k.sql(): k for k in keys}.values(), 1)
    }
    fields = {name: next(k.copy() for k in keys if k.sql() == text) for text, name in names.items()}
    groups = [field.copy() for field in fields.values()]
    for at, one in enumerate(values, 1):
        fields[f"value_{at}"] = one.copy()
    source = join.this.copy()
    daily = exp.select(*(exp.alias_(field, name) for name, field in fields.items())).from_(source)
    daily = daily.group_by(*groups)
    for key in keys:
        key.replace(exp.column(names[key.sql()], table=alias))
    for at, one in enumerate(values, 1):
        one.set("this", exp.column(f"value_{at}", table=alias))
    join.set("this", exp.Subquery(this=daily, alias=exp.TableAlias(this=exp.to_identifier(alias))))


def _can_sum(figure: exp.AggFunc, alias: str) -> bool:
    columns = list(figure.find_all(exp.Column))
    if not columns or any(column.table != alias for column in columns):
        return False
    if isinstance(figure, exp.Count):
        return isinstance(figure.this, exp.Distinct)
    return isinstance(figure, exp.Sum | exp.Min | exp.Max) and not figure.args.get("expressions")


def _keys(select: exp.Select, alias: str) -> Iterator[exp.Expr]:
    """What ``select`` reads of ``alias``: whole calls over its columns where there are such, else columns."""
    parts = [*select.expressions, *(select.args.get(k) for k in ("where", "group", "having"))]
    parts += [join.args.get("on") for join in select.args["joins"]]
    for part in parts:
        waiting = [part] if part is not None else []
        while waiting:
            node = waiting.pop()
            whole = isinstance(node, exp.Column) or (
                isinstance(node, exp.Func) and not isinstance(node, exp.AggFunc | exp.Connector)
            )
            columns = list(node.find_all(exp.Column))
            if whole and columns and all(column.table == alias for column in columns):
                yield node
            else:
                waiting.extend(node.iter_expressions())
