"""Signing in and recognising callers, from an ``auth_clients.yml`` that may change at any time."""

import asyncio
import hmac
import logging
import math
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from datus.auth.client import USUAL_SCOPES, Client
from datus.auth.file import Account, AuthConfig, load_auth_file
from datus.auth.limits import SignInLimits, network
from datus.auth.secret import StoredSecret
from datus.auth.tokens import Grant, decode, encode
from datus.errors import AuthError, ConfigError, InvalidRequestError, RateLimitedError

GRANT_TYPE = "client_credentials"

_RELOAD_S = 1.0
# An argon2 run holds 19 MiB: two at once and a short queue keep a burst from filling the memory.
_CHECKS_AT_ONCE = 2
_CHECKS_WAITING = 256

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Token:
    """An access token. ``expires_in`` is in seconds, ``scope`` the scopes with a space between."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: str


class Authenticator:
    """Gives tokens for secrets, and clients for tokens. One per process; use it from one event loop.

    A change of the file takes effect within a second. A file that is broken or gone leaves the last
    good one in force and is logged.

    Args:
        path: ``auth_clients.yml``.
        env: Environment that the file and ``JWT_SECRET_KEY`` read.
        failures: Limits of failed sign-ins; when absent, of this process alone.
        clock: Unix time in seconds.
        monotonic: Seconds that never go back.
        random_bytes: Unguessable bytes.

    Raises:
        ConfigError: The file cannot be used.
    """

    def __init__(
        self,
        path: Path,
        *,
        env: Mapping[str, str],
        failures: SignInLimits | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._path = path
        self._env = env
        self._clock = clock
        self._monotonic = monotonic
        self._random_bytes = random_bytes
        self._signature = _signature(path)
        self._checked_s = monotonic()
        self._config = load_auth_file(path, env, random_bytes)
        self._shadow_key = random_bytes(32)
        self._decoy = Account(Client(""), (StoredSecret("", random_bytes),))
        self._failures = failures or SignInLimits(clock=clock)
        self._slots = asyncio.Semaphore(_CHECKS_AT_ONCE)
        self._waiting = 0

    async def issue_token(
        self,
        client_id: str | None,
        secret: str | None,
        scope: str | None,
        address: str | None,
        *,
        grant_type: str | None = GRANT_TYPE,
    ) -> Token:
        """Sign a client in (OAuth2 client credentials, RFC 6749 section 4.4).

        Args:
            client_id, secret: What the caller presents.
            scope: Scopes wanted, with a space between; all that the client has when absent.
            address: The caller's network address, for the limit of failures.
            grant_type: As the caller sent it.

        Raises:
            InvalidRequestError: ``invalid_request``, ``unsupported_grant_type`` or ``invalid_scope``.
            AuthError: ``invalid_client``: unknown id or wrong secret, in the same words and time.
            RateLimitedError: Too many failures of the client or the address, or too many at once.
        """
        if not grant_type or not client_id or not secret:
            absent = (
                "grant_type" if not grant_type else "client_secret" if client_id else "client_id"
            )
            raise InvalidRequestError(f"{absent} is absent.", details={"field": absent})
        if grant_type != GRANT_TYPE:
            raise InvalidRequestError(
                f"Only the grant type {GRANT_TYPE} is supported.",
                code="unsupported_grant_type",
                details={"field": "grant_type"},
            )
        pair = (client_id[:128], network(address))
        config = self._current()
        account, stored = await self._check(config, client_id, secret, pair)
        scopes = _granted(account.client, scope)
        grant = Grant(client_id, stored.mark(config.key.reveal()), scopes)
        access_token = encode(
            grant, config, now_s=int(self._clock()), token_id=self._random_bytes(16).hex()
        )
        return Token(access_token, config.expiration_s, " ".join(sorted(scopes)))

    def authenticate(self, token: str | None) -> Client:
        """The client that a bearer token (without the word Bearer) stands for.

        Its scopes are those of the token that the client still has.

        Raises:
            AuthError: No token, a token that is not valid or over, a client or secret that was removed.
        """
        if not token:
            raise AuthError("A bearer token is needed; get one from POST /auth/token.")
        config = self._current()
        grant = decode(token, config, now_s=int(self._clock()))
        account = config.accounts.get(grant.client_id)
        key = config.key.reveal()
        if account is None or not any(
            hmac.compare_digest(stored.mark(key), grant.mark) for stored in account.secrets
        ):
            raise AuthError("The client or secret behind the token was removed; sign in again.")
        return replace(account.client, scopes=grant.scopes & _scopes_of(account.client))

    async def _check(
        self, config: AuthConfig, client_id: str, secret: str, pair: tuple[str, str]
    ) -> tuple[Account, StoredSecret]:
        """The account and the secret that matched; counts a failure."""
        if self._waiting >= _CHECKS_WAITING:
            raise _too_many("Too many sign-ins at once; try again in a moment.", 1.0)
        account = config.accounts.get(client_id)
        self._waiting += 1
        try:
            await self._refuse_limited(pair)
            async with self._slots:
                await self._refuse_limited(pair)  # failures may have come in while this one waited
                stored = await asyncio.to_thread(
                    _matching, account or self._shadow(config, client_id), secret
                )
                if account is None or stored is None:
                    await self._failures.add(*pair)
                    raise AuthError("Unknown client or wrong secret.", code="invalid_client")
        finally:
            self._waiting -= 1
        await self._failures.remember(*pair)
        return account, stored

    async def _refuse_limited(self, pair: tuple[str, str]) -> None:
        wait_s = await self._failures.wait_s(*pair)
        if wait_s > 0:
            raise _too_many("Too many failed sign-ins; try again later.", wait_s)

    def _shadow(self, config: AuthConfig, client_id: str) -> Account:
        """An account to check an unknown id against, always the same one for an id.

        The outcome is thrown away; the time it takes is that of a client that exists.
        """
        accounts = list(config.accounts.values()) or [self._decoy]
        digest = hmac.digest(self._shadow_key, client_id.encode("utf-8", "surrogatepass"), "sha256")
        return accounts[int.from_bytes(digest) % len(accounts)]

    def _current(self) -> AuthConfig:
        """The file's content, read again when it changed; looked at no more than once a second."""
        now_s = self._monotonic()
        if now_s - self._checked_s >= _RELOAD_S:
            self._checked_s = now_s
            signature = _signature(self._path)
            if signature != self._signature:
                self._signature = signature
                self._reload()
        return self._config

    def _reload(self) -> None:
        try:
            self._config = load_auth_file(self._path, self._env, self._random_bytes)
            _log.info("Clients were read again from %s", self._path)
        except ConfigError as error:
            _log.error("Clients stay as they were: %s", error.message)


def _matching(account: Account, secret: str) -> StoredSecret | None:
    """The stored secret that matches; all are tried, so that time does not tell which."""
    matches = [stored for stored in account.secrets if stored.matches(secret)]
    return matches[0] if matches else None


def _scopes_of(client: Client) -> frozenset[str]:
    return frozenset(USUAL_SCOPES) if client.scopes is None else client.scopes


def _granted(client: Client, wanted: str | None) -> frozenset[str]:
    allowed = _scopes_of(client)
    scopes = frozenset((wanted or "").split()) or allowed
    if not scopes <= allowed:
        raise InvalidRequestError(
            f"The client may ask for these scopes: {' '.join(sorted(allowed))}.",
            code="invalid_scope",
            details={"field": "scope", "scopes": sorted(allowed)},
        )
    return scopes


def _too_many(message: str, wait_s: float) -> RateLimitedError:
    return RateLimitedError(message, details={"retry_after": max(1, math.ceil(wait_s))})


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
