"""The generator over a hosted model: a prompt of what was gathered, typed answers, candidates."""

import asyncio
from dataclasses import replace

from datus.errors import RefusalError
from datus.generation.base import MetricChoice
from datus.generation.prompted.answers import MetricAnswer, SqlAnswer
from datus.generation.prompted.asking import Options, ask, make_prompt
from datus.generation.prompted.metric_choices import choice_of, problem_of
from datus.generation.prompted.prompts import Prompts
from datus.generation.prompted.reading import candidates_of, refusal_of
from datus.llm.base import Model
from datus.types import Attempt, Candidate, GenerationContext

_METRIC_TRIES = 2


class PromptedGenerator:
    """Asks a hosted model for SQL or for a metric query. ``generator`` of what it gives is ``hosted``.

    Args:
        model: Who is asked.
        prompts: The prompt files.
        options: How it is asked.
    """

    name = "hosted"

    def __init__(self, model: Model, prompts: Prompts, options: Options | None = None) -> None:
        self._model = model
        self._prompts = prompts
        self._options = options or Options()

    @property
    def version(self) -> str:
        """By which model and which prompts it answers; equal where answers may be used again."""
        return f"{self._model.name} {self._prompts.version} {self._options}"

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        """See ``Generator.generate``.

        Raises:
            RefusalError: The model refuses.
            ModelError: It gave no answer that can be used.
            BudgetError: A budget is spent.
        """
        options = self._options
        made = await asyncio.to_thread(
            make_prompt, "generate_sql", context, self._prompts, options.context_tokens
        )
        replies = await ask(self._model, made.prompt, SqlAnswer, context, options)
        return await asyncio.to_thread(
            candidates_of, replies, context, generator=self.name, left_out=made.left_out
        )

    async def choose_metrics(self, context: GenerationContext) -> tuple[MetricChoice, ...]:
        """See ``Generator.choose_metrics``; names that do not exist are said back to the model once.

        Raises:
            RefusalError: The model refuses, or its metric query names what does not exist.
            ModelError: It gave no answer that can be used.
            BudgetError: A budget is spent.
        """
        once = replace(self._options, samples=1)
        problem: str | None = None
        for _ in range(_METRIC_TRIES):
            made = await asyncio.to_thread(
                make_prompt, "choose_metrics", context, self._prompts, once.context_tokens
            )
            (reply,) = await ask(self._model, made.prompt, MetricAnswer, context, once)
            said = reply.output
            if said.refusal is not None:
                raise refusal_of(reply, said.refusal, context, said)
            problem = problem_of(said, context)
            if problem is None:
                choice = choice_of(reply, context, generator=self.name, left_out=made.left_out)
                return (choice,)
            tried = Attempt(said.model_dump_json(exclude_defaults=True), problem)
            context = replace(context, attempts=(*context.attempts, tried))
        raise RefusalError(
            f"The model chose no metric query that exists. {problem}",
            code="unanswerable",
            details={"words": [], "metrics": [each.name for each in context.metrics.metrics[:5]]},
        )
