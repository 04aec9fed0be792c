"""A server on loopback that speaks the wire formats of OpenAI, Anthropic and Gemini, by a script.

It parses just enough HTTP/1.1 to be talked to by the real SDKs, so that it can also do what no
web framework lets a handler do: break off, never answer, or answer without end.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

Provider = Literal["openai", "claude", "gemini"]

INPUT_TOKENS, CACHED_TOKENS, OUTPUT_TOKENS = 1_000, 400, 50


@dataclass(frozen=True)
class Answer:
    """A typed answer, as the provider gives it for how it was asked: tool call or JSON text."""

    data: Mapping[str, Any]
    end: Literal["stop", "length", "filter"] = "stop"
    delay_s: float = 0.0


@dataclass(frozen=True)
class Text:
    """Words in place of the typed answer."""

    text: str
    end: Literal["stop", "length", "filter"] = "stop"


@dataclass(frozen=True)
class Status:
    """An HTTP error in the provider's own form."""

    code: int
    message: str = "no"
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = ""
    echo_key: bool = False


@dataclass(frozen=True)
class Raw:
    """A body as it stands."""

    body: str
    content_type: str = "application/json"
    code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Fault = Literal["hang", "endless", "flood", "closed", "cut off"]
Step = Answer | Text | Status | Raw | Fault


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def provider(self) -> Provider:
        if self.path.endswith("/chat/completions"):
            return "openai"
        return "claude" if self.path.startswith("/v1/messages") else "gemini"

    @property
    def streamed(self) -> bool:
        return "stream" in self.path or bool(self.body.get("stream"))

    @property
    def key(self) -> str:
        names = ("authorization", "x-api-key", "x-goog-api-key")
        return next((self.headers[n] for n in names if n in self.headers), "").removeprefix(
            "Bearer "
        )

    @property
    def tool(self) -> str | None:
        """Name of the tool that a typed answer is asked for by; None where it is asked for as text."""
        tools = self.body.get("tools") or []
        match self.provider:
            case "openai":
                return tools[0]["function"]["name"] if tools else None
            case "claude":
                return tools[0]["name"] if tools else None
            case "gemini":
                return tools[0]["functionDeclarations"][0]["name"] if tools else None


class Wire:
    """What the server answers next, and what it was asked. The last step of the script repeats."""

    def __init__(self) -> None:
        self.script: list[Step] = []
        self.seen: list[Seen] = []
        self.port = 0

    def url(self, provider: Provider) -> str:
        return f"http://127.0.0.1:{self.port}" + ("/v1" if provider == "openai" else "")

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while (request := await _read(reader)) is not None:
                self.seen.append(request)
                step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                if not await _answer(request, step, writer):
                    break
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def serve() -> AsyncIterator[Wire]:
    """The server, for as long as the block runs."""
    wire = Wire()
    open_now: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        try:
            await wire.handle(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            open_now.discard(task)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=1_024)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        for task in set(open_now):
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(first.split(" ")[1], headers, json.loads(body or b"{}"))


