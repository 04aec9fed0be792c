"""Changing ``auth_clients.yml`` in place: comments and everything else stay as they are.

A change is made twice: on the data, and on the text at the places that the YAML parser names. Only
if the new text means exactly the new data is it taken; otherwise the data is written out afresh, if
no comment is lost by that.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from datus.auth.file import check_client
from datus.auth.private import locked, write_private
from datus.auth.secret import hash_secret, is_hash
from datus.auth.start import NewClient
from datus.config import Secret
from datus.config.reader import nearest, parse_yaml
from datus.errors import ConfigError, ConflictError, NotFoundError
from datus.files import read_text

MOST_SECRETS = 2
"""How many secrets a client has while one is rotated."""

Entry = dict[str, Any]

_NEWLINE = "\n"
_NEW_FILE = """\
# Who may call the datus API: secrets are kept as argon2 hashes ('datus client --help').
clients:

jwt:
  secret_key: "{key}"
"""


@dataclass(frozen=True)
class Change:
    """What was done to the file.

    Attributes:
        created: The client with its new secret, to be shown once; None when no secret was made.
        kept, dropped: How many older secrets go on working, and how many stopped.
    """

    created: NewClient | None = None
    kept: int = 0
    dropped: int = 0


def add_client(
    path: Path,
    name: str,
    options: Mapping[str, Any],
    *,
    rewrite: bool = False,
    random_text: Callable[[int], str] = secrets.token_urlsafe,
) -> Change:
    """Add a client with a new secret; makes the file, with a signing key, when it is absent.

    Args:
        options: ``namespaces``, ``scopes``, ``rate_limit`` and ``budget_usd_per_day`` as the file has them;
            empty ones are left out.
        rewrite: Whether comments may be lost when there is no other way.

    Raises:
        ConflictError: A client of that name is there already.
        ConfigError: The file, the name or an option cannot be used; nothing was written.
    """
    secret = Secret(random_text(32))
    given = {key: value for key, value in options.items() if value not in (None, [], "")}

    def change(clients: Entry) -> None:
        if name in clients:
            raise ConflictError(
                f"{path}: the client {name!r} is there already; "
                f"'datus client rotate {name}' makes it a new secret."
            )
        clients[name] = {"secret": hash_secret(secret.reveal()), **given}

    with locked(path):
        _edit(path, name, change, rewrite, _NEW_FILE.format(key=random_text(48)))
    return Change(NewClient(name, secret))


def rotate_client(
    path: Path,
    name: str,
    *,
    rewrite: bool = False,
    random_text: Callable[[int], str] = secrets.token_urlsafe,
) -> Change:
    """Give a client a new secret and keep its newest one, hashed if it was plain; older ones go.

    Raises:
        NotFoundError: There is no such client.
        ConfigError: The file cannot be used; nothing was written.
    """
    secret = Secret(random_text(32))
    kept: list[str] = []
    dropped = 0

    def change(clients: Entry) -> None:
        nonlocal kept, dropped
        entry, old = _find(clients, name, path)
        kept = [_hashed(text) for text in old[: MOST_SECRETS - 1] if _is_usable(name, text, path)]
        dropped = len(old) - len(kept)
        clients[name] = {**entry, "secret": [hash_secret(secret.reveal()), *kept]}

    with locked(path):
        _edit(path, name, change, rewrite)
    return Change(NewClient(name, secret), len(kept), dropped)


def drop_old_secrets(path: Path, name: str, *, rewrite: bool = False) -> Change:
    """Leave a client only its newest secret: the end of a rotation.

    Raises:
        NotFoundError: There is no such client.
        ConfigError: The file cannot be used; nothing was written.
    """
    dropped = 0

    def change(clients: Entry) -> None:
        nonlocal dropped
        entry, old = _find(clients, name, path)
        dropped = len(old) - 1
        clients[name] = {**entry, "secret": old[0]}

    with locked(path):
        _edit(path, name, change, rewrite)
    return Change(None, 1, dropped)


def remove_client(path: Path, name: str, *, rewrite: bool = False) -> None:
    """Take a client out of the file. A running server refuses it within seconds.

    Raises:
        NotFoundError: There is no such client.
        ConfigError: The file cannot be used; nothing was written.
    """

    def change(clients: Entry) -> None:
        _find(clients, name, path)
        del clients[name]

    with locked(path):
        _edit(path, name, change, rewrite)


def _find(clients: Entry, name: str, path: Path) -> tuple[Entry, list[Any]]:
    """A client's entry in the long form, and its secrets, newest first."""
    if name not in clients:
        close = nearest(name, clients)
        advice = (
            f"did you mean {close!r}?" if close else f"there are: {', '.join(clients) or 'none'}."
        )
        raise NotFoundError(f"{path}: there is no client {name!r}; {advice}")
    entry = clients[name] if isinstance(clients[name], dict) else {"secret": clients[name]}
    held = entry.get("secret")
    return entry, held if isinstance(held, list) else [held]


