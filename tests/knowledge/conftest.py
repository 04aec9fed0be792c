"""A namespace of two small databases and files that people wrote, and builds of it."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from datus.config import NamespaceConfig, Settings, load_settings
from datus.connectors.registry import Connectors
from datus.knowledge.build import Built, build
from datus.knowledge.library import Knowledge
from datus.knowledge.versions import Versions

HUTS = """
CREATE TABLE hut (hut_id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT);
CREATE TABLE stay (stay_id INTEGER PRIMARY KEY, hut_id INTEGER NOT NULL, guest TEXT, paid REAL);
INSERT INTO hut VALUES (1, 'Eagle House', 'alpine'), (2, 'Pine Hut', 'forest');
INSERT INTO stay VALUES (1, 1, 'Amelie Stark', 80), (2, 2, 'Bo Lind', 40);
"""
BUSES = """
CREATE TABLE line (line_id INTEGER PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE stop (stop_id INTEGER PRIMARY KEY, line_id INTEGER, place TEXT);
INSERT INTO line VALUES (1, 'Valley Express');
INSERT INTO stop VALUES (1, 1, 'Station Square');
"""
TERMS = """
terms:
  - {word: regular guest, synonyms: [常客], meaning: A guest of three stays or more., area: huts/guests}
  - {word: regular, meaning: Not chartered., area: buses}
"""
REFERENCES = """\
question,sql,database,area
How much was paid in all?,SELECT sum(paid) FROM stay,huts,huts/guests
Which lines are there?,"SELECT line_id, title FROM line",buses,buses
"""
METRICS = """
semantic_models:
  - name: stays
    model: ref('stay')
    defaults: {agg_time_dimension: night}
    entities:
      - {name: stay, type: primary, expr: stay_id}
    dimensions:
      - {name: night, type: time, type_params: {time_granularity: day}}
      - {name: guest, type: categorical}
    measures:
      - {name: paid, agg: sum}
metrics:
  - {name: takings, label: Takings, description: What guests paid., type: simple, type_params: {measure: paid}}
"""


def write(path: Path, sql: str) -> None:
    """Run statements on a SQLite file."""
    connection = sqlite3.connect(path)
    connection.executescript(f"BEGIN; {sql}; COMMIT;")  # waits for the disk once
    connection.close()


@dataclass(frozen=True)
class World:
    """A namespace ``alps`` on disk; ``space`` and ``settings`` are read from its ``agent.yml`` anew."""

    folder: Path
    connectors: Connectors

    @property
    def settings(self) -> Settings:
        home = self.folder / "home"
        return load_settings(self.folder / "agent.yml", env={}, home=home, cwd=self.folder)

    @property
    def space(self) -> NamespaceConfig:
        return self.settings.namespaces["alps"]

    @property
    def versions(self) -> Versions:
        return Versions(self.settings.knowledge_path, "alps")

    def configure(self, *knowledge: str) -> None:
        """Write the ``agent.yml``, with more lines of the namespace's knowledge."""
        configure(self.folder, *knowledge)

    async def build(self, **options: Any) -> Built:
        options = {"embedder": None, **options}
        return await build(self.connectors, self.settings, self.space, **options)


def configure(folder: Path, *knowledge: str) -> None:
    lines = ["terms: terms.yml", "reference_sql: reference.csv", "documents: notes", *knowledge]
    (folder / "agent.yml").write_text(
        "agent:\n"
        "  namespace:\n"
        "    alps:\n"
        "      type: sqlite\n"
        "      dbs: [{uri: huts.sqlite}, {uri: buses.sqlite}]\n"
        "      knowledge:\n" + "".join(f"        {line}\n" for line in lines),
        encoding="utf-8",
    )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    write(tmp_path / "huts.sqlite", HUTS)
    write(tmp_path / "buses.sqlite", BUSES)
    (tmp_path / "terms.yml").write_text(TERMS, encoding="utf-8")
    (tmp_path / "reference.csv").write_text(REFERENCES, encoding="utf-8")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "season.md").write_text(
        "---\narea: huts\n---\n# Season\nHuts open in June.\n", encoding="utf-8"
    )
    configure(tmp_path)
    settings = load_settings(tmp_path / "agent.yml", env={}, home=tmp_path / "home", cwd=tmp_path)
    connectors = Connectors(settings)
    yield World(tmp_path, connectors)
    await connectors.close()


Open = Callable[..., Knowledge]


@pytest.fixture
async def open_knowledge(world: World) -> AsyncIterator[Open]:
    """Knowledge as a worker has it."""
    made: list[Knowledge] = []

    def make(clock: Callable[[], float] = lambda: 0.0) -> Knowledge:
        made.append(Knowledge(world.connectors, world.settings, embedder=None, clock=clock))
        return made[-1]

    yield make
    for each in made:
        each.close()
