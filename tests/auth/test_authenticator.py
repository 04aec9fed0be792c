"""Signing in and being recognised: words, codes, limits, time, and files that change."""

import asyncio
import base64
import json
import logging
import statistics
import time

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from datus.auth import Authenticator, Client, authenticator
from datus.auth.file import load_auth_file
from datus.auth.secret import StoredSecret, hash_secret
from datus.errors import (
    AuthError,
    ConfigError,
    ForbiddenError,
    InvalidRequestError,
    RateLimitedError,
)

KEY = "0123456789abcdef0123456789abcdef"
ADDRESS = "192.0.2.1"


def part(token: str, index: int) -> dict:
    text = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


async def sign_in(auth: Authenticator, name="app", secret="right", scope=None, address=ADDRESS):
    return await auth.issue_token(name, secret, scope, address)


# --- tokens


async def test_a_secret_gives_a_token_and_a_token_the_client(open_authenticator, clock):
    auth = open_authenticator("  app: right")
    token = await sign_in(auth)
    assert token.expires_in == 7_200
    assert token.access_token not in repr(token)
    assert part(token.access_token, 0) == {"typ": "JWT", "alg": "HS256"}
    claims = part(token.access_token, 1)
    assert (claims["sub"], claims["iss"], claims["aud"]) == ("app", "datus", "datus")
    assert (claims["iat"], claims["exp"]) == (int(clock()), int(clock()) + 7_200)
    client = auth.authenticate(token.access_token)
    assert (client.id, client.namespaces) == ("app", None)
    client.require("workflows:run")
    assert client.may("anything")
    assert (await sign_in(auth)).access_token != token.access_token


async def test_hashed_and_several_secrets_work(open_authenticator):
    auth = open_authenticator(
        f"  app:\n    secret: ['{hash_secret('new')}', old]\n  other: {{secret: x}}"
    )
    for secret in ("new", "old"):
        assert auth.authenticate((await sign_in(auth, secret=secret)).access_token).id == "app"
    with pytest.raises(AuthError):
        await sign_in(auth, secret="x")


async def test_a_plain_secret_is_no_hash_of_itself(open_authenticator):
    """Neither the decoy nor the text of a hash may open anything."""
    hashed = hash_secret("right")
    auth = open_authenticator(f"  app: '{hashed}'\n  plain: right2")
    for name, secret in (("app", hashed), ("app", hashed[:-1]), ("plain", "right"), ("plain", "")):
        with pytest.raises((AuthError, InvalidRequestError)):
            await sign_in(auth, name=name, secret=secret)


async def test_namespaces_and_scopes(open_authenticator):
    auth = open_authenticator(
        "  app: {secret: right, namespaces: [sales], scopes: [workflows:run, workflows:read]}"
    )
    token = await sign_in(auth)
    assert token.scope == "workflows:read workflows:run"
    client = auth.authenticate(token.access_token)
    assert client.may("sales")
    assert not client.may("finance")
    with pytest.raises(ForbiddenError, match="feedback:write") as caught:
        client.require("feedback:write")
    assert caught.value.details == {"scope": "feedback:write"}
    narrow = auth.authenticate((await sign_in(auth, scope=" workflows:read ")).access_token)
    assert narrow.scopes == {"workflows:read"}


async def test_the_scopes_of_the_inside_must_be_named(open_authenticator):
    auth = open_authenticator("  app: right\n  seer: {secret: right, scopes: ['trace:read']}")
    token = await sign_in(auth)
    assert token.scope == "feedback:write workflows:read workflows:run"
    client = auth.authenticate(token.access_token)
    for scope in ("trace:read", "metrics:scrape"):
        with pytest.raises(ForbiddenError):
            client.require(scope)
        with pytest.raises(InvalidRequestError):
            await sign_in(auth, scope=scope)
    auth.authenticate((await sign_in(auth, "seer")).access_token).require("trace:read")


