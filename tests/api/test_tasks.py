"""A task's own pages, the list, feedback, definitions and namespaces."""

import asyncio

import pytest

OTHERS = [
    ("GET", "/workflows/{}"),
    ("GET", "/workflows/{}/events"),
    ("POST", "/workflows/{}/cancel"),
]


async def test_the_answer_is_kept(world):
    ran = await world.run("How many orders?", task_id="one")
    answer = await world.call("GET", "/workflows/one")
    assert answer.status_code == 200
    assert answer.json() == ran.json()


async def test_rows_that_utf8_cannot_hold_are_spelt(world, monkeypatch):
    async def answer(*_):
        return {"result": [{"x": "一\ud800"}]}

    for name in ("answer", "wait"):
        monkeypatch.setattr(world.service, name, answer)
    for given in (await world.call("GET", "/workflows/one"), await world.run("Which orders?")):
        assert (given.status_code, given.text) == (200, '{"result":[{"x":"\\u4e00\\ud800"}]}')


async def test_a_task_that_runs(world):
    running = await world.start_slow("slow")
    answer = (await world.call("GET", "/workflows/slow")).json()
    assert (answer["status"], answer["result"], answer["task_id"]) == ("running", None, "slow")
    world.generator.gate.set()
    assert (await running).json()["status"] == "completed"


@pytest.mark.parametrize(("method", "path"), OTHERS)
@pytest.mark.parametrize("client", ["alice", "bob"])
async def test_another_clients_task_does_not_exist(world, method, path, client):
    await world.run("How many orders?", task_id="one")
    task_id = "one" if client == "bob" else "none"
    answer = await world.call(method, path.format(task_id), client=client)
    assert (answer.status_code, answer.json()["code"]) == (404, "task_not_found")
    assert answer.json()["task_id"] == task_id


async def test_events_are_replayed_from_the_first_or_from_the_last_that_is_known(world):
    await world.run("How many orders?", task_id="one")
    everything = world.events(await world.call("GET", "/workflows/one/events"))
    assert everything[0][0] == 1
    assert everything[-1][1] == "done"
    ways = [
        {"headers": {"Last-Event-ID": "3"}},
        {"params": {"last_event_id": "3"}},
        {"params": {"Last-Event-ID": "3"}},
        {"headers": {"Last-Event-ID": "3"}, "params": {"last_event_id": "1"}},
    ]
    for way in ways:
        rest = await world.call("GET", "/workflows/one/events", **way)
        assert world.events(rest) == everything[3:]
    for nothing in ({"headers": {"Last-Event-ID": ""}}, {"headers": {"Last-Event-ID": "0"}}):
        again = await world.call("GET", "/workflows/one/events", **nothing)
        assert world.events(again) == everything


async def test_after_the_last_event_there_is_none(world):
    await world.run("How many orders?", task_id="one")
    answer = await world.call("GET", "/workflows/one/events?last_event_id=999")
    assert (answer.status_code, answer.text) == (200, "")


async def test_events_go_on_live(world):
    running = await world.start_slow("slow")
    reading = asyncio.create_task(world.call("GET", "/workflows/slow/events"))
    await asyncio.sleep(0.05)
    assert not reading.done()
    world.generator.gate.set()
    events = world.events(await reading)
    assert events[-1][1] == "done"
    assert (await running).json()["status"] == "completed"


@pytest.mark.parametrize("given", ["-1", "x", "1.5", "٣", "9" * 30])
async def test_a_last_event_id_that_is_none(world, given):
    await world.run("How many orders?", task_id="one")
    answer = await world.call("GET", "/workflows/one/events", params={"last_event_id": given})
    assert (answer.status_code, answer.json()["details"]["field"]) == (422, "Last-Event-ID")


async def test_events_need_a_caller_that_reads_a_stream(world):
    await world.run("How many orders?", task_id="one")
    headers = {"Accept": "application/json"}
    answer = await world.call("GET", "/workflows/one/events", headers=headers)
    assert answer.status_code == 406


async def test_cancel(world):
    running = await world.start_slow("slow")
    answer = await world.call("POST", "/workflows/slow/cancel")
    assert (answer.status_code, answer.json()["task_id"]) == (202, "slow")
    assert (await running).json()["status"] == "cancelled"
    again = await world.call("POST", "/workflows/slow/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "task_over")
    events = world.events(await world.call("GET", "/workflows/slow/events"))
    assert [name for _, name, _ in events].count("done") == 1
    assert events[-1][2]["status"] == "cancelled"


async def test_list_newest_first_by_cursor(world):
    for number in range(5):
        await world.run("How many orders?", task_id=f"t{number}")
    await world.run("How many orders?", task_id="bobs", client="bob")
    found, cursor = [], None
    for _ in range(3):
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await world.call("GET", "/workflows", params=params)).json()
        found += [task["task_id"] for task in page["tasks"]]
        cursor = page["next_cursor"]
    assert found == ["t4", "t3", "t2", "t1", "t0"]
    assert cursor is None


