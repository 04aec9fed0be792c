"""One execution for each task id, whoever asks: many threads send the same few ids to a server with four
workers, sync and async, and everybody must get the same answer from one run.

    python bench/idempotency.py [--requests 200] [--clients 20] [--ids 40] [--workers 4] [--url URL]

Serves the built-in demo on a free port unless ``--url`` names a server, which is asked as the client that
``datus ask`` would be (DATUS_CLIENT_ID and DATUS_CLIENT_SECRET, or the first start's). Ends with 1 when
an id ran twice or was answered in two ways.
"""

import argparse
import collections
import http.client
import json
import os
import queue
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from datus.cli.ask import find_credentials
from datus.config import datus_home

QUESTIONS = (
    "Show me monthly revenue by product category",
    "How many orders are there for each channel?",
    "按产品类别统计每月销售额",
    "How many customers are there?",
)
TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Reply:
    """What a request got: ``content`` is the answer, or the stream's events without their ids."""

    task_id: str
    mode: str
    status: int
    content: str


def main() -> None:
    """Measure, print, and end with 1 when a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--clients", type=int, default=20, help="threads")
    parser.add_argument("--ids", type=int, default=40, help="distinct task ids")
    parser.add_argument("--workers", type=int, default=4, help="of the server that is started")
    parser.add_argument("--url", help="a server that runs already")
    arguments = parser.parse_args()
    if arguments.url:
        ended = check(Api(arguments.url, datus_home(os.environ)), arguments, None)
    else:
        with (
            tempfile.TemporaryDirectory() as scratch,
            server(Path(scratch), arguments) as (url, log),
        ):
            ended = check(Api(url, Path(scratch)), arguments, log)
    sys.exit(ended)


@contextmanager
def server(home: Path, arguments: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """A server on a free port: its address and its log, once every worker serves."""
    log = home / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                sys.executable,
                *"-m datus.api.server --port 0 --workers".split(),
                f"{arguments.workers}",
            ],
            stdout=out,
            stderr=out,
            cwd=home,
            env=os.environ | {"DATUS_HOME": str(home)},
        )
    try:
        deadline = time.monotonic() + TIMEOUT_S
        while log.read_text().count("startup complete") < arguments.workers or not (
            found := re.search(r"datus answers on (\S+)", log.read_text())
        ):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the server did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield found[1], log
    finally:
        process.terminate()
        process.wait(TIMEOUT_S)


class Api:
    """A server, called on a new connection each time, so that any worker may be met."""

    def __init__(self, url: str, home: Path) -> None:
        self._address = urlsplit(url).netloc
        known = find_credentials(
            os.environ.get("DATUS_CLIENT_ID"), os.environ.get("DATUS_CLIENT_SECRET"), home
        )
        form = {
            "grant_type": "client_credentials",
            "client_id": known.client_id,
            "client_secret": known.secret,
        }
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        _, body = self.call("POST", "/auth/token", urlencode(form), kind)
        self._token = json.loads(body)["access_token"]

    def call(
        self, method: str, path: str, body: str | None = None, kind: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and body."""
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_S)
        try:
            signed = kind or {
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
            }
            connection.request(method, path, body, signed)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def run(self, task_id: str, mode: str, question: str) -> Reply:
        """One request; heartbeats, which depend on the moment, are left out of a stream."""
        body = {
            "workflow": "nl2sql",
            "namespace": "demo",
            "task": question,
            "task_id": task_id,
            "mode": mode,
        }
        status, text = self.call("POST", "/workflows/run", json.dumps(body))
        content = "\n".join(line for line in text.split("\n") if not line.startswith(":"))
        return Reply(task_id, mode, status, content)

    def tasks(self, prefix: str) -> list[str]:
        """The client's tasks of this run, page by page."""
        found: list[str] = []
        query: dict[str, Any] = {"limit": 100}
        while True:
            page = json.loads(self.call("GET", f"/workflows?{urlencode(query)}")[1])
            found += [t["task_id"] for t in page["tasks"] if t["task_id"].startswith(prefix)]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    def starts(self, task_id: str) -> int:
        """How many ``started`` events a task has."""
        return self.call("GET", f"/workflows/{task_id}/events")[1].count("event: started\n")


def check(api: Api, arguments: argparse.Namespace, log: Path | None) -> int:
    """Send everything, then compare what came back; returns the exit code."""
    prefix = f"bench-{os.urandom(4).hex()}-"
    wanted = [
        (f"{prefix}{n % arguments.ids:03}", "async" if n // arguments.ids % 2 else "sync", n)
        for n in range(arguments.requests)
    ]
    random.Random(7).shuffle(wanted)
    began = time.perf_counter()
    replies = send(api, wanted, arguments.clients, arguments.ids)
    wall_s = time.perf_counter() - began
    ids = {task_id for task_id, _, _ in wanted}
    tasks = api.tasks(prefix)
    starts = sum(api.starts(task_id) for task_id in ids)
    differing = [
        f"{task_id} {mode}"
        for task_id in sorted(ids)
        for mode in ("sync", "async")
        if len({r.content for r in replies if (r.task_id, r.mode) == (task_id, mode)}) > 1
    ]
    statuses = collections.Counter(reply.status for reply in replies)
    ends = collections.Counter(
        re.findall(
            r'"status": ?"(completed|refused|failed)", ?"(?:workflow|total)',
            "".join(r.content for r in replies),
        )
    )
    print(
        f"requests            {len(replies)} of {arguments.requests}, {arguments.clients} threads, {wall_s:.2f} s"
    )
    print(f"status codes        {dict(statuses)}")
    print(f"answers             {dict(ends)}")
    print(f"distinct ids        {len(ids)}")
    print(f"tasks               {len(tasks)}")
    print(f"`started` events    {starts}")
    counts = {len(tasks), starts}
    if log is not None:
        runs = len(re.findall(rf"datus\.workflow\.engine: task {prefix}", log.read_text()))
        workers = len(
            set(re.findall(r"\[(\d+)\] \S+ datus\.access: POST /workflows/run", log.read_text()))
        )
        print(f"runs in the log     {runs}, requests met by {workers} workers")
        counts.add(runs)
    print(f"ids with two answers  {len(differing)} {' '.join(differing[:5])}")
    right = counts == {len(ids)} and not differing and statuses == {200: arguments.requests}
    print("executions = distinct ids, one answer each" if right else "BROKEN")
    return 0 if right else 1


def send(api: Api, wanted: list[tuple[str, str, int]], clients: int, ids: int) -> list[Reply]:
    """Send the requests from ``clients`` threads, as fast as each gets its answers."""
    waiting: queue.SimpleQueue[tuple[str, str, int]] = queue.SimpleQueue()
    for each in wanted:
        waiting.put(each)
    replies: list[Reply] = []

    def work() -> None:
        while True:
            try:
                task_id, mode, number = waiting.get_nowait()
            except queue.Empty:
                return
            question = QUESTIONS[number % ids % len(QUESTIONS)]
            replies.append(api.run(task_id, mode, question))

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


if __name__ == "__main__":
    main()