@pytest.mark.parametrize("scope", ["feedback:write", "workflows:run feedback:write", "admin"])
async def test_a_scope_the_client_lacks_is_invalid(open_authenticator, scope):
    auth = open_authenticator("  app: {secret: right, scopes: [workflows:run]}")
    with pytest.raises(InvalidRequestError) as caught:
        await sign_in(auth, scope=scope)
    assert caught.value.code == "invalid_scope"
    assert caught.value.details["scopes"] == ["workflows:run"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ((None, "s", "client_credentials"), "invalid_request"),
        (("app", None, "client_credentials"), "invalid_request"),
        (("app", "", "client_credentials"), "invalid_request"),
        (("app", "right", None), "invalid_request"),
        (("app", "right", "password"), "unsupported_grant_type"),
    ],
)
async def test_requests_that_are_not_a_sign_in(open_authenticator, fields, code):
    auth = open_authenticator("  app: right")
    name, secret, grant_type = fields
    with pytest.raises(InvalidRequestError) as caught:
        await auth.issue_token(name, secret, None, ADDRESS, grant_type=grant_type)
    assert caught.value.code == code


async def test_a_token_ends(open_authenticator, clock):
    auth = open_authenticator("  app: right")
    token = (await sign_in(auth)).access_token
    clock.go(7_199)
    assert auth.authenticate(token).id == "app"
    clock.go(10)
    with pytest.raises(AuthError, match="is over") as caught:
        auth.authenticate(token)
    assert caught.value.code == "invalid_token"


@pytest.mark.parametrize(
    "token", [None, "", "x", "a.b.c", "a.b.c.d.e", "\ud800", "é.é.é", "x" * 9_000]
)
def test_text_that_is_no_token(open_authenticator, token):
    with pytest.raises(AuthError) as caught:
        open_authenticator("  app: right").authenticate(token)
    assert caught.value.code == "invalid_token"


async def test_forged_tokens_are_refused(open_authenticator):
    auth = open_authenticator("  app: right")
    good = (await sign_in(auth)).access_token
    header, claims = part(good, 0), part(good, 1)
    key = OctKey.import_key(KEY)
    assert auth.authenticate(jwt.encode(header, claims, key)).id == "app"

    def unsigned(alg: str) -> str:
        def encode(data: dict) -> str:
            return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

        return f"{encode({'alg': alg})}.{encode(claims)}."

    rsa = RSAKey.generate_key(2048)
    forged = [
        unsigned("none"),
        unsigned("HS256"),
        jwt.encode(header, claims, OctKey.import_key(KEY[:-1] + "x")),
        jwt.encode({"alg": "HS384"}, claims, key, algorithms=["HS384"]),
        jwt.encode({"alg": "RS256"}, claims, rsa, algorithms=["RS256"]),
        good[:-2],
        *[
            jwt.encode(header, {**claims, **change}, key)
            for change in (
                {"aud": "other"},
                {"iss": "other"},
                {"sub": "nobody"},
                {"cred": "0" * 32},
                {"exp": None},
                {"iat": claims["iat"] + 1_000},
            )
        ],
        *[
            jwt.encode(header, {k: v for k, v in claims.items() if k != absent}, key)
            for absent in claims
        ],
    ]
    for token in forged:
        with pytest.raises(AuthError) as caught:
            auth.authenticate(token)
        assert caught.value.code == "invalid_token"


async def test_a_header_of_odd_types_is_refused(open_authenticator):
    auth = open_authenticator("  app: right")
    for header in ({"alg": "HS256", "crit": 5}, [], {"alg": ["HS256"]}, "x", None):
        text = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
        with pytest.raises(AuthError):
            auth.authenticate(f"{text}.e30.AA")


async def test_the_environment_key_wins(clients_file, clock):
    path = clients_file("  app: right")
    first = Authenticator(path, env={}, clock=clock, monotonic=clock)
    other = Authenticator(path, env={"JWT_SECRET_KEY": "e" * 32}, clock=clock, monotonic=clock)
    token = (await sign_in(other)).access_token
    assert other.authenticate(token).id == "app"
    with pytest.raises(AuthError):
        first.authenticate(token)


