"""Whether a question asks for an order of its rows, and which rows of its reference tie in it."""

import re
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_ORDER_WORDS = re.compile(
    r"""\b(order(ed|ing)?|sort(ed|ing)?|rank(ed|ing|ings)?|sequenced?|arrang\w+|listed\ by|top|bottom
         |alphabet\w*|lexicograph\w*|chronolog\w*|ascend\w*|descen\w*|asc|desc|increasing|decreasing
         |reverse|(from|starting)\b.{0,40}\b(to|with|first|last|earliest|latest|highest|lowest)
         |(highest|lowest|largest|smallest|oldest|youngest|newest|earliest|latest|most|least)\b
          .{0,24}\bfirst)\b
      | 排序|排列|[顺順次]序|[升降倒正]序|排名|前[\d一二三四五六七八九十两兩]+|[从從由].{1,12}[到至]""",
    re.IGNORECASE | re.VERBOSE,
)


def asks_for_order(question: str, reference: str, dialect: str | None = None) -> bool:
    """Whether rows are compared as a list.

    So it is when the outermost query of the reference has an ORDER BY, and either the question has a
    word of order (ordered by, sorted, descending, alphabetical, from highest to lowest, top 5, 降序)
    or the reference cuts the ordered rows off: the best N, best first. An ORDER BY alone may be the
    reference's taste; a single row has no order.
    """
    tree = _parse(reference, dialect)
    if tree is None or tree.args.get("order") is None:
        return False
    return tree.args.get("limit") is not None or _ORDER_WORDS.search(question) is not None


@dataclass(frozen=True, slots=True)
class SortKeys:
    """How to see which rows of an ordered reference tie.

    Attributes:
        sql: A query whose rows are the reference's with the sort keys in them.
        positions: Columns of its rows that are sort keys; negative ones count from the right.
        extra: How many of its columns, at the right, the reference itself does not have.
    """

    sql: str
    positions: tuple[int, ...]
    extra: int


def sort_keys(reference: str, dialect: str | None = None) -> SortKeys | None:
    """The reference with its sort keys, or None where they cannot be shown (so no tie is known).

    Keys that are not among the columns are added at the right. DISTINCT and set operations allow no
    such addition, and a position number means nothing after a star.

    Args:
        reference: A query that has an ORDER BY.
        dialect: sqlglot's name of its dialect; None for its common ground.
    """
    tree = _parse(reference, dialect)
    if tree is None or tree.args.get("order") is None:
        return None
    columns = tree.selects
    starred = any(column.is_star for column in columns)
    places: list[int | None] = []
    added: list[exp.Expr] = []
    for ordered in tree.args["order"].expressions:
        key = ordered.this
        place = None if starred else _place(key, columns)
        if place is None:
            if key.is_int:
                return None
            added.append(_without_aliases(key, columns))
        places.append(place)
    if not added:
        return SortKeys(reference, tuple(p for p in places if p is not None), 0)
    if not isinstance(tree, exp.Select) or tree.args.get("distinct"):
        return None
    keyed = tree.select(*(exp.alias_(key, f"sort_key_{n}") for n, key in enumerate(added)))
    rest = iter(range(-len(added), 0))
    positions = tuple(next(rest) if place is None else place for place in places)
    return SortKeys(keyed.sql(dialect=dialect), positions, len(added))


def _parse(sql: str, dialect: str | None) -> exp.Query | None:
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
    except SqlglotError:
        return None
    return tree if isinstance(tree, exp.Query) else None


def _place(key: exp.Expr, columns: list[exp.Expr]) -> int | None:
    if key.is_int:
        return int(key.name) - 1
    for place, column in enumerate(columns):
        named = (
            isinstance(key, exp.Column) and not key.table and _folded(column) == key.name.lower()
        )
        if named or column.unalias() == key:
            return place
    return None


def _without_aliases(key: exp.Expr, columns: list[exp.Expr]) -> exp.Expr:
    """The key with names of the reference's own columns spelt out: no other column may use them."""
    meant = {_folded(c): c.unalias() for c in columns if isinstance(c, exp.Alias)}

    def spelt(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and not node.table and node.name.lower() in meant:
            return meant[node.name.lower()].copy()
        return node

    return key.copy().transform(spelt)


def _folded(column: exp.Expr) -> str:
    return column.alias_or_name.lower()
