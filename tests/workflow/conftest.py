"""Real parts around the engine: a small SQLite shop, the guard, the connectors; only the SQL is scripted."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from datus.config import Settings, load_settings
from datus.connectors.registry import Connectors
from datus.errors import DatusError
from datus.generation.scripted import Script, ScriptedGenerator
from datus.knowledge.library import Knowledge
from datus.sql.guard import CheckedSql, check
from datus.types import DatabaseSchema, EventType, GenerationContext, Question
from datus.workflow.definitions import definitions
from datus.workflow.engine import Outcome, run_workflow
from datus.workflow.generators import by_model
from datus.workflow.node import Tools
from datus.workflow.state import RunState
from datus.workflow.steps import Workflow

Guard = Callable[[str, DatabaseSchema], CheckedSql]

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id),
    amount REAL NOT NULL, note TEXT, ordered_on DATE NOT NULL);
INSERT INTO customers VALUES (1, 'Ada', 'Paris'), (2, 'Bo', 'Rome'), (3, 'Cy', 'Rome');
INSERT INTO orders VALUES (1, 1, 10.5, NULL, '2024-01-03'), (2, 2, 20, NULL, '2024-01-09');
CREATE TABLE numbers (n INTEGER NOT NULL);
WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 2000)
    INSERT INTO numbers SELECT n FROM c;
"""

CLINIC = """
CREATE TABLE patients (id INTEGER PRIMARY KEY, ward TEXT NOT NULL);
INSERT INTO patients VALUES (1, 'North'), (2, 'South');
"""

WIDE = "".join(
    f"CREATE TABLE part_{n:02} (id INTEGER PRIMARY KEY, size_{n:02} TEXT);" for n in range(45)
)

AGENT = """
agent:
  namespace:
    shop: {type: sqlite, uri: dbs/shop.sqlite, name: shop}
    wide: {type: sqlite, uri: dbs/wide.sqlite}
    both:
      type: sqlite
      dbs: [{uri: dbs/shop.sqlite}, {uri: dbs/clinic.sqlite}]
    twins:
      type: sqlite
      dbs: [{uri: dbs/clinic.sqlite}, {uri: dbs/clinic_old.sqlite}]
"""


@dataclass
class Lab:
    """Runs workflows and keeps what they said."""

    settings: Settings
    connectors: Connectors
    knowledge: Knowledge
    asked: list[GenerationContext] = field(default_factory=list)
    events: list[tuple[EventType, Mapping[str, Any]]] = field(default_factory=list)
    executing: asyncio.Event = field(default_factory=asyncio.Event)

    def tools(self, script: Script, guard: Guard = check) -> Tools:
        def spoken(context: GenerationContext) -> Any:
            self.asked.append(context)
            return script(context)

        return Tools(
            settings=self.settings,
            connectors=self.connectors,
            knowledge=self.knowledge,
            generator_of=by_model(dict.fromkeys(self.settings.models, ScriptedGenerator(spoken))),
            guard=guard,
            clock=time.monotonic,
        )

    async def ask(
        self,
        workflow: str | Workflow,
        script: Script,
        text: str = "How many customers are in Rome?",
        *,
        namespace: str = "shop",
        schema_name: str | None = None,
        guard: Guard = check,
        emit: Callable[[EventType, Mapping[str, Any]], Awaitable[None]] | None = None,
    ) -> Outcome:
        if isinstance(workflow, str):
            workflow = definitions(self.settings)[workflow]
        state = self.state(workflow.name, text, namespace=namespace, schema_name=schema_name)
        self.events.clear()

        async def keep(
            type: EventType, data: Mapping[str, Any], step: Mapping[str, Any] | None = None
        ) -> None:
            self.events.append((type, data))
            if type == "sql_generated":
                self.executing.set()

        outcome = await run_workflow(
            workflow, state, self.tools(script, guard), emit or keep, stopped=_cancelled
        )
        self.events.extend(outcome.events)
        return outcome

    def state(
        self,
        workflow: str,
        text: str = "How many customers are in Rome?",
        *,
        namespace: str = "shop",
        schema_name: str | None = None,
    ) -> RunState:
        databases = self.settings.namespaces[namespace].databases
        return RunState(
            task_id="t1",
            workflow=workflow,
            namespace=namespace,
            question=Question(text=text, today=date(2024, 1, 15)),
            databases=tuple(database.name for database in databases),
            schema_name=schema_name,
        )

    def of(self, type: EventType) -> list[Mapping[str, Any]]:
        return [data for kind, data in self.events if kind == type]

    def steps(self, status: str = "completed") -> list[str]:
        return [data["node"] for data in self.of("node_progress") if data["status"] == status]


def _cancelled() -> DatusError:
    return DatusError("A test stopped the run.", code="cancelled")


def write_databases(folder: Path) -> None:
    folder.mkdir()
    scripts = {"shop": SHOP, "clinic": CLINIC, "clinic_old": CLINIC, "wide": WIDE}
    for name, script in scripts.items():
        connection = sqlite3.connect(folder / f"{name}.sqlite")
        connection.executescript(f"BEGIN; {script} COMMIT;")  # waits for the disk once
        connection.close()


@pytest.fixture
def make_lab(tmp_path: Path) -> Callable[..., Lab]:
    """A lab whose ``agent.yml`` ends with the given lines."""
    write_databases(tmp_path / "dbs")

    def make(extra: str = "") -> Lab:
        config = tmp_path / "agent.yml"
        config.write_text(AGENT + extra, encoding="utf-8")
        settings = load_settings(config, env={}, home=tmp_path / "home", cwd=tmp_path)
        connectors = Connectors(settings)
        return Lab(
            settings,
            connectors,
            Knowledge(connectors, settings, embedder=None, clock=time.monotonic),
        )

    return make


@pytest.fixture
async def lab(make_lab: Callable[..., Lab]) -> AsyncIterator[Lab]:
    made = make_lab()
    yield made
    made.knowledge.close()
    await made.connectors.close()
