"""The client that carries requests to providers."""

from collections.abc import AsyncIterator

import httpx2
from pydantic_ai.models import create_async_httpx2_client

from datus.llm.base import ModelError, ModelOutputError, ModelRejectedError

_CONNECT_S = 10.0
_READ_S = 3_600.0  # every request has a time of its own
# Each request looks at every idle connection, with system calls for each: where hundreds of requests run
# at once, looking at a hundred of them costs more than the request itself.
_LIMITS = httpx2.Limits(max_connections=1_000, max_keepalive_connections=20)
MOST_BYTES = 16 * 2**20


class CarryingError(Exception):
    """A response that is not carried on to the SDK; SDKs let it pass, or wrap it as its cause."""

    def error(self, name: str) -> ModelError:
        """What is said of it to people."""
        raise NotImplementedError


class TooLongError(CarryingError):
    """An answer of more bytes than any answer of use."""

    def error(self, name: str) -> ModelError:
        """See ``CarryingError.error``."""
        return ModelOutputError(
            f"Model {name!r}: the answer passed {MOST_BYTES // 2**20} MB and was cut off.",
            details={"reason": "size"},
        )


class RedirectedError(CarryingError):
    """A redirect, which would take the key to another address."""

    def error(self, name: str) -> ModelError:
        """See ``CarryingError.error``."""
        return ModelRejectedError(
            f"Model {name!r}: its address redirects to another one, which is not followed; set "
            f"agent.models.{name}.base_url to the final address."
        )


class _Capped(httpx2.AsyncByteStream):
    """A body that ends with an error once it is too long: a stream without end must not fill the memory."""

    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._body:
            size += len(piece)
            if size > MOST_BYTES:
                raise TooLongError
            yield piece

    async def aclose(self) -> None:
        await self._body.aclose()


def make_client() -> httpx2.AsyncClient:
    """A client that follows no redirect, so that a key goes nowhere but to the configured address.

    Proxies are those of the environment (``HTTPS_PROXY``), as for every program. Its owner closes it.
    """

    async def cap(response: httpx2.Response) -> None:
        if 300 <= response.status_code < 400:
            raise RedirectedError
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Capped(response.stream)

    client = create_async_httpx2_client(
        timeout=httpx2.Timeout(_READ_S, connect=_CONNECT_S), limits=_LIMITS
    )
    client.event_hooks = {**client.event_hooks, "response": [cap]}
    return client
