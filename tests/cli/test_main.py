"""The datus program: its help, its commands, its exit codes."""

import subprocess
import sys
from types import ModuleType

import pytest

from datus import __version__
from datus.cli.main import COMMANDS, main
from datus.errors import ConfigError, NotFoundError


@pytest.fixture
def datus(capsys):
    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_every_command(datus, arguments):
    _, out, err = datus(*arguments)
    for name in ("serve", "ask", "eval", "client"):
        assert name in out + err


def test_version(datus):
    assert datus("--version") == (0, f"datus {__version__}\n", "")


def test_an_unknown_command_names_the_nearest(datus):
    code, _, err = datus("clinet")
    assert code == 2
    assert "client" in err


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "serve"])
def test_every_command_has_help(datus, name):
    code, out, _ = datus(name, "--help")
    assert code == 0
    assert f"datus {name}" in out


@pytest.mark.parametrize(("error", "code"), [(ConfigError("bad"), 2), (NotFoundError("bad"), 1)])
def test_errors_are_one_sentence(datus, monkeypatch, error, code):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("datus.cli.client.remove_client", fail)
    monkeypatch.setattr("datus.cli.client._existing", lambda *_: None)
    assert datus("client", "remove", "x") == (code, "", "datus: bad\n")


def test_serve_hands_its_flags_to_the_server(datus, monkeypatch):
    seen: list[list[str]] = []

    def serve(argv: list[str]) -> int:
        seen.append(argv)
        return 5

    server = ModuleType("datus.api.server")
    server.main = serve
    monkeypatch.setitem(sys.modules, "datus.api.server", server)
    assert datus("serve", "--port", "9", "--daemon", "--help")[0] == 5
    assert seen == [["--port", "9", "--daemon", "--help"]]


def test_help_loads_no_command():
    code = (
        "import sys, atexit; from datus.cli.main import main\n"
        "atexit.register(lambda: print(sorted(m for m in sys.modules if m.startswith('datus.'))))\n"
        "main(['--help'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['datus.cli', 'datus.cli.main', 'datus.errors']"
