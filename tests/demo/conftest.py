from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from datus.demo import build


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "shop.duckdb"
    build(path, lambda name, done, total: None)
    return path


@pytest.fixture
def connection(shop: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(shop, read_only=True) as opened:
        yield opened
