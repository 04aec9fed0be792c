"""How one database says what another one's function does, for whoever wrote the wrong one."""

from collections.abc import Iterable, Mapping

from datus.sql.functions import FUNCTIONS
from datus.sql.names import nearest
from datus.types import DatabaseSchema, Dialect

_DATE_PARTS: Mapping[Dialect, str] = {
    "sqlite": "CAST(strftime('%{code}', d) AS INTEGER)",
    "duckdb": "{name}(d)",
    "postgresql": "EXTRACT({name} FROM d)",
    "mysql": "{name}(d)",
}
_CODES = {"year": "Y", "month": "m", "day": "d", "hour": "H"}
_CUT: Mapping[Dialect, str] = {
    "sqlite": "strftime('%Y-%m', d) for the month",
    "duckdb": "date_trunc('month', d)",
    "postgresql": "date_trunc('month', d)",
    "mysql": "DATE_FORMAT(d, '%Y-%m') for the month",
}
_TODAY: Mapping[Dialect, str] = {
    "sqlite": "date('now')",
    "duckdb": "CURRENT_DATE",
    "postgresql": "CURRENT_DATE",
    "mysql": "CURRENT_DATE",
}
_LAPSE: Mapping[Dialect, str] = {
    "sqlite": "julianday(b) - julianday(a) for days",
    "duckdb": "date_diff('day', a, b)",
    "postgresql": "b - a for days between dates",
    "mysql": "TIMESTAMPDIFF(DAY, a, b)",
}
_WITHOUT_NULL = dict.fromkeys(_CUT, "coalesce(a, b)")
_CHOICE = dict.fromkeys(_CUT, "CASE WHEN c THEN a ELSE b END")
_LENGTH = dict.fromkeys(_CUT, "length(x)")
_JOINED: Mapping[Dialect, str] = {
    "sqlite": "group_concat(x, ', ')",
    "duckdb": "string_agg(x, ', ')",
    "postgresql": "string_agg(x, ', ')",
    "mysql": "GROUP_CONCAT(x SEPARATOR ', ')",
}
_MEANT: tuple[tuple[str, Mapping[Dialect, str]], ...] = (
    ("date_trunc datetrunc trunc to_char date_format format_datetime strftime", _CUT),
    ("now getdate curdate today sysdate current_date", _TODAY),
    ("datediff date_diff timestampdiff months_between age", _LAPSE),
    ("isnull ifnull nvl nvl2", _WITHOUT_NULL),
    ("if iif decode", _CHOICE),
    ("len char_length datalength", _LENGTH),
    ("group_concat string_agg listagg array_agg", _JOINED),
)


def instead_of(function: str, dialect: Dialect) -> str:
    """What to write in place of a function that a database has not; empty where nothing is known."""
    if function in _CODES:
        return _DATE_PARTS[dialect].format(name=function, code=_CODES[function])
    for names, forms in _MEANT:
        if function in names.split():
            return forms[dialect]
    return ", ".join(nearest(function, FUNCTIONS[dialect]))


def holders_of(column: str, schema: DatabaseSchema, but: Iterable[str]) -> tuple[str, ...]:
    """Tables with a column of a name, those left out that a query reads already."""
    read = set(but)
    return tuple(
        schema.name_of(table)
        for table in schema.tables
        if schema.name_of(table) not in read
        and any(one.name.lower() == column.lower() for one in table.columns)
    )