def _is_usable(name: str, text: object, path: Path) -> bool:
    """Whether an old secret may live on: a placeholder or an empty one must not."""
    if isinstance(text, str) and "${" in text:
        return True  # the environment's, which is not here
    try:
        check_client(name, {"secret": text}, path)
    except ConfigError:
        return False
    return True


def _hashed(text: str) -> str:
    return text if is_hash(text) or "${" in text else hash_secret(text)


def _edit(
    path: Path,
    name: str,
    change: Callable[[Entry], None],
    rewrite: bool,
    new_file: str | None = None,
) -> None:
    """Make a change to one client, in a file that is locked; ``new_file`` stands in for an absent one."""
    text = new_file if new_file and not path.is_file() else read_text(path)
    data = parse_yaml(text, path)
    if not isinstance(data, dict) or not isinstance(data.get("clients") or {}, dict):
        raise ConfigError(f"{path}: expected 'clients:' with names and secrets below it.")
    wanted = {**data, "clients": dict(data.get("clients") or {})}
    change(wanted["clients"])
    entry = wanted["clients"].get(name)
    if entry is not None and "${" not in str(entry):
        check_client(name, entry, path)
    new = _splice(text, name, entry)
    if not _means(new, wanted):
        if "#" in text and not rewrite:
            raise ConfigError(
                f"{path}: cannot be changed without losing its comments; "
                "change it by hand, or give --rewrite to lose them."
            )
        new = yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True, width=1_000)
    write_private(path, new)


def _means(text: str, wanted: Entry) -> bool:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    return isinstance(data, dict) and {**data, "clients": data.get("clients") or {}} == wanted


def _splice(text: str, name: str, entry: Entry | None) -> str:
    """The text with one client's entry put in, changed (its secret only) or taken out (None)."""
    root = yaml.compose(text, yaml.SafeLoader)
    clients = _child(root, "clients")
    if clients is None:
        return text.rstrip("\n") + "\n" + _block({"clients": {name: entry}}, 0)
    client = _child(clients[1], name)
    if client is None:
        return _put_in(text, clients[1], _block({name: entry}, _indent(clients[1])))
    key, value = client
    end = _content_end(value)
    if entry is None:
        start = text.rfind("\n", 0, key.start_mark.index) + 1
        return text[:start] + text[_line_end(text, end) :]
    secret = _child(value, "secret")
    if secret is None:  # the short form
        block = _block(entry, key.start_mark.column + 2).rstrip("\n")
        return f"{text[: key.end_mark.index]}:\n{block}{text[end:]}"
    held = json.dumps(entry["secret"], ensure_ascii=False)
    return f"{text[: secret[0].end_mark.index]}: {held}{text[_content_end(secret[1]) :]}"


def _put_in(text: str, clients: yaml.Node, block: str) -> str:
    """The text with a block of lines after the last client, or in place of an empty value."""
    if isinstance(clients, yaml.MappingNode) and clients.value:
        place = _line_end(text, _content_end(clients))
        return f"{text[:place].rstrip(_NEWLINE)}\n{block}{text[place:]}"
    start, end = clients.start_mark.index, clients.end_mark.index
    rest = text[end:]
    return f"{text[:start].rstrip(' ')}{_NEWLINE}{block}{rest.removeprefix(_NEWLINE)}"


def _child(node: yaml.Node | None, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    """The key and value of a name in a mapping."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next(((key, value) for key, value in pairs if key.value == name), None)


def _indent(clients: yaml.Node) -> int:
    pairs = clients.value if isinstance(clients, yaml.MappingNode) else []
    column: int = pairs[0][0].start_mark.column if pairs else 2
    return column


def _content_end(node: yaml.Node) -> int:
    """Where a value's own text ends: the parser's mark of a block lies beyond what follows it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _content_end(last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    return end


def _line_end(text: str, place: int) -> int:
    """Just after the line that holds a place."""
    end = text.find("\n", place)
    return len(text) if end < 0 else end + 1


def _block(data: Entry, indent: int) -> str:
    lines = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1_000)
    return "".join(" " * indent + line + "\n" for line in lines.splitlines())
