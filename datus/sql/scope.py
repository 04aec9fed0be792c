"""Resolving every name of a query against the schema, scope by scope, as the database would.

It answers three questions at once: does each table belong to the namespace, does each column exist (in
PostgreSQL a "column" that does not exist may be a function call), and which tables and columns are read.
On the way it settles SQLite's quirk that a double-quoted name which is no column is a string.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from datus.sql.functions import TABLE_FUNCTIONS
from datus.sql.names import Tables, fold, fold_name, is_value_word, lower, nearest
from datus.sql.nodes import Moment, Operator, WordedCall
from datus.sql.refusal import refuse
from datus.types import DatabaseSchema, Dialect, TableSchema

_ALIASES_SEEN_BY: dict[Dialect, frozenset[str]] = {
    "sqlite": frozenset({"where", "group", "having", "order"}),
    "duckdb": frozenset({"expressions", "where", "group", "having", "qualify", "order"}),
    "postgresql": frozenset({"group", "order"}),
    "mysql": frozenset({"group", "having", "order"}),
}
"""Clauses in which a name may mean an alias of the select list."""

_ROW_IDS: dict[Dialect, frozenset[str]] = {
    "sqlite": frozenset({"rowid"}),
    "duckdb": frozenset({"rowid"}),
    "postgresql": frozenset(),
    "mysql": frozenset(),
}

_TRANSPARENT = (exp.Window, exp.Filter, exp.WithinGroup, exp.Paren, exp.Cast)
_CLAUSES = ("where", "group", "having", "qualify", "windows", "order", "limit", "offset")


@dataclass
class _Source:
    """Something of a FROM clause: its name and its columns; ``table`` if it is one of the schema."""

    name: str | None
    columns: dict[str, str]
    table: TableSchema | None = None


@dataclass
class _Scope:
    """What names mean inside one SELECT.

    ``star`` are the columns that ``*`` gives, in order; ``aliases`` are those seen by the clause being read.
    """

    parent: "_Scope | None"
    sources: list[_Source] = field(default_factory=list)
    star: list[str] = field(default_factory=list)
    aliases: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Cte:
    """A name of a WITH clause; ``columns`` is None until its body is read."""

    written: str
    columns: tuple[str, ...] | None


_Ctes = Mapping[str, _Cte]


class Resolver:
    """Resolves one statement. ``tables`` and ``columns`` hold what was read, after ``resolve``.

    Args:
        schema: All that the statement may read.
        sql: The statement's text, to see how a name was quoted.
    """

    def __init__(self, schema: DatabaseSchema, sql: str) -> None:
        self._dialect = schema.dialect
        self._tables = Tables(schema)
        self._sql = sql
        self.tables: set[str] = set()
        self.columns: set[str] = set()

    def resolve(self, tree: exp.Expr) -> None:
        """Resolve every name below ``tree``, turning SQLite's quoted strings into literals.

        Raises:
            RefusalError: Reason ``unknown_table``, ``unknown_column``, ``recursion`` or ``function``.
        """
        self._query(tree, {}, None)

    def _query(self, node: exp.Expr, ctes: _Ctes, outer: _Scope | None) -> tuple[str, ...]:
        """Resolve a query and return the names of its columns."""
        ctes = self._with(node, ctes, outer)
        if isinstance(node, exp.Select):
            return self._select(node, ctes, outer)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, ctes, outer)
        if isinstance(node, exp.Subquery):
            columns = self._query(node.this, ctes, outer)
            self._clauses(node, _Scope(outer), frozenset(columns), ctes)
            return columns
        if isinstance(node, exp.Values):
            return self._values(node, ctes, outer)
        raise refuse("construct", f"A {node.key} cannot stand in the place of a query.")

    def _with(self, node: exp.Expr, ctes: _Ctes, outer: _Scope | None) -> _Ctes:
        clause = node.args.get("with_")
        if clause is None:
            return ctes
        known = dict(ctes)
        if clause.args.get("recursive") or self._dialect == "sqlite":
            # Each sees all of them, itself too; SQLite needs no word RECURSIVE for that.
            for cte in clause.expressions:
                name = cte.args["alias"].this
                known[fold(name, self._dialect)] = _Cte(name.name, None)
        for cte in clause.expressions:
            name = cte.args["alias"].this
            columns = self._renamed(self._query(cte.this, known, outer), cte.args["alias"])
            known[fold(name, self._dialect)] = _Cte(name.name, columns)
        return known

    def _set_operation(
        self, node: exp.SetOperation, ctes: _Ctes, outer: _Scope | None
    ) -> tuple[str, ...]:
        parts: list[exp.Expr] = []
        this: exp.Expr = node
        while isinstance(this, exp.SetOperation) and (this is node or not this.args.get("with_")):
            parts.append(this.expression)
            this = this.this
        outputs = [self._query(part, ctes, outer) for part in (this, *reversed(parts))]
        names = frozenset(name for output in outputs for name in output)
        self._clauses(node, _Scope(outer), names, ctes)
        return outputs[0]

    def _values(self, node: exp.Values, ctes: _Ctes, outer: _Scope | None) -> tuple[str, ...]:
        for row in node.expressions:
            self._expression(row, _Scope(outer), ctes)
        first = 0 if self._dialect in ("duckdb", "mysql") else 1
        stem = {"duckdb": "col", "mysql": "column_"}.get(self._dialect, "column")
        width = len(node.expressions[0].expressions)
        return tuple(f"{stem}{number}" for number in range(first, first + width))

    def _select(self, node: exp.Select, ctes: _Ctes, outer: _Scope | None) -> tuple[str, ...]:
        scope = _Scope(outer)
        source = node.args.get("from_")
        if source is not None:
            scope.star = self._relation(source.this, scope, ctes)
        for lateral in node.args.get("laterals") or ():
            scope.star += self._relation(lateral, scope, ctes)
        scope.star = self._joins(node, scope.star, 0, scope, ctes)
        aliases = frozenset(
            fold(one.args["alias"], self._dialect)
            for one in node.expressions
            if isinstance(one, exp.Alias)
        )
        scope.aliases = self._seen("expressions", aliases)
        if distinct := node.args.get("distinct"):
            self._expression(distinct, scope, ctes)
        columns: list[str] = []
        for projection in node.expressions:
            self._expression(projection, scope, ctes)
            columns += self._output(projection, scope)
        self._clauses(node, scope, aliases, ctes)
        return tuple(columns)

    def _seen(self, clause: str, aliases: frozenset[str]) -> frozenset[str]:
        return aliases if clause in _ALIASES_SEEN_BY[self._dialect] else frozenset()

    def _clauses(self, node: exp.Expr, scope: _Scope, aliases: frozenset[str], ctes: _Ctes) -> None:
        for clause in _CLAUSES:
            value = node.args.get(clause)
            scope.aliases = self._seen(clause, aliases)
            for part in value if isinstance(value, list) else [value] if value else []:
                self._expression(part, scope, ctes)

    # relations

    def _joins(
        self, node: exp.Expr, left: list[str], first: int, scope: _Scope, ctes: _Ctes
    ) -> list[str]:
        """Read the joins of ``node``; return the columns of ``left`` and all that is joined to it.

        ``first`` is the place of the first source of ``left`` in the scope.
        """
        before: list[str] = []
        conditions: list[tuple[exp.Expr, _Scope]] = []
        for join in node.args.get("joins") or ():
            place = len(scope.sources)
            right = self._relation(join.this, scope, ctes)
            if join.args.get("kind") == ",":  # binds less than a join
                before, left, first = before + left, right, place
                continue
            if condition := join.args.get("on"):
                conditions.append((condition, self._joined(scope, first)))
            merged = [fold(name, self._dialect) for name in join.args.get("using") or ()]
            if join.args.get("method") == "NATURAL":
                merged = [name for name in left if name in right]
            # Columns that a join merges come once and first.
            left = merged + [name for name in [*left, *right] if name not in merged]
        for condition, inside in conditions:
            self._expression(condition, inside, ctes)
        return before + left

    def _joined(self, scope: _Scope, first: int) -> _Scope:
        """What a condition of a join sees: PostgreSQL looks outside for what stands elsewhere in the FROM."""
        if self._dialect != "postgresql":
            return scope
        return _Scope(scope.parent, scope.sources[first:])

    def _relation(self, node: exp.Expr, scope: _Scope, ctes: _Ctes) -> list[str]:
        """Add what ``node`` reads to the scope; return the columns that it has, in order."""
        first = len(scope.sources)
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
            if node.args.get("alias"):
                raise refuse("construct", "A join in parentheses cannot have an alias here.")
            return self._joins(node, self._relation(node.this, scope, ctes), first, scope, ctes)
        if isinstance(node, exp.Table):
            source = self._table(node, scope, ctes)
        elif isinstance(node, exp.Lateral):
            source = self._lateral(node, scope, ctes)
        elif isinstance(node, exp.Unnest):
            source = self._unnest(node, node, scope, ctes)
        else:
            outer = scope if self._dialect == "duckdb" else scope.parent
            source = self._named(node, self._query(node, ctes, outer), None)
        scope.sources.append(source)
        return self._joins(node, list(source.columns), first, scope, ctes)

    def _table(self, node: exp.Table, scope: _Scope, ctes: _Ctes) -> _Source:
        if not isinstance(node.this, exp.Identifier):
            if node.args.get("db") or node.args.get("catalog"):
                raise refuse("function", "A function's name cannot carry a schema.")
            return self._table_function(node.this, node, scope, ctes)
        if not node.args.get("db"):
            cte = ctes.get(fold(node.this, self._dialect))
            if cte is not None:
                return self._cte(node, cte)
        table = self._tables.find(node)
        self.tables.add(self._tables.shown(table))
        columns = {fold_name(column.name, self._dialect): column.name for column in table.columns}
        source = self._named(node, tuple(columns), table.name)
        if list(source.columns) == list(columns):
            source.columns, source.table = columns, table
        return source

    def _cte(self, node: exp.Table, cte: _Cte) -> _Source:
        if cte.columns is None:
            raise refuse(
                "recursion",
                f"{cte.written!r} is read before it is complete; recursion is not allowed.",
            )
        if self._dialect == "mysql" and node.name != cte.written:
            # MySQL and its file system may disagree whether these two are one name.
            raise refuse("unknown_table", f"Write {cte.written!r} in the same letters everywhere.")
        return self._named(node, cte.columns, node.this)

    def _lateral(self, node: exp.Lateral, scope: _Scope, ctes: _Ctes) -> _Source:
        if isinstance(node.this, exp.Subquery):
            return self._named(node, self._query(node.this, ctes, scope), None)
        if isinstance(node.this, exp.Unnest):
            return self._unnest(node.this, node, scope, ctes)
        return self._table_function(node.this, node, scope, ctes)

    def _unnest(self, call: exp.Unnest, node: exp.Expr, scope: _Scope, ctes: _Ctes) -> _Source:
        for argument in call.expressions:
            self._expression(argument, scope, ctes)
        return self._called(node, ("unnest",) * len(call.expressions), "unnest")

    def _table_function(
        self, call: exp.Expr, node: exp.Expr, scope: _Scope, ctes: _Ctes
    ) -> _Source:
        name = lower(call.name) if isinstance(call, exp.Anonymous) else call.key
        columns = TABLE_FUNCTIONS[self._dialect].get(name)
        if columns is None or not isinstance(call, exp.Anonymous):
            raise refuse("function", f"The function {name!r} cannot be read as a table.", name=name)
        for argument in call.expressions:
            self._expression(argument, scope, ctes)
        return self._called(node, columns, name)

    def _called(self, node: exp.Expr, columns: tuple[str, ...], name: str) -> _Source:
        """Make a source of a function's ``columns``; a single one has the function's alias for a name too.

        PostgreSQL has it under the alias alone. There any other name behind the alias would be a call
        of the function of that name with the value: no column may be known that does not exist.
        """
        source = self._named(node, columns, name)
        alias = node.args.get("alias")
        if columns == (name,) and source.name and not (alias and alias.columns):
            kept = {} if self._dialect == "postgresql" else source.columns
            source.columns = {**kept, source.name: source.name}
        return source

    def _named(
        self, node: exp.Expr, columns: tuple[str, ...], name: str | exp.Identifier | None
    ) -> _Source:
        """Make a source of ``columns`` under its alias, or under ``name`` without one."""
        alias = node.args.get("alias")
        own = alias.this if alias is not None and alias.this is not None else name
        key = fold(own, self._dialect) if isinstance(own, exp.Identifier) else own
        key = fold_name(key, self._dialect) if key is not None else None
        return _Source(key, {column: column for column in self._renamed(columns, alias)})

    def _renamed(self, columns: tuple[str, ...], alias: exp.TableAlias | None) -> tuple[str, ...]:
        given = alias.args.get("columns") or () if alias is not None else ()
        names = tuple(fold(name, self._dialect) for name in given)
        return names + columns[len(names) :]

    # expressions

    def _expression(self, root: exp.Expr, scope: _Scope, ctes: _Ctes) -> None:
        stack = [root]
        while stack:
            node = stack.pop()
            if isinstance(node, exp.Column):
                self._column(node, scope)
            elif isinstance(node, exp.Query | exp.Values):
                seen, scope.aliases = scope.aliases, scope.aliases
                self._query(node, ctes, scope)
                scope.aliases = seen
            elif isinstance(node, exp.Table):
                raise refuse("construct", f"The table {node.name!r} stands in a wrong place.")
            else:
                stack.extend(node.iter_expressions())

    def _column(self, node: exp.Column, scope: _Scope) -> None:
        if node.args.get("table"):
            self._qualified(node, scope)
            return
        name = node.this
        if is_value_word(name, self._dialect):
            raise refuse("function", f"{name.name!r} is a function unless quoted.", name=name.name)
        key = fold(name, self._dialect)
        inside: _Scope | None = scope
        while inside is not None:
            for source in inside.sources:
                if self._has(source, key):
                    return
            if key in inside.aliases:
                return
            inside = inside.parent
        if self._dialect == "sqlite" and self._double_quoted(name):
            node.replace(exp.Literal.string(name.name))
            return
        raise self._unknown_column(name.name, scope)

    def _qualified(self, node: exp.Column, scope: _Scope) -> None:
        source = self._source(node, scope)
        if source is None:
            first = exp.Column(this=node.args["table"])
            if self._dialect == "duckdb" and not node.args.get("db"):  # a field of a struct
                self._column(first, scope)
                return
            raise self._unknown_column(_written(node), scope)
        if isinstance(node.this, exp.Star):
            self._all(source)
            return
        if not self._has(source, fold(node.this, self._dialect)):
            raise self._unknown_column(_written(node), scope)

    def _source(self, node: exp.Column, scope: _Scope) -> _Source | None:
        key = fold(node.args["table"], self._dialect)
        schema = node.args.get("db")
        inside: _Scope | None = scope
        while inside is not None:
            for source in inside.sources:
                if source.name != key:
                    continue
                if schema is None or (
                    source.table is not None
                    and lower(schema.name) == lower(source.table.schema or schema.name)
                ):
                    return source
            inside = inside.parent
        return None

    def _has(self, source: _Source, key: str) -> bool:
        """Say whether ``source`` has the column, and note that it is read."""
        column = source.columns.get(key)
        if column is None:
            return source.table is not None and key in _ROW_IDS[self._dialect]
        if source.table is not None:
            self.columns.add(f"{self._tables.shown(source.table)}.{column}")
        return True

    def _all(self, source: _Source) -> None:
        for key in source.columns:
            self._has(source, key)

    def _double_quoted(self, name: exp.Identifier) -> bool:
        start = name.meta.get("start")
        return bool(name.args.get("quoted")) and start is not None and self._sql[start] == '"'

    def _unknown_column(self, written: str, scope: _Scope) -> Exception:
        known: list[str] = []
        inside: _Scope | None = scope
        while inside is not None:
            known += [name for source in inside.sources for name in source.columns.values()]
            inside = inside.parent
        near = nearest(written.rpartition(".")[2], known)
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        return refuse(
            "unknown_column",
            f"There is no column {written!r} where the query uses it.{hint}",
            name=written,
            candidates=near,
        )

    # names of a query's columns

    def _output(self, projection: exp.Expr, scope: _Scope) -> Iterable[str]:
        star = projection.this if isinstance(projection, exp.Column) else projection
        if isinstance(star, exp.Star):
            chosen, names = scope.sources, scope.star
            if star is not projection:
                source = self._source(projection, scope)  # type: ignore[arg-type]
                chosen = [source] if source else []
                names = [name for one in chosen for name in one.columns]
            left_out = {fold(one.this, self._dialect) for one in star.args.get("except_") or ()}
            for one in chosen:
                self._all(one)
            return [name for name in names if name not in left_out]
        if isinstance(projection, exp.Alias):
            return [fold(projection.args["alias"], self._dialect)]
        return [self._own_name(projection)]

    def _own_name(self, node: exp.Expr) -> str:
        """Return the name that a database gives to an expression without an alias."""
        while True:
            if isinstance(node, exp.Column):
                return fold(node.this, self._dialect)
            if self._dialect != "postgresql":
                return ""
            if isinstance(node, _TRANSPARENT) or (
                isinstance(node, Operator) and node.args["op"] == "::"
            ):
                node = node.this
            elif isinstance(node, exp.Anonymous | WordedCall | Moment):
                return lower(str(node.args["this"]))
            elif isinstance(node, exp.Case | exp.Extract | exp.Exists):
                return node.key
            else:
                return "?column?"


def _written(node: exp.Column) -> str:
    return ".".join(node.args[key].name for key in ("db", "table", "this") if node.args.get(key))
