"""A hosted model: one adapter over pydantic-ai for all providers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import BaseModel

from datus.config import ModelConfig
from datus.errors import DatusError
from datus.llm.base import (
    OF_THE_TASK,
    Asking,
    ModelRejectedError,
    ModelTimeoutError,
    Reply,
    T,
)
from datus.types import Call, Prompt, Usage

if TYPE_CHECKING:
    from httpx2 import AsyncClient
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.models import ModelRequestParameters

    from datus.llm.providers.base import Connection, Provider

EXTRA = "datus[models]"
_TOOL = "answer"
# How an SDK stumbles over a response that is not of its provider's form.
_STUMBLES = (AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
_STOPPED = {"code": "cancelled", "message": "The task ended before the model answered."}


@dataclass(frozen=True, slots=True)
class _Open:
    connection: "Connection"
    http: "AsyncClient"
    key: str | None


class HostedModel:
    """One model of one provider: one request an answer, no second try, every request recorded.

    Args:
        config: Of a hosted type.
        module: The provider's module, loaded when the model is first asked.
        clock: Seconds; the clock that the meter's deadline is of.
    """

    def __init__(self, config: ModelConfig, module: str, *, clock: Callable[[], float]) -> None:
        self.name = config.name
        self._config = config
        self._module = module
        self._clock = clock
        self._opened: _Open | None = None
        self._left: list[_Open] = []
        self._forms: dict[type[BaseModel], ModelRequestParameters] = {}
        self._opening = asyncio.Lock()

    async def ask(self, prompt: Prompt, output: type[T], asking: Asking) -> Reply[T]:
        """See ``Model.ask``. No answer takes longer than the request's time, nor than the task has left."""
        asking.meter.check()
        opened = await self._open()
        from datus.llm.reading import read, text_of
        from datus.llm.usage import measure, measure_unanswered

        limit = self._limit(asking)
        begun = self._clock()
        answer, usage = "", Usage(requests=1)
        error: dict[str, Any] | None = dict(_STOPPED)
        try:
            response = await self._request(opened, prompt, output, asking, limit)
            answer, usage = (
                text_of(response),
                measure(response, self._config, listed=opened.connection.listed),
            )
            reply = Reply(read(response, output, self.name), self.name)
            error = None
            return reply
        except DatusError as raised:
            error = {"code": raised.code, "message": raised.public}
            if isinstance(raised, ModelTimeoutError):
                usage = measure_unanswered(prompt, self._config)
            raise
        finally:
            asking.meter.record(
                Call(asking.purpose, self.name, prompt, answer, error, usage, self._clock() - begun)
            )

    async def close(self) -> None:
        """Close its connections; the next question opens new ones."""
        if self._opened is not None:
            self._leave(self._opened)
        while self._left:
            await self._left.pop().http.aclose()

    def _leave(self, opened: _Open) -> None:
        """Open anew at the next question, so that a key that was replaced in its file is read."""
        if self._opened is opened:
            self._left.append(opened)  # others may still be asking over it
            self._opened = None

    def _limit(self, asking: Asking) -> float:
        left = asking.meter.deadline - self._clock()
        if left <= 0:
            raise ModelTimeoutError(
                f"Model {self.name!r}: the task has no time left to ask it.", details=OF_THE_TASK
            )
        return min(self._own_limit(asking), left)

    def _own_limit(self, asking: Asking) -> float:
        return asking.timeout_s or self._config.timeout_s

    async def _request(
        self, opened: _Open, prompt: Prompt, output: type[T], asking: Asking, limit: float
    ) -> "ModelResponse":
        from httpx2 import HTTPError
        from pydantic_ai.exceptions import AgentRunError, UserError

        from datus.llm.failures import translate
        from datus.llm.http import CarryingError

        try:
            async with asyncio.timeout(limit):
                return await self._send(opened, prompt, output, asking, limit)
        except TimeoutError:
            raise ModelTimeoutError(
                f"Model {self.name!r} did not answer completely within {limit:.3g} s; raise "
                f"agent.models.{self.name}.timeout_s if it is slow by nature.",
                details={} if limit >= self._own_limit(asking) else OF_THE_TASK,
            ) from None
        except UserError:  # pydantic-ai says so before it sends anything
            raise ModelRejectedError(
                f"Model {self.name!r} cannot give an answer by {self._config.output!r}; try another "
                f"agent.models.{self.name}.output."
            ) from None
        except (AgentRunError, CarryingError, HTTPError, *_STUMBLES) as raised:
            # The provider's own error would bring its body, which may show a key, into every trace.
            failed = translate(raised, self.name, opened.key or "")
            if failed.details.get("status") in (401, 403):
                self._leave(opened)
            raise failed from None

    async def _send(
        self, opened: _Open, prompt: Prompt, output: type[T], asking: Asking, limit: float
    ) -> "ModelResponse":
        from pydantic_ai.direct import model_request, model_request_stream
        from pydantic_ai.messages import ModelRequest
        from pydantic_ai.settings import ModelSettings

        config, model = self._config, opened.connection.model
        settings = ModelSettings(timeout=limit)
        temperature = config.temperature if asking.temperature is None else asking.temperature
        if temperature is not None:
            settings["temperature"] = temperature
        most = config.max_tokens if asking.max_tokens is None else asking.max_tokens
        if most is not None:
            settings["max_tokens"] = most
        merged = cast(ModelSettings, {**opened.connection.settings, **settings})
        messages = [ModelRequest.user_text_prompt(prompt.user, instructions=prompt.system)]
        form = self._forms.get(output)
        if form is None:  # a schema takes a millisecond to make
            form = self._forms[output] = _form(output, config)
        if not config.stream:
            return await model_request(
                model,
                messages,
                model_settings=merged,
                model_request_parameters=form,
                instrument=False,
            )
        async with model_request_stream(
            model, messages, model_settings=merged, model_request_parameters=form, instrument=False
        ) as stream:
            async for _ in stream:
                pass
        return stream.get()

    async def _open(self) -> _Open:
        async with self._opening:
            if self._opened is None:
                # Loading an SDK takes a second of processor, which must not stop the other tasks.
                provider = await asyncio.to_thread(_load, self._module, self.name)
                from datus.llm.http import make_client

                key = self._key(provider)
                http = make_client()
                connection = _connect(provider, self._config, key, http)
                self._opened = _Open(connection, http, key)
            return self._opened

    def _key(self, provider: "Provider") -> str | None:
        """The key; None only where an address of one's own is set, for such servers often ask for none."""
        config, setting = self._config, f"agent.models.{self.name}"
        text = config.api_key.reveal() if config.api_key is not None else ""
        if config.api_key_file is not None:
            try:
                text = config.api_key_file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ModelRejectedError(
                    f"Model {self.name!r}: the file of {setting}.api_key_file cannot be read "
                    f"({getattr(error, 'strerror', None) or 'no text'})."
                ) from None
        key = text.strip()
        if not key and config.base_url is None:
            raise ModelRejectedError(
                f"Model {self.name!r} has no key; set {setting}.api_key, as ${{NAME}} from the "
                f"environment, or {setting}.api_key_file."
            )
        if not key.isascii() or not key.isprintable():
            raise ModelRejectedError(
                f"Model {self.name!r}: {setting}.api_key is no key; it holds other characters than "
                "printable ASCII."
            )
        return key or None


