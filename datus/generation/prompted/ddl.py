"""Tables as compact DDL: keys, comments, and beside a column the values that the question names."""

from collections.abc import Iterable
from functools import lru_cache

from sqlglot import TokenType
from sqlglot.dialects.dialect import Dialect as SqlglotDialect
from sqlglot.errors import TokenError

from datus.generation.prompted.marks import clean, one_line
from datus.generation.prompted.parts import Level, Part
from datus.generation.prompted.relevance import NEAR, Relevance
from datus.types import Column, Dialect, GenerationContext, TableSchema, ValueHit

_COMMENT_CHARACTERS = 240
_TYPE_CHARACTERS = 60
_VALUE_CHARACTERS = 120


def table_parts(context: GenerationContext, weights: Relevance) -> list[Part]:
    """Every table as a part, with a part for each column and each value beside it."""
    values: dict[tuple[str, str], dict[str, ValueHit]] = {}
    told = (hit for gloss in context.glosses for hit in gloss.values)
    for hit in (*context.values, *told):
        values.setdefault((hit.table, hit.column), {}).setdefault(hit.value, hit)
    return [
        part for table in context.schema.tables for part in _table(context, table, weights, values)
    ]


def _table(
    context: GenerationContext,
    table: TableSchema,
    weights: Relevance,
    values: dict[tuple[str, str], dict[str, ValueHit]],
) -> Iterable[Part]:
    dialect, name = context.schema.dialect, context.schema.name_of(table)
    key = f"table {name}"
    worth = weights.tables[name]
    shown = quoted_table(table, name, dialect)
    what = "VIEW" if table.is_view else "TABLE"
    yield Part(
        "schema",
        f"CREATE {what} {shown} ({_comment(table.comment)}",
        Level.NEAR_TABLE if worth >= NEAR else Level.FAR_TABLE,
        worth,
        key,
        kind="tables",
        label=name,
    )
    keys = {*table.primary_key, *(c for each in table.foreign_keys for c in each.columns)}
    for column in table.columns:
        own = f"{key} column {column.name}"
        worth_it = weights.columns[name, column.name]
        level = Level.LINKED_COLUMN if worth_it > 0 else Level.UNLINKED_COLUMN
        yield Part(
            "schema",
            _column(column, table, dialect),
            Level.KEPT if column.name in keys else level,
            worth + worth_it,
            own,
            key,
            kind="columns",
            label=f"{name}.{column.name}",
        )
        for value, hit in values.get((name, column.name), {}).items():
            words = _words(context, hit)
            yield Part(
                "schema",
                f"  --   {literal(value)}" + (f' <- "{words}"' if words else ""),
                Level.VALUE,
                hit.score,
                f"{own} value {value}",
                own,
                kind="values",
                label=f"{name}.{column.name} = {literal(value)}",
            )
    for line in _joint_keys(table, dialect):
        yield Part("schema", line, key=f"{key} {line}", owner=key)
    yield Part("schema", ");", key=f"{key} end", owner=key)


def _column(column: Column, table: TableSchema, dialect: Dialect) -> str:
    words = [quoted(column.name, dialect), one_line(column.type, _TYPE_CHARACTERS)]
    if table.primary_key == (column.name,):
        words.append("PRIMARY KEY")
    elif not column.nullable:
        words.append("NOT NULL")
    for key in table.foreign_keys:
        if key.columns == (column.name,):
            words.append(f"REFERENCES {_target(key.ref_schema, key.ref_table, table, dialect)}")
            words[-1] += f" ({_listed(key.ref_columns, dialect)})"
            break
    return f"  {' '.join(words)},{_comment(column.comment)}"


def _joint_keys(table: TableSchema, dialect: Dialect) -> Iterable[str]:
    if len(table.primary_key) > 1:
        yield f"  PRIMARY KEY ({_listed(table.primary_key, dialect)}),"
    for key in table.foreign_keys:
        if len(key.columns) > 1:
            target = _target(key.ref_schema, key.ref_table, table, dialect)
            yield (
                f"  FOREIGN KEY ({_listed(key.columns, dialect)}) REFERENCES {target} "
                f"({_listed(key.ref_columns, dialect)}),"
            )


def _target(schema: str | None, name: str, table: TableSchema, dialect: Dialect) -> str:
    if schema is None or schema == table.schema:
        return quoted(name, dialect)
    return f"{quoted(schema, dialect)}.{quoted(name, dialect)}"


def _listed(names: Iterable[str], dialect: Dialect) -> str:
    return ", ".join(quoted(name, dialect) for name in names)


def _comment(text: str) -> str:
    line = one_line(text, _COMMENT_CHARACTERS)
    return f" -- {line}" if line else ""


def _words(context: GenerationContext, hit: ValueHit) -> str:
    """The question's words of a value; none where it was told beside the question."""
    if hit not in context.values:
        return ""
    start, end = hit.span
    return one_line(context.question.text[start:end], _VALUE_CHARACTERS)


def literal(value: str) -> str:
    """A value as SQL writes it, on one line."""
    return "'" + one_line(value, _VALUE_CHARACTERS).replace("'", "''") + "'"


def quoted_table(table: TableSchema, name: str, dialect: Dialect) -> str:
    """A table's name as SQL writes it, with its schema where the name alone does not mean it."""
    plain = quoted(table.name, dialect)
    return plain if name == table.name else f"{quoted(table.schema or '', dialect)}.{plain}"


@lru_cache(maxsize=50_000)
def quoted(name: str, dialect: Dialect) -> str:
    """A name as SQL writes it, in quotes where the dialect would read it otherwise."""
    name = clean(name)
    spoken = SqlglotDialect.get_or_raise("postgres" if dialect == "postgresql" else dialect)
    folded = dialect == "postgresql" and name != name.lower()
    try:
        tokens = spoken.tokenize(name)
    except TokenError:
        tokens = []
    plain = len(tokens) == 1 and tokens[0].token_type is TokenType.VAR and tokens[0].text == name
    if plain and not folded:
        return name
    mark = "`" if dialect == "mysql" else '"'
    return f"{mark}{name.replace(mark, mark * 2)}{mark}"
