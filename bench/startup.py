"""Seconds from starting the server to the first 200 on /health, and memory after 20 runs.

    python bench/startup.py [--starts 5] [--runs 20] [--home DIRECTORY]

Serves the built-in demo (made first, if the home has none) with one worker on a free port. The worker's
child is the process in which DuckDB has the demo open. Needs Linux, whose /proc tells the memory.
"""

import argparse
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

QUESTIONS = (
    "Show me monthly revenue by product category",
    "How many orders were there in 2023?",
    "按产品类别统计每月销售额",
    "What are the five products with the highest revenue?",
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--home", type=Path, help="a directory to keep; else a new one is used")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = arguments.home or Path(scratch)
        with server(home) as (_, _, first_s):
            print(f"first start ever, demo made: {first_s:.2f} s")
        starts = []
        for _ in range(arguments.starts):
            with server(home) as (_, _, start_s):
                starts.append(start_s)
        print(
            f"start to first 200: median {statistics.median(starts):.2f} s, worst {max(starts):.2f} s"
        )
        with server(home) as (port, pid, _):
            print(f"resident before the first run: {memory(pid)}")
            ask(port, home, arguments.runs)
            print(f"resident after {arguments.runs} runs: {memory(pid)}")


@contextmanager
def server(home: Path) -> Iterator[tuple[int, int, float]]:
    """A running server: port, pid, seconds to its first 200."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "datus.api.server", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=home,
        env=os.environ | {"DATUS_HOME": str(home)},
    )
    try:
        while not answers(port):
            if process.poll() is not None:
                sys.exit("the server ended")
            time.sleep(0.005)
        yield port, process.pid, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    """Whether /health answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def ask(port: int, home: Path, runs: int) -> None:
    """Ask the questions in turn, as the client of the first start."""
    secret = re.search(r'local: "(.*)"', (home / "auth_local.yml").read_text())
    assert secret is not None
    form = {
        "grant_type": "client_credentials",
        "client_id": "local",
        "client_secret": secret[1],
    }
    connection = http.client.HTTPConnection("127.0.0.1", port)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/auth/token", urlencode(form), kind)
    token = json.loads(connection.getresponse().read())["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for number in range(runs):
        body = {
            "workflow": "nl2sql",
            "namespace": "demo",
            "task": QUESTIONS[number % len(QUESTIONS)],
        }
        connection.request("POST", "/workflows/run", json.dumps(body), headers)
        answer = connection.getresponse()
        if answer.status != 200:
            sys.exit(f"a run answered {answer.status}")
        answer.read()
    connection.close()


def memory(pid: int) -> str:
    """Resident memory of a worker and of its children, for people."""
    worker = resident_mb(pid)
    inside = [resident_mb(child) for child in children(pid)]
    shown = " + ".join(f"{size:.0f}" for size in inside) or "0"
    return (
        f"worker {worker:.0f} MB, DuckDB child {shown} MB, together {worker + sum(inside):.0f} MB"
    )


def children(pid: int) -> list[int]:
    """Processes that a process started, from any of its threads."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for each in lists for child in each.read_text().split()]


def resident_mb(pid: int) -> float:
    """Resident memory of a process, in MB; pages that it shares with others count in full."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1000


if __name__ == "__main__":
    main()
