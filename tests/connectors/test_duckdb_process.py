"""DuckDB's own process: what ends it, what its end does to statements, and what it never has."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import duckdb
import pytest

from datus.config import DatabaseConfig
from datus.connectors.base import Connector
from datus.connectors.duckdb import open_duckdb
from datus.errors import DatabaseError, DatabaseUnreachableError, StatementTimeoutError

pytestmark = pytest.mark.skipif(
    not Path("/proc").is_dir(), reason="finds DuckDB's process in /proc, which this system lacks"
)

DEAF = "SELECT levenshtein(repeat('a', 300000), repeat('b', 300000))"
"""Runs for minutes in little memory, and looks at no interrupt."""

ENDLESS = (
    "SELECT count(*) FROM range(10000000) AS a(x), range(10000000) AS b(y) WHERE a.x * b.y % 7 = 3"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "shop.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    return file


@pytest.fixture
async def connector(path: Path) -> AsyncIterator[Connector]:
    config = DatabaseConfig("db", "duckdb", path)
    opened = open_duckdb(config, "ns", max_connections=3, timezone="UTC")
    yield opened
    await opened.close()


OTHERS: set[int] = set()
"""DuckDB processes that other tests of this run hold open."""


@pytest.fixture(autouse=True)
def others() -> None:
    OTHERS.clear()
    OTHERS.update(children(os.getpid()))


def children(parent: int) -> list[int]:
    """DuckDB processes of a process, those that are dead and not yet waited for left out, and those of other tests."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, owner = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue  # it ended while we looked
        if int(owner) == parent and state != "Z" and b"duckdb_child" in command:
            found.append(int(entry.name))
    return [pid for pid in found if pid not in OTHERS]


def child() -> int:
    [pid] = children(os.getpid())
    return pid


async def ones(connector: Connector) -> None:
    result = await connector.execute("SELECT a FROM t", max_rows=5, timeout_s=10)
    assert result.rows == ((1,),)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(100):
        if true():
            return
        await asyncio.sleep(0.03)
    assert true()


def inside(pid: int) -> Path:
    """Where Linux shows what a process has."""
    folder = Path(f"/proc/{pid}")
    if not folder.is_dir():
        pytest.skip("the system does not show a process's inside")
    return folder


def peak_mb(pid: int) -> float:
    """The most memory that a process was in so far, in MB."""
    return int((inside(pid) / "status").read_text().partition("VmHWM:")[2].split()[0]) / 1_000


async def test_lives_from_the_first_use_to_the_end(connector: Connector) -> None:
    assert children(os.getpid()) == []
    await ones(connector)
    first = child()
    await connector.introspect()
    await asyncio.gather(*(ones(connector) for _ in range(20)))
    assert child() == first
    await connector.close()
    assert children(os.getpid()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
async def test_ended_under_a_statement(connector: Connector, number: signal.Signals) -> None:
    await ones(connector)
    first = child()
    task = asyncio.create_task(connector.execute(ENDLESS, max_rows=1, timeout_s=60))
    await asyncio.sleep(0.2)
    os.kill(first, number)
    with pytest.raises(
        DatabaseError, match=rf"{number.name}.*ns/db.*too much memory.*Ask"
    ) as caught:
        await task
    assert caught.value.code == "database_error"
    await ones(connector)
    assert child() != first


async def test_ended_between_statements(connector: Connector) -> None:
    await ones(connector)
    first = child()
    os.kill(first, signal.SIGKILL)
    await ones(connector)
    assert child() != first


@pytest.mark.parametrize("stop", ["timeout", "cancel"])
async def test_a_deaf_statement_is_over_soon(connector: Connector, stop: str) -> None:
    await ones(connector)
    first = child()
    beside = asyncio.create_task(connector.execute(ENDLESS, max_rows=1, timeout_s=60))
    start = time.monotonic()
    deaf = asyncio.create_task(
        connector.execute(DEAF, max_rows=1, timeout_s=0.5 if stop == "timeout" else 60)
    )
    await asyncio.sleep(0.5)
    if stop == "cancel":
        deaf.cancel()
    with pytest.raises(StatementTimeoutError if stop == "timeout" else asyncio.CancelledError):
        await deaf
    assert 1.2 < time.monotonic() - start < 3.0
    with pytest.raises(DatabaseUnreachableError, match="Nothing is wrong with this statement"):
        await beside
    await ones(connector)
    assert child() != first


async def test_an_interrupt_is_enough_for_the_others(connector: Connector) -> None:
    await ones(connector)
    first = child()
    with pytest.raises(StatementTimeoutError):
        await connector.execute(ENDLESS, max_rows=1, timeout_s=0.3)
    await ones(connector)
    assert child() == first


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not count memory so")
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT length(repeat('a', 300000000) || a) FROM range(8) AS t(a)",  # past DuckDB's limit
        "SELECT list(a) FROM range(300000000) AS t(a)",  # within DuckDB's own sight
    ],
)
async def test_memory_without_measure(connector: Connector, statement: str) -> None:
    await ones(connector)
    first = child()
    peaks: list[float] = []

    async def watch() -> None:
        while children(os.getpid()) == [first]:
            peaks.append(peak_mb(first))
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(watch())
    with pytest.raises(DatabaseError, match="more memory than DuckDB may have") as caught:
        await connector.execute(statement, max_rows=1, timeout_s=30)
    assert "SET " not in caught.value.message
    await ones(connector)
    assert child() != first
    await watching
    assert 100 < max(peaks) < 2_200


