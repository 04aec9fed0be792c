"""What datus adds to a hosted model: the service beside the plain SDK call and the plain statement, in one run.

    python bench/hosted.py [--runs 100]
    python bench/hosted.py --tasks 500 --delay 5

The model is a server of its own process on loopback that speaks OpenAI's chat completions and answers with one SQL
after ``--delay`` seconds. The service is the real server, ``--workers 1``, over a small SQLite database.

Without ``--tasks``, in turn: the request that datus sends, sent again by the OpenAI SDK alone; the SQL by sqlite3
alone; a sync run of ``fixed`` by the service in this process; the same over HTTP. "Above" is a run's median less the
medians of both plain calls.

With ``--tasks``: so many plain SDK calls at once, then so many async tasks at once, each on a connection of its own
that reads its stream to the end; and the server's memory (VmRSS) before, at its highest, and after.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import secrets
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI

from datus.auth import Client
from datus.config import load_settings
from datus.service import RunRequest, Service

SQL = (
    "SELECT note, COUNT(*) AS orders, SUM(amount) AS total FROM orders GROUP BY note ORDER BY note"
)
QUESTION = "How many orders and how much for each note?"
SECRET = "a secret of this measurement only"
AUTH = f"clients: {{bench: {SECRET}}}\njwt: {{secret_key: {'k' * 40}}}\n"
AGENT = """
agent:
  target: gpt
  models:
    gpt:
      type: openai
      base_url: "{url}"
      model: bench
      api_key: k
      price_input: 1
      price_output: 1
  nodes: {{generate_sql: {{offline: never}}}}
  namespace: {{shop: {{type: sqlite, uri: shop.db}}}}
  server: {{max_running: {tasks}, max_queued: {tasks}, task_timeout_s: 300}}
"""
WARM_UP = 10
LONGEST_S = 240.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100, help="of each kind of call")
    parser.add_argument("--tasks", type=int, default=0, help="measure so many at once instead")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that the model takes")
    parser.add_argument("--workflow", default="fixed")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, hosted_model(flags.delay) as url:
        folder = Path(scratch)
        make_shop(folder / "shop.db")
        (folder / "agent.yml").write_text(AGENT.format(url=url, tasks=max(flags.tasks, 32)))
        (folder / "auth_clients.yml").write_text(AUTH)
        with server(folder) as (pid, port):
            say(f"model {url}, delay {flags.delay:g} s; server {pid} on port {port}")
            if flags.tasks:
                asyncio.run(measure_many(url, pid, port, flags.workflow, flags.tasks))
            else:
                asyncio.run(measure_one(folder, url, port, flags.workflow, flags.runs))


def say(text: str) -> None:
    print(text, flush=True)


def make_shop(path: Path) -> None:
    """1,000 orders with seven notes."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, amount REAL, note TEXT)")
        rows = [(number, number / 7, f"note {number % 7}") for number in range(1000)]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)


# --- the model


@contextmanager
def hosted_model(delay_s: float) -> Iterator[str]:
    """The address of a model in a process of its own, for as long as the block runs."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=run_model, args=(theirs, delay_s), daemon=True)
    process.start()
    try:
        if not ours.poll(30):
            raise SystemExit("The model did not start.")
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        process.terminate()
        process.join(10)


def run_model(told: Connection, delay_s: float) -> None:
    """Answer chat completions, and ``GET /v1/last`` with the body of the last one."""

    async def serve() -> None:
        model = ModelServer(delay_s)
        listening = await asyncio.start_server(model.handle, "127.0.0.1", 0, backlog=2_048)
        told.send(listening.sockets[0].getsockname()[1])
        await listening.serve_forever()

    asyncio.run(serve())


class ModelServer:
    """Just enough of HTTP/1.1 and of chat completions for the real SDK."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._last = b"{}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = re.search(r"(?i)content-length: *(\d+)", head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                if head.startswith("GET"):
                    answer = self._last
                else:
                    self._last, answer = body, self._answer(json.loads(body))
                    await asyncio.sleep(self._delay_s)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(answer) + answer
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    @staticmethod
    def _answer(asked: dict[str, Any]) -> bytes:
        said = {"sql": SQL, "tables": ["orders"], "confidence": 0.9, "assumptions": ["None."]}
        name = asked["tools"][0]["function"]["name"]
        call = {"name": name, "arguments": json.dumps(said)}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
        }
        whole = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": asked["model"],
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}],
            "usage": {"prompt_tokens": 1_000, "completion_tokens": 50, "total_tokens": 1_050},
        }
        return json.dumps(whole).encode()


