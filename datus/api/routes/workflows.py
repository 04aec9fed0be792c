"""Ask a question, and say afterwards whether the answer was right."""

from fastapi import APIRouter, HTTPException, Request, Response
from starlette.responses import JSONResponse

from datus.api.answers import AnswerResponse
from datus.api.context import Context, Read, Run, Write, client_router
from datus.api.schemas import Acknowledgement, Answer, FeedbackBody, RunBody
from datus.api.sse import MEDIA_TYPE, EventStream, accepts_event_stream
from datus.service import RunRequest

router = client_router("workflows")
post_only = APIRouter(include_in_schema=False)

EVENTS = {"description": "The answer, or with mode async the stream of events.", "model": Answer}


def require_event_stream(request: Request) -> None:
    """Refuse a caller that cannot read an event stream (406)."""
    if not accepts_event_stream(request.headers.get("accept")):
        raise HTTPException(
            406, f"The answer is {MEDIA_TYPE}: send 'Accept: {MEDIA_TYPE}' to receive it."
        )


@router.post(
    "/workflows/run",
    summary="Ask a question",
    responses={200: EVENTS | {"content": {MEDIA_TYPE: {}}}},
)
async def run(body: RunBody, request: Request, client: Run, context: Context) -> Response:
    """Run a workflow on a question; wait for the answer, or stream the events.

    The same request again under the same `task_id` runs nothing: it joins the run, or gets the
    stored answer. The same `task_id` with another request is 409.
    """
    if body.mode == "async":
        require_event_stream(request)
    asked = RunRequest(**body.model_dump(exclude={"mode"}))
    task = await context.service.submit(client, asked)
    request.state.task_id = task.task_id
    if body.mode == "async":
        return EventStream(context.service.events(client, task.task_id))
    return AnswerResponse(await context.service.wait(client, task.task_id))


@router.post(
    "/workflows/feedback",
    summary="Say whether an answer was right",
    responses={200: {"model": Acknowledgement}},
)
async def feedback(
    body: FeedbackBody, request: Request, client: Write, context: Context
) -> Response:
    """Say whether the answer was right. Given again, the newest stands."""
    request.state.task_id = body.task_id
    recorded_at = await context.service.feedback(client, **body.model_dump())
    return JSONResponse({"task_id": body.task_id, "acknowledged": True, "recorded_at": recorded_at})


@router.get("/workflows/definitions", summary="List the workflows")
async def definitions(client: Read, context: Context) -> Response:
    """The workflows that there are: name, nodes in order, one line each."""
    return JSONResponse({"workflows": list(context.service.definitions())})


@router.get("/namespaces", summary="List the namespaces")
async def namespaces(client: Read, context: Context) -> Response:
    """The namespaces that the client may use, their databases and dialects."""
    return JSONResponse({"namespaces": list(context.service.namespaces(client))})


@post_only.get("/workflows/run")
@post_only.get("/workflows/feedback")
async def refuse_get() -> Response:
    """Keep ``/workflows/{task_id}`` from taking these two for tasks."""
    raise HTTPException(405, headers={"Allow": "POST"})
