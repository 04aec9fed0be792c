"""From a provider's response to an answer of the type that was asked for."""

import json
import re

from pydantic import ValidationError
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart

from datus.llm.base import ModelOutputError, ModelRefusedError, T

_FENCED = re.compile(r"\s*```[A-Za-z]*\s*\n(.*)\n\s*```\s*", re.DOTALL)


def text_of(response: ModelResponse) -> str:
    """What the model said, as text: its tool call's arguments, else its words."""
    for part in response.parts:
        if isinstance(part, ToolCallPart):
            return (
                part.args
                if isinstance(part.args, str)
                else json.dumps(part.args or {}, ensure_ascii=False)
            )
    return "".join(part.content for part in response.parts if isinstance(part, TextPart))


def read(response: ModelResponse, output: type[T], name: str) -> T:
    """The answer of a response.

    A model that writes its JSON as text where a tool call was asked for is understood, also when
    the whole text is one block of Markdown; nothing is looked for inside other text.

    Raises:
        ModelRefusedError: A content filter or a refusal.
        ModelOutputError: Cut off, empty, no JSON, or JSON of another form; ``details["reason"]``
            is ``truncated``, ``empty``, ``json`` or ``form``.
    """
    what = f"Model {name!r}"
    if response.finish_reason == "content_filter":
        raise ModelRefusedError(f"{what} declined to answer, or a content filter stopped it.")
    if response.finish_reason == "length":
        raise ModelOutputError(
            f"{what}: the answer was cut off at its longest length; raise agent.models.{name}.max_tokens.",
            details={"reason": "truncated"},
        )
    text = text_of(response)
    if not text.strip():
        raise ModelOutputError(f"{what} gave an empty answer.", details={"reason": "empty"})
    fenced = _FENCED.fullmatch(text)
    try:
        return output.model_validate_json(fenced.group(1) if fenced else text)
    except ValidationError as error:
        raise _unreadable(error, what, name) from None


def _unreadable(error: ValidationError, what: str, name: str) -> ModelOutputError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return ModelOutputError(
            f"{what} did not answer in JSON; if it stays so, try agent.models.{name}.output: json or prompted.",
            details={"reason": "json", "problem": "it is not valid JSON"},
        )
    place = ".".join(str(step) for step in first["loc"]) or "the answer"
    problem = f"{place}: {first['msg']}"
    return ModelOutputError(
        f"{what} answered in another form than was asked for ({problem}).",
        details={"reason": "form", "problem": problem},
    )
