"""The service from submit to answer, with the real store, guard and databases; the SQL is scripted."""

import asyncio
import json
import math
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from datus.auth import Client
from datus.config import Settings, load_settings
from datus.errors import (
    ConfigError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    UnavailableError,
)
from datus.generation.scripted import ScriptedGenerator
from datus.service import RunRequest, Service
from datus.tasks.engines import open_store
from datus.tasks.sqlstore import SqlStore
from datus.tasks.store import TaskStore
from datus.types import Candidate, Event, GenerationContext, WordUse

CLIENT = Client("acme")
COUNT = "SELECT count(*) AS n FROM customers"
SLOW = "SELECT count(*) AS n FROM numbers a, numbers b, numbers c WHERE a.n + b.n + c.n = 1"
# Half a minute before noon in London, past midnight in Auckland.
NOW = datetime(2024, 1, 14, 11, 59, 30, tzinfo=UTC)

AGENT = """
agent:
  namespace:
    red: {{type: sqlite, uri: red.sqlite, timezone: Pacific/Auckland, description: Red shop}}
    blue: {{type: sqlite, uri: blue.sqlite}}
    both: {{type: sqlite, dbs: [{{uri: red.sqlite}}, {{uri: blue.sqlite}}]}}
{extra}
"""


def write_config(folder: Path, extra: str = "") -> Path:
    for number, name in enumerate(("red", "blue"), start=1):
        with sqlite3.connect(folder / f"{name}.sqlite") as connection:
            connection.executescript(
                "BEGIN;"  # waits for the disk once
                "CREATE TABLE customers (id INTEGER PRIMARY KEY, shop TEXT NOT NULL);"
                "CREATE TABLE numbers (n INTEGER NOT NULL);"
                "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 2000)"
                " INSERT INTO numbers SELECT n FROM c;"
            )
            rows = [(n, name) for n in range(number)]
            connection.executemany("INSERT INTO customers VALUES (?, ?)", rows)
        connection.close()
    config = folder / "agent.yml"
    config.write_text(AGENT.format(extra=extra), encoding="utf-8")
    return config


def read_settings(config: Path) -> Settings:
    home = config.parent / "home"
    home.mkdir(exist_ok=True)
    return load_settings(config, env={}, home=home, cwd=config.parent)


class Script:
    """SQL by a word of the question, and how often it was asked for."""

    def __init__(self) -> None:
        self.contexts: list[GenerationContext] = []

    def __call__(self, context: GenerationContext) -> list[str | Candidate]:
        self.contexts.append(context)
        text = context.question.text
        if "slow" in text:
            return [SLOW]
        if "unspeakable" in text:
            use = WordUse("unspeakable", (0, 11), cast(str, math.nan))
            return [Candidate(COUNT, 1.0, (), (), (use,))]
        return ["SELECT min(shop) AS shop FROM customers" if "shop" in text else COUNT]


@pytest.fixture
def script() -> Script:
    return Script()


Opened = Callable[..., Any]


@pytest.fixture
def opened(tmp_path: Path, script: Script) -> Opened:
    """Opens a service over two small shops; the argument is added to its ``agent.yml``."""

    @asynccontextmanager
    async def open_service(extra: str = "", grace_s: float = 5) -> AsyncIterator[Service]:
        if not (tmp_path / "red.sqlite").exists():
            write_config(tmp_path)
        (tmp_path / "agent.yml").write_text(AGENT.format(extra=extra), encoding="utf-8")
        service = await Service.open(
            read_settings(tmp_path / "agent.yml"),
            clock=lambda: NOW,
            random=os.urandom,
            generator=ScriptedGenerator(script),
        )
        try:
            yield service
        finally:
            await service.close(grace_s)

    return open_service


@pytest.fixture
async def service(opened: Opened) -> AsyncIterator[Service]:
    async with opened() as made:
        yield made


