"""Messages over a wire: they come out as they went in, and a bad other side is an OSError."""

import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datus.connectors.framing import MAX_BYTES, receive, send

Wires = tuple[socket.socket, socket.socket]

# The JSON types, with lone surrogates, integers past 64 bits and the smallest floats.
TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
SCALAR = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
MESSAGES = st.recursive(
    SCALAR | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


@pytest.fixture
def wires() -> Iterator[Wires]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@given(MESSAGES)
def test_a_message_comes_out_as_it_went_in(message: Any) -> None:
    one, other = socket.socketpair()
    with one, other:
        send(one, message)
        received = receive(other)
    assert received == message
    assert repr(received) == repr(message)  # 1, 1.0 and True are equal


def test_messages_longer_than_the_wire_holds(wires: Wires) -> None:
    one, other = wires
    message = {"rows": [["数据" * 50] * 10] * 2_000}
    sender = threading.Thread(target=send, args=(one, message))
    sender.start()
    assert receive(other) == message
    sender.join()


def test_a_wire_that_ends_within_a_message(wires: Wires) -> None:
    one, other = wires
    one.sendall(struct.pack("!I", 10) + b'"half')
    one.close()
    with pytest.raises(OSError, match="gone"):
        receive(other)


def test_a_message_without_measure_is_not_taken(wires: Wires) -> None:
    one, other = wires
    one.sendall(struct.pack("!I", MAX_BYTES + 1))
    with pytest.raises(OSError, match="too long"):
        receive(other)


def test_infinity_is_no_json(wires: Wires) -> None:
    with pytest.raises(ValueError, match="JSON"):
        send(wires[0], float("inf"))
