"""``auth_clients.yml``: where it is looked for, and what it says once checked."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datus.auth.client import SCOPES, Client
from datus.auth.secret import StoredSecret, is_hash, looks_like_hash
from datus.config import Secret, Setting
from datus.config.reader import Source, check, make_tree, parse_yaml, unknown
from datus.errors import ConfigError
from datus.files import read_text

FILE_NAME = "auth_clients.yml"
LOCAL_FILE = "auth_local.yml"
KEY_VARIABLE = "JWT_SECRET_KEY"

AUTH_SETTINGS: tuple[Setting, ...] = (
    Setting(
        "clients.<name>.secret",
        "secrets",
        "The client's secret: an argon2 hash, or plain text; a list while a secret is rotated. `<name>: secret` is the short form.",
        required=True,
    ),
    Setting(
        "clients.<name>.namespaces", "names", "Namespaces the client may use; absent: every one."
    ),
    Setting(
        "clients.<name>.scopes",
        "names",
        "What the client may do: "
        + ", ".join(f"`{scope}`" for scope in SCOPES)
        + "; absent: all but the last two.",
    ),
    Setting(
        "clients.<name>.rate_limit",
        "rate",
        "Most requests, such as `60/minute` or `500/12 hours` (second, minute, hour, day); absent: `agent.rate_limits.default`.",
    ),
    Setting(
        "clients.<name>.budget_usd_per_day",
        "number",
        "Most US dollars that the client spends on hosted models in a day (UTC); absent: `agent.budget.client_day_usd`.",
        minimum=0,
        maximum=1_000_000,
    ),
    Setting(
        "jwt.secret_key",
        "secret",
        "Key that signs tokens, 32 bytes or more; `JWT_SECRET_KEY` in the environment wins.",
    ),
    Setting(
        "jwt.algorithm",
        "choice",
        "How tokens are signed.",
        default="HS256",
        choices=("HS256", "HS384", "HS512"),
    ),
    Setting(
        "jwt.expiration_hours",
        "number",
        "How long a token is good, in hours.",
        default=2.0,
        minimum=0.01,
        maximum=720,
    ),
)

# What the documentation shows in place of a secret. Each works for whoever has read it.
_PLACEHOLDERS = frozenset(
    {
        "your_client_secret",
        "another_secret",
        "your-jwt-secret-key-change-in-production",
    }
)
# RFC 7518, 3.2: the key must be at least as long as the hash that it keys.
_KEY_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
# A client's id begins its task ids, so it keeps to their letters; ":" would end it in HTTP Basic.
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Account:
    """A client with its secrets."""

    client: Client
    secrets: tuple[StoredSecret, ...]


@dataclass(frozen=True)
class AuthConfig:
    """What ``auth_clients.yml`` and the environment say.

    Attributes:
        accounts: Clients by id.
        key: Signs tokens; long enough for ``algorithm``.
        expiration_s: How long a token is good, in seconds.
        path: The file.
    """

    accounts: Mapping[str, Account]
    key: Secret
    algorithm: str
    expiration_s: int
    path: Path


def find_auth_file(config_path: Path | None, home: Path) -> Path | None:
    """The file in use: beside ``agent.yml``, else ``home/conf``; None when there is none."""
    for path in auth_file_places(config_path, home):
        if path.is_file():
            return path
    return None


def auth_file_places(config_path: Path | None, home: Path) -> tuple[Path, ...]:
    """Where the file is looked for, in order."""
    beside = () if config_path is None else (config_path.parent / FILE_NAME,)
    return (*beside, home / "conf" / FILE_NAME)


def load_auth_file(
    path: Path,
    env: Mapping[str, str],
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> AuthConfig:
    """Read and check the file.

    Raises:
        ConfigError: It cannot be read or used. The message never holds a secret.
    """
    return parse_auth(read_text(path), path, env, random_bytes)


def parse_auth(
    text: str,
    path: Path,
    env: Mapping[str, str],
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> AuthConfig:
    """Check the text of the file; ``path`` is for errors, which are those of `load_auth_file`."""
    source = Source(path, env)
    data = check(_long_forms(parse_yaml(text, path)), make_tree(AUTH_SETTINGS), source)
    jwt = data["jwt"]
    return AuthConfig(
        accounts={
            name: _account(name, section, source, random_bytes)
            for name, section in data["clients"].items()
        },
        key=_key(jwt, source),
        algorithm=jwt["algorithm"],
        expiration_s=round(jwt["expiration_hours"] * 3_600),
        path=path,
    )


def check_client(name: str, entry: Mapping[str, Any], path: Path) -> None:
    """Check one client's entry as the file at ``path`` would have it.

    Raises:
        ConfigError: It cannot be used.
    """
    source = Source(path, {})
    data = check({"clients": {name: entry}}, make_tree(AUTH_SETTINGS), source)
    _account(name, data["clients"][name], source, secrets.token_bytes)


def _long_forms(raw: Any) -> Any:
    """Clients written as ``<name>: secret`` in their long form."""
    clients = raw.get("clients") if isinstance(raw, dict) else None
    if not isinstance(clients, dict):
        return raw
    long = {
        name: section if section is None or isinstance(section, dict) else {"secret": section}
        for name, section in clients.items()
    }
    return {**raw, "clients": long}


def _account(
    name: str,
    section: Mapping[str, Any],
    source: Source,
    random_bytes: Callable[[int], bytes],
) -> Account:
    at = f"clients.{name}"
    if not _CLIENT_ID.fullmatch(name):
        raise source.error(
            at, "a client id begins with a letter or digit and holds up to 64 of A-Z a-z 0-9 . _ -"
        )
    for secret in section["secret"]:
        _refuse_unsafe(secret.reveal(), source, f"{at}.secret")
    for scope in section["scopes"] or ():
        if scope not in SCOPES:
            raise source.error(f"{at}.scopes", f"unknown scope {scope!r}; {unknown(scope, SCOPES)}")
    client = Client(
        name,
        None if section["namespaces"] is None else frozenset(section["namespaces"]),
        _scopes(section["scopes"], source.path),
        section["rate_limit"],
        section["budget_usd_per_day"],
    )
    stored = tuple(StoredSecret(secret.reveal(), random_bytes) for secret in section["secret"])
    return Account(client, stored)


def _scopes(listed: tuple[str, ...] | None, path: Path) -> frozenset[str] | None:
    """Whoever has the client of the first start owns the machine and all that the service keeps there."""
    if listed is None:
        return frozenset(SCOPES) if path.name == LOCAL_FILE else None
    return frozenset(listed)


def _refuse_unsafe(secret: str, source: Source, at: str) -> None:
    if not secret.strip():
        raise source.error(at, "is empty; make a secret with: datus client rotate NAME")
    if secret in _PLACEHOLDERS:
        raise source.error(
            at,
            "is the placeholder of the documentation, which everybody knows; "
            "make a secret with: datus client rotate NAME",
        )
    if looks_like_hash(secret) and not is_hash(secret):
        raise source.error(
            at,
            "looks like a hash but is no complete argon2 hash; make one with: datus client rotate NAME",
        )


def _key(jwt: Mapping[str, Any], source: Source) -> Secret:
    """The signing key: the environment's, else the file's."""
    from_env = source.env.get(KEY_VARIABLE)
    key: Secret | None = Secret(from_env) if from_env else jwt["secret_key"]
    place = KEY_VARIABLE if from_env else f"{source.path}: jwt.secret_key"
    advice = "make one with: openssl rand -base64 48"
    if key is None:
        raise ConfigError(f"{place}: is absent, so no token can be signed; {advice}")
    if key.reveal() in _PLACEHOLDERS:
        raise ConfigError(
            f"{place}: is the placeholder of the documentation, which everybody knows; {advice}"
        )
    size, least = len(key.reveal().encode("utf-8", "surrogatepass")), _KEY_BYTES[jwt["algorithm"]]
    if size < least:
        raise ConfigError(
            f"{place}: has {size} bytes, and {jwt['algorithm']} needs {least} or more; {advice}"
        )
    return key
