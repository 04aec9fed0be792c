"""``datus usage``: what hosted models cost, from the store of tasks."""

import asyncio
import json
from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from datus.cli.knowledge import Config, make_console
from datus.config import Settings, load_settings
from datus.errors import InvalidRequestError
from datus.tasks.engines import open_store, prepare
from datus.tasks.store import UsageBy, UsageLine


def usage(
    by: Annotated[UsageBy, typer.Option(help="What each line is of.")] = "model",
    since: Annotated[
        str | None, typer.Option(help="First day (UTC) that counts, as 2024-01-15.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: Config = None,
) -> None:
    """Show what tasks that are over spent on hosted models; days are in UTC."""
    lines = asyncio.run(_read(load_settings(config), by, _day(since)))
    if as_json:
        print(json.dumps([_plain(line) for line in lines], ensure_ascii=False, indent=2))
        return
    console = make_console()
    if not lines:
        since_then = f" since {since}" if since else ""
        print(f"No task has asked a hosted model{since_then}.")
        return
    table = Table(box=SIMPLE_HEAD)
    for column in (
        by,
        "tasks",
        "requests",
        "tokens in",
        "of them cached",
        "tokens out",
        "US dollars",
    ):
        table.add_column(column, justify="left" if column == by else "right")
    for line in lines:
        table.add_row(*_cells(line))
    console.print(table, markup=False)
    unpriced = sum(line.unpriced for line in lines)
    if unpriced:
        print(f"{unpriced} requests have no known price and are not in the cost (+).")


def _cells(line: UsageLine) -> tuple[str, ...]:
    used = line.usage
    counts = (line.tasks, used.requests, used.input_tokens, used.cached_tokens, used.output_tokens)
    cost = f"{used.cost or 0.0:,.4f}" + ("+" if line.unpriced else "")
    return (line.name, *(f"{count:,}" for count in counts), cost)


def _plain(line: UsageLine) -> dict[str, object]:
    used = asdict(line.usage)
    cost = used.pop("cost")
    return {
        "name": line.name,
        "tasks": line.tasks,
        **used,
        "cost_usd": cost,
        "unpriced_requests": line.unpriced,
    }


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidRequestError(
            f"--since takes a day such as 2024-01-15, not {text!r}.", details={"field": "since"}
        ) from None


async def _read(settings: Settings, by: UsageBy, since: date | None) -> tuple[UsageLine, ...]:
    await asyncio.to_thread(prepare, settings.state)
    store = await open_store(settings.state)
    try:
        return await store.usage(by, since=since)
    finally:
        await store.close()
