"""The guard: only harmless queries, and only as the guard itself has written them.

``check`` reads a statement with sqlglot, refuses whatever is not on its lists of syntax, functions,
types and tables, and writes the statement again from the tree. A database gets that text alone. The
lists are in ``render.py``, ``functions.py``, ``typenames.py`` and the namespace's own schema; what they
do not name is refused. Behind the guard stand the read-only session and the least-privilege user of the
database; it never stands alone.
"""

from dataclasses import dataclass

from sqlglot import Token, exp
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.errors import ParseError

from datus.sql.arguments import check_arguments
from datus.sql.functions import FUNCTIONS, TABLE_FUNCTIONS
from datus.sql.names import lower
from datus.sql.nodes import WordedCall
from datus.sql.refusal import refuse
from datus.sql.render import render
from datus.sql.scope import Resolver
from datus.sql.strict import strict
from datus.sql.tokens import read_tokens, spelling
from datus.types import DatabaseSchema, Dialect


@dataclass(frozen=True, slots=True)
class CheckedSql:
    """A query that passed the guard.

    Attributes:
        sql: The query as the guard wrote it; the only text that may be executed.
        tables: Tables it reads, as ``table`` or ``schema.table``, sorted.
        columns: Columns it reads, as ``table.column``, sorted.
    """

    sql: str
    tables: tuple[str, ...]
    columns: tuple[str, ...]


def check(sql: str, schema: DatabaseSchema) -> CheckedSql:
    """Check that ``sql`` is one harmless query over ``schema`` and write it anew.

    It holds nothing between calls and may be called from any thread.

    Args:
        sql: One statement in the dialect of ``schema``; semicolons at its end are dropped.
        schema: All tables and columns that the query may read.

    Raises:
        RefusalError: Code ``unsafe_sql``; ``details["reason"]`` says why (see ``refusal.refuse``).
    """
    try:
        return _check(sql, schema)
    except RecursionError as error:
        raise refuse("too_complex", "The statement is too deep to be read safely.") from error


def _check(sql: str, schema: DatabaseSchema) -> CheckedSql:
    dialect = strict(schema.dialect)
    tokens = read_tokens(sql, dialect)
    tree = _parse(sql, tokens, dialect)
    render(tree, schema.dialect)  # refuses unknown syntax, so that what follows meets known nodes
    _check_calls(tree, schema.dialect)
    resolver = Resolver(schema, sql)
    resolver.resolve(tree)
    written = render(tree, schema.dialect)
    again = read_tokens(written, dialect)
    if spelling(again) != spelling(tokens) or _parse(written, again, dialect) != tree:
        raise refuse("rendering", "The query cannot be written again word for word; simplify it.")
    return CheckedSql(written, tuple(sorted(resolver.tables)), tuple(sorted(resolver.columns)))


def _parse(sql: str, tokens: list[Token], dialect: SqlglotDialect) -> exp.Expr:
    try:
        trees = dialect.parser().parse(tokens, sql)
    except ParseError as error:
        near = str(error.errors[0].get("highlight") or "") if error.errors else ""
        at = f" near {near[:40]!r}" if near else ""
        raise refuse("syntax", f"The statement cannot be read{at}.", name=near[:40]) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query | exp.Values):
        raise refuse("statement", "Only a query may run.")
    return trees[0]


def _check_calls(tree: exp.Expr, dialect: Dialect) -> None:
    for node in tree.walk():
        if isinstance(node, exp.Star):
            _check_star(node)
        if not isinstance(node, exp.Anonymous | WordedCall):
            continue
        name = lower(node.args["this"])
        if isinstance(node.parent, exp.Table | exp.Lateral):
            allowed = name in TABLE_FUNCTIONS[dialect]
        else:
            allowed = name in FUNCTIONS[dialect]
        if not allowed:
            raise refuse("function", f"The function {name!r} is not on the list.", name=name)
        check_arguments(name, node.expressions, dialect)


def _check_star(node: exp.Star) -> None:
    """Refuse ``*`` anywhere but in a select list and in COUNT."""
    holder = node.parent.parent if isinstance(node.parent, exp.Column) else node.parent
    counted = isinstance(holder, exp.Anonymous) and lower(holder.name) == "count"
    if not counted and not isinstance(holder, exp.Select):
        raise refuse("construct", "A '*' stands in a wrong place.")
