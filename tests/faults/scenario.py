"""A randomised run: thousands of tasks on three server processes, which die, stop and lose their connections.

    python -m tests.faults.scenario --tasks 2000 --engine sqlite --seed 7

The seed decides what is asked and which faults come in which order; when they meet is up to the machine. Clients do what
the documentation asks of them: a ``task_id`` of their own, the same request again when a connection breaks or a 503
comes, ``Last-Event-ID`` where a stream breaks off.
"""

import argparse
import asyncio
import random
import secrets
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from datus.tasks.engines import migrate
from datus.tasks.store import MAX_ATTEMPTS
from tests.faults.judge import FINAL, Verdict, diary, judge, rows
from tests.faults.servers import Event, Nursery, Place, Server, body, say, until

SERVERS = 3
AT_ONCE = 24
"""Tasks that are asked at the same time."""

PAUSE_S = (0.2, 1.0)
"""Between two faults."""

SETTINGS = "shutdown_grace_s: 0.5"
"""Less than many tasks take, so that a server that stops hands them back."""


@dataclass(frozen=True)
class Asked:
    """One task and what its clients do.

    Attributes:
        copies: How many clients send the request, each to any server.
        streams: How many of them read the events.
        cancel_after: When somebody cancels it.
        conflict: Whether somebody sends another request with its name.
        timeout_s: Its time, when that is less than it needs.
    """

    name: str
    question: str
    copies: int
    streams: int
    cancel_after: float | None
    conflict: bool
    timeout_s: float | None

    def sent(self, **fields: Any) -> dict[str, Any]:
        """The request."""
        limit = {} if self.timeout_s is None else {"timeout_s": self.timeout_s}
        return body(self.name, self.question, **limit, **fields)

    @classmethod
    def draw(cls, number: int, dice: random.Random) -> "Asked":
        kind = dice.choices(("count", "Wait", "Statement", "Refuse", "Break"), (50, 30, 6, 7, 7))[0]
        amount = {"Wait": f" {dice.uniform(0.02, 1.0):.2f}", "Statement": f" {dice.randint(1, 3)}"}
        fate = dice.choices(("answer", "cancel", "timeout"), (88, 8, 4))[0]
        question = kind + amount.get(kind, "")
        if fate != "answer":
            question = f"Wait {dice.uniform(1, 3):.2f}"
        copies = dice.choice((1, 1, 1, 2, 3))
        return cls(
            f"t{number}",
            question,
            copies,
            sum(dice.random() < 0.5 for _ in range(copies)),
            dice.uniform(0, 1.5) if fate == "cancel" else None,
            dice.random() < 0.1,
            0.5 if fate == "timeout" else None,
        )


@dataclass
class Counts:
    """What happened, beside the tasks themselves."""

    faults: Counter[str] = field(default_factory=Counter)
    clients: Counter[str] = field(default_factory=Counter)
    killed: dict[int, float] = field(default_factory=dict)
    together: set[int] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


