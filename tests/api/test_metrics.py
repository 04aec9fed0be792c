"""Metrics over HTTP: the list, and a metric query as a task like any other."""

import pytest

QUERY = {"metrics": ["orders_placed"], "dimensions": ["purchase__note"]}
ROWS = [
    {"purchase__note": "x", "orders_placed": 1},
    {"purchase__note": "中文", "orders_placed": 1},
]


async def query(world, body=QUERY, **fields):
    whole = {"namespace": "shop", "query": body, **fields}
    return await world.call("POST", "/metrics/query", json=whole)


async def test_the_list_says_all_that_is_needed_to_ask(world):
    answer = await world.call("GET", "/metrics", params={"namespace": "shop"})
    assert answer.status_code == 200
    listed = answer.json()
    (metric,) = listed["metrics"]
    assert (metric["name"], metric["owner"], metric["area"]) == (
        "orders_placed", "sales", ["shop", "web"]
    )  # fmt: skip
    assert metric["examples"] == ["How many orders were placed?"]
    assert {each["name"] for each in listed["dimensions"]} == set(metric["dimensions"])
    assert listed["knowledge_version"].startswith("live-")
    again = await query(world, metric["query"])
    assert again.json()["status"] == "completed"


async def test_business_areas_narrow_the_list(world):
    for area, names in (("shop", ["orders_placed"]), ("factory", [])):
        params = {"namespace": "shop", "domain": area}
        listed = (await world.call("GET", "/metrics", params=params)).json()
        assert [metric["name"] for metric in listed["metrics"]] == names


async def test_the_namespace_may_be_absent_where_there_is_one_only(world):
    one = await world.call("GET", "/metrics", client="walled")
    assert one.json()["namespace"] == "shop"
    several = await world.call("GET", "/metrics")
    assert several.status_code == 422
    assert "shop, vault" in several.json()["detail"]
    hidden = await world.call("GET", "/metrics", client="walled", params={"namespace": "vault"})
    assert hidden.status_code == 404


async def test_a_namespace_without_metrics_lists_none(world):
    listed = (await world.call("GET", "/metrics", params={"namespace": "vault"})).json()
    assert listed["metrics"] == []


async def test_a_metric_query_answers_as_a_question_does(world):
    answer = (await query(world)).json()
    assert answer["status"] == "completed"
    assert sorted(answer["result"], key=str) == sorted(ROWS, key=str)
    assert answer["workflow"] == "metric_query"
    assert answer["metadata"]["metrics"][0]["owner"] == "sales"
    asked = answer["metadata"]["metric_query"]
    assert (await query(world, asked)).json()["result"] == answer["result"]


async def test_it_is_a_task_that_runs_once(world):
    first = await query(world, task_id="m1")
    again = await query(world, task_id="m1")
    assert first.json() == again.json()
    other = await query(world, {**QUERY, "limit": 1}, task_id="m1")
    assert other.status_code == 409
    stored = await world.call("GET", "/workflows/m1")
    assert stored.json() == first.json()
    listed = (await world.call("GET", "/workflows")).json()["tasks"]
    assert [task["task"] for task in listed] == ["orders_placed by purchase__note"]


async def test_it_streams_its_events(world):
    headers = {"Accept": "text/event-stream"}
    answer = await world.call(
        "POST", "/metrics/query", headers=headers,
        json={"namespace": "shop", "query": QUERY, "mode": "async"},
    )  # fmt: skip
    names = [name for _, name, _ in world.events(answer)]
    assert (names[0], names[-1]) == ("started", "done")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"metrics": ["orders_place"]}, "orders_placed"),
        ({**QUERY, "dimensions": ["purchase__notes"]}, "purchase__note"),
        ({"metrics": []}, "metrics"),
        ({**QUERY, "limit": 0}, "limit"),
        ({**QUERY, "start": "2024-02-30"}, "start"),
        ({**QUERY, "grain": "hour"}, "grain"),
        ({**QUERY, "colour": "red"}, "colour"),
        ({**QUERY, "compare": "year"}, "start"),
    ],
)
async def test_what_cannot_be_used_is_refused_before_it_is_a_task(world, body, says):
    answer = await query(world, body)
    assert answer.status_code == 422
    assert says in answer.text
    assert (await world.call("GET", "/workflows")).json()["tasks"] == []


async def test_a_metric_query_needs_the_scope(world):
    body = {"namespace": "shop", "query": QUERY}
    answer = await world.call("POST", "/metrics/query", client="reader", json=body)
    assert answer.status_code == 403


async def test_a_question_cannot_name_the_workflow_of_metric_queries(world):
    answer = await world.run("turnover", workflow="metric_query")
    assert answer.status_code == 404
