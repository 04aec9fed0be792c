"""Read time expressions and print the share that is read exactly, and the time that a question takes.

Two tables: a CSV (columns lang, text, start, end_exclusive; empty: open), and the expressions of
``tests/dates/expressions.py``, whose spans separate calendar code computes, for each of its days.
Usage: python bench/time_expressions.py PATH [--today 2024-01-15]
"""

import argparse
import csv
import importlib.util
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median, quantiles
from types import ModuleType

from datus.dates import read_times

TABLES = Path(__file__).parent.parent / "tests" / "dates" / "expressions.py"
QUESTIONS = (
    "Show me the monthly revenue by product category for the last 3 full months and for Q3 2023",
    "Which customers who ordered between Jan 5 and Feb 10, 2023 have not ordered since last March,"
    " and what is their average order value compared to the same period last year?",
    "按地区统计2023年第三季度的销售额和订单数,并与去年同期相比,列出增长最快的十个城市",
    "双十一前一周到十二月底,各渠道每日新增用户的环比,以及近30天的留存率是多少",
)
ROUNDS = 20


def main() -> None:
    """Print both tables, every miss, and times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--today", type=date.fromisoformat, default=date(2024, 1, 15))
    arguments = parser.parse_args()
    begin = time.perf_counter()
    read_times("2022年国庆假期", today=arguments.today)
    print(f"first question, which loads dictionaries and holidays: {_ms(begin):.0f} ms")
    texts = _score_file(arguments.path, arguments.today)
    tables = _load_tables()
    _score_tables(tables)
    texts += [text for text, _ in (*tables.ENGLISH, *tables.CHINESE)] + list(tables.NOTHING)
    _print_times("an expression", texts, arguments.today)
    _print_times("a whole question", QUESTIONS, arguments.today)


def _score_file(path: Path, today: date) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    right = 0
    for row in rows:
        found = [
            (str(r.start or ""), str(r.end or ""))
            for r in read_times(row["text"], today=today).ranges
        ]
        expected = row["start"], row["end_exclusive"]
        right += found == [expected]
        if found != [expected]:
            print(f"  {row['lang']}  {row['text']}: expected {expected}, read {found}")
    print(f"{path.name}: {right} of {len(rows)} exact ({right / len(rows):.1%})")
    return [row["text"] for row in rows]


def _load_tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("expressions", TABLES)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _score_tables(tables: ModuleType) -> None:
    for name, table in (("English", tables.ENGLISH), ("Chinese", tables.CHINESE)):
        right = 0
        for text, expected in table:
            for today in tables.TODAYS:
                found = [(r.start, r.end) for r in read_times(text, today=today).ranges]
                right += found == [expected(tables.Almanac(today))]
        total = len(table) * len(tables.TODAYS)
        print(f"own {name}: {right} of {total} exact ({len(table)} on {len(tables.TODAYS)} days)")
    nothing = sum(
        not read_times(text, today=today).ranges
        for text in tables.NOTHING
        for today in tables.TODAYS
    )
    total = len(tables.NOTHING) * len(tables.TODAYS)
    print(f"own negative: {nothing} of {total} give no range")
    right = 0
    for text, expected, offsets in tables.COMPARISONS:
        for today in tables.TODAYS:
            found = read_times(text, today=today)
            spans = tuple((r.start, r.end) for r in found.ranges)
            told = tuple(c.offset for c in found.comparisons)
            right += (spans, told) == (expected(tables.Almanac(today)), offsets)
    print(f"own comparisons: {right} of {len(tables.COMPARISONS) * len(tables.TODAYS)} right")


def _print_times(what: str, texts: Sequence[str], today: date) -> None:
    usual = []
    for text in texts:
        times = []
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            read_times(text, today=today)
            times.append(_ms(begin))
        usual.append(median(times))  # of one text; a busy machine stretches some rounds
    p95 = quantiles(usual, n=20, method="inclusive")[-1]
    print(f"{what}: median {median(usual):.3f} ms, p95 {p95:.3f} ms ({len(texts)} texts)")


def _ms(begin: float) -> float:
    return (time.perf_counter() - begin) * 1e3


if __name__ == "__main__":
    main()