async def last_request(url: str) -> dict[str, Any]:
    """The body of the last request that the model was sent."""
    _, body = await exchange(int(url.split(":")[2].split("/")[0]), "GET", "/v1/last")
    found: dict[str, Any] = json.loads(body)
    return found


# --- the server


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, int]]:
    """Process id and port of the real server, for as long as the block runs."""
    log = folder / "server.log"
    command = [sys.executable, "-m", "datus.api.server", "--port", "0", "--workers", "1"]
    env = {**os.environ, "DATUS_HOME": str(folder / "home")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--config", str(folder / "agent.yml")],
            cwd=folder,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + 60
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text())):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"The server did not start:\n{log.read_text()}")
            time.sleep(0.1)
        yield process.pid, int(found[1])
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def exchange(
    port: int, method: str, path: str, body: bytes = b"", headers: str = ""
) -> tuple[int, bytes]:
    """One request on a connection of its own, to the last byte: the least that a client can cost."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n{headers}"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    status = await _head(reader)
    content = await _body(reader, status[1])
    writer.close()
    return status[0], content


async def _head(reader: asyncio.StreamReader) -> tuple[int, str]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    return int(head.split(" ", 2)[1]), head.lower()


async def _body(reader: asyncio.StreamReader, head: str) -> bytes:
    length = re.search(r"content-length: *(\d+)", head)
    if length:
        return await reader.readexactly(int(length[1]))
    pieces = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        pieces.append((await reader.readexactly(size + 2))[:-2])
    return b"".join(pieces)


class Web:
    """A client of the server."""

    def __init__(self, port: int, workflow: str, token: str) -> None:
        self._port = port
        self._body = {"workflow": workflow, "namespace": "shop", "task": QUESTION}
        self._headers = f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"

    @classmethod
    async def sign_in(cls, port: int, workflow: str) -> "Web":
        form = f"grant_type=client_credentials&client_id=bench&client_secret={SECRET}"
        kind = "Content-Type: application/x-www-form-urlencoded\r\n"
        body = form.replace(" ", "+").encode()
        status, content = await exchange(port, "POST", "/auth/token", body, kind)
        assert status == 200, content
        return cls(port, workflow, json.loads(content)["access_token"])

    async def sync(self) -> dict[str, Any]:
        """A run, to the last byte of its answer."""
        body = json.dumps(self._body).encode()
        status, content = await exchange(self._port, "POST", "/workflows/run", body, self._headers)
        assert status == 200, content
        answer: dict[str, Any] = json.loads(content)
        checked(answer)
        return answer

    async def stream(self) -> None:
        """A run, to the last byte of its stream."""
        body = json.dumps(self._body | {"mode": "async"}).encode()
        status, content = await exchange(self._port, "POST", "/workflows/run", body, self._headers)
        assert status == 200, content
        end = content.decode().rpartition("event: done")[2]
        assert '"status":"completed"' in end, content[-2_000:]


def checked(answer: Any) -> None:
    """A bench that measures failures measures nothing."""
    assert answer["status"] == "completed", answer
    assert (len(answer["result"]), answer["metadata"]["model"]) == (7, "gpt"), answer


# --- one at a time


async def measure_one(folder: Path, url: str, port: int, workflow: str, runs: int) -> None:
    """Milliseconds of each kind of call; the kinds take turns, so that all meet the same machine."""
    web = await Web.sign_in(port, workflow)
    answer = await web.sync()
    body = await last_request(url)
    say(f"the model's request has {len(json.dumps(body)):,} bytes")
    found: dict[str, list[float]] = {"sdk": [], "sqlite3": [], "service": [], "http": []}
    nodes: dict[str, list[float]] = {each["node"]: [] for each in answer["metadata"]["nodes"]}
    async with AsyncOpenAI(api_key="k", base_url=url) as sdk, in_process(folder) as run:
        for number in range(runs + WARM_UP):
            spent: dict[str, float] = {}
            began = time.perf_counter()
            completion = await sdk.chat.completions.create(**body)
            spent["sdk"] = time.perf_counter() - began
            assert completion.choices[0].message.tool_calls
            began = time.perf_counter()
            assert len(plain_statement(folder / "shop.db")) == 7
            spent["sqlite3"] = time.perf_counter() - began
            began = time.perf_counter()
            checked(await run(workflow))
            spent["service"] = time.perf_counter() - began
            began = time.perf_counter()
            answer = await web.sync()
            spent["http"] = time.perf_counter() - began
            if number >= WARM_UP:
                for kind, seconds in spent.items():
                    found[kind].append(seconds * 1_000)
                for each in answer["metadata"]["nodes"]:
                    nodes[each["node"]].append(each["seconds"] * 1_000)
            if number % 50 == 49:
                say(f"  {number + 1} of {runs + WARM_UP}")
    table(found, nodes, workflow)


def plain_statement(path: Path) -> list[Any]:
    """The statement on a connection of its own, as a script would run it."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(SQL).fetchall()


