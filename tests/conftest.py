"""Holds for every test: nothing outside this machine is reached."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

_LOCAL_NAMES = frozenset({"localhost", ""})


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse connections that leave the machine, so that no test depends on one."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, _only_here(getattr(socket.socket, name)))
    yield
    patch.undo()


def _only_here(connect: Any) -> Any:
    def checked(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            pytest.fail(f"a test tried to reach {address[0]}, which is not this machine")
        return connect(self, address)

    return checked


def _is_local(host: str) -> bool:
    if host in _LOCAL_NAMES:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
