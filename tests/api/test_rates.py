"""Rate limits at the front door: what is counted, what the headers say, who shares the counts."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from limits.aio.storage import MemoryStorage
from limits.errors import StorageError

from datus.config import RateLimit, RateLimitsConfig, Secret, Settings
from datus.errors import ConfigError
from datus.generation.scripted import ScriptedGenerator
from datus.service.rates import Rates, check_storage

NOW = datetime(2024, 1, 15, 9, 30, 40, tzinfo=UTC)
SECRET = "secret-of-the-tests"  # conftest.py
FORM = {"grant_type": "client_credentials", "client_id": "alice", "client_secret": "wrong"}
FIELDS = (
    "ratelimit",
    "ratelimit-policy",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
)


@pytest.fixture
def limited(settings: Settings, tmp_path: Path) -> Settings:
    """Settings beside a file of clients in which bob may ask four times a minute, a scraper once a day."""
    path = tmp_path / "auth_clients.yml"
    text = path.read_text()
    for old, new in (
        (f"bob: {SECRET}", f"bob: {{secret: {SECRET}, rate_limit: 4/minute}}"),
        ('scopes: ["metrics:scrape"]', 'scopes: ["metrics:scrape"], rate_limit: 1/day'),
    ):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return settings


@pytest.fixture
def generator() -> ScriptedGenerator:
    return ScriptedGenerator(lambda context: ["SELECT count(*) AS orders FROM orders"])


@pytest.fixture
async def world(limited: Settings, open_world: Any, generator: Any) -> AsyncIterator[Any]:
    async with open_world(limited, generator, clock=lambda: NOW) as opened:
        yield opened


def with_default(settings: Settings, limit: RateLimit) -> Settings:
    return replace(settings, rate_limits=replace(settings.rate_limits, default=limit))


def told(answer: Any) -> dict[str, str]:
    return {name: answer.headers[name] for name in FIELDS if name in answer.headers}


async def test_every_answer_says_where_the_client_stands(world):
    first = await world.call("GET", "/namespaces", client="bob")
    assert first.status_code == 200
    assert told(first) == {
        "ratelimit-policy": '"client";q=4;w=60',
        "ratelimit": '"client";r=3;t=20',
        "ratelimit-limit": "4",
        "ratelimit-remaining": "3",
        "ratelimit-reset": "20",
    }
    absent = await world.call("GET", "/workflows/nothing", client="bob")
    wrong = await world.call("POST", "/workflows/run", client="bob", json={})
    lacking = await world.call("GET", "/workflows/nothing/trace", client="bob")
    found = [
        (each.status_code, each.headers["ratelimit-remaining"]) for each in (absent, wrong, lacking)
    ]
    assert found == [(404, "2"), (422, "1"), (403, "0")]


async def test_one_request_too_many_is_429(world):
    for _ in range(4):
        assert (await world.call("GET", "/namespaces", client="bob")).status_code == 200
    for method, path in (("GET", "/namespaces"), ("POST", "/workflows/run"), ("GET", "/metrics")):
        answer = await world.call(method, path, client="bob", json={})
        assert answer.status_code == 429
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "20"
        assert answer.headers["ratelimit"] == '"client";r=0;t=20'
        assert answer.json() == {
            "type": "urn:datus:problem:rate_limited",
            "title": "Rate limited",
            "status": 429,
            "detail": "This client may send 4 requests in a minute: send this one again in 20 seconds.",
            "code": "rate_limited",
            "details": {"retry_after": 20, "limit": "4/minute"},
        }
    assert (await world.call("GET", "/namespaces")).status_code == 200


async def test_a_request_that_is_refused_is_not_run(world):
    for _ in range(4):
        await world.call("GET", "/namespaces", client="bob")
    answer = await world.run("How many orders?", client="bob", task_id="refused")
    assert answer.status_code == 429
    found = await world.service.list(
        world.app.state.runtime.authenticator._config.accounts["bob"].client
    )
    assert found["tasks"] == []


async def test_streams_count_and_have_the_headers(world):
    answer = await world.run("How many orders?", client="bob", mode="async")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["ratelimit"] == '"client";r=3;t=20'
    for _ in range(3):
        await world.call("GET", "/namespaces", client="bob")
    assert (await world.run("How many orders?", client="bob", mode="async")).status_code == 429


async def test_scrapers_count_too(world):
    ask = {"client": "scraper", "headers": {"Accept": "text/plain"}}
    first, second = [await world.call("GET", "/metrics", **ask) for _ in range(2)]
    assert (first.status_code, first.headers["ratelimit-remaining"]) == (200, "0")
    assert second.status_code == 429
    assert second.headers["ratelimit-policy"] == '"client";q=1;w=86400'


async def test_a_client_without_a_limit_costs_nothing(world, monkeypatch):
    await world.sign_in("alice")

    async def fail(*_: object, **__: object) -> None:
        pytest.fail("a client without a limit was counted")

    for name in ("acquire_sliding_window_entry", "get_sliding_window", "incr", "get"):
        monkeypatch.setattr(f"datus.tasks.rate_storage.RateStorage.{name}", fail)
    answer = await world.call("GET", "/namespaces")
    assert (answer.status_code, told(answer)) == (200, {})
    assert told(await world.http.get("/health")) == {}


async def test_whoever_is_not_known_is_not_counted(world):
    for _ in range(10):
        answer = await world.http.get("/namespaces", headers={"Authorization": "Bearer x"})
        assert answer.status_code == 401
        assert told(answer) == {}


async def test_the_default_is_for_clients_without_a_limit_of_their_own(
    limited, open_world, generator
):
    settings = with_default(limited, RateLimit(2, "minute"))
    async with open_world(settings, generator, clock=lambda: NOW) as world:
        found = [(await world.call("GET", "/namespaces")).status_code for _ in range(3)]
        assert found == [200, 200, 429]
        assert (await world.call("GET", "/namespaces", client="bob")).headers[
            "ratelimit-limit"
        ] == "4"


def storages() -> list[RateLimitsConfig]:
    return [RateLimitsConfig(), RateLimitsConfig("redis", Secret("redis://127.0.0.1:6379/15"))]


@pytest.fixture(params=storages(), ids=lambda config: config.storage)
async def shared(request, limited) -> Settings:
    """Settings by which processes share their counts."""
    config = request.param
    if config.url is not None:
        counting = Rates(config, MemoryStorage())
        try:
            await counting.clients._counts.storage.reset()
        except StorageError as error:
            pytest.skip(f"no Redis server to test against: {error.storage_error}")
        finally:
            await counting.close()
    return replace(limited, rate_limits=config)


async def test_processes_share_the_counts(shared, open_world, generator):
    shared = with_default(shared, RateLimit(4, "day"))
    async with (
        open_world(shared, generator) as one,
        open_world(shared, generator) as two,
    ):
        both = [one, two] * 3
        found = [await each.call("GET", "/namespaces") for each in both]
    assert [answer.status_code for answer in found] == [200] * 4 + [429] * 2
    assert [answer.headers["ratelimit-remaining"] for answer in found] == [*"321000"]


async def test_processes_share_failed_sign_ins(shared, open_world, generator):
    client = {"client_id": f"nobody-{uuid4().hex}"}
    config = replace(shared.rate_limits, client_failures=RateLimit(4, "hour"))
    shared = replace(shared, rate_limits=config)
    async with (
        open_world(shared, generator) as one,
        open_world(shared, generator) as two,
    ):
        both = [one, two] * 3
        found = [await each.http.post("/auth/token", data=FORM | client) for each in both]
        good = await two.http.post("/auth/token", data=FORM | {"client_secret": SECRET})
    assert [answer.status_code for answer in found] == [401] * 4 + [429] * 2
    assert 3_590 < int(found[-1].headers["retry-after"]) <= 3_600
    assert set(found[-1].json()) == {"error", "error_description"}
    assert told(found[-1]) == {}
    assert good.status_code == 200


async def test_without_its_storage_the_service_goes_on(limited, open_world, generator, caplog):
    config = RateLimitsConfig(
        "redis",
        Secret("redis://:hunter2@127.0.0.1:1/0"),
        default=RateLimit(1, "day"),
        client_failures=RateLimit(3, "hour"),
    )
    async with open_world(replace(limited, rate_limits=config), generator) as world:
        for _ in range(3):
            answer = await world.call("GET", "/namespaces")
            assert (answer.status_code, told(answer)) == (200, {})
        form = FORM | {"client_id": "nobody"}
        found = [(await world.http.post("/auth/token", data=form)).status_code for _ in range(4)]
    assert found == [401, 401, 401, 429]
    assert caplog.text.count("rate limits cannot be counted") == 1
    assert "hunter2" not in caplog.text


async def test_each_process_counts_for_itself_in_memory(limited, open_world, generator):
    config = RateLimitsConfig("memory", default=RateLimit(2, "day"))
    settings = replace(limited, rate_limits=config)
    async with (
        open_world(settings, generator) as one,
        open_world(settings, generator) as two,
    ):
        for each in (one, two):
            found = [(await each.call("GET", "/namespaces")).status_code for _ in range(3)]
            assert found == [200, 200, 429]


def test_redis_needs_its_client(monkeypatch):
    monkeypatch.setattr("datus.service.rates.find_spec", lambda name: None)
    config = RateLimitsConfig("redis", Secret("redis://:hunter2@127.0.0.1:6379/0"))
    with pytest.raises(ConfigError, match=r"pip install 'datus\[redis\]'") as caught:
        check_storage(config)
    assert "hunter2" not in caught.value.message
    check_storage(RateLimitsConfig())