async def test_list_filters(world):
    await world.run("How many orders?", task_id="good")
    await world.run("What of the moon?", task_id="bad", namespace="vault")

    async def ids(**params):
        page = (await world.call("GET", "/workflows", params=params)).json()
        return [task["task_id"] for task in page["tasks"]]

    assert await ids(status="refused") == ["bad"]
    assert await ids(namespace="shop") == ["good"]
    assert await ids(status="refused", namespace="shop") == []


@pytest.mark.parametrize(
    ("params", "field"),
    [({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"limit": "x"}, "limit"),
     ({"status": "lost"}, "status"), ({"cursor": "made-up"}, "cursor")],
)  # fmt: skip
async def test_list_refuses(world, params, field):
    answer = await world.call("GET", "/workflows", params=params)
    assert (answer.status_code, answer.json()["details"]["field"]) == (422, field)


async def test_feedback(world):
    await world.run("How many orders?", task_id="one")
    for body in (
        {"status": "failed", "comment": "no", "corrected_sql": "SELECT 1"},
        {"status": "success"},
    ):
        answer = await world.call("POST", "/workflows/feedback", json={"task_id": "one", **body})
        said = answer.json()
        assert answer.status_code == 200
        assert (said["task_id"], said["acknowledged"]) == ("one", True)
        assert said["recorded_at"].endswith("Z")


async def test_feedback_is_for_ones_own_tasks_that_are_over(world):
    body = {"task_id": "slow", "status": "success"}
    running = await world.start_slow("slow")
    answer = await world.call("POST", "/workflows/feedback", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "task_running")
    world.generator.gate.set()
    await running
    answer = await world.call("POST", "/workflows/feedback", json=body, client="bob")
    assert (answer.status_code, answer.json()["task_id"]) == (404, "slow")
    answer = await world.call("POST", "/workflows/feedback", json=body, client="reader")
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("change", "field"),
    [({"status": "maybe"}, "status"), ({"task_id": ""}, "task_id"), ({"x": 1}, "x")],
)
async def test_feedback_that_cannot_be_used(world, change, field):
    body = {"task_id": "one", "status": "success"} | change
    answer = await world.call("POST", "/workflows/feedback", json=body)
    assert (answer.status_code, answer.json()["details"]["field"]) == (422, field)


async def test_definitions(world):
    listed = (await world.call("GET", "/workflows/definitions")).json()["workflows"]
    assert {flow["name"] for flow in listed} >= {"fixed", "nl2sql", "reflection"}
    assert all(set(flow) == {"name", "description", "nodes"} for flow in listed)
    assert all(flow["nodes"][-1] == "output" for flow in listed)


async def test_definitions_show_branches_with_their_settings(world):
    listed = (await world.call("GET", "/workflows/definitions")).json()["workflows"]
    flow = next(flow for flow in listed if flow["name"] == "two_ways")
    linked, parallel, *rest = flow["nodes"]
    assert (linked, rest) == ("schema_linking", ["selection", "output"])
    assert parallel == {
        "parallel": [
            {"name": "1", "nodes": ["generate_sql", "execute_sql"]},
            {
                "name": "fixed",
                "workflow": "fixed",
                "nodes": ["schema_linking", "generate_sql", "execute_sql"],
                "settings": {"generate_sql": {"model": "guess"}, "execute_sql": {"max_rows": 5}},
            },
        ]
    }


async def test_branches_over_http(world):
    answer = (await world.run("How many orders?", workflow="two_ways", task_id="two")).json()
    assert (answer["status"], answer["workflow"]) == ("completed", "two_ways")
    assert answer["metadata"]["selection"]["agreeing"] == 2
    events = world.events(await world.call("GET", "/workflows/two/events"))
    assert {data.get("branch") for _, _, data in events} == {None, "1", "fixed"}
    progress = [data["progress"] for _, _, data in events if "progress" in data]
    assert progress == sorted(progress)
    assert progress[-1] == 100


async def test_namespaces(world):
    listed = (await world.call("GET", "/namespaces")).json()["namespaces"]
    assert [space["name"] for space in listed] == ["shop", "vault"]
    assert listed[0]["databases"] == [{"name": "shop", "dialect": "sqlite"}]
    walled = (await world.call("GET", "/namespaces", client="walled")).json()["namespaces"]
    assert [space["name"] for space in walled] == ["shop"]


@pytest.mark.parametrize("task_id", ["run", "feedback", "definitions"])
async def test_a_task_named_like_a_page(world, task_id):
    first = await world.run("How many orders?", task_id=task_id)
    assert first.status_code == 200
    page = await world.call("GET", f"/workflows/{task_id}")
    assert page.status_code == (200 if task_id == "definitions" else 405)
    assert "result" not in page.json()
    events = world.events(await world.call("GET", f"/workflows/{task_id}/events"))
    assert events[-1][1] == "done"
    assert (await world.run("How many orders?", task_id=task_id)).json() == first.json()
