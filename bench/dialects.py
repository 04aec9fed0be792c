"""Whether SQLite, DuckDB, PostgreSQL and MariaDB give equal answers to equal questions over equal rows.

    python bench/dialects.py --databases FOLDER --file train.json [--count 50] [--questions 20] [--seed 0]
    python bench/dialects.py --demo --file tests/evaluation/demo_questions.jsonl [--file ...]

``FOLDER`` holds ``NAME/NAME.sqlite``, and the questions of the file name their database (Spider's layout).
Each database is copied into all four engines (``four_engines.py`` says what cannot be), each copy is a
namespace, and each question is put to the four through the service's own workflow. Answers are equal when
they have the same verdict (answered, refused or failed, and the code) and the same rows, in the same order
where the question asks for one. The servers are those of this machine; what is made there is dropped.

With ``--least-confidence 0`` every question that has a reading is answered: more SQL to compare. With
``--collation utf8mb4_bin`` MariaDB tells capitals and accents apart as the other three do, in patterns too.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import secrets
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import psycopg
import pymysql
import sqlglot
import yaml
from four_engines import ENGINES, HOST, LeftOut, Table, read_duckdb, read_sqlite, write
from sqlglot import exp

from datus.config import Settings, load_settings
from datus.demo.shop import build
from datus.errors import DatabaseError
from datus.evaluation.compare import as_multiset, matches
from datus.evaluation.datasets import Item, load
from datus.evaluation.local import BY_DATABASE, Local, Plan, open_local
from datus.evaluation.ordering import sort_keys
from datus.evaluation.references import References
from datus.evaluation.runner import Answered
from datus.sql.dialects import sqlglot_name
from datus.types import Dialect, QueryResult

PREFIX = "datus_dialects_"
FIRST = ENGINES[0]
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?")
_MAX_ROWS = 200_000  # rows beyond a cap cannot be compared
_SMALL = 0.75  # of the databases, by size

Finding = Literal[
    "equal answers", "equal refusals", "equal failures", "ties at a limit", "other order", "other rows",
    "answered by some", "refused otherwise", "failed by some", "not to be compared",
]  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """A question and what each engine made of it."""

    item: Item
    answers: Mapping[Dialect, Answered]
    finding: Finding


# judging


def verdict(answered: Answered) -> str:
    """What became of a question, without its rows."""
    return answered.status if answered.code is None else f"{answered.status}: {answered.code}"


async def compare(local: Local, item: Item) -> Compared:
    """Put a question to the four namespaces of its database and judge the answers by the first one's."""
    answers: dict[Dialect, Answered] = {}
    for engine in ENGINES:
        answered = await local.answer(_at(item, engine))
        result = answered.result and _with_moments(answered.result)
        answers[engine] = replace(answered, result=result)
    verdicts = {verdict(each) for each in answers.values()}
    statuses = {each.status for each in answers.values()}
    finding: Finding
    if len(verdicts) == 1:
        match statuses.pop():
            case "completed":
                finding = await _rows(local, item, answers)
            case "refused":
                finding = "equal refusals"
            case _:
                finding = "equal failures"
    elif "failed" in statuses:
        finding = "failed by some"
    else:
        finding = "answered by some" if "completed" in statuses else "refused otherwise"
    return Compared(item, answers, finding)


async def _rows(local: Local, item: Item, answers: Mapping[Dialect, Answered]) -> Finding:
    """How rows differ where all answered: not at all, only in order, at a cut between equals, or really."""
    first = answers[FIRST]
    assert first.sql is not None
    assert first.result is not None

    async def run(asked: Item, sql: str) -> QueryResult:
        return _with_moments(await local.reference(_at(asked, FIRST), sql))

    references = References(run, sqlglot_name(FIRST))
    expected, _ = await references.of(replace(item, references=(first.sql,)))
    if not expected:
        return "not to be compared"  # cut off at a cap
    results = [each.result for each in answers.values() if each.result is not None]
    if all(matches(each, expected[0]) for each in results):
        return "equal answers"
    if await _cut_between_equals(run, item, first.sql):
        return "ties at a limit"
    same = all(matches(each, as_multiset(first.result)) for each in results)
    return "other order" if same else "other rows"