async def test_processes_share_tokens(clients_file, clock):
    path = clients_file("  app: right\n  hashed: '" + hash_secret("right") + "'")
    one, two = (Authenticator(path, env={}, clock=clock, monotonic=clock) for _ in range(2))
    for name in ("app", "hashed"):
        assert two.authenticate((await sign_in(one, name)).access_token).id == name


# --- unknown client and wrong secret


async def test_unknown_and_wrong_get_the_same_words(open_authenticator):
    auth = open_authenticator("  app: right")
    answers = []
    for name, secret in (("app", "wrong"), ("nobody", "wrong"), ("nobody", "right")):
        with pytest.raises(AuthError) as caught:
            await sign_in(auth, name, secret)
        answers.append((caught.value.code, caught.value.message, caught.value.details))
    assert set(map(str, answers)) == {
        str(("invalid_client", "Unknown client or wrong secret.", {}))
    }


async def test_unknown_and_wrong_do_the_same_work(open_authenticator, monkeypatch):
    """One argon2 run for each secret of a client; an unknown id costs what some client costs."""
    calls: list[str] = []
    matches = StoredSecret.matches

    def counted(self: StoredSecret, secret: str) -> bool:
        calls.append(secret)
        return matches(self, secret)

    monkeypatch.setattr(StoredSecret, "matches", counted)
    hashed = hash_secret("right")
    auth = open_authenticator(f"  a: '{hashed}'\n  b: plain\n  c: ['{hashed}', plain]")
    for name, runs in (("a", 1), ("b", 1), ("c", 2)):
        calls.clear()
        with pytest.raises(AuthError):
            await sign_in(auth, name, "wrong")
        assert len(calls) == runs
    seen: dict[str, int] = {}
    for name in [f"nobody{n}" for n in range(9)] * 2:
        calls.clear()
        with pytest.raises(AuthError):
            await sign_in(auth, name, "wrong")
        assert seen.setdefault(name, len(calls)) == len(calls)  # an id costs the same each time
    assert set(seen.values()) <= {1, 2}
    both = open_authenticator(f"  a: ['{hashed}', plain]\n  b: [one, two]")
    calls.clear()
    with pytest.raises(AuthError):
        await sign_in(both, "nobody", "wrong")
    assert len(calls) == 2


async def test_unknown_and_wrong_take_the_same_time(open_authenticator):
    auth = open_authenticator(f"  hashed: '{hash_secret('right')}'\n  plain: right")
    times: dict[str, list[float]] = {"hashed": [], "plain": [], "nobody": []}
    for _ in range(7):
        for name, measured in times.items():
            begin = time.perf_counter()
            with pytest.raises(AuthError):
                await sign_in(auth, name, "wrong")
            measured.append(time.perf_counter() - begin)
    best = {name: min(measured) for name, measured in times.items()}
    # An early answer would take a hundredth of an argon2 run; a busy machine makes for the slack.
    assert max(best.values()) < 2 * min(best.values()), best
    assert statistics.median(times["nobody"]) > 0.005


async def test_checking_a_secret_does_not_block_the_event_loop(open_authenticator, monkeypatch):
    auth = open_authenticator("  app: right")
    monkeypatch.setattr(StoredSecret, "matches", lambda self, secret: not time.sleep(0.3))
    running = asyncio.create_task(sign_in(auth))
    begin = time.perf_counter()
    for _ in range(5):
        await asyncio.sleep(0.01)
    assert time.perf_counter() - begin < 0.25
    await running


async def test_few_checks_run_at_once(open_authenticator, monkeypatch):
    running = most = 0

    def slow(self: StoredSecret, secret: str) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.01)
        running -= 1
        return True

    monkeypatch.setattr(StoredSecret, "matches", slow)
    auth = open_authenticator("  app: right")
    await asyncio.gather(*(sign_in(auth) for _ in range(12)))
    assert most == 2