class Scenario:
    """One run on one place."""

    def __init__(self, place: Place, nursery: Nursery, seed: int, tasks: int) -> None:
        self._place = place
        self._nursery = nursery
        # Of their own, so that one does not depend on when the other asks.
        self._faulty, self._any = random.Random(seed), random.Random(seed + 1)
        dice = random.Random(seed + 2)
        self._asked = [Asked.draw(number, dice) for number in range(tasks)]
        self._waiting = list(reversed(self._asked))
        self._fleet: list[Server] = []
        self._token = ""
        self._read: dict[str, list[list[Event]]] = {}
        self._over = 0
        self._replacing: set[asyncio.Task[None]] = set()
        self.counts = Counts()

    async def run(self, timeout_s: float) -> Verdict:
        """Ask everything, do harm meanwhile, wait until all is over, and judge."""
        self._fleet = await self._nursery.servers(self._place, SERVERS)
        self._token = self._fleet[0].http.headers["Authorization"].removeprefix("Bearer ")
        harm = asyncio.create_task(self._do_harm())
        telling = asyncio.create_task(self._tell())
        try:
            async with asyncio.timeout(timeout_s), asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(self._ask_all())
        except TimeoutError:
            self.counts.problems.append(
                f"{len(self._asked) - self._over} tasks are not over in time"
            )
        finally:
            for task in (harm, telling):
                task.cancel()
            done = await asyncio.gather(harm, telling, return_exceptions=True)
        self.counts.problems += [repr(each) for each in done if isinstance(each, Exception)]
        await asyncio.gather(*self._replacing)
        with suppress(AssertionError):  # the verdict says which
            await until(self._nothing_open, 30, pause_s=0.2)
        verdict = judge(self._place, {asked.name for asked in self._asked})
        self.counts.problems += verdict.problems
        self.counts.problems += self._misread(verdict)
        self.counts.problems += self._given_up(verdict)
        return verdict

    async def _ask_all(self) -> None:
        while self._waiting:
            await self._ask(self._waiting.pop())
            self._over += 1

    async def _ask(self, asked: Asked) -> None:
        """All that is done with one task, until every client has its answer."""
        work: list[Coroutine[Any, Any, Any]] = [self._follow(asked) for _ in range(asked.streams)]
        work += [self._wait(asked) for _ in range(asked.copies - asked.streams)]
        if asked.cancel_after is not None:
            work.append(self._cancel(asked, asked.cancel_after))
        await asyncio.gather(*work)
        self._equal(asked, await asyncio.gather(self._wait(asked), self._wait(asked)))
        if asked.conflict:
            answer = await self._patient("POST", "/workflows/run", body(asked.name, "Other"))
            if answer.status_code != 409:
                self.counts.problems.append(f"{asked.name}: another request got {answer.text}")

    async def _wait(self, asked: Asked) -> httpx.Response:
        """Sync mode."""
        return await self._patient("POST", "/workflows/run", asked.sent())

    async def _patient(self, method: str, path: str, sent: Any) -> httpx.Response:
        """Send a request, to another server where one does not answer, until there is an answer."""
        while True:
            server = self._any.choice(self._fleet)
            try:
                answer = await server.http.request(method, path, json=sent)
            except httpx.TransportError:
                self.counts.clients["connections broke"] += 1
            else:
                if answer.status_code < 500:
                    self.counts.clients["answers"] += 1
                    return answer
                self.counts.clients[f"answers {answer.status_code}"] += 1
                if answer.status_code != 503:
                    self.counts.problems.append(f"{method} {path}: {answer.text}")
            await asyncio.sleep(0.1)

    async def _follow(self, asked: Asked) -> None:
        """Async mode: from server to server, until ``done``."""
        found: list[Event] = []
        self._read.setdefault(asked.name, []).append(found)
        while not (found and found[-1][1] == "done"):
            server = self._any.choice(self._fleet)
            leave_at = self._any.randint(1, 60)  # most tasks tell 19 events
            try:
                async for event in self._stream(server, asked, found):
                    found.append(event)
                    if len(found) == leave_at:
                        self.counts.clients["streams left"] += 1
                        break
            except httpx.TransportError:
                self.counts.clients["streams broke"] += 1
            except httpx.HTTPStatusError as error:
                if error.response.status_code != 503:
                    raise
                self.counts.clients["answers 503"] += 1
            await asyncio.sleep(0.05)

    async def _stream(
        self, server: Server, asked: Asked, found: list[Event]
    ) -> AsyncIterator[Event]:
        if found:
            path = f"/workflows/{asked.name}/events"
            stream = server.stream("GET", path, after=found[-1][0])
        else:
            stream = server.stream("POST", "/workflows/run", json=asked.sent(mode="async"))
        async with _closing(stream):
            async for event in stream:
                yield event

    async def _cancel(self, asked: Asked, after_s: float) -> None:
        await asyncio.sleep(after_s)
        while True:
            answer = await self._patient("POST", f"/workflows/{asked.name}/cancel", None)
            if answer.status_code in (202, 409):
                self.counts.clients[f"cancels {answer.status_code}"] += 1
                return
            await asyncio.sleep(0.1)  # it is not known yet

    def _equal(self, asked: Asked, answers: Iterable[httpx.Response]) -> None:
        if len({(each.status_code, each.text) for each in answers}) != 1:
            self.counts.problems.append(f"{asked.name}: {[each.text for each in answers]}")

    async def _do_harm(self) -> None:
        kinds = ("kill", "stop", "pause", "cut", "kill all")
        while True:
            await asyncio.sleep(self._faulty.uniform(*PAUSE_S))
            kind = self._faulty.choices(kinds, (40, 15, 20, 20, 5))[0]
            slot = self._faulty.randrange(SERVERS)
            self.counts.faults[kind] += 1
            if kind == "cut":
                await self._cut()
            for each in range(SERVERS) if kind == "kill all" else (slot,):
                if not self._fleet[each].dead:
                    await self._hurt(kind, each)

    async def _hurt(self, kind: str, slot: int) -> None:
        server = self._fleet[slot]
        if kind == "pause":
            server.signal(signal.SIGSTOP)
            await asyncio.sleep(self._faulty.uniform(0.2, 2))
            server.signal(signal.SIGCONT)
        elif kind == "stop":
            server.signal(signal.SIGTERM)
            self._replace(slot)
        elif kind.startswith("kill"):
            self.counts.killed[server.pid] = await server.kill()
            if kind == "kill all":
                self.counts.together.add(server.pid)
            self._replace(slot)

    def _replace(self, slot: int) -> None:
        """Start another server when the one in the slot is dead, after a moment."""

        async def replace(pause_s: float) -> None:
            await self._fleet[slot].ended()
            while True:
                await asyncio.sleep(pause_s)
                home = self._place.homes[slot % 2]
                server: Server = self._nursery.fork(self._place, "serve", home, ())
                with suppress(AssertionError):
                    await server.up()
                    break
                # Its connection was cut before it had begun. Whatever supervises servers starts it again.
                self.counts.faults["cut at the start"] += 1
            await server.sign_in(self._token)
            self._fleet[slot] = server

        task = asyncio.create_task(replace(self._faulty.uniform(0, 1)))
        self._replacing.add(task)

    async def _cut(self) -> None:
        """PostgreSQL: some sessions of all processes are ended. SQLite: somebody holds the write lock."""
        seconds = self._faulty.uniform(0.1, 1)
        kind = self._faulty.choice(("session", "write", "read", "%"))
        if isinstance(self._place.state, Path):
            await asyncio.to_thread(hold_lock, self._place.state, seconds)
        else:
            await asyncio.to_thread(end_sessions, self._place.state, f"datus state {kind}")

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(10)
            say(f"  {self._over} tasks are over, {self.counts.faults.total()} faults so far")

    def _nothing_open(self) -> bool:
        (row,) = rows(self._place.state, f"SELECT count(*) FROM task WHERE status NOT IN {FINAL}")
        return bool(row[0] == 0)

    def _misread(self, verdict: Verdict) -> list[str]:
        """Streams that told something else than the log; each client read from its first event on."""
        return [
            f"{name}: a client read {[seq for seq, *_ in found]}"
            for name, several in self._read.items()
            for found in several
            if found != [told[:3] for told in verdict.events.get(name, [])]
        ]

    def _given_up(self, verdict: Verdict) -> list[str]:
        """Tasks that were given up although no three processes died with them; a cut session is a death too."""
        if not isinstance(self._place.state, Path):
            return []
        holders: dict[str, list[int]] = {name: [] for name in verdict.lost}
        for line in diary(self._place):
            if line["what"] in ("accepted", "taken") and line["task"] in holders:
                holders[line["task"]].append(line["pid"])
        return [
            f"{name}: was given up, and had {pids} of whom not all were killed"
            for name, pids in holders.items()
            if len(pids) < MAX_ATTEMPTS or not set(pids[-MAX_ATTEMPTS:]) <= set(self.counts.killed)
        ]

    def summary(self, verdict: Verdict) -> str:
        """What to tell of the run."""
        delays = sorted(self._delays())
        statuses = Counter(task.status for task in verdict.tasks.values())
        begun = Counter((line["task"], line["node"]) for line in diary(self._place, "begin"))
        ended = Counter(line["task"] for line in diary(self._place, "ended"))
        told = {
            "tasks": f"{len(verdict.tasks)}: {_listed(statuses)}",
            "clients": _listed(self.counts.clients),
            "faults": _listed(self.counts.faults),
            "processes killed": len(self.counts.killed),
            "take-overs": f"{len(diary(self._place, 'taken'))}, of processes killed alone {len(delays)}",
            "seconds from kill to take-over": (
                f"median {quantiles(delays, n=2)[0]:.2f}, 99 % {quantiles(delays, n=100)[-1]:.2f}, "
                f"longest {delays[-1]:.2f}, over 2 s: {sum(delay > 2 for delay in delays)}"
                if len(delays) > 1
                else "-"
            ),
            "nodes begun": f"{begun.total()}, of these again {begun.total() - len(begun)}",
            "given up as worker_lost": len(verdict.lost),
            "ends stored twice": sum(count > 1 for count in ended.values()),
            "problems": len(self.counts.problems),
        }
        return "\n".join(f"  {name}: {value}" for name, value in told.items())

    def _delays(self) -> list[float]:
        """Seconds from the kill of a process, others living, to the take-over of each task that it had."""
        found, holders = [], {}
        for line in sorted(diary(self._place), key=lambda line: float(line["at"])):
            if line["what"] in ("accepted", "taken"):
                died = self.counts.killed.get(holders.get(line["task"], 0))
                alone = holders.get(line["task"]) not in self.counts.together
                if line["what"] == "taken" and died is not None and alone:
                    found.append(line["at"] - died)
                holders[line["task"]] = line["pid"]
        return found


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


