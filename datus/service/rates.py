"""Rate limits by the settings: which storage counts, for requests and for failed sign-ins."""

from importlib.util import find_spec

from limits.aio.storage import MemoryStorage, RedisStorage, Storage

from datus.auth import ClientLimits, Counts, SignInLimits
from datus.config import RateLimitsConfig, Secret
from datus.errors import ConfigError

_CONNECTIONS = 16


class Rates:
    """What one process counts with. Made, used and closed on one event loop.

    Args:
        state: Counts in the task store.

    Attributes:
        clients: Limits of requests.
        sign_ins: Limits of failed sign-ins.

    Raises:
        ConfigError: The client of Redis is not installed.
    """

    def __init__(self, config: RateLimitsConfig, state: Storage) -> None:
        self._redis = None if config.url is None else _Redis(config.url)
        storage: Storage = state
        if self._redis is not None:
            storage = self._redis.storage
        elif config.storage == "memory":
            storage = MemoryStorage()
        counts = Counts(storage)
        self.clients = ClientLimits(counts, config.default)
        self.sign_ins = SignInLimits(None if config.storage == "memory" else counts, config)

    async def close(self) -> None:
        """Free the connections."""
        if self._redis is not None:
            await self._redis.close()


def check_storage(config: RateLimitsConfig) -> None:
    """Raise ConfigError unless the storage's client is installed."""
    if config.storage == "redis" and find_spec("redis") is None:
        raise ConfigError(
            "agent.rate_limits.storage is an address of Redis, and the client of Redis is not installed: "
            "install it with `pip install 'datus[redis]'`, or set storage to state."
        )


class _Redis:
    """Redis by its address, which stays in here: it may hold a password."""

    def __init__(self, url: Secret) -> None:
        check_storage(RateLimitsConfig("redis", url))
        from redis.asyncio import BlockingConnectionPool
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        self._pool = BlockingConnectionPool.from_url(
            url.reveal(),
            max_connections=_CONNECTIONS,
            retry=Retry(NoBackoff(), 1),  # once, for a connection that the server closed meanwhile
        )
        self.storage = RedisStorage(
            "async+redis://",
            wrap_exceptions=True,
            implementation="redispy",
            key_prefix="datus",
            connection_pool=self._pool,  # type: ignore[arg-type]  # it is handed on as it is
        )

    async def close(self) -> None:
        await self._pool.disconnect()
