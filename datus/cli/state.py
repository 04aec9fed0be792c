"""``datus state``: the tables of the store of tasks; and how other commands open that store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from datus.cli.knowledge import Config
from datus.config import Settings, load_settings
from datus.tasks.engines import migrate, named, open_store, version
from datus.tasks.migrations import LATEST
from datus.tasks.store import TaskStore

app = typer.Typer(no_args_is_help=True, help="Bring the store of tasks up to date.")


@app.command("migrate")
def migrate_command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
    config: Config = None,
) -> None:
    """Make or update the tables, before servers of this version start; again does nothing."""
    settings = load_settings(config)
    if dry_run:
        _say_version(settings)
        return
    place, applied = named(settings.state), migrate(settings.state)
    if not applied:
        print(f"{place} is up to date: schema version {LATEST}.")
        return
    many = "1 migration" if applied == 1 else f"{applied} migrations"
    print(f"{place} has schema version {LATEST} now; {many} applied.")


@app.command()
def status(config: Config = None) -> None:
    """Show the version of the tables, and end with 1 where they are not those of this datus."""
    if not _say_version(load_settings(config)):
        raise typer.Exit(1)


def _say_version(settings: Settings) -> bool:
    """Print how the tables are; whether they are those that this datus writes."""
    found = version(settings.state)
    place = named(settings.state)
    if found == LATEST:
        print(f"{place} is up to date: schema version {LATEST}.")
    elif found > LATEST:
        print(
            f"{place} has schema version {found}, this datus knows up to {LATEST}: "
            "install the newer datus that wrote it."
        )
    else:
        has = f"has schema version {found}" if found else "has no tables yet"
        print(f"{place} {has}, this datus needs {LATEST}. Bring it there: datus state migrate")
    return found == LATEST


@asynccontextmanager
async def open_state(settings: Settings) -> AsyncIterator[TaskStore]:
    """The store of the settings, as it is: nothing is migrated and no task is taken.

    Raises:
        ConfigError: There is none, or its tables are older or newer than this version's.
        UnavailableError: It cannot be opened.
    """
    store = await open_store(settings.state)
    try:
        yield store
    finally:
        await asyncio.shield(store.close())
