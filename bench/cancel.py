"""How long after a cancel a statement is dead, in each database and for each thing a statement may be at.

    python bench/cancel.py [--rounds 10] [--only postgresql] [--evidence]

Dead means: for PostgreSQL no row of its backend in ``pg_stat_activity`` but an idle one; for MariaDB none in
``processlist`` but a sleeping one; for DuckDB no thread of its process runs, or the process is over; for SQLite
its thread serves the next statement. "Caller" is when ``CancelledError`` left the connector, "slot" when the only
connection of the pool served the next statement. PostgreSQL and MariaDB are those of 127.0.0.1.
"""

import argparse
import asyncio
import contextlib
import random
import sqlite3
import statistics
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import psycopg
import pymysql

from datus.config import DatabaseConfig
from datus.connectors.base import Connector
from datus.connectors.registry import OPENERS
from datus.errors import DatabaseError, StatementTimeoutError
from datus.types import Column, Dialect, TableSchema

ITEMS = TableSchema("items", (Column("id", "INTEGER", "integer"), Column("label", "TEXT", "text")))
NAME = "datus_bench_cancel"
HOST = "127.0.0.1"
CROSS = (
    "SELECT count(*) FROM items a, items b, items c, items d"
    " WHERE (a.id * b.id + c.id * d.id) % 7 = 8 - a.id % 3"
)
STREAM = "SELECT a.id, a.label, b.label AS l2 FROM items a, items b, items c, items d"
ALL = {"max_rows": 10**12, "max_bytes": 2**60}
SLOW_S = 600.0
Rows = list[tuple[Any, ...]]


class Place(ABC):
    """One engine with a table of 5,000 rows, and a way to look at what it runs."""

    dialect: Dialect
    config: DatabaseConfig
    extra: ClassVar[Mapping[str, str]] = {}
    """Further statements by what they show."""
    locks: tuple[str, ...]
    """Connector calls that wait while another connection has the table to itself."""

    @abstractmethod
    def busy(self) -> Rows:
        """What the connector's connections are at now; empty when nothing is."""

    @abstractmethod
    def locked(self) -> AbstractContextManager[object]:
        """Another connection has the table to itself."""

    @abstractmethod
    def drop(self) -> None: ...

    def open(self, max_connections: int = 1, **changes: Any) -> Connector:
        config = replace(self.config, **changes)
        return OPENERS[self.dialect](
            config, "bench", max_connections=max_connections, timezone="UTC"
        )


def fill(run: Callable[[str], object]) -> None:
    run("CREATE TABLE items (id INTEGER NOT NULL PRIMARY KEY, label VARCHAR(40))")
    run("INSERT INTO items VALUES " + ", ".join(f"({n}, 'item {n % 7}')" for n in range(1, 5_001)))


