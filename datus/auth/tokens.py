"""Access tokens: JWTs signed with the service's own key (HMAC), read back only with the same algorithm."""

from dataclasses import dataclass

import jwt

from datus.auth.file import AuthConfig
from datus.errors import AuthError

_NAME = "datus"  # issuer and audience: a token of another service that shares the key does not work
_LONGEST = 4_096  # ours have a quarter of it; longer ones are not worth parsing
_LEEWAY_S = 5  # clocks of several hosts differ
_CLAIMS = ["iss", "aud", "sub", "cred", "scope", "iat", "exp", "jti"]


@dataclass(frozen=True)
class Grant:
    """What a token says: which client, by which secret (its mark), with which scopes."""

    client_id: str
    mark: str
    scopes: frozenset[str]


def encode(grant: Grant, config: AuthConfig, *, now_s: int, token_id: str) -> str:
    """A signed token that is good from ``now_s`` (Unix time) for the time of the configuration."""
    claims = {
        "iss": _NAME,
        "aud": _NAME,
        "sub": grant.client_id,
        "cred": grant.mark,
        "scope": " ".join(sorted(grant.scopes)),
        "iat": now_s,
        "exp": now_s + config.expiration_s,
        "jti": token_id,
    }
    return jwt.encode(claims, config.key.reveal(), algorithm=config.algorithm)


def decode(token: str, config: AuthConfig, *, now_s: int) -> Grant:
    """What a token says.

    Raises:
        AuthError: It is not ours, was changed, or is over at ``now_s``.
    """
    if len(token) > _LONGEST:
        raise _invalid()
    try:
        claims = jwt.decode(
            token,
            config.key.reveal(),
            algorithms=[config.algorithm],
            audience=_NAME,
            issuer=_NAME,
            options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False},
        )
        # The times are compared with the caller's clock, not with the library's.
        issued, over = _seconds(claims["iat"]), _seconds(claims["exp"])
    except (jwt.InvalidTokenError, ValueError, TypeError):
        # The last two: text that is no JWT, a header or a claim of an odd type.
        raise _invalid() from None
    if over + _LEEWAY_S <= now_s:
        raise AuthError("The token is over; get a new one from POST /auth/token.")
    if issued - _LEEWAY_S > now_s:
        raise _invalid()
    return Grant(str(claims["sub"]), str(claims["cred"]), frozenset(str(claims["scope"]).split()))


def _seconds(claim: object) -> int:
    if isinstance(claim, bool) or not isinstance(claim, int):
        raise TypeError("a time in a token is a whole number of seconds")
    return claim


def _invalid() -> AuthError:
    return AuthError("The token is not valid; get one from POST /auth/token.")
