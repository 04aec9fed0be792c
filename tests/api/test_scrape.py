"""``GET /metrics`` for scrapers: who gets counters, who gets the list of metrics, and what the counters say."""

import asyncio
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from datus.api.accept import weight_of, weights
from datus.api.routes.scrape import scrapes
from tests.api.conftest import GatedGenerator

# What Prometheus sends (config.DefaultScrapeProtocols), without and with its classic text alone.
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "counters"),
    [
        (PROMETHEUS, True),
        ("text/plain;version=0.0.4;q=1,*/*;q=0.1", True),
        ("application/openmetrics-text", True),
        ("TEXT/PLAIN", True),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/plain, */*", False),  # axios
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),  # a browser
        ("text/*", False),
        ("text/plain;q=0", False),
        ("text/plain;q=x", False),
    ],
)
def test_who_would_rather_have_counters(accept, counters):
    assert scrapes(accept) is counters


def test_the_most_specific_range_decides():
    found = weights("text/plain;q=0.2, text/*;q=0.5, */*;q=0.1, text/plain;q=0.3")
    assert weight_of("text/plain", found) == 0.3
    assert weight_of("text/html", found) == 0.5
    assert weight_of("application/json", found) == 0.1


async def scrape(world, accept=PROMETHEUS, **headers):
    return await world.http.get("/metrics", headers={"Accept": accept, **headers})


async def test_counters_in_both_formats(world, settings):
    await world.run("How many orders?")
    await world.run("How many orders?")
    await world.run("What is unknown?")
    with sqlite3.connect(settings.state_path) as connection:
        connection.execute(
            "INSERT INTO usage VALUES (1, 'alice', 't', 'fixed', 'shop', 'main', '2024-01-15',"
            " 2, 100, 20, 40, 0.25), (2, 'alice', 't', 'fixed', 'shop', 'spare', '2024-01-15',"
            " 1, 7, 3, 0, NULL)"
        )
    connection.close()
    for accept, read in ((PROMETHEUS, read_openmetrics), ("text/plain", read_text)):
        answer = await scrape(world, accept)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith(accept.split(";")[0])
        samples = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in read(answer.text)
            for sample in family.samples
        }
        assert samples["datus_tasks_total", "completed", "fixed"] == 2
        assert samples["datus_tasks_total", "fixed", "refused"] == 1
        assert samples["datus_model_requests_total", "main"] == 2
        assert samples["datus_model_tokens_total", "input", "main"] == 100
        assert samples["datus_model_tokens_total", "cached_input", "main"] == 40
        assert samples["datus_model_tokens_total", "main", "output"] == 20
        assert samples["datus_model_cost_usd_total", "main"] == 0.25
        assert samples["datus_model_cost_usd_total", "spare"] == 0
        assert samples["datus_model_unpriced_requests_total", "spare"] == 1
        assert "alice" not in answer.text


async def test_a_running_task_is_a_gauge(world):
    running = await world.start_slow("slow")
    (line,) = [line for line in (await scrape(world)).text.splitlines() if "tasks_open{" in line]
    assert 'status="running"' in line
    assert line.endswith(" 1.0")
    world.generator.gate.set()
    await running
    assert "datus_tasks_open{" not in (await scrape(world)).text


class Figures:
    """The samples of a scrape, found by name and the values of their labels; those of buckets left out."""

    def __init__(self, answer: httpx.Response) -> None:
        self.text = answer.text
        self._found = {
            (sample.name, frozenset(sample.labels.values())): sample.value
            for family in read_openmetrics(answer.text)
            for sample in family.samples
            if "le" not in sample.labels
        }

    def of(self, name: str, *labels: str) -> float | None:
        return self._found.get((f"datus_{name}", frozenset(labels)))


async def test_durations_of_requests_tasks_nodes_and_statements(world):
    for question in ("How many orders?", "What is unknown?", "Broken?"):
        await world.run(question)
    await world.http.get("/no/such/page/4711")
    await world.http.get("/workflows/4711")
    await world.http.request("BREW", "/health")
    found = Figures(await scrape(world))
    requests, nodes = "request_duration_seconds_count", "node_duration_seconds_count"
    tasks, statements = "task_duration_seconds_count", "statement_duration_seconds_count"
    assert found.of(requests, "/workflows/run", "POST", "2xx") == 3
    assert found.of(requests, "/auth/token", "POST", "2xx") == 1
    assert found.of(requests, "none", "GET", "4xx") == 1
    assert found.of(requests, "/workflows/{task_id}", "GET", "4xx") == 1
    assert found.of(requests, "/health", "other", "4xx") == 1
    assert found.of(tasks, "fixed", "completed") == 1
    assert found.of(tasks, "fixed", "refused") == 2
    assert found.of(nodes, "schema_linking", "completed") == 3
    assert found.of(nodes, "generate_sql", "failed") == 1
    assert found.of(statements, "sqlite", "execute", "completed") == 1
    assert found.of("tasks_running") == found.of("tasks_waiting") == found.of("streams_open") == 0
    assert not [word for word in ("4711", "BREW", "SELECT", "_created") if word in found.text]


async def test_what_goes_on_now_is_a_gauge(open_world, settings):
    limited = replace(settings, server=replace(settings.server, max_running=1))
    async with open_world(limited, GatedGenerator()) as world:
        running = await world.start_slow("first")
        second = asyncio.create_task(world.run("How many orders?", task_id="second", mode="async"))
        for _ in range(500):
            found = Figures(await scrape(world))
            if found.of("streams_open"):
                break
            await asyncio.sleep(0.01)
        assert found.of("tasks_running") == found.of("tasks_waiting") == 1
        assert found.of("streams_open") == 1
        world.app.state.telemetry.taken_over(3)
        world.generator.gate.set()
        await asyncio.gather(running, second)
        found = Figures(await scrape(world))
        assert found.of("tasks_running") == found.of("tasks_waiting") == 0
        assert found.of("streams_open") == 0
        assert found.of("take_overs_total") == 3


async def test_every_metric_has_its_row_and_its_type(world):
    page = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
    rows = re.findall(r"\n\| `(datus_\w+)` \| (\w+) \|", page)
    families = list(read_openmetrics((await scrape(world)).text))
    told = [(each.name + "_total" * (each.type == "counter"), each.type) for each in families]
    assert sorted(rows) == sorted(told)


async def test_who_is_not_on_this_machine_needs_the_scope(world):
    transport = httpx.ASGITransport(world.app, client=("192.0.2.7", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://datus") as far:
        headers = {"Accept": PROMETHEUS}
        answer = await far.get("/metrics", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "missing_token")
        for client, status in (("alice", 403), ("reader", 403), ("scraper", 200)):
            signed = headers | await world.sign_in(client)
            assert (await far.get("/metrics", headers=signed)).status_code == status, client


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_a_proxy_on_this_machine_opens_nothing(world, header):
    assert (await scrape(world, **{header: "192.0.2.7"})).status_code == 401


async def test_a_token_that_is_sent_counts_here_too(world):
    signed = await world.sign_in("reader")
    assert (await scrape(world, **signed)).status_code == 403


async def test_everybody_else_gets_the_list_of_metrics(world):
    answer = await world.call("GET", "/metrics", params={"namespace": "shop"})
    assert [each["name"] for each in answer.json()["metrics"]] == ["orders_placed"]
    assert (await world.http.get("/metrics")).status_code == 401