class Postgresql(Place):
    dialect = "postgresql"
    extra: ClassVar = {"sleep": "SELECT pg_sleep(600)"}
    locks = ("execute", "explain", "distinct_values")

    def __init__(self, folder: Path) -> None:
        self.config = DatabaseConfig(
            "shop", "postgresql", host=HOST, port=5432, username="postgres", database=NAME
        )
        self._watch = psycopg.connect(
            host=HOST, user="postgres", dbname="postgres", autocommit=True
        )
        self.drop_database()
        self._watch.execute(f"CREATE DATABASE {NAME}")
        with self._connect() as loading:
            fill(lambda statement: loading.execute(statement.encode()))

    def _connect(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(host=HOST, user="postgres", dbname=NAME)

    def busy(self) -> Rows:
        return self._watch.execute(
            "SELECT pid, state, coalesce(wait_event_type || ':' || wait_event, 'on CPU'), left(query, 70)"
            " FROM pg_stat_activity WHERE datname = %s AND application_name = 'datus' AND state <> 'idle'",
            (NAME,),
        ).fetchall()

    @contextmanager
    def locked(self) -> Iterator[None]:
        with self._connect() as other:
            other.execute("LOCK TABLE items IN ACCESS EXCLUSIVE MODE")
            yield

    def drop_database(self) -> None:
        self._watch.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")

    def drop(self) -> None:
        self.drop_database()
        self._watch.close()


class Mariadb(Place):
    dialect = "mysql"
    extra: ClassVar = {"sleep": "SELECT SLEEP(600)"}
    locks = ("execute", "explain", "distinct_values")

    def __init__(self, folder: Path) -> None:
        self.config = DatabaseConfig(
            "shop", "mysql", host=HOST, port=3306, username="root", database=NAME
        )
        self._watch = pymysql.connect(host=HOST, user="root", autocommit=True)
        self._run(f"DROP DATABASE IF EXISTS {NAME}")
        self._run(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4")
        with pymysql.connect(host=HOST, user="root", database=NAME, autocommit=True) as loading:
            fill(loading.cursor().execute)

    def _run(self, statement: str) -> Rows:
        with self._watch.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def busy(self) -> Rows:
        return self._run(
            "SELECT id, command, coalesce(state, ''), left(coalesce(info, ''), 70) FROM"
            f" information_schema.processlist WHERE db = '{NAME}' AND id <> connection_id()"
            " AND command NOT IN ('Sleep', 'Connect', 'Quit') AND coalesce(info, '') NOT LIKE 'KILL%'"
            " AND coalesce(info, '') NOT LIKE 'LOCK%'"
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        with pymysql.connect(host=HOST, user="root", database=NAME) as other:
            other.cursor().execute("LOCK TABLES items WRITE")
            yield

    def drop(self) -> None:
        self._run(f"DROP DATABASE IF EXISTS {NAME}")
        self._watch.close()


class Duckdb(Place):
    dialect = "duckdb"
    extra: ClassVar = {
        "deaf function": "SELECT levenshtein(repeat('a', 300000), repeat('b', 300000))"
    }
    locks = ()  # the file is open read-only, so nothing in it is ever locked

    def __init__(self, folder: Path) -> None:
        self.config = DatabaseConfig("shop", "duckdb", folder / "shop.duckdb")
        with duckdb.connect(str(self.config.path)) as loading:
            fill(loading.execute)

    def busy(self) -> Rows:
        """Running threads of DuckDB's processes, looked for twice: one may be between two pieces of work."""
        found = self._running()
        if not found:
            time.sleep(0.003)
            found = self._running()
        return found

    @staticmethod
    def _running() -> Rows:
        rows: Rows = []
        for child in Path("/proc/self/task").glob("*/children"):
            with contextlib.suppress(OSError):
                for pid in child.read_text().split():
                    if b"duckdb_child" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                        continue
                    states = [
                        task.read_text().rpartition(")")[2].split()[0]
                        for task in Path(f"/proc/{pid}/task").glob("*/stat")
                    ]
                    if "R" in states:
                        rows.append((pid, "".join(sorted(states))))
        return rows

    def locked(self) -> AbstractContextManager[object]:
        return nullcontext()

    def drop(self) -> None: ...


class Sqlite(Place):
    dialect = "sqlite"
    extra: ClassVar = {
        "deaf function": "SELECT instr(hex(zeroblob(200000)), hex(zeroblob(100000)) || '1')",
    }
    locks = ("execute", "introspect", "distinct_values")

    def __init__(self, folder: Path) -> None:
        assert folder.is_dir()
        self.config = DatabaseConfig("shop", "sqlite", folder / "shop.db")
        with contextlib.closing(self._connect()) as loading, loading:
            fill(loading.execute)

    def _connect(self) -> sqlite3.Connection:
        assert self.config.path is not None
        return sqlite3.connect(self.config.path)

    def busy(self) -> Rows:
        return []  # it runs in a thread of this process: the slot says when that is back

    @contextmanager
    def locked(self) -> Iterator[None]:
        with contextlib.closing(self._connect()) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield

    def drop(self) -> None: ...


PLACES: Mapping[Dialect, Callable[[Path], Place]] = {
    "postgresql": Postgresql,
    "mysql": Mariadb,
    "duckdb": Duckdb,
    "sqlite": Sqlite,
}


@dataclass
class Times:
    """Milliseconds after the cancel, a round each."""

    dead: list[float]
    caller: list[float]
    slot: list[float]


class Watch(threading.Thread):
    """Looks at the server until nothing runs any more; ``dead`` is then when that was."""

    def __init__(self, place: Place, ids: set[Any]) -> None:
        super().__init__()
        self._place, self._ids = place, ids
        self.dead = float("nan")

    def run(self) -> None:
        give_up = time.perf_counter() + 30
        while time.perf_counter() < give_up:
            if not self._ids & {row[0] for row in self._place.busy()}:
                self.dead = time.perf_counter()
                return
            time.sleep(0.001)


async def seen(place: Place, task: "asyncio.Task[Any]") -> Rows:
    """What the server shows once the statement runs there."""
    for _ in range(500):
        rows = await asyncio.to_thread(place.busy)
        if any(row[1] != "idle in transaction" for row in rows) or task.done():
            break
        await asyncio.sleep(0.005)
        if place.dialect == "sqlite":
            await asyncio.sleep(0.15)
            break
    if task.done():
        raise RuntimeError(f"It did not run long: {task.exception() or task.result()}")
    return rows


@dataclass
class Case:
    """One thing to be at when the cancel comes."""

    name: str
    start: Callable[[Connector], Awaitable[Any]]
    around: Callable[[], AbstractContextManager[object]] = nullcontext


def cases(place: Place) -> Iterator[Case]:
    """Each connector call, computing, sleeping, waiting for a lock, and bringing rows."""

    def query(sql: str, **caps: Any) -> Callable[[Connector], Awaitable[Any]]:
        return lambda c: c.execute(sql, timeout_s=SLOW_S, **{"max_rows": 10} | caps)

    calls: Mapping[str, Callable[[Connector], Awaitable[Any]]] = {
        "execute": query("SELECT count(*) FROM items WHERE label LIKE '%1%'"),
        "explain": lambda c: c.explain("SELECT label FROM items", timeout_s=SLOW_S),
        "introspect": lambda c: c.introspect(),
        "distinct_values": lambda c: c.distinct_values(ITEMS, ITEMS.columns[1], limit=5),
    }
    yield Case("execute, computing", query(CROSS))
    yield Case("execute, bringing rows", query(STREAM, **ALL))
    for name, sql in place.extra.items():
        yield Case(f"execute, {name}", query(sql))
    for name in place.locks:
        yield Case(f"{name}, waiting for a lock", calls[name], place.locked)


async def one_round(place: Place, connector: Connector, case: Case, times: Times) -> Rows:
    """Cancel once; what the server showed before."""
    await connector.ping()
    with case.around():
        task = asyncio.ensure_future(case.start(connector))
        rows = await seen(place, task)
        await asyncio.sleep(random.uniform(0, 0.1))
        watch = Watch(place, {row[0] for row in rows})
        begin = time.perf_counter()
        watch.start()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        times.caller.append(milliseconds(begin))
        await asyncio.to_thread(watch.join)
    await connector.ping()
    times.slot.append(milliseconds(begin))
    on_server = place.dialect != "sqlite"
    times.dead.append((watch.dead - begin) * 1e3 if on_server else times.slot[-1])
    return rows


def milliseconds(begin: float) -> float:
    return (time.perf_counter() - begin) * 1e3


async def measure(place: Place, case: Case, rounds: int) -> tuple[Times, Rows]:
    """Cancel again and again, on a connector with one connection."""
    times, first = Times([], [], []), []
    connector = place.open()
    try:
        for _ in range(rounds):
            first = await one_round(place, connector, case, times)
    finally:
        await connector.close()
    return times, first


async def measure_timeout(place: Place, rounds: int) -> Times:
    """As ``measure``, but the statement's own time is over instead; milliseconds after that."""
    times = Times([], [], [])
    connector = place.open()
    for _ in range(rounds):
        await connector.ping()
        begin = time.perf_counter() + 0.5
        task = asyncio.ensure_future(connector.execute(CROSS, max_rows=1, timeout_s=0.5))
        rows = await seen(place, task)
        watch = Watch(place, {row[0] for row in rows})
        watch.start()
        with contextlib.suppress(StatementTimeoutError):
            await task
        times.caller.append(milliseconds(begin))
        await asyncio.to_thread(watch.join)
        await connector.ping()
        times.slot.append(milliseconds(begin))
        on_server = place.dialect != "sqlite"
        times.dead.append((watch.dead - begin) * 1e3 if on_server else times.slot[-1])
    await connector.close()
    return times


async def measure_burst(place: Place, rounds: int) -> Times:
    """50 statements at 4 connections, all cancelled at once: most of them still wait for a connection."""
    times = Times([], [], [])
    connector = place.open(4)
    for _ in range(rounds):
        tasks = [
            asyncio.ensure_future(connector.execute(CROSS, max_rows=1, timeout_s=SLOW_S))
            for _ in range(50)
        ]
        await asyncio.sleep(0.5)
        watch = Watch(place, {row[0] for row in place.busy()})
        begin = time.perf_counter()
        watch.start()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        times.caller.append(milliseconds(begin))
        await asyncio.to_thread(watch.join)
        await asyncio.gather(*(connector.ping() for _ in range(4)))
        times.slot.append(milliseconds(begin))
        on_server = place.dialect != "sqlite"
        times.dead.append((watch.dead - begin) * 1e3 if on_server else times.slot[-1])
    await connector.close()
    return times


class Gate:
    """A way to a server that can be shut for new connections while those that stand go on.

    Shut, it takes a connection and never says a word: what a full or half-dead server looks like.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.shut = False
        self._open: list[asyncio.StreamWriter] = []

    async def start(self) -> int:
        """The port to come in by."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.append(writer)
        if self.shut:
            return
        there, back = await asyncio.open_connection(HOST, self._port)
        self._open.append(back)
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer))

    @staticmethod
    async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while content := await source.read(65536):
                sink.write(content)
                await sink.drain()
        sink.close()

    async def close(self) -> None:
        self._server.close()
        for writer in self._open:
            writer.close()


async def measure_shut(place: Place, rounds: int) -> Times:
    """The statement runs, but no cancel request comes through to the server."""
    times = Times([], [], [])
    for _ in range(rounds):
        assert place.config.port is not None
        gate = Gate(place.config.port)
        connector = place.open(port=await gate.start())
        task = asyncio.ensure_future(connector.execute(CROSS, max_rows=1, timeout_s=8))
        rows = await seen(place, task)
        gate.shut = True
        watch = Watch(place, {row[0] for row in rows})
        begin = time.perf_counter()
        watch.start()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 30)
        times.caller.append(milliseconds(begin))
        gate.shut = False
        await asyncio.wait_for(connector.ping(), 30)
        times.slot.append(milliseconds(begin))
        await asyncio.to_thread(watch.join)
        times.dead.append((watch.dead - begin) * 1e3)
        await connector.close()
        await gate.close()
    return times


