"""``POST /workflows/run``: what it answers, what it refuses, and that an id names one execution."""

import asyncio
import json

import pytest

FIELDS = {
    "task_id", "status", "workflow", "sql", "result", "metadata", "error", "execution_time"
}  # fmt: skip


async def test_sync(world):
    answer = await world.run("Which orders?", task_id="mine")
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert set(body) == FIELDS
    assert (body["task_id"], body["status"], body["workflow"]) == ("mine", "completed", "fixed")
    assert body["result"] == [
        {"id": 1, "day": "2024-01-01", "amount": 1.5, "note": "中文"},
        {"id": 2, "day": "2024-01-02", "amount": None, "note": "x"},
    ]
    assert body["error"] is None
    assert body["metadata"]["row_count"] == 2
    assert body["metadata"]["nodes_executed"] == 4
    assert body["metadata"]["execution_time"] == body["execution_time"]
    assert "中文" in answer.text


async def test_values_lose_nothing(world):
    answer = await world.run("Exactly?")
    assert answer.json()["result"] == [
        {"big": 9223372036854775807, "float": 0.1 + 0.2, "absent": None, "blob": "AP8="}
    ]


async def test_a_task_id_is_made(world):
    first, second = [(await world.run("How many orders?")).json()["task_id"] for _ in range(2)]
    assert first.startswith("alice_20")
    assert first != second


async def test_async(world):
    headers = {"Accept": "text/event-stream"}
    body = {"workflow": "fixed", "namespace": "shop", "task": "How many orders?", "mode": "async"}
    answer = await world.call("POST", "/workflows/run", json=body, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = world.events(answer)
    assert [number for number, _, _ in events] == list(range(1, len(events) + 1))
    names = [name for _, name, _ in events]
    assert names[0] == "started"
    assert names[-1] == "done"
    assert names.count("done") == 1
    assert {"progress", "node_progress", "sql_generated", "execution_complete"} <= set(names)
    data = {name: data for _, name, data in events}
    assert data["output_ready"]["result"] == [{"orders": 2}]
    assert set(data["done"]) == {"task_id", "status", "total_time"}
    assert data["done"]["status"] == "completed"


async def test_a_refusal_is_an_answer(world):
    answer = await world.run("What of the moon?")
    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "refused")
    assert body["error"]["code"] == "unanswerable"
    assert body["error"]["details"] == {"words": ["What of the moon?"]}
    assert body["result"] is None


async def test_a_request_may_say_how_long_it_takes(world):
    body = (await world.run("How many orders?", timeout_s=30)).json()
    assert body["status"] == "completed"
    body = (await world.run("Slowly, how many orders?", timeout_s=0.2)).json()
    assert (body["status"], body["error"]["code"]) == ("failed", "timeout")


async def test_sql_that_writes_is_refused(world):
    body = (await world.run("Drop it")).json()
    assert (body["status"], body["error"]["code"]) == ("refused", "unsafe_sql")


