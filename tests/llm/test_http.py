"""The client that carries requests: how many at once, and how many connections are kept for later."""

import asyncio

from datus.llm.http import make_client

AT_ONCE = 200


async def test_many_requests_run_at_once_and_few_idle_connections_are_kept() -> None:
    open_now: set[asyncio.StreamWriter] = set()
    every = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(writer)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                if len(open_now) == AT_ONCE:
                    every.set()
                await every.wait()  # none is answered before all are there
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            open_now.discard(writer)
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=AT_ONCE)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with asyncio.timeout(20), make_client() as client:
        answers = await asyncio.gather(*(client.get(url) for _ in range(AT_ONCE)))
        assert [each.text for each in answers] == ["ok"] * AT_ONCE
        while len(open_now) > 20:  # noqa: ASYNC110  the server learns of it a moment later
            await asyncio.sleep(0.01)
        assert open_now  # and some are
    server.close()
    async with asyncio.timeout(20):
        while open_now:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
