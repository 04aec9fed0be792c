"""Server-Sent Events: the wire format, the heartbeat, and a stream that cleans up after itself.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import anyio
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from datus.api.accept import weight_of, weights
from datus.errors import UnavailableError
from datus.tasks.encoding import to_json
from datus.types import Event

MEDIA_TYPE = "text/event-stream"
HEARTBEAT = b": keep-alive\n\n"
HEARTBEAT_S = 15.0
RETRY = b"retry: 1000\n\n"
"""Ends a stream before its task does: the client is to take it up again, after a second."""


def encode_event(event: Event) -> bytes:
    """One event as ``id``, ``event`` and a single ``data`` line of JSON, then an empty line.

    JSON escapes every line break inside strings, so the data is always one line.
    """
    return f"id: {event.seq}\nevent: {event.type}\ndata: {to_json(event.data)}\n\n".encode()


async def encode_stream(
    events: AsyncGenerator[Event], *, heartbeat_s: float = HEARTBEAT_S
) -> AsyncIterator[bytes]:
    """The bytes of a stream: every event as it comes, a comment line when none came for a while.

    Args:
        events: Ends after the task's last event. Closed when the stream is.
        heartbeat_s: Seconds of silence after which a comment keeps proxies from closing.
    """
    upcoming = _next(events)
    try:
        while True:
            done, _ = await asyncio.wait({upcoming}, timeout=heartbeat_s)
            if not done:
                yield HEARTBEAT
                continue
            try:
                event = upcoming.result()
            except UnavailableError:  # this process stops, or cannot read the log now
                yield RETRY
                return
            if event is None:
                return
            yield encode_event(event)
            upcoming = _next(events)
    finally:
        # A closed connection cancels this scope for good; the reader must be let go all the same.
        with anyio.CancelScope(shield=True):
            upcoming.cancel()
            await asyncio.wait({upcoming})
            await events.aclose()


def _next(events: AsyncGenerator[Event]) -> asyncio.Task[Event | None]:
    async def step() -> Event | None:
        return await anext(events, None)

    return asyncio.create_task(step())


class EventStream(StreamingResponse):
    """A ``text/event-stream`` answer. When the client goes, its reader goes; the task does not."""

    media_type = MEDIA_TYPE

    def __init__(self, events: AsyncGenerator[Event], *, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._stream = encode_stream(events, heartbeat_s=heartbeat_s)
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        super().__init__(self._stream, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream; close it at once when the connection is lost between two events.

        A server that stops and waits no longer cancels this: the stream then ends without ``done``, in
        order, so that its reader knows it can take it up again.
        """
        try:
            await super().__call__(scope, receive, send)
        except asyncio.CancelledError:
            await send({"type": "http.response.body", "body": RETRY, "more_body": False})
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()  # type: ignore[attr-defined]


def accepts_event_stream(accept: str | None) -> bool:
    """Whether an ``Accept`` header allows ``text/event-stream`` (RFC 9110, section 12.5.1).

    An absent header allows everything. The most specific range decides; a weight of 0 excludes.
    """
    if accept is None:
        return True
    return weight_of(MEDIA_TYPE, weights(accept)) > 0
