"""What datus adds to a statement: one sync and one async run over HTTP, and beside them the same SQL put
straight to the connector, in turn, generation taken out (the SQL comes from a script).

    python bench/overhead.py [--runs 100] [--workflow nl2sql]

Serves a small SQLite database from a process of its own, one worker, on a free port.
"""

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import socket
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from datus.api.server import bind
from datus.config import load_settings
from datus.connectors.registry import Connectors

SQL = (
    "SELECT note, COUNT(*) AS orders, SUM(amount) AS total FROM orders GROUP BY note ORDER BY note"
)
QUESTION = "How many orders and how much for each note?"
SECRET = "a secret of this measurement only"
AGENT = "agent: {namespace: {shop: {type: sqlite, uri: shop.db}}}\n"
AUTH = f"clients: {{bench: {SECRET}}}\njwt: {{secret_key: {'k' * 40}}}\n"
WARM_UP = 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--workflow", default="nl2sql")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, bind("127.0.0.1", 0) as listener:
        folder = Path(scratch)
        make_shop(folder / "shop.db")
        (folder / "agent.yml").write_text(AGENT)
        (folder / "auth_clients.yml").write_text(AUTH)
        listener.listen()  # whoever connects before the server is up waits for it
        server = multiprocessing.get_context("spawn").Process(
            target=serve, args=(folder, listener), daemon=True
        )
        server.start()
        try:
            port = listener.getsockname()[1]
            table(asyncio.run(measure(folder, port, arguments.workflow, arguments.runs)))
        finally:
            server.terminate()
            server.join(30)


def make_shop(path: Path) -> None:
    """1,000 orders with seven notes."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, amount REAL, note TEXT)")
    rows = [(number, number / 7, f"note {number % 7}") for number in range(1000)]
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    connection.commit()
    connection.close()


def serve(folder: Path, listener: socket.socket) -> None:
    """The application as the server runs it, with a scripted generator."""
    import uvicorn

    from datus.api.app import create_app
    from datus.api.context import Runtime
    from datus.auth import Authenticator
    from datus.generation.scripted import ScriptedGenerator
    from datus.service import Service

    settings = load_settings(folder / "agent.yml", env={}, home=folder / "home", cwd=folder)

    @asynccontextmanager
    async def runtime() -> AsyncIterator[Runtime]:
        service = await Service.open(
            settings,
            clock=lambda: datetime.now(UTC),
            random=os.urandom,
            generator=ScriptedGenerator(lambda context: [SQL]),
        )
        yield Runtime(service, Authenticator(folder / "auth_clients.yml", env={}))
        await service.close()

    app = create_app(runtime, new_id=lambda: os.urandom(8).hex(), clock=time.monotonic)
    config = uvicorn.Config(app, log_level="warning", access_log=False, ws="none")
    uvicorn.Server(config).run(sockets=[listener])


async def measure(folder: Path, port: int, workflow: str, runs: int) -> dict[str, list[float]]:
    """Milliseconds of each kind of call; the kinds take turns, so that all meet the same machine."""
    settings = load_settings(folder / "agent.yml", env={}, home=folder / "home", cwd=folder)
    connectors = Connectors(settings)
    connector = connectors.get("shop", "shop")
    web = Web(port, workflow)
    found: dict[str, list[float]] = {"connector": [], "health": [], "sync": [], "async": []}
    for number in range(runs + WARM_UP):
        began = time.perf_counter()
        result = await connector.execute(SQL, max_rows=10_000, timeout_s=30)
        spent = {"connector": time.perf_counter() - began}
        assert len(result.rows) == 7
        for kind, call in (("health", web.health), ("sync", web.sync), ("async", web.stream)):
            spent[kind] = await asyncio.to_thread(timed, call)
        if number >= WARM_UP:
            for kind, seconds in spent.items():
                found[kind].append(seconds * 1000)
    web.close()
    await connectors.close()
    return found


def timed(call: Callable[[], None]) -> float:
    """Seconds that a call takes, without the handing over to its thread."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


class Web:
    """A client on one connection that stays open."""

    def __init__(self, port: int, workflow: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers: dict[str, str] = {}
        self._body = {"workflow": workflow, "namespace": "shop", "task": QUESTION}
        form = {
            "grant_type": "client_credentials",
            "client_id": "bench",
            "client_secret": SECRET,
        }
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        token = json.loads(self._call("POST", "/auth/token", urlencode(form), kind))["access_token"]
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def health(self) -> None:
        """The least that a request costs."""
        self._call("GET", "/health")

    def sync(self) -> None:
        """A run, to the last byte of its answer."""
        answer = json.loads(self._call("POST", "/workflows/run", json.dumps(self._body)))
        assert (answer["status"], len(answer["result"])) == ("completed", 7), answer

    def stream(self) -> None:
        """A run, to the last byte of its stream."""
        body = json.dumps(self._body | {"mode": "async"})
        text = self._call("POST", "/workflows/run", body).decode()
        assert '"status":"completed"' in text.rpartition("event: done")[2], text

    def close(self) -> None:
        self._connection.close()

    def _call(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> bytes:
        self._connection.request(method, path, body or None, headers or self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, (answer.status, content)
        return content


def table(found: dict[str, list[float]]) -> None:
    """Print medians and what they are above the plain statement's."""
    names = {
        "connector": "the statement, on the connector",
        "health": "GET /health",
        "sync": "run, mode sync",
        "async": "run, mode async",
    }
    plain = statistics.median(found["connector"])
    print(f"{'milliseconds':33}{'median':>8}{'p90':>8}{'above the statement':>21}")
    for kind, figures in found.items():
        median, p90 = statistics.median(figures), statistics.quantiles(figures, n=10)[8]
        above = f"{median - plain:.2f}" if kind in ("sync", "async") else ""
        print(f"{names[kind]:33}{median:8.2f}{p90:8.2f}{above:>21}")
    print(f"{len(found['sync'])} runs of each, in turn")


if __name__ == "__main__":
    main()
