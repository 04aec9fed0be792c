"""Server processes as tests and the scenario use them: started, asked over HTTP, killed."""

import asyncio
import json
import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from json import loads
from pathlib import Path
from typing import Any

import httpx

SECRET = "secret-of-the-faults"
AUTH = f"""
clients:
  alice: {SECRET}
jwt: {{secret_key: {"f" * 40}}}
"""
AGENT = """
agent:
  state: {state}
  namespace:
    shop: {{type: sqlite, uri: shop.db}}
  server: {{{server}}}
"""
SHOP = """
BEGIN;
CREATE TABLE orders (id INTEGER PRIMARY KEY, amount REAL NOT NULL);
INSERT INTO orders VALUES (1, 1.5), (2, 2.5);
CREATE TABLE numbers (n INTEGER NOT NULL PRIMARY KEY);
WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 2000)
    INSERT INTO numbers SELECT n FROM c;
COMMIT;
"""
PATIENCE_S = 60.0
"""When to give up on what must come, however busy the machine is."""

Event = tuple[int, str, dict[str, Any]]


@dataclass
class Place:
    """A state, the shop, and the configuration that all servers share; a home for each host."""

    folder: Path
    state: Path | str
    server: str = ""
    homes: tuple[str, ...] = ("one", "two")

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        kind = "path" if isinstance(self.state, Path) else "url"
        state = json.dumps({kind: str(self.state)})
        self.config.write_text(AGENT.format(state=state, server=self.server))
        (self.folder / "auth_clients.yml").write_text(AUTH)
        connection = sqlite3.connect(self.folder / "shop.db")
        connection.executescript(SHOP)
        connection.close()
        self.diary.touch()

    @property
    def config(self) -> Path:
        return self.folder / "agent.yml"

    @property
    def diary(self) -> Path:
        return self.folder / "diary.jsonl"

    @property
    def gate(self) -> Path:
        return self.folder / "gate"


class Process:
    """A forked process. It is dead only when ``wait`` says so."""

    def __init__(self, pid: int, output: Path) -> None:
        self.pid = pid
        self._output = output
        self._handle = os.pidfd_open(pid)

    @property
    def output(self) -> str:
        """What it wrote so far."""
        return self._output.read_text(encoding="utf-8")

    @property
    def dead(self) -> bool:
        return bool(select.select([self._handle], [], [], 0)[0])

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens when it is dead."""
        if not self.dead:
            signal.pidfd_send_signal(self._handle, number)

    async def ended(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait for its death, which must come."""
        await until(lambda: self.dead, timeout_s, lambda: f"{self.pid} lives on:\n{self.output}")

    async def kill(self) -> float:
        """``kill -9``; returns when that was, in seconds of ``time.time``."""
        at = time.time()
        self.signal(signal.SIGKILL)
        await self.ended()
        return at

    async def close(self) -> None:
        """Kill it if it lives, and free what is held for it."""
        await self.kill()
        os.close(self._handle)


