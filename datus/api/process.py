"""One server process: what is prepared before any starts, what each one opens, how it ends."""

import asyncio
import faulthandler
import gc
import multiprocessing
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from datus import __version__, demo
from datus.api.context import Runtime
from datus.auth import Authenticator, Client, prepare_auth
from datus.auth.file import load_auth_file
from datus.config import Settings, load_settings
from datus.errors import ConfigError, UnavailableError
from datus.service import Service
from datus.service.rates import check_storage
from datus.tasks import engines
from datus.telemetry import Measures, Telemetry
from datus.telemetry.opening import check_telemetry, open_spans
from datus.telemetry.shared import DIRECTORY_VARIABLE
from datus.workflow.definitions import definitions

CONFIG_VARIABLE = "DATUS_CONFIG"
CLIENTS_VARIABLE = "DATUS_CLIENTS"
"""Tell the server's processes which files their parent found, so that all serve the same."""

_OBJECTS_BETWEEN = 20_000
"""So many more objects are made than freed before the collector looks; a few megabytes where all is garbage."""

REACH_STATE_S = 30.0
"""Seconds that a process waits for the state before it gives up starting."""

_REACH_EVERY_S = 0.5

LAST_RESORT_S = 15.0
"""Seconds beyond the grace time in which a process that was told to stop has ended, come what may."""


def prepare(
    settings: Settings, *, host: str, env: Mapping[str, str], say: Callable[[str], None]
) -> Path:
    """Do what must be done once, before the first process serves; doing it again does no harm.

    Returns:
        The file of clients.

    Raises:
        ConfigError: The settings, the clients or the state file cannot be used.
        UnavailableError: A file cannot be written.
    """
    definitions(settings)
    check_storage(settings.rate_limits)
    check_telemetry(settings.telemetry, env)
    auth = prepare_auth(settings, host=host, env=env)
    for warning in auth.warnings:
        say(f"Warning: {warning}")
    engines.prepare(settings.state)
    if settings.uses_builtin_demo:
        demo.ensure(
            settings.demo_path,
            lambda table, done, total: say(f"Making the demo shop: {done} of {total}, {table}"),
        )
    if auth.created is not None:
        say(
            "The first start made a client for this machine; its secret is shown only now:\n"
            f"  client_id      {auth.created.id}\n"
            f"  client_secret  {auth.created.secret.reveal()}\n"
            f"Both are kept in {auth.path}."
        )
    return auth.path


@asynccontextmanager
async def production_runtime(env: Mapping[str, str]) -> AsyncIterator[Runtime]:
    """What a server process serves with, by the environment that its parent set."""
    config = env.get(CONFIG_VARIABLE)
    settings = load_settings(Path(config) if config else None, env=env)
    await reach_state(settings)
    telemetry = _telemetry(settings, env)
    grace = Grace(settings.server.shutdown_grace_s, time.monotonic, end_for_certain)
    grace.watch()
    service = await Service.open(
        settings,
        clock=lambda: datetime.now(UTC),
        random=secrets.token_bytes,
        client_of=lambda name: _client_of(Path(env[CLIENTS_VARIABLE]), env, name),
        telemetry=telemetry,
    )
    grace.then(asyncio.get_running_loop(), service.drain)
    stop_with_parent()
    spare_collector()
    try:
        path = Path(env[CLIENTS_VARIABLE])
        authenticator = Authenticator(path, env=env, failures=service.rates.sign_ins)
        yield Runtime(service, authenticator, telemetry)
    finally:
        await service.close(grace.left())
        await asyncio.to_thread(telemetry.close)


async def reach_state(settings: Settings) -> None:
    """Wait until the state can be used, up to ``REACH_STATE_S``.

    The parent found that it can. A worker that takes the place of one that died may come while PostgreSQL
    restarts, and should it end then, its supervisor would end all the others with it.

    Raises:
        ConfigError: The tables of the state are older or newer.
        UnavailableError: It cannot be read for all that time.
    """
    deadline = time.monotonic() + REACH_STATE_S
    while True:
        try:
            return await asyncio.to_thread(engines.prepare, settings.state)
        except UnavailableError:
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(_REACH_EVERY_S)


def _telemetry(settings: Settings, env: Mapping[str, str]) -> Telemetry:
    directory = env.get(DIRECTORY_VARIABLE)
    return Telemetry(
        Measures(Path(directory) if directory else None),
        open_spans(settings.telemetry, env, version=__version__),
    )


def _client_of(path: Path, env: Mapping[str, str], name: str) -> Client | None:
    """A client as the file of clients has it now; None where it has none of that name, or cannot be read."""
    try:
        account = load_auth_file(path, env).accounts.get(name)
    except ConfigError:
        return None
    return None if account is None else account.client


def spare_collector() -> None:
    """Keep the garbage collector from what lives as long as this process, and have it look less often.

    Hundreds of tasks that wait for a model are many objects that live for seconds: at Python's own setting
    the collector goes through all of them, and through every module, again and again, a fifth of a second
    at a time, in which no task goes on.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN, 20, 10)


def end_for_certain(left_s: float) -> None:
    """End this process ``LAST_RESORT_S`` after its grace time, if it has not ended by itself.

    A thread inside a driver that listens to nobody (a statement of one long function, a name that does
    not resolve) is waited for by the interpreter without limit. Nothing is lost then: what a caller was
    told is committed, and the next process to look goes on with the tasks of this one. The
    stacks go to the log first, so that the cause can be found.
    """
    faulthandler.dump_traceback_later(left_s + LAST_RESORT_S, exit=True)


def stop_with_parent() -> None:
    """End this process, in order, when the one that supervises it is gone.

    A worker left behind would keep the port and go on serving an old configuration.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.remove_reader(parent.sentinel)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(parent.sentinel, stop)


class Grace:
    """The time that running work has after the first signal to stop.

    uvicorn waits for open connections first and tells the application only then, so the moment of
    the signal is noted here, before uvicorn's own handler runs.

    Args:
        seconds: The grace time.
        clock: Monotonic seconds.
        on_signal: Called once, with ``seconds``, from the handler of the first signal.
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float], on_signal: Callable[[float], None]
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._on_signal = on_signal
        self._began: float | None = None
        self._then: Callable[[], object] = lambda: None

    def then(self, loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
        """Have work done on the event loop as soon as the first signal comes."""
        self._then = lambda: loop.call_soon_threadsafe(work)

    def watch(self) -> None:
        """Note when a signal comes. Call it in the main thread, after uvicorn set its handlers."""
        for number in (signal.SIGTERM, signal.SIGINT):
            previous = signal.getsignal(number)

            def note(received: int, frame: FrameType | None, previous: object = previous) -> None:
                if self._began is None:
                    self._began = self._clock()
                    self._on_signal(self._seconds)
                    self._then()
                if callable(previous):
                    previous(received, frame)

            signal.signal(number, note)

    def left(self) -> float:
        """Seconds that are left; all of them when no signal came."""
        if self._began is None:
            return self._seconds
        return max(0.0, self._seconds - (self._clock() - self._began))
