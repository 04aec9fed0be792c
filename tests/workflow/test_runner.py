"""The end of a run is stored after its events, in turn, and again when the store is busy."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest

from datus.errors import FenceError, NotFoundError, UnavailableError
from datus.tasks.encoding import spent_as_json
from datus.tasks.store import NOTHING_SPENT, FinalStatus, Left, Run, Spent, TaskRecord, TaskStore
from datus.types import EventType, Question, Usage
from datus.workflow import runner as runner_module
from datus.workflow.definitions import BUILT_IN
from datus.workflow.runner import Places, Runner
from datus.workflow.state import RunState

NOW = datetime(2024, 1, 15, tzinfo=UTC)
TASK = TaskRecord(
    1, "acme", "t1", "f", "fixed", "shop", {}, "queued", "me", 1, 0, 0, None, NOW, None, None, None
)
STATE = RunState(
    "t1", "fixed", "shop", Question("How many customers?", date(2024, 1, 15)), ("shop",)
)


class SlowRun:
    """A run of a store that takes its time for events and fails ``busy`` times at the end."""

    def __init__(self, busy: int = 0, lost_at: EventType | None = None) -> None:
        self.task = TASK
        self.written: list[str] = []
        self._busy = busy
        self._lost_at = lost_at

        self.left = Left()

    def emit(
        self, type: EventType, data: Mapping[str, Any], step: Mapping[str, Any] | None = None
    ) -> int:
        if type == self._lost_at:
            raise FenceError("not yours")
        self.written.append(type)
        return len(self.written)

    async def stored(self) -> None: ...

    async def finish(
        self,
        status: FinalStatus,
        *,
        answer: Mapping[str, Any] | None,
        error: Mapping[str, Any] | None,
        events: Sequence[tuple[EventType, Mapping[str, Any]]],
        spent: Spent = NOTHING_SPENT,
    ) -> TaskRecord:
        if self._busy:
            self._busy -= 1
            raise UnavailableError("The disk is full.")
        self.written.extend(type for type, _ in events)
        self.spent = spent
        return replace(self.task, status=status)

    async def cancelled(self) -> None:
        await asyncio.Event().wait()


class Store:
    """Only what a runner uses."""

    def __init__(self, run: SlowRun) -> None:
        self._run = run
        self.forgotten: list[TaskRecord] = []

    async def start(self, task: TaskRecord) -> Run:
        return self._run

    def forget(self, task: TaskRecord) -> None:
        self.forgotten.append(task)


async def run_to_the_end(lab, run: SlowRun) -> None:
    tools = lab.tools(lambda context: ["SELECT count(*) AS n FROM customers"])
    runner = Runner(cast(TaskStore, Store(run)), tools, Places(1, 10, 1, 10))
    runner.start(TASK, BUILT_IN[0], STATE)
    await runner.close(grace_s=20)


async def test_the_end_never_overtakes_an_event(lab) -> None:
    run = SlowRun()
    await run_to_the_end(lab, run)
    assert run.written[0] == "started"
    assert run.written[-2:] == ["output_ready", "done"]
    assert run.written.count("node_progress") == 8


async def test_the_end_is_stored_when_the_store_is_back(lab, monkeypatch, caplog) -> None:
    monkeypatch.setattr(runner_module, "_STORE_RETRY_S", 0.01)
    run = SlowRun(busy=3)
    await run_to_the_end(lab, run)
    assert run.written[-1] == "done"
    assert caplog.text.count("The disk is full.") == 3


async def test_a_task_that_cannot_be_gone_on_with_counts_what_it_had_spent(lab) -> None:
    run, spent = SlowRun(), Spent({"m": Usage(1, 3, 0, 0, 0.5)}, ())
    run.left = Left(({"spent": spent_as_json(spent)},))
    tools = lab.tools(lambda context: [])
    runner = Runner(cast(TaskStore, Store(run)), tools, Places(1, 10, 1, 10))
    runner.fail(TASK, NotFoundError("There is no such namespace any more."))
    await runner.close(grace_s=20)
    assert (run.written, run.spent) == (["error", "done"], spent)


@pytest.mark.parametrize("lost_at", ["started", "sql_generated", "node_progress"])
async def test_a_lost_fence_leaves_no_end(lab, caplog, lost_at: EventType) -> None:
    run = SlowRun(lost_at=lost_at)
    await run_to_the_end(lab, run)
    assert "done" not in run.written
    assert "no longer this process's" in caplog.text


@pytest.mark.parametrize("fault", [RuntimeError("a fault"), TypeError("not JSON, ever")])
async def test_a_task_whose_run_breaks_in_datus_is_left_to_be_taken_again(
    lab, caplog, fault: Exception
) -> None:
    class Broken(SlowRun):
        async def finish(self, *args: Any, **fields: Any) -> TaskRecord:
            raise fault

    store = Store(Broken())
    tools = lab.tools(lambda context: ["SELECT count(*) AS n FROM customers"])
    runner = Runner(cast(TaskStore, store), tools, Places(1, 10, 1, 10))
    runner.start(TASK, BUILT_IN[0], STATE)
    await runner.close(grace_s=20)
    assert store.forgotten == [TASK]
    assert "ended without being stored" in caplog.text
