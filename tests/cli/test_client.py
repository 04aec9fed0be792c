"""datus client: through the command line, and what stands in the file afterwards."""

import stat
import subprocess
import sys

import pytest
import yaml

from datus.auth import Authenticator
from datus.auth.file import load_auth_file
from datus.cli.main import main
from datus.errors import AuthError

KEY = "0123456789abcdef0123456789abcdef"
COMMENTED = f"""\
# Ours
clients:
    # the dashboard
    dashboard: plain-one   # team A

    reports:  # team B
        namespaces:
        - sales   # EU only
        secret: plain-two # rotate me
        scopes: [workflows:run]
    # the end

# signing
jwt: {{secret_key: {KEY}}}   # from the vault
"""


@pytest.fixture
def datus(tmp_path, monkeypatch, capsys):
    """Runs the command line in an empty home; gives exit code, standard output and standard error."""
    monkeypatch.setenv("DATUS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("JWT_SECRET_KEY", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def path(tmp_path):
    return tmp_path / "home" / "conf" / "auth_clients.yml"


@pytest.fixture
def commented(tmp_path):
    path = tmp_path / "clients.yml"
    path.write_text(COMMENTED, encoding="utf-8")
    return path


def secret_in(out: str) -> str:
    lines = dict(line.split(": ") for line in out.splitlines())
    assert list(lines) == ["client_id", "client_secret"]
    return lines["client_secret"]


async def works(path, name: str, secret: str) -> bool:
    try:
        await Authenticator(path, env={}).issue_token(name, secret, None, None)
    except AuthError:
        return False
    return True


def comments(text: str) -> list[str]:
    return [line.split("#", 1)[1] for line in text.splitlines() if "#" in line]


async def test_add_makes_a_file_that_works(datus, path):
    code, out, err = datus("client", "add", "app")
    secret = secret_in(out)
    assert code == 0
    assert "is new, with a signing key" in err
    assert secret not in err
    assert secret not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert await works(path, "app", secret)


async def test_add_with_limits(datus, path):
    datus("client", "add", "first")
    code, out, _ = datus(
        "client", "add", "app", "-n", "demo", "--scope", "workflows:run", "-s", "feedback:write",
        "--rate-limit", "5/second", "--budget-usd-per-day", "0",
    )  # fmt: skip
    client = load_auth_file(path, {}).accounts["app"].client
    assert code == 0
    assert client.namespaces == {"demo"}
    assert client.scopes == {"workflows:run", "feedback:write"}
    assert str(client.rate_limit) == "5/second"
    assert client.budget_usd_per_day == 0
    assert await works(path, "app", secret_in(out))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["add", "app"], "the client 'app' is there already; 'datus client rotate app'"),
        (["add", "a b"], "clients.a b: a name begins"),
        (["add", "x", "-s", "workflow:run"], "did you mean 'workflows:run'?"),
        (
            ["add", "x", "-n", "dmo"],
            "no namespace 'dmo' in the configuration; did you mean 'demo'?",
        ),
        (["add", "x", "--rate-limit", "5"], "expected a form such as 60/minute"),
        (["rotate", "ap"], "there is no client 'ap'; did you mean 'app'?"),
        (["remove", "nobody"], "there is no client 'nobody'; there are: app."),
        (
            ["list", "--file", "absent.yml"],
            "there is no such file; 'datus client add NAME' makes one",
        ),
        (["rotate", "app", "--config", "absent.yml"], "there is no such file; --config"),
    ],
)
def test_refusals_change_nothing(datus, path, arguments, part):
    datus("client", "add", "app")
    before = path.read_text()
    code, out, err = datus("client", *arguments)
    assert code in (1, 2)
    assert out == ""
    assert part in err
    assert "Traceback" not in err
    assert path.read_text() == before


def test_a_refused_first_client_leaves_no_file(datus, path):
    assert datus("client", "add", "a", "-s", "nope")[0] == 2
    assert not path.exists()


