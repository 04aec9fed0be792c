"""The server as a process: workers, signals, the daemon, and what it says when it cannot start."""

import http.client
import json
import os
import queue
import re
import signal
import socket
import stat
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest

import datus

SERVER = ("-m", "datus.api.server")
SLOW_SERVER = (str(Path(__file__).with_name("slow_server.py")),)
BODY = {"workflow": "fixed", "namespace": "shop", "task": "How many orders?"}


class Running:
    """A server in a process of its own, and the file that it writes to."""

    def __init__(self, process: "subprocess.Popen[bytes]", output: Path) -> None:
        self.process = process
        self._output = output
        self.port = int(self.wait_for(r"datus answers on http://127\.0\.0\.1:(\d+)")[1])

    @property
    def output(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def wait_for(self, pattern: str) -> "re.Match[str]":
        """The first match in what was written."""
        until(lambda: re.search(pattern, self.output) is not None)
        found = re.search(pattern, self.output)
        assert found is not None, self.output
        return found

    def serving_pids(self, requests: int) -> set[int]:
        """The processes that answered that many requests, each on a connection of its own."""
        for number in range(requests):
            status, _ = call(self.port, "GET", "/health", headers={"X-Request-ID": f"n{number}"})
            assert status == 200
            self.wait_for(rf" n{number} datus\.access: GET /health 200")
        return {int(pid) for pid in re.findall(r"\[(\d+)\] n\d+ datus\.access", self.output)}

    def end(self, number: int = signal.SIGTERM, timeout_s: float = 45) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout_s)


