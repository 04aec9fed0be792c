"""``datus tasks`` and ``datus state``: every client's tasks, from the state itself."""

import asyncio
import io
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from datus.cli.main import main
from datus.tasks.engines import migrate, open_store
from datus.tasks.migrations import LATEST

Run = Callable[..., tuple[int, str, str]]
ROWS = [{"城市": "上海", "销售额": 1.5}, {"城市": "\x1b[31m北京", "销售额": 2}]
METADATA = {"database": "shop", "row_count": 2, "truncated": True, "truncated_by": "bytes"}
ANSWER = {"sql": "SELECT 城市 FROM t", "result": ROWS, "metadata": METADATA}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "home" / "state.db"


@pytest.fixture
def datus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    monkeypatch.setenv("DATUS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def add(state: Path) -> Callable[..., None]:
    """Has a client's task end some days ago, with feedback if told so."""
    migrate(state)

    def add(
        client: str, name: str, status: Any = "completed", days: float = 0, feedback: bool = False
    ) -> None:
        async def end() -> None:
            at = datetime.now(UTC) - timedelta(days=days)
            store = await open_store(state, clock=lambda: at)
            request = {"task": "按城市统计\n销售额"}
            names = {"workflow": "nl2sql", "namespace": "demo"}
            task, _ = await store.submit(client, name, "f", request, **names)
            run = await store.start(task)
            error = {"code": "timeout", "message": "It took too long.", "details": {}}
            await run.finish(
                status,
                answer=ANSWER if status == "completed" else None,
                error=None if status == "completed" else error,
                events=[("output_ready", {"result": ROWS}), ("done", {"status": status})],
            )
            if feedback:
                await store.add_feedback(client, name, "failed", comment="应该只算活跃客户")
            await store.close()

        asyncio.run(end())

    return add


def test_list_shows_every_clients_tasks(datus: Run, add: Any) -> None:
    add("alice", "a1")
    add("报表", "b1", "failed")
    add("alice", "a2")
    code, out, _ = datus("tasks", "list")
    assert code == 0
    lines = [line.split() for line in out.splitlines() if "nl2sql" in line]
    assert [line[:3] for line in lines] == [
        ["a2", "alice", "completed"],
        ["b1", "报表", "failed"],
        ["a1", "alice", "completed"],
    ]
    assert lines[0][-2:] == ["按城市统计", "销售额"]
    out = datus("tasks", "list", "--status", "failed", "--json")[1]
    assert [(task["task_id"], task["client"]) for task in json.loads(out)] == [("b1", "报表")]
    out = datus("tasks", "list", "--client", "alice", "--limit", "1")[1]
    assert "a2" in out
    assert "a1" not in out
    assert "There may be more" in out
    assert datus("tasks", "list", "--namespace", "vault")[1] == "There is no such task.\n"


def test_list_goes_on_past_a_page(datus: Run, add: Any, state: Path) -> None:
    add("alice", "t")
    with sqlite3.connect(state) as connection:
        columns = "fingerprint, workflow, namespace, request, status, owner, attempt, last_seq, created_at"
        connection.executemany(
            f"INSERT INTO task (client_id, task_id, {columns}) SELECT 'bob', ?, {columns} FROM task LIMIT 1",
            [(f"b{number}",) for number in range(150)],
        )
    connection.close()
    found = json.loads(datus("tasks", "list", "--limit", "140", "--json")[1])
    assert [task["task_id"] for task in found] == [f"b{number}" for number in range(149, 9, -1)]


def test_show_tells_everything_and_steers_no_terminal(datus: Run, add: Any) -> None:
    add("alice", "t", feedback=True)
    code, out, _ = datus("tasks", "show", "t", "--events")
    assert code == 0
    for said in ("client:    alice", "status:    completed", "SELECT", "上海", "应该只算活跃客户"):
        assert said in out
    assert "2 rows, cut off at the limit of bytes" in out
    assert "output_ready" in out
    assert out.rstrip().splitlines()[-1].split()[2] == "done"
    assert "\x1b" not in out
    shown = json.loads(datus("tasks", "show", "t", "--json", "--events")[1])
    assert (shown["answer"], shown["feedback"][0]["status"]) == (ANSWER, "failed")
    assert [each["event"] for each in shown["events"]] == ["output_ready", "done"]


def test_a_task_is_named_with_its_client_where_two_have_the_id(datus: Run, add: Any) -> None:
    add("alice", "t")
    add("bob", "t", "failed")
    code, _, err = datus("tasks", "show", "t")
    assert (code, "--client, one of alice, bob" in err) == (1, True)
    out = datus("tasks", "show", "t", "--client", "bob")[1]
    assert "error:     timeout: It took too long." in out
    code, _, err = datus("tasks", "cancel", "t", "--client", "carol")
    assert (code, "no task 't' of client 'carol'" in err) == (1, True)
    code, _, err = datus("tasks", "cancel", "t", "--client", "bob")
    assert (code, "is over (failed)" in err) == (1, True)


@pytest.fixture
def running(state: Path) -> Iterator[Callable[[bool], None]]:
    """Has a task run in another thread's event loop, which ends it when it is asked to, or never."""
    migrate(state)
    begun, stop = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    async def own(heeds: bool) -> None:
        store = await open_store(state)
        task, _ = await store.submit(
            "alice", "runs", "f", {"task": "x"}, workflow="nl2sql", namespace="demo"
        )
        run = await store.start(task)
        begun.set()
        if heeds:
            await run.cancelled()
            error = {"code": "cancelled", "message": "As asked.", "details": {}}
            done = ("done", {"status": "cancelled"})
            await run.finish("cancelled", answer=None, error=error, events=[done])
        await asyncio.to_thread(stop.wait, 20)
        await store.close()

    def start(heeds: bool) -> None:
        threads.append(threading.Thread(target=lambda: asyncio.run(own(heeds))))
        threads[0].start()
        assert begun.wait(10)

    yield start
    stop.set()
    for thread in threads:
        thread.join(20)


def test_cancel_waits_for_the_end(datus: Run, running: Any) -> None:
    running(True)
    assert datus("tasks", "cancel", "runs") == (0, "runs is over: cancelled.\n", "")


def test_cancel_says_when_the_end_does_not_come(datus: Run, running: Any) -> None:
    running(False)
    code, out, err = datus("tasks", "cancel", "runs", "--wait", "0.1")
    assert (code, out) == (1, "")
    assert "asked to stop and still running after 0.1 s" in err
    assert "cancel:" in datus("tasks", "show", "runs")[1]


def test_a_task_whose_process_died_is_cancelled_here(datus: Run, add: Any, state: Path) -> None:
    add("alice", "t")
    with sqlite3.connect(state) as connection:
        connection.execute("DELETE FROM event WHERE type = 'done'")
        connection.execute(
            "UPDATE task SET status = 'running', owner = 'abcdef0123456789abcdef0123456789', "
            "finished_at = NULL, last_seq = 1"
        )
    connection.close()
    assert datus("tasks", "cancel", "t")[:2] == (0, "t is over: cancelled.\n")


def test_purge_takes_what_the_settings_say(datus: Run, add: Any) -> None:
    add("alice", "old", days=91)
    add("alice", "told", days=91, feedback=True)
    add("alice", "recent", days=89)
    add("bob", "old", "failed", days=31)
    said = "To delete: 2 tasks (1 completed, 1 failed); kept for feedback, without rows and events: 1 task.\n"
    assert datus("tasks", "purge", "--dry-run") == (0, said, "")
    code, out, err = datus("tasks", "purge")
    assert (code, out) == (1, said)
    assert "say --yes" in err
    code, out, _ = datus("tasks", "purge", "--yes")
    assert (code, out.startswith(said)) == (0, True)
    assert "Deleted 2 tasks; kept for feedback, without rows and events: 1 task." in out
    left = json.loads(datus("tasks", "list", "--json")[1])
    assert {task["task_id"] for task in left} == {"recent", "told"}
    shown = datus("tasks", "show", "told")[1]
    assert "rows and events were purged" in shown
    assert "应该只算活跃客户" in shown
    assert datus("tasks", "purge")[1] == "No task is old enough.\n"


def test_purge_takes_what_the_command_says(datus: Run, add: Any) -> None:
    add("alice", "failed", "failed", days=8)
    add("alice", "refused", "refused", days=8)
    add("alice", "young", "failed", days=6)
    add("alice", "done", days=8)
    options = ("--older-than", "7", "--status", "failed", "--status", "refused", "--yes")
    assert "Deleted 2 tasks." in datus("tasks", "purge", *options)[1]
    left = json.loads(datus("tasks", "list", "--json")[1])
    assert {task["task_id"] for task in left} == {"young", "done"}
    assert datus("tasks", "purge", "--status", "running")[0] == 2


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_purge_asks_on_a_terminal(datus: Run, add: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    add("alice", "old", days=91)
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert datus("tasks", "purge")[0] == 1
    assert len(json.loads(datus("tasks", "list", "--json")[1])) == 1
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert datus("tasks", "purge")[0] == 0
    assert json.loads(datus("tasks", "list", "--json")[1]) == []


def test_no_state_is_said_and_none_is_made(datus: Run, state: Path) -> None:
    code, _, err = datus("tasks", "list")
    assert (code, str(state) in err) == (2, True)
    assert not state.exists()


def test_migrate_makes_and_updates_the_tables_once(datus: Run, state: Path) -> None:
    code, out, _ = datus("state", "status")
    assert (code, "has no tables yet" in out) == (1, True)
    assert "Bring it there: datus state migrate" in datus("state", "migrate", "--dry-run")[1]
    assert not state.exists()
    code, out, _ = datus("state", "migrate")
    assert (code, f"schema version {LATEST} now; {LATEST} migrations applied" in out) == (0, True)
    assert f"is up to date: schema version {LATEST}" in datus("state", "migrate")[1]
    assert datus("state", "status")[0] == 0
    with sqlite3.connect(state) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99, '2024')")
    connection.close()
    code, out, _ = datus("state", "status")
    assert (code, "has schema version 99" in out) == (1, True)
    assert datus("state", "migrate")[0] == 2
