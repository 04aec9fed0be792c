"""What a run says and how it ends, whatever fails."""

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from datus.errors import FenceError, RefusalError
from datus.sql.guard import CheckedSql, check
from datus.types import Candidate, DatabaseSchema, EventType, GenerationContext, WordUse
from datus.workflow import engine
from datus.workflow.nodes.output import Output

COUNT = "SELECT count(*) AS n FROM customers WHERE city = 'Rome'"
BROKEN = "SELECT abs(-9223372036854775807 - id) AS n FROM customers"
SLOW = "SELECT count(*) AS n FROM numbers a, numbers b, numbers c WHERE a.n + b.n + c.n = 1"
UNSAFE = "DELETE FROM customers"


def assert_well_told(events: list[tuple[EventType, Mapping[str, Any]]], status: str) -> None:
    kinds = [kind for kind, _ in events]
    counts = Counter(kinds)
    assert kinds[0] == "started"
    assert kinds[-1] == "done"
    assert counts["started"] == counts["done"] == 1
    assert events[-1][1]["status"] == status
    if status == "completed":
        assert kinds[-2] == "output_ready"
        assert "error" not in kinds
    else:
        assert kinds[-2] == "error"
        assert counts["error"] == 1
        assert "output_ready" not in kinds
    progress = [data["progress"] for _, data in events if "progress" in data]
    assert progress == sorted(progress)
    assert all(0 <= value <= 100 for value in progress)
    open_nodes: list[str] = []
    for kind, data in events:
        if kind == "node_progress" and data["status"] == "processing":
            open_nodes.append(data["node"])
        elif kind == "node_progress" and data["status"] in ("completed", "failed"):
            assert open_nodes.pop() == data["node"]
    assert not open_nodes
    json.dumps(events, allow_nan=False)


async def test_a_run_says_what_it_does(lab) -> None:
    outcome = await lab.ask("nl2sql", lambda context: [COUNT])
    assert_well_told(lab.events, "completed")
    assert [kind for kind, _ in lab.events if kind not in ("progress", "node_progress")] == [
        "started",
        "node_detail",
        "node_detail",
        "node_detail",
        "sql_generated",
        "execution_complete",
        "output_ready",
        "done",
    ]
    assert lab.steps() == ["schema_linking", "date_parser", "generate_sql", "execute_sql", "output"]
    assert lab.steps("skipped") == ["fix"]
    assert lab.of("node_progress")[-1]["progress"] == 100
    assert "customers" in lab.of("node_detail")[0]["details"]["tables_found"]
    assert lab.of("execution_complete")[0]["rows_affected"] == 1
    assert lab.of("sql_generated")[0]["sql"] == outcome.answer["sql"]


async def test_the_answer_has_the_contracts_shape(lab) -> None:
    def script(context: GenerationContext) -> list[Candidate]:
        use = WordUse("Rome", (26, 30), "customers.city = 'Rome'")
        return [
            Candidate(COUNT, 1.0, ("customers",), ("customers.city",), (use,), generator="scripted")
        ]

    answer = (await lab.ask("nl2sql", script, "How many customers are in Rome last month?")).answer
    assert set(answer) == {
        "task_id", "status", "workflow", "sql", "result", "metadata", "error", "execution_time",
    }  # fmt: skip
    assert answer["result"] == [{"n": 2}]
    assert answer["error"] is None
    metadata = answer["metadata"]
    assert metadata["execution_time"] == answer["execution_time"] > 0
    assert metadata["nodes_executed"] == 5
    assert metadata["reflection_rounds"] == 0
    assert metadata["row_count"] == 1
    assert metadata["truncated"] is False
    assert metadata["columns"] == [{"name": "n", "type": "integer"}]
    assert metadata["database"] == "shop"
    assert [table.split(".")[-1] for table in metadata["tables"]] == ["customers"]
    assert metadata["words"] == [
        {"words": "Rome", "span": [26, 30], "meaning": "customers.city = 'Rome'"}
    ]
    assert metadata["time_ranges"] == [
        {
            "words": "last month",
            "start": "2023-12-01",
            "end": "2024-01-01",
            "grain": "month",
            "timezone": "UTC",
        }
    ]
    assert metadata["generator"] == "scripted"
    assert metadata["knowledge_version"]
    assert [node["node"] for node in metadata["nodes"]] == lab.steps()
    assert (metadata["metrics"], metadata["reference_sql"]) == ([], [])
    assert (metadata["model"], metadata["tokens"]) == (None, None)


