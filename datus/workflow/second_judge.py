"""A model as the second judge of an answer: asked only where the rules found nothing grave."""

import json
from typing import Literal

from pydantic import BaseModel, Field

from datus.generation.prompted.marks import marked
from datus.generation.prompted.prompts import Prompts
from datus.llm.base import Asking, Model
from datus.text import is_chinese
from datus.types import Meter, Prompt
from datus.workflow.evidence import GRAVE
from datus.workflow.node import known
from datus.workflow.state import Executed, Finding, RunState

_ROWS = 20
_WIDTH = 2_000
_REASON = 400


class Verdict(BaseModel):
    """What the model says of an answer."""

    verdict: Literal["good", "suspicious", "wrong"]
    reason: str = ""
    columns: list[str] = Field(default_factory=list)


async def second_opinion(
    executed: Executed, state: RunState, model: Model, meter: Meter, prompts: Prompts
) -> Finding | None:
    """What a model holds against an answer; None where it finds it good.

    Raises:
        ModelError: It gave no verdict that can be used.
        BudgetError: A budget for models is spent.
    """
    prompt = prompt_for(executed, state, prompts)
    reply = await model.ask(prompt, Verdict, Asking("reflect", meter, temperature=0.0))
    said = reply.output
    if said.verdict == "good" or not said.reason.strip():
        return None
    read = {column.lower(): column for column in executed.checked.columns}
    columns = tuple(read[each.lower()] for each in said.columns if each.lower() in read)
    reason = " ".join(said.reason.split())[:_REASON]
    return Finding(GRAVE if said.verdict == "wrong" else 2, reason, columns)


def prompt_for(executed: Executed, state: RunState, prompts: Prompts) -> Prompt:
    """The prompt in the language of the question."""
    question = state.question
    times = "\n".join(f"{each.words}: {each.start} <= t < {each.end}" for each in state.times)
    parts = {
        "question": question.text,
        "knowledge": question.ext_knowledge or "",
        "times": times,
        "sql": executed.checked.sql,
        "rows": _shown(executed),
    }
    return prompts.render(
        "reflect",
        "zh" if is_chinese(question.text) else "en",
        known(state.linking, "schema").schema.dialect,
        {name: marked(name, text) for name, text in parts.items()},
    )


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
