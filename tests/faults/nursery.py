"""Forks server processes, each a real one with a pid, connections and locks of its own.

All that a server imports is imported once, before the first fork, so that a process which lives for a moment
costs a moment. Run as ``nursery.py``; it reads an order a line from standard input and answers each with a pid:

    {"role": "serve", "env": {...}, "output": "path", "config": "agent.yml", "tasks": []}

``serve`` is ``python -m datus.api.server``. ``ask`` is a service without HTTP that submits ``tasks`` and
takes nothing over: it is there to be killed. What happens in them is in ``program``. When standard input
ends, all of them are killed.
"""

import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.faults import program


def main() -> None:
    """Fork as ordered until the end of standard input."""
    program.instrument()
    with tempfile.TemporaryDirectory() as folder:
        program.warm_up(Path(folder))
    if threading.active_count() > 1:
        raise RuntimeError("a thread would be missing in every child")
    born: set[int] = set()
    for line in sys.stdin:
        born -= {pid for pid in born if os.waitpid(pid, os.WNOHANG)[0]}
        pid = os.fork()
        if not pid:
            live(json.loads(line))
        born.add(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for pid in born:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def live(order: dict[str, Any]) -> None:
    """The life of a child, from here to its end."""
    code = 70
    try:
        random.seed()
        for number, (path, flags) in enumerate(
            (
                (os.devnull, os.O_RDONLY),
                *[(order["output"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)] * 2,
            )
        ):
            opened = os.open(path, flags, 0o600)
            os.dup2(opened, number)
            os.close(opened)
        os.environ.update(order["env"])
        code = program.ROLES[order["role"]](order)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except Exception:  # noqa: BLE001  the border: a child ends here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