class Server(Process):
    """A server process, and a client of it that is signed in."""

    http: httpx.AsyncClient

    async def up(self) -> "Server":
        """Wait until it answers."""
        await until(
            lambda: self.dead or "datus answers on" in self.output,
            PATIENCE_S,
            lambda: f"it does not come up:\n{self.output}",
        )
        found = re.search(r"datus answers on http://127\.0\.0\.1:(\d+)", self.output)
        assert found is not None, self.output
        self.port = int(found[1])
        self.http = self.client()
        return self

    def client(self) -> httpx.AsyncClient:
        """A client of it that is not signed in."""
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}",
            timeout=PATIENCE_S,
            verify=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=None),
        )

    async def sign_in(self, token: str | None = None) -> str:
        """Use a token, or ask for one; all servers of a place take it."""
        if token is None:
            form = {
                "grant_type": "client_credentials",
                "client_id": "alice",
                "client_secret": SECRET,
            }
            token = (await self.http.post("/auth/token", data=form)).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"
        assert token is not None
        return token

    async def close(self) -> None:
        if hasattr(self, "http"):
            await self.http.aclose()
        await super().close()

    async def run(self, task_id: str, question: str = "How many?", **fields: Any) -> httpx.Response:
        """``POST /workflows/run``."""
        return await self.http.post("/workflows/run", json=body(task_id, question, **fields))

    async def submit(self, task_id: str, question: str = "How many?", **fields: Any) -> None:
        """Have the task recorded and go away: the client's end of the stream is closed at once."""
        sent = body(task_id, question, **fields, mode="async")
        async with self.http.stream("POST", "/workflows/run", json=sent) as answer:
            assert answer.status_code == 200, await answer.aread()

    async def get(self, task_id: str) -> dict[str, Any]:
        """``GET /workflows/{task_id}``; None for a task that is not known."""
        answer = await self.http.get(f"/workflows/{task_id}")
        found: dict[str, Any] = answer.json()
        return found

    async def over(self, task_id: str, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """The answer of a task that must end."""
        found: dict[str, Any] = {}

        async def is_over() -> bool:
            found.update(await self.get(task_id))
            return found["status"] not in ("queued", "running")

        why = f"{task_id} does not end"
        await until(is_over, timeout_s, lambda: f"{why}: {found}\n{self.output}", pause_s=0.1)
        return found

    async def events(self, task_id: str, after: int = 0) -> AsyncIterator[Event]:
        """The events as a client gets them, until the stream ends for whatever reason."""
        try:
            async for event in self.stream("GET", f"/workflows/{task_id}/events", after=after):
                yield event
        except httpx.TransportError:
            return

    async def stream(
        self, method: str, path: str, *, after: int = 0, json: Any = None
    ) -> AsyncIterator[Event]:
        """The events of an answer. Raises HTTPStatusError and TransportError."""
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        async with self.http.stream(method, path, headers=headers, json=json) as answer:
            if answer.is_error:
                await answer.aread()
                answer.raise_for_status()
            fields: dict[str, str] = {}
            async for line in answer.aiter_lines():
                if line and not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif not line and "id" in fields:
                    yield int(fields["id"]), fields["event"], loads(fields["data"])
                    fields = {}


def body(task_id: str, question: str, **fields: Any) -> dict[str, Any]:
    """A request."""
    return {
        "workflow": "fixed",
        "namespace": "shop",
        "task": question,
        "task_id": task_id,
        **fields,
    }


def say(text: str) -> None:
    """Tell a figure to whoever looks on: ``pytest -s``."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def until(
    condition: Callable[[], Any],
    timeout_s: float = PATIENCE_S,
    why: Callable[[], str] = str,
    *,
    pause_s: float = 0.02,
) -> None:
    """Wait for a condition, which may be a coroutine function; AssertionError when it does not come."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        assert time.monotonic() < deadline, why() or "it did not come"
        await asyncio.sleep(pause_s)


@dataclass
class Nursery:
    """See ``nursery.py``. Closing it kills every process that it forked."""

    outputs: Path
    born: list[Process] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("nursery.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )

    def fork(self, place: Place, role: str, home: str, tasks: Iterable[Any], **env: str) -> Any:
        """Fork a process of a role; ``env`` has its settings of ``program`` without ``FAULTS_``."""
        self.count += 1
        output = self.outputs / f"output-{self.count}"
        output.touch()
        variables = {
            "DATUS_HOME": str(place.folder / home),
            "FAULTS_DIARY": str(place.diary),
            "FAULTS_GATE": str(place.gate),
            **{f"FAULTS_{name.upper()}": value for name, value in env.items()},
        }
        order = {
            "role": role,
            "env": variables,
            "output": str(output),
            "config": str(place.config),
            "tasks": list(tasks),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        pid = self._process.stdout.readline()
        assert pid, "the nursery is gone"
        kind = Server if role == "serve" else Process
        self.born.append(kind(int(pid), output))
        return self.born[-1]

    async def servers(
        self, place: Place, count: int, token: str | None = None, **env: str
    ) -> list[Server]:
        """So many servers that answer, on the place's homes in turn."""
        homes = [place.homes[n % len(place.homes)] for n in range(count)]
        forked: list[Server] = [self.fork(place, "serve", home, (), **env) for home in homes]
        for server in forked:
            await server.up()
            token = await server.sign_in(token)
        return forked

    async def clear(self) -> None:
        """Kill every process that lives."""
        for process in self.born:
            await process.close()
        self.born.clear()

    def close(self) -> None:
        """End; whoever still lives is killed."""
        self._process.communicate(timeout=PATIENCE_S)
