"""Declared types to ``TypeKind``: one table of type names, and each engine's exceptions to it."""

from datus.types import Dialect, TypeKind

_NAMES: dict[TypeKind, str] = {
    "integer": (
        "INT INTEGER TINYINT SMALLINT MEDIUMINT BIGINT HUGEINT INT1 INT2 INT3 INT4 INT8 INT16 INT32 INT64"
        " INT128 UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT SERIAL SMALLSERIAL BIGSERIAL YEAR OID BIGNUM"
    ),
    "number": "DECIMAL NUMERIC DEC FIXED NUMBER DOUBLE REAL FLOAT FLOAT4 FLOAT8 FLOATING",
    "text": (
        "TEXT CHAR CHARACTER VARCHAR VARCHAR2 NCHAR NVARCHAR BPCHAR STRING CLOB TINYTEXT MEDIUMTEXT"
        " LONGTEXT NATIONAL ENUM SET NAME CITEXT"
    ),
    "date": "DATE",
    "datetime": "DATETIME TIMESTAMP TIMESTAMPTZ TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS",
    "time": "TIME TIMETZ TIME_NS",
    "boolean": "BOOLEAN BOOL LOGICAL",
    "binary": "BLOB BYTEA BINARY VARBINARY BYTES TINYBLOB MEDIUMBLOB LONGBLOB",
    "json": "JSON JSONB STRUCT MAP LIST ARRAY",
}
_KINDS: dict[str, TypeKind] = {
    name: kind for kind, names in _NAMES.items() for name in names.split()
}


def declared_kind(dialect: Dialect, declared: str) -> TypeKind:
    """What a declared type such as ``DECIMAL(12, 2)`` or ``timestamp without time zone`` means.

    Lists, structs and maps are ``json``: that is how their values come back. ``TINYINT(1)`` is MySQL's
    boolean and ``BIT(n)`` its integer.
    """
    text = declared.strip().upper()
    if text.endswith("]"):
        return "json"
    if dialect == "mysql" and text.replace(" ", "").startswith("TINYINT(1)"):
        return "boolean"
    words = text.split("(")[0].split()
    name = words[0].strip("\"'`") if words else ""
    if dialect == "mysql" and name == "BIT":
        return "integer"
    kind = _KINDS.get(name)
    if kind is not None:
        return kind
    return _affinity(text) if dialect == "sqlite" else "other"


def _affinity(text: str) -> TypeKind:
    """SQLite takes any word for a type and decides by these parts, in this order.

    https://www.sqlite.org/datatype3.html, section 3.1; date and boolean parts are ours.
    """
    for part, kind in _AFFINITY:
        if part in text:
            return kind
    return "number" if text else "other"


_AFFINITY: tuple[tuple[str, TypeKind], ...] = (
    ("DATETIME", "datetime"),
    ("TIMESTAMP", "datetime"),
    ("BOOL", "boolean"),
    ("INT", "integer"),
    ("CHAR", "text"),
    ("CLOB", "text"),
    ("TEXT", "text"),
    ("BLOB", "binary"),
    ("REAL", "number"),
    ("FLOA", "number"),
    ("DOUB", "number"),
)