async def test_a_flood_of_sign_ins_is_turned_away(open_authenticator, monkeypatch):
    monkeypatch.setattr(authenticator, "_CHECKS_WAITING", 3)
    monkeypatch.setattr(StoredSecret, "matches", lambda self, secret: not time.sleep(0.02))
    auth = open_authenticator("  app: right")
    results = await asyncio.gather(*(sign_in(auth) for _ in range(8)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, RateLimitedError)]
    assert len(refused) == 5
    assert refused[0].details == {"retry_after": 1}
    await sign_in(auth)


# --- too many failures


async def fail(auth: Authenticator, times: int, name: str, address: str | None) -> None:
    for _ in range(times):
        with pytest.raises(AuthError):
            await sign_in(auth, name, "wrong", address=address)


@pytest.mark.usefixtures("cheap_argon2")
@pytest.mark.parametrize("name", ["app", "nobody"])
async def test_a_client_waits_after_too_many_failures(open_authenticator, clock, name):
    auth = open_authenticator("  app: right\n  other: right")
    for number in range(20):
        await fail(auth, 1, name, f"192.0.2.{number}")
    clock.go(100)
    with pytest.raises(RateLimitedError) as caught:
        await sign_in(auth, name, "right", address="198.51.100.1")
    assert caught.value.details == {"retry_after": 200}
    await sign_in(auth, "other")
    clock.go(201)
    with pytest.raises(AuthError):
        await sign_in(auth, name, "wrong", address="198.51.100.1")


@pytest.mark.usefixtures("cheap_argon2")
async def test_nobody_locks_a_client_out_of_its_own_address(open_authenticator):
    auth = open_authenticator("  app: right")
    await sign_in(auth, address="203.0.113.7")
    await fail(auth, 20, "app", ADDRESS)
    with pytest.raises(RateLimitedError):
        await sign_in(auth, address=ADDRESS)
    assert await sign_in(auth, address="203.0.113.7")


@pytest.mark.usefixtures("cheap_argon2")
@pytest.mark.parametrize(
    ("addresses", "same", "other"),
    [
        ([ADDRESS], ADDRESS, "192.0.2.2"),
        (["2001:db8::1", "2001:db8::ffff:2"], "2001:db8::3", "2001:db8:0:1::1"),
        (["::ffff:192.0.2.1"], ADDRESS, "192.0.2.2"),
        ([None], None, ADDRESS),
    ],
)
async def test_an_address_waits_after_too_many_failures(open_authenticator, addresses, same, other):
    auth = open_authenticator("  app: right")
    for number in range(60):
        await fail(auth, 1, f"nobody{number}", addresses[number % len(addresses)])
    with pytest.raises(RateLimitedError):
        await sign_in(auth, address=same)
    await sign_in(auth, address=other)


@pytest.mark.usefixtures("cheap_argon2")
async def test_a_burst_at_once_gets_no_more_guesses(open_authenticator):
    auth = open_authenticator("  app: right")
    results = await asyncio.gather(
        *(sign_in(auth, secret=f"guess{n}", address=f"10.0.0.{n}") for n in range(100)),
        return_exceptions=True,
    )
    kinds = [type(result) for result in results]
    # Two are under way when the twentieth fails.
    assert 20 <= kinds.count(AuthError) <= 21
    assert kinds.count(AuthError) + kinds.count(RateLimitedError) == 100


# --- files that change


@pytest.fixture
def changing(clients_file, clock):
    """An authenticator, and a way to change its file and let a second pass."""
    auth = Authenticator(clients_file("  app: right"), env={}, clock=clock, monotonic=clock)

    def change(clients: str, **kwargs: str) -> None:
        clients_file(clients, **kwargs)
        clock.go(1.1)

    return auth, change


