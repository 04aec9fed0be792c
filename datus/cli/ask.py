"""``datus ask``: a question to a running server over HTTP, and its answer for people."""

import http.client
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import quote, urlencode, urlsplit

import typer
import yaml
from rich.console import Console
from rich.text import Text

from datus.api.banner import program
from datus.auth.file import LOCAL_FILE
from datus.auth.start import LOCAL_CLIENT
from datus.cli.show import plain, show
from datus.config import datus_home
from datus.errors import AuthError, DatusError, InvalidRequestError, UnavailableError
from datus.types import Dialect

TIMEOUT_S = 60.0  # more than three heartbeats of a stream
RESUME_S, RESUME_EVERY_S = 60.0, 1.0  # what a restart may take, and its `retry:`
NOT_ANSWERED = 3
DEMO = "demo"

_STREAM = "text/event-stream"

Told = tuple[int, str, dict[str, Any]]
"""An event: its number, its name and its data."""

_FLAGS = {
    "namespace_not_found": "--namespace",
    "workflow_not_found": "--workflow",
    "database_not_found": "--database",
}
_FLAGS_OF_FIELDS = {"current_date": "--today"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client's id and secret, and where they were found."""

    client_id: str
    secret: str
    source: str

    def __repr__(self) -> str:
        return f"Credentials({self.client_id!r}, {self.source!r})"


class Api:
    """The HTTP API at ``url``. Proxies of the environment are not used: the server is the user's own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        try:
            self._port = parts.port
        except ValueError:  # no number, or none that a port can have
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidRequestError(f"--url must look like http://127.0.0.1:8000, not {url!r}.")
        self._url = url.rstrip("/")
        self._parts = parts
        self._headers: dict[str, str] = {}

    def sign_in(self, credentials: Credentials) -> None:
        """Get a token for what follows. Raises AuthError when the server refuses the client."""
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": credentials.secret,
        }
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        with self._call("POST", "/auth/token", urlencode(form).encode(), kind) as response:
            body = self._json(response, "access_token", "error_description")
            if response.status != 200:
                raise AuthError(
                    f"The server refuses the client {credentials.client_id!r} of"
                    f" {credentials.source}: {body['error_description']} Set DATUS_CLIENT_ID and"
                    " DATUS_CLIENT_SECRET to a client that it knows."
                )
        self._headers = {"Authorization": f"Bearer {body['access_token']}"}

    def events(self, body: Mapping[str, Any]) -> Iterator[Told]:
        """Start a run and yield its events as they come."""
        kind = {"Content-Type": "application/json", "Accept": _STREAM}
        return self._events("POST", "/workflows/run", json.dumps(body).encode(), kind)

    def events_after(self, task_id: str, number: int) -> Iterator[Told]:
        """Take up the events of a task after the last one that came."""
        path = f"/workflows/{quote(task_id, safe='')}/events"
        return self._events("GET", path, None, {"Accept": _STREAM, "Last-Event-ID": str(number)})

    def _events(
        self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> Iterator[Told]:
        with self._call(method, path, content, headers) as response:
            self._require_ok(response)
            number, name = 0, ""
            for line in response:
                key, _, value = line.decode().rstrip("\n").partition(": ")
                if key == "id":
                    number = int(value)
                elif key == "event":
                    name = value
                elif key == "data":
                    yield number, name, json.loads(value)

    def answer(self, task_id: str) -> dict[str, Any]:
        """The answer of a task."""
        return self._get(f"/workflows/{quote(task_id, safe='')}", "status")

    def namespaces(self) -> Sequence[Mapping[str, Any]]:
        """The namespaces that the client may use, with their databases."""
        found: list[Mapping[str, Any]] = self._get("/namespaces", "namespaces")["namespaces"]
        return found

    def _get(self, path: str, key: str) -> dict[str, Any]:
        with self._call("GET", path, None, {}) as response:
            self._require_ok(response)
            return self._json(response, key)

    @contextmanager
    def _call(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        """An open answer. Raises UnavailableError when the connection cannot be made or breaks."""
        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._port, timeout=TIMEOUT_S)
        try:
            path = self._parts.path.rstrip("/") + path
            connection.request(method, path, body, {**headers, **self._headers})
            yield connection.getresponse()
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UnavailableError(
                f"No answer from {self._url} ({reason}). Start the server with"
                f" `{program()} serve`, or say with --url where it is."
            ) from None
        finally:
            connection.close()

    def _require_ok(self, response: http.client.HTTPResponse) -> None:
        if response.status != 200:
            problem = self._json(response, "detail")
            code, details = problem.get("code", ""), problem.get("details", {})
            flag = _FLAGS.get(code) or _FLAGS_OF_FIELDS.get(details.get("field", ""))
            hint = f" Give another with {flag}." if flag else ""
            kind = UnavailableError if response.status == 503 else DatusError
            raise kind(f"{problem['detail'].rstrip('.')}.{hint}", code=code)

    def _json(self, response: http.client.HTTPResponse, *keys: str) -> dict[str, Any]:
        """The body, which has one of the keys unless something else than datus answers."""
        try:
            body = json.loads(response.read())
        except ValueError:
            body = None
        if not isinstance(body, dict) or not body.keys() & set(keys):
            raise UnavailableError(
                f"What answers on {self._url} is not datus; say with --url where datus is."
            )
        return body


def ask(
    question: Annotated[str, typer.Argument(help="The question, in English or Chinese.")],
    namespace: Annotated[
        str | None, typer.Option(help="Namespace to ask; default the only one, or the demo.")
    ] = None,
    workflow: Annotated[str, typer.Option(help="Workflow that answers.")] = "nl2sql",
    database: Annotated[str | None, typer.Option(help="Database of the namespace.")] = None,
    today: Annotated[
        str | None, typer.Option(help="ISO date that relative times mean; default the real day.")
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Print every event as it comes.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    url: Annotated[str, typer.Option(help="Where the server is.")] = "http://127.0.0.1:8000",
    client_id: Annotated[
        str | None,
        typer.Option(
            envvar="DATUS_CLIENT_ID",
            help="Client to ask as; default the one that the server made at its first start here.",
        ),
    ] = None,
    client_secret: Annotated[
        str | None,
        typer.Option(
            envvar="DATUS_CLIENT_SECRET", help="Its secret; better in the variable than here."
        ),
    ] = None,
) -> None:
    """Ask a running server: prints the SQL, the rows, and what they rest on.

    Ends with 0 when the question was answered, with 3 when it was refused or failed.
    """
    console, errors = Console(), Console(stderr=True)
    api = Api(url)
    api.sign_in(find_credentials(client_id, client_secret, datus_home(os.environ)))
    spaces = api.namespaces()
    namespace = namespace or choose_namespace([space["name"] for space in spaces])
    body = {
        "workflow": workflow,
        "namespace": namespace,
        "task": question,
        "mode": "async",
        "database_name": database,
        "current_date": today,
    }
    task_id = _follow(api, body, console if stream else None, errors)
    answer = api.answer(task_id)
    if as_json:
        console.out(json.dumps(answer, ensure_ascii=False, indent=2), highlight=False)
    else:
        used = answer["metadata"].get("database", database)
        show(answer, find_dialect(spaces, namespace, used), console)
    if answer["status"] != "completed":
        raise typer.Exit(NOT_ANSWERED)


def choose_namespace(names: Sequence[str]) -> str:
    """The namespace that is meant when none is named. Raises InvalidRequestError when that is open."""
    if len(names) == 1:
        return names[0]
    if DEMO in names:
        return DEMO
    raise InvalidRequestError(
        f"Say with --namespace which is meant: {', '.join(names) or 'this client may use none'}."
    )


def find_dialect(
    spaces: Sequence[Mapping[str, Any]], namespace: str, database: str | None
) -> Dialect | None:
    """What the SQL for a database is written in; without a database, if all have the same."""
    found = {
        each["dialect"]
        for space in spaces
        if space["name"] == namespace
        for each in space["databases"]
        if database in (None, each["name"])
    }
    return cast(Dialect, found.pop()) if len(found) == 1 else None


def find_credentials(client_id: str | None, secret: str | None, home: Path) -> Credentials:
    """The client to ask as: the one given, else the one that the server made at its first start.

    Raises:
        AuthError: Only one of the two is given, or there is no such client.
    """
    if client_id and secret:
        return Credentials(client_id, secret, "DATUS_CLIENT_ID or --client-id")
    if client_id or secret:
        raise AuthError("Give both the client's id and its secret, or neither.")
    path = home / LOCAL_FILE
    try:
        made = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Credentials(LOCAL_CLIENT, made["clients"][LOCAL_CLIENT], str(path))
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        raise AuthError(
            f"There is no client in {path}. Set DATUS_CLIENT_ID and DATUS_CLIENT_SECRET to a client"
            " that the server knows; `datus client add NAME` makes one."
        ) from None


def _follow(api: Api, body: Mapping[str, Any], events: Console | None, progress: Console) -> str:
    """Run to the end and return the task's id; show every event, or one line that changes.

    A server that stops hands the task over, or goes on with it after its restart: its events are taken up
    again, at whatever answers, until nothing came for ``RESUME_S`` seconds.
    """
    task_id, last, source = "", 0, api.events(body)
    patience = time.monotonic() + RESUME_S
    with progress.status("Asking ...") as status:
        while True:
            try:
                for number, name, data in source:
                    last = number
                    patience = time.monotonic() + RESUME_S
                    task_id = str(data.get("task_id", task_id))
                    if events is not None:
                        events.print(Text(f"{name} ", "bold") + plain(data), soft_wrap=True)
                    elif name == "progress":
                        status.update(plain(f"{data['progress']:3.0f} %  {data['message']}"))
                    if name == "done":
                        return task_id
                broken = UnavailableError(
                    f"The stream of task {task_id} ended early. Ask again, or see the server's log."
                )
            except UnavailableError as error:
                broken = error
            if not task_id or time.monotonic() > patience:
                raise broken
            status.update("The server went away; taking the task up again ...")
            time.sleep(RESUME_EVERY_S)
            source = api.events_after(task_id, last)