async def _cut_between_equals(run: Callable[..., Any], item: Item, sql: str) -> bool:
    """Whether a limit cuts off a row that has the sort keys of one it keeps: SQL leaves open which."""
    tree = sqlglot.parse_one(sql, read=sqlglot_name(FIRST))
    for select in tree.find_all(exp.Select):
        limit = select.args.get("limit")
        if limit is None or not limit.expression.is_int:
            continue
        count, whole = int(limit.expression.name), select.copy()
        whole.set("limit", None)
        if select.args.get("order") is None:
            return True
        keys = sort_keys(whole.sql(dialect=sqlglot_name(FIRST)), sqlglot_name(FIRST))
        if keys is None:
            continue
        try:
            rows = (await run(item, keys.sql)).rows
        except DatabaseError:
            continue  # a part that does not stand alone
        if len(rows) > count:
            last, next_ = ([row[p] for p in keys.positions] for row in rows[count - 1 : count + 1])
            if last == next_:
                return True
    return False


def _with_moments(result: QueryResult) -> QueryResult:
    """SQLite keeps moments as texts; here they are written as the others write theirs."""
    rows = tuple(tuple(map(_moment, row)) for row in result.rows)
    return replace(result, rows=rows)


def _moment(value: Any) -> Any:
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value.removesuffix("T00:00:00") if isinstance(value, str) else value
    day, clock, fraction = found.groups(default="")
    return day if clock == "00:00:00" else f"{day}T{clock}{fraction.rstrip('0').rstrip('.')}"


def _at(item: Item, engine: Dialect) -> Item:
    return replace(item, database=f"{item.database}-{engine}")


# copies


@contextlib.contextmanager
def copies(
    tables: Sequence[Table], collation: str, demo: Path | None = None
) -> Iterator[Mapping[Dialect, Any]]:
    """The four databases, as ``agent.yml`` names them, dropped at the end.

    Args:
        collation: MariaDB's, which decides what texts are equal there.
        demo: The DuckDB file that the tables were read from, which then needs no copy.
    """
    name = PREFIX + secrets.token_hex(4)
    postgresql = psycopg.connect(host=HOST, user="postgres", dbname="postgres", autocommit=True)
    mysql = pymysql.connect(host=HOST, user="root", autocommit=True)
    with tempfile.TemporaryDirectory() as folder, postgresql, mysql, mysql.cursor() as cursor:
        files = {"sqlite": f"{folder}/{name}.sqlite", "duckdb": demo or f"{folder}/{name}.duckdb"}
        try:
            postgresql.execute(f"CREATE DATABASE {name}".encode())
            cursor.execute(f"CREATE DATABASE {name} COLLATE {collation}")
            for engine in ENGINES:
                if engine != "duckdb" or demo is None:
                    write(tables, engine, str(files.get(engine, name)))
            yield {
                **{each: {"type": each, "uri": str(file)} for each, file in files.items()},
                "postgresql": _server("postgresql", 5432, "postgres", name),
                "mysql": _server("mysql", 3306, "root", name),
            }
        finally:
            postgresql.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")


def _server(engine: Dialect, port: int, user: str, name: str) -> Mapping[str, Any]:
    return {"type": engine, "host": HOST, "port": port, "username": user, "database": name}


@contextlib.asynccontextmanager
async def served(
    name: str, databases: Mapping[Dialect, Any], least: float | None
) -> AsyncIterator[Local]:
    """The service over the four copies, with settings of its own."""
    agent: dict[str, Any] = {
        "server": {"max_rows": _MAX_ROWS},
        "namespace": {f"{name}-{engine}": each for engine, each in databases.items()},
    }
    if least is not None:
        agent |= {
            "target": "offline",
            "models": {"offline": {"type": "offline", "least_confidence": least}},
        }
    with tempfile.TemporaryDirectory() as folder:
        async with open_local(
            _settings(agent, Path(folder)),
            Plan("nl2sql", BY_DATABASE, date(2024, 1, 15)),
            clock=lambda: datetime.now(UTC),
            random=os.urandom,
            timer=time.perf_counter,
        ) as local:
            yield local


def _settings(agent: Mapping[str, Any], home: Path) -> Settings:
    path = home / "agent.yml"
    path.write_text(yaml.safe_dump({"agent": agent}), encoding="utf-8")
    return load_settings(path, env={}, home=home)


# running


def ask(
    name: str,
    tables: Sequence[Table],
    items: Sequence[Item],
    arguments: argparse.Namespace,
    demo: Path | None = None,
) -> list[Compared]:
    """Copy a database and ask its questions of each copy."""

    async def run(databases: Mapping[Dialect, Any]) -> list[Compared]:
        async with served(name, databases, arguments.least_confidence) as local:
            return [await compare(local, replace(item, database=name)) for item in items]

    with copies(tables, arguments.collation, demo) as databases:
        return asyncio.run(run(databases))


