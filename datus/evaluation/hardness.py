"""Spider's four levels of a query (Yu et al. 2018, section 6), computed from its sqlglot tree.

The published rule counts three kinds of parts in the outermost query. This reading of it works on a
general parser, so it differs from the original where Spider's own parser sees less: a join condition
counts no condition, a table expression in FROM counts as one table, and a query that does not parse
is ``unknown``.
"""

from collections.abc import Iterator
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

Hardness = Literal["easy", "medium", "hard", "extra", "unknown"]


def hardness(sql: str) -> Hardness:
    """The level of a query.

    Components: WHERE, GROUP BY, ORDER BY, LIMIT, each joined table, each OR, each LIKE. Nestings: set
    operations, and subqueries in conditions. Others: more than one aggregate, projection, condition,
    grouping key.
    """
    try:
        tree = sqlglot.parse_one(sql, dialect="sqlite")
    except SqlglotError:
        return "unknown"
    nested = 0
    while isinstance(tree, exp.SetOperation | exp.Subquery):
        nested += isinstance(tree, exp.SetOperation)
        tree = tree.this
    if not isinstance(tree, exp.Select):
        return "unknown"
    conditions = list(_conditions(tree))
    nested += sum(isinstance(node, exp.Query) for c in conditions for node in _own(c))
    return _level(_components(tree, conditions), nested, _others(tree))


def _level(components: int, nested: int, others: int) -> Hardness:
    if nested == 0:
        if components <= 1 and others == 0:
            return "easy"
        if (components <= 1 and others <= 2) or (components <= 2 and others < 2):
            return "medium"
        if (components <= 2 and others > 2) or (components == 3 and others <= 2):
            return "hard"
    if nested <= 1 and components <= 1 and others == 0:
        return "hard"
    return "extra"


def _components(tree: exp.Select, conditions: list[exp.Expr]) -> int:
    clauses = sum(tree.args.get(name) is not None for name in ("where", "group", "order", "limit"))
    joins = len(tree.args.get("joins") or ())
    words = sum(isinstance(node, exp.Or | exp.Like) for c in conditions for node in _own(c))
    return clauses + joins + words


def _others(tree: exp.Select) -> int:
    parts = [*tree.expressions]
    parts += [p for name in ("where", "group", "having", "order") if (p := tree.args.get(name))]
    aggregates = sum(isinstance(node, exp.AggFunc) for part in parts for node in _own(part))
    where, group = tree.args.get("where"), tree.args.get("group")
    connected = 1 + sum(isinstance(n, exp.Connector) for n in _own(where)) if where else 0
    counts = (aggregates, len(tree.expressions), connected, len(group.expressions) if group else 0)
    return sum(count > 1 for count in counts)


def _conditions(tree: exp.Select) -> Iterator[exp.Expr]:
    for name in ("where", "having"):
        if clause := tree.args.get(name):
            yield clause.this


def _own(part: exp.Expr) -> Iterator[exp.Expr]:
    """The nodes of a part, with subqueries themselves but nothing inside them."""
    return part.walk(prune=lambda node: isinstance(node, exp.Query) and node is not part)
