"""Cancel through the front door: a real server with two workers, a question whose statement never ends, and
``POST /workflows/{task_id}/cancel`` on another connection, which any worker may get.

    python bench/cancel_service.py [--rounds 5] [--only postgresql] [--evidence]

Each database has a view ``visits`` that no engine can count within a day, and is asked how many visits there
are. Prints milliseconds from the cancel request to: nothing runs in the database any more, ``done`` on the
stream, and ``cancelled`` as any worker tells it. PostgreSQL and MariaDB are those of 127.0.0.1.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb
import psycopg
import pymysql

NAME = "datus_bench_cancel_service"
HOST = "127.0.0.1"
LOOK_S = 0.005
Rows = list[tuple[Any, ...]]

_MARIADB_VIEW = (
    "SELECT a.id FROM base a, base b, base c, base d, base e WHERE a.id * b.id + c.id % 7 = 3"
)
AGENT = f"""
agent:
  namespace:
    postgresql: {{type: postgresql, host: {HOST}, port: 5432, username: postgres, database: {NAME}}}
    mysql: {{type: mysql, host: {HOST}, port: 3306, username: root, password: "", database: {NAME}}}
    duckdb: {{type: duckdb, uri: shop.duckdb}}
    sqlite: {{type: sqlite, uri: shop.db}}
"""


class Server:
    """The running server: its port, its processes and a signed-in client."""

    def __init__(self, folder: Path) -> None:
        self._output = folder / "output"
        home = folder / "home"
        with self._output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "datus.api.server", "--config", str(folder / "agent.yml"),
                 "--port", "0", "--workers", "2"],
                stdout=out, stderr=out, cwd=folder, env=os.environ | {"DATUS_HOME": str(home)},
            )  # fmt: skip
        until(lambda: self._text().count("Application startup complete") == 2, 60)
        found = re.search(r"datus answers on http://127\.0\.0\.1:(\d+)", self._text())
        assert found is not None, self._text()
        self.port = int(found[1])
        secret = re.search(r'local: "(.*)"', (home / "auth_local.yml").read_text())
        assert secret is not None
        form = {"client_id": "local", "client_secret": secret[1]}
        self._headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form | {"grant_type": "client_credentials"})
        token = json.loads(self.call("POST", "/auth/token", body)[1])["access_token"]
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def _text(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def call(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """A request on a connection of its own."""
        with contextlib.closing(http.client.HTTPConnection(HOST, self.port, timeout=60)) as wire:
            wire.request(method, path, body, self._headers)
            answer = wire.getresponse()
            return answer.status, answer.read()

    def status(self, task_id: str) -> str:
        return str(json.loads(self.call("GET", f"/workflows/{task_id}")[1]).get("status"))

    def ask(self, namespace: str, task_id: str) -> str:
        """Run in async mode and read the stream to its end."""
        fields = {"workflow": "nl2sql", "namespace": namespace, "mode": "async"}
        body = json.dumps(fields | {"task_id": task_id, "task": "How many visits are there?"})
        return self.call("POST", "/workflows/run", body)[1].decode()

    def workers(self) -> list[int]:
        return descendants(self.process.pid)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def descendants(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, path.read_text().split()):
                found += [child, *descendants(child)]
    return found


def until(true: Callable[[], bool], timeout_s: float) -> float:
    """Wait for a condition; when it held."""
    give_up = time.perf_counter() + timeout_s
    while not true():
        if time.perf_counter() > give_up:
            raise TimeoutError("It did not come about.")
        time.sleep(LOOK_S)
    return time.perf_counter()


class Databases:
    """The four, and what runs in them."""

    def __init__(self, folder: Path) -> None:
        self._pg = psycopg.connect(host=HOST, user="postgres", dbname="postgres", autocommit=True)
        self._my = pymysql.connect(host=HOST, user="root", autocommit=True)
        self.drop()
        self._pg.execute(f"CREATE DATABASE {NAME}".encode())
        with psycopg.connect(host=HOST, user="postgres", dbname=NAME) as pg:
            pg.execute(
                "CREATE VIEW visits AS SELECT g AS id FROM generate_series(1, 1000000000000) g"
            )
        with self._my.cursor() as my:
            my.execute(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4")
            my.execute(f"USE {NAME}")
            my.execute("CREATE TABLE base (id INTEGER PRIMARY KEY)")
            my.execute("INSERT INTO base VALUES " + ", ".join(f"({n})" for n in range(1, 3_001)))
            my.execute(f"CREATE VIEW visits AS {_MARIADB_VIEW}")
            my.execute("USE mysql")
        with duckdb.connect(str(folder / "shop.duckdb")) as duck:
            duck.execute(
                "CREATE VIEW visits AS SELECT a.range AS id FROM range(10000000) a, range(10000000) b"
                " WHERE a.range * b.range % 7 = 3"
            )
        with contextlib.closing(sqlite3.connect(folder / "shop.db")) as lite:
            lite.execute(
                "CREATE VIEW visits AS WITH RECURSIVE r(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM r)"
                " SELECT id FROM r"
            )

    def busy(self, namespace: str, server: Server) -> Rows:
        """What runs there for the server's workers."""
        if namespace == "postgresql":
            return self._pg.execute(
                "SELECT pid, state, coalesce(wait_event, 'on CPU'), left(query, 60) FROM pg_stat_activity"
                " WHERE datname = %s AND application_name = 'datus' AND state <> 'idle'",
                (NAME,),
            ).fetchall()
        if namespace == "mysql":
            with self._my.cursor() as cursor:
                cursor.execute(
                    "SELECT id, command, coalesce(state, ''), left(coalesce(info, ''), 60) FROM"
                    f" information_schema.processlist WHERE db = '{NAME}' AND coalesce(info, '')"
                    " NOT LIKE 'KILL%' AND command NOT IN ('Sleep', 'Connect', 'Quit')"
                )
                return list(cursor.fetchall())
        return threads(server, duckdb_s=namespace == "duckdb")

    def drop(self) -> None:
        self._pg.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)".encode())
        with self._my.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {NAME}")


