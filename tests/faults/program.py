"""What runs in the processes that the nursery forks: the real server, with a scripted generator and a diary.

The diary is a file to which every process appends what it does, so that executions can be counted without
asking the state. It tells ``accepted`` of a task that is new, ``taken`` of one that is taken over, ``begin``, ``end`` and
``cancelled`` of every node, and ``ended`` when a run stored its end.

What to do is in the environment, so that each process may do something else:

    FAULTS_DIARY  the diary's path
    FAULTS_KILL   where this process kills itself, see ``Death``
    FAULTS_GATE   path of a file; questions that begin with "Hold" wait until it exists
    FAULTS_CLOCK  path of a file with the seconds by which the service's clock is wrong
"""

import asyncio
import gc
import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, NoReturn

import uvicorn.lifespan.on
import uvicorn.loops.auto
import uvicorn.protocols.http.auto  # noqa: F401

import datus.api.app
import datus.connectors.sqlite
import datus.service.service as service_module
import datus.tasks.postgresql  # noqa: F401
from datus.api import process
from datus.api.server import main
from datus.auth import Client
from datus.config import load_settings
from datus.errors import RefusalError
from datus.service import RunRequest, Service
from datus.service.tending import Tending
from datus.tasks import spending, statements
from datus.tasks.engines import migrate
from datus.tasks.sqlrun import SqlRun
from datus.tasks.sqlstore import SqlStore
from datus.types import Candidate, GenerationContext
from datus.workflow import runner
from datus.workflow.nodes import NODES
from tests.faults.servers import Place

COUNT = "SELECT count(*) AS orders FROM orders"
LONG = "SELECT count(*) AS n FROM numbers a, numbers b, numbers c WHERE (a.n * b.n + c.n) % 7 = 3 AND c.n < {}"
ROWS = "SELECT a.n, b.n AS m, 'a row that takes some room' AS words FROM numbers a, numbers b WHERE b.n < {}"


class Generator:
    """Does what the question says, then writes the SQL.

    ``Wait 0.5``: seconds. ``Block 10``: likewise, and holds the event loop. ``Hold``: until the gate opens.
    ``Statement 9``: a statement of some tenths of a second each. ``Rows 9``: thousands of rows each.
    ``Refuse``: no SQL. ``Break``: SQL that fails. Anything else: the number of orders.
    """

    name = "faults"
    version = ""

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        word, _, rest = context.question.text.partition(" ")
        amount = rest.partition(" ")[0]
        sql = COUNT
        match word:
            case "Wait":
                await asyncio.sleep(float(amount))
            case "Block":
                time.sleep(float(amount))  # noqa: ASYNC251  it is the fault
            case "Hold":
                while not Path(os.environ["FAULTS_GATE"]).exists():  # noqa: ASYNC110, ASYNC240
                    await asyncio.sleep(0.02)
            case "Statement":
                sql = LONG.format(int(amount) + 1)
            case "Rows":
                sql = ROWS.format(int(amount) + 1)
            case "Refuse":
                raise RefusalError("Nothing is known of that.", code="unanswerable")
            case "Break":
                sql = "SELECT nothing FROM nowhere"
        return (Candidate(sql, 1.0, (), ()),)


