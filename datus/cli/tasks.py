"""``datus tasks``: the tasks of every client, for who runs the service; read from the store itself."""

import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from datus.cli.knowledge import Config, make_console
from datus.cli.show import plain, pretty
from datus.cli.state import open_state
from datus.config import Settings, load_settings
from datus.errors import ConflictError, InvalidRequestError, NotFoundError
from datus.tasks.kept import Batch, Due
from datus.tasks.purging import FINAL, dues, feedback_due, purge
from datus.tasks.store import MAX_PAGE, Feedback, TaskDetail, TaskRecord, TaskStore
from datus.types import Event, TaskStatus

app = typer.Typer(no_args_is_help=True, help="List, show, cancel and purge tasks.")


class _Final(StrEnum):
    """``FINAL`` as Typer takes choices that may be repeated."""

    COMPLETED = "completed"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


TaskId = Annotated[str, typer.Argument(metavar="TASK_ID", help="The task's id.")]
Client = Annotated[
    str | None, typer.Option("--client", help="Whose task; needed where two clients use the id.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_ID_CHARACTERS = 36
_QUESTION_CHARACTERS = 60
_DATA_CHARACTERS = 200
_ROWS = 20


@app.command("list")
def list_command(
    status: Annotated[TaskStatus | None, typer.Option(help="Only tasks of this status.")] = None,
    namespace: Annotated[str | None, typer.Option(help="Only tasks of this namespace.")] = None,
    client: Annotated[str | None, typer.Option(help="Only tasks of this client.")] = None,
    limit: Annotated[int, typer.Option(help="Most tasks.", min=1, max=100_000)] = 20,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """List tasks of every client, the newest first; times are in UTC."""
    wanted = {"status": status, "namespace": namespace, "client_id": client}
    found = asyncio.run(_list(load_settings(config), wanted, limit))
    if as_json:
        print(json.dumps([_line(task) for task in found], ensure_ascii=False, indent=2))
        return
    if not found:
        print("There is no such task.")
        return
    table = Table(box=SIMPLE_HEAD)
    longest = max(len(task.task_id) for task in found)
    table.add_column("task", overflow="fold", min_width=min(longest, _ID_CHARACTERS))
    for column in ("client", "status", "workflow", "namespace", "asked", "seconds"):
        table.add_column(
            column, overflow="fold", justify="right" if column == "seconds" else "left"
        )
    table.add_column("question", overflow="fold", min_width=20)
    for task in found:
        names = (task.task_id, task.client_id, task.status, task.workflow, task.namespace)
        cells = (*names, f"{task.created_at:%Y-%m-%d %H:%M:%S}", _seconds(task), _question(task))
        table.add_row(*map(plain, cells))
    make_console().print(table)
    if len(found) == limit:
        print("There may be more; raise --limit.")


@app.command("show")
def show_command(
    task_id: TaskId,
    client: Client = None,
    events: Annotated[bool, typer.Option("--events", help="Show its events too.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Show a task: what was asked, how it went, its SQL, rows and feedback."""
    task, given, log = asyncio.run(_show(load_settings(config), task_id, client, events))
    if as_json:
        shown = _line(task) | {
            "request": task.request,
            "owner": task.owner,
            "attempt": task.attempt,
            "losses": task.losses,
            "error": task.error,
            "answer": task.answer,
            "feedback": [_feedback(each) for each in given],
        }
        if events:
            shown["events"] = [_event(event) for event in log]
        print(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    _print_task(task, given, make_console())
    for event in log:
        data = json.dumps(event.data, ensure_ascii=False)
        cut = "..." if len(data) > _DATA_CHARACTERS else ""
        line = f"{event.seq:>4}  {event.time:%H:%M:%S.%f}  {event.type}  {data[:_DATA_CHARACTERS]}{cut}"
        make_console().print(plain(line), highlight=False, soft_wrap=True)


@app.command("cancel")
def cancel_command(
    task_id: TaskId,
    client: Client = None,
    wait: Annotated[
        float, typer.Option(help="Most seconds to wait for its end.", min=0, max=3_600)
    ] = 10.0,
    config: Config = None,
) -> None:
    """Ask whichever process runs a task to stop it and its database statement, and wait for its end."""
    task = asyncio.run(_cancel(load_settings(config), task_id, client, wait))
    if task.over:
        print(f"{task.task_id} is over: {task.status}.")
        return
    print(
        f"{task.task_id} is asked to stop and still {task.status} after {wait:g} s; "
        f"see how it went: datus tasks show {task.task_id}",
        file=sys.stderr,
    )
    raise typer.Exit(1)


@app.command("purge")
def purge_command(
    older_than: Annotated[
        float | None,
        typer.Option(
            metavar="DAYS",
            help="Days since the end of a task; otherwise agent.keep of each status.",
            min=0,
            max=36_500,
        ),
    ] = None,
    status: Annotated[
        list[_Final] | None,
        typer.Option(help="Only tasks of this status; repeat for more. Default: all four."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: Config = None,
) -> None:
    """Delete tasks that are over and old enough, with their events, answers and traces; usage stays.

    Those with feedback that is still kept (agent.keep.feedback_days) lose their rows and events only.
    """
    settings = load_settings(config)
    wanted = _wanted(settings, older_than, frozenset(status or FINAL))
    counts = asyncio.run(_count(settings, wanted))
    found = sum(map(sum, counts.values()))
    _say_due(counts)
    if not found or dry_run:
        return
    if not yes:
        if not sys.stdin.isatty():
            raise InvalidRequestError("Nothing was deleted: this asks first; say --yes to delete.")
        typer.confirm("Delete them?", abort=True)
    done = asyncio.run(_purge(settings, wanted, found))
    print(f"Deleted {_many(done.deleted, 'task')}{_and_reduced(done.reduced)}.")


def _wanted(
    settings: Settings, older_than: float | None, statuses: frozenset[str]
) -> tuple[Due, ...]:
    now = datetime.now(UTC)
    if older_than is None:
        return tuple(due for due in dues(settings.keep, now) if due.status in statuses)
    before = now - timedelta(days=older_than)
    feedback = feedback_due(settings.keep, now)
    return tuple(Due(status, before, feedback) for status in FINAL if status in statuses)


def _say_due(counts: Mapping[TaskStatus, tuple[int, int]]) -> None:
    deleted = sum(gone for gone, _ in counts.values())
    reduced = sum(kept for _, kept in counts.values())
    if not deleted and not reduced:
        print("No task is old enough.")
        return
    of = ", ".join(f"{gone:,} {status}" for status, (gone, _) in counts.items() if gone)
    print(f"To delete: {_many(deleted, 'task')}{f' ({of})' if of else ''}{_and_reduced(reduced)}.")


def _and_reduced(reduced: int) -> str:
    if not reduced:
        return ""
    return f"; kept for feedback, without rows and events: {_many(reduced, 'task')}"


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


async def _list(
    settings: Settings, wanted: Mapping[str, Any], limit: int
) -> tuple[TaskRecord, ...]:
    found: list[TaskRecord] = []
    async with open_state(settings) as store:
        while len(found) < limit:
            before = found[-1].id if found else None
            size = min(MAX_PAGE, limit - len(found))
            page = await store.list_all(**wanted, before=before, limit=size)
            found += page
            if len(page) < size:
                break
    return tuple(found)


async def _show(
    settings: Settings, task_id: str, client: str | None, events: bool
) -> tuple[TaskDetail, tuple[Feedback, ...], tuple[Event, ...]]:
    async with open_state(settings) as store:
        owner = (await _find(store, task_id, client)).client_id
        task = await store.get(owner, task_id)
        given = await store.feedback(owner, task_id)
        log = await _events(store, task) if events else ()
    return task, given, log


async def _events(store: TaskStore, task: TaskDetail) -> tuple[Event, ...]:
    """The events up to now: of a task that runs, those that were stored when it was read."""
    found: list[Event] = []
    if task.last_seq:
        async for event in store.events(task.client_id, task.task_id):
            found.append(event)
            if event.seq >= task.last_seq:
                break
    return tuple(found)


async def _cancel(settings: Settings, task_id: str, client: str | None, wait: float) -> TaskDetail:
    async with open_state(settings) as store:
        owner = (await _find(store, task_id, client)).client_id
        await store.request_cancel(owner, task_id)
        try:
            async with asyncio.timeout(wait):
                return await store.wait(owner, task_id)
        except TimeoutError:
            return await store.get(owner, task_id)


async def _find(store: TaskStore, task_id: str, client: str | None) -> TaskRecord:
    found = await store.list_all(task_id=task_id, client_id=client)
    if not found:
        whose = f" of client {client!r}" if client else ""
        raise NotFoundError(
            f"There is no task {task_id!r}{whose}; it may have been purged. "
            "See what there is: datus tasks list"
        )
    if len(found) > 1:
        raise ConflictError(
            f"Several clients have a task {task_id!r}: say whose with --client, one of "
            f"{', '.join(sorted(task.client_id for task in found))}."
        )
    return found[0]


async def _count(settings: Settings, wanted: Sequence[Due]) -> Mapping[TaskStatus, tuple[int, int]]:
    async with open_state(settings) as store:
        return {due.status: await store.count_due(due) for due in wanted}


async def _purge(settings: Settings, wanted: tuple[Due, ...], found: int) -> Batch:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    async with open_state(settings) as store:
        with Progress(*columns, console=Console(stderr=True)) as bar:
            shown = bar.add_task("purging", total=found)
            return await purge(
                store,
                wanted,
                timer=time.monotonic,
                told=lambda batch: bar.advance(shown, batch.deleted + batch.reduced),
            )


def _print_task(task: TaskDetail, given: Sequence[Feedback], console: Console) -> None:
    def say(name: str, value: object) -> None:
        if value is not None:
            console.print(plain(f"{name + ':':<11}{value}"), highlight=False)

    say("task", task.task_id)
    say("client", task.client_id)
    say("status", task.status)
    say("workflow", f"{task.workflow}, namespace {task.namespace}")
    say("question", task.request.get("task"))
    say("asked", _time(task.created_at))
    say("started", _time(task.started_at))
    say("over", _time(task.finished_at))
    if not task.over:
        say("cancel", _time(task.cancel_requested_at))
        say("owner", f"{task.owner}, attempt {task.attempt}, losses {task.losses}")
    answer = task.answer or {}
    if answer.get("sql"):
        console.print(plain(pretty(answer["sql"], None)), style="cyan", highlight=False)
    if task.error:
        say("error", f"{task.error['code']}: {task.error['message']}")
    _print_rows(answer, console)
    for each in given:
        said = " ".join(filter(None, (each.comment, each.corrected_sql)))
        say("feedback", f"{each.status}, {_time(each.recorded_at)}{': ' + said if said else ''}")


def _print_rows(answer: Mapping[str, Any], console: Console) -> None:
    metadata, rows = answer.get("metadata", {}), answer.get("result")
    if metadata.get("purged"):
        console.print("Its rows and events were purged; what is left is kept for its feedback.")
    if rows is None:
        return
    for row in rows[:_ROWS]:
        console.print(plain(row), highlight=False)
    cut = metadata.get("truncated_by")
    more = f", the first {_ROWS} shown" if len(rows) > _ROWS else ""
    limit = f", cut off at the limit of {cut}" if cut else ""
    console.print(f"{_many(len(rows), 'row')}{more}{limit}", style="dim", highlight=False)


def _question(task: TaskRecord) -> str:
    text = str(task.request.get("task", ""))
    short = text[:_QUESTION_CHARACTERS]
    return short.replace("\n", " ") + ("..." if len(text) > len(short) else "")


def _seconds(task: TaskRecord) -> str:
    if task.finished_at is None:
        return ""
    return f"{(task.finished_at - task.created_at).total_seconds():.1f}"


def _time(time: datetime | None) -> str | None:
    return None if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _line(task: TaskRecord) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "client": task.client_id,
        "status": task.status,
        "workflow": task.workflow,
        "namespace": task.namespace,
        "task": task.request.get("task"),
        "created_at": _iso(task.created_at),
        "started_at": _iso(task.started_at),
        "finished_at": _iso(task.finished_at),
        "cancel_requested_at": _iso(task.cancel_requested_at),
    }


def _feedback(each: Feedback) -> dict[str, Any]:
    return {
        "status": each.status,
        "comment": each.comment,
        "corrected_sql": each.corrected_sql,
        "recorded_at": _iso(each.recorded_at),
    }


def _event(event: Event) -> dict[str, Any]:
    return {"id": event.seq, "event": event.type, "time": _iso(event.time), "data": event.data}
