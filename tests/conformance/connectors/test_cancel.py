"""A cancelled statement is dead in its database soon, whatever it was at, and takes no connection with it.

``bench/cancel.py`` prints the times; here the bound leaves room for a machine that is busy.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from datus.connectors import mysql, postgresql
from datus.connectors.base import Connector
from datus.connectors.registry import OPENERS
from datus.errors import StatementTimeoutError
from datus.types import Column, TableSchema

SOON_S = 3.0
ITEMS = TableSchema("items", (Column("id", "INTEGER", "integer"), Column("label", "TEXT", "text")))
ROWS = "SELECT a.id, a.label AS {marker} FROM items a, items b, items c"

Start = Callable[[Connector], Coroutine[Any, Any, Any]]


async def until(true: Callable[[], bool], timeout_s: float = SOON_S) -> None:
    """Wait for a condition that is looked for in another thread."""
    for _ in range(round(timeout_s / 0.02)):
        if await asyncio.to_thread(true):
            return
        await asyncio.sleep(0.02)
    assert await asyncio.to_thread(true)


async def cancelled(task: "asyncio.Task[Any]") -> None:
    """Cancel it and see it end soon."""
    task.cancel()
    await over(task)
    assert task.cancelled()


async def over(*tasks: "asyncio.Task[Any]") -> None:
    """See them end soon. (``asyncio.timeout`` would cancel them once more, and take that for their end.)"""
    _, late = await asyncio.wait(tasks, timeout=SOON_S)
    assert not late


def endless(backend: Any, marker: str, timeout_s: float = 60) -> Start:
    sql = backend.endless.format(marker=marker)
    return lambda connector: connector.execute(sql, max_rows=1, timeout_s=timeout_s)


def rows_without_end(marker: str) -> Start:
    sql = ROWS.format(marker=marker)
    return lambda connector: connector.execute(sql, max_rows=10**12, max_bytes=2**60, timeout_s=60)


async def every_slot_is_free(backend: Any, connector: Connector, slots: int) -> None:
    """With all slots but one taken, another statement is served soon."""
    start = endless(backend, "taken")
    taken = [asyncio.create_task(start(connector)) for _ in range(slots - 1)]
    await asyncio.sleep(0.05)
    try:
        async with asyncio.timeout(SOON_S):
            await connector.ping()
        assert not any(task.done() for task in taken)
    finally:
        for task in taken:
            task.cancel()
        await asyncio.gather(*taken, return_exceptions=True)


class TestDeadSoon:
    @pytest.mark.parametrize("at", ["computing", "bringing rows"])
    async def test_running(self, backend: Any, open_connector: Any, at: str) -> None:
        connector = open_connector(max_connections=1)
        marker = f"m{secrets.token_hex(6)}"
        start = endless(backend, marker) if at == "computing" else rows_without_end(marker)
        await connector.ping()
        task = asyncio.create_task(start(connector))
        if backend.dialect in ("postgresql", "mysql"):
            await until(lambda: backend.running(marker) == 1)
        await asyncio.sleep(0.1)
        await cancelled(task)
        await until(lambda: backend.running(marker) == 0)
        async with asyncio.timeout(SOON_S):
            await connector.ping()

    @pytest.mark.parametrize("call", ["execute", "distinct_values", "explain", "introspect"])
    async def test_waiting_for_a_lock(self, backend: Any, open_connector: Any, call: str) -> None:
        if call in {"sqlite": ("explain",)}.get(backend.dialect, ("introspect",)):
            pytest.skip(f"{call} waits for no lock in {backend.dialect}")
        lock = backend.locked()
        connector = open_connector(max_connections=1)
        await connector.ping()
        calls = {
            "execute": lambda: connector.execute(
                "SELECT count(*) FROM items WHERE label LIKE '%1'", max_rows=1, timeout_s=60
            ),
            "distinct_values": lambda: connector.distinct_values(ITEMS, ITEMS.columns[1], limit=3),
            "explain": lambda: connector.explain("SELECT label FROM items", timeout_s=60),
            "introspect": lambda: connector.introspect(),
        }
        with lock:
            task = asyncio.create_task(calls[call]())
            if backend.dialect in ("postgresql", "mysql"):
                await until(lambda: backend.running("items") >= 1)
            await asyncio.sleep(0.1)
            assert not task.done()
            await cancelled(task)
            if backend.dialect == "postgresql":
                await until(lambda: backend.running("items") == 0)
        async with asyncio.timeout(SOON_S):
            await connector.ping()

    async def test_its_time_is_over_while_it_waits_for_a_lock(
        self, backend: Any, open_connector: Any
    ) -> None:
        lock = backend.locked()
        connector = open_connector(max_connections=1)
        await connector.ping()
        with lock:
            async with asyncio.timeout(SOON_S):
                with pytest.raises(StatementTimeoutError):
                    await connector.execute("SELECT id FROM items", max_rows=1, timeout_s=0.3)
        async with asyncio.timeout(SOON_S):
            await connector.ping()


class TestSlots:
    async def test_fifty_at_once(self, backend: Any, open_connector: Any) -> None:
        connector = open_connector(max_connections=4)
        start = endless(backend, "many")
        tasks = [asyncio.create_task(start(connector)) for _ in range(50)]
        await asyncio.sleep(0.3)
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()  # again, while the first is seen to
        await over(*tasks)
        assert all(task.cancelled() for task in tasks)
        await until(lambda: backend.running("many") == 0)
        await every_slot_is_free(backend, connector, 4)

    async def test_around_the_end(self, backend: Any, open_connector: Any) -> None:
        connector = open_connector(max_connections=2)
        clock = asyncio.get_running_loop().time
        await connector.ping()
        begin = clock()
        await connector.ping()
        span = min(clock() - begin, 0.05)
        for number in range(20):
            task = asyncio.create_task(connector.ping())
            await asyncio.sleep(span * number / 10)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await every_slot_is_free(backend, connector, 2)
        await connector.close()
        await until(lambda: backend.connections() == 0)


class Gate:
    """A way to a server. Shut, it takes new connections and says nothing, while those that stand go on."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.shut = False
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "Gate":
        self._server = await asyncio.start_server(self._let_in, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await asyncio.sleep(0.05)

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        if self.shut:
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers.append(back)
        await asyncio.gather(self._copy(reader, back), self._copy(there, writer))

    @staticmethod
    async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while content := await source.read(65_536):
                sink.write(content)
                await sink.drain()
        sink.close()


class TestDeafServer:
    """Only for databases behind a network."""

    @pytest.fixture
    def port(self, backend: Any) -> int:
        if backend.config.port is None:
            pytest.skip(f"{backend.dialect} is a file")
        return int(backend.config.port)

    @staticmethod
    def open(backend: Any, port: int) -> Connector:
        config = replace(backend.config, port=port)
        return OPENERS[backend.dialect](config, "ns", max_connections=1, timezone="UTC")

    async def test_no_way_for_the_cancel(self, backend: Any, port: int) -> None:
        marker = f"m{secrets.token_hex(6)}"
        async with Gate(port) as gate:
            connector = self.open(backend, gate.port)
            task = asyncio.create_task(endless(backend, marker)(connector))
            await until(lambda: backend.running(marker) == 1)
            gate.shut = True
            await cancelled(task)
            if backend.dialect == "postgresql":  # sees by itself that its client is gone
                await until(lambda: backend.running(marker) == 0)
            gate.shut = False
            async with asyncio.timeout(SOON_S):
                await connector.ping()
            await until(lambda: backend.running(marker) == 0, 2 * SOON_S)
            await connector.close()

    async def test_while_connecting(
        self, backend: Any, port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for module in (mysql, postgresql):
            monkeypatch.setattr(module, "CONNECT_TIMEOUT_S", 2)
        async with Gate(port) as gate:
            gate.shut = True
            connector = self.open(backend, gate.port)
            task = asyncio.create_task(endless(backend, "never")(connector))
            await asyncio.sleep(0.2)
            task.cancel()
            await asyncio.wait({task}, timeout=1)
            assert task.cancelled()
            gate.shut = False
            async with asyncio.timeout(2 + SOON_S):  # the slot is back when the attempt is over
                await connector.ping()
            await connector.close()