@asynccontextmanager
async def _closing(stream: Any) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await stream.aclose()


def hold_lock(path: Path, seconds: float) -> None:
    """Let nobody else write to a state file for a while."""
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        other.rollback()


def end_sessions(url: str, name: str) -> None:
    """End the sessions of a name like this in a database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE %s",
            (name,),
        )


def main() -> int:
    """The command line; returns 1 where there was a problem."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--server", default="postgresql://postgres@127.0.0.1:5432")
    arguments = parser.parse_args()
    say(f"seed {arguments.seed}, {arguments.tasks} tasks, {arguments.engine}")
    name = f"datus_faults_{uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory() as folder:
        if arguments.engine == "sqlite":
            return run_once(Path(folder) / "state.db", Path(folder), arguments)
        with psycopg.connect(f"{arguments.server}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
            try:
                return run_once(f"{arguments.server}/{name}", Path(folder), arguments)
            finally:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def run_once(state: Path | str, folder: Path, arguments: argparse.Namespace) -> int:
    """A run on a new state; tells its summary."""
    migrate(state)
    place, nursery = Place(folder / "place", state, SETTINGS), Nursery(folder)

    async def go() -> int:
        began = time.monotonic()
        scenario = Scenario(place, nursery, arguments.seed, arguments.tasks)
        try:
            verdict = await scenario.run(60 + arguments.tasks / 4)
        finally:
            await nursery.clear()
        say(scenario.summary(verdict))
        say(f"  took {time.monotonic() - began:.0f} s")
        for problem in scenario.counts.problems[:50]:
            say(f"PROBLEM {problem}")
        return min(1, len(scenario.counts.problems))

    try:
        return asyncio.run(go())
    finally:
        nursery.close()


if __name__ == "__main__":
    sys.exit(main())