def call(
    port: int,
    method: str,
    path: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def ask_token(port: int, client_id: str, secret: str) -> tuple[int, bytes]:
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return call(port, "POST", "/auth/token", body=urlencode(form).encode(), headers=headers)


def sign_in(port: int, home: Path) -> dict[str, str]:
    """A header of the client that the first start made."""
    secret = re.search(r'local: "(.*)"', (home / "auth_local.yml").read_text())
    assert secret is not None
    _, body = ask_token(port, "local", secret[1])
    token = json.loads(body)["access_token"]
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def run(port: int, headers: dict[str, str], **fields: str) -> tuple[int, bytes]:
    body = json.dumps(BODY | fields).encode()
    return call(port, "POST", "/workflows/run", body=body, headers=headers)


def status_of(port: int, headers: dict[str, str], task_id: str) -> str | None:
    """Where a task is, None before it is known."""
    status, body = call(port, "GET", f"/workflows/{task_id}", headers=headers)
    return json.loads(body)["status"] if status == 200 else None


def in_background(work: Callable[[], object]) -> Callable[[], object]:
    """Start the work in a thread; the result is what the returned function waits for."""
    results: queue.Queue[object] = queue.Queue()
    threading.Thread(target=lambda: results.put(work()), daemon=True).start()
    return lambda: results.get(timeout=30)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def children(pid: int) -> set[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return {int(child) for child in text.split()}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(condition: Callable[[], bool], timeout_s: float = 45) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def home(settings, tmp_path) -> Path:
    (tmp_path / "auth_clients.yml").unlink()
    return tmp_path / "home"


@pytest.fixture
def start(settings, home, tmp_path) -> Iterator[Callable[..., Running]]:
    """Starts servers; those that still run at the end are killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(
        *flags: str, program: tuple[str, ...] = SERVER, env: dict[str, str] | None = None
    ) -> Running:
        output = tmp_path / f"output-{len(started)}"
        with output.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, *program, "--config", str(settings.config_path), *flags],
                stdout=out,
                stderr=out,
                cwd=tmp_path,
                env=os.environ | {"DATUS_HOME": str(home)} | (env or {}),
            )
        started.append(process)
        return Running(process, output)

    yield start
    for process in started:
        process.kill()
        process.wait()


@contextmanager
def a_taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def command(home: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    """A server command that ends by itself."""
    return subprocess.run(
        [sys.executable, *SERVER, *flags],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=home.parent,
        env=os.environ | {"DATUS_HOME": str(home)},
        check=False,
    )


def test_four_workers_serve_one_port_and_a_dead_one_is_replaced(start, home):
    server = start("--port", "0", "--workers", "4")
    assert until(lambda: server.output.count("Application startup complete") == 4)
    assert until(lambda: len(server.serving_pids(40)) == 4)
    workers = server.serving_pids(1)
    assert workers <= children(server.process.pid)

    headers = sign_in(server.port, home)
    answers = {run(server.port, headers, task_id="shared") for _ in range(12)}
    assert len(answers) == 1  # whichever worker was asked, the task is the same
    guesses = [ask_token(server.port, "nobody", "wrong")[0] for _ in range(21)]
    assert guesses == [401] * 20 + [429]  # whichever worker was asked, the count is the same

    os.kill(min(workers), signal.SIGKILL)
    assert until(lambda: len(children(server.process.pid) - workers) >= 1)
    assert call(server.port, "GET", "/health")[0] == 200

    everyone = children(server.process.pid)
    assert server.end(signal.SIGINT) == 0
    assert until(lambda: not any(map(alive, everyone)))


def figures(port: int) -> dict[str, float]:
    """Every sample of a scrape, by name and labels."""
    status, body = call(port, "GET", "/metrics", headers={"Accept": "text/plain"})
    assert status == 200
    lines = (line.rpartition(" ") for line in body.decode().splitlines() if line[0] != "#")
    return {name: float(value) for name, _, value in lines}


def test_workers_tell_one_sum_and_end_with_the_process_that_supervises_them(start, tmp_path):
    flags = ("--port", "0", "--workers", "2", "--log-format", "json")
    server = start(*flags, env={"TMPDIR": str(tmp_path)})
    assert until(lambda: server.output.count("Application startup complete") == 2)
    for _ in range(20):
        assert call(server.port, "GET", "/health")[0] == 200
    counted = 'datus_request_duration_seconds_count{method="GET",route="/health",status="2xx"}'
    seen = [figures(server.port)[counted] for _ in range(8)]
    assert 20 <= min(seen) == max(seen) <= 22  # the banner asks too, to see that the server is up
    lines = [json.loads(line) for line in server.output.splitlines() if line.startswith("{")]
    assert len({line["pid"] for line in lines if line["logger"] == "datus.access"}) == 2
    assert any(line["logger"].startswith("uvicorn") for line in lines)

    workers = children(server.process.pid)
    assert len(workers) >= 2
    server.process.kill()
    server.process.wait()
    assert until(lambda: not any(map(alive, workers)))
    assert not list(tmp_path.glob("datus-figures-*"))


def test_a_stop_lets_requests_finish(start, home):
    server = start("--port", "0", program=SLOW_SERVER, env={"DATUS_TEST_SECONDS": "1.5"})
    headers = sign_in(server.port, home)
    answer = in_background(lambda: run(server.port, headers, task_id="short"))
    assert until(lambda: status_of(server.port, headers, "short") == "running")
    assert server.end() == 0
    status, body = answer()
    assert (status, json.loads(body)["status"]) == (200, "completed")


def test_a_stop_waits_no_longer_than_the_grace_time(start, home, settings):
    config = settings.config_path.read_text()
    settings.config_path.write_text(config + "  server: {shutdown_grace_s: 1}\n")
    server = start("--port", "0", program=SLOW_SERVER, env={"DATUS_TEST_SECONDS": "60"})
    headers = sign_in(server.port, home)
    answer = in_background(lambda: run(server.port, headers, task_id="long"))
    stream = in_background(lambda: run(server.port, headers, task_id="long", mode="async"))
    assert until(lambda: status_of(server.port, headers, "long") == "running")
    time.sleep(0.3)  # so that the second of the two has arrived too
    began = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - began < 6
    status, body = answer()
    assert (status, json.loads(body)["code"]) == (503, "shutting_down")
    assert json.loads(body)["task_id"] == "long"
    told = stream()[1]
    assert b"event: started" in told
    assert told.endswith(b"retry: 1000\n\n")

    again = start("--port", "0", program=SLOW_SERVER, env={"DATUS_TEST_SECONDS": "0"})
    status, body = run(again.port, sign_in(again.port, home), task_id="long")
    assert status == 200
    assert json.loads(body)["status"] == "completed"


def test_a_thread_that_cannot_be_stopped_does_not_stop_the_stop(start, home, settings):
    config = settings.config_path.read_text()
    settings.config_path.write_text(config + "  server: {shutdown_grace_s: 1}\n")
    env = {"DATUS_TEST_SECONDS": "60", "DATUS_TEST_STUCK": "yes"}
    server = start("--port", "0", program=SLOW_SERVER, env=env)
    headers = sign_in(server.port, home)
    in_background(lambda: run(server.port, headers, task_id="stuck"))
    assert until(lambda: status_of(server.port, headers, "stuck") == "running")
    began = time.monotonic()
    assert server.end() == 1
    assert time.monotonic() - began < 8
    assert "time.sleep" in server.output or "concurrent/futures/thread.py" in server.output

    again = start("--port", "0", program=SLOW_SERVER, env={"DATUS_TEST_SECONDS": "0"})
    _, body = run(again.port, sign_in(again.port, home), task_id="stuck")
    assert json.loads(body)["status"] == "completed"


def test_the_first_start_shows_the_secret_once(start, home):
    first = start("--port", "0")
    shown = re.search(r"client_secret  (\S+)", first.output)
    assert shown is not None
    assert shown[1] in (home / "auth_local.yml").read_text()
    sign_in(first.port, home)
    first.end()
    second = start("--port", "0", "--debug")
    token = sign_in(second.port, home)["Authorization"].removeprefix("Bearer ")
    second.end()
    assert token not in second.output
    assert "Finished server process" in second.output
    assert shown[1] not in second.output


def ask(home: Path, port: int, *flags: str) -> "subprocess.CompletedProcess[str]":
    """``datus ask`` as the client of the first start."""
    program = "import sys; from datus.cli.main import main; main()"
    question = ("ask", "How many orders?", "--namespace", "shop", "--workflow", "fixed")
    return subprocess.run(
        [sys.executable, "-c", program, *question, "--url", f"http://127.0.0.1:{port}", *flags],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"DATUS_HOME": str(home), "COLUMNS": "100"},
        check=False,
    )


def test_ask(start, home):
    server = start("--port", "0", program=SLOW_SERVER, env={"DATUS_TEST_SECONDS": "0"})
    shown = ask(home, server.port)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.split()[:6] == ["SELECT", "COUNT(*)", "AS", "orders", "FROM", "orders"]
    assert re.search(r"orders[\s\S]*│ +2 │[\s\S]*1 row, ", shown.stdout)

    answer = json.loads(ask(home, server.port, "--json").stdout)
    assert answer["result"] == [{"orders": 2}]

    lines = ask(home, server.port, "--stream").stdout.splitlines()
    assert lines[0].startswith('started {"task_id": "local_')
    assert any(line.startswith("done ") for line in lines)

    refused = ask(home, server.port, "--namespace", "elsewhere")
    assert refused.returncode == 1
    assert refused.stderr.endswith("it may use: shop, vault. Give another with --namespace.\n")
    wrong = ask(home, server.port, "--client-id", "local", "--client-secret", "wrong")
    assert wrong.returncode == 1
    assert "Unknown client or wrong secret" in wrong.stderr


def test_ask_outlives_a_restart_of_the_server(start, home, settings):
    config = settings.config_path.read_text()
    settings.config_path.write_text(config + "  server: {shutdown_grace_s: 0}\n")
    port = str(free_port())
    server = start("--port", port, program=SLOW_SERVER, env={"DATUS_TEST_SECONDS": "60"})
    asked = in_background(lambda: ask(home, server.port, "--stream"))
    headers = sign_in(server.port, home)

    def states() -> list[str]:
        _, body = call(server.port, "GET", "/workflows", headers=headers)
        return [task["status"] for task in json.loads(body)["tasks"]]

    assert until(lambda: states() == ["running"])
    assert server.end() == 0
    start("--port", port, program=SLOW_SERVER, env={"DATUS_TEST_SECONDS": "0"})
    shown = asked()
    assert shown.returncode == 0, shown.stderr
    lines = [line.split()[0] for line in shown.stdout.splitlines() if " {" in line]
    assert (lines[0], lines[-1], lines.count("started")) == ("started", "done", 1)
    assert re.search(r"orders[\s\S]*│ +2 │", shown.stdout)


def test_ask_without_a_server(home):
    with a_taken_port() as port:
        pass
    home.mkdir()
    (home / "auth_local.yml").write_text('clients:\n  local: "x"\n')
    ended = ask(home, port)
    assert ended.returncode == 1
    assert f"No answer from http://127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_reload_serves_the_code_as_it_is_now(start):
    server = start("--port", "0", "--reload", "--workers", "2")
    assert "--workers is not used" in server.output
    Path(datus.__file__).touch()
    assert until(lambda: server.output.count("Application startup complete") == 2)
    assert call(server.port, "GET", "/health")[0] == 200
    assert len(set(re.findall(r"Started server process \[(\d+)\]", server.output))) == 2
    assert server.end(signal.SIGINT) == 0


def test_a_port_in_use_is_one_sentence(home):
    with a_taken_port() as port:
        ended = command(home, "--port", str(port))
    assert ended.returncode == 1
    assert ended.stderr == (
        f"datus: Cannot listen on 127.0.0.1 port {port}: another program listens there;"
        " stop it or choose another --port.\n"
    )


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--host", "0.0.0.0"), "Others can reach 0.0.0.0"),
        (("--host", "192.0.2.1"), "no address of this machine"),
        (("--config", "nowhere.yml"), "nowhere.yml"),
        (("--daemon", "--reload"), "--daemon cannot be used with --reload"),
        (("--daemon", "--port", "0"), "--daemon needs a port"),
        (("--port", "65536"), "65536"),
        (("--workers", "0"), "workers"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(home, flags, words):
    config = ("--config", str(home.parent / "agent.yml"))
    ended = command(home, *config, *flags)
    assert ended.returncode != 0
    assert words in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
    assert not (home / "datus.pid").exists()


def test_the_daemon(home, settings):
    port = free_port()
    flags = ("--daemon", "--port", str(port), "--config", str(settings.config_path))
    began = command(home, *flags)
    try:
        assert began.returncode == 0, began.stderr
        pid = int(re.search(r"pid (\d+)", began.stdout)[1])
        secret = re.search(r"client_secret  (\S+)", began.stdout)[1]
        assert call(port, "GET", "/health")[0] == 200
        assert os.getsid(pid) == pid

        again = command(home, *flags)
        assert again.returncode == 1
        assert f"already running, pid {pid}" in again.stderr
        status = command(home, "--action", "status")
        assert (status.returncode, status.stdout) == (0, f"datus is running, pid {pid}.\n")

        log = home / "datus.log"
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        assert stat.S_IMODE((home / "datus.pid").stat().st_mode) == 0o600
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert secret not in log.read_text()
        assert secret not in Path(f"/proc/{pid}/cmdline").read_text()

        for broken in (("--reload",), ("--config", "nowhere.yml")):
            refused = command(home, "--action", "restart", *flags[1:], *broken)
            assert refused.returncode == 2
            assert alive(pid)

        restarted = command(home, "--action", "restart", *flags[1:])
        assert restarted.returncode == 0, restarted.stderr
        new_pid = int(re.search(r"background, pid (\d+)", restarted.stdout)[1])
        assert new_pid != pid
        assert not alive(pid)
        assert call(port, "GET", "/health")[0] == 200
    finally:
        settings.config_path.write_text("agent: [broken")
        stopped = command(home, "--action", "stop", *flags[3:])
    assert stopped.returncode == 0
    assert f"pid {new_pid}" in stopped.stdout
    assert not alive(new_pid)
    assert not (home / "datus.pid").exists()
    status = command(home, "--action", "status")
    assert (status.returncode, status.stdout) == (3, "datus is not running.\n")


def test_a_connection_that_stays_open_does_not_wait_for_acks(start):
    server = start("--port", "0", "--workers", "2")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    seconds = []
    for _ in range(40):
        began = time.monotonic()
        connection.request("GET", "/health")
        connection.getresponse().read()
        seconds.append(time.monotonic() - began)
    connection.close()
    # Nagle's algorithm and a delayed ACK take 40 ms together, in all but the first requests.
    assert statistics.median(seconds) < 0.03
