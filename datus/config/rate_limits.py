"""Settings of rate limits: where they are counted, taken apart from one address."""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from datus.config.reader import Source, unknown
from datus.config.values import RateLimitsConfig, Secret

_AT = "agent.rate_limits.storage"
# As for databases: only what secures the connection.
_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_EXPECTED = (
    "expected state, memory, or the address of Redis such as redis://:password@host:6379/0; "
    "write a special character of the password percent-encoded."
)


def make_rate_limits(section: Mapping[str, Any], source: Source) -> RateLimitsConfig:
    """The limits of a checked section of the file.

    Raises:
        ConfigError: The storage is none that there is. It never shows the address, which may hold a password.
    """
    given = section["storage"]
    text = given.reveal() if isinstance(given, Secret) else given
    kind = _kind(text, source)
    return RateLimitsConfig(**{**section, "storage": kind, "url": _url(kind, text)})


def _kind(text: str, source: Source) -> Literal["state", "memory", "redis"]:
    match text:
        case "state" | "memory":
            return text
    try:
        address = urlsplit(text)
        usable = address.scheme in ("redis", "rediss") and bool(address.hostname)
        address.port  # noqa: B018  (raises where it is no number)
        database = address.path.removeprefix("/") or "0"
        options = [name for name, _ in parse_qsl(address.query, strict_parsing=bool(address.query))]
    except ValueError:
        usable, database, options = False, "", []
    if not usable or not database.isdecimal() or address.fragment:
        raise source.error(_AT, f"the value is not usable; {_EXPECTED}")
    for name in options:
        if name not in _OPTIONS:
            raise source.error(_AT, f"unknown option {name!r}; {unknown(name, _OPTIONS)}")
    return "redis"


def _url(kind: str, text: str) -> Secret | None:
    return Secret(text) if kind == "redis" else None