async def test_rotate_keeps_the_old_secret_until_it_is_dropped(datus, path):
    first = secret_in(datus("client", "add", "app")[1])
    second = secret_in(datus("client", "rotate", "app")[1])
    assert await works(path, "app", first)
    assert await works(path, "app", second)
    code, out, err = datus("client", "rotate", "app")
    third = secret_in(out)
    assert code == 0
    assert "1 older secret(s) stopped working" in err
    assert [await works(path, "app", s) for s in (first, second, third)] == [False, True, True]
    code, out, err = datus("client", "rotate", "app", "--drop-old")
    assert (code, out) == (0, "")
    assert "1 older secret(s) of app stopped working" in err
    assert [await works(path, "app", s) for s in (second, third)] == [False, True]
    assert "nothing to drop" in datus("client", "rotate", "app", "--drop-old")[2]
    assert await works(path, "app", third)


async def test_remove(datus, path):
    first, second = (secret_in(datus("client", "add", name)[1]) for name in ("a", "b"))
    assert datus("client", "remove", "a")[0] == 0
    assert [await works(path, "a", first), await works(path, "b", second)] == [False, True]
    datus("client", "remove", "b")
    assert load_auth_file(path, {}).accounts == {}
    assert await works(path, "c", secret_in(datus("client", "add", "c")[1]))


def test_list_shows_no_secrets(datus, commented):
    text = commented.read_text()
    code, out, _ = datus("client", "list", "--file", str(commented))
    assert code == 0
    assert out.splitlines()[0].split() == [
        "CLIENT",
        "SECRETS",
        "NAMESPACES",
        "SCOPES",
        "RATE",
        "LIMIT",
    ]
    assert out.splitlines()[2].split() == [
        "reports", "1", "(1", "plain", "text)", "sales", "workflows:run", "default",
    ]  # fmt: skip
    for secret in ("plain-one", "plain-two", KEY):
        assert secret not in out
    assert commented.read_text() == text


async def test_comments_and_everything_else_stay(datus, commented):
    file = ("--file", str(commented))
    new = secret_in(datus("client", "add", "app", "-n", "web", *file)[1])
    one = secret_in(datus("client", "rotate", "dashboard", *file)[1])
    two = secret_in(datus("client", "rotate", "reports", *file)[1])
    text = commented.read_text()
    assert comments(text) == comments(COMMENTED)
    assert "plain-one" not in text  # the old secrets are hashes now
    assert "plain-two" not in text
    for name, secret in (
        ("app", new),
        ("dashboard", one),
        ("dashboard", "plain-one"),
        ("reports", two),
        ("reports", "plain-two"),
    ):
        assert await works(commented, name, secret), (name, text)
    data = yaml.safe_load(text)
    assert data["jwt"] == {"secret_key": KEY}
    assert data["clients"]["reports"]["namespaces"] == ["sales"]
    assert data["clients"]["app"]["namespaces"] == ["web"]
    datus("client", "rotate", "reports", "--drop-old", *file)
    datus("client", "remove", "dashboard", *file)
    text = commented.read_text()
    assert "the end" in text
    assert list(yaml.safe_load(text)["clients"]) == ["reports", "app"]
    assert not await works(commented, "reports", "plain-two")
    assert await works(commented, "reports", two)


