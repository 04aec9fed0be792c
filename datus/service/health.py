"""Whether the service can work: how its nodes are set, and whether what it needs answers."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, get_args

from datus.config import NodeSettings
from datus.errors import (
    DatabaseUnreachableError,
    DatusError,
    StatementTimeoutError,
    UnavailableError,
)
from datus.llm.registry import Models
from datus.workflow.nodes.date_parser import date_settings

_PING_S = 3.0

Reason = Literal[
    "timeout",
    "unreachable",
    "locked",
    "full",
    "read_only",
    "not_permitted",
    "damaged",
    "failed",
    "shutting_down",
]
"""Why a part cannot be used, in a word that names no host, path or driver."""

_REASONS: dict[str, Reason] = {each: each for each in get_args(Reason)}


@dataclass(frozen=True, slots=True)
class Unready:
    """Why a part of the service cannot be used now.

    Attributes:
        reason: May be told to anybody.
        message: What its owner needs to know; may name hosts and paths.
    """

    reason: Reason
    message: str


SHUTTING_DOWN = Unready("shutting_down", "it is shutting down")


def check_nodes(settings: NodeSettings, models: Models) -> None:
    """Raise ConfigError where nodes are set in a way that they cannot work with."""
    date_settings(settings["date_parser"])
    if settings["reflect"]["judge"] == "model":
        models.get(str(settings["reflect"]["model"]))  # an offline model judges nothing


async def ping_one(ping: Callable[[], Awaitable[None]], gate: asyncio.Semaphore) -> Unready | None:
    """Ask one part whether it answers, when the gate lets through; None: it does."""
    async with gate:
        try:
            await asyncio.wait_for(ping(), _PING_S)
        except TimeoutError:
            return Unready("timeout", f"no answer within {_PING_S:g} seconds")
        except DatusError as error:
            return Unready(_reason(error), error.message)
    return None


def _reason(error: DatusError) -> Reason:
    if isinstance(error, StatementTimeoutError):
        return "timeout"
    told = _REASONS.get(str(error.details.get("reason")))
    if told is not None:
        return told
    away = isinstance(error, DatabaseUnreachableError | UnavailableError)
    return "unreachable" if away else "failed"
