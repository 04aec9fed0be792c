"""What holds for every answer: ids, headers, error shapes, and that nothing of the inside gets out."""

import logging
import re
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy.exc import DBAPIError

from datus.api.logs import IdsFilter
from datus.errors import UnavailableError
from datus.service import health
from datus.tasks.state_errors import from_sqlite

SECRET = "secret-of-the-tests"  # conftest.py
PAGES = ["/health", "/nowhere", "/openapi.json", "/docs", "/workflows", "/auth/token"]


@pytest.mark.parametrize("path", PAGES)
async def test_security_headers(world, path):
    headers = (await world.http.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", PAGES)
async def test_every_answer_has_a_request_id(world, path):
    made = await world.http.get(path)
    assert re.fullmatch(r"request-\d+", made.headers["x-request-id"])
    given = await world.http.get(path, headers={"X-Request-ID": "trace-1.2_3:4"})
    assert given.headers["x-request-id"] == "trace-1.2_3:4"


@pytest.mark.parametrize("given", ["", "a b", "a\tb", "x" * 129, "ä", '"'])
async def test_a_request_id_of_an_unsafe_form_is_not_taken(world, given):
    answer = await world.http.get("/health", headers={"X-Request-ID": given.encode("latin-1")})
    assert re.fullmatch(r"request-\d+", answer.headers["x-request-id"])


async def test_log_lines_have_the_request_id_and_no_secret(world, caplog):
    caplog.handler.addFilter(IdsFilter())
    caplog.set_level(logging.DEBUG)
    await world.run("How many orders?")
    token = world.tokens["alice"]
    await world.http.get("/health?secret=hidden", headers={"X-Request-ID": "trace-9"})
    ours = [record for record in caplog.records if record.name.startswith("datus")]
    assert ours[-1].request_id == "trace-9"
    assert ours[-1].getMessage().startswith("GET /health 200 ")
    text = "\n".join(record.getMessage() for record in ours)
    for secret in (SECRET, token, "hidden"):
        assert secret not in text


async def test_a_path_cannot_forge_a_log_line(world, caplog):
    caplog.set_level(logging.INFO)
    await world.http.get("/a%0aINFO%20forged")
    lines = [record.getMessage() for record in caplog.records if record.name == "datus.access"]
    assert [line.split()[1] for line in lines] == ["/a%0AINFO%20forged"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("GET", "/health/", 404, "not_found"),
        ("POST", "/health", 405, "method_not_allowed"),
        ("DELETE", "/workflows/run", 405, "method_not_allowed"),
        ("GET", "/workflows/run", 405, "method_not_allowed"),
        ("PUT", "/workflows/x", 405, "method_not_allowed"),
        ("GET", "/workflows/x/cancel", 405, "method_not_allowed"),
        ("GET", "/workflows", 401, "missing_token"),
    ],
)
async def test_problems(world, method, path, status, code):
    answer = await world.http.request(method, path)
    body = answer.json()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert (body["status"], body["code"]) == (status, code)
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        (None, 'Bearer realm="datus"'),
        ("Bearer", 'Bearer realm="datus", error="invalid_token"'),
        ("Bearer x.y.z", 'Bearer realm="datus", error="invalid_token"'),
        ("Basic YWxpY2U6eA==", 'Bearer realm="datus", error="invalid_token"'),
    ],
)
async def test_without_a_good_token(world, authorization, challenge):
    headers = {"Authorization": authorization} if authorization else {}
    answer = await world.http.get("/namespaces", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == challenge
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_unforeseen_error_shows_nothing_of_itself(world, monkeypatch, caplog):
    async def broken(*_, **__):
        raise RuntimeError("postgresql://user:hunter2@db/")

    monkeypatch.setattr(world.service, "list", broken)
    answer = await world.call("GET", "/workflows", headers={"X-Request-ID": "trace-5"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["x-request-id"] == "trace-5"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert any(record.exc_info for record in caplog.records)


async def test_health_asks_nobody(world, monkeypatch):
    monkeypatch.setattr(world.app.state, "runtime", None)
    answer = await world.http.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ready(world, settings):
    answer = await world.http.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
    (settings.namespaces["shop"].databases[0].path).unlink()
    answer = await world.http.get("/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert "shop/shop (unreachable)" in answer.json()["detail"]
    details = answer.json()["details"]
    assert details["reasons"] == {"shop/shop": "unreachable", "vault/shop": "unreachable"}
    assert details["parts"] == list(details["reasons"])


async def test_ready_tells_a_word_and_the_log_tells_the_rest(world, settings, monkeypatch, caplog):
    monkeypatch.setattr(health, "_PING_S", 0.3)
    with closing(sqlite3.connect(settings.state_path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        answer = await world.http.get("/ready")
        other.rollback()
    assert answer.json()["details"]["reasons"] == {"store": "timeout"}

    async def full() -> None:
        problem = sqlite3.OperationalError("database or disk is full")
        problem.sqlite_errorname = "SQLITE_FULL"
        raise from_sqlite(settings.state_path, DBAPIError("COMMIT", {}, problem))

    monkeypatch.setattr(world.service._store, "ping", full)
    answer = await world.http.get("/ready")
    assert answer.json()["details"]["reasons"] == {"store": "full"}
    assert str(settings.state_path) not in answer.text
    assert f"{settings.state_path} cannot grow" in caplog.text

    await world.service.close(0)
    reasons = (await world.http.get("/ready")).json()["details"]["reasons"]
    assert reasons["service"] == "shutting_down"


async def test_a_full_service_says_when_to_come_back(world, monkeypatch):
    async def full(*_):
        raise UnavailableError("Full.", code="overloaded", details={"retry_after": 5})

    monkeypatch.setattr(world.service, "submit", full)
    answer = await world.run("How many orders?")
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert answer.headers["retry-after"] == "5"


async def test_callers_are_not_told_where_a_database_lives(world, settings, caplog):
    path = settings.namespaces["shop"].databases[0].path
    path.unlink()
    answer = (await world.run("How many orders?")).json()
    assert (answer["status"], answer["error"]["code"]) == ("failed", "database_unreachable")
    assert str(path) not in answer["error"]["message"]
    assert str(path) in caplog.text
