"""The first start, and what refuses to start."""

import multiprocessing
import os
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from datus.auth import SCOPES, Authenticator, is_loopback, prepare_auth
from datus.auth.private import private_folder, write_private
from datus.config import load_settings
from datus.errors import ConfigError

KEY = "0123456789abcdef0123456789abcdef"


def settings_in(folder: Path):
    return load_settings(env={}, home=folder / ".datus", cwd=folder)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.168.0.1", False),
        ("::ffff:192.168.0.1", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("128.0.0.1", False),
    ],
)
def test_which_addresses_only_this_machine_reaches(host, loopback):
    assert is_loopback(host) is loopback


async def test_the_first_start_makes_a_client_once(tmp_path):
    settings = settings_in(tmp_path)
    first = prepare_auth(settings, host="127.0.0.1", env={})
    assert first.created.id == "local"
    assert first.warnings == ()
    assert first.created.secret.reveal() not in repr(first)
    assert (mode(settings.home), mode(first.path)) == (0o700, 0o600)
    again = prepare_auth(settings, host="localhost", env={})
    assert (again.path, again.created) == (first.path, None)
    auth = Authenticator(first.path, env={})
    token = await auth.issue_token("local", first.created.secret.reveal(), None, None)
    client = auth.authenticate(token.access_token)
    assert client.id == "local"
    for scope in SCOPES:
        client.require(scope)
    assert [path.name for path in settings.home.iterdir()] == ["auth_local.yml"]


def test_two_machines_do_not_get_the_same_secret(tmp_path):
    one, two = (
        prepare_auth(settings_in(tmp_path / name), host="::1", env={}).created.secret.reveal()
        for name in "ab"
    )
    assert one != two
    assert len(one) >= 43  # 32 random bytes


def test_an_open_datus_folder_is_closed_and_any_other_left_alone(tmp_path):
    for name, expected in ((".datus", 0o700), ("shared", 0o755)):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o755)
        private_folder(tmp_path / name)
        assert mode(tmp_path / name) == expected


def _start(folder: str) -> tuple[str, str | None]:
    made = prepare_auth(settings_in(Path(folder)), host="127.0.0.1", env={})
    return made.path.read_text(), made.created.secret.reveal() if made.created else None


def test_processes_that_start_at_once_agree(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, mp_context=spawn) as pool:
        results = list(pool.map(_start, [str(tmp_path)] * 12))
    assert len({text for text, _ in results}) == 1
    (created,) = [secret for _, secret in results if secret]
    assert created in results[0][0]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "datus.example.com"])
def test_others_reach_no_server_without_clients(tmp_path, host):
    settings = settings_in(tmp_path)
    prepare_auth(settings, host="127.0.0.1", env={})
    with pytest.raises(ConfigError) as caught:
        prepare_auth(settings, host=host, env={"JWT_SECRET_KEY": KEY})
    assert host in caught.value.message
    assert "datus client add" in caught.value.message
    assert str(settings.home / "conf" / "auth_clients.yml") in caught.value.message


def write_clients(path: Path, clients: str = "  app: right", key: str = KEY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, f"clients:\n{clients}\njwt: {{secret_key: {key}}}\n")
    return path


def test_the_file_beside_agent_yml_comes_first(tmp_path):
    config = tmp_path / "conf" / "agent.yml"
    config.parent.mkdir()
    config.write_text("agent: {namespace: {shop: {type: sqlite, uri: s.db}}}")
    home_file = write_clients(tmp_path / ".datus" / "conf" / "auth_clients.yml")
    settings = settings_in(tmp_path)
    assert prepare_auth(settings, host="0.0.0.0", env={}).path == home_file
    beside = write_clients(config.with_name("auth_clients.yml"))
    assert prepare_auth(settings, host="0.0.0.0", env={}).path == beside


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
@pytest.mark.parametrize(
    ("clients", "key"),
    [
        ("  your_client_id: your_client_secret", KEY),
        ("  app: right", "your-jwt-secret-key-change-in-production"),
        ("  app: right", "short"),
    ],
)
def test_placeholders_and_short_keys_do_not_start_anywhere(tmp_path, host, clients, key):
    write_clients(tmp_path / ".datus" / "conf" / "auth_clients.yml", clients, key)
    with pytest.raises(ConfigError):
        prepare_auth(settings_in(tmp_path), host=host, env={})


def test_an_unusable_key_of_the_environment_leaves_nothing_behind(tmp_path):
    with pytest.raises(ConfigError, match="JWT_SECRET_KEY"):
        prepare_auth(settings_in(tmp_path), host="127.0.0.1", env={"JWT_SECRET_KEY": "short"})
    assert not (tmp_path / ".datus" / "auth_local.yml").exists()
    assert prepare_auth(settings_in(tmp_path), host="127.0.0.1", env={}).created


def test_warnings(tmp_path):
    path = write_clients(
        tmp_path / ".datus" / "conf" / "auth_clients.yml",
        "  app: s3cret\n  two: {secret: s3cret, namespaces: [demo, dmo]}",
    )
    path.chmod(0o644)
    plain, readable, namespace = prepare_auth(
        settings_in(tmp_path), host="0.0.0.0", env={}
    ).warnings
    assert "plain text (app, two)" in plain
    assert "can be read by other users" in readable
    assert (
        "client two may use the namespace 'dmo', which is not configured; did you mean 'demo'?"
        in namespace
    )
    assert "s3cret" not in plain + readable + namespace


def test_a_file_without_clients_starts_with_a_warning(tmp_path):
    write_clients(tmp_path / ".datus" / "conf" / "auth_clients.yml", "")
    (warning,) = prepare_auth(settings_in(tmp_path), host="0.0.0.0", env={}).warnings
    assert "nobody can sign in" in warning


def test_a_private_file_is_whole_or_not_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_private(path, "one")
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space")))
    with pytest.raises(ConfigError, match="No space"):
        write_private(path, "two")
    assert path.read_text() == "one"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_private_file_behind_a_link_stays_behind_it(tmp_path):
    (tmp_path / "real").write_text("one")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_private(tmp_path / "link", "two")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "two"
    assert mode(tmp_path / "real") == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to another user")
def test_a_private_file_stays_its_owners(tmp_path):
    path = tmp_path / "file"
    write_private(path, "one")
    os.chown(path, 1234, 1234)
    write_private(path, "two")
    assert (path.stat().st_uid, path.stat().st_gid, mode(path)) == (1234, 1234, 0o600)
