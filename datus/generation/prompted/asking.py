"""From what the nodes gathered to a prompt that fits the model, and to typed answers."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar, get_args

from pydantic import BaseModel

from datus.errors import DatusError
from datus.generation.prompted.gathering import metric_parts, sql_parts
from datus.generation.prompted.marks import marked
from datus.generation.prompted.parts import Part, Section, cost, fit, summary, text_of
from datus.generation.prompted.prompts import Language, PromptName, Prompts
from datus.generation.prompted.tokens import estimate
from datus.llm.base import Asking, Model, ModelError, ModelRejectedError, Reply
from datus.text import is_chinese
from datus.types import GenerationContext, Prompt

T = TypeVar("T", bound=BaseModel)

_SECTIONS: tuple[Section, ...] = get_args(Section)
_TRIES = 40
_STEP = 20
"""Each try leaves out what the one before was too long by, and so many tokens at least."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a model is asked.

    Attributes:
        context_tokens: Most tokens of a prompt, as ``tokens.estimate`` counts them.
        samples: How many answers are asked for at once.
        temperature, max_tokens, timeout_s: As in ``Asking``; None leaves them to the model's settings.
    """

    context_tokens: int = 16_000
    samples: int = 1
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A prompt, and what it had no room for, one line a kind."""

    prompt: Prompt
    left_out: tuple[str, ...]


def make_prompt(
    name: PromptName, context: GenerationContext, prompts: Prompts, context_tokens: int
) -> Made:
    """The prompt for a question, within so many tokens.

    Raises:
        ModelRejectedError: What may not be left out (the question, what was added to it, what was
            tried) does not fit.
    """
    parts = sql_parts(context) if name == "generate_sql" else metric_parts(context)
    language = language_of(context)
    dialect = context.schema.dialect

    def render(kept: Sequence[Part], left_out: Sequence[str]) -> Prompt:
        values: dict[str, str] = {each: marked(each, text_of(kept, each)) for each in _SECTIONS}
        values["left_out"] = marked("left_out", "\n".join(left_out))
        values["today"] = context.question.today.isoformat()
        return prompts.render(name, language, dialect, values)

    made = Made(render(parts, ()), ())
    room = sum(map(cost, parts))
    for _ in range(_TRIES):
        over = _size(made.prompt) - context_tokens
        if over <= 0:
            return made
        # Headings and the note of what is left out take room too; the next try knows how much.
        room -= max(over, _STEP)
        kept, gone = fit(parts, room)
        left_out = summary(gone)
        made = Made(render(kept, left_out), left_out)
    raise ModelRejectedError(
        f"The question with what belongs to it is longer than {context_tokens:,} tokens, the most of "
        "this model's prompts; ask more briefly, or raise the model's context_tokens.",
        details={"context_tokens": context_tokens},
    )


def language_of(context: GenerationContext) -> Language:
    """The language that a question is asked, and so answered, in."""
    return "zh" if is_chinese(context.question.text) else "en"


def _size(prompt: Prompt) -> int:
    return estimate(prompt.system) + estimate(prompt.user)


async def ask(
    model: Model, prompt: Prompt, output: type[T], context: GenerationContext, options: Options
) -> tuple[Reply[T], ...]:
    """As many answers as the options say, at once; those that failed are left out while there are others.

    Raises:
        ModelError, BudgetError: No answer came; the first one's error.
    """
    if context.meter is None:
        raise ModelError(
            "No hosted model may be asked here: nothing counts what it costs.",
            code="model_not_allowed",
        )
    asking = Asking(
        prompt.version.split("/")[0],
        context.meter,
        temperature=options.temperature,
        max_tokens=options.max_tokens,
        timeout_s=options.timeout_s,
    )
    came = await asyncio.gather(
        *(model.ask(prompt, output, asking) for _ in range(options.samples)), return_exceptions=True
    )
    failures = [each for each in came if isinstance(each, BaseException)]
    for failure in failures:
        if not isinstance(failure, DatusError):
            raise failure
    replies = tuple(each for each in came if isinstance(each, Reply))
    if not replies:
        raise failures[0]
    return replies
