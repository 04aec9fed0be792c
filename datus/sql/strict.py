"""A parser that keeps spelling: sqlglot's grammar without its translations, bounded in its steps.

sqlglot gives functions, operators and types canonical nodes, so that a statement can be written again
for another database. Here every call stays a plain name with arguments and every operator its own text;
what sqlglot knows beyond queries (writes, commands, dialect helpers) is not reachable. One parser serves
all dialects, for precedence does not matter where the text is written again in the same order; only the
tokenizers differ.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import Token, TokenType, exp, parser
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.mysql import MySQL
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.sqlite import SQLite

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
from datus.sql.typenames import LITERAL_TYPES, TYPES
from datus.types import Dialect

STEPS_PER_TOKEN = 30
"""How often the parser may move per token on average. The queries of Spider need at most 2.3."""

_UNITS = ("MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH")
_LONG_UNITS = ("QUARTER", "YEAR", "DECADE", "CENTURY")
UNITS = frozenset(unit + plural for unit in (*_UNITS, *_LONG_UNITS) for plural in ("", "S")) | {
    "YEAR_MONTH",
    "DAY_HOUR",
    "DAY_MINUTE",
    "DAY_SECOND",
    "HOUR_MINUTE",
    "MINUTE_SECOND",
}


def _sign(self: "StrictParser") -> exp.Expr:
    op = self._prev.text
    return self.expression(Prefix(this=self._parse_unary(), op=op))


def _cast(kind: type[exp.Cast]) -> Callable[["StrictParser"], exp.Expr]:
    def parse(self: "StrictParser") -> exp.Expr:
        this = self._parse_disjunction()
        if not self._match(TokenType.ALIAS):
            self.raise_error("Expected AS in CAST")
        return self.expression(kind(this=this, to=self._parse_types()))

    return parse


def _extract(self: "StrictParser") -> exp.Expr:
    part = self._parse_var_or_string(upper=True)
    if not self._match(TokenType.FROM):
        self.raise_error("Expected FROM in EXTRACT")
    return self.expression(exp.Extract(this=part, expression=self._parse_bitwise()))


def _worded(name: str, *between: str) -> Callable[["StrictParser"], exp.Expr]:
    """Parse a call whose arguments may have the words ``between`` in front of them."""

    def parse(self: "StrictParser") -> exp.Expr:
        words, arguments, pending = [], [], ""
        while not self._match(TokenType.R_PAREN, advance=False):
            if self._match_texts((",", *between)):
                pending = f"{pending} {self._prev.text.upper()}".strip()
                continue
            # an argument of POSITION must stop before IN, the others may hold any expression
            argument = self._parse_lambda() if "IN" not in between else self._parse_bitwise()
            if argument is None:
                self.raise_error(f"Expected an argument of {name}")
            words.append(pending)
            arguments.append(argument)
            pending = ""
        if pending:
            self.raise_error(f"Expected an argument of {name}")
        return self.expression(WordedCall(this=name, expressions=arguments, words=words))

    return parse


def _unit_call(name: str) -> Callable[["StrictParser"], exp.Expr]:
    """Parse MySQL's ``TIMESTAMPDIFF(unit, a, b)``, whose first argument is a word."""

    def parse(self: "StrictParser") -> exp.Expr:
        unit = self._parse_var(any_token=True, upper=True)
        if unit is None or unit.name not in UNITS:
            self.raise_error(f"Expected a unit in {name}")
        self._match(TokenType.COMMA)
        arguments = [unit, *self._parse_csv(self._parse_lambda)]
        words = ["", *[","] * (len(arguments) - 1)]
        return self.expression(WordedCall(this=name, expressions=arguments, words=words))

    return parse