def threads(server: Server, *, duckdb_s: bool) -> Rows:
    """Processes with a thread that computes at two looks: DuckDB's, or the workers with SQLite inside."""

    def computing() -> dict[int, int]:
        found: dict[int, int] = {}
        for pid in server.workers():
            with contextlib.suppress(OSError):
                if (b"duckdb_child" in Path(f"/proc/{pid}/cmdline").read_bytes()) != duckdb_s:
                    continue
                stats = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
                found[pid] = sum(text.rpartition(")")[2].split()[0] == "R" for text in stats)
        return {pid: count for pid, count in found.items() if count}

    first = computing()
    time.sleep(0.003)
    second = computing()
    return [(pid, f"{count} threads on CPU") for pid, count in second.items() if pid in first]


def one_round(server: Server, databases: Databases, namespace: str, number: int) -> tuple[Any, ...]:
    """Milliseconds to dead, to ``done`` and to ``cancelled``; then what ran before and after."""
    task_id = f"{namespace}-{number}"
    done: list[tuple[float, str]] = []

    def read() -> None:
        text = server.ask(namespace, task_id)
        done.append((time.perf_counter(), text))

    reader = threading.Thread(target=read)
    reader.start()
    until(lambda: b"execute_sql" in events(server, task_id), 60)
    until(lambda: bool(databases.busy(namespace, server)), 30)
    time.sleep(0.3)
    before = databases.busy(namespace, server)
    begin = time.perf_counter()
    status, body = server.call("POST", f"/workflows/{task_id}/cancel")
    assert status == 202, body
    dead = until(lambda: not databases.busy(namespace, server), 30)
    told = until(lambda: server.status(task_id) == "cancelled", 30)
    reader.join(30)
    ended, text = done[0]
    assert text.count("event: done") == 1, text
    assert {server.status(task_id) for _ in range(6)} == {"cancelled"}
    times = tuple((at - begin) * 1e3 for at in (dead, ended, told))
    return (*times, before, databases.busy(namespace, server))


def events(server: Server, task_id: str) -> bytes:
    """The stored trace of nodes so far, without waiting for the stream's end."""
    with contextlib.closing(http.client.HTTPConnection(HOST, server.port, timeout=1)) as wire:
        wire.request("GET", f"/workflows/{task_id}/events", headers=server._headers)
        answer = wire.getresponse()
        content = b""
        with contextlib.suppress(TimeoutError):
            while (
                answer.status == 200 and b"execute_sql" not in content and (part := answer.read1())
            ):
                content += part
        return content


@contextmanager
def everything() -> Iterator[tuple[Server, Databases]]:
    folder = Path(tempfile.mkdtemp())
    databases = Databases(folder)
    (folder / "agent.yml").write_text(AGENT)
    try:
        server = Server(folder)
        try:
            yield server, databases
        finally:
            server.stop()
    finally:
        databases.drop()
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append")
    parser.add_argument("--evidence", action="store_true", help="what the databases show")
    arguments = parser.parse_args()
    print(f"{'ms after the cancel request':28}{'dead':^18}{'done':^18}{'cancelled':^18}")
    print(f"{'':28}" + f"{'median':>8}{'worst':>8}  " * 3)
    with everything() as (server, databases):
        for namespace in arguments.only or ("postgresql", "mysql", "duckdb", "sqlite"):
            rounds = [
                one_round(server, databases, namespace, number)
                for number in range(arguments.rounds)
            ]
            shown = "".join(
                f"{statistics.median(one[place] for one in rounds):8.0f}"
                f"{max(one[place] for one in rounds):8.0f}  "
                for place in range(3)
            )
            print(f"{namespace:28}{shown}", flush=True)
            if arguments.evidence:
                print("    before:", *rounds[-1][3], sep="\n      ")
                print("    after:", *(rounds[-1][4] or [("no row",)]), sep="\n      ")


if __name__ == "__main__":
    main()