async def test_a_removed_client_is_refused(changing):
    auth, change = changing
    token = (await sign_in(auth)).access_token
    change("  other: right")
    with pytest.raises(AuthError, match="was removed"):
        auth.authenticate(token)
    with pytest.raises(AuthError):
        await sign_in(auth)
    assert (await sign_in(auth, "other")).access_token


async def test_the_last_client_may_be_removed(changing):
    auth, change = changing
    token = (await sign_in(auth)).access_token
    change("")
    with pytest.raises(AuthError, match="was removed"):
        auth.authenticate(token)
    with pytest.raises(AuthError, match="Unknown client"):
        await sign_in(auth)


async def test_a_removed_secret_ends_its_tokens(changing):
    auth, change = changing
    change("  app: {secret: [new, right]}")
    old, new = [(await sign_in(auth, secret=secret)).access_token for secret in ("right", "new")]
    assert auth.authenticate(old).id == auth.authenticate(new).id == "app"
    change("  app: {secret: [new]}")
    assert auth.authenticate(new).id == "app"
    with pytest.raises(AuthError, match="was removed"):
        auth.authenticate(old)


async def test_scopes_and_namespaces_taken_away_are_gone_from_tokens(changing):
    auth, change = changing
    token = (await sign_in(auth, scope="workflows:run workflows:read")).access_token
    change("  app: {secret: right, namespaces: [a], scopes: [workflows:read, feedback:write]}")
    client = auth.authenticate(token)
    assert client == Client("app", frozenset({"a"}), frozenset({"workflows:read"}))


async def test_the_file_is_looked_at_once_a_second(changing, clients_file, clock):
    auth, _ = changing
    clients_file("  other: right")
    clock.go(0.5)
    assert await sign_in(auth)
    clock.go(0.6)
    with pytest.raises(AuthError):
        await sign_in(auth)


@pytest.mark.parametrize("clients", ["  app: [", "  app: {secrt: s3cret}", "  app: ''"])
async def test_a_broken_file_changes_nothing_and_is_logged(changing, caplog, clients):
    auth, change = changing
    with caplog.at_level(logging.ERROR):
        change(clients)
        assert auth.authenticate((await sign_in(auth)).access_token).id == "app"
        assert auth.authenticate((await sign_in(auth)).access_token).id == "app"
    (record,) = caplog.records
    assert "Clients stay as they were" in record.getMessage()
    assert "auth_clients.yml" in record.getMessage()
    assert "s3cret" not in caplog.text


async def test_a_file_that_is_gone_changes_nothing_until_it_is_back(changing, tmp_path):
    auth, change = changing
    change("  app: right\n  gone: right")
    (tmp_path / "auth_clients.yml").unlink()
    assert await sign_in(auth)
    change("  other: right")
    assert await sign_in(auth, "other")


def test_a_broken_file_at_the_start_is_an_error(clients_file):
    with pytest.raises(ConfigError):
        Authenticator(clients_file("  app: ["), env={})


# --- nothing leaks


async def test_no_secret_in_logs_reprs_or_errors(open_authenticator, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    auth = open_authenticator("  app: pl41n-s3cret", JWT_SECRET_KEY="k3y" * 16)
    shown = [repr(auth), repr(load_auth_file(tmp_path / "auth_clients.yml", {}))]
    token = await sign_in(auth, secret="pl41n-s3cret")
    shown += [repr(token), repr(auth.authenticate(token.access_token))]
    for wrong in ("wr0ng-s3cret", "pl41n-s3cret "):
        with pytest.raises(AuthError) as caught:
            await sign_in(auth, secret=wrong)
        shown += [repr(caught.value), str(caught.value.details)]
    with pytest.raises(AuthError) as caught:
        auth.authenticate(token.access_token + "x")
    shown += [repr(caught.value), str(caught.value.__cause__), caplog.text]
    for text in shown:
        for secret in ("pl41n", "wr0ng", "k3yk3y", token.access_token):
            assert secret not in text
