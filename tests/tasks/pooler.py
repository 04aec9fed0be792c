"""A small connection pooler in front of PostgreSQL, as far as tests need one.

It speaks the frontend/backend protocol (https://www.postgresql.org/docs/current/protocol.html) just far
enough to know where transactions end.
"""

import asyncio
import struct
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

Mode = Literal["session", "newest", "oldest"]
"""One server session for each client, or for each transaction the free one that was used last or longest ago."""

_HOST, _PORT = "127.0.0.1", 5432
_SSL, _GSS = 80877103, 80877104
_AUTHENTICATED = struct.pack("!cII", b"R", 8, 0)
_READY = struct.pack("!cIc", b"Z", 5, b"I")


class _Session:
    """A session of the server's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.settings = b""

    @classmethod
    async def begin(cls, startup: bytes) -> "_Session":
        session = cls(*await asyncio.open_connection(_HOST, _PORT))
        session.writer.write(startup)
        while (message := await _message(session.reader))[:1] != b"Z":
            if message[:1] == b"S":
                session.settings += message
        return session


class Pooler:
    """Made by ``pooled``. The sessions are begun as the first client asks to begin its own."""

    def __init__(self, mode: Mode, size: int) -> None:
        self._mode, self._size = mode, size
        self._begun: list[_Session] = []
        self._free: deque[_Session] = deque()
        self._freed = asyncio.Condition()
        self._clients: set[asyncio.StreamWriter] = set()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client is gone
        finally:
            self._clients.discard(writer)
            writer.close()

    async def close(self) -> None:
        for writer in (*self._clients, *(session.writer for session in self._begun)):
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        for _ in range(500):
            if not self._clients:
                break
            await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            (length,) = struct.unpack("!I", head := await reader.readexactly(4))
            startup = head + await reader.readexactly(length - 4)
            if struct.unpack("!I", startup[4:8])[0] not in (_SSL, _GSS):
                break
            writer.write(b"N")
        if self._mode == "session" or not self._begun:
            for _ in range(1 if self._mode == "session" else self._size):
                session = await _Session.begin(startup)
                self._begun.append(session)
                self._free.append(session)
        key = struct.pack("!cIII", b"K", 12, 1, 1)
        writer.write(_AUTHENTICATED + self._begun[0].settings + key + _READY)
        session = await self._take() if self._mode == "session" else None
        while True:
            if await self._one_transaction(reader, writer, session):
                return

    async def _one_transaction(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, own: _Session | None
    ) -> bool:
        """Carry messages to a session and back until it is in no transaction; True when the client ends."""
        message = await _message(reader)
        if message[:1] == b"X":
            return True
        session = own or await self._take()
        try:
            while True:
                session.writer.write(message)
                while message[:1] not in (b"Q", b"S"):
                    message = await _message(reader)
                    session.writer.write(message)
                while (answer := await _message(session.reader))[:1] != b"Z":
                    writer.write(answer)
                writer.write(answer)
                if answer[5:] == b"I":
                    return False
                message = await _message(reader)
        finally:
            if own is None:
                async with self._freed:
                    self._free.append(session)
                    self._freed.notify()

    async def _take(self) -> _Session:
        async with self._freed:
            await self._freed.wait_for(lambda: self._free)
            return self._free.popleft() if self._mode == "oldest" else self._free.pop()


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(5)
    return head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)


@asynccontextmanager
async def pooled(mode: Mode, size: int) -> AsyncIterator[int]:
    """A pooler with so many sessions of the server's; gives its port."""
    pooler = Pooler(mode, size)
    server = await asyncio.start_server(pooler.meet, _HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await pooler.close()
