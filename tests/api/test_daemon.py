"""The daemon's own promises, with a server of three lines in the place of datus."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from datus.api.daemon import RUNNING, STOPPED, Daemon
from datus.errors import ConflictError, DatusError, UnavailableError

# Says that it is up by a file, and ends in order on SIGTERM.
SERVER = """
import pathlib, signal, sys, time
def end(*_):
    print("drained", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("serving", flush=True)
pathlib.Path(sys.argv[1]).touch()
time.sleep(60)
"""


class World:
    """A daemon in a directory of its own."""

    def __init__(self, home: Path) -> None:
        self.said: list[str] = []
        self.up = home / "up"
        self.pid_file = home / "private" / "datus.pid"
        self.log_file = home / "private" / "datus.log"
        self.daemon = Daemon(self.pid_file, self.log_file, self.said.append)

    def start(self, program: str = SERVER) -> int:
        return self.daemon.start(
            lambda: [sys.executable, "-c", program, str(self.up)], self.up.exists
        )


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    if world.daemon.status() == RUNNING:
        world.daemon.stop(10)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and that nobody waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_start_status_stop(world):
    assert world.daemon.status() == STOPPED
    pid = world.start()
    assert alive(pid)
    assert world.daemon.status() == RUNNING
    assert world.said[-1] == f"datus is running, pid {pid}."
    assert world.daemon.stop(10)
    assert not alive(pid)
    assert world.log_file.read_text() == "serving\ndrained\n"
    assert world.daemon.status() == STOPPED
    assert not world.pid_file.exists()


def test_a_second_start_is_refused_and_prepares_nothing(world):
    pid = world.start()

    def prepare():
        raise AssertionError("nothing may be prepared")

    with pytest.raises(ConflictError, match=f"already running, pid {pid}"):
        world.daemon.start(prepare, lambda: True)
    assert alive(pid)


def test_a_start_that_is_broken_off_leaves_no_server(world):
    started = []

    def interrupt():
        started.append(world.daemon.pid())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.daemon.start(
            lambda: [sys.executable, "-c", SERVER, str(world.up)],
            lambda: world.up.exists() and interrupt(),
        )
    assert not alive(started[0])
    assert world.daemon.status() == STOPPED


def test_files_are_private_whatever_they_were(world):
    world.log_file.parent.mkdir(mode=0o700)
    world.log_file.touch(mode=0o644)
    world.start()
    assert mode(world.pid_file) == 0o600
    assert mode(world.log_file) == 0o600
    assert mode(world.pid_file.parent) == 0o700


def test_nothing_of_the_terminal_is_inherited(world):
    pid = world.start()
    opened = {int(entry.name): os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    assert opened.pop(0) == "/dev/null"
    assert set(opened.values()) == {str(world.log_file), str(world.pid_file)}
    assert os.getsid(pid) == pid


def test_a_stale_pid_file_means_nothing(world):
    world.pid_file.parent.mkdir()
    world.pid_file.write_text(f"{os.getpid()}\n")
    assert world.daemon.status() == STOPPED
    world.pid_file.write_text(f"{os.getpid()}\n")
    assert not world.daemon.stop(10)
    world.pid_file.write_text(f"{os.getpid()}\n")
    pid = world.start()
    assert world.daemon.pid() == pid


def test_a_server_that_was_killed_is_not_running(world):
    pid = world.start()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert world.daemon.status() == STOPPED
    world.up.unlink()
    assert world.start() != pid


def test_a_server_that_ends_at_once_shows_the_end_of_its_log(world):
    with pytest.raises(UnavailableError, match=r"could not start[\s\S]*no such setting"):
        world.start("import sys; print('no such setting'); sys.exit(3)")
    assert world.daemon.status() == STOPPED


def test_a_server_that_never_answers_is_ended(world, monkeypatch):
    monkeypatch.setattr("datus.api.daemon.START_TIMEOUT_S", 0.3)
    with pytest.raises(UnavailableError, match="did not answer"):
        world.daemon.start(lambda: [sys.executable, "-c", SERVER, str(world.up)], lambda: False)
    assert world.daemon.status() == STOPPED


def test_a_server_that_does_not_end_is_reported(world):
    pid = world.start(SERVER.replace("signal.SIGTERM, end", "signal.SIGTERM, signal.SIG_IGN"))
    with pytest.raises(UnavailableError, match=f"kill -9 {pid}"):
        world.daemon.stop(0.2)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_of_two_starts_at_once_one_wins(tmp_path):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from datus.api.daemon import Daemon\n"
        "from datus.errors import ConflictError\n"
        "home = Path(sys.argv[2])\n"
        "server = [sys.executable, '-c', sys.argv[3], str(home / 'up')]\n"
        "daemon = Daemon(home / 'pid', home / 'log', print)\n"
        "try:\n    daemon.start(lambda: server, (home / 'up').exists)\n"
        "except ConflictError:\n    sys.exit(7)\n"
    )
    root = str(Path(__file__).parents[2])
    launchers = [
        subprocess.Popen([sys.executable, "-c", program, root, str(tmp_path), SERVER])
        for _ in range(3)
    ]
    try:
        assert sorted(launcher.wait(30) for launcher in launchers) == [0, 7, 7]
    finally:
        assert Daemon(tmp_path / "pid", tmp_path / "log", lambda _: None).stop(10)


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    daemon = Daemon(tmp_path / "file" / "pid", tmp_path / "log", lambda _: None)
    with pytest.raises(DatusError, match="cannot be written"):
        daemon.start(list, lambda: True)


def test_a_log_file_that_is_a_link_is_not_followed(world, tmp_path):
    world.log_file.parent.mkdir()
    world.log_file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DatusError, match="cannot be written"):
        world.start()
    assert not (tmp_path / "elsewhere").exists()