@pytest.mark.parametrize(
    "text",
    [
        "clients: {a: old-secret, b: {secret: x}}\njwt: {secret_key: KEY}\n",
        "{clients: {a: old-secret, b: x}, jwt: {secret_key: KEY}}",
        "clients:\n  a:\n    secret:\n    - old-secret\n    namespaces: [n]\n  b: x\njwt: {secret_key: KEY}",
        "jwt: {secret_key: KEY}\nclients:\n  'a': 'old-secret'\n  b: x",
        "base: &base {secret: old-secret}\nclients:\n  a: *base\n  b: *base\njwt: {secret_key: KEY}\n",
        "clients:\n  a: >-\n    old-secret\n  b: x\njwt: {secret_key: KEY}\n",
        "clients:\r\n  a: old-secret\r\n  b: x\r\njwt: {secret_key: KEY}\r\n",
        "\ufeffclients:\n  a: old-secret\n  b: x\njwt: {secret_key: KEY}\n",
        "clients:\n- a\n",
        "clients:\n  a: [\n",
    ],
)
def test_any_shape_of_file_is_changed_rightly_or_not_at_all(datus, tmp_path, text):
    path = tmp_path / "clients.yml"
    path.write_bytes(text.replace("KEY", KEY).encode())
    before = path.read_bytes()
    codes = [
        datus("client", *arguments, "--file", str(path))[0]
        for arguments in (["rotate", "a"], ["add", "c"], ["remove", "b"])
    ]
    if any(codes):
        assert path.read_bytes() == before
        assert "&base" in text or yaml_is_bad(text)
        return
    clients = yaml.safe_load(path.read_text())["clients"]
    assert sorted(clients) == ["a", "c"]
    assert len(clients["a"]["secret"]) == 2
    assert all(secret.startswith("$argon2id$") for secret in clients["a"]["secret"])


def yaml_is_bad(text: str) -> bool:
    return text.endswith("[\n") or "- a" in text


async def test_losing_comments_needs_a_word(datus, tmp_path):
    path = tmp_path / "clients.yml"
    text = f"clients: {{a: old-secret}}  # ours\njwt: {{secret_key: {KEY}}}\n"
    path.write_text(text)
    code, out, err = datus("client", "add", "b", "--file", str(path))
    assert (code, out) == (2, "")
    assert "without losing its comments" in err
    assert path.read_text() == text
    code, out, _ = datus("client", "add", "b", "--file", str(path), "--rewrite")
    assert code == 0
    assert await works(path, "a", "old-secret")
    assert await works(path, "b", secret_in(out))


def test_rotate_replaces_a_placeholder(datus, tmp_path):
    path = tmp_path / "clients.yml"
    path.write_text(
        "clients:\n  your_client_id: your_client_secret\n  another_client: another_secret\n"
        f"jwt: {{secret_key: {KEY}}}\n"
    )
    for name in ("your_client_id", "another_client"):
        assert datus("client", "rotate", name, "--file", str(path))[0] == 0
    assert "your_client_secret" not in path.read_text()
    assert all(len(a.secrets) == 1 for a in load_auth_file(path, {}).accounts.values())


def test_a_secret_of_the_environment_stays_one(datus, tmp_path):
    path = tmp_path / "clients.yml"
    path.write_text(f"clients:\n  a: ${{A_SECRET}}\njwt: {{secret_key: {KEY}}}\n")
    assert datus("client", "rotate", "a", "--file", str(path))[0] == 0
    assert "${A_SECRET}" in yaml.safe_load(path.read_text())["clients"]["a"]["secret"]


def test_the_file_stands_beside_agent_yml(datus, tmp_path):
    config = tmp_path / "conf" / "agent.yml"
    config.parent.mkdir()
    config.write_text("agent: {namespace: {shop: {type: sqlite, uri: s.db}}}")
    assert datus("client", "add", "app", "-n", "shop")[0] == 0
    assert (config.parent / "auth_clients.yml").is_file()
    assert "client add NAME" in datus("client", "list", "--file", "x.yml")[2]


def test_clients_added_at_once_are_all_there(tmp_path):
    code = "import sys; from datus.cli.main import main; main(sys.argv[1:])"
    path = tmp_path / "clients.yml"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, "client", "add", f"app{n}", "--file", str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for n in range(6)
    ]
    assert [process.wait(30) for process in running] == [0] * 6
    for process in running:
        process.communicate()
    assert sorted(load_auth_file(path, {}).accounts) == [f"app{n}" for n in range(6)]
