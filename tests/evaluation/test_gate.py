"""The golden set is asked of the very versions that are named, whichever is in use."""

import os
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from datus.config import Settings, load_settings
from datus.connectors.registry import Connectors
from datus.errors import InvalidRequestError, NotFoundError
from datus.evaluation.datasets import Item
from datus.evaluation.gate import Gate
from datus.evaluation.local import Plan
from datus.knowledge.build import build
from datus.knowledge.versions import Versions

ITEMS = (
    Item(1, "How many customers are there?", ("SELECT count(*) FROM customers",)),
    Item(2, "How many orders are there?", ("SELECT count(*) FROM orders",)),
)
LIVE = None


def execute(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(sql)
    connection.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    execute(
        tmp_path / "shop.sqlite",
        "CREATE TABLE customers (id INTEGER); INSERT INTO customers VALUES (1), (2)",
    )
    (tmp_path / "agent.yml").write_text(
        "agent: {knowledge: {embeddings: {type: none}}, "
        "namespace: {shop: {type: sqlite, uri: shop.sqlite}}}"
    )
    home = tmp_path / "home"
    return load_settings(tmp_path / "agent.yml", env={}, home=home, cwd=tmp_path)


async def built(settings: Settings) -> str:
    connectors = Connectors(settings)
    try:
        made = await build(connectors, settings, settings.namespaces["shop"], embedder=None)
    finally:
        await connectors.close()
    assert made.version is not None
    return made.version


def make_gate(
    settings: Settings,
    told: list[tuple[str, int, int]],
    *,
    items: tuple[Item, ...] = ITEMS,
    workflow: str = "nl2sql",
) -> Gate:
    return Gate(
        settings,
        Plan(workflow, "shop"),
        items,
        clock=lambda: datetime.now(UTC),
        random=os.urandom,
        timer=time.perf_counter,
        progress=lambda what, done, total: told.append((what, done, total)),
    )


async def test_each_version_answers_for_itself(settings: Settings, tmp_path: Path) -> None:
    old = await built(settings)
    execute(
        tmp_path / "shop.sqlite",
        "CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1), (2), (3)",
    )
    new = await built(settings)
    told: list[tuple[str, int, int]] = []
    gate = make_gate(settings, told)
    better = await gate.measure(old, new)
    assert better.passed
    ((was, now),) = better.changed
    assert (was.item.number, was.verdict, now.verdict) == (2, "refused", "right")
    assert better.counts(better.before) == {"right": 1, "wrong": 0, "refused": 1}
    assert told[:3] == [(f"golden set with {old}", done, 2) for done in range(3)]
    worse = await gate.measure(new, old)
    assert not worse.passed
    assert [outcome.verdict for outcome in worse.after] == ["right", "refused"]
    from_live = await gate.measure(LIVE, new)
    assert (from_live.passed, from_live.changed) == (True, ())
    assert Versions(settings.knowledge_path, "shop").current() == new


async def test_a_set_that_judges_nothing_is_no_gate(settings: Settings) -> None:
    version = await built(settings)
    broken = Item(1, "How many customers are there?", ("SELECT count(*) FROM nowhere",))
    with pytest.raises(InvalidRequestError, match="nowhere"):
        await make_gate(settings, [], items=(broken,)).measure(LIVE, version)
    with pytest.raises(NotFoundError, match="nl3sql"):
        await make_gate(settings, [], workflow="nl3sql").measure(LIVE, version)
    elsewhere = Item(1, "How many?", ("SELECT 1",), database="vault")
    with pytest.raises(NotFoundError, match="vault"):
        make_gate(settings, [], items=(elsewhere,))