async def measure_connecting(place: Place, rounds: int) -> Times:
    """The server takes the connection and says nothing; ``slot`` is when the next statement can connect."""
    times = Times([], [], [])
    for _ in range(rounds):
        assert place.config.port is not None
        gate = Gate(place.config.port)
        gate.shut = True
        connector = place.open(port=await gate.start())
        task = asyncio.ensure_future(connector.execute(CROSS, max_rows=1, timeout_s=60))
        await asyncio.sleep(0.2)
        begin = time.perf_counter()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, DatabaseError):
            await asyncio.wait_for(task, 30)
        times.caller.append(milliseconds(begin))
        gate.shut = False
        try:
            await asyncio.wait_for(connector.ping(), 20)
            times.slot.append(milliseconds(begin))
        except (DatabaseError, TimeoutError):
            times.slot.append(float("inf"))
        await gate.close()
        await asyncio.wait_for(connector.close(), 5)
    return times


def line(place: Place, name: str, times: Times) -> None:
    def shown(values: list[float]) -> str:
        if not values:
            return f"{'-':>7} {'-':>7}"
        return f"{statistics.median(values):7.0f} {max(values):7.0f}"

    print(
        f"{place.dialect:11}{name:34}{shown(times.dead)}  {shown(times.caller)}  {shown(times.slot)}",
        flush=True,
    )


