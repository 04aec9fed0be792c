"""Table definitions of PostgreSQL and MySQL through SQLAlchemy's inspector."""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datus.connectors.kinds import declared_kind
from datus.types import Column, Dialect, ForeignKey, TableSchema, TypeKind

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine
    from sqlalchemy.types import TypeEngine

_URLS: dict[Dialect, str] = {
    "postgresql": "postgresql+psycopg://",
    "mysql": "mysql+pymysql://",
}


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view that the user can read, and what the catalog says of it at once.

    ``schema`` is None where the engine's database has no schemas.
    """

    schema: str | None
    name: str
    is_view: bool
    rows: int | None


def reflect(
    dialect: Dialect, connection: Any, relations: Sequence[Relation], default_schema: str
) -> tuple[TableSchema, ...]:
    """Columns, keys and comments of ``relations``, in their order.

    Uses the driver connection up: SQLAlchemy leaves adapters behind on it. PostgreSQL answers in a few
    queries for each schema, MySQL in one for each table. A relation that cannot be read (a view over a
    dropped table) is left out, and so is a foreign key to one.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: The database refused a catalog query.
    """
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.engine.reflection import ObjectKind
    from sqlalchemy.exc import SAWarning
    from sqlalchemy.pool import StaticPool

    engine = create_engine(_URLS[dialect], creator=lambda: connection, poolclass=StaticPool)
    found: dict[Any, tuple[Any, Any, Any, Any]] = {}
    # Types that SQLAlchemy does not know are no news. The filter is the process's and stays: to take it away
    # again, databases would have to wait for each other.
    warnings.filterwarnings("ignore", category=SAWarning, module=re.escape(__name__))
    with engine.connect() as session:
        inspector = inspect(session)
        for schema in dict.fromkeys(relation.schema for relation in relations):
            columns = inspector.get_multi_columns(schema, kind=ObjectKind.ANY)
            primary = inspector.get_multi_pk_constraint(schema, kind=ObjectKind.ANY)
            foreign = inspector.get_multi_foreign_keys(schema, kind=ObjectKind.ANY)
            comments = inspector.get_multi_table_comment(schema, kind=ObjectKind.ANY)
            for key in columns:
                parts = (columns[key], primary.get(key), foreign.get(key), comments.get(key))
                found[key] = parts
    known = {(item.schema, item.name) for item in relations if (item.schema, item.name) in found}
    return tuple(
        _table(
            dialect, engine, relation, found[relation.schema, relation.name], default_schema, known
        )
        for relation in relations
        if (relation.schema, relation.name) in known
    )


def _table(
    dialect: Dialect,
    engine: "Engine",
    relation: Relation,
    parts: tuple[Any, Any, Any, Any],
    default_schema: str,
    known: set[tuple[str | None, str]],
) -> TableSchema:
    columns, primary, foreign, comment = parts
    places = {column["name"]: place for place, column in enumerate(columns)}
    keys = [
        ForeignKey(
            tuple(key["constrained_columns"]),
            key["referred_table"],
            tuple(key["referred_columns"]),
            _shown(key["referred_schema"], default_schema),
        )
        for key in sorted(foreign or (), key=lambda key: _places(key, places))
        if (key["referred_schema"] or relation.schema, key["referred_table"]) in known
    ]
    return TableSchema(
        relation.name,
        tuple(_column(dialect, engine, column) for column in columns),
        schema=_shown(relation.schema, default_schema),
        primary_key=tuple((primary or {}).get("constrained_columns") or ()),
        foreign_keys=tuple(keys),
        comment="" if comment is None else comment["text"] or "",
        row_estimate=relation.rows,
        is_view=relation.is_view,
    )


def _places(key: Any, places: Mapping[str, int]) -> list[int]:
    """Sorts foreign keys by their columns: PostgreSQL's come by the names of the constraints."""
    return [places[name] for name in key["constrained_columns"]]


def _shown(schema: str | None, default_schema: str) -> str | None:
    return None if schema == default_schema else schema


def _column(dialect: Dialect, engine: "Engine", column: Any) -> Column:
    text, kind = _type(dialect, engine, column["type"])
    return Column(column["name"], text, kind, column["nullable"], column["comment"] or "")


def _type(dialect: Dialect, engine: "Engine", declared: "TypeEngine[Any]") -> tuple[str, TypeKind]:
    """The type as its engine writes it, without character set, and what it means."""
    from sqlalchemy.dialects.postgresql import DOMAIN
    from sqlalchemy.types import Enum, NullType

    if isinstance(declared, NullType):
        return "unknown", "other"
    text = declared.compile(engine.dialect).split(" CHARACTER SET ")[0].split(" COLLATE ")[0]
    if isinstance(declared, DOMAIN):
        return text, _type(dialect, engine, declared.data_type)[1]
    if isinstance(declared, Enum):
        return text, "text"
    return text, declared_kind(dialect, text)
