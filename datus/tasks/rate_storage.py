"""The table ``rate`` as a storage of the library ``limits``: counts that all processes of a store share."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from limits.aio.storage import SlidingWindowCounterSupport, Storage
from limits.errors import StorageError

from datus.errors import UnavailableError
from datus.tasks import rates
from datus.tasks.parts import Database


class RateStorage(Storage, SlidingWindowCounterSupport):
    """Fixed and sliding windows. Every method raises ``limits.errors.StorageError`` when the store cannot.

    A count survives the death of its process, not the loss of power.

    Args:
        clock: The store's time, aware of its zone; the processes that share a store agree on it.
    """

    STORAGE_SCHEME = None

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        super().__init__(wrap_exceptions=True)
        self._database = database
        self._clock = clock

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the store raises when it cannot be used."""
        return UnavailableError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count in a fixed window of ``expiry`` seconds; returns its count."""
        work = partial(rates.add, key=key, lasts_s=expiry, amount=amount, now=self._now())
        return await self._database.write(work)

    async def get(self, key: str) -> int:
        """The count of a fixed window."""
        return (await self._read(key))[0]

    async def get_expiry(self, key: str) -> float:
        """When a fixed window is over, in Unix time."""
        return (await self._read(key))[1]

    async def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """Count in a sliding window of ``expiry`` seconds unless it is full; whether it was counted."""
        work = partial(
            rates.take, key=key, limit=limit, window_s=expiry, amount=amount, now=self._now()
        )
        return await self._database.write(work)

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Count of the window before and for how long it matters, and the same of the present one."""
        work = partial(rates.read_sliding, key=key, window_s=expiry, now=self._now())
        before, present, left_s = await self._database.read(work)
        return before, left_s if before else 0.0, present, left_s + expiry

    async def check(self) -> bool:
        """Whether the store can be read."""
        try:
            await self.get("")
        except StorageError:
            return False
        return True

    async def clear(self, key: str) -> None:
        """Forget a fixed window."""
        await self._database.write(partial(rates.forget, key=key))

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Forget a sliding window."""
        work = partial(rates.forget_sliding, key=key, window_s=expiry, now=self._now())
        await self._database.write(work)

    async def reset(self) -> int:
        """Forget everything; returns how many rows there were."""
        return await self._database.write(rates.forget_all)

    async def _read(self, key: str) -> tuple[int, float]:
        return await self._database.read(partial(rates.read, key=key, now=self._now()))

    def _now(self) -> float:
        return self._clock().timestamp()
