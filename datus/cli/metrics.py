"""``datus metrics``: list what is defined, and propose what could be."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from datus.cli.knowledge import Config, Namespace, make_console, open_namespace
from datus.config import NamespaceConfig, Settings
from datus.connectors.registry import Connectors
from datus.errors import ConfigError, InvalidRequestError
from datus.knowledge.library import Knowledge, metrics_database
from datus.knowledge.snapshot import Snapshot, within
from datus.semantic.suggest import suggest
from datus.types import MetricCatalogue, area_of

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command("list")
def list_metrics(
    namespace: Namespace,
    area: Annotated[str, typer.Option(help="Only this business area, as sales/retail.")] = "",
    config: Config = None,
) -> None:
    """Show the metrics of a namespace and what each can be grouped by."""
    settings, space = open_namespace(config, namespace)

    def read(snapshot: Snapshot) -> tuple[str, MetricCatalogue]:
        return snapshot.version, within(snapshot.catalogue, area_of(area))

    version, found = asyncio.run(_known(settings, space, None, read))
    console = make_console()
    if not found.metrics:
        console.print(
            f"There are no metrics here; propose some: datus metrics suggest --namespace {namespace}"
        )
        return
    table = Table("metric", "meaning", "dimensions", box=SIMPLE_HEAD)
    for metric in found.metrics:
        meaning = metric.description or metric.label
        table.add_row(
            metric.name, f"{meaning}\n= {metric.definition}", "\n".join(metric.dimensions)
        )
    console.print(table, markup=False)
    console.print(f"version {version}")


@app.command("suggest")
def suggest_metrics(
    namespace: Namespace,
    database: Annotated[
        str | None, typer.Option(help="Database; the one that metrics are about when absent.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="File to write; printed when absent. Never overwritten.")
    ] = None,
    config: Config = None,
) -> None:
    """Propose metric definitions from the schema and the reference SQL, for a person to review."""
    settings, space = open_namespace(config, namespace)
    if output is not None and output.exists():
        raise InvalidRequestError(f"{output} exists already; name another file.")

    def propose(snapshot: Snapshot) -> str:
        name = database or metrics_database(space) or snapshot.databases[0]
        mine = [each for each in snapshot.told.references if each.database in (None, name)]
        return suggest(snapshot.schema(name), mine)

    text = asyncio.run(_known(settings, space, database, propose))
    if output is None:
        print(text, end="")
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror}.") from error
    print(
        f"Wrote {output}. Read it, keep what is right, and put it into the folder that "
        f"agent.namespace.{space.name}.knowledge.metrics names."
    )


async def _known(
    settings: Settings, space: NamespaceConfig, database: str | None, use: Callable[[Snapshot], T]
) -> T:
    """What ``use`` makes of what is known now of a database."""
    about = database or metrics_database(space)
    if about is None:
        raise InvalidRequestError(
            f"Namespace {space.name!r} has several databases; name one with --database, or set "
            f"agent.namespace.{space.name}.knowledge.database."
        )
    connectors = Connectors(settings)
    knowledge = Knowledge(connectors, settings, embedder=None, clock=time.monotonic)
    try:
        return use(await knowledge.snapshot(space.name, (about,)))
    finally:
        knowledge.close()
        await connectors.close()