async def _answer(request: Seen, step: Step, writer: asyncio.StreamWriter) -> bool:
    """Whether the connection stays open."""
    match step:
        case Answer() | Text():
            if isinstance(step, Answer):
                await asyncio.sleep(step.delay_s)
            if request.streamed:
                await _send(writer, 200, "text/event-stream", _events(request, step))
            else:
                await _send(writer, 200, "application/json", json.dumps(_whole(request, step)))
        case Status():
            body = json.dumps(_error(request, step))
            await _send(writer, step.code, "application/json", body, step.headers)
        case Raw():
            await _send(writer, step.code, step.content_type, step.body, step.headers)
        case "hang":
            await asyncio.sleep(3_600)
        case "closed":
            writer.transport.abort()
            return False
        case "cut off":
            step = Answer({"sql": "SELECT"})
            kind = "text/event-stream" if request.streamed else "application/json"
            whole = (
                _events(request, step) if request.streamed else json.dumps(_whole(request, step))
            )
            writer.write(_head(200, kind, len(whole)) + whole[: len(whole) // 2].encode())
            await writer.drain()
            return False
        case "endless" | "flood":
            await _without_end(request, writer, quick=step == "flood")
    return True


async def _without_end(request: Seen, writer: asyncio.StreamWriter, *, quick: bool) -> None:
    """Pieces of an answer that never ends: in time by trickling, or in size by flooding."""
    kind = "text/event-stream" if request.streamed else "application/json"
    writer.write(_head(200, kind, None))
    if request.streamed and request.provider == "claude":
        begin = _begin(request).encode()
        writer.write(f"{len(begin):x}\r\n".encode() + begin + b"\r\n")
    piece = _events(request, Text("more "), ended=False) if request.streamed else " "
    data = (piece * (1 + 200_000 // len(piece)) if quick else piece).encode()
    while True:
        writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0 if quick else 0.02)


def _head(code: int, kind: str, length: int | None, more: Mapping[str, str] | None = None) -> bytes:
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    lines = [f"HTTP/1.1 {code} Any", f"Content-Type: {kind}", size]
    lines += [f"{name}: {value}" for name, value in (more or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _send(
    writer: asyncio.StreamWriter,
    code: int,
    kind: str,
    body: str,
    more: Mapping[str, str] | None = None,
) -> None:
    data = body.encode()
    writer.write(_head(code, kind, len(data), more) + data)
    await writer.drain()


# --- the forms of the three providers


def _whole(request: Seen, step: Answer | Text) -> dict[str, Any]:
    tool = request.tool if isinstance(step, Answer) else None
    text = step.text if isinstance(step, Text) else json.dumps(step.data)
    data = dict(step.data) if isinstance(step, Answer) else {}
    match request.provider:
        case "openai":
            return _openai(request, tool, text, step.end)
        case "claude":
            return _claude(request, tool, data, text, step.end)
        case "gemini":
            return _gemini(tool, data, text, step.end)


def _openai(request: Seen, tool: str | None, text: str, end: str) -> dict[str, Any]:
    call = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": text}}
    message: dict[str, Any] = {"role": "assistant", "content": None if tool else text}
    if tool:
        message["tool_calls"] = [call]
    if end == "filter":
        message = {"role": "assistant", "content": None, "refusal": "I will not."}
    ends = {"stop": "tool_calls" if tool else "stop", "length": "length", "filter": "stop"}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": request.body["model"],
        "choices": [{"index": 0, "finish_reason": ends[end], "message": message}],
        "usage": _OPENAI_USAGE,
    }


_OPENAI_USAGE = {
    "prompt_tokens": INPUT_TOKENS,
    "completion_tokens": OUTPUT_TOKENS,
    "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
    "prompt_tokens_details": {"cached_tokens": CACHED_TOKENS},
}


def _claude(
    request: Seen, tool: str | None, data: dict[str, Any], text: str, end: str
) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": text}]
    if tool:
        content = [{"type": "tool_use", "id": "toolu_1", "name": tool, "input": data}]
    ends = {"stop": "tool_use" if tool else "end_turn", "length": "max_tokens", "filter": "refusal"}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": request.body["model"],
        "content": [] if end == "filter" else content,
        "stop_reason": ends[end],
        "stop_sequence": None,
        "usage": {
            # Anthropic counts cached tokens beside the input, not within it.
            "input_tokens": INPUT_TOKENS - CACHED_TOKENS,
            "cache_read_input_tokens": CACHED_TOKENS,
            "cache_creation_input_tokens": 0,
            "output_tokens": OUTPUT_TOKENS,
        },
    }


def _gemini(tool: str | None, data: dict[str, Any], text: str, end: str) -> dict[str, Any]:
    part = {"functionCall": {"name": tool, "args": data}} if tool else {"text": text}
    ends = {"stop": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY"}
    candidate: dict[str, Any] = {"index": 0, "finishReason": ends[end]}
    if end != "filter":
        candidate["content"] = {"role": "model", "parts": [part]}
    return {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": INPUT_TOKENS,
            "cachedContentTokenCount": CACHED_TOKENS,
            "candidatesTokenCount": OUTPUT_TOKENS,
            "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS,
        },
        "modelVersion": "gemini-wire",
        "responseId": "r1",
    }


def _events(request: Seen, step: Answer | Text, *, ended: bool = True) -> str:
    """The same answer as server-sent events, its text in two pieces."""
    whole = _whole(request, step)
    match request.provider:
        case "openai":
            return _openai_events(whole, ended)
        case "claude":
            return _claude_events(whole, ended)
        case "gemini":
            return f"data: {json.dumps(whole if ended else _unfinished(whole))}\r\n\r\n"


def _unfinished(whole: dict[str, Any]) -> dict[str, Any]:
    candidate = {k: v for k, v in whole["candidates"][0].items() if k != "finishReason"}
    return {**whole, "candidates": [candidate]}


def _openai_events(whole: dict[str, Any], ended: bool) -> str:
    base = {k: whole[k] for k in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    message, finish = whole["choices"][0]["message"], whole["choices"][0]["finish_reason"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if message.get("refusal"):
        deltas.append({"refusal": message["refusal"]})
    elif calls := message.get("tool_calls"):
        function, text = calls[0]["function"], calls[0]["function"]["arguments"]
        half = len(text) // 2
        first = {**calls[0], "index": 0, "function": {**function, "arguments": text[:half]}}
        rest = {"index": 0, "function": {"arguments": text[half:]}}
        deltas += [{"tool_calls": [first]}, {"tool_calls": [rest]}]
    else:
        text = message["content"]
        deltas += [{"content": text[: len(text) // 2]}, {"content": text[len(text) // 2 :]}]
    chunks = [
        {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        for delta in deltas
    ]
    if ended:
        chunks.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        chunks.append({**base, "choices": [], "usage": whole["usage"]})
    lines = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return lines + ("data: [DONE]\n\n" if ended else "")


def _claude_events(whole: dict[str, Any], ended: bool) -> str:
    start = {**whole, "content": [], "stop_reason": None}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": start}]
    for block in whole["content"]:
        tool = block["type"] == "tool_use"
        text = json.dumps(block["input"]) if tool else block["text"]
        empty = {**block, "input": {}} if tool else {**block, "text": ""}
        events.append({"type": "content_block_start", "index": 0, "content_block": empty})
        for piece in (text[: len(text) // 2], text[len(text) // 2 :]):
            delta = (
                {"type": "input_json_delta", "partial_json": piece}
                if tool
                else {"type": "text_delta", "text": piece}
            )
            events.append({"type": "content_block_delta", "index": 0, "delta": delta})
        events.append({"type": "content_block_stop", "index": 0})
    if ended:
        end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
        usage = {"output_tokens": OUTPUT_TOKENS}
        events += [
            {"type": "message_delta", "delta": end, "usage": usage},
            {"type": "message_stop"},
        ]
    else:
        events = events[2:-1]  # only deltas: a message starts once
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)


def _begin(request: Seen) -> str:
    """What stands before the pieces of Anthropic's messages, once."""
    whole = _events(request, Text("more "))
    return whole[: whole.index("event: content_block_delta")]


def _error(request: Seen, step: Status) -> dict[str, Any]:
    message = f"{step.message} {request.key}" if step.echo_key else step.message
    match request.provider:
        case "openai":
            kind = step.kind or None
            return {"error": {"message": message, "type": kind, "param": None, "code": kind}}
        case "claude":
            return {
                "type": "error",
                "error": {"type": step.kind or "api_error", "message": message},
            }
        case "gemini":
            status = step.kind or "INTERNAL"
            return {"error": {"code": step.code, "message": message, "status": status}}
