"""A copy of made Spider databases in which values are spelt as the reference queries spell them.

    python bench/spider_spelling.py SPIDER_FOLDER OUTPUT_FOLDER

The databases beside ``train.json`` were filled with the constants of normalised queries, in lower case,
while the reference queries keep their capitals: ``name = 'Ashley'`` finds no ``ashley``, and a parser that
looks the value up is judged wrong against an empty answer. In the copy such a value has the spelling that
most references use. Figures over both copies are reported beside each other.
"""

import argparse
import json
import shutil
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import sqlglot
from sqlglot import exp


def constants(sql: str) -> Iterator[str]:
    """Texts of a reference query; SQLite reads a quoted name that is no column as a text."""
    tree = sqlglot.parse_one(sql, read="sqlite")
    for literal in tree.find_all(exp.Literal):
        if literal.is_string:
            yield literal.this
    for column in tree.find_all(exp.Column):
        if isinstance(column.this, exp.Identifier) and column.this.quoted and not column.table:
            yield column.this.this


def spellings(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """By database and lower-cased text, the spelling that most references use."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for one in json.loads((folder / "train.json").read_text("utf-8")):
        counted[one["db_id"]].update(constants(one["query"]))
    return {
        database: {text.lower(): text for text, _ in reversed(counter.most_common())}
        for database, counter in counted.items()
    }


def respell(path: Path, wanted: Mapping[str, str]) -> int:
    """Spell the values of one database as ``wanted`` says; the number of cells that changed."""
    changed = 0
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = lambda content: content.decode("utf-8", "replace")
        connection.execute("PRAGMA foreign_keys = OFF")
        tables = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        for table in tables:
            quoted = '"' + table.replace('"', '""') + '"'
            for row in connection.execute(f"PRAGMA table_info({quoted})").fetchall():
                column = '"' + row[1].replace('"', '""') + '"'
                held = connection.execute(f"SELECT DISTINCT {column} FROM {quoted}").fetchall()
                for (value,) in held:
                    said = wanted.get(value.lower()) if isinstance(value, str) else None
                    if said is not None and said != value:
                        # A key whose other spelling is there too stays as it is.
                        update = f"UPDATE OR IGNORE {quoted} SET {column} = ? WHERE {column} = ?"
                        changed += connection.execute(update, (said, value)).rowcount
        connection.commit()
    return changed


def main() -> None:
    """Copy every database and respell it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("spider", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    wanted = spellings(arguments.spider)
    total = 0
    for number, (database, texts) in enumerate(sorted(wanted.items()), 1):
        target = arguments.output / database / f"{database}.sqlite"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(arguments.spider / "database" / database / target.name, target)
        total += respell(target, texts)
        print(f"\r{number} of {len(wanted)} databases, {total:,} cells", end="", file=sys.stderr)
    print(file=sys.stderr)


if __name__ == "__main__":
    main()
