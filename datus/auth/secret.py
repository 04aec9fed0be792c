"""Client secrets at rest: argon2 hashes, plain text, and the same work to check either."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable

import argon2

# OWASP Password Storage Cheat Sheet, argon2id with 19 MiB, 2 passes, 1 lane: the strongest of its
# settings that leaves a worker within its memory.
MEMORY_KIB = 19_456
PASSES = 2
LANES = 1

_HASHER = argon2.PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
_ENCODED = re.compile(r"\$argon2(id|i|d)\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")
_HASH_LIKE = re.compile(r"\$[a-z0-9-]+\$")


def hash_secret(secret: str) -> str:
    """The argon2id hash to keep in place of a secret (encoded form, with its own salt)."""
    return _HASHER.hash(_bytes(secret))


def is_hash(text: str) -> bool:
    """Whether text of the file is a complete argon2 hash rather than a plain secret."""
    return _ENCODED.fullmatch(text) is not None


def looks_like_hash(text: str) -> bool:
    """Whether text begins as password hashes do (``$2b$``, ``$argon2id$``): no plain secret does."""
    return _HASH_LIKE.match(text) is not None


class StoredSecret:
    """One secret of a client as the file holds it.

    A plain secret costs one argon2 run too, against a decoy hash, so that time tells nothing of
    how a secret is kept.
    """

    __slots__ = ("_digest", "_hash")

    def __init__(self, text: str, random_bytes: Callable[[int], bytes]) -> None:
        self._hash = text if is_hash(text) else _decoy(random_bytes)
        self._digest = None if is_hash(text) else _sha256(text)

    @property
    def is_plain(self) -> bool:
        """Whether the file holds it as plain text."""
        return self._digest is not None

    def matches(self, secret: str) -> bool:
        """Whether this is the secret. Takes tens of milliseconds of processor time, whatever comes out."""
        same_hash = _verify(self._hash, secret)
        return (
            same_hash
            if self._digest is None
            else hmac.compare_digest(self._digest, _sha256(secret))
        )

    def mark(self, key: str) -> str:
        """A name for this secret that only the holder of ``key`` can make: ties tokens to it."""
        kept = self._hash.encode() if self._digest is None else self._digest
        return hmac.new(_bytes(key), kept, "sha256").hexdigest()[:32]


def _verify(encoded: str, secret: str) -> bool:
    try:
        return _HASHER.verify(encoded, _bytes(secret))
    except argon2.exceptions.VerificationError:
        return False


def _decoy(random_bytes: Callable[[int], bytes]) -> str:
    """The form of a hash that nothing matches: as costly to check as a real one, and free to make."""
    salt, digest = (base64.b64encode(random_bytes(n)).decode().rstrip("=") for n in (16, 32))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _sha256(text: str) -> bytes:
    return hashlib.sha256(_bytes(text)).digest()