def refuse(context: GenerationContext) -> list[str]:
    raise RefusalError(
        "Nothing here is about whales.", code="unanswerable", details={"words": ["whales"]}
    )


def crash(context: GenerationContext) -> list[str]:
    raise ZeroDivisionError("hunter2")


@pytest.mark.parametrize("workflow", ["fixed", "nl2sql", "reflection"])
@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        (refuse, "refused", "unanswerable"),
        (crash, "failed", "internal"),
        (lambda context: [], "refused", "unanswerable"),
        (lambda context: [UNSAFE], "refused", "unsafe_sql"),
        (lambda context: [BROKEN], "failed", "database_error"),
        (lambda context: [1], "failed", "internal"),
    ],
    ids=["refusal", "crash", "nothing", "unsafe", "database", "nonsense"],
)
async def test_every_failure_ends_in_error_and_one_done(
    lab, workflow, script, status, code
) -> None:
    outcome = await lab.ask(workflow, script)
    assert_well_told(lab.events, status)
    assert (outcome.status, outcome.error["code"]) == (status, code)
    assert outcome.answer["error"] == outcome.error == lab.of("error")[0]
    assert outcome.answer["result"] is None
    assert "hunter2" not in json.dumps([outcome.answer, lab.events])


async def test_an_unsafe_statement_is_never_told_as_generated(lab) -> None:
    outcome = await lab.ask("fixed", lambda context: [UNSAFE])
    assert lab.of("sql_generated") == []
    assert outcome.answer["sql"] is None


async def test_what_runs_is_what_the_guard_wrote(lab) -> None:
    def guard(sql: str, schema: DatabaseSchema) -> CheckedSql:
        return replace(check(sql, schema), sql="SELECT 7 AS n")

    outcome = await lab.ask("fixed", lambda context: [COUNT], guard=guard)
    assert outcome.answer["result"] == [{"n": 7}]
    assert outcome.answer["sql"] == lab.of("sql_generated")[0]["sql"] == "SELECT 7 AS n"


async def test_the_guard_checks_every_execution(lab) -> None:
    checked: list[str] = []

    def guard(sql: str, schema: DatabaseSchema) -> CheckedSql:
        checked.append(sql)
        return check(sql, schema)

    empty = [f"{COUNT} GROUP BY city HAVING count(*) > {n}" for n in range(8, 11)]
    await lab.ask("reflection", lambda context: [BROKEN, *empty], guard=guard)
    assert checked == [BROKEN, *empty]


async def test_a_failed_statement_stays_in_the_answer(lab) -> None:
    outcome = await lab.ask("fixed", lambda context: [BROKEN])
    assert "ABS" in outcome.answer["sql"].upper()
    assert lab.of("execution_complete")[0]["status"] == "failed"


async def test_fixed_neither_adapts_nor_reads_times(lab) -> None:
    outcome = await lab.ask(
        "fixed", lambda context: [BROKEN, COUNT], "customers in Rome last month"
    )
    assert outcome.status == "failed"
    assert len(lab.asked) == 1
    assert lab.asked[0].times == ()


async def test_a_task_that_takes_too_long_is_stopped_with_its_statement(make_lab) -> None:
    lab = make_lab("  server: {task_timeout_s: 0.5}\n")
    began = time.monotonic()
    outcome = await lab.ask("nl2sql", lambda context: [SLOW])
    assert time.monotonic() - began < 5
    assert_well_told(lab.events, "failed")
    assert outcome.error["code"] == "timeout"
    # The database is free again: the statement did not go on behind the scenes.
    assert (await lab.ask("nl2sql", lambda context: [COUNT])).status == "completed"
    await lab.connectors.close()


