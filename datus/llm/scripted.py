"""A model that answers by a script: for tests, and for measuring everything but the model."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from datus.errors import DatusError
from datus.llm.base import Asking, ModelOutputError, Reply, T
from datus.types import Call, Prompt, Usage

Script = Callable[[Prompt], "BaseModel | Mapping[str, Any] | str"]


class ScriptedModel:
    """Answers with what its script returns for a prompt, and raises what it raises.

    Args:
        script: An answer, as the model's type, as its JSON object, or as text to be read as JSON.
        delay_s: How long each answer takes.
    """

    def __init__(self, script: Script, *, name: str = "scripted", delay_s: float = 0.0) -> None:
        self.name = name
        self._script = script
        self._delay_s = delay_s

    async def ask(self, prompt: Prompt, output: type[T], asking: Asking) -> Reply[T]:
        """See ``Model.ask``; a request counts one input token for four characters, as an estimate."""
        asking.meter.check()
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        answer = ""
        error: DatusError | None = None
        try:
            made = self._script(prompt)
            answer = made if isinstance(made, str) else _text(made)
            return Reply(output.model_validate_json(answer), self.name)
        except ValidationError as wrong:
            error = ModelOutputError(
                f"The answer is not of the form asked for: {wrong.errors()[0]['msg']}."
            )
            raise error from wrong
        except DatusError as raised:
            error = raised
            raise
        finally:
            said = {"code": error.code, "message": error.public} if error is not None else None
            size = len(prompt.system) + len(prompt.user)
            usage = Usage(requests=1, input_tokens=size // 4, output_tokens=len(answer) // 4)
            asking.meter.record(
                Call(asking.purpose, self.name, prompt, answer, said, usage, self._delay_s)
            )


def _text(made: BaseModel | Mapping[str, Any]) -> str:
    return made.model_dump_json() if isinstance(made, BaseModel) else json.dumps(dict(made))
