"""A model as the second judge of an answer: asked only where the rules found nothing grave."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from datus.errors import DatusError
from datus.files import read_text
from datus.llm.base import Asking, Model
from datus.text import is_chinese
from datus.types import Meter, Prompt
from datus.workflow.evidence import GRAVE
from datus.workflow.state import Executed, Finding, RunState

_FOLDER = Path(__file__).parent / "prompts" / "reflect"
_VERSION = "1"
_USER_LINE = "=== user ===\n"
_FIELD = re.compile(r"\{\{(\w+)\}\}")
_ROWS = 20
_WIDTH = 2_000
_REASON = 400


class Verdict(BaseModel):
    """What the model says of an answer."""

    verdict: Literal["good", "suspicious", "wrong"]
    reason: str = ""
    columns: list[str] = Field(default_factory=list)


async def second_opinion(
    executed: Executed, state: RunState, model: Model, meter: Meter
) -> Finding | None:
    """What a model holds against an answer; None where it finds it good.

    Raises:
        ModelError: It gave no verdict that can be used.
        BudgetError: A budget for models is spent.
    """
    prompt = prompt_for(executed, state)
    reply = await model.ask(prompt, Verdict, Asking("reflect", meter, temperature=0.0))
    said = reply.output
    if said.verdict == "good" or not said.reason.strip():
        return None
    read = {column.lower(): column for column in executed.checked.columns}
    columns = tuple(read[each.lower()] for each in said.columns if each.lower() in read)
    reason = " ".join(said.reason.split())[:_REASON]
    return Finding(GRAVE if said.verdict == "wrong" else 2, reason, columns)


def prompt_for(executed: Executed, state: RunState) -> Prompt:
    """The prompt in the language of the question."""
    question = state.question
    language = "zh" if any(map(is_chinese, question.text)) else "en"
    system, found, user = read_text(_FOLDER / language / f"{_VERSION}.md").partition(_USER_LINE)
    if not found:
        raise DatusError(f"The prompt reflect/{language} has no line {_USER_LINE.strip()!r}.")
    parts = {
        "question": question.text,
        "knowledge": question.ext_knowledge or "",
        "times": "\n".join(f"{each.words}: {each.start} <= t < {each.end}" for each in state.times),
        "sql": executed.checked.sql,
        "rows": _shown(executed),
    }
    return Prompt(system, _filled(user, parts), f"reflect/{language}/{_VERSION}")


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """The template with its fields as marked data; what stands in a part is never read as a field."""
    return _FIELD.sub(lambda field: _marked(field[1], parts[field[1]]), template)


def _marked(name: str, text: str) -> str:
    lines = "".join(f"| {line}\n" for line in text.splitlines())
    return f'<data name="{name}">\n{lines}</data>'


def _shown(executed: Executed) -> str:
    result = executed.result
    names = ", ".join(f"{column.name} ({column.type})" for column in result.columns)
    rows = [
        json.dumps(row, ensure_ascii=False, default=str)[:_WIDTH] for row in result.rows[:_ROWS]
    ]
    more = (
        f"... {len(result.rows)} rows" if len(result.rows) > _ROWS else f"{len(result.rows)} rows"
    )
    return "\n".join((names, *rows, more))