async def test_nothing_of_the_server_but_its_wires(
    connector: Connector, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATUS_SECRET", "hunter2-long")
    inheritable = os.open(path.parent, os.O_RDONLY)
    try:
        os.set_inheritable(inheritable, True)
        await ones(connector)
    finally:
        os.close(inheritable)
    folder = inside(child())
    environment = (folder / "environ").read_text()
    names = {line.partition("=")[0] for line in environment.split("\0") if line}
    assert names <= {"PYTHONPATH", "LD_LIBRARY_PATH", "PYTHONHOME"}
    await until(lambda: len(list((folder / "fd").iterdir())) == 4)  # the session's wire is closed
    files = {link.name: os.readlink(link) for link in (folder / "fd").iterdir()}
    assert files.pop("0").startswith("socket:")
    assert files.pop("2") == os.readlink("/proc/self/fd/2")
    assert sorted(files.values()) == ["/dev/null", str(path)]
    assert os.readlink(folder / "cwd") == "/"


async def test_a_process_that_does_not_start_is_said(
    connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datus.connectors.duckdb_process._COMMAND", ("/nowhere/python",))
    with pytest.raises(DatabaseUnreachableError, match=r"does not start.*No such file"):
        await connector.ping()
    monkeypatch.setattr("datus.connectors.duckdb_process._COMMAND", (sys.executable, "-c", ""))
    with pytest.raises(DatabaseUnreachableError, match="does not start or answer"):
        await connector.ping()
    monkeypatch.undo()
    await ones(connector)


SERVER = """
import asyncio, sys
from pathlib import Path
from datus.config import DatabaseConfig
from datus.connectors.duckdb import open_duckdb

async def main():
    config = DatabaseConfig("db", "duckdb", Path(sys.argv[1]))
    connector = open_duckdb(config, "ns", max_connections=2, timezone="UTC")
    schema = await connector.introspect()
    await connector.distinct_values(schema.tables[0], schema.tables[0].columns[0], limit=5)
    print("duckdb" in sys.modules or "_duckdb" in sys.modules, flush=True)
    await connector.execute(sys.argv[2], max_rows=1, timeout_s=60)

asyncio.run(main())
"""


async def test_goes_with_a_server_that_is_killed_and_is_all_that_loads_duckdb(path: Path) -> None:
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(path), DEAF), stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    assert await server.stdout.readline() == b"False\n"
    assert not free(path)
    assert len(children(server.pid)) == 1
    await asyncio.sleep(0.2)  # the deaf statement runs
    server.kill()
    await server.wait()
    await until(lambda: free(path))


def free(path: Path) -> bool:
    """Whether nobody holds the file."""
    try:
        duckdb.connect(str(path)).close()
    except duckdb.IOException:
        return False
    return True