@asynccontextmanager
async def in_process(folder: Path) -> AsyncIterator[Any]:
    """The service without HTTP, with a state file of its own."""
    settings = load_settings(folder / "agent.yml", env={}, home=folder / "home2", cwd=folder)
    service = await Service.open(
        settings, clock=lambda: datetime.now(UTC), random=secrets.token_bytes
    )
    client = Client("bench", None)

    async def run(workflow: str) -> Any:
        request = RunRequest(workflow=workflow, namespace="shop", task=QUESTION)
        task = await service.submit(client, request)
        return await service.wait(client, task.task_id)

    try:
        yield run
    finally:
        await service.close(5)


def table(found: dict[str, list[float]], nodes: dict[str, list[float]], workflow: str) -> None:
    """Print medians, and what runs are above both plain calls."""
    names = {
        "sdk": "plain: the same request by the OpenAI SDK",
        "sqlite3": "plain: the same SQL by sqlite3",
        "service": f"sync run of {workflow}, service in this process",
        "http": f"sync run of {workflow}, over HTTP",
    }
    plain = statistics.median(found["sdk"]) + statistics.median(found["sqlite3"])
    print(f"{'milliseconds':48}{'median':>8}{'p90':>8}{'above':>8}")
    for kind, figures in found.items():
        median, p90 = statistics.median(figures), statistics.quantiles(figures, n=10)[8]
        above = f"{median - plain:.2f}" if kind in ("service", "http") else ""
        print(f"{names[kind]:48}{median:8.2f}{p90:8.2f}{above:>8}")
    for node, figures in nodes.items():
        print(f"{'  of it, node ' + node:48}{statistics.median(figures):8.2f}")
    print(f"{len(found['http'])} of each, in turn; goal: at most 15 above")


# --- many at once


async def measure_many(url: str, pid: int, port: int, workflow: str, tasks: int) -> None:
    """Seconds until all are done, and the server's memory meanwhile."""
    web = await Web.sign_in(port, workflow)
    say("warming up")
    await asyncio.gather(*(web.sync() for _ in range(4)))
    body = await last_request(url)
    plain = await timed_plain(url, body, tasks)
    say(f"plain SDK, {tasks} calls at once: {plain:.2f} s")
    before = memory_kb(pid)
    highest = before
    over = asyncio.Event()
    finished: list[float] = []

    async def watch() -> None:
        nonlocal highest
        while not over.is_set():
            highest = max(highest, memory_kb(pid))
            await asyncio.sleep(0.05)

    async def one() -> None:
        await web.stream()
        finished.append(time.perf_counter() - began)
        if len(finished) % 100 == 0:
            say(f"  {len(finished)} done after {finished[-1]:.2f} s")

    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    async with asyncio.timeout(LONGEST_S):
        await asyncio.gather(*(one() for _ in range(tasks)))
    wall = time.perf_counter() - began
    over.set()
    await watching
    after = memory_kb(pid)
    say(f"service, {tasks} async tasks at once: {wall:.2f} s, goal 8; {wall / plain:.2f} x plain")
    say(f"  first done after {finished[0]:.2f} s, half after {finished[tasks // 2]:.2f} s")
    say(
        f"  server's memory: {before / 1024:.1f} MB before, {highest / 1024:.1f} at its highest, "
        f"{after / 1024:.1f} after"
    )
    say(f"  growth a task at the highest: {(highest - before) / tasks:.0f} KB, goal under 300")


async def timed_plain(url: str, body: dict[str, Any], calls: int) -> float:
    """Seconds for so many plain calls at once."""
    async with AsyncOpenAI(api_key="k", base_url=url) as sdk:
        began = time.perf_counter()
        await asyncio.gather(*(sdk.chat.completions.create(**body) for _ in range(calls)))
        return time.perf_counter() - began


def memory_kb(pid: int) -> int:
    """Resident memory of a process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])


if __name__ == "__main__":
    main()