class StrictParser(parser.Parser):
    """sqlglot's query grammar, every spelling kept, at most ``STEPS_PER_TOKEN`` steps a token."""

    database: ClassVar[Dialect]

    FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Callable[..., Any]]] = {
        "CAST": _cast(exp.Cast),
        "TRY_CAST": _cast(exp.TryCast),
        "EXTRACT": _extract,
        "POSITION": _worded("POSITION", "IN"),
        "SUBSTRING": _worded("SUBSTRING", "FROM", "FOR"),
        "TRIM": _worded("TRIM", "BOTH", "LEADING", "TRAILING", "FROM"),
    }
    NO_PAREN_FUNCTIONS: ClassVar[dict[TokenType, Any]] = {}
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Callable[..., Any]]] = {
        "ANY": parser.Parser.NO_PAREN_FUNCTION_PARSERS["ANY"],
        "CASE": parser.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"],
    }
    FUNC_TOKENS = parser.Parser.FUNC_TOKENS | {TokenType.MOD, TokenType.SCHEMA, TokenType.KEY}
    LAMBDAS: ClassVar[dict[TokenType, Callable[..., Any]]] = {}
    STATEMENT_PARSERS: ClassVar[dict[TokenType, Callable[..., Any]]] = {}
    JSON_OPERATORS: ClassVar[dict[TokenType, Callable[..., Any]]] = {}
    ASSIGNMENT: ClassVar[dict[TokenType, type[exp.Expr]]] = {}
    OPERATION_MODIFIERS: ClassVar[set[str]] = set()
    UNARY_PARSERS: ClassVar[dict[TokenType, Callable[..., Any]]] = {
        TokenType.PLUS: _sign,
        TokenType.DASH: _sign,
        TokenType.TILDE: _sign,
        TokenType.RLIKE: _sign,
        TokenType.NOT: lambda self: self.expression(exp.Not(this=self._parse_equality())),
    }
    COLUMN_OPERATORS: ClassVar[dict[TokenType, Any]] = {
        TokenType.DOT: None,
        TokenType.DCOLON: lambda self, this, to: self.expression(
            Operator(this=this, expression=to, op="::")
        ),
    }
    RANGE_PARSERS: ClassVar[dict[TokenType, Callable[..., Any]]] = {
        kind: parser.Parser.RANGE_PARSERS[kind]
        for kind in (TokenType.BETWEEN, TokenType.IN, TokenType.LIKE, TokenType.ILIKE)
    } | {
        kind: lambda self, this: self._parse_escape(self._infix(this, self._parse_bitwise))
        for kind in (TokenType.GLOB, TokenType.RLIKE, TokenType.IRLIKE, TokenType.SIMILAR_TO)
    } | {TokenType.IS: lambda self, this: self._parse_is(this)}  # fmt: skip
    OTHER_OPERATORS = frozenset(
        {
            TokenType.AMP, TokenType.ARROW, TokenType.DAMP, TokenType.AT_GT, TokenType.CARET, TokenType.CARET_AT,
            TokenType.DARROW, TokenType.DHASH_ARROW, TokenType.DPIPE, TokenType.HASH_ARROW,
            TokenType.LT_AT, TokenType.PIPE,
        }
    )  # fmt: skip
    FACTORS = frozenset(
        {TokenType.SLASH, TokenType.STAR, TokenType.MOD, TokenType.DIV, TokenType.DSTAR}
    )
    ARRAY_CONSTRUCTORS: ClassVar[dict[str, type[exp.Func]]] = {"ARRAY": exp.Array}
    STRING_ALIASES = True
    VALUES_FOLLOWED_BY_PAREN = False

    def parse(self, raw_tokens: list[Token], sql: str) -> list[exp.Expr | None]:
        self._steps_left = STEPS_PER_TOKEN * (len(raw_tokens) + 10)
        return super().parse(raw_tokens, sql)

    def _advance(self, times: int = 1) -> None:
        self._steps_left -= 1
        if self._steps_left < 0:
            raise refuse("too_complex", "The statement is too tangled to be read safely.")
        super()._advance(times)

    def _word(self) -> str:
        """Return the current token in capitals, or nothing where it is in quotes."""
        quoted = self._curr.token_type in (TokenType.IDENTIFIER, TokenType.STRING)
        return "" if quoted else self._curr.text.upper()

    def _parse_statement(self) -> exp.Expr | None:
        this = self._parse_paren() if self._curr.token_type == TokenType.L_PAREN else None
        query = self._parse_set_operations(this) if this else self._parse_select()
        return self._parse_query_modifiers(query)

    def _parse_set_operations(self, this: exp.Expr | None) -> exp.Expr | None:
        query = this
        while query and (operation := self.parse_set_operation(query)):
            query = operation
        if query is this or not isinstance(query, exp.SetOperation):
            return query
        for key in ("order", "limit", "offset"):  # they belong to the whole, not to its last part
            if (
                not isinstance(query.expression, exp.Subquery)
                and (modifier := query.expression.args.get(key)) is not None
            ):
                query.expression.set(key, None)
                query.set(key, modifier)
        return self._parse_query_modifiers(query)

    def _values_to_select(self, values: exp.Values) -> Any:
        return values

    def _parse_function_parameter(self) -> exp.Expr | None:
        return self._parse_id_var()  # a column of AS t(a, b)

    def _parse_join(self, *args: Any, **kwargs: Any) -> exp.Join | None:
        if self._match(TokenType.COMMA):
            return self.expression(exp.Join(this=self._parse_table(), kind=","))
        return super()._parse_join(*args, **kwargs)

    def _parse_ordered(self, parse_method: Callable[..., Any] | None = None) -> exp.Ordered | None:
        if self._match(TokenType.ALL):  # ORDER BY ALL
            this: exp.Expr | None = exp.var("ALL")
        else:
            this = parse_method() if parse_method else self._parse_disjunction()
        if this is None:
            return None
        direction = self._prev.text if self._match_texts(("ASC", "DESC")) else ""
        nulls = ""
        if self._match_text_seq("NULLS"):
            if not self._match_texts(("FIRST", "LAST")):
                self.raise_error("Expected FIRST or LAST after NULLS")
            nulls = self._prev.text
        return self.expression(
            exp.Ordered(this=this, desc=direction.upper(), nulls_first=nulls.upper())
        )

    def _build_predicate(
        self, klass: Any, this: Any, expression: Any, comments: Any = None, negate: bool = False
    ) -> exp.Expr:
        # sqlglot would add parentheses where it thinks that the reader needs them
        predicate: exp.Expr = klass(this=this, expression=expression)
        return self.expression(predicate)

    def _parse_range(self, this: exp.Expr | None = None, parse_is: bool = False) -> exp.Expr | None:
        this = this or self._parse_bitwise()
        while this:
            if self._match_set((TokenType.ISNULL, TokenType.NOTNULL)):
                this = self.expression(Postfix(this=this, op=self._prev.text.upper()))
                continue
            negated = self._match(TokenType.NOT)
            if negated and self._prev.text == "!" and self._match_set(_TILDES):
                this = self._infix(this, self._parse_bitwise, f"!{self._prev.text}")
                continue
            if self._match_set(self.RANGE_PARSERS):
                this = self.RANGE_PARSERS[self._prev.token_type](self, this)
            elif negated:
                self._retreat(self._index - 1)
                break
            else:
                break
            this = self.expression(Negated(this=this)) if negated else this
        return this

    def _parse_is(self, this: exp.Expr | None) -> exp.Expr | None:
        words = ["IS"]
        if self._match(TokenType.NOT):
            words.append("NOT")
        if self._match_text_seq("DISTINCT", "FROM"):
            words.append("DISTINCT FROM")
        return self._infix(this, self._parse_bitwise, " ".join(words))

    def _infix(self, this: Any, operand: Callable[[], Any], op: str = "") -> exp.Expr:
        op = op or self._prev.text.upper()
        return self.expression(Operator(this=this, expression=operand(), op=op))

    def _parse_bitwise(self) -> exp.Expr | None:
        this = self._parse_term()
        while this:
            if self._match_set(self.OTHER_OPERATORS):
                this = self._infix(this, self._parse_term)
            elif self._match_pair(TokenType.LT, TokenType.LT):
                this = self._infix(this, self._parse_term, "<<")
            elif self._match_pair(TokenType.GT, TokenType.GT):
                this = self._infix(this, self._parse_term, ">>")
            else:
                break
        return this

    def _parse_factor(self, parse_mod: bool = True) -> exp.Expr | None:
        this = self._parse_at_time_zone(self._parse_unary())
        while this and self._match_set(self.FACTORS):
            this = self._infix(this, lambda: self._parse_at_time_zone(self._parse_unary()))
        return this

    def _parse_type(
        self, parse_interval: bool = True, fallback_to_identifier: bool = False
    ) -> exp.Expr | None:
        if (atom := self._parse_atom()) is not None:
            return atom
        if interval := parse_interval and self._parse_interval():
            return self._parse_column_ops(interval)
        word = self._word()
        if self._next.token_type == TokenType.STRING and word in LITERAL_TYPES[self.database]:
            self._advance(2)
            literal = exp.Literal.string(self._prev.text)
            this = self.expression(TypedLiteral(this=literal, to=TypeName(this=word)))
            return self._parse_column_ops(this)
        return self._parse_column()

    def _parse_atom(self) -> exp.Expr | None:
        if self._word() in MOMENTS:
            if self._next.token_type != TokenType.L_PAREN:
                self._advance()
                return self._parse_column_ops(Moment(this=self._prev.text.upper()))
            return None
        if self._next.token_type == TokenType.STRING:  # DATE '...', INTERVAL '...': see _parse_type
            return None
        return super()._parse_atom()

    def _parse_interval(self, *args: Any, **kwargs: Any) -> Any:
        start = self._index
        if not self._match(TokenType.INTERVAL):
            return None
        if self._match(TokenType.STRING):
            this: exp.Expr | None = exp.Literal.string(self._prev.text)
        else:
            this = self._parse_term()
        unit = self._word()
        if unit in UNITS:
            self._advance()
            return self.expression(Duration(this=this, unit=exp.var(unit)))
        if isinstance(this, exp.Literal) and this.is_string:
            return self.expression(Duration(this=this))
        self._retreat(start)  # a column of that name
        return None

    def _parse_types(self, *args: Any, **kwargs: Any) -> Any:
        """Read the longest built-in type that stands here; refuse any other."""
        allowed = TYPES[self.database]
        words = ""
        while True:
            word = self._word()
            longer = f"{words} {word}".strip()
            if not word or not any(f"{name} ".startswith(f"{longer} ") for name in allowed):
                break
            self._advance()
            words = longer
        if words not in allowed:
            named = words or self._curr.text
            raise refuse("type", f"The type {named!r} is not one that a cast may name.", name=named)
        return self.expression(TypeName(this=words + self._type_suffix()))

    def _type_suffix(self) -> str:
        suffix = ""
        if self._match(TokenType.L_PAREN):
            sizes = []
            while self._match(TokenType.NUMBER):
                sizes.append(self._prev.text)
                self._match(TokenType.COMMA)
            self._match_r_paren()
            if not sizes or any(not size.isdigit() or int(size) > 10_000 for size in sizes):
                raise refuse("type", "The size of a type must be a number up to 10,000.")
            suffix = f"({', '.join(sizes)})"
        while self._match_pair(TokenType.L_BRACKET, TokenType.R_BRACKET):
            suffix += "[]"
        return suffix