def ask(task: str = "How many customers?", **fields: Any) -> RunRequest:
    return RunRequest(**{"workflow": "nl2sql", "namespace": "red", "task": task} | fields)


async def until_running(service: Service, task_id: str) -> None:
    async for event in service.events(CLIENT, task_id):
        if event.type == "sql_generated":
            return


async def test_a_question_gets_its_answer(service: Service) -> None:
    task = await service.submit(CLIENT, ask())
    answer = await service.wait(CLIENT, task.task_id)
    assert (answer["status"], answer["result"]) == ("completed", [{"n": 1}])
    assert answer["task_id"] == task.task_id
    assert await service.answer(CLIENT, task.task_id) == answer
    events = [event async for event in service.events(CLIENT, task.task_id)]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.type for event in events][-2:] == ["output_ready", "done"]
    assert events[-2].data["result"] == answer["result"]
    later = [event async for event in service.events(CLIENT, task.task_id, after=3)]
    assert later == events[3:]


@pytest.mark.parametrize(
    ("client_id", "name"),
    [("acme", "acme"), ("a b/../c", "a_b_.._c"), ("客户", "__"), ("x" * 200, "x" * 96)],
)
async def test_made_task_ids_are_safe_and_differ(
    service: Service, client_id: str, name: str
) -> None:
    client = Client(client_id)
    ids = {(await service.submit(client, ask())).task_id for _ in range(3)}
    assert len(ids) == 3
    for task_id in ids:
        assert re.fullmatch(re.escape(name) + r"_20240114115930_[0-9a-f]{4,}", task_id)
        assert re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", task_id)


async def test_the_same_request_runs_once(service: Service, script: Script) -> None:
    request = ask(task_id="again")
    tasks = await asyncio.gather(*(service.submit(CLIENT, request) for _ in range(30)))
    assert {task.id for task in tasks} == {tasks[0].id}
    answer = await service.wait(CLIENT, "again")
    await service.submit(CLIENT, request)
    assert await service.wait(CLIENT, "again") == answer
    assert len(script.contexts) == 1
    with pytest.raises(ConflictError) as refused:
        await service.submit(CLIENT, ask("How many shops?", task_id="again"))
    assert refused.value.code == "task_id_reused"
    # The id of one client says nothing to another.
    await service.submit(Client("other"), ask("How many shops?", task_id="again"))
    assert (await service.wait(Client("other"), "again"))["result"] == [{"shop": "red"}]


async def test_a_stored_answer_comes_back_after_a_restart(opened: Opened, script: Script) -> None:
    async with opened() as service:
        await service.submit(CLIENT, ask(task_id="kept"))
        answer = await service.wait(CLIENT, "kept")
    async with opened() as service:
        await service.submit(CLIENT, ask(task_id="kept"))
        assert await service.wait(CLIENT, "kept") == answer
    assert len(script.contexts) == 1


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"workflow": "metrics"}, NotFoundError, "fixed, nl2sql, reflection, metric_to_sql"),
        ({"namespace": "green"}, NotFoundError, "red, blue, both"),
        ({"database_name": "green"}, NotFoundError, "red"),
        ({"catalog_name": "green"}, NotFoundError, "catalog_name"),
        ({"task": " \n"}, InvalidRequestError, "task is empty"),
        ({"task": "x" * 8001}, InvalidRequestError, "8001"),
        ({"task_id": "a/b"}, InvalidRequestError, "task_id"),
        ({"task_id": ""}, InvalidRequestError, "task_id"),
        ({"task_id": "x" * 129}, InvalidRequestError, "task_id"),
        ({"task_id": "ok\n"}, InvalidRequestError, "task_id"),
        ({"current_date": date(1, 1, 1)}, InvalidRequestError, "current_date"),
    ],
)
async def test_a_request_that_cannot_be_used_is_refused(
    service: Service, script: Script, fields: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=re.escape(says)) as refused:
        await service.submit(CLIENT, ask(**fields))
    if isinstance(refused.value, InvalidRequestError):
        assert refused.value.details["field"] in fields
    assert (await service.list(CLIENT))["tasks"] == []
    assert script.contexts == []