async def test_an_answer_that_cannot_be_handed_out_in_time_is_a_timeout(
    make_lab, monkeypatch
) -> None:
    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    lab = make_lab("  server: {task_timeout_s: 0.3}\n")
    monkeypatch.setattr(engine, "_LATE_S", 0.1)
    monkeypatch.setattr(Output, "run", hang)
    monkeypatch.setattr(Output, "catches", lambda *_: True)
    outcome = await lab.ask("fixed", lambda context: [SLOW])
    assert_well_told(lab.events, "failed")
    assert outcome.error["code"] == "timeout"
    await lab.connectors.close()


async def test_a_statement_that_takes_too_long_is_not_tried_again(make_lab) -> None:
    lab = make_lab("  nodes: {execute_sql: {timeout_s: 0.2}}\n")
    outcome = await lab.ask("reflection", lambda context: [SLOW, COUNT])
    assert_well_told(lab.events, "failed")
    assert outcome.error["code"] == "statement_timeout"
    await lab.connectors.close()


async def test_cancelling_ends_the_run_and_its_statement(lab) -> None:
    run = asyncio.create_task(lab.ask("nl2sql", lambda context: [SLOW]))
    await lab.executing.wait()
    began = time.monotonic()
    run.cancel()
    outcome = await run
    assert time.monotonic() - began < 5
    assert_well_told(lab.events, "cancelled")
    assert (outcome.status, outcome.error["code"]) == ("cancelled", "cancelled")


async def test_a_lost_fence_stops_the_run_at_once(lab) -> None:
    async def emit(type: EventType, data: Mapping[str, Any], step: Any = None) -> None:
        if type == "sql_generated":
            raise FenceError("not yours")

    with pytest.raises(FenceError):
        await lab.ask("reflection", lambda context: [COUNT], emit=emit)


async def test_fix_hands_the_error_to_the_generator_once(lab) -> None:
    outcome = await lab.ask("nl2sql", lambda context: [COUNT] if context.attempts else [BROKEN])
    assert_well_told(lab.events, "completed")
    assert outcome.answer["result"] == [{"n": 2}]
    assert lab.asked[0].attempts == ()
    assert [attempt.sql for attempt in lab.asked[1].attempts] == [BROKEN]
    assert "overflow" in lab.asked[1].attempts[0].error
    assert lab.steps("failed") == ["execute_sql"]
    assert lab.steps().count("fix") == 1
    assert outcome.answer["metadata"]["nodes_executed"] == 8

    broken = [BROKEN, BROKEN.replace("abs", "1 + abs"), COUNT]
    outcome = await lab.ask("nl2sql", lambda context: broken)
    assert_well_told(lab.events, "failed")
    assert outcome.error["code"] == "database_error"


async def test_fix_falls_back_to_the_next_candidate(lab) -> None:
    def script(context: GenerationContext) -> list[str]:
        if context.attempts:
            raise RefusalError("I know no other.", code="unanswerable")
        return [BROKEN, COUNT]

    outcome = await lab.ask("nl2sql", script)
    assert outcome.answer["result"] == [{"n": 2}]


async def test_without_a_fix_the_first_error_is_the_one_told(lab) -> None:
    def script(context: GenerationContext) -> list[str]:
        if context.attempts:
            raise RefusalError("I know no other.", code="unanswerable")
        return [BROKEN]

    outcome = await lab.ask("nl2sql", script)
    assert (outcome.status, outcome.error["code"]) == ("failed", "database_error")


async def test_an_unsafe_candidate_is_dropped_for_the_next(lab) -> None:
    outcome = await lab.ask("nl2sql", lambda context: [UNSAFE, COUNT])
    assert outcome.answer["result"] == [{"n": 2}]
    assert len(lab.of("sql_generated")) == 1


async def test_the_log_names_the_task_and_not_the_question(lab, caplog) -> None:
    caplog.set_level(logging.INFO)
    await lab.ask("nl2sql", lambda context: [COUNT], "How many customers has secret-place?")
    await lab.ask("nl2sql", crash, "How many customers has secret-place?")
    assert "t1" in caplog.text
    assert "secret-place" not in caplog.text
