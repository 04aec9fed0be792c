"""Places with a state in each engine, and a nursery for the processes that use them."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from datus.tasks.engines import migrate
from tests.faults.servers import Nursery, Place


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    made = Nursery(tmp_path_factory.mktemp("outputs"))
    yield made
    made.close()


@pytest.fixture
async def processes(nursery: Nursery) -> AsyncIterator[Nursery]:
    """The nursery; what a test leaves alive is killed after it."""
    yield nursery
    await nursery.clear()


@pytest.fixture
def database(connect_postgresql: Callable[[], Any]) -> Iterator[str]:
    """The URL of a PostgreSQL database of the test's own: its sessions and locks are nobody else's."""
    name = f"datus_faults_{uuid4().hex[:8]}"
    with connect_postgresql() as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield f"postgresql://postgres@127.0.0.1:5432/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make_place(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Place]:
    """Makes a place whose state is in the engine; arguments are settings of ``agent.server``."""

    def make(server: str = "") -> Place:
        if engine == "postgresql":
            url: str = request.getfixturevalue("database")
            migrate(url)
            return Place(tmp_path / "place", url, server)
        path = tmp_path / "state" / "state.db"
        migrate(path)
        return Place(tmp_path / "place", path, server)

    return make
