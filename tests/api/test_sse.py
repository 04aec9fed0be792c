"""The wire format, the heartbeat, what happens to a stream's reader, and what Accept allows."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from datus.api.sse import (
    HEARTBEAT_S,
    EventStream,
    accepts_event_stream,
    encode_event,
    encode_stream,
)
from datus.types import Event

SCOPE = {"type": "http", "asgi": {"spec_version": "2.3"}}


class Log:
    """A reader of events that waits where it is told to, and knows whether it was closed."""

    def __init__(self, *events: Event, wait_at_end: bool = False, delay_s: float = 0.0) -> None:
        self.events = events
        self.wait_at_end = wait_at_end
        self.delay_s = delay_s
        self.closed = asyncio.Event()

    async def read(self) -> AsyncGenerator[Event]:
        try:
            for event in self.events:
                await asyncio.sleep(self.delay_s)
                yield event
            if self.wait_at_end:
                await asyncio.Event().wait()
        finally:
            self.closed.set()


STARTED = Event(1, "started", {"task_id": "t1", "workflow": "nl2sql"})
DONE = Event(2, "done", {"task_id": "t1", "status": "completed", "total_time": 15.2})


def test_an_event_is_three_lines_and_an_empty_one():
    assert encode_event(STARTED) == (
        b'id: 1\nevent: started\ndata: {"task_id":"t1","workflow":"nl2sql"}\n\n'
    )


def test_data_is_one_line_of_exact_json():
    data = {"text": "一\n二\r三\u2028", "count": 2**70, "none": None}
    assert encode_event(Event(7, "progress", data)).decode() == (
        "id: 7\nevent: progress\n"
        'data: {"text":"一\\n二\\r三\u2028","count":1180591620717411303424,"none":null}\n\n'
    )


def test_half_of_a_surrogate_pair_stays_spelt():
    assert encode_event(Event(1, "output_ready", {"x": "一\ud800"})).endswith(
        b'data: {"x":"\\u4e00\\ud800"}\n\n'
    )


def test_a_number_that_json_has_not_is_an_error():
    with pytest.raises(ValueError, match="JSON"):
        encode_event(Event(1, "progress", {"progress": float("nan")}))


def test_silence_lasts_fifteen_seconds_at_most():
    assert HEARTBEAT_S == 15


async def test_a_stream_ends_with_the_last_event():
    log = Log(STARTED, DONE)
    chunks = [chunk async for chunk in encode_stream(log.read())]
    assert chunks == [encode_event(STARTED), encode_event(DONE)]
    assert log.closed.is_set()


async def test_silence_is_filled_with_comments_and_loses_no_event():
    log = Log(STARTED, delay_s=0.25)
    chunks = [chunk async for chunk in encode_stream(log.read(), heartbeat_s=0.1)]
    assert chunks == [b": keep-alive\n\n"] * 2 + [encode_event(STARTED)]


async def test_a_client_that_goes_away_frees_the_reader():
    log = Log(STARTED, wait_at_end=True)
    sent: list[dict] = []
    first_event = asyncio.Event()

    async def receive():
        await first_event.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        if message.get("body"):
            first_event.set()

    await asyncio.wait_for(EventStream(log.read())(SCOPE, receive, send), 5)
    assert sent[1]["body"] == encode_event(STARTED)
    assert log.closed.is_set()


async def test_a_client_that_goes_away_while_an_event_is_sent_frees_the_reader():
    log = Log(STARTED, DONE)
    sending = asyncio.Event()

    async def receive():
        await sending.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        if message.get("body"):
            sending.set()
            await asyncio.Event().wait()

    await asyncio.wait_for(EventStream(log.read())(SCOPE, receive, send), 5)
    assert log.closed.is_set()


async def test_the_headers_keep_proxies_from_holding_events_back():
    sent: list[dict] = []

    async def receive():
        return await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    await EventStream(Log(DONE).read())(SCOPE, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-cache"
    assert headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize(
    ("accept", "allowed"),
    [
        (None, True),
        ("text/event-stream", True),
        ("TEXT/Event-Stream; charset=utf-8", True),
        ("*/*", True),
        ("text/*", True),
        ("application/json, text/event-stream;q=0.1", True),
        ("application/json, */*;q=0.1", True),
        ("", False),
        ("application/json", False),
        ("text/html", False),
        ("text/event-stream;q=0", False),
        ("text/event-stream; q=0.000, */*", False),
        ("*/*;q=0", False),
        ("text/event-stream;q=nonsense", False),
        ("text/event-streams", False),
    ],
)
def test_accept(accept, allowed):
    assert accepts_event_stream(accept) is allowed
