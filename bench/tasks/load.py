"""A load that both sides share, on the standard library alone: so many clients, each with one task at a time."""

import asyncio
import json
import time
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

NODES = 6
WARM_UP = 4


@dataclass(frozen=True)
class Load:
    """``width`` tasks at once, until ``tasks`` have begun or ``seconds`` are over; the begun ones end."""

    width: int
    tasks: int
    seconds: float


@dataclass(frozen=True)
class Measured:
    """What one load came to: the time of each task, and from the first begin to the last end."""

    width: int
    times_ms: list[float]
    span_s: float


class _Turns:
    """Says to each client whether there is one more task to begin."""

    def __init__(self, load: Load) -> None:
        self._left = load.tasks
        self._until = time.perf_counter() + load.seconds

    def more(self) -> bool:
        self._left -= 1
        return self._left >= 0 and time.perf_counter() < self._until


async def drive(one: Callable[[], Awaitable[None]], load: Load) -> Measured:
    """Put the load on ``one``, which does a task to its end, by coroutines."""
    times: list[float] = []
    turns = _Turns(load)

    async def client() -> None:
        while turns.more():
            begin = time.perf_counter()
            await one()
            times.append((time.perf_counter() - begin) * 1e3)

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(load.width)))
    return Measured(load.width, times, time.perf_counter() - begin)


def drive_threads(one: Callable[[], None], load: Load) -> Measured:
    """As ``drive``, by a thread for each client."""
    times: list[float] = []
    turns = _Turns(load)

    def client() -> None:
        while turns.more():
            begin = time.perf_counter()
            one()
            times.append((time.perf_counter() - begin) * 1e3)

    begin = time.perf_counter()
    with ThreadPoolExecutor(load.width) as clients:
        for each in [clients.submit(client) for _ in range(load.width)]:
            each.result()
    return Measured(load.width, times, time.perf_counter() - begin)


def side_parser(description: str | None) -> ArgumentParser:
    """The flags that the process of each side takes."""
    parser = ArgumentParser(description=description)
    parser.add_argument("--url", required=True, help="sqlite:///FILE or postgresql://...")
    parser.add_argument("--widths", type=lambda text: [int(each) for each in text.split(",")])
    parser.add_argument("--tasks", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--node-ms", type=float, default=0.0)
    return parser


def tell(measured: Measured) -> None:
    """Hand a figure to the process that asked for it."""
    print(json.dumps(asdict(measured)), flush=True)
