"""``GET /metrics`` for scrapers: who gets counters, who gets the list of metrics, and what the counters say."""

import sqlite3

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from datus.api.accept import weight_of, weights
from datus.api.routes.scrape import scrapes

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
