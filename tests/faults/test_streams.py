"""A thousand readers of one process, some of which do not read."""

import asyncio
import re
import resource
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from tests.faults.judge import judge
from tests.faults.servers import Nursery, Place, Server, until

READERS = {"sqlite": 1000, "postgresql": 200}
SLOW = 5


async def test_a_thousand_streams_and_a_reader_that_does_not_read(
    make_place: Callable[..., Place], processes: Nursery, engine: str
) -> None:
    count = READERS[engine]
    allow_files(3 * count)
    place = make_place("max_rows: 100000")
    (server,) = await processes.servers(place, 1)
    await server.submit("t", "Hold it")
    await server.submit("large", "Rows 50")
    assert (await server.over("large"))["status"] == "completed"
    # More than the sockets between hold, so that the server has to wait for these.
    async with AsyncExitStack() as stack:
        slow = [await open_stream(server, "large", stack) for _ in range(SLOW)]
        await watch(place, server, count, stack)
        assert len(slow) == await streams(server)  # the rest of theirs still waits
    await until(lambda: all_closed(server))


async def watch(place: Place, server: Server, count: int, stack: AsyncExitStack) -> None:
    """So many readers of one task, from its middle to its end."""
    readers = [await open_stream(server, "t", stack) for _ in range(count)]
    await asyncio.gather(*(until_told(reader, b'"generate_sql"') for reader in readers))
    assert await streams(server) == count + SLOW

    began = time.monotonic()
    assert (await server.run("beside")).json()["status"] == "completed"
    place.gate.touch()
    told = await asyncio.gather(*(reader.read() for reader in readers))
    seconds = time.monotonic() - began
    verdict = judge(place, {"t", "large", "beside"})
    assert verdict.problems == []
    numbers = {tuple(re.findall(rb"^id: (\d+)$", each, re.MULTILINE)) for each in told}
    (rest,) = numbers
    last = verdict.tasks["t"].last_seq
    assert [int(number) for number in rest] == list(range(last - len(rest) + 1, last + 1))
    assert len(rest) > 5
    assert seconds < 20, seconds


async def all_closed(server: Server) -> bool:
    """Whether what the streams took is free: also those whose client went away in the middle."""
    return await streams(server) == 0


async def streams(server: Server) -> int:
    """How many are open, as the server counts them."""
    async with server.client() as stranger:
        scraped = await stranger.get("/metrics", headers={"Accept": "text/plain"})
    found = re.search(r"^datus_streams_open (\d+)", scraped.text, re.MULTILINE)
    assert found is not None, scraped.text
    return int(found[1])


async def open_stream(server: Server, task_id: str, stack: AsyncExitStack) -> asyncio.StreamReader:
    """A connection with a stream on it; closed by the server when the stream ends."""
    client = socket.socket()
    client.setsockopt(
        socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12
    )  # it takes no more than it reads
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", server.port))
    reader, writer = await asyncio.open_connection(sock=client)
    stack.callback(writer.close)
    token = server.http.headers["Authorization"]
    lines = (
        f"GET /workflows/{task_id}/events HTTP/1.1",
        "Host: datus",
        f"Authorization: {token}",
        "Connection: close",
    )
    writer.write("\r\n".join((*lines, "", "")).encode())
    await writer.drain()
    return reader


async def until_told(reader: asyncio.StreamReader, words: bytes) -> None:
    line = await reader.readuntil(words)
    assert line.startswith(b"HTTP/1.1 200 "), line


def allow_files(count: int) -> None:
    """Let this process open so many files; the servers inherit it only if they are started later."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