async def test_a_crash_of_a_node_shows_nothing_of_it(world):
    answer = await world.run("Crash")
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    assert answer.json()["error"]["code"] == "internal"
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"task": ""}, "task"),
        ({"task": " \n"}, "task"),
        ({"task": "x" * 8_001}, "task"),
        ({"task": None}, "task"),
        ({"task": 5}, "task"),
        ({"task": "\ud800"}, "task"),
        ({"namespace": "\udfff"}, "namespace"),
        ({"ext_knowledge": "\udfff"}, "ext_knowledge"),
        ({"workflow": ""}, "workflow"),
        ({"mode": "later"}, "mode"),
        ({"mode": None}, "mode"),
        ({"task_id": ""}, "task_id"),
        ({"task_id": "a/b"}, "task_id"),
        ({"task_id": "a\n"}, "task_id"),
        ({"task_id": "é"}, "task_id"),
        ({"task_id": "x" * 129}, "task_id"),
        ({"current_date": "2024-02-30"}, "current_date"),
        ({"current_date": "20240115"}, "current_date"),
        ({"current_date": "2024-01-15T00:00:00"}, "current_date"),
        ({"current_date": 1705276800}, "current_date"),
        ({"current_date": "0001-01-01"}, "current_date"),
        ({"domain": 1}, "domain"),
        ({"unknown": 1}, "unknown"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"timeout_s": -1}, "timeout_s"),
        ({"timeout_s": "5"}, "timeout_s"),
        ({"timeout_s": True}, "timeout_s"),
        ({"timeout_s": 601}, "timeout_s"),
    ],
)
async def test_a_field_that_cannot_be_used_is_named(world, change, field):
    body = {"workflow": "fixed", "namespace": "shop", "task": "How many orders?"} | change
    answer = await world.call(
        "POST",
        "/workflows/run",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid_request"
    assert answer.json()["details"]["field"] == field
    assert field in answer.json()["detail"]
    assert world.generator.asked == []


async def test_every_wrong_field_is_named(world):
    answer = await world.call("POST", "/workflows/run", json={"task": "", "x": 1})
    fields = {error["field"] for error in answer.json()["details"]["errors"]}
    assert fields == {"workflow", "namespace", "task", "x"}


async def test_the_longest_task_and_id_are_taken(world):
    answer = await world.run("x" * 8_000, task_id="A-z0.9_:" * 16)
    assert (answer.status_code, answer.json()["status"]) == (200, "refused")


@pytest.mark.parametrize(
    ("change", "code", "names"),
    [
        ({"workflow": "magic"}, "workflow_not_found", ["fixed", "nl2sql", "reflection"]),
        ({"namespace": "shops"}, "namespace_not_found", ["shop", "vault"]),
        ({"database_name": "x"}, "database_not_found", ["shop"]),
    ],
)
async def test_what_does_not_exist_is_answered_with_what_does(world, change, code, names):
    answer = await world.run("How many orders?", **change)
    assert (answer.status_code, answer.json()["code"]) == (404, code)
    for name in names:
        assert name in answer.json()["detail"]


async def test_a_namespace_that_the_client_may_not_use_does_not_exist(world):
    hidden = await world.run("How many orders?", client="walled", namespace="vault")
    absent = await world.run("How many orders?", client="walled", namespace="vualt")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.replace("vault", "vualt") == absent.text
    assert hidden.json()["details"] == {"namespaces": ["shop"]}
    allowed = await world.run("How many orders?", client="walled", namespace="shop")
    assert allowed.status_code == 200


async def test_scope(world):
    answer = await world.run("How many orders?", client="reader")
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


async def test_an_event_stream_needs_a_caller_that_reads_one(world):
    body = {"workflow": "fixed", "namespace": "shop", "task": "How many orders?", "mode": "async"}
    answer = await world.call(
        "POST", "/workflows/run", json=body, headers={"Accept": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert world.generator.asked == []


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        ("{}", "text/plain", 415),
        ("{}", "", 415),
        ("", "application/x-www-form-urlencoded", 415),
        ("{", "application/json", 422),
        ("", "application/json", 422),
        ("[]", "application/json; charset=utf-8", 422),
        ("null", "application/json", 422),
        (b'{"task": "\xff"}', "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        ("1" * 5_000, "application/json", 400),
        (b"x" * 300_000, "application/json", 413),
    ],
)
async def test_bodies_that_cannot_be_read(world, content, content_type, status):
    answer = await world.call(
        "POST", "/workflows/run", content=content, headers={"Content-Type": content_type}
    )
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


async def test_a_body_without_a_length_is_limited_too(world):
    async def chunks():
        for _ in range(40):
            yield b" " * 10_000

    answer = await world.call(
        "POST", "/workflows/run", content=chunks(), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_who_asks_is_settled_before_the_body_is_read(world):
    answer = await world.http.post("/workflows/run", content="{", headers={})
    assert answer.status_code == 401


async def test_the_same_request_again_runs_nothing(world):
    first = await world.run("How many orders?", task_id="twice")
    second = await world.run("How many orders?", task_id="twice")
    assert first.json() == second.json()
    assert len(world.generator.asked) == 1


async def test_the_same_id_with_another_request_is_a_conflict(world):
    await world.run("How many orders?", task_id="twice")
    answer = await world.run("Which orders?", task_id="twice")
    assert (answer.status_code, answer.json()["code"]) == (409, "task_id_reused")
    assert len(world.generator.asked) == 1


async def test_twenty_callers_at_once_share_one_execution(world):
    calls = [
        world.run("How many orders?", task_id="same", mode=("sync", "async")[n % 2])
        for n in range(20)
    ]
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers[::2]}) == 1
    assert len({answer.text for answer in answers[1::2]}) == 1
    assert len(world.generator.asked) == 1


async def test_an_id_belongs_to_its_client(world):
    await world.run("How many orders?", task_id="mine")
    other = await world.run("Which orders?", task_id="mine", client="bob")
    assert other.status_code == 200
    assert len(other.json()["result"]) == 2


async def test_a_caller_that_goes_away_does_not_stop_the_task(world):
    running = await world.start_slow("left")
    running.cancel()
    await asyncio.wait({running})
    world.generator.gate.set()
    answer = await world.run("Slowly: How many orders?", task_id="left")
    assert answer.json()["result"] == [{"orders": 2}]
    assert len(world.generator.asked) == 1