def note(what: str, task: str, **more: Any) -> None:
    """Append to the diary; one write call, so that lines of several processes do not mix."""
    line = json.dumps({"at": time.time(), "pid": os.getpid(), "what": what, "task": task, **more})
    diary = os.open(os.environ["FAULTS_DIARY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(diary, line.encode() + b"\n")
    finally:
        os.close(diary)


def die() -> NoReturn:
    """As by ``kill -9`` and a power cut of this process alone: nothing is flushed, closed or told."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it is dead")


class Death:
    """Where this process kills itself: ``place`` or ``place:number``.

    ``before:3``: when the third event is about to be told. ``after:3``: once it is stored, before anything else.
    ``writing:3``: in the transaction that stores it. ``submitted``, ``started``: when that is stored.
    ``statement``: while the answer's statement runs. ``finish``, ``finishing``, ``finished``: before, in and
    after the transaction of the end.
    """

    @staticmethod
    def at(place: str, number: int | None = None) -> None:
        """Die if it is here."""
        if os.environ.get("FAULTS_KILL") == (place if number is None else f"{place}:{number}"):
            die()

    @staticmethod
    def by_events() -> bool:
        """Whether events are told one by one, each stored before the next."""
        return "FAULTS_KILL" in os.environ


def instrument() -> None:
    """Put the generator, the diary and the deaths in their places. Called once, before the first fork."""
    service_module.make_generator = lambda *_: Generator()
    process.datetime = WrongClock  # type: ignore[attr-defined]
    for node in NODES.values():
        _note_node(type(node))
    _note_tasks()
    _die_in_store()


class WrongClock(datetime):
    """The clock of the service, wrong by what the file says."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        path = os.environ.get("FAULTS_CLOCK")
        wrong = float(Path(path).read_text()) if path else 0.0
        return datetime.now(tz) + timedelta(seconds=wrong)


def _note_node(node: Any) -> None:
    run = node.run

    async def noted(self: Any, state: Any, tools: Any, report: Any) -> Any:
        note("begin", state.task_id, node=self.name)
        if self.name == "execute_sql" and os.environ.get("FAULTS_KILL") == "statement":
            threading.Timer(0.2, die).start()
        try:
            came = await run(self, state, tools, report)
        except asyncio.CancelledError:
            note("cancelled", state.task_id, node=self.name)
            raise
        note("end", state.task_id, node=self.name)
        return came

    node.run = noted


def _note_tasks() -> None:
    go_on, finish, tell = Service._go_on, SqlRun.finish, runner._Log.tell

    def noted(self: Service, task: Any) -> None:
        note("taken", task.task_id, attempt=task.attempt)
        go_on(self, task)

    async def finished(self: SqlRun, *ending: Any, **more: Any) -> Any:
        Death.at("finish")
        ended = await finish(self, *ending, **more)
        Death.at("finished")
        note("ended", self.task.task_id, status=ended.status, attempt=self.task.attempt)
        return ended

    async def told(self: Any, type: Any, data: Any, step: Any = None) -> None:
        if not Death.by_events():
            await tell(self, type, data, step)
            return
        number = self._run._told + 1
        Death.at("before", number)
        await tell(self, type, data, step)
        await self._run.stored()
        Death.at("after", number)

    Service._go_on = noted  # type: ignore[method-assign]
    SqlRun.finish = finished  # type: ignore[method-assign]
    runner._Log.tell = told  # type: ignore[method-assign]


def _die_in_store() -> None:
    append, end, submit, start = (
        statements.append_events,
        spending.end_task,
        SqlStore.submit,
        SqlStore.start,
    )

    def appended(*values: Any, before: int, **more: Any) -> None:
        append(*values, before=before, **more)
        Death.at("writing", before + 1)

    def ended(*values: Any, **more: Any) -> Any:
        record = end(*values, **more)
        Death.at("finishing")
        return record

    async def submitted(self: SqlStore, *values: Any, **more: Any) -> Any:
        task, created = await submit(self, *values, **more)
        Death.at("submitted")
        if created:
            note("accepted", task.task_id)
        return task, created

    async def started(self: SqlStore, task: Any) -> Any:
        run = await start(self, task)
        Death.at("started")
        return run

    statements.append_events = appended
    spending.end_task = ended
    SqlStore.submit = submitted  # type: ignore[method-assign]
    SqlStore.start = started  # type: ignore[method-assign]


def serve(order: Mapping[str, Any]) -> int:
    """The server, on any free port, which it writes to its output."""
    return main(["--port", "0", "--config", order["config"]])


def ask(order: Mapping[str, Any]) -> int:
    """A service that submits tasks as client ``alice`` and goes on until it is killed."""

    async def never(self: Tending) -> None:
        """What other processes of its kind die of is not for this one."""

    async def go() -> None:
        settings = load_settings(Path(order["config"]), env=os.environ)
        service = await Service.open(
            settings, clock=lambda: datetime.now(UTC), random=secrets.token_bytes
        )
        for fields in order["tasks"]:
            await service.submit(Client("alice"), RunRequest(**fields))
        await asyncio.Event().wait()

    Tending._look = never  # type: ignore[method-assign]
    asyncio.run(go())
    return 0


def warm_up(folder: Path) -> None:
    """Answer one question, so that what is imported or made at first use is there in every child."""
    place = Place(folder, folder / "state.db")
    migrate(place.state)
    os.environ["FAULTS_DIARY"] = str(place.diary)

    async def go() -> None:
        service = await Service.open(
            load_settings(place.config, env={}, home=folder),
            clock=lambda: datetime.now(UTC),
            random=secrets.token_bytes,
        )
        request = RunRequest(workflow="fixed", namespace="shop", task="How many?")
        task = await service.submit(Client("alice"), request)
        await service.wait(Client("alice"), task.task_id)
        await service.close()

    asyncio.run(go())
    gc.collect()


ROLES: Mapping[str, Callable[[Mapping[str, Any]], int]] = {"serve": serve, "ask": ask}
