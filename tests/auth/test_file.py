"""auth_clients.yml: what is accepted, what is refused and with which words."""

import pytest

from datus.auth.file import load_auth_file
from datus.auth.secret import StoredSecret, hash_secret, is_hash
from datus.errors import ConfigError

KEY = "0123456789abcdef0123456789abcdef"


def test_the_shapes_of_a_client(clients_file):
    hashed = hash_secret("x")
    config = load_auth_file(
        clients_file(
            f"""
  short: plain
  hashed: "{hashed}"
  several: [one, "{hashed}"]
  long:
    secret: ${{SECRET}}
    namespaces: [sales, 财务]
    scopes: [workflows:run]
    rate_limit: 60/minute
""",
            jwt=f"jwt: {{secret_key: {KEY * 2}, algorithm: HS512, expiration_hours: 0.5}}",
        ),
        {"SECRET": "from outside"},
    )
    assert list(config.accounts) == ["short", "hashed", "several", "long"]
    plain = {n: [s.is_plain for s in a.secrets] for n, a in config.accounts.items()}
    assert plain == {"short": [True], "hashed": [False], "several": [True, False], "long": [True]}
    client = config.accounts["long"].client
    assert (client.namespaces, client.scopes) == ({"sales", "财务"}, {"workflows:run"})
    assert str(client.rate_limit) == "60/minute"
    assert config.accounts["long"].secrets[0].matches("from outside")
    assert (config.algorithm, config.expiration_s) == ("HS512", 1_800)


@pytest.mark.parametrize(
    ("clients", "part"),
    [
        ("  a: your_client_secret", "clients.a.secret: is the placeholder of the documentation"),
        ("  a: [fine, another_secret]", "clients.a.secret: is the placeholder"),
        ("  a: ''", "clients.a.secret: is empty"),
        ("  a:", "clients.a.secret: is required"),
        ("  a: []", "clients.a.secret: the value is not usable; expected text in quotes"),
        ("  a: 12345", "clients.a.secret: the value is not usable; expected text in quotes"),
        ("  a: $argon2id$v=19$...", "no complete argon2 hash"),
        ("  a: '$2b$12$abcdefghijklmnopqrstuv'", "no complete argon2 hash"),
        ("  a: ${ABSENT}", "the environment variable ABSENT is not set"),
        ("  a: {secret: x, scopes: [workflow:run]}", "did you mean 'workflows:run'?"),
        ("  a: {secret: x, scope: [workflows:run]}", "clients.a.scope: unknown key; did you mean 'scopes'?"),
        ("  a: {secret: x, namespaces: sales}", "clients.a.namespaces: 'sales' is not usable; expected a list"),
        ("  a: {secret: x, rate_limit: 60 per minute}", "'60 per minute' is not usable; expected a form such as 60/minute"),
        ("  a: {secret: x, rate_limit: 0/minute}", "expected a form such as 60/minute"),
        ("  客户: x", "clients.客户: a client id begins"),
        ("  'a:b': x", "clients.a:b: a name begins"),
        ("  a: x\n  a: y", "the key 'a' stands twice"),
        ("  - a", "clients: expected keys with values below it"),
    ],
)  # fmt: skip
def test_clients_that_are_refused(clients_file, clients, part):
    with pytest.raises(ConfigError) as caught:
        load_auth_file(clients_file(clients), {})
    assert part in caught.value.message
    assert "auth_clients.yml" in caught.value.message
    for secret in ("12345", "fine", "abcdefgh"):
        assert secret not in caught.value.message


@pytest.mark.parametrize(
    ("jwt", "env", "part"),
    [
        ("", {}, "jwt.secret_key: is absent, so no token can be signed"),
        ("jwt: {secret_key: your-jwt-secret-key-change-in-production}", {}, "jwt.secret_key: is the placeholder"),
        ("jwt: {secret_key: sh0rt}", {}, "has 5 bytes, and HS256 needs 32 or more"),
        (f"jwt: {{secret_key: {KEY}, algorithm: HS384}}", {}, "has 32 bytes, and HS384 needs 48"),
        (f"jwt: {{secret_key: {KEY}, algorithm: none}}", {}, "'none' is not usable; expected one of HS256"),
        (f"jwt: {{secret_key: {KEY}, algorithm: RS256}}", {}, "'RS256' is not usable"),
        (f"jwt: {{secret_key: {KEY}, expiration_hours: 0}}", {}, "jwt.expiration_hours: 0 is not usable"),
        (f"jwt: {{secret_key: {KEY}, expiration: 2}}", {}, "did you mean 'expiration_hours'?"),
        (f"jwt: {{secret_key: {KEY}}}", {"JWT_SECRET_KEY": "sh0rt"}, "JWT_SECRET_KEY: has 5 bytes"),
        (f"jwt: {{secret_key: {KEY}}}", {"JWT_SECRET_KEY": "your-jwt-secret-key-change-in-production"}, "JWT_SECRET_KEY: is the placeholder"),
    ],
)  # fmt: skip
def test_keys_that_are_refused(clients_file, jwt, env, part):
    with pytest.raises(ConfigError) as caught:
        load_auth_file(clients_file("  a: x", jwt=jwt), env)
    assert part in caught.value.message
    assert "sh0rt" not in caught.value.message


@pytest.mark.parametrize("jwt", ["", "jwt: {secret_key: sh0rt}"])
def test_the_environment_key_stands_in_for_the_files(clients_file, jwt):
    config = load_auth_file(clients_file("  a: x", jwt=jwt), {"JWT_SECRET_KEY": KEY})
    assert config.key.reveal() == KEY


def test_hashes_are_told_from_plain_text():
    assert is_hash(hash_secret("x"))
    assert not is_hash(hash_secret("x") + "\n")
    assert not is_hash(hash_secret("x").rsplit("$", 1)[0])
    assert hash_secret("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("text", ["x", "密码", "\ud800", "a\0b", "x" * 5_000])
def test_any_text_can_be_a_secret(text):
    for kept in (text, hash_secret(text)):
        stored = StoredSecret(kept, lambda size: b"0" * size)
        assert stored.matches(text)
        assert not stored.matches(text + " ")
        assert text not in repr(stored) or len(text) == 1
