"""What the workflow gathers for each question of a file, taken from the service as it runs."""

import asyncio
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from label import Asked

from datus.config import load_settings
from datus.errors import RefusalError
from datus.evaluation.datasets import load
from datus.evaluation.local import Plan, open_local, references_dialect
from datus.evaluation.references import References
from datus.generation.base import MetricChoice
from datus.types import Candidate, GenerationContext


class Capture:
    """A generator that keeps what it is given and refuses."""

    name = "offline"
    version = ""

    def __init__(self) -> None:
        self.last: GenerationContext | None = None

    async def generate(self, context: GenerationContext) -> tuple[Candidate, ...]:
        """See ``Generator.generate``."""
        self.last = context
        raise RefusalError("Only what was gathered is wanted.", code="unanswerable")

    async def choose_metrics(self, context: GenerationContext) -> tuple[MetricChoice, ...]:
        """See ``Generator.choose_metrics``."""
        raise RefusalError("Only what was gathered is wanted.", code="unanswerable")


def gather(config: Path, questions: Path, namespace: str) -> list[Asked]:
    """Every question with its context and the rows of its references; those without are left out."""
    return asyncio.run(_gather(config, questions, namespace))


async def _gather(config: Path, questions: Path, namespace: str) -> list[Asked]:
    settings = load_settings(config)
    items = load(questions)
    plan = Plan("nl2sql", namespace, None)
    capture = Capture()
    asked = []
    async with open_local(
        settings,
        plan,
        clock=lambda: datetime.now(UTC),
        random=os.urandom,
        timer=time.perf_counter,
        generator=capture,
    ) as local:
        references = References(local.reference, references_dialect(settings, plan, items))
        for number, item in enumerate(items, 1):
            capture.last = None
            await local.answer(item)
            expected, _ = await references.of(item)
            if capture.last is not None and expected:
                asked.append(Asked(item, capture.last, tuple(expected)))
            if number % 500 == 0 or number == len(items):
                print(f"gathered {number:,} of {len(items):,}", file=sys.stderr)
    return asked
