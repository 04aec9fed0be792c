from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest


@pytest.fixture(scope="session")
def shop(demo_shop: Path) -> Path:
    return demo_shop


@pytest.fixture
def connection(shop: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(shop, read_only=True) as opened:
        yield opened