_TILDES = (TokenType.RLIKE, TokenType.IRLIKE, TokenType.TILDE)
MOMENTS = frozenset(
    {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"}
)


class _SQLiteParser(StrictParser):
    database = "sqlite"


class _DuckDBParser(StrictParser):
    database = "duckdb"


class _PostgreSQLParser(StrictParser):
    database = "postgresql"


class _MySQLParser(StrictParser):
    database = "mysql"
    FUNCTION_PARSERS: ClassVar[dict[str, Callable[..., Any]]] = {
        **StrictParser.FUNCTION_PARSERS,
        "GROUP_CONCAT": _worded("GROUP_CONCAT", "SEPARATOR"),
        "TIMESTAMPDIFF": _unit_call("TIMESTAMPDIFF"),
        "TIMESTAMPADD": _unit_call("TIMESTAMPADD"),
    }


class StrictSQLite(SQLite):
    """SQLite's tokens with the strict grammar."""

    Parser = _SQLiteParser  # type: ignore[assignment]


class StrictDuckDB(DuckDB):
    """DuckDB's tokens with the strict grammar; list indexes stay as written."""

    INDEX_OFFSET = 0
    Parser = _DuckDBParser  # type: ignore[assignment]


class StrictPostgreSQL(Postgres):
    """PostgreSQL's tokens with the strict grammar; array indexes stay as written."""

    INDEX_OFFSET = 0
    Parser = _PostgreSQLParser  # type: ignore[assignment]


class StrictMySQL(MySQL):
    """MySQL's and MariaDB's tokens with the strict grammar."""

    Parser = _MySQLParser  # type: ignore[assignment]


_DIALECTS: dict[Dialect, type[SqlglotDialect]] = {
    "sqlite": StrictSQLite,
    "duckdb": StrictDuckDB,
    "postgresql": StrictPostgreSQL,
    "mysql": StrictMySQL,
}


def strict(dialect: Dialect) -> SqlglotDialect:
    """Return a fresh tokenizer and strict parser for ``dialect``."""
    return _DIALECTS[dialect]()
