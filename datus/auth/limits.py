"""How often clients may ask, and how many failed sign-ins are borne. The library ``limits`` counts.

Requests are counted in sliding windows, so that nobody sends twice the limit around the turn of a window;
failed sign-ins in fixed windows that begin with the first failure, so that whoever must wait is told when
all of it is over, and is not let in for one try at a time before.
"""

import asyncio
import hashlib
import ipaddress
import logging
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from limits import (
    RateLimitItem,
    RateLimitItemPerDay,
    RateLimitItemPerHour,
    RateLimitItemPerMinute,
    RateLimitItemPerSecond,
)
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from datus.auth.client import Client
from datus.config import RateLimit, RateLimitsConfig

T = TypeVar("T")

_DEFAULTS = RateLimitsConfig()
# A storage that answers later than this is no help to whoever waits for it.
_PATIENCE_S = 2.0
_PAUSE_S = 5.0

_ITEMS: dict[str, type[RateLimitItem]] = {
    "second": RateLimitItemPerSecond,
    "minute": RateLimitItemPerMinute,
    "hour": RateLimitItemPerHour,
    "day": RateLimitItemPerDay,
}
# One sign-in from an address is enough to be known there for this long.
_SIGNED_IN = RateLimitItemPerDay(1, 30, namespace="sign-in/known")
_PLAIN = re.compile(r"[A-Za-z0-9._:/-]{1,64}")

_log = logging.getLogger(__name__)


class Counts:
    """A storage of counts that may fail: then it is not asked for some seconds, and the log says so.

    Args:
        storage: Raises ``StorageError`` when it cannot be reached.
        monotonic: Seconds that never go back.
    """

    def __init__(self, storage: Storage, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.storage = storage
        self._monotonic = monotonic
        self._down = False
        self._again_s = monotonic()

    async def ask(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """What ``work`` finds in the storage; None when the storage fails, or did so a moment ago."""
        if self._monotonic() < self._again_s:
            return None
        if self._down:  # one finds out for all
            self._again_s = self._monotonic() + _PATIENCE_S + _PAUSE_S
        try:
            async with asyncio.timeout(_PATIENCE_S):
                found = await work()
        except (StorageError, TimeoutError) as error:
            self._again_s = self._monotonic() + _PAUSE_S
            if not self._down:
                self._down = True
                _log.warning(
                    "rate limits cannot be counted, so requests are not limited and failed sign-ins"
                    " by this process alone: %s",
                    _cause(error),
                )
            return None
        if self._down:
            self._down, self._again_s = False, self._monotonic()
            _log.warning("rate limits are counted again")
        return found


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a client stands in its limit, its present request included.

    Attributes:
        limit: How much it may do.
        allowed: Whether the request is within it.
        remaining: How many more requests are possible now.
        reset_s: Seconds until there are more.
    """

    limit: RateLimit
    allowed: bool
    remaining: int
    reset_s: float


class ClientLimits:
    """Limits of requests, by client.

    Args:
        counts: Where requests are counted.
        default: Limit of clients that have none of their own; None: no limit.
    """

    def __init__(self, counts: Counts, default: RateLimit | None = None) -> None:
        self._counts = counts
        self._default = default
        self._limiter = SlidingWindowCounterRateLimiter(counts.storage)

    async def count(self, client: Client) -> Standing | None:
        """Count a request. None when the client has no limit, or nothing can be counted now.

        Limits share the service out among programs that are known; they are no border. So what cannot be
        counted is let through.
        """
        limit = client.rate_limit or self._default
        if limit is None:
            return None
        return await self._counts.ask(lambda: self._hit(limit, client.id))

    async def _hit(self, limit: RateLimit, client_id: str) -> Standing:
        item, name = _item(limit, "requests"), _name(client_id)
        allowed = await self._limiter.hit(item, name)
        stats = await self._limiter.get_window_stats(item, name)
        # The library tells the moment by its own clock, whatever that of the storage says.
        reset_s = max(0.0, stats.reset_time - time.time())
        return Standing(limit, allowed, stats.remaining if allowed else 0, reset_s)


class SignInLimits:
    """Limits of failed sign-ins, by client id and by address.

    They are a border, so every process counts for itself too, and its own counts hold while the shared
    ones cannot be had.

    Args:
        shared: Where all processes count; None: each counts for itself.
        config: Failures after which a client id, or an address, must wait.
        clock: Unix time in seconds, as the storages have it.
    """

    def __init__(
        self,
        shared: Counts | None = None,
        config: RateLimitsConfig = _DEFAULTS,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._counts = shared
        self._client = _item(config.client_failures, "sign-in/client")
        self._address = _item(config.address_failures, "sign-in/address")
        self._clock = clock
        self._own = FixedWindowRateLimiter(MemoryStorage())

    async def wait_s(self, client_id: str, address: str) -> float:
        """Seconds until the next try; 0 when it may be now.

        A client's limit spares addresses that it has signed in from, or anybody could lock it out.
        """
        # An address that this process saw too often need not trouble the storage with its flood.
        wait_s = await self._left_s(self._own, self._address, _name(address))
        if wait_s > 0:
            return wait_s
        found = await self._ask(lambda shared: self._longest_s(shared, client_id, address))
        return await self._longest_s(self._own, client_id, address) if found is None else found

    async def add(self, client_id: str, address: str) -> None:
        """Count a failure."""

        async def hit(limiter: FixedWindowRateLimiter) -> None:
            await limiter.hit(self._client, _digest(client_id))
            await limiter.hit(self._address, _name(address))

        await hit(self._own)
        await self._ask(hit)

    async def remember(self, client_id: str, address: str) -> None:
        """Note that the client signed in from the address."""
        names = _digest(client_id), _name(address)
        if await self._own.hit(_SIGNED_IN, *names):  # the first time in its window
            await self._ask(lambda shared: shared.hit(_SIGNED_IN, *names))

    async def _ask(self, work: Callable[[FixedWindowRateLimiter], Awaitable[T]]) -> T | None:
        if self._counts is None:
            return None
        shared = FixedWindowRateLimiter(self._counts.storage)
        return await self._counts.ask(lambda: work(shared))

    async def _longest_s(
        self, limiter: FixedWindowRateLimiter, client_id: str, address: str
    ) -> float:
        client, place = _digest(client_id), _name(address)
        wait_s = await self._left_s(limiter, self._address, place)
        client_s = await self._left_s(limiter, self._client, client)
        if client_s > wait_s and await limiter.test(_SIGNED_IN, client, place):
            return client_s
        return wait_s

    async def _left_s(
        self, limiter: FixedWindowRateLimiter, item: RateLimitItem, name: str
    ) -> float:
        """Seconds that a window that is full still lasts; 0 for any other."""
        if await limiter.test(item, name):
            return 0.0
        stats = await limiter.get_window_stats(item, name)
        return max(0.0, stats.reset_time - self._clock())


def network(address: str | None) -> str:
    """The part of an address that one owner holds: an IPv6 /64, an IPv4 address, any other text as it is."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip), 64), strict=False))
    return str(ip)


def _item(limit: RateLimit, what: str) -> RateLimitItem:
    return _ITEMS[limit.period](limit.count, limit.every, namespace=what)


def _name(text: str) -> str:
    """A name as part of a key: itself where it is short and harmless."""
    return text if _PLAIN.fullmatch(text) else _digest(text)


def _digest(text: str) -> str:
    """Stands for text of strangers: a client id that failed may be a secret in the wrong field."""
    return "sha256-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _cause(error: Exception) -> str:
    cause = error.storage_error if isinstance(error, StorageError) else error
    return f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
