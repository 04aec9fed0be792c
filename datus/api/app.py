"""The application: routes, border and lifespan put together; and the factory that uvicorn calls."""

import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from datus import __version__
from datus.api import problems
from datus.api.context import Runtime
from datus.api.middleware import Border
from datus.api.process import production_runtime
from datus.api.routes import docs, metrics, operation, scrape, tasks, token, workflows
from datus.errors import DatusError

DESCRIPTION = "Questions in English or Chinese to checked SQL over your own databases."


def create_app(
    open_runtime: Callable[[], AbstractAsyncContextManager[Runtime]],
    *,
    new_id: Callable[[], str],
    clock: Callable[[], float],
) -> FastAPI:
    """The application.

    Args:
        open_runtime: Entered when the application starts, left when it ends.
        new_id: Makes request ids.
        clock: Monotonic seconds.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_runtime() as runtime:
            app.state.runtime = runtime
            app.state.telemetry = runtime.telemetry
            yield

    app = FastAPI(
        title="datus",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.add_exception_handler(DatusError, problems.on_datus_error)
    app.add_exception_handler(HTTPException, problems.on_http_error)
    app.add_exception_handler(RequestValidationError, problems.on_invalid)
    # Order matters: who scrapes is served before who lists metrics, and the fixed pages under /workflows come before /workflows/{task_id}.
    for router in (
        token.router,
        workflows.router,
        workflows.post_only,
        tasks.router,
        scrape.router,
        metrics.router,
        operation.router,
        docs.router,
    ):
        app.include_router(router)
    app.add_middleware(Border, new_id=new_id, clock=clock, telemetry=lambda: app.state.telemetry)
    return app


def from_environment() -> FastAPI:
    """The application of a server process; its parent says in the environment what to serve."""
    return create_app(
        lambda: production_runtime(os.environ),
        new_id=lambda: secrets.token_hex(8),
        clock=time.monotonic,
    )
