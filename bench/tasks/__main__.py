"""What a task costs beside its work: datus and DBOS in turn, on SQLite and PostgreSQL, with streams attached.

    python bench/tasks [--tasks 400] [--seconds 4] [--rounds 2] [--markdown]
    python bench/tasks --only peer --engine sqlite

A task is a workflow of six nodes that do nothing. Its client submits it, reads its stream from the start and has
finished when it has read the end; the nodes take no time, so all of a task's time is added by the engine. With so many
clients at once as the first column says, each with one task at a time, and a process of its own for each side of each
round. "ms each" is 1000 divided by the tasks per second: the machine's time for one task. Median and 95th are of the
time from submitting to the end, waiting for the other tasks included. With ``--node-ms`` a node waits so long, and
median and 95th count what is above that.

datus writes 21 events a task through its whole service (all but HTTP), DBOS the 6 of its steps. DBOS comes into an
environment of its own under ``~/.cache/datus-bench``; it is measured with plain functions on threads and with
coroutines, for neither is the faster everywhere (see ``dbos_side.py`` for how it is set).

Beside that, ``store_alone.py``: the task store without the service, and how late another process learns of an event.
"""

import argparse
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import places
import store_alone
from load import NODES, Measured
from places import say

from datus.errors import ConfigError
from datus.tasks.engines import migrate

HERE = Path(__file__).parent
WIDTHS = (1, 8, 32)
SERVER = "postgresql://postgres@127.0.0.1:5432/postgres"
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
DATUS = "datus"
RATE_GOAL = 60
ADDED_GOAL_MS = 20
_START_S = 60


class SideError(Exception):
    """A side did not come to an end; the message is the last it said."""


@dataclass(frozen=True)
class Cell:
    """What all rounds of one side came to with so many tasks at once."""

    rate: float
    lowest: float
    highest: float
    median_ms: float
    late_ms: float


Cells = dict[str, dict[int, Cell]]


def cell_of(rounds: Sequence[Measured], node_ms: float) -> Cell:
    times = [time - NODES * node_ms for each in rounds for time in each.times_ms]
    rates = [len(each.times_ms) / each.span_s for each in rounds]
    rate = len(times) / sum(each.span_s for each in rounds)
    late = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    return Cell(rate, min(rates), max(rates), statistics.median(times), late)


