"""An answer for people. Everything in it is data: nothing of it reaches the terminal as markup."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from datus.sql.dialects import sqlglot_name
from datus.types import Dialect

MAX_ROWS_SHOWN = 20
MAX_NAMES_SHOWN = 20
MAX_READINGS_SHOWN = 3

_SQL_DETAILS = {"nearest": "The nearest reading, not run:", "readings": "Reading {}:"}


def show(answer: Mapping[str, Any], dialect: Dialect | None, console: Console) -> None:
    """Print the SQL, the rows and what they rest on, or why there are none and what would help.

    Args:
        answer: As the API's sync mode gives it.
        dialect: What the SQL is written in; None when that is not known.
        console: Where to print.
    """
    if answer["sql"]:
        console.print(_sql(answer["sql"], dialect))
    if answer["error"]:
        _show_error(answer["status"], answer["error"], dialect, console)
    if answer["result"] is not None:
        console.print(_table(answer["result"], answer["metadata"]["columns"]))
        console.print(_size(answer), style="dim", highlight=False)
        if told := (answer["metadata"].get("explanation") or {}).get("summary"):
            console.print(plain(told), highlight=False)
    for assumption in answer["metadata"].get("assumptions", ()):
        console.print(plain(f"Assumed: {assumption}"), highlight=False)
    for reason in answer["metadata"].get("degraded", ()):
        console.print(plain(f"Answered by a stand-in: {reason}"), style="yellow", highlight=False)
    for metric in answer["metadata"].get("metrics", ()):
        owner = f", owned by {metric['owner']}" if metric["owner"] else ""
        console.print(plain(f"{metric['label']} = {metric['definition']}{owner}"), highlight=False)
    if reason := answer["metadata"].get("handed_over"):
        console.print(plain(f"No metric answered this, so SQL was written for it: {reason}"))
    if words := answer["metadata"].get("words"):
        console.print("Read from the question:", style="bold")
        for use in words:
            console.print(plain(f"  {use['words']}  →  {use['meaning']}"))


def pretty(sql: str, dialect: Dialect | None) -> str:
    """The SQL laid out over lines; as it is when it cannot be read again."""
    import sqlglot

    name = sqlglot_name(dialect) if dialect else None
    try:
        return sqlglot.transpile(sql, read=name, write=name, pretty=True)[0]
    except (sqlglot.errors.SqlglotError, RecursionError):
        return sql


def plain(value: Any) -> Text:
    """A value as text without control characters: a database may hold what steers a terminal."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Text("".join(c if _is_harmless(c) else "\ufffd" for c in text))


def _is_harmless(character: str) -> bool:
    """Python holds the wide space of Chinese texts, and other spaces, for not printable."""
    if character.isprintable() or character == "\n":
        return True
    return unicodedata.category(character) == "Zs"


def _sql(sql: str, dialect: Dialect | None) -> Syntax:
    text = plain(pretty(sql, dialect)).plain
    return Syntax(text, "sql", word_wrap=True, background_color="default")


def _show_error(
    status: str, error: Mapping[str, Any], dialect: Dialect | None, console: Console
) -> None:
    style = "yellow" if status == "refused" else "red"
    console.print(plain(f"{status}: {error['message']}"), style=style, highlight=False)
    for name, detail in error["details"].items():
        many = detail if isinstance(detail, list) else [detail]
        if not many or all(str(each) in error["message"] for each in many):
            continue  # the message has said it
        if name in _SQL_DETAILS:
            for number, sql in enumerate(many[:MAX_READINGS_SHOWN], 1):
                console.print(_SQL_DETAILS[name].format(number), style="bold", highlight=False)
                console.print(_sql(str(sql), dialect))
        else:
            title = Text(f"{name.replace('_', ' ').capitalize()}: ", "bold")
            console.print(title + _names(many), highlight=False)
    if error["code"] == "ambiguous":
        console.print("Ask again in the words of the reading that you mean.", style="dim")


def _names(many: Sequence[Any]) -> Text:
    shown = Text(", ").join(plain(_name(each)) for each in many[:MAX_NAMES_SHOWN])
    left = len(many) - MAX_NAMES_SHOWN
    return shown + Text(f" and {left} more") if left > 0 else shown


def _name(one: Any) -> Any:
    """A metric or dimension by its label and name; anything else as it is."""
    if isinstance(one, Mapping) and one.keys() == {"name", "label"}:
        return f"{one['label']} ({one['name']})"
    return one


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Mapping[str, str]]) -> Table:
    table = Table()
    for column in columns:
        number = column["type"] in ("integer", "number")
        table.add_column(
            plain(column["name"]), justify="right" if number else "left", overflow="fold"
        )
    for row in rows[:MAX_ROWS_SHOWN]:
        table.add_row(*(plain(row[column["name"]]) for column in columns))
    return table


def _size(answer: Mapping[str, Any]) -> str:
    count = len(answer["result"])
    more = f", the first {MAX_ROWS_SHOWN} shown" if count > MAX_ROWS_SHOWN else ""
    limits = {"rows": "limit of rows", "bytes": "limit of an answer's size"}
    limit = limits.get(answer["metadata"].get("truncated_by") or "", "limit")
    cut = f", cut off at the server's {limit}" if answer["metadata"]["truncated"] else ""
    return f"{count} row{'' if count == 1 else 's'}{more}{cut}, {answer['execution_time']:.2f} s"
