"""Three real databases, and all that a question over them goes through before a generator sees it."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb
import pytest

from datus.config import DatabaseConfig, NamespaceConfig, ServerConfig, Settings
from datus.connectors.base import Connector
from datus.connectors.registry import Connectors
from datus.dates import find_time_ranges
from datus.generation.offline.draft import Draft
from datus.generation.offline.generator import OfflineGenerator
from datus.generation.offline.linking import Item, link
from datus.generation.offline.parsing import PASSES, Prepared
from datus.generation.offline.readings import readings
from datus.knowledge.library import Knowledge
from datus.knowledge.snapshot import Snapshot
from datus.sql.guard import check
from datus.text import is_chinese
from datus.types import (
    Attempt,
    Candidate,
    DatabaseSchema,
    GenerationContext,
    QueryResult,
    Question,
)

DATA = Path(__file__).with_name("data")
TODAY = date(2024, 3, 15)
EAGER = OfflineGenerator(least_confidence=0)
Name = Literal["huts", "clinic", "shop"]


@dataclass
class World:
    """A database with its snapshot, and the steps of the workflow that lead to a generator."""

    name: str
    connector: Connector
    snapshot: Snapshot
    runner: asyncio.Runner
    generator: OfflineGenerator

    @property
    def schema(self) -> DatabaseSchema:
        return self.snapshot.schema(self.name)

    @property
    def prepared(self) -> Prepared:
        return self.generator.prepare(self.schema)

    def context(self, text: str, attempts: tuple[Attempt, ...] = ()) -> GenerationContext:
        return GenerationContext(
            question=Question(text, TODAY),
            schema=self.schema,
            values=self.snapshot.find_values(self.name, text),
            times=find_time_ranges(text, today=TODAY),
            attempts=attempts,
        )

    def ask(self, text: str) -> tuple[Candidate, ...]:
        return self.generator.candidates(self.context(text))

    def read(self, text: str) -> tuple[Candidate, ...]:
        """What would be answered however unsure it is, words that nothing explains aside."""
        return EAGER.candidates(self.context(text))

    def items(self, text: str) -> tuple[Item, ...]:
        return link(self.context(text), self.prepared.index)

    def draft(self, text: str, upto: Callable[[Draft], None] | None = None) -> Draft:
        """The draft of the likeliest reading after the passes up to and with one of them."""
        best = readings(self.items(text), self.prepared.index, self.prepared.graph)[0]
        index, graph = self.prepared.index, self.prepared.graph
        draft = Draft(best.items, index, graph, is_chinese(text))
        for step in PASSES[: PASSES.index(upto) + 1] if upto is not None else ():
            step(draft)
        return draft

    def rows(self, sql: str) -> QueryResult:
        """What a query gives, after the guard has let it through."""
        checked = check(sql, self.schema)
        return self.run(checked.sql)

    def run(self, sql: str) -> QueryResult:
        return self.runner.run(self.connector.execute(sql, max_rows=1_000, timeout_s=10))


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        yield runner


@pytest.fixture(scope="session")
def worlds(
    tmp_path_factory: pytest.TempPathFactory, runner: asyncio.Runner
) -> Iterator[dict[str, World]]:
    folder = tmp_path_factory.mktemp("worlds")
    _fill(folder)
    settings = _settings(folder)
    connectors = Connectors(settings)
    knowledge = Knowledge(connectors, settings, embedder=None, clock=lambda: 0.0)
    generator = OfflineGenerator()
    yield {
        name: World(
            name,
            connectors.get(name, name),
            runner.run(knowledge.snapshot(name, (name,))),
            runner,
            generator,
        )
        for name in ("huts", "clinic", "parcels", "shop")
    }
    knowledge.close()
    runner.run(connectors.close())


@pytest.fixture(scope="session")
def huts(worlds: dict[str, World]) -> World:
    return worlds["huts"]


@pytest.fixture(scope="session")
def clinic(worlds: dict[str, World]) -> World:
    return worlds["clinic"]


@pytest.fixture(scope="session")
def shop(worlds: dict[str, World]) -> World:
    return worlds["shop"]


def _fill(folder: Path) -> None:
    for name in ("huts", "shop"):
        with sqlite3.connect(folder / f"{name}.sqlite") as filled:
            filled.executescript((DATA / f"{name}.sql").read_text(encoding="utf-8"))
        filled.close()
    for name in ("clinic", "parcels"):
        with duckdb.connect(str(folder / f"{name}.duckdb")) as made:
            made.execute((DATA / f"{name}.sql").read_text(encoding="utf-8"))


def _settings(folder: Path) -> Settings:
    databases = (
        DatabaseConfig("huts", "sqlite", folder / "huts.sqlite"),
        DatabaseConfig("clinic", "duckdb", folder / "clinic.duckdb"),
        DatabaseConfig("parcels", "duckdb", folder / "parcels.duckdb"),
        DatabaseConfig("shop", "sqlite", folder / "shop.sqlite"),
    )
    return Settings(
        config_path=None,
        home=folder,
        target="offline",
        models={},
        namespaces={each.name: NamespaceConfig(each.name, (each,)) for each in databases},
        node_settings={},
        workflows={},
        server=ServerConfig(),
        state_path=folder / "state.db",
        knowledge_path=folder / "knowledge",
    )