def run_databases(arguments: argparse.Namespace) -> list[Compared]:
    by_database: dict[str, list[Item]] = defaultdict(list)
    for file in arguments.file:
        for item in load(file):
            by_database[item.database or ""].append(item)
    found = {path.stem: path for path in sorted(arguments.databases.glob("*/*.sqlite"))}
    by_size = sorted(by_database.keys() & found.keys(), key=lambda n: (found[n].stat().st_size, n))
    dice = random.Random(arguments.seed)
    small = by_size[: max(int(_SMALL * len(by_size)), arguments.count)]
    chosen = sorted(dice.sample(small, min(arguments.count, len(small))))
    compared: list[Compared] = []
    total = LeftOut()
    held = 0
    for number, name in enumerate(chosen, 1):
        tables, left = read_sqlite(found[name])
        held += sum(len(table.rows) for table in tables)
        total.rows += left.rows
        total.keys += [f"{name}: {line}" for line in left.keys]
        total.retyped += [f"{name}: {line}" for line in left.retyped]
        asked = by_database[name]
        asked = dice.sample(asked, min(arguments.questions, len(asked)))
        compared += ask(name, tables, asked, arguments)
        _progress(f"{number} of {len(chosen)} databases, {len(compared):,} questions")
    _report_copies(len(chosen), held, total)
    return compared


def run_demo(arguments: argparse.Namespace) -> list[Compared]:
    items = [item for file in arguments.file for item in load(file)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "shop.duckdb")
        build(path, lambda name, done, total: _progress(f"demo: {done} of {total} tables"))
        tables, left = read_duckdb(path)
        _report_copies(1, sum(len(table.rows) for table in tables), left)
        return ask("demo", tables, items, arguments, path)


def _progress(text: str) -> None:
    print(f"\r{text}", end="", file=sys.stderr, flush=True)


def _report_copies(count: int, rows: int, left: LeftOut) -> None:
    print(f"\n{count} databases, {rows:,} rows in each engine; left out of all copies:")
    for reason, number in left.rows.items():
        if number:
            print(f"  {number:,} rows: {reason}")
    print(f"  {len(left.keys)} foreign keys that some engine refuses; ", end="")
    print(f"{len(left.retyped)} columns are text for what they hold")
    for line in (*left.keys, *left.retyped):
        print(f"    {line}")


def report(compared: Sequence[Compared], most: int) -> None:
    """The table of findings, of verdicts by engine, and the differences with their SQL."""
    print(f"\n{len(compared):,} questions")
    for finding, number in Counter(each.finding for each in compared).most_common():
        print(f"  {number:5,}  {number / len(compared):6.1%}  {finding}")
    for engine in ENGINES:
        verdicts = Counter(verdict(each.answers[engine]) for each in compared)
        print(f"  {engine}: " + ", ".join(f"{n:,} {text}" for text, n in verdicts.most_common()))
    differences = [each for each in compared if not each.finding.startswith("equal")]
    for each in differences[:most]:
        print(f"\n{each.finding} | {each.item.database} | {each.item.question}")
        for engine, answered in each.answers.items():
            result = answered.result
            rows = f"{len(result.rows)} rows, {result.rows[:3]!r:.200}" if result else ""
            print(f"  {engine}: {verdict(answered)} {(answered.message or '')[:160]} {rows}")
            print(f"      {answered.sql}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--databases", type=Path, help="folder of SQLite databases")
    parser.add_argument("--demo", action="store_true", help="the demo shop instead")
    parser.add_argument("--file", type=Path, action="append", required=True, help="questions")
    parser.add_argument("--count", type=int, default=50, help="databases to take")
    parser.add_argument("--questions", type=int, default=20, help="of each database")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--least-confidence", type=float, help="answer from here on, in [0, 1]")
    parser.add_argument("--collation", default="utf8mb4_general_ci", help="of MariaDB's copies")
    parser.add_argument("--differences", type=int, default=1000, help="print at most so many")
    arguments = parser.parse_args()
    if arguments.demo == (arguments.databases is not None):
        parser.error("name either --databases or --demo")
    compared = run_demo(arguments) if arguments.demo else run_databases(arguments)
    report(compared, arguments.differences)


if __name__ == "__main__":
    main()