def run_side(command: list[str], url: str, flags: argparse.Namespace) -> list[Measured]:
    """One side in a process of its own, with each number of tasks at once in turn."""
    widths = ",".join(str(width) for width in flags.widths)
    asked = ["--url", url, "--widths", widths, "--node-ms", str(flags.node_ms)]
    asked += ["--tasks", str(flags.tasks), "--seconds", str(flags.seconds)]
    limit = _START_S + 4 * len(flags.widths) * flags.seconds
    try:
        done = subprocess.run(
            command + asked, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        raise SideError(f"not at its end after {limit:g} seconds") from None
    if done.returncode:
        raise SideError(done.stderr.strip().splitlines()[-1] if done.stderr else "no reason given")
    return [Measured(**json.loads(line)) for line in done.stdout.splitlines()]


def place(engine: str, side: str, server: str) -> AbstractContextManager[str]:
    if engine == "sqlite":
        return places.sqlite_file()
    return places.schema(server) if side == DATUS else places.database(server)


def measure_engine(engine: str, sides: dict[str, list[str]], flags: argparse.Namespace) -> Cells:
    """The sides in turn, as many rounds as asked. A side that fails is left out from there on."""
    found: dict[str, dict[int, list[Measured]]] = {side: defaultdict(list) for side in sides}
    failed: set[str] = set()
    for number in range(flags.rounds):
        for side, command in sides.items():
            if side in failed:
                continue
            say(f"{NAMES[engine]}, round {number + 1} of {flags.rounds}: {side} ...")
            try:
                with place(engine, side, flags.postgresql) as url:
                    measured = run_side(command, url, flags)
            except SideError as error:
                print(f"{NAMES[engine]}, {side}: not measured: {error}")
                failed.add(side)
                continue
            for each in measured:
                found[side][each.width].append(each)
    return {
        side: {width: cell_of(each, flags.node_ms) for width, each in cells.items()}
        for side, cells in found.items()
    }


def peer_rows(engine: str, cells: Cells) -> list[list[str]]:
    rows = []
    for width in sorted({width for each in cells.values() for width in each}):
        own = cells[DATUS].get(width)
        for side, by_width in cells.items():
            if width not in by_width:
                continue
            cell = by_width[width]
            rows.append([NAMES[engine], str(width), side, f"{cell.rate:.1f}"])
            rows[-1] += [f"{cell.lowest:.1f}-{cell.highest:.1f}", f"{1e3 / cell.rate:.1f}"]
            rows[-1] += [f"{cell.median_ms:.1f}", f"{cell.late_ms:.1f}"]
            rows[-1] += [f"{own.rate / cell.rate:.1f}" if own and side != DATUS else ""]
    return rows


def goal(engine: str, own: dict[int, Cell]) -> str:
    """Where datus is as fast as it is to be: the rate with so many at once, and a task alone."""
    rates = [
        f"{cell.rate:.0f} at {width} ({'met' if cell.rate >= RATE_GOAL else 'MISSED'})"
        for width, cell in sorted(own.items())
    ]
    told = f"Goal on {NAMES[engine]}: at least {RATE_GOAL} tasks/s: {', '.join(rates)}"
    if engine == "sqlite" and 1 in own:
        met = "met" if own[1].median_ms < ADDED_GOAL_MS else "MISSED"
        told += f"; under {ADDED_GOAL_MS} ms added: {own[1].median_ms:.1f} at 1 ({met})"
    return told


HEAD = ("state", "at once", "side", "tasks/s", "of rounds", "ms each", "median ms", "95th ms")
HEAD += ("datus is faster by",)


def show(head: Sequence[str], rows: Sequence[Sequence[str]], markdown: bool) -> None:
    if not rows:
        return
    if markdown:
        print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
        for row in rows:
            print("| " + " | ".join(row) + " |")
    else:
        sizes = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        for row in (head, *rows):
            print("  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)))
    print(flush=True)


def refusal(server: str) -> str | None:
    """Why datus cannot keep its state in PostgreSQL; None when it can."""
    with places.schema(server) as url:
        try:
            migrate(url)
        except ConfigError as error:
            return error.message
    return None


def measure_peer(engines: Sequence[str], refused: bool, flags: argparse.Namespace) -> None:
    dbos = [str(places.dbos_python()), str(HERE / "dbos_side.py")]
    rows, goals = [], []
    for engine in engines:
        sides = {DATUS: [sys.executable, str(HERE / "served.py")]}
        if refused and engine == "postgresql":
            sides = {}
        for style in flags.dbos_style.split(","):
            sides[f"DBOS 3.4, {style}"] = [*dbos, "--style", style]
        cells = {DATUS: {}} | measure_engine(engine, sides, flags)
        rows += peer_rows(engine, cells)
        if cells[DATUS] and not flags.node_ms:
            goals.append(goal(engine, cells[DATUS]))
    show(HEAD, rows, flags.markdown)
    print("\n\n".join(goals), end="\n\n" if goals else "", flush=True)


def measure_store(engines: Sequence[str], refused: bool, flags: argparse.Namespace) -> None:
    rows: list[tuple[str, str, str]] = []
    for engine in engines:
        if refused and engine == "postgresql":
            continue
        say(f"{NAMES[engine]}: the store alone ...")
        for label, first, second in store_alone.measure_all(
            lambda engine=engine: place(engine, DATUS, flags.postgresql),
            flags.tasks,
            plain=engine == "sqlite",
        ):
            rows.append((f"{NAMES[engine]}: {label}", first, second))
    show(store_alone.HEAD, rows, flags.markdown)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python bench/tasks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--tasks", type=int, default=400, help="most tasks of a load in a round")
    parser.add_argument("--seconds", type=float, default=4.0, help="longest time of a load")
    parser.add_argument("--rounds", type=int, default=2, help="of each side, in turn")
    parser.add_argument("--widths", type=int, nargs="+", default=WIDTHS, help="tasks at once")
    parser.add_argument("--node-ms", type=float, default=0.0, help="how long each node waits")
    parser.add_argument("--engine", choices=tuple(NAMES), help="only this one")
    parser.add_argument("--only", choices=("peer", "store"), help="only these lines")
    parser.add_argument("--dbos-style", default="threads,async", help="or one of them")
    parser.add_argument("--postgresql", default=SERVER, help="server and database to measure in")
    parser.add_argument("--markdown", action="store_true")
    return parser


def main() -> None:
    flags = make_parser().parse_args()
    engines = [flags.engine] if flags.engine else list(NAMES)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, load before: {load}")
    print(f"SQLite {sqlite3.sqlite_version} here, {places.DBOS}\n")
    refused = None
    if "postgresql" in engines and (why := places.why_not(flags.postgresql)):
        print(f"PostgreSQL: not measured: {why}\n")
        engines.remove("postgresql")
    elif "postgresql" in engines:
        print(f"PostgreSQL {places.version(flags.postgresql)}\n")
        if refused := refusal(flags.postgresql):
            print(f"PostgreSQL: datus is not measured there: {refused}\n")
    if flags.only != "store":
        measure_peer(engines, bool(refused), flags)
    if flags.only != "peer":
        measure_store(engines, bool(refused), flags)


if __name__ == "__main__":
    main()
