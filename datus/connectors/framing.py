"""Messages between this process and a child of its own: a length, then JSON.

JSON, so that nothing that the other side sends is more than data.
"""

import json
import socket
import struct
from typing import Any

MAX_BYTES = 256 * 2**20
"""Longest message that is taken: well over the cap of a result, well under what a worker can bear."""

NUMBER = struct.Struct("!Q")
"""A session's number, on a wire that carries nothing else."""

_LENGTH = struct.Struct("!I")


def send(wire: socket.socket, message: Any) -> None:
    """Write one message.

    Raises:
        OSError: The other side is gone.
    """
    # SQL and JSON columns may hold lone surrogates; ``json.loads`` reads them back.
    body = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    content = body.encode("utf-8", "surrogatepass")
    wire.sendall(_LENGTH.pack(len(content)))
    wire.sendall(content)


def receive(wire: socket.socket) -> Any:
    """Wait for one message.

    Raises:
        OSError: The other side is gone, or its message is longer than ``MAX_BYTES``.
    """
    (length,) = _LENGTH.unpack(_exactly(wire, _LENGTH.size))
    if length > MAX_BYTES:
        raise ConnectionError(f"A message of {length} bytes is too long.")
    return json.loads(_exactly(wire, length))


def _exactly(wire: socket.socket, size: int) -> bytearray:
    content = bytearray(size)
    rest = memoryview(content)
    while rest:
        count = wire.recv_into(rest)
        if not count:
            raise ConnectionError("The other side is gone.")
        rest = rest[count:]
    return content
