"""What a route works with: the service, the authenticator, and the client who asks."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.routing import APIRoute
from fastapi.security import OAuth2

from datus.api.ratelimit import headers_of, require_allowed
from datus.api.schemas import Problem
from datus.auth import SCOPES, Authenticator, Client, Scope
from datus.errors import AuthError
from datus.service import Service
from datus.telemetry import SILENT, Telemetry

JSON_TYPE = "application/json"

# For /docs only: it lets Swagger UI sign in. What counts is `authenticate`.
SIGN_IN = OAuth2(
    flows=OAuthFlows(
        clientCredentials=OAuthFlowClientCredentials(
            tokenUrl="auth/token", scopes={str(scope): meaning for scope, meaning in SCOPES.items()}
        )
    ),
    scheme_name="client_credentials",
    auto_error=False,
)
PROBLEMS: dict[int | str, dict[str, Any]] = {
    kind: {
        "description": "An RFC 9457 problem.",
        "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
    }
    for kind in ("4XX", "5XX")
}


@dataclass(frozen=True, slots=True)
class Runtime:
    """What one process serves with; made when it starts, closed when it ends."""

    service: Service
    authenticator: Authenticator
    telemetry: Telemetry = SILENT


def runtime(request: Request) -> Runtime:
    """The runtime of the application that serves this request."""
    found: Runtime = request.app.state.runtime
    return found


async def authenticate(request: Request) -> Client:
    """The client whose bearer token the request carries; the request counts against its limit.

    Raises:
        AuthError: There is no token, or it is wrong or over.
        RateLimitedError: The client asks more often than it may.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AuthError(
            "A bearer token is needed: get one from POST /auth/token and send it as"
            " 'Authorization: Bearer <token>'.",
            code="missing_token",
        )
    serving = runtime(request)
    client = serving.authenticator.authenticate(token.strip())
    standing = await serving.service.rates.clients.count(client)
    if standing is not None:
        request.state.rate_limit = headers_of(standing)
        require_allowed(standing)
    return client


class ClientRoute(APIRoute):
    """A route for known clients: who asks is settled before a byte of the body is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            request.state.client = await authenticate(request)
            if self.body_field is not None:
                _require_json(request)
            return await handler(request)

        return handle


def _require_json(request: Request) -> None:
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != JSON_TYPE:
        raise HTTPException(415, f"The body must have the Content-Type {JSON_TYPE}, not {given!r}.")


def client_router(tag: str) -> APIRouter:
    """A router whose routes are for known clients."""
    return APIRouter(
        route_class=ClientRoute, dependencies=[Depends(SIGN_IN)], responses=PROBLEMS, tags=[tag]
    )


class WithScope:
    """A dependency that gives the client and holds it to one scope.

    Args:
        scope: Name of the scope, e.g. ``workflows:run``.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __call__(self, request: Request) -> Client:
        """The client. Raises ForbiddenError when it lacks the scope."""
        client: Client = request.state.client
        client.require(self._scope)
        return client


Run = Annotated[Client, Depends(WithScope("workflows:run"))]
Read = Annotated[Client, Depends(WithScope("workflows:read"))]
Write = Annotated[Client, Depends(WithScope("feedback:write"))]
Trace = Annotated[Client, Depends(WithScope("trace:read"))]
Context = Annotated[Runtime, Depends(runtime)]
