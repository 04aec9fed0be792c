"""Writing a checked tree as SQL. The table of nodes here is the guard's list of allowed syntax.

A node class without a row cannot be written, so a statement that holds it is refused, and so is a part
of a known node that its row does not name: ``INTO``, locks, hints, samples, pivots, ``WITH ORDINALITY``.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from sqlglot import exp

from datus.sql.nodes import (
    Duration,
    Moment,
    Negated,
    Operator,
    Postfix,
    Prefix,
    TypedLiteral,
    TypeName,
    WordedCall,
)
from datus.sql.refusal import refuse
from datus.types import Dialect

_QUOTE: dict[Dialect, str] = {"sqlite": '"', "duckdb": '"', "postgresql": '"', "mysql": "`"}
_BARE_NAME = re.compile(r"[^\W\d]\w*")
_NUMBER = re.compile(r"\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_COLLATIONS = frozenset({"NOCASE", "BINARY", "RTRIM", "C", "POSIX", "NOACCENT"})
_FRAME_SIDES = frozenset({"PRECEDING", "FOLLOWING"})
_MODIFIERS = ("where", "group", "having", "qualify", "windows", "order", "limit", "offset")


def render(tree: exp.Expr, dialect: Dialect) -> str:
    """Write ``tree`` in ``dialect``, with every spelling as the strict parser kept it.

    Raises:
        RefusalError: Code ``unsafe_sql``, when the tree holds syntax that is not on the list.
    """
    return _Renderer(dialect).sql(tree)


class _Renderer:
    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.quote = _QUOTE[dialect]

    def sql(self, node: Any) -> str:
        write = _WRITERS.get(type(node))
        if write is None:
            raise _unknown(type(node).__name__ if isinstance(node, exp.Expr) else repr(node))
        return write(self, node)

    def list(self, nodes: Iterable[Any]) -> str:
        return ", ".join(self.sql(node) for node in nodes)

    def optional(self, before: str, node: Any) -> str:
        return f"{before}{self.sql(node)}" if node is not None else ""

    # names and constants

    def name(self, node: Any, *others: type[exp.Expr]) -> str:
        """Write a name; refuse an expression that stands in its place."""
        if not isinstance(node, (exp.Identifier, *others)):
            raise _unknown("expression in the place of a name")
        return self.sql(node)

    def identifier(self, node: exp.Identifier) -> str:
        _only(node, "this", "quoted")
        name: str = node.args["this"]
        if node.args.get("quoted"):
            return self.quote + name.replace(self.quote, self.quote * 2) + self.quote
        if not _BARE_NAME.fullmatch(name):
            raise refuse("construct", f"The name {name!r} must be quoted.", name=name)
        return name

    def literal(self, node: exp.Literal) -> str:
        text: str = node.args["this"]
        if not node.args["is_string"]:
            if not _NUMBER.fullmatch(text):
                raise refuse("construct", f"{text!r} is not a plain number.", name=text)
            return text
        if self.dialect == "mysql":
            text = text.replace("\\", "\\\\")
        elif self.dialect == "postgresql" and (text.endswith("\\") or "\\'" in text):
            # ends the literal elsewhere when standard_conforming_strings is off
            raise refuse("construct", "A backslash right before a quote cannot be written safely.")
        return "'" + text.replace("'", "''") + "'"

    def column(self, node: exp.Column) -> str:
        _only(node, "this", "table", "db")
        parts = [self.name(node.args[k]) for k in ("db", "table") if node.args.get(k)]
        return ".".join([*parts, self.name(node.args.get("this"), exp.Star)])

    def star(self, node: exp.Star) -> str:
        _only(node, "except_")
        if not (excluded := node.args.get("except_")):
            return "*"
        if not all(isinstance(one, exp.Column) and not one.table for one in excluded):
            raise _unknown("expression in the place of a name")
        return f"* EXCLUDE ({self.list(excluded)})"

    def alias(self, node: exp.Alias) -> str:
        _only(node, "this", "alias")
        return f"{self.sql(node.this)} AS {self.name(node.args.get('alias'))}"

    # expressions

    def binary(self, node: exp.Binary) -> str:
        # A long chain of one level leans to the left; a loop keeps Python's stack short.
        parts = []
        this: Any = node
        while (op := _operator(this)) is not None:
            parts.append(f"{op}{self.sql(this.expression)}")
            this = this.this
        return self.sql(this) + "".join(reversed(parts))

    def like(self, node: exp.Like | exp.ILike) -> str:
        _only(node, "this", "expression")
        return f"{self.sql(node.this)} {node.key.upper()} {self.sql(node.expression)}"

    def negated(self, node: Negated) -> str:
        test = node.this
        escape = ""
        if isinstance(test, exp.Escape):
            escape, test = f" ESCAPE {self.sql(test.expression)}", test.this
        left = self.sql(test.this)
        whole = self.sql(test)
        return f"{left} NOT{whole[len(left) :]}{escape}"

    def between(self, node: exp.Between) -> str:
        _only(node, "this", "low", "high")
        low, high = self.sql(node.args["low"]), self.sql(node.args["high"])
        return f"{self.sql(node.this)} BETWEEN {low} AND {high}"

    def in_(self, node: exp.In) -> str:
        _only(node, "this", "expressions", "query")
        if query := node.args.get("query"):
            return f"{self.sql(node.this)} IN {self.sql(query)}"
        return f"{self.sql(node.this)} IN ({self.list(node.expressions)})"

    def case(self, node: exp.Case) -> str:
        _only(node, "this", "ifs", "default")
        text = "CASE" + self.optional(" ", node.args.get("this"))
        for branch in node.args["ifs"]:
            _only(branch, "this", "true")
            text += f" WHEN {self.sql(branch.this)} THEN {self.sql(branch.args['true'])}"
        return text + self.optional(" ELSE ", node.args.get("default")) + " END"

    def call(self, node: exp.Anonymous) -> str:
        name = node.args["this"]
        if not isinstance(name, str):
            raise refuse("function", "A function's name cannot be quoted.", name=node.name)
        return f"{name}({self.list(node.expressions)})"

    def worded_call(self, node: WordedCall) -> str:
        text = ""
        for word, argument in zip(node.args["words"], node.expressions, strict=True):
            text += ", " if word == "," else f" {word} " if word else ""
            text += self.sql(argument)
        return f"{node.args['this']}({text.strip()})"

    def window(self, node: exp.Window) -> str:
        _only(node, "this", "partition_by", "order", "spec", "alias", "over")
        over = " OVER " if node.args.get("over") else " AS "
        name, spec = node.args.get("alias"), node.args.get("spec")
        partition, order = node.args.get("partition_by"), node.args.get("order")
        if name is not None and not (partition or order or spec):
            return f"{self.sql(node.this)}{over}{self.sql(name)}"
        parts = [
            self.optional("", name),
            f"PARTITION BY {self.list(partition)}" if partition else "",
            self.optional("", order).strip(),
            self.optional("", spec),
        ]
        return f"{self.sql(node.this)}{over}({' '.join(filter(None, parts))})"

    def frame(self, node: exp.WindowSpec) -> str:
        _only(node, "kind", "start", "start_side", "end", "end_side")
        kind = str(node.args["kind"]).upper()
        start = self.bound(node.args["start"], node.args.get("start_side"))
        if node.args.get("end") is None:
            return f"{kind} {start}"
        return f"{kind} BETWEEN {start} AND {self.bound(node.args['end'], node.args['end_side'])}"

    def bound(self, value: Any, side: str | None) -> str:
        text = value if value in ("UNBOUNDED", "CURRENT ROW") else self.sql(value)
        if side is not None and side not in _FRAME_SIDES:
            raise _unknown(f"window bound {side}")
        return f"{text} {side}" if side else text

    def cast(self, node: exp.Cast) -> str:
        _only(node, "this", "to")
        name = "TRY_CAST" if isinstance(node, exp.TryCast) else "CAST"
        return f"{name}({self.sql(node.this)} AS {self.sql(node.args['to'])})"

    def collate(self, node: exp.Collate) -> str:
        name = node.expression.name
        if name.upper() not in _COLLATIONS and not name.lower().startswith("utf8"):
            raise refuse("construct", f"The collation {name!r} is not on the list.", name=name)
        written = name if _BARE_NAME.fullmatch(name) else ""
        if isinstance(node.expression, exp.Identifier):
            written = self.sql(node.expression)
        return f"{self.sql(node.this)} COLLATE {written}"

    def array(self, node: exp.Array) -> str:
        _only(node, "expressions", "bracket_notation", "value_constructor")
        prefix = "ARRAY" if self.dialect == "postgresql" else ""
        return f"{prefix}[{self.list(node.expressions)}]"

    def bracket(self, node: exp.Bracket) -> str:
        _only(node, "this", "expressions")
        return f"{self.sql(node.this)}[{self.list(node.expressions)}]"

    def slice(self, node: exp.Slice) -> str:
        _only(node, "this", "expression")
        end = self.optional("", node.args.get("expression"))
        return f"{self.optional('', node.args.get('this'))}:{end}"

    def distinct(self, node: exp.Distinct) -> str:
        _only(node, "expressions")
        return f"DISTINCT {self.list(node.expressions)}"

    # queries

    def select(self, node: exp.Select) -> str:
        _only(node, "with_", "expressions", "distinct", "from_", "joins", "laterals", *_MODIFIERS)
        text = self.optional("", node.args.get("with_")) + "SELECT "
        if distinct := node.args.get("distinct"):
            _only(distinct, "on")
            on = distinct.args.get("on")
            text += f"DISTINCT ON {self.sql(on)} " if on else "DISTINCT "
        text += self.list(node.expressions)
        if source := node.args.get("from_"):
            _only(source, "this")
            text += f" FROM {self.sql(source.this)}"
        return text + self.joins(node) + self.modifiers(node)

    def joins(self, node: exp.Expr) -> str:
        laterals = "".join(f" {self.sql(one)}" for one in node.args.get("laterals") or ())
        return laterals + "".join(self.sql(join) for join in node.args.get("joins") or ())

    def modifiers(self, node: exp.Expr) -> str:
        args = node.args
        text = "".join(self.optional("", args.get(key)) for key in _MODIFIERS[:4])
        if windows := args.get("windows"):
            text += f" WINDOW {self.list(windows)}"
        return text + "".join(self.optional("", args.get(key)) for key in _MODIFIERS[5:])

    def set_operation(self, node: exp.SetOperation) -> str:
        _only(
            node, "with_", "this", "expression", "distinct", "by_name", "order", "limit", "offset"
        )
        parts: list[str] = []
        this: Any = node
        while isinstance(this, exp.SetOperation) and (this is node or not this.args.get("with_")):
            distinct = "" if this.args.get("distinct") else " ALL"
            by_name = " BY NAME" if this.args.get("by_name") else ""
            parts.append(f" {this.key.upper()}{distinct}{by_name} {self.sql(this.expression)}")
            if this is not node:
                _only(this, "this", "expression", "distinct", "by_name")
            this = this.this
        body = self.sql(this) + "".join(reversed(parts))
        return self.optional("", node.args.get("with_")) + body + self.modifiers(node)

    def subquery(self, node: exp.Subquery) -> str:
        _only(node, "this", "alias", "with_", "joins", "order", "limit", "offset")
        text = f"{self.optional('', node.args.get('with_'))}({self.sql(node.this)})"
        alias = self.optional(" AS ", node.args.get("alias"))
        return text + alias + self.joins(node) + self.modifiers(node)

    def values(self, node: exp.Values) -> str:
        _only(node, "expressions", "alias", "order", "limit", "offset")
        if not node.expressions or not all(isinstance(row, exp.Tuple) for row in node.expressions):
            raise _unknown("VALUES without rows")
        rows = f"VALUES {self.list(node.expressions)}"
        if isinstance(node.parent, exp.From | exp.Join):
            return f"({rows}){self.optional(' AS ', node.args.get('alias'))}"
        return rows + self.modifiers(node)

    def with_(self, node: exp.With) -> str:
        _only(node, "expressions", "recursive")
        recursive = "RECURSIVE " if node.args.get("recursive") else ""
        return f"WITH {recursive}{self.list(node.expressions)} "

    def cte(self, node: exp.CTE) -> str:
        _only(node, "this", "alias", "materialized")
        kept = {None: "", True: "MATERIALIZED ", False: "NOT MATERIALIZED "}
        hint = kept[node.args.get("materialized")]
        self.name(node.args["alias"].args.get("this"))
        return f"{self.sql(node.args['alias'])} AS {hint}({self.sql(node.this)})"

    def table(self, node: exp.Table) -> str:
        _only(node, "this", "db", "catalog", "alias", "joins")
        if self.dialect == "mysql" and (alias := node.args.get("alias")) and alias.columns:
            raise _unknown("PARTITION")  # what looks like columns of an alias
        parts = [self.name(node.args[k]) for k in ("catalog", "db") if node.args.get(k)]
        parts.append(self.name(node.args.get("this"), exp.Anonymous))
        return ".".join(parts) + self.optional(" AS ", node.args.get("alias")) + self.joins(node)

    def table_alias(self, node: exp.TableAlias) -> str:
        _only(node, "this", "columns")
        columns = ", ".join(self.name(column) for column in node.args.get("columns") or ())
        name = node.args.get("this")
        return (self.name(name) if name else "") + (f"({columns})" if columns else "")

    def join(self, node: exp.Join) -> str:
        _only(node, "this", "on", "using", "side", "kind", "method")
        kind = node.args.get("kind")
        if kind == ",":
            return f", {self.sql(node.this)}"
        words = [node.args.get("method"), node.args.get("side"), kind]
        words.append(None if kind == "STRAIGHT_JOIN" else "JOIN")
        text = f" {' '.join(filter(None, words))} {self.sql(node.this)}"
        text += self.optional(" ON ", node.args.get("on"))
        using = node.args.get("using")
        return text + (f" USING ({', '.join(map(self.name, using))})" if using else "")

    def lateral(self, node: exp.Lateral) -> str:
        _only(node, "this", "alias")
        if not isinstance(node.this, exp.Subquery | exp.Unnest | exp.Anonymous):
            raise _unknown("LATERAL of something else than a query or a function")
        return f"LATERAL {self.sql(node.this)}{self.optional(' AS ', node.args.get('alias'))}"

    def unnest(self, node: exp.Unnest) -> str:
        _only(node, "expressions", "alias")
        alias = self.optional(" AS ", node.args.get("alias"))
        return f"UNNEST({self.list(node.expressions)}){alias}"

    def group(self, node: exp.Group) -> str:
        _only(node, "expressions", "rollup", "grouping_sets", "all")
        if node.args.get("all") is not None:
            return " GROUP BY ALL"
        parts = [self.list(node.expressions)] if node.expressions else []
        parts += [self.sql(one) for one in node.args.get("grouping_sets") or ()]
        rollup = " WITH ROLLUP" if node.args.get("rollup") else ""
        return f" GROUP BY {', '.join(parts)}{rollup}"

    def grouping(self, node: exp.Expr) -> str:
        name = "GROUPING SETS" if isinstance(node, exp.GroupingSets) else node.key.upper()
        return f"{name} ({self.list(node.expressions)})"

    def order(self, node: exp.Order) -> str:
        _only(node, "this", "expressions")
        return f"{self.optional('', node.args.get('this'))} ORDER BY {self.list(node.expressions)}"

    def ordered(self, node: exp.Ordered) -> str:
        nulls = node.args["nulls_first"]
        words = [self.sql(node.this), node.args["desc"], f"NULLS {nulls}" if nulls else ""]
        return " ".join(filter(None, words))

    def limit(self, node: exp.Limit) -> str:
        _only(node, "this", "expression")
        inner = self.optional("", node.args.get("this"))
        return f"{inner} LIMIT {self.sql(node.expression)}"

    def fetch(self, node: exp.Fetch) -> str:
        _only(node, "direction", "count", "limit_options")
        if options := node.args.get("limit_options"):
            _only(options, "rows", "with_ties")
        ties = bool(options and options.args.get("with_ties"))
        count = self.optional(" ", node.args.get("count"))
        return f" FETCH {node.args['direction']}{count} ROWS {'WITH TIES' if ties else 'ONLY'}"


def _unknown(what: str) -> Exception:
    return refuse("construct", f"The construct {what} is not allowed in a query.", name=what)


def _only(node: exp.Expr, *known: str) -> None:
    """Refuse ``node`` when it carries a part that its writer would leave out."""
    for key, value in node.args.items():
        if key not in known and value not in (None, False, [], ""):
            raise _unknown(f"{key.strip('_').upper()} of {type(node).__name__}")


_BINARY: dict[type[exp.Expr], str] = {
    exp.And: " AND ", exp.Or: " OR ", exp.EQ: " = ", exp.NEQ: " <> ", exp.NullSafeEQ: " <=> ",
    exp.GT: " > ", exp.GTE: " >= ", exp.LT: " < ", exp.LTE: " <= ", exp.Add: " + ",
    exp.Sub: " - ",
}  # fmt: skip


def _operator(node: Any) -> str | None:
    if isinstance(node, Operator):
        op = node.args["op"]
        return op if op == "::" else f" {op} "
    return _BINARY.get(type(node))


_R = _Renderer
_WRITERS: dict[type[Any], Callable[[_Renderer, Any], str]] = {
    **dict.fromkeys([*_BINARY, Operator], _R.binary),
    **dict.fromkeys([exp.Union, exp.Intersect, exp.Except], _R.set_operation),
    **dict.fromkeys([exp.Rollup, exp.Cube, exp.GroupingSets], _R.grouping),
    **dict.fromkeys([exp.Like, exp.ILike], _R.like),
    **dict.fromkeys([exp.Cast, exp.TryCast], _R.cast),
    exp.Alias: _R.alias,
    exp.Anonymous: _R.call,
    exp.Any: lambda r, n: f"ANY {r.sql(n.this)}",
    exp.All: lambda r, n: f"ALL ({r.sql(n.this)})",
    exp.Array: _R.array,
    exp.AtTimeZone: lambda r, n: f"{r.sql(n.this)} AT TIME ZONE {r.sql(n.args['zone'])}",
    exp.Between: _R.between,
    exp.Boolean: lambda r, n: "TRUE" if n.this else "FALSE",
    exp.Bracket: _R.bracket,
    exp.CTE: _R.cte,
    exp.Case: _R.case,
    exp.Collate: _R.collate,
    exp.Column: _R.column,
    exp.Distinct: _R.distinct,
    exp.Escape: lambda r, n: f"{r.sql(n.this)} ESCAPE {r.sql(n.expression)}",
    exp.Exists: lambda r, n: f"EXISTS({r.sql(n.this)})",
    exp.Extract: lambda r, n: f"EXTRACT({r.sql(n.this)} FROM {r.sql(n.expression)})",
    exp.Fetch: _R.fetch,
    exp.Filter: lambda r, n: f"{r.sql(n.this)} FILTER (WHERE {r.sql(n.expression.this)})",
    exp.Group: _R.group,
    exp.Having: lambda r, n: f" HAVING {r.sql(n.this)}",
    exp.Identifier: _R.identifier,
    exp.IgnoreNulls: lambda r, n: f"{r.sql(n.this)} IGNORE NULLS",
    exp.In: _R.in_,
    exp.Join: _R.join,
    exp.Lateral: _R.lateral,
    exp.Limit: _R.limit,
    exp.Literal: _R.literal,
    exp.Not: lambda r, n: f"NOT {r.sql(n.this)}",
    exp.Null: lambda r, n: "NULL",
    exp.Offset: lambda r, n: f" OFFSET {r.sql(n.expression)}",
    exp.Order: _R.order,
    exp.Ordered: _R.ordered,
    exp.Paren: lambda r, n: f"({r.sql(n.this)})",
    exp.Qualify: lambda r, n: f" QUALIFY {r.sql(n.this)}",
    exp.RespectNulls: lambda r, n: f"{r.sql(n.this)} RESPECT NULLS",
    exp.Select: _R.select,
    exp.Slice: _R.slice,
    exp.Star: _R.star,
    exp.Subquery: _R.subquery,
    exp.Table: _R.table,
    exp.TableAlias: _R.table_alias,
    exp.Tuple: lambda r, n: f"({r.list(n.expressions)})",
    exp.Unnest: _R.unnest,
    exp.Values: _R.values,
    exp.Var: lambda r, n: r.identifier(exp.Identifier(this=n.args["this"])),
    exp.Where: lambda r, n: f" WHERE {r.sql(n.this)}",
    exp.Window: _R.window,
    exp.WindowSpec: _R.frame,
    exp.With: _R.with_,
    exp.WithinGroup: lambda r, n: f"{r.sql(n.this)} WITHIN GROUP ({r.sql(n.expression).strip()})",
    Duration: lambda r, n: f"INTERVAL {r.sql(n.this)}{r.optional(' ', n.args.get('unit'))}",
    Moment: lambda r, n: str(n.args["this"]),
    Negated: _R.negated,
    Postfix: lambda r, n: f"{r.sql(n.this)} {n.args['op']}",
    Prefix: lambda r, n: f"{n.args['op']} {r.sql(n.this)}",
    TypeName: lambda r, n: str(n.args["this"]),
    TypedLiteral: lambda r, n: f"{r.sql(n.args['to'])} {r.sql(n.this)}",
    WordedCall: _R.worded_call,
}
