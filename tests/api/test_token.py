"""``POST /auth/token``: the OAuth2 form of answers and errors."""

import base64

import pytest

SECRET = "secret-of-the-tests"  # conftest.py
FORM = {"grant_type": "client_credentials", "client_id": "alice", "client_secret": SECRET}
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


def basic(client_id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


async def test_a_token_for_a_secret(world):
    answer = await world.http.post("/auth/token", data=FORM)
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 7200)
    assert answer.headers["cache-control"] == "no-store"
    headers = {"Authorization": f"bearer {body['access_token']}"}
    assert (await world.http.get("/namespaces", headers=headers)).status_code == 200


async def test_http_basic(world):
    form = {"grant_type": "client_credentials", "scope": "workflows:read"}
    answer = await world.http.post("/auth/token", data=form, headers=basic("alice", SECRET))
    assert answer.json()["scope"] == "workflows:read"
    same = form | {"client_id": "alice"}
    answer = await world.http.post("/auth/token", data=same, headers=basic("alice", SECRET))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("change", "headers", "status", "error"),
    [
        ({"client_secret": "wrong"}, {}, 401, "invalid_client"),
        ({"client_id": "nobody"}, {}, 401, "invalid_client"),
        ({"grant_type": "password"}, {}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, {}, 400, "invalid_request"),
        ({"client_id": ""}, {}, 400, "invalid_request"),
        ({"client_secret": ""}, {}, 400, "invalid_request"),
        ({"scope": "everything"}, {}, 400, "invalid_scope"),
        ({"client_secret": ["a", "b"]}, {}, 400, "invalid_request"),
        ({}, basic("alice", SECRET), 400, "invalid_request"),
        ({"client_secret": ""}, basic("bob", SECRET), 400, "invalid_request"),
        ({"client_secret": ""}, {"Authorization": "Basic !"}, 400, "invalid_request"),
        ({"client_secret": ""}, {"Authorization": "Bearer x"}, 400, "invalid_request"),
        ({"client_secret": ""}, basic("alice", "wrong"), 401, "invalid_client"),
    ],
)
async def test_errors(world, change, headers, status, error):
    answer = await world.http.post("/auth/token", data=FORM | change, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Basic")


async def test_the_same_words_for_a_wrong_id_and_a_wrong_secret(world):
    wrong_secret = await world.http.post("/auth/token", data=FORM | {"client_secret": "wrong"})
    wrong_id = await world.http.post("/auth/token", data=FORM | {"client_id": "nobody"})
    assert wrong_secret.content == wrong_id.content


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        ("{}", {"Content-Type": "application/json"}),
        (b"client_id=%ff", FORM_TYPE),
        (b"\xff", FORM_TYPE),
        ("&".join(f"x{n}=1" for n in range(30)), FORM_TYPE),
    ],
)
async def test_a_form_that_cannot_be_read(world, content, headers):
    answer = await world.http.post("/auth/token", content=content, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_errors_of_the_protocol_have_the_same_form(world):
    answer = await world.http.get("/auth/token")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert set(answer.json()) == {"error", "error_description"}
    answer = await world.http.post("/auth/token", content="a" * 300_000, headers=FORM_TYPE)
    assert (answer.status_code, set(answer.json())) == (413, {"error", "error_description"})


async def test_too_many_failures(world):
    for _ in range(25):
        answer = await world.http.post("/auth/token", data=FORM | {"client_secret": "wrong"})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert set(answer.json()) == {"error", "error_description"}
