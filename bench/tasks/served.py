"""datus's side: a service whose six nodes do nothing; each task is submitted and its stream read to ``done``."""

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from load import NODES, WARM_UP, Load, drive, side_parser, tell

from datus.auth import Client
from datus.config import Settings, load_settings
from datus.errors import ConfigError
from datus.generation.scripted import ScriptedGenerator
from datus.service import RunRequest, Service
from datus.sql.guard import CheckedSql
from datus.tasks.engines import migrate
from datus.types import Candidate, QueryResult, ResultColumn
from datus.workflow.definitions import BUILT_IN
from datus.workflow.node import Report, Tools
from datus.workflow.nodes import NODES as NODE_OF
from datus.workflow.state import Executed, Output, RunState
from datus.workflow.steps import OUTPUT

WORKFLOW = "metric_to_sql"
CLIENT = Client("bench")
CHECKED = CheckedSql("SELECT 1 AS n", (), ())
ANSWERED = Executed(
    Candidate("SELECT 1 AS n", 1.0, (), ()),
    CHECKED,
    QueryResult((ResultColumn("n", "integer"),), ((1,),), truncated=False, elapsed_s=0.0),
)
AGENT = """
agent:
  namespace: {{shop: {{type: sqlite, uri: shop.db}}}}
  server: {{max_running: 64, max_queued: 64}}
  state: {state}
"""


def make_idle(node_s: float) -> None:
    """Have the nodes of the workflow do nothing, in this process; the last one gives a fixed answer."""
    nodes = next(flow.nodes for flow in BUILT_IN if flow.name == WORKFLOW)
    assert len(nodes) == NODES, nodes

    def idle(name: str) -> Callable[..., Any]:
        async def run(state: RunState, tools: Tools, report: Report) -> RunState:
            if node_s:
                await asyncio.sleep(node_s)
            if name != OUTPUT:
                return state
            return replace(state, executed=ANSWERED, output=Output(({"n": 1},), {"row_count": 1}))

        return run

    for name in nodes:
        assert isinstance(name, str)
        vars(NODE_OF[name]).update(run=idle(name), due=lambda state: True)


def settings_for(folder: Path, url: str) -> Settings:
    """A service over an empty database, its state where ``url`` says."""
    sqlite3.connect(folder / "shop.db").close()
    path = url.removeprefix("sqlite:///")
    state = f'{{path: "{path}"}}' if path != url else f'{{url: "{url}"}}'
    (folder / "agent.yml").write_text(AGENT.format(state=state), encoding="utf-8")
    return load_settings(folder / "agent.yml", env={}, home=folder, cwd=folder)


async def measure(url: str, loads: list[Load]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        service = await Service.open(
            settings_for(Path(folder), url),
            clock=lambda: datetime.now(UTC),
            random=os.urandom,
            generator=ScriptedGenerator(lambda context: []),
        )

        async def one() -> None:
            request = RunRequest(workflow=WORKFLOW, namespace="shop", task="How many?")
            task = await service.submit(CLIENT, request)
            status, ended = "", 0
            async for event in service.events(CLIENT, task.task_id):
                if event.type == "done":
                    status = event.data["status"]
                elif event.type == "node_progress":
                    ended += event.data["status"] == "completed"
            assert (status, ended) == ("completed", NODES), (status, ended)

        await drive(one, Load(WARM_UP, 2 * WARM_UP, 10))
        for load in loads:
            tell(await drive(one, load))
        await service.close(5)


def main() -> None:
    flags = side_parser(__doc__).parse_args()
    make_idle(flags.node_ms / 1e3)
    loads = [Load(width, flags.tasks, flags.seconds) for width in flags.widths]
    try:
        migrate(flags.url)
        asyncio.run(measure(flags.url, loads))
    except ConfigError as error:
        raise SystemExit(f"datus refuses the state: {error.message}") from None


if __name__ == "__main__":
    main()