def _load(module: str, name: str) -> "Provider":
    try:
        return cast("Provider", import_module(module))
    except ImportError as error:
        raise ModelRejectedError(
            f"Model {name!r} needs the package {error.name or 'pydantic_ai'}, which is not installed. "
            f"Run `pip install '{EXTRA}'`, or `make install-models`."
        ) from error


def _connect(
    provider: "Provider", config: ModelConfig, key: str | None, http: "AsyncClient"
) -> "Connection":
    from pydantic_ai.exceptions import UserError

    try:
        return provider.connect(config, key, http)
    except UserError as error:  # such as a name that is none of this provider's
        raise ModelRejectedError(
            f"Model {config.name!r} cannot be asked as it is configured: {error.message}"
        ) from None


def _form(output: type[BaseModel], config: ModelConfig) -> "ModelRequestParameters":
    """How the answer's type is asked for."""
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition
    from pydantic_ai.tools import ToolDefinition

    schema = output.model_json_schema()
    described = schema.pop("description", None)
    if config.output == "tool":
        tool = ToolDefinition(
            name=_TOOL, description=described, parameters_json_schema=schema, kind="output"
        )
        return ModelRequestParameters(
            output_mode="tool", output_tools=[tool], allow_text_output=False
        )
    asked = OutputObjectDefinition(json_schema=schema, name=_TOOL, description=described)
    mode: Literal["native", "prompted"] = "native" if config.output == "json" else "prompted"
    return ModelRequestParameters(output_mode=mode, output_object=asked)
