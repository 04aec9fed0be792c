"""``datus knowledge``: build what is known of a namespace, see its versions, go back to one."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from datus import demo
from datus.cli.review import Wish
from datus.cli.review import review as review_proposals
from datus.config import NamespaceConfig, Settings, load_settings
from datus.config.reader import unknown
from datus.connectors.registry import Connectors
from datus.errors import ConfigError, InvalidRequestError
from datus.knowledge.build import Built, Update, build
from datus.knowledge.content import COMPONENTS, Component
from datus.knowledge.decisions import accepted
from datus.knowledge.embeddings import make_embedder
from datus.knowledge.reading import Progress
from datus.knowledge.versions import Versions

app = typer.Typer(no_args_is_help=True, add_completion=False)

Config = Annotated[Path | None, typer.Option("--config", help="Path of agent.yml.")]
Namespace = Annotated[str, typer.Option("--namespace", help="Namespace of the configuration.")]

_WIDTH = 120
_EMBEDDING_ATTEMPTS = 4
_PROBLEMS_SHOWN = 20


@app.command("build")
def build_command(
    namespace: Namespace,
    components: Annotated[
        str, typer.Option(help=f"What to read, with commas: {', '.join(COMPONENTS)}.")
    ] = ",".join(COMPONENTS),
    update: Annotated[
        Update,
        typer.Option(
            help="check: say what would change; overwrite: read all anew; "
            "incremental: keep the values of tables that look as they did."
        ),
    ] = "incremental",
    config: Config = None,
) -> None:
    """Read databases and files, and answer from the new version once it is complete."""
    settings, space = open_namespace(config, namespace)
    chosen = _components(components)
    console = make_console()
    with _progress(console) as bar:
        made = asyncio.run(_build(settings, space, chosen, update, bar))
    show(made, console)


@app.command()
def versions(namespace: Namespace, config: Config = None) -> None:
    """List the built versions, the newest first."""
    settings, space = open_namespace(config, namespace)
    found = Versions(settings.knowledge_path, space.name).all()
    console = make_console()
    if not found:
        print(
            f"Nothing is built for {space.name}; questions are answered from the live databases. "
            f"Build it: datus knowledge build --namespace {space.name}"
        )
        return
    table = Table("version", "made (UTC)", "MB", "in use", box=SIMPLE_HEAD)
    for each in found:
        made = f"{each.made_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(each.name, made, f"{each.size / 2**20:.1f}", "yes" if each.current else "")
    console.print(table)


@app.command()
def rollback(
    namespace: Namespace,
    to: Annotated[
        str | None, typer.Option(help="Version; the one before the one in use when absent.")
    ] = None,
    config: Config = None,
) -> None:
    """Answer from an older version again; nothing is removed."""
    settings, space = open_namespace(config, namespace)
    kept = Versions(settings.knowledge_path, space.name)
    name = to or _one_before(kept)
    kept.use(name)
    print(f"{space.name} is answered from {name} now.")


Ids = Annotated[
    list[str] | None, typer.Option(metavar="ID", help="A proposal's id; repeat for more.")
]


@app.command()
def review(
    namespace: Namespace,
    accept: Ids = None,
    reject: Ids = None,
    revoke: Ids = None,
    show_accepted: Annotated[
        bool, typer.Option("--accepted", help="List what is accepted instead.")
    ] = False,
    client: Annotated[str | None, typer.Option(help="Only proposals of this client.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most proposals to list.")] = 20,
    run: Annotated[bool, typer.Option("--run", help="Run the listed SQL, read-only.")] = False,
    golden: Annotated[
        Path | None, typer.Option(help="Golden question file; else that of the configuration.")
    ] = None,
    without_golden: Annotated[
        bool, typer.Option("--without-golden", help="Accept without measuring anything.")
    ] = False,
    workflow: Annotated[str, typer.Option(help="Workflow that is measured.")] = "nl2sql",
    force: Annotated[
        bool, typer.Option("--force", help="Accept though the golden set is answered worse.")
    ] = False,
    config: Config = None,
) -> None:
    """List what feedback proposes as reference SQL, and decide what is learned."""
    settings, space = open_namespace(config, namespace)
    decided = tuple(accept or ()), tuple(reject or ()), tuple(revoke or ())
    wish = Wish(
        *decided,
        accepted=show_accepted,
        client=client,
        limit=limit,
        run=run,
        workflow=workflow,
        golden=golden,
        without_golden=without_golden,
        force=force,
    )
    console = make_console()
    with _progress(console) as bar:
        kept = asyncio.run(review_proposals(settings, space, wish, console, _told_to(bar)))
    if not kept:
        raise typer.Exit(1)


def _told_to(bar: Bar) -> Progress:
    """Progress as a line of the bar, which is there once there is some."""

    def tell(what: str, done: int, total: int) -> None:
        line = next(iter(bar.task_ids), None)
        line = bar.add_task(what) if line is None else line
        bar.update(line, description=what, completed=done, total=total)

    return tell


def _one_before(kept: Versions) -> str:
    older = kept.older()
    if older is None:
        raise InvalidRequestError("There is no older version to go back to.")
    return older


def open_namespace(config: Path | None, namespace: str) -> tuple[Settings, NamespaceConfig]:
    """The settings and one of their namespaces; the demo shop is made if it is that.

    Raises:
        ConfigError: The settings cannot be used, or have no such namespace.
    """
    settings = load_settings(config)
    if namespace not in settings.namespaces:
        raise ConfigError(
            f"There is no namespace {namespace!r}; {unknown(namespace, settings.namespaces)}"
        )
    if settings.uses_builtin_demo:
        demo.ensure(settings.demo_path, lambda table, done, total: print(f"demo: {table}"))
    return settings, settings.namespaces[namespace]


def make_console() -> Console:
    """A console as wide as its terminal, or of a fixed width where there is none."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)


