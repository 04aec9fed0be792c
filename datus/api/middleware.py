"""The border around every request: its id, its size, its headers, its log line, its last resort."""

import asyncio
import logging
import re
from collections.abc import Callable, MutableMapping
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from datus.api.problems import TOKEN_PATH, internal_problem, oauth_error, problem
from datus.api.sse import MEDIA_TYPE as STREAM_TYPE
from datus.telemetry import REQUEST_ID, TRACE_PARENT, Telemetry

MAX_BODY_BYTES = 256 * 1024
REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
TOO_LARGE = f"The body is larger than the {MAX_BODY_BYTES} bytes that a request may have."

logger = logging.getLogger("datus.access")


class Border:
    """ASGI middleware, the outermost.

    Args:
        app: What is inside.
        new_id: Makes an id for a request that brings none, or one of an unsafe form.
        clock: Monotonic seconds, for the log line.
        telemetry: Gives what is told of requests and streams, once the application has started.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        new_id: Callable[[], str],
        clock: Callable[[], float],
        telemetry: Callable[[], Telemetry],
    ) -> None:
        self._app = app
        self._new_id = new_id
        self._clock = clock
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID_FORM.fullmatch(given) else self._new_id()
        token = REQUEST_ID.set(request_id)
        TRACE_PARENT.set(headers.get("traceparent"))
        exchange = _Exchange(scope, receive, send, request_id, self._clock)
        began = self._clock()
        try:
            with ExitStack() as stack:
                exchange.on_stream = lambda: stack.enter_context(self._telemetry().stream())
                await self._guarded(exchange)
        finally:
            self._measure(exchange, began)
            logger.info(
                "%s %s %s %.1f ms",
                scope["method"],
                quote(scope["path"]),
                exchange.status or "aborted",
                (self._clock() - began) * 1000,
            )
            REQUEST_ID.reset(token)

    def _measure(self, exchange: "_Exchange", began: float) -> None:
        measures = self._telemetry().measures
        if measures is not None:
            route = exchange.scope.get("route")
            template = route.path if isinstance(route, Route) else "none"
            ended = exchange.answered_at or self._clock()
            measures.request(template, exchange.scope["method"], exchange.status, ended - began)

    async def _guarded(self, exchange: "_Exchange") -> None:
        if exchange.announced_bytes > MAX_BODY_BYTES:
            await exchange.refuse(413, "body_too_large", TOO_LARGE)
            return
        try:
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            # The server stops and its grace time is over. The cancellation has done its work here, at
            # the outermost; passed on, uvicorn would log it as a crash.
            await exchange.refuse(503, "shutting_down", "The service is shutting down. Try again.")
        except Exception:
            logger.exception("unforeseen error")
            if exchange.status:
                raise  # half an answer is out: the server must cut the connection
            await internal_problem()(exchange.scope, exchange.receive, exchange.send)


class _Exchange:
    """One request and its answer: counts the body, adds the headers, remembers the status."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request_id: str,
        clock: Callable[[], float],
    ) -> None:
        self.scope: MutableMapping[str, Any] = scope
        self.status = 0
        self.answered_at = 0.0
        self.on_stream: Callable[[], None] = lambda: None
        self.announced_bytes = _announced_bytes(scope)
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._clock = clock
        self._received_bytes = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._received_bytes += len(message.get("body", b""))
        if self._received_bytes > MAX_BODY_BYTES:
            raise HTTPException(413, TOO_LARGE)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.answered_at = self._clock()
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith(STREAM_TYPE):
                self.on_stream()
            headers["X-Request-ID"] = self._request_id
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            for name, value in self.scope.get("state", {}).get("rate_limit", {}).items():
                headers[name] = value
        await self._send(message)

    async def refuse(self, status: int, code: str, detail: str) -> None:
        """Answer with a problem, unless an answer is under way."""
        if self.status:
            return
        task_id = self.scope.get("state", {}).get("task_id")
        headers = {"Retry-After": "1"} if status == 503 else {}
        answer = (
            oauth_error(status, code, detail, headers)
            if self.scope["path"] == TOKEN_PATH
            else problem(status, code, detail, task_id=task_id, headers=headers)
        )
        await answer(self.scope, self.receive, self.send)


def _announced_bytes(scope: Scope) -> int:
    announced = Headers(scope=scope).get("content-length", "0")
    # Eighteen digits say enough, and Python refuses to read thousands of them.
    return int(announced[:18]) if announced.isascii() and announced.isdigit() else 0
