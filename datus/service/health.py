"""Whether the service can work: how its nodes are set, and whether what it needs answers."""

import asyncio
from collections.abc import Awaitable, Callable

from datus.config import NodeSettings
from datus.errors import DatusError
from datus.llm.registry import Models
from datus.workflow.nodes.date_parser import date_settings

_PING_S = 3.0


def check_nodes(settings: NodeSettings, models: Models) -> None:
    """Raise ConfigError where nodes are set in a way that they cannot work with."""
    date_settings(settings["date_parser"])
    if settings["reflect"]["judge"] == "model":
        models.get(str(settings["reflect"]["model"]))  # an offline model judges nothing


async def ping_one(ping: Callable[[], Awaitable[None]], gate: asyncio.Semaphore) -> str | None:
    async with gate:
        try:
            await asyncio.wait_for(ping(), _PING_S)
        except TimeoutError:
            return f"no answer within {_PING_S:g} seconds"
        except DatusError as error:
            return error.message
    return None