async def test_a_forbidden_namespace_is_one_that_does_not_exist(service: Service) -> None:
    client = Client("half", namespaces=frozenset({"blue"}))
    messages = []
    for name in ("red", "green"):
        with pytest.raises(NotFoundError) as refused:
            await service.submit(client, ask(namespace=name))
        assert refused.value.details == {"namespaces": ["blue"]}
        messages.append(refused.value.message.replace(name, "?"))
    assert messages[0] == messages[1]
    assert [space["name"] for space in service.namespaces(client)] == ["blue"]


async def test_a_database_is_picked_by_name_in_any_case(service: Service) -> None:
    for field in ("database_name", "catalog_name"):
        task = await service.submit(CLIENT, ask(namespace="both", **{field: "BLUE"}))
        answer = await service.wait(CLIENT, task.task_id)
        assert (answer["metadata"]["database"], answer["result"]) == ("blue", [{"n": 2}])


async def test_today_is_the_namespaces_own(service: Service, script: Script) -> None:
    requests = (ask(), ask(namespace="blue"), ask(current_date=date(2020, 2, 29)))
    for request in requests:
        await service.wait(CLIENT, (await service.submit(CLIENT, request)).task_id)
    assert [context.question.today for context in script.contexts] == [
        date(2024, 1, 15),
        date(2024, 1, 14),
        date(2020, 2, 29),
    ]


async def test_cancel_stops_the_statement(service: Service) -> None:
    await service.submit(CLIENT, ask("slow", task_id="slow"))
    await until_running(service, "slow")
    assert (await service.answer(CLIENT, "slow"))["status"] == "running"
    began = time.monotonic()
    await service.cancel(CLIENT, "slow")
    answer = await service.wait(CLIENT, "slow")
    assert time.monotonic() - began < 5
    assert (answer["status"], answer["error"]["code"]) == ("cancelled", "cancelled")
    events = [event.type async for event in service.events(CLIENT, "slow")]
    assert events[-2:] == ["error", "done"]
    with pytest.raises(ConflictError):
        await service.cancel(CLIENT, "slow")
    with pytest.raises(NotFoundError):
        await service.cancel(Client("other"), "slow")


async def test_too_many_tasks_are_refused_but_repeats_are_not(opened: Opened) -> None:
    async with opened("  server: {max_running: 1, max_queued: 1}", grace_s=0) as service:
        await service.submit(CLIENT, ask("slow", task_id="first"))
        await until_running(service, "first")
        await service.submit(CLIENT, ask(task_id="second"))
        assert (await service.answer(CLIENT, "second"))["status"] == "queued"
        with pytest.raises(UnavailableError) as refused:
            await service.submit(CLIENT, ask(task_id="third"))
        assert refused.value.details["retry_after"] > 0
        with pytest.raises(ConflictError):
            await service.submit(CLIENT, ask("How many shops?", task_id="second"))
        assert (await service.submit(CLIENT, ask(task_id="second"))).task_id == "second"
        await service.cancel(CLIENT, "first")
        assert (await service.wait(CLIENT, "second"))["status"] == "completed"
        await service.submit(CLIENT, ask(task_id="third"))
        assert (await service.wait(CLIENT, "third"))["status"] == "completed"


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_queued_task_that_is_cancelled_ends_at_once(
    opened: Opened, script: Script, elsewhere: bool
) -> None:
    extra = "  server: {max_running: 1, max_queued: 1}"
    async with opened(extra, grace_s=0) as service, opened(extra, grace_s=0) as other:
        await service.submit(CLIENT, ask("slow", task_id="first"))
        await until_running(service, "first")
        await service.submit(CLIENT, ask(task_id="second"))
        await asyncio.sleep(0.05)
        await (other if elsewhere else service).cancel(CLIENT, "second")
        answer = await service.answer(CLIENT, "second")
        assert (answer["status"], answer["error"]["code"]) == ("cancelled", "cancelled")
        assert (await service.answer(CLIENT, "first"))["status"] == "running"
        for _ in range(200):  # it leaves its place in the queue too
            try:
                await service.submit(CLIENT, ask(task_id="third"))
                break
            except UnavailableError:
                await asyncio.sleep(0.01)
        assert (await service.answer(CLIENT, "third"))["status"] == "queued"
        await service.cancel(CLIENT, "first")
        assert (await service.wait(CLIENT, "third"))["status"] == "completed"
        assert len(script.contexts) == 2


