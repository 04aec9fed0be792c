"""The runner over the real service and a real database; only the SQL is scripted."""

import os
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from datus.config import Settings, load_settings
from datus.errors import DatusError, InvalidRequestError, NotFoundError, RefusalError
from datus.evaluation.datasets import Item
from datus.evaluation.local import Plan, open_local, references_dialect
from datus.evaluation.runner import Outcome, evaluate
from datus.generation.scripted import ScriptedGenerator
from datus.types import Candidate, GenerationContext

AGENT = """
agent:
  namespace:
    red: {type: sqlite, uri: red.sqlite}
    blue: {type: sqlite, uri: blue.sqlite}
    both: {type: sqlite, dbs: [{uri: red.sqlite}, {uri: blue.sqlite}]}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for size, name in enumerate(("red", "blue"), 1):
        connection = sqlite3.connect(tmp_path / f"{name}.sqlite")
        connection.execute("CREATE TABLE shop (id INTEGER PRIMARY KEY, name TEXT, paid BOOLEAN)")
        rows = [(n, f"{name} {n}", n % 2) for n in range(size)]
        connection.executemany("INSERT INTO shop VALUES (?, ?, ?)", rows)
        connection.commit()
        connection.close()
    (tmp_path / "agent.yml").write_text(AGENT, encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    return load_settings(tmp_path / "agent.yml", env={}, home=home, cwd=tmp_path)


class Script:
    """Answers with the SQL that the question itself holds; ``refuse`` refuses."""

    def __init__(self) -> None:
        self.contexts: list[GenerationContext] = []

    def __call__(self, context: GenerationContext) -> Sequence[str | Candidate]:
        self.contexts.append(context)
        if context.question.text == "refuse":
            raise RefusalError("There is no such data.", code="unanswerable")
        return [context.question.text]


async def ask(
    settings: Settings, plan: Plan, items: Sequence[Item], script: Script
) -> list[Outcome]:
    async with open_local(
        settings,
        plan,
        clock=lambda: datetime.now(UTC),
        random=os.urandom,
        timer=time.perf_counter,
        generator=ScriptedGenerator(script),
    ) as local:
        return list(await evaluate(items, local.answer, local.reference, dialect="sqlite"))


async def test_questions_go_through_the_workflow(settings: Settings, tmp_path: Path) -> None:
    items = [
        Item(1, "SELECT count(*) AS n FROM shop", ("SELECT max(id) + 1 FROM shop",), "red"),
        Item(2, "SELECT count(*) AS n FROM shop", ("SELECT 2",), "blue"),
        Item(3, "SELECT name FROM shop", ("SELECT 'other'",), "red"),
        Item(4, "refuse", ("SELECT 1",), "red"),
        Item(5, "DROP TABLE shop", ("SELECT 1",), "red"),
        Item(6, "SELECT id FROM shop", ("SELECT nix FROM shop",), "red"),
        Item(7, "refuse", (), "red"),
        Item(8, "x" * 9000, ("SELECT 1",), "red"),
    ]
    outcomes = await ask(settings, Plan("nl2sql", "both"), items, Script())
    assert [outcome.verdict for outcome in outcomes] == [
        "right", "right", "wrong", "refused", "refused", "reference_failed", "right", "failed",
    ]  # fmt: skip
    assert [o.answered.code for o in outcomes[3:5]] == ["unanswerable", "unsafe_sql"]
    assert all(outcome.answered.elapsed_s > 0 for outcome in outcomes)
    assert outcomes[7].answered.code == "invalid_request"
    assert not settings.state_path.exists()


async def test_one_namespace_a_database(settings: Settings) -> None:
    items = [
        Item(1, "SELECT min(name) AS n FROM shop", ("SELECT 'red 0'",), "red"),
        Item(2, "SELECT min(name) AS n FROM shop", ("SELECT 'blue 0'",), "blue"),
    ]
    outcomes = await ask(settings, Plan("nl2sql", "{database}"), items, Script())
    assert [outcome.verdict for outcome in outcomes] == ["right", "right"]


async def test_context_goes_along(settings: Settings) -> None:
    script = Script()
    own = Item(1, "SELECT id FROM shop", ("SELECT 0",), knowledge="x is y", today=date(2020, 5, 1))
    other = Item(2, "SELECT id FROM shop", ("SELECT 0",))
    await ask(settings, Plan("nl2sql", "red", today=date(2024, 1, 15)), [own, other], script)
    first, second = (context.question for context in script.contexts)
    assert (first.ext_knowledge, first.today) == ("x is y", date(2020, 5, 1))
    assert (second.ext_knowledge, second.today) == (None, date(2024, 1, 15))


def test_the_dialect_of_the_references(settings: Settings) -> None:
    assert (
        references_dialect(settings, Plan("nl2sql", "red"), [Item(1, "q", ("SELECT 1",))])
        == "sqlite"
    )


@pytest.mark.parametrize(
    ("namespace", "database", "error", "part"),
    [
        ("rde", None, NotFoundError, "red, blue, both"),
        ("both", None, InvalidRequestError, "--database-key"),
        ("both", "green", NotFoundError, "'green'"),
        ("{database}", None, InvalidRequestError, "names no database"),
        ("{database}", "green", NotFoundError, "'green'"),
    ],
)
def test_a_place_that_does_not_exist_is_told_before_asking(
    settings: Settings, namespace: str, database: str | None, error: type[DatusError], part: str
) -> None:
    with pytest.raises(error, match=part):
        references_dialect(settings, Plan("nl2sql", namespace), [Item(1, "q", (), database)])
