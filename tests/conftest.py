"""Holds for every test: nothing outside this machine is reached, and its servers are met in one way."""

import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from datus.demo import build

_LOCAL_NAMES = frozenset({"localhost", ""})


@pytest.fixture(autouse=True, scope="session")
def _no_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Refuse connections that leave the machine, so that no test depends on one.

    With nobody out there to trust, clients read none of the system's authorities: hundreds of clients are made.
    """
    patch = pytest.MonkeyPatch()
    patch.delenv("SSL_CERT_FILE", raising=False)
    patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("no_authorities")))
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


@pytest.fixture(scope="session")
def connect_postgresql() -> Callable[[], psycopg.Connection]:
    """Connects to this machine's PostgreSQL, committing each statement; skips where none answers."""

    def connect() -> psycopg.Connection:
        try:
            return psycopg.connect(
                host="127.0.0.1",
                user="postgres",
                dbname="postgres",
                connect_timeout=3,
                autocommit=True,
            )
        except psycopg.OperationalError as error:
            pytest.skip(f"no PostgreSQL server to test against: {error}")

    return connect


@pytest.fixture(scope="session")
def connect_mysql() -> Callable[[], "pymysql.Connection[Any]"]:
    """Connects to this machine's MySQL or MariaDB, likewise."""

    def connect() -> "pymysql.Connection[Any]":
        try:
            return pymysql.connect(
                host="127.0.0.1", user="root", connect_timeout=3, autocommit=True
            )
        except pymysql.err.OperationalError as error:
            pytest.skip(f"no MySQL server to test against: {error}")

    return connect


@pytest.fixture(scope="session")
def demo_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the demo shop, built once for all tests that read it."""
    path = tmp_path_factory.mktemp("demo") / "shop.duckdb"
    build(path, lambda name, done, total: None)
    return path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-snapshots", action="store_true", help="write the prompt snapshots anew"
    )
