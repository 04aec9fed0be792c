"""``datus models``: which models are configured, and whether each answers."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from pydantic import BaseModel, Field
from rich.box import SIMPLE_HEAD
from rich.table import Table

from datus.cli.knowledge import Config, make_console
from datus.config import ModelConfig, Settings, load_settings
from datus.config.reader import unknown
from datus.errors import InvalidRequestError
from datus.llm.base import Asking, ModelError
from datus.llm.registry import Models, is_hosted
from datus.types import Call, Prompt, Usage

app = typer.Typer(no_args_is_help=True, add_completion=False)

_PROMPT = Prompt(
    "You check that you can be reached. Answer in the form you are asked for.",
    "What is 17 + 25?",
    "models_check/en/1",
)
_SUM = 42


class Sum(BaseModel):
    """The result of an addition."""

    total: int = Field(description="The sum of the two numbers.")


@dataclass(frozen=True)
class Checked:
    """What became of one model's question; ``problem`` is empty where it answered.

    ``seconds`` holds loading its packages too, where it is the first of its provider.
    """

    config: ModelConfig
    usage: Usage
    seconds: float
    problem: str = ""
    remark: str = ""


class _Tally:
    """A meter without a budget."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.calls: list[Call] = []

    def check(self) -> None:
        """Nothing is budgeted."""

    def record(self, call: Call) -> None:
        self.calls.append(call)


@app.command("list")
def list_models(config: Config = None) -> None:
    """Show the configured models, whether each has a key, and who stands in for it."""
    settings = load_settings(config)
    table = Table("name", "type", "model", "key", "stand-ins", "used by", box=SIMPLE_HEAD)
    for each in settings.models.values():
        table.add_row(
            each.name,
            each.type,
            each.model or "",
            _key(each),
            ", ".join(each.fallback),
            ", ".join(_uses(settings, each.name)),
        )
    make_console().print(table, markup=False)


@app.command("check")
def check_models(
    names: Annotated[
        list[str] | None, typer.Argument(help="Models to check; every hosted one when absent.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(help="Longest time of one model, in seconds.", min=0.1)
    ] = 60.0,
    config: Config = None,
) -> None:
    """Ask each hosted model a small question and say what it took, or what is wrong. Ends with 1 if one fails."""
    settings = load_settings(config)
    chosen = _chosen(settings, names or [])
    if not chosen:
        print(
            "No hosted model is configured, so there is nothing to check; docs/models.md says how."
        )
        return
    checked = asyncio.run(_check_all(settings, chosen, timeout))
    _show(checked)
    if any(each.problem for each in checked):
        raise typer.Exit(1)


def _chosen(settings: Settings, names: Sequence[str]) -> list[ModelConfig]:
    for name in names:
        if name not in settings.models:
            raise InvalidRequestError(
                f"There is no model {name!r} in agent.models; {unknown(name, settings.models)}"
            )
        if not is_hosted(settings.models[name]):
            raise InvalidRequestError(
                f"Model {name!r} is of type offline: it answers without being asked over a network."
            )
    wanted = names or settings.models
    return [settings.models[name] for name in wanted if is_hosted(settings.models[name])]


async def _check_all(
    settings: Settings, chosen: Sequence[ModelConfig], limit_s: float
) -> list[Checked]:
    models = Models(
        settings.models, clock=time.monotonic, random=random.random, sleep=asyncio.sleep
    )
    try:
        return await asyncio.gather(*(_check(models, each, limit_s) for each in chosen))
    finally:
        await models.close()


async def _check(models: Models, config: ModelConfig, limit_s: float) -> Checked:
    begun = time.monotonic()
    tally = _Tally(begun + limit_s)
    problem = remark = ""
    try:
        asking = Asking("models check", tally, timeout_s=min(limit_s, config.timeout_s))
        reply = await models.bare(config.name).ask(_PROMPT, Sum, asking)
        if reply.output.total != _SUM:
            remark = f"says that 17 + 25 is {reply.output.total}"
    except ModelError as error:
        problem = error.message
    spent = sum((call.usage for call in tally.calls), Usage())
    return Checked(config, spent, time.monotonic() - begun, problem, remark)


def _show(checked: Sequence[Checked]) -> None:
    console = make_console()
    table = Table("name", "type", "model", "seconds", "tokens", "cost", "", box=SIMPLE_HEAD)
    for each in checked:
        tokens = f"{each.usage.input_tokens} + {each.usage.output_tokens}"
        said = "failed" if each.problem else each.remark or "answers"
        table.add_row(
            each.config.name,
            each.config.type,
            each.config.model or "",
            f"{each.seconds:.2f}",
            "" if each.problem else tokens,
            "" if each.problem else _cost(each.usage),
            said,
        )
    console.print(table, markup=False)
    for each in checked:
        if each.problem:
            console.print(each.problem, markup=False, soft_wrap=True)


def _cost(usage: Usage) -> str:
    return "unknown" if usage.cost is None else f"${usage.cost:.6f}"


def _key(config: ModelConfig) -> str:
    if not is_hosted(config):
        return ""
    if config.api_key_file is not None:
        return "in a file"
    if config.api_key is not None and config.api_key.reveal().strip():
        return "set"
    return "none" if config.base_url else "missing"


def _uses(settings: Settings, name: str) -> list[str]:
    nodes = [node for node, values in settings.node_settings.items() if values.get("model") == name]
    return (["agent.target"] if settings.target == name else []) + nodes
