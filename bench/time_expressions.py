"""Read a CSV of time expressions and print the share that is read exactly, and the time of one.

Columns: lang, text, start, end_exclusive (empty: open). Usage:
python bench/time_expressions.py PATH [--today 2024-01-15]
"""

import argparse
import csv
import time
from datetime import date
from pathlib import Path

from datus.dates import find_time_ranges


def main() -> None:
    """Run the file and print every miss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--today", type=date.fromisoformat, default=date(2024, 1, 15))
    arguments = parser.parse_args()
    with arguments.path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    right = 0
    for row in rows:
        found = find_time_ranges(row["text"], today=arguments.today)
        got = [(str(r.start or ""), str(r.end or "")) for r in found]
        if got == [(row["start"], row["end_exclusive"])]:
            right += 1
        else:
            print(
                f"{row['lang']}  {row['text']}: {row['start']} .. {row['end_exclusive']}, read {got}"
            )
    begin = time.perf_counter()
    for row in rows:
        find_time_ranges(row["text"], today=arguments.today)
    each = (time.perf_counter() - begin) / len(rows)
    question = (
        "Show me the monthly revenue by product category for the last 3 full months and for Q3 2023"
    )
    begin = time.perf_counter()
    for _ in range(200):
        find_time_ranges(question, today=arguments.today)
    long = (time.perf_counter() - begin) / 200
    print(
        f"{right} of {len(rows)} exact ({right / len(rows):.1%}); {each * 1e3:.3f} ms an expression,"
    )
    print(f"{long * 1e3:.3f} ms a question of {len(question)} characters")


if __name__ == "__main__":
    main()
