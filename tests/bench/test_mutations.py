"""The measure of broken SQL in small: what it counts, and that what changes validity is caught."""

import argparse
import importlib.util
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id),
    amount REAL NOT NULL, state TEXT NOT NULL);
INSERT INTO customers VALUES (1, 'Ada', 'Paris'), (2, 'Bo', 'Rome'), (3, 'Cy', 'Rome'), (4, 'Di', 'Lisbon');
INSERT INTO orders VALUES (1, 1, 10.5, 'paid'), (2, 2, 20, 'open'), (3, 2, 30, 'paid'), (4, 3, 7, 'paid');
"""
QUESTIONS = (
    ("Which customers live in Rome?", "SELECT name FROM customers WHERE city = 'Rome'"),
    ("罗马有哪些客户？", "SELECT name FROM customers WHERE city = 'Rome'"),
    ("How many orders are paid?", "SELECT count(*) FROM orders WHERE state = 'paid'"),
    ("已付款的订单总金额是多少？", "SELECT sum(amount) FROM orders WHERE state = 'paid'"),
    (
        "How many orders does each customer have?",
        "SELECT T1.name, count(*) FROM customers AS T1 JOIN orders AS T2 ON T1.id = T2.customer_id "
        "GROUP BY T1.id",
    ),
    (
        "Cities of customers with an order of more than 10 that is paid",
        "SELECT DISTINCT T1.city FROM customers AS T1 JOIN orders AS T2 ON T1.id = T2.customer_id "
        "WHERE T2.amount > 10 AND T2.state = 'paid'",
    ),
    ("Orders of customer 2", "SELECT id FROM orders WHERE customer_id = 2 ORDER BY amount LIMIT 3"),
)


@pytest.fixture(scope="module")
def mutations() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("mutations", ROOT / "bench" / "mutations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutations"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["mutations"]


@pytest.fixture
def arguments(tmp_path: Path) -> argparse.Namespace:
    folder = tmp_path / "dbs"
    (folder / "shop").mkdir(parents=True)
    connection = sqlite3.connect(folder / "shop" / "shop.sqlite")
    connection.executescript(SHOP)
    connection.close()
    train = tmp_path / "train.json"
    items = [{"db_id": "shop", "question": text, "query": sql} for text, sql in QUESTIONS]
    train.write_text(json.dumps(items), encoding="utf-8")
    return argparse.Namespace(train=train, folder=folder, per=4, databases=1, seed=5)


async def test_what_changes_validity_is_caught_and_mended(
    mutations: ModuleType,
    arguments: argparse.Namespace,
    demo_shop: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mutations, "build", lambda path, _: shutil.copyfile(demo_shop, path))
    cases = await mutations.run(arguments)
    invalid = [case for case in cases if case.effect == "validity"]
    assert len({case.broken.mutation for case in cases}) == len(mutations.MUTATIONS)
    assert len(invalid) >= 50
    missed = [case.broken for case in invalid if case.outcome == "missed"]
    assert mutations.share(invalid) >= 0.9, missed
    assert sum(case.repaired for case in invalid) >= 0.9 * len(invalid)
    assert mutations.share([case for case in cases if case.effect == "meaning"]) < 1.0
    untouched = [case for case in cases if case.broken.mutation.startswith("none")]
    assert untouched
    assert "before" not in {case.outcome for case in untouched}
    assert mutations.share(untouched) <= 0.5
    again = await mutations.run(arguments)
    assert [case.broken.sql for case in again] == [case.broken.sql for case in cases]
    assert mutations.table(again) == mutations.table(cases)