async def table(place: Place, rounds: int, evidence: bool) -> None:
    """All lines of one engine."""
    for case in cases(place):
        times, rows = await measure(place, case, rounds)
        line(place, case.name, times)
        if evidence and place.dialect in ("postgresql", "mysql"):
            print("    before:", *rows, sep="\n      ")
            print("    after:", *(place.busy() or [("no row",)]), sep="\n      ")
    line(place, "execute, its own time is over", await measure_timeout(place, rounds))
    line(place, "50 at once, 4 connections", await measure_burst(place, max(rounds // 3, 1)))
    if place.config.port is not None:
        few = max(rounds // 5, 1)
        line(place, "no way for the cancel itself", await measure_shut(place, few))
        line(place, "connecting, no answer", await measure_connecting(place, few))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", choices=PLACES, action="append")
    parser.add_argument("--evidence", action="store_true", help="what the servers show")
    arguments = parser.parse_args()
    print(f"{'':45}{'dead':^15}  {'caller':^15}  {'slot':^15}")
    print(f"{'milliseconds after the cancel':45}" + " median   worst " * 3)
    for dialect in arguments.only or PLACES:
        with tempfile.TemporaryDirectory() as folder:
            place = PLACES[dialect](Path(folder))
            try:
                asyncio.run(table(place, arguments.rounds, arguments.evidence))
            finally:
                place.drop()


if __name__ == "__main__":
    main()
