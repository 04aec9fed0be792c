"""``datus``: one program, its commands in modules of their own that only their use loads."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, NoReturn

import typer

from datus import __version__
from datus.errors import ConfigError, DatusError

_UNCHECKED = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@dataclass(frozen=True)
class _Command:
    """Where a command is kept and what it does, so that help needs to load none.

    ``attribute`` of ``module`` is a command's function, or the Typer application of a group.
    """

    module: str
    attribute: str
    help: str


COMMANDS: Mapping[str, _Command] = {
    "serve": _Command("datus.api.server", "main", "Serve the HTTP API; takes the server's flags."),
    "ask": _Command("datus.cli.ask", "ask", "Ask a question and see the SQL and its rows."),
    "eval": _Command(
        "datus.cli.eval", "eval_command", "Measure a workflow on a file of questions."
    ),
    "knowledge": _Command(
        "datus.cli.knowledge", "app", "Build what is known of a namespace, and manage its versions."
    ),
    "models": _Command(
        "datus.cli.models", "app", "List hosted models, and check that each answers."
    ),
    "metrics": _Command("datus.cli.metrics", "app", "List, propose and query metrics."),
    "usage": _Command(
        "datus.cli.usage", "usage", "Show what hosted models cost, by client, model or day."
    ),
    "tasks": _Command("datus.cli.tasks", "app", "List, show, cancel and purge tasks."),
    "state": _Command("datus.cli.state", "app", "Bring the store of tasks up to date."),
    "client": _Command("datus.cli.client", "app", "Add, rotate, list and remove API clients."),
}


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process: 0 done, 1 failed, 2 wrong use or settings."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        make_app(arguments)(args=arguments, prog_name="datus")
    except DatusError as error:
        print(f"datus: {error.message}", file=sys.stderr)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    raise AssertionError("a Typer application ends the process")


def make_app(arguments: Sequence[str]) -> typer.Typer:
    """The application, with the one command that ``arguments`` name loaded and the others by name only."""
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    app = typer.Typer(
        name="datus",
        help="Questions in English or Chinese to checked SQL over your own databases.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    for name, command in COMMANDS.items():
        if name != chosen:
            app.command(name, help=command.help)(_not_loaded)
        elif name == "serve":
            app.command(name, help=command.help, context_settings=_UNCHECKED)(_serve)
        else:
            loaded = getattr(import_module(command.module), command.attribute)
            if isinstance(loaded, typer.Typer):
                app.add_typer(loaded, name=name, help=command.help)
            else:
                app.command(name, help=command.help)(loaded)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"datus {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """The program's own options; `_show_version` has done their work."""


def _serve(context: typer.Context) -> None:
    from datus.api.server import main as serve

    raise typer.Exit(serve(context.args))


def _not_loaded() -> None:
    raise AssertionError("only the command that is named is called")
