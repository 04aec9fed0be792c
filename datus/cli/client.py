"""``datus client``: who may call the API. Secrets are shown once and kept as argon2 hashes."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from datus.auth.edit import Change, add_client, drop_old_secrets, remove_client, rotate_client
from datus.auth.file import (
    LOCAL_FILE,
    Account,
    auth_file_places,
    find_auth_file,
    load_auth_file,
)
from datus.config import datus_home, find_config, load_settings
from datus.config.reader import unknown
from datus.errors import ConfigError, NotFoundError

app = typer.Typer(no_args_is_help=True, help="Add, rotate, list and remove API clients.")

Name = Annotated[str, typer.Argument(help="The client's id.")]
File = Annotated[
    Path | None,
    typer.Option(
        "--file",
        help="The auth_clients.yml; otherwise the one in use, else a new one.",
        dir_okay=False,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", help="Path of agent.yml, beside which the file is looked for."),
]
Rewrite = Annotated[
    bool, typer.Option("--rewrite", help="Write the file afresh, without comments, if need be.")
]


@app.command()
def add(
    name: Name,
    namespace: Annotated[
        list[str] | None,
        typer.Option(
            "--namespace", "-n", help="A namespace it may use; repeat for more. Default: all."
        ),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            "-s",
            help="A scope it has; repeat for more. Default: all but trace:read and metrics:scrape.",
        ),
    ] = None,
    rate_limit: Annotated[
        str | None, typer.Option(help="Most requests, such as 60/minute or 1000/12 hours.")
    ] = None,
    budget_usd_per_day: Annotated[
        float | None, typer.Option(help="Most US dollars a day for hosted models.", min=0)
    ] = None,
    file: File = None,
    config: Config = None,
    rewrite: Rewrite = False,
) -> None:
    """Add a client and show its secret, once."""
    path = _place(file, config)
    is_new = not path.is_file()
    if file is None:
        _check_namespaces(namespace or [], config)
    options = {
        "namespaces": namespace,
        "scopes": scope,
        "rate_limit": rate_limit,
        "budget_usd_per_day": budget_usd_per_day,
    }
    _show(add_client(path, name, options, rewrite=rewrite), path)
    if is_new:
        _note(
            f"{path} is new, with a signing key of its own; a running server takes it up when restarted."
        )
        if (datus_home(os.environ) / LOCAL_FILE).is_file():
            _note("The client that the first start made ends with that.")


@app.command()
def rotate(
    name: Name,
    drop_old: Annotated[
        bool,
        typer.Option("--drop-old", help="Make no new secret; only the newest one goes on working."),
    ] = False,
    file: File = None,
    config: Config = None,
    rewrite: Rewrite = False,
) -> None:
    """Give a client a new secret beside its old one; --drop-old then ends the old one."""
    path = _existing(file, config)
    if drop_old:
        change = drop_old_secrets(path, name, rewrite=rewrite)
        _note(
            f"{change.dropped} older secret(s) of {name} stopped working."
            if change.dropped
            else f"{name} has one secret; nothing to drop."
        )
        return
    change = rotate_client(path, name, rewrite=rewrite)
    _show(change, path)
    if change.dropped:
        _note(f"{change.dropped} older secret(s) stopped working.")
    if change.kept:
        _note(f"The secret before this one works until 'datus client rotate {name} --drop-old'.")


@app.command("list")
def list_clients(file: File = None, config: Config = None) -> None:
    """List clients and what they may do; no secrets."""
    path = _existing(file, config)
    accounts = load_auth_file(path, os.environ).accounts
    rows = [("CLIENT", "SECRETS", "NAMESPACES", "SCOPES", "RATE LIMIT")]
    rows += [_row(account) for account in accounts.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    _note(f"From {path}")


@app.command()
def remove(name: Name, file: File = None, config: Config = None, rewrite: Rewrite = False) -> None:
    """Remove a client; a running server refuses it, and its tokens, within seconds."""
    path = _existing(file, config)
    remove_client(path, name, rewrite=rewrite)
    _note(f"{name} was removed from {path}.")


def _place(file: Path | None, config: Path | None) -> Path:
    """The file to change: the one named, the one in use, else the first place that is looked at."""
    if file is not None:
        return file.absolute()
    home = datus_home(os.environ)
    found = find_config(config, home=home, cwd=Path.cwd())
    return find_auth_file(found, home) or auth_file_places(found, home)[0]


def _existing(file: Path | None, config: Path | None) -> Path:
    path = _place(file, config)
    if not path.is_file():
        raise NotFoundError(f"{path}: there is no such file; 'datus client add NAME' makes one.")
    return path


def _check_namespaces(names: list[str], config: Path | None) -> None:
    """A namespace that is not configured is most likely misspelt. Settings that do not load are let be."""
    try:
        known = load_settings(config).namespaces if names else {}
    except ConfigError:
        return
    for name in names:
        if name not in known:
            raise ConfigError(
                f"There is no namespace {name!r} in the configuration; {unknown(name, known)}"
            )


def _show(change: Change, path: Path) -> None:
    """The new secret on standard output, everything else beside it: so a script can read it."""
    assert change.created is not None
    print(f"client_id: {change.created.id}\nclient_secret: {change.created.secret.reveal()}")
    _note(f"The secret is shown only now; {path} keeps its hash.")


def _note(text: str) -> None:
    print(text, file=sys.stderr)


def _row(account: Account) -> tuple[str, str, str, str, str]:
    client = account.client
    plain = sum(stored.is_plain for stored in account.secrets)
    return (
        client.id,
        f"{len(account.secrets)}" + (f" ({plain} plain text)" if plain else ""),
        "all" if client.namespaces is None else ",".join(sorted(client.namespaces)),
        "usual" if client.scopes is None else ",".join(sorted(client.scopes)),
        str(client.rate_limit or "default"),
    )