async def test_a_task_ends_when_its_own_time_is_over(opened: Opened) -> None:
    async with opened("  server: {max_running: 1}", grace_s=0) as service:
        began = time.monotonic()
        await service.submit(CLIENT, ask("slow", task_id="first", timeout_s=1))
        await until_running(service, "first")
        await service.submit(CLIENT, ask(task_id="waits", timeout_s=0.2))
        late = await service.wait(CLIENT, "waits")  # its time went by in the queue
        assert (late["status"], late["error"]["code"]) == ("failed", "timeout")
        assert (await service.answer(CLIENT, "first"))["status"] == "running"
        answer = await service.wait(CLIENT, "first")
        assert (answer["status"], answer["error"]["code"]) == ("failed", "timeout")
        assert "1 second" in answer["error"]["message"]
        assert 1 <= time.monotonic() - began < 10
        assert [event.type async for event in service.events(CLIENT, "waits")] == ["error", "done"]
        for timeout_s in (0, 601):
            with pytest.raises(InvalidRequestError, match="up to 600 seconds"):
                await service.submit(CLIENT, ask(timeout_s=timeout_s))
        with pytest.raises(ConflictError):
            await service.submit(CLIENT, ask(task_id="waits", timeout_s=9))


async def test_the_queue_keeps_time_though_the_store_cannot_be_read(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def unreadable(*_: Any) -> None:
        asked.set()
        raise UnavailableError("The state database is away.")

    async with opened("  server: {max_running: 1}", grace_s=0) as service:
        await service.submit(CLIENT, ask("slow", task_id="first"))
        await until_running(service, "first")
        with monkeypatch.context() as patched:
            patched.setattr(SqlStore, "wait", unreadable)
            await service.submit(CLIENT, ask(task_id="waits", timeout_s=0.3))
            await asyncio.wait_for(asked.wait(), 5)
        late = await asyncio.wait_for(service.wait(CLIENT, "waits"), 5)
        assert (late["status"], late["error"]["code"]) == ("failed", "timeout")
        assert (await service.answer(CLIENT, "first"))["status"] == "running"


async def test_a_slow_namespace_leaves_turns_and_places_to_the_others(opened: Opened) -> None:
    limits = "max_running: 3, max_running_per_namespace: 2, max_queued_per_namespace: 1"
    async with opened(f"  server: {{{limits}}}", grace_s=0) as service:
        for number in range(3):
            await service.submit(CLIENT, ask("slow", task_id=f"slow{number}"))
        for number in range(2):
            await until_running(service, f"slow{number}")
        assert (await service.answer(CLIENT, "slow2"))["status"] == "queued"
        with pytest.raises(UnavailableError, match="'red'") as refused:
            await service.submit(CLIENT, ask())
        assert refused.value.details["retry_after"] > 0
        quick = await service.submit(CLIENT, ask(namespace="blue"))
        answer = await asyncio.wait_for(service.wait(CLIENT, quick.task_id), 20)
        assert answer["result"] == [{"n": 2}]
        await service.cancel(CLIENT, "slow0")
        await until_running(service, "slow2")


async def test_what_waits_at_a_stop_is_handed_back_at_once(opened: Opened) -> None:
    limits = "  server: {max_running: 1}"
    async with opened(limits, grace_s=0) as stopping:
        await stopping.submit(CLIENT, ask("slow", task_id="slow"))
        await until_running(stopping, "slow")
        await stopping.submit(CLIENT, ask(task_id="waits"))
        async with opened(limits, grace_s=0) as other:
            stopping.drain()
            answer = await asyncio.wait_for(other.wait(CLIENT, "waits"), 10)
            assert answer["result"] == [{"n": 1}]
            assert (await other.answer(CLIENT, "slow"))["status"] == "running"
            with pytest.raises(UnavailableError, match="shutting down"):
                await stopping.submit(CLIENT, ask())
            await stopping.close(0)
            async with asyncio.timeout(10):
                while True:
                    if (await other._store.get("acme", "slow")).owner == other._store.owner:
                        break
                    await asyncio.sleep(0.02)
            await other.cancel(CLIENT, "slow")


async def test_what_another_version_left_ends_and_stops_nobody_else(
    opened: Opened, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened():
        pass
    left = await open_store(tmp_path / "home" / "state.db")
    await leave(left, "odd", None)
    await leave(left, "good", "How many customers?")
    await left.close()
    async with opened() as service:
        answer = await asyncio.wait_for(service.wait(CLIENT, "odd"), 10)
        assert (answer["status"], answer["error"]["code"]) == ("failed", "internal")
        answer = await asyncio.wait_for(service.wait(CLIENT, "good"), 10)
        assert answer["result"] == [{"n": 1}]
    assert "task odd" in caplog.text


async def test_a_fault_ends_neither_what_looks_for_lost_tasks_nor_what_deletes_old_ones(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: set[str] = set()

    def fault(name: str) -> Any:
        async def raising(*_: Any, **__: Any) -> None:
            faults.add(name)
            raise LookupError("a fault")

        return raising

    with monkeypatch.context() as patched:
        patched.setattr(SqlStore, "adopt", fault("adopt"))
        patched.setattr(SqlStore, "purge_traces", fault("purge_traces"))
        async with opened() as service:
            for _ in range(500):
                if len(faults) == 2:
                    break
                await asyncio.sleep(0.01)
            assert len(faults) == 2
            patched.undo()
            other = await open_store(service._settings.state)
            await leave(other, "left", "How many customers?")
            await other.close()
            answer = await asyncio.wait_for(service.wait(CLIENT, "left"), 10)
            assert answer["status"] == "completed"


async def test_a_process_that_is_always_full_takes_over_too(opened: Opened) -> None:
    async with opened("  server: {max_running: 1}", grace_s=0) as service:
        await service.submit(CLIENT, ask("slow", task_id="first"))
        await service.submit(CLIENT, ask("slow", task_id="second"))
        await until_running(service, "first")
        other = await open_store(service._settings.state)
        await leave(other, "left", "How many customers?")
        await other.close()
        async with asyncio.timeout(10):
            while (await service._store.get("acme", "left")).owner != service._store.owner:
                assert len(service._runner) == 2
                await asyncio.sleep(0.05)
        assert (await service.answer(CLIENT, "first"))["status"] == "running"
        await service.cancel(CLIENT, "second")
        await service.cancel(CLIENT, "first")
        assert (await service.wait(CLIENT, "left"))["status"] == "completed"


async def leave(store: TaskStore, task_id: str, text: str | None) -> None:
    """A task that another process accepted and does not run."""
    request = {"workflow": "nl2sql", "namespace": "red", "task": text}
    await store.submit("acme", task_id, task_id, request, workflow="nl2sql", namespace="red")


async def test_a_request_that_is_just_accepted_has_its_grace_too(opened: Opened) -> None:
    async with opened() as service:
        accepting = asyncio.create_task(service.submit(CLIENT, ask(task_id="late")))
        await asyncio.sleep(0)
        await asyncio.gather(service.close(5), accepting)
    async with opened() as service:
        assert (await service.answer(CLIENT, "late"))["status"] == "completed"


async def test_a_thousand_questions_to_two_namespaces_never_mix(opened: Opened) -> None:
    async with opened("  server: {max_queued: 2000}") as service:

        async def one(number: int) -> tuple[str, Any, Any]:
            namespace = ("red", "blue")[number % 2]
            request = ask(f"Which shop is number {number}?", namespace=namespace)
            task = await service.submit(CLIENT, request)
            answer = await service.wait(CLIENT, task.task_id)
            return namespace, answer["metadata"].get("database"), answer["result"]

        for namespace, database, result in await asyncio.gather(*map(one, range(1000))):
            assert (database, result) == (namespace, [{"shop": namespace}])


async def test_a_caller_that_goes_away_leaves_its_task(service: Service) -> None:
    caller = asyncio.create_task(service.submit(CLIENT, ask(task_id="left")))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait({caller})
    for _ in range(100):
        if (await service.list(CLIENT))["tasks"]:
            break
        await asyncio.sleep(0.01)
    assert (await service.wait(CLIENT, "left"))["status"] == "completed"


async def test_closing_lets_tasks_finish_and_hands_back_the_rest(opened: Opened) -> None:
    async with opened() as service:
        await service.submit(CLIENT, ask(task_id="quick"))
    async with opened(grace_s=0.1) as service:
        assert (await service.answer(CLIENT, "quick"))["status"] == "completed"
        await service.submit(CLIENT, ask("slow", task_id="slow"))
        await until_running(service, "slow")
    async with opened() as service:
        await until_running(service, "slow")
        await service.cancel(CLIENT, "slow")
        assert (await service.wait(CLIENT, "slow"))["status"] == "cancelled"
        assert_told_once([event async for event in service.events(CLIENT, "slow")])
    with pytest.raises(UnavailableError):
        await service.submit(CLIENT, ask())


async def test_an_answer_that_json_cannot_hold_still_ends(service: Service) -> None:
    task = await service.submit(CLIENT, ask("unspeakable"))
    answer = await service.wait(CLIENT, task.task_id)
    assert (answer["status"], answer["error"]["code"]) == ("failed", "internal")
    events = [event.type async for event in service.events(CLIENT, task.task_id)]
    assert events[-2:] == ["error", "done"]


async def test_a_run_that_lost_its_task_writes_nothing_more(
    service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await service.submit(CLIENT, ask("slow", task_id="taken"))
    await until_running(service, "taken")
    with sqlite3.connect(tmp_path / "home" / "state.db") as state:
        state.execute("UPDATE task SET attempt = attempt + 1")
    state.close()
    await service.cancel(CLIENT, "taken")
    for _ in range(200):
        if "no longer this process's" in caplog.text:
            break
        await asyncio.sleep(0.01)
    assert (await service.answer(CLIENT, "taken"))["status"] == "running"
    with sqlite3.connect(tmp_path / "home" / "state.db") as state:
        assert state.execute("SELECT count(*) FROM event WHERE type = 'done'").fetchone() == (0,)
    state.close()


DYING = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
from datus.auth import Client
from datus.config import load_settings
from datus.generation.scripted import ScriptedGenerator
from datus.service import RunRequest, Service

async def main(config):
    settings = load_settings(config, env={}, home=config.parent / "home", cwd=config.parent)
    service = await Service.open(
        settings, clock=lambda: datetime.now(UTC), random=os.urandom,
        generator=ScriptedGenerator(lambda context: [sys.argv[2]]),
    )
    client = Client("acme")
    await service.submit(client, RunRequest("nl2sql", "red", "slow", task_id="lost"))
    async for event in service.events(client, "lost"):
        if event.type == "sql_generated":
            print("running", flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_a_task_of_a_killed_process_is_gone_on_with(tmp_path: Path, opened: Opened) -> None:
    config = write_config(tmp_path)
    (tmp_path / "home").mkdir()
    dying = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DYING, str(config), SLOW, stdout=subprocess.PIPE
    )
    assert dying.stdout is not None
    assert await dying.stdout.readline() == b"running\n"
    dying.kill()
    await dying.wait()
    async with opened() as service:
        async with asyncio.timeout(10):
            while True:
                task = await service._store.get("acme", "lost")
                if (task.attempt, task.status) == (2, "running"):
                    break
                await asyncio.sleep(0.02)
        await service.cancel(CLIENT, "lost")
        answer = await service.wait(CLIENT, "lost")
        assert answer["status"] == "cancelled"
        nodes = [timing["node"] for timing in answer["metadata"]["nodes"]]
        # None when the cancel came before what was recorded is read.
        assert nodes[:3] in ([], ["schema_linking", "date_parser", "generate_sql"])
        assert len(set(nodes)) == len(nodes)
        assert_told_once([event async for event in service.events(CLIENT, "lost")])


def assert_told_once(events: Sequence[Event]) -> None:
    """The log of a task that was taken over in mid-statement reads as that of one attempt."""
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    told = [(event.type, json.dumps(event.data, sort_keys=True)) for event in events]
    assert len(set(told)) == len(told)
    assert [event.type for event in events].count("sql_generated") == 1
    assert events[-1].type == "done"


async def test_ready_says_what_does_not_answer(opened: Opened, tmp_path: Path) -> None:
    async with opened() as service:
        assert await service.ready() == {}
    (tmp_path / "blue.sqlite").unlink()
    async with opened() as service:
        reasons = await service.ready()
        assert {part: why.reason for part, why in reasons.items()} == {
            "blue/blue": "unreachable",
            "both/blue": "unreachable",
        }
        assert str(tmp_path) in reasons["blue/blue"].message
        await service.close(0)
        assert (await service.ready())["service"].reason == "shutting_down"


async def test_lists_and_feedback(service: Service) -> None:
    for number in range(3):
        await service.submit(CLIENT, ask(task_id=f"t{number}"))
        await service.wait(CLIENT, f"t{number}")
    page = await service.list(CLIENT, limit=2)
    assert [task["task_id"] for task in page["tasks"]] == ["t2", "t1"]
    assert page["tasks"][0]["task"] == "How many customers?"
    assert page["tasks"][0]["created_at"] == "2024-01-14T11:59:30.000Z"
    rest = await service.list(CLIENT, limit=2, cursor=page["next_cursor"])
    assert [task["task_id"] for task in rest["tasks"]] == ["t0"]
    assert rest["next_cursor"] is None
    assert await service.feedback(CLIENT, "t0", "success") == "2024-01-14T11:59:30.000Z"
    with pytest.raises(NotFoundError):
        await service.feedback(Client("other"), "t0", "failed")


async def test_definitions_and_namespaces(service: Service) -> None:
    names = ["fixed", "nl2sql", "reflection", "metric_to_sql"]
    assert [flow["name"] for flow in service.definitions()] == names
    red = service.namespaces(CLIENT)[0]
    assert red == {
        "name": "red",
        "description": "Red shop",
        "timezone": "Pacific/Auckland",
        "dialects": ["sqlite"],
        "databases": [{"name": "red", "dialect": "sqlite"}],
    }


async def test_a_broken_workflow_of_the_configuration_stops_the_start(opened: Opened) -> None:
    with pytest.raises(ConfigError, match=r"agent\.workflow\.mine"):
        async with opened("  workflow: {mine: [schema_linking, output]}"):
            pass


async def test_an_offline_model_as_judge_stops_the_start(opened: Opened) -> None:
    with pytest.raises(ConfigError, match=r"agent\.models\.offline is no hosted model"):
        async with opened("  nodes: {reflect: {judge: model}}"):
            pass


async def test_closing_twice_does_no_harm(opened: Opened) -> None:
    async with opened() as service:
        await service.submit(CLIENT, ask(task_id="t"))
        await service.wait(CLIENT, "t")
        await service.close(1)
        await service.close(1)
