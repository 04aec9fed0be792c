"""Errors on the wire: RFC 9457 problems everywhere, the OAuth2 form at the token endpoint.

This is the one place where the error tree meets HTTP status codes.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from datus import errors
from datus.llm.base import BudgetError

TOKEN_PATH = "/auth/token"

STATUS_OF: Mapping[type[errors.DatusError], int] = {
    errors.AuthError: 401,
    errors.ForbiddenError: 403,
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.InvalidRequestError: 422,
    errors.RateLimitedError: 429,
    BudgetError: 429,
    errors.UnavailableError: 503,
    errors.DatabaseUnreachableError: 503,
    errors.DatusError: 500,
}

# What Starlette and FastAPI raise on their own, and what the routes raise for the protocol's sake.
CODE_OF_STATUS: Mapping[int, str] = {
    400: "invalid_request",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    503: "unavailable",
}

_LOG = logging.getLogger(__name__)


# FastAPI's words for a body that is no text, or that Python's JSON reader gives up on.
UNREADABLE = "There was an error parsing the body"


class ProblemResponse(JSONResponse):
    """An RFC 9457 problem."""

    media_type = "application/problem+json"


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    details: Mapping[str, Any] | None = None,
    task_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """A problem answer: ``title`` is the code in words, the same every time it occurs."""
    body: dict[str, Any] = {
        "type": f"urn:datus:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
    }
    if details:
        body["details"] = dict(details)
    if task_id is not None:
        body["task_id"] = task_id
    return ProblemResponse(body, status, dict(headers or {}))


def oauth_error(
    status: int, error: str, description: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An error of the token endpoint (RFC 6749, section 5.2)."""
    body = {"error": error, "error_description": description}
    return JSONResponse(body, status, {"Pragma": "no-cache", **(headers or {})})


def status_of(error: errors.DatusError) -> int:
    """The HTTP status of the nearest class of the error's that has one."""
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def internal_problem() -> ProblemResponse:
    """What a caller sees of an error that nobody foresaw; the log has the rest under its id."""
    return problem(
        500,
        "internal",
        "Something went wrong inside the service. The log tells more under this X-Request-ID.",
    )


async def on_datus_error(request: Request, error: Exception) -> Response:
    """Map an error of the tree to its status, with the headers that the status asks for."""
    assert isinstance(error, errors.DatusError)
    status = status_of(error)
    headers: dict[str, str] = {}
    details = dict(error.details)
    if status == 401:
        sent = "authorization" in request.headers
        headers["WWW-Authenticate"] = 'Bearer realm="datus"' + (
            ', error="invalid_token"' if sent else ""
        )
    elif status == 403:
        headers["WWW-Authenticate"] = 'Bearer realm="datus", error="insufficient_scope"'
    if status in (429, 503) or "retry_after" in details:
        headers["Retry-After"] = str(max(1, math.ceil(details.get("retry_after", 1))))
    if error.public != error.message:
        _LOG.error("%s: %s", error.code, error.message)
        details = {}  # they may name what the message names
    return _answer(request, status, error.code, error.public, details, headers)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Map what the framework raises: unknown pages, wrong methods, bodies too large."""
    assert isinstance(error, HTTPException)
    status, detail = error.status_code, str(error.detail)
    if detail == UNREADABLE:
        detail = (
            "The body is not JSON in UTF-8, or it is nested too deeply or has too long a number."
        )
    if detail == HTTPStatus(status).phrase:
        detail = {
            404: f"There is no page {request.url.path}. /docs lists those that exist.",
            405: f"{request.method} is not possible on {request.url.path};"
            f" use {(error.headers or {}).get('Allow', 'another method')}.",
        }.get(status, detail)
    code = CODE_OF_STATUS.get(status, "internal" if status >= 500 else "invalid_request")
    return _answer(request, status, code, detail, {}, error.headers or {})


async def on_invalid(request: Request, error: Exception) -> Response:
    """Map a body or query that does not fit its schema to 422, naming every field that is wrong."""
    assert isinstance(error, RequestValidationError)
    found = [_field_error(item) for item in error.errors()]
    detail = "; ".join(f"{item['field']}: {item['message']}" for item in found[:5])
    return _answer(
        request, 422, "invalid_request", detail, {"field": found[0]["field"], "errors": found}, {}
    )


def _answer(
    request: Request,
    status: int,
    code: str,
    detail: str,
    details: Mapping[str, Any],
    headers: Mapping[str, str],
) -> Response:
    if request.url.path == TOKEN_PATH:
        return oauth_error(status, code, detail, headers)
    task_id = getattr(request.state, "task_id", None) or request.path_params.get("task_id")
    return problem(status, code, detail, details=details, task_id=task_id, headers=headers)


def _field_error(item: Mapping[str, Any]) -> dict[str, str]:
    """Field and message of one pydantic error. The value itself is never repeated."""
    location: Sequence[str | int] = item["loc"]
    match item["type"]:
        case "json_invalid":
            message = f"not valid JSON at character {location[-1]}: {item['ctx']['error']}"
            return {"field": "body", "message": message}
        case "extra_forbidden":
            message = "this field is not known"
        case "missing":
            message = "this field is required"
        case "model_attributes_type" | "dict_type":
            message = "a JSON object is expected"
        case _:
            message = str(item["msg"]).removeprefix("Value error, ")
    return {"field": ".".join(str(part) for part in location[1:]) or "body", "message": message}
