"""What the server says once it really answers: where it is, and one question to paste."""

import http.client
import shlex
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from datus.config import Settings

QUESTION = "Show me monthly revenue by product category"
POLL_S = 0.05


def is_up(host: str, port: int) -> bool:
    """Whether the server answers 200 on ``/health``."""
    connection = http.client.HTTPConnection(_reachable(host), port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def announce_when_up(host: str, port: int, settings: Settings, say: Callable[[str], None]) -> None:
    """Say ``text`` as soon as the server answers, from a thread that ends then."""

    def wait() -> None:
        while not is_up(host, port):
            time.sleep(POLL_S)
        say(text(host, port, settings))

    threading.Thread(target=wait, name="banner", daemon=True).start()


def text(host: str, port: int, settings: Settings) -> str:
    """Where the server is; on the built-in demo also how to ask it something."""
    url = base_url(host, port)
    lines = [f"datus answers on {url} (documentation: {url}/docs)"]
    if settings.uses_builtin_demo:
        lines += [
            "",
            "Ask the demo shop a question, in another terminal:",
            "",
            f"  {_ask(url)}",
            "",
        ]
    return "\n".join(lines)


def base_url(host: str, port: int) -> str:
    """The address to type on this machine."""
    name = _reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _reachable(host: str) -> str:
    """An address that reaches a server that listens on ``host``: "every address" is none to call."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)


def program() -> str:
    """How to call ``datus`` from the working directory, for a shell."""
    path = Path(sys.executable).with_name("datus")
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return shlex.quote(str(path))


def _ask(url: str) -> str:
    address = "" if url == "http://127.0.0.1:8000" else f" --url {url}"
    return f'{program()} ask "{QUESTION}"{address}'