def show(made: Built, console: Console) -> None:
    """Print what a build did."""
    counts = ", ".join(f"{count:,} {what}" for what, count in made.counts.items())
    console.print(counts)
    for line in made.changes:
        console.print(f"changed: {line}", markup=False, soft_wrap=True)
    for line in made.problems[:_PROBLEMS_SHOWN]:
        console.print(f"left out: {line}", markup=False, soft_wrap=True)
    if made.problems[_PROBLEMS_SHOWN:]:
        console.print(f"left out: {len(made.problems) - _PROBLEMS_SHOWN} more")
    for name in made.removed:
        console.print(f"removed the old version {name}")
    if made.version is None:
        console.print("Nothing was built: this was a check.")
    elif made.fresh:
        console.print(f"Questions are answered from version {made.version} now.")
    else:
        console.print(f"Nothing has changed; version {made.version} stays in use.")


@contextmanager
def _progress(console: Console) -> Iterator[Bar]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=console) as bar:
        yield bar


async def _build(
    settings: Settings,
    space: NamespaceConfig,
    components: tuple[Component, ...],
    update: Update,
    bar: Bar,
) -> Built:
    line = bar.add_task("reading", total=None)
    connectors = Connectors(settings)
    try:
        return await build(
            connectors,
            settings,
            space,
            embedder=make_embedder(settings.embeddings, attempts=_EMBEDDING_ATTEMPTS),
            components=components,
            update=update,
            learned=lambda: accepted(Versions(settings.knowledge_path, space.name).folder),
            progress=lambda what, done, total: bar.update(
                line, description=what, completed=done, total=total
            ),
        )
    finally:
        await connectors.close()


def _components(text: str) -> tuple[Component, ...]:
    asked = [part.strip() for part in text.split(",") if part.strip()]
    if not asked:
        raise ConfigError(f"--components: name at least one of {', '.join(COMPONENTS)}.")
    for part in asked:
        if part not in COMPONENTS:
            raise ConfigError(f"--components: there is no {part!r}; {unknown(part, COMPONENTS)}")
    return tuple(part for part in COMPONENTS if part in asked)
