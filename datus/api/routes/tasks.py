"""A task's own pages: its answer, its events, its end; and the list of a client's tasks."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query, Request, Response
from starlette.responses import JSONResponse

from datus.api.answers import AnswerResponse
from datus.api.context import Context, Read, Run, Trace, client_router
from datus.api.routes.workflows import require_event_stream
from datus.api.schemas import Answer, Cancelling, TaskPage, TaskTrace
from datus.api.sse import MEDIA_TYPE, EventStream
from datus.errors import InvalidRequestError
from datus.types import TaskStatus

router = client_router("tasks")

LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "number of the last event that you have; absent: from the first."
    " The query takes it too, as `Last-Event-ID` or `last_event_id`",
    "schema": {"type": "integer", "minimum": 0},
}


@router.get("/workflows", summary="List the tasks", responses={200: {"model": TaskPage}})
async def list_tasks(
    client: Read,
    context: Context,
    status: TaskStatus | None = None,
    namespace: str | None = None,
    cursor: Annotated[
        str | None, Query(description="`next_cursor` of the page before; absent: the newest")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """The client's tasks, newest first. `next_cursor` of one page is `cursor` of the next."""
    return JSONResponse(
        await context.service.list(
            client, status=status, namespace=namespace, cursor=cursor, limit=limit
        )
    )


@router.get("/workflows/{task_id}", summary="Read an answer", responses={200: {"model": Answer}})
async def get_task(task_id: str, client: Read, context: Context) -> Response:
    """The answer as sync mode gives it; `status` is `queued` or `running` before the end."""
    return AnswerResponse(await context.service.answer(client, task_id))


@router.get(
    "/workflows/{task_id}/events",
    summary="Follow the events",
    responses={200: {"content": {MEDIA_TYPE: {}}}},
    openapi_extra={"parameters": [LAST_EVENT_ID]},
)
async def events(
    task_id: str,
    request: Request,
    client: Read,
    context: Context,
) -> Response:
    """The task's events from the first, or from the one after `Last-Event-ID`, then live."""
    require_event_stream(request)
    after = _last_event_id(request.headers, request.query_params)
    await context.service.answer(client, task_id)
    return EventStream(context.service.events(client, task_id, after))


@router.get(
    "/workflows/{task_id}/trace",
    summary="See what models were asked",
    responses={200: {"model": TaskTrace}},
)
async def trace(task_id: str, client: Trace, context: Context) -> Response:
    """What the task asked hosted models, and what they said, as far as it is kept; none before its end."""
    return JSONResponse(await context.service.trace(client, task_id))


@router.post(
    "/workflows/{task_id}/cancel",
    summary="Stop a task",
    status_code=202,
    responses={202: {"model": Cancelling}},
)
async def cancel(task_id: str, client: Run, context: Context) -> Response:
    """Stop the task and its database statement. 409 when it is over."""
    await context.service.cancel(client, task_id)
    return JSONResponse({"task_id": task_id, "status": "cancelling"}, 202)


def _last_event_id(headers: Mapping[str, str], query: Mapping[str, str]) -> int:
    """Number of the last event that the caller has; 0 when it has none."""
    places: tuple[tuple[Mapping[str, Any], str], ...] = (
        (headers, "last-event-id"),
        (query, "last_event_id"),
        (query, "Last-Event-ID"),
    )
    given = next((place[name] for place, name in places if name in place), "") or "0"
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise InvalidRequestError(
            f"Last-Event-ID is the number of an event, such as 7, not {given[:40]!r}.",
            details={"field": "Last-Event-ID"},
        )
    return int(given)
