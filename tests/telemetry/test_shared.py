"""Figures of several processes: one sum, whichever tells it; dead ones' counters stay and their gauges go."""

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from datus.telemetry.shared import DIRECTORY_VARIABLE, shared_figures

WORKER = """
import json, sys
from pathlib import Path
from datus.telemetry import Measures

measures = Measures(Path(sys.argv[1]))
print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "tell":
        samples = [each for family in measures.collect() for each in family.samples]
        told = {each.name: each.value for each in samples if "le" not in each.labels}
        print(json.dumps(told), flush=True)
    else:
        exec(line)
        print("done", flush=True)
"""
COUNT, RUNNING = "datus_node_duration_seconds_count", "datus_tasks_running"


class Worker:
    """A process with figures of its own."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WORKER, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready\n"

    def does(self, code: str) -> None:
        self._send(code)
        assert self._line() == "done\n"

    def tells(self) -> dict[str, float]:
        self._send("tell")
        told: dict[str, float] = json.loads(self._line())
        return told

    def ends(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.wait(10)

    def _send(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Worker]]:
    workers: list[Worker] = []

    def start() -> Worker:
        workers.append(Worker(tmp_path))
        return workers[-1]

    yield start
    for worker in workers:
        worker.process.kill()
        with suppress(BrokenPipeError):
            worker.process.communicate(timeout=10)


def test_one_sum_over_the_living_and_the_dead(start: Callable[[], Worker], tmp_path: Path) -> None:
    first, second = start(), start()
    for worker, running in ((first, 2), (second, 1)):
        worker.does(f"measures.running.inc({running})")
        worker.does("measures.node('output', 'completed', 0.5)")
        worker.does("measures.taken_over(5)")
    told = first.tells()
    assert told == second.tells()
    assert (told[COUNT], told[RUNNING], told["datus_take_overs_total"]) == (2, 3, 10)

    second.ends(signal.SIGKILL)
    told = first.tells()
    assert (told[COUNT], told[RUNNING]) == (2, 2)

    third = start()  # goes on where the dead one stopped, but runs nothing yet
    third.does("measures.node('output', 'completed', 0.5)")
    third.does("measures.running.inc()")
    told = first.tells()
    assert (told[COUNT], told[RUNNING]) == (3, 3)
    assert len(list(tmp_path.glob("histogram_*.db"))) == 2

    third.does("measures.close()")
    assert first.tells()[RUNNING] == 2


def test_files_have_their_room_from_the_start(start: Callable[[], Worker], tmp_path: Path) -> None:
    start()
    files = list(tmp_path.glob("*.db"))
    assert len(files) == 3
    assert all(file.stat().st_blocks * 512 >= 1 << 20 for file in files)


def test_the_directory_lives_as_long_as_the_server() -> None:
    env: dict[str, str] = {}
    with shared_figures(env):
        directory = Path(env[DIRECTORY_VARIABLE])
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        (directory / "counter_0.db").touch()
    assert not directory.exists()
    assert not env
