"""A hosted generator first, the offline one where it fails, and beside it where that is wanted."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar, cast

from datus.errors import DatusError, RefusalCode, RefusalError
from datus.generation.base import Generator, MetricChoice, UnsureError
from datus.llm.base import BudgetError, ModelError
from datus.sql.guard import check
from datus.types import Candidate, DatabaseSchema, GenerationContext

T = TypeVar("T")
_MOST_SURE = 0.99


class FallbackGenerator:
    """Asks the last generator where the first one's model fails; a refusal is an answer and stands.

    Args:
        first: Over hosted models.
        last: Needs none.
        on_failure: Whether the last one answers where the first one's model fails.
        over_budget: Whether it also answers where a budget for models is spent.
        beside: Whether the last one answers too where the first did: its candidates stand behind, and
            where both wrote the same query, both together are surer than either.
        version: Of the first one's model and prompts; equal where answers may be used again.
    """

    def __init__(
        self,
        first: Generator,
        last: Generator,
        *,
        on_failure: bool = True,
        over_budget: bool = False,
        beside: bool = False,
        version: str = "",
    ) -> None:
        self.name = first.name
        self.version = version
        self._first = first
        self._last = last
        failure: tuple[type[DatusError], ...] = (ModelError,) if on_failure else ()
        more: tuple[type[DatusError], ...] = (BudgetError,) if over_budget else ()
        self._caught = (*failure, *more)
        self._beside = beside

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        """See ``Generator.generate``; what the last one gives says in ``degraded`` why it was asked."""
        try:
            found = await self._first.generate(context)
        except self._caught as error:
            reason = error.public
            instead = await self._instead(self._last.generate, context, reason)
            return _degraded(instead, reason)
        if not self._beside:
            return found
        try:
            others = await self._last.generate(context)
        except RefusalError as refusal:
            others = refusal.candidates if isinstance(refusal, UnsureError) else ()
        return await asyncio.to_thread(_together, found, others, context.schema)

    async def choose_metrics(self, context: GenerationContext) -> tuple[MetricChoice, ...]:
        """See ``Generator.choose_metrics``; likewise."""
        try:
            return await self._first.choose_metrics(context)
        except self._caught as error:
            reason = error.public
            choices = await self._instead(self._last.choose_metrics, context, reason)
            return tuple(replace(each, degraded=(reason, *each.degraded)) for each in choices)

    async def _instead(
        self,
        ask: Callable[[GenerationContext], Awaitable[T]],
        context: GenerationContext,
        reason: str,
    ) -> T:
        """The last generator's answer; its refusal says that the model was to be asked first."""
        try:
            return await ask(context)
        except RefusalError as refusal:
            raise _refused(refusal, reason) from refusal


def _degraded(candidates: Sequence[Candidate], reason: str) -> tuple[Candidate, ...]:
    return tuple(replace(each, degraded=(reason, *each.degraded)) for each in candidates)


def _refused(refusal: RefusalError, reason: str) -> RefusalError:
    told = RefusalError(
        f"{refusal.message} (The hosted model gave no answer, so the offline generator was asked. {reason})",
        code=cast(RefusalCode, refusal.code),
        details={**refusal.details, "degraded": [reason]},
    )
    if isinstance(refusal, UnsureError):
        return UnsureError(told, _degraded(refusal.candidates, reason), refusal.needed)
    return told


def _together(
    found: Sequence[Candidate], others: Sequence[Candidate], schema: DatabaseSchema
) -> tuple[Candidate, ...]:
    """The first one's candidates, surer where the other wrote the same, then what only the other wrote."""
    by_text = {_text(each.sql, schema): each for each in reversed(others)}
    own = []
    for each in found:
        same = by_text.pop(_text(each.sql, schema), None)
        if same is not None and each.confidence is not None and same.confidence is not None:
            both = 1 - (1 - each.confidence) * (1 - same.confidence)
            each = replace(each, confidence=round(min(_MOST_SURE, both), 3))
        own.append(each)
    least = min((each.score for each in own), default=0.0)
    kept = [each for each in others if by_text.get(_text(each.sql, schema)) is each]
    behind = (
        replace(each, score=least - 1 + each.score / (1 + abs(each.score)) / 2) for each in kept
    )
    return (*own, *behind)


def _text(sql: str, schema: DatabaseSchema) -> str:
    """A query so that two that differ only in case and blanks are equal."""
    try:
        return " ".join(check(sql, schema).sql.casefold().split())
    except RefusalError:
        return " ".join(sql.casefold().split())
