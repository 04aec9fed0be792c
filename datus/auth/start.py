"""What must hold of the clients before a server listens, and the first start without any."""

import ipaddress
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from datus.auth.file import (
    LOCAL_FILE,
    AuthConfig,
    auth_file_places,
    find_auth_file,
    load_auth_file,
    parse_auth,
)
from datus.auth.private import locked, write_private
from datus.config import Secret, Settings
from datus.config.reader import unknown
from datus.errors import ConfigError

LOCAL_CLIENT = "local"

_LOCAL = """\
# Made by datus at its first start; used on loopback addresses only, and only while there is no
# auth_clients.yml. Remove it to have another secret made.
clients:
  {client}: "{secret}"
jwt:
  secret_key: "{key}"
"""


@dataclass(frozen=True)
class NewClient:
    """A client just made; its secret is to be shown once."""

    id: str
    secret: Secret


@dataclass(frozen=True)
class AuthStart:
    """How a server may start.

    Attributes:
        path: The file for `Authenticator`.
        created: The client made at this first start, to be printed once; else None.
        warnings: Sentences for the operator, without secrets.
    """

    path: Path
    created: NewClient | None = None
    warnings: tuple[str, ...] = ()


def prepare_auth(
    settings: Settings,
    *,
    host: str,
    env: Mapping[str, str],
    random_text: Callable[[int], str] = secrets.token_urlsafe,
) -> AuthStart:
    """Find or make the file of clients. Call it before workers start; it may be called again.

    Without a file, on a loopback address, a client and a signing key are made and kept in
    ``home/auth_local.yml``; any number of processes that start at once agree on one.

    Raises:
        ConfigError: No file and an address that others reach; or a file that cannot be used, such
            as one with a placeholder secret or a short key.
    """
    path = find_auth_file(settings.config_path, settings.home)
    if path is not None:
        config = load_auth_file(path, env)
        return AuthStart(path, None, tuple(_warnings(config, settings)))
    if not is_loopback(host):
        places = " or ".join(
            str(place) for place in auth_file_places(settings.config_path, settings.home)
        )
        raise ConfigError(
            f"Others can reach {host}, and there is no file of clients: make one with "
            f"'datus client add NAME' ({places}), or listen on 127.0.0.1."
        )
    local = settings.home / LOCAL_FILE
    created = _make_local(local, env, random_text)
    load_auth_file(local, env)
    return AuthStart(local, created)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address to listen on."""
    name = host.strip().removeprefix("[").removesuffix("]")
    if name.lower() == "localhost":
        return True
    try:
        ip = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def _make_local(
    path: Path, env: Mapping[str, str], random_text: Callable[[int], str]
) -> NewClient | None:
    """Make the file of the first start; None when it is there already."""
    if path.is_file():
        return None
    secret = Secret(random_text(32))
    text = _LOCAL.format(client=LOCAL_CLIENT, secret=secret.reveal(), key=random_text(48))
    parse_auth(
        text, path, env
    )  # the environment's key may be unusable: say so before anything is kept
    with locked(path):
        if path.is_file():  # another process was first
            return None
        write_private(path, text)
    return NewClient(LOCAL_CLIENT, secret)


def _warnings(config: AuthConfig, settings: Settings) -> Iterable[str]:
    plain = [
        name
        for name, account in config.accounts.items()
        if any(stored.is_plain for stored in account.secrets)
    ]
    if plain:
        yield (
            f"{config.path} holds secrets in plain text ({', '.join(plain)}); "
            "'datus client rotate NAME' puts a hash in place."
        )
    if not config.accounts:
        yield f"{config.path} names no client, so nobody can sign in; 'datus client add NAME' makes one."
    if config.path.stat().st_mode & 0o077:
        yield f"{config.path} can be read by other users of this machine; 'chmod 600' it."
    for name, account in config.accounts.items():
        for namespace in sorted(account.client.namespaces or ()):
            if namespace not in settings.namespaces:
                yield (
                    f"{config.path}: client {name} may use the namespace {namespace!r}, which is not "
                    f"configured; {unknown(namespace, settings.namespaces)}"
                )
