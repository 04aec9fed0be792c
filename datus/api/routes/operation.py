"""For those who run the service: is it alive, is it ready."""

import logging

from fastapi import APIRouter, Response
from starlette.responses import JSONResponse

from datus.api.context import PROBLEMS, Context
from datus.api.problems import problem

_LOG = logging.getLogger(__name__)
router = APIRouter(tags=["operation"])


@router.get("/health", summary="Is the process alive?")
async def health() -> Response:
    """The process is alive. Touches nothing else."""
    return JSONResponse({"status": "ok"})


@router.get("/ready", summary="Can it answer questions?", responses=PROBLEMS)
async def ready(context: Context) -> Response:
    """The task store and every namespace can be reached; 503 naming the parts that cannot, if not.

    Anyone may ask, so hosts, paths and the drivers' own words go to the log only; ``details.reasons`` has a
    word for each part.
    """
    reasons = await context.service.ready()
    if reasons:
        for part, why in reasons.items():
            _LOG.warning("not ready: %s: %s: %s", part, why.reason, why.message)
        words = {part: why.reason for part, why in reasons.items()}
        told = ", ".join(f"{part} ({word})" for part, word in words.items())
        detail = f"Cannot be used now: {told}. The server's log has the cause."
        return problem(503, "not_ready", detail, details={"parts": list(words), "reasons": words})
    return JSONResponse({"status": "ready"})
