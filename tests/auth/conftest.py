"""Clients without waiting: a clock that tests set, and argon2 as cheap as it goes."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import argon2
import pytest

from datus.auth import Authenticator
from datus.auth import secret as secret_module

KEY = "0123456789abcdef0123456789abcdef"


class Clock:
    """Seconds that go on only when told to."""

    def __init__(self, start_s: float = 1_700_000_000.0) -> None:
        self.now_s = start_s

    def __call__(self) -> float:
        return self.now_s

    def go(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that the library's own storage reads too."""
    clock = Clock()
    monkeypatch.setattr("limits.aio.storage.memory.time", SimpleNamespace(time=clock))
    return clock


@pytest.fixture
def cheap_argon2(monkeypatch):
    """Hashes of 8 KiB and one pass, so that hundreds of sign-ins take no time."""
    monkeypatch.setattr(secret_module, "MEMORY_KIB", 8)
    monkeypatch.setattr(secret_module, "PASSES", 1)
    monkeypatch.setattr(
        secret_module,
        "_HASHER",
        argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
    )


@pytest.fixture
def clients_file(tmp_path) -> Callable[[str], Path]:
    """Writes auth_clients.yml with some clients and a good key."""
    path = tmp_path / "auth_clients.yml"

    def write(clients: str, jwt: str = f"jwt: {{secret_key: {KEY}}}") -> Path:
        path.write_text(f"clients:\n{clients}\n{jwt}\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def open_authenticator(clients_file, clock) -> Callable[..., Authenticator]:
    def make(clients: str, **env: str) -> Authenticator:
        return Authenticator(clients_file(clients), env=env, clock=clock, monotonic=clock)

    return make
